"""A context whose outgoing mail goes to a mailbox of the test's own."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from safar.channels.actions import ensure_channels
from safar.kernel.context import Context
from tests.stage.mailbox import Mailbox, mailbox


@pytest.fixture
async def box() -> AsyncIterator[Mailbox]:
    async with mailbox() as running:
        yield running


@pytest.fixture
async def mailing(context: Context, box: Mailbox) -> Context:
    """The context with the channels made and its SMTP server set to the mailbox."""
    changes = {"smtp_url": f"smtp://127.0.0.1:{box.port}", "smtp_timeout_s": 10}
    async with context.database.transaction() as connection:
        await ensure_channels(connection)
    return replace(context, settings=context.settings.model_copy(update=changes))
