"""The real installation: who reads the journal, what a failed answer leads to, and a worker that hangs."""

import asyncio
import os
import re
import signal
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from safar import serve
from safar.channels.actions import bounce_many
from safar.channels.model import Author
from safar.demo.run import OWNER
from safar.inbox.actions import reply
from safar.kernel.context import Context, make_context
from safar.kernel.database import execute, value
from safar.kernel.ids import new_id
from safar.serve import Supervisor
from safar.work import subscribers
from tests.stage.inbox import conversation, mail, receive
from tests.stage.place import settings_at

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("processes")]
_MAP = Path(__file__).parent.parent.parent / "docs" / "architecture.md"


def _documented() -> dict[str, set[str]]:
    """Return the readers of the table in docs/architecture.md and the events that each takes."""
    section = re.split(r"^## ", _MAP.read_text(encoding="utf-8"), flags=re.MULTILINE)
    (readers,) = [part for part in section if part.startswith("Who reads the journal\n")]
    rows = re.findall(r"^\| `([\w.]+)` \| [^|]* \| ([^|]*) \|", readers, flags=re.MULTILINE)
    return {name: set(re.findall(r"`([\w.]+)`", events)) for name, events in rows}


@asynccontextmanager
async def _running() -> AsyncIterator[tuple[Supervisor, Context]]:
    with tempfile.TemporaryDirectory(prefix="safar-installation-", ignore_cleanup_errors=True) as folder:
        async with _running_in(Path(folder)) as running:
            yield running


@asynccontextmanager
async def _running_in(folder: Path) -> AsyncIterator[tuple[Supervisor, Context]]:
    settings = settings_at(folder).model_copy(update={"silent_s_max": 8.0})
    supervisor = Supervisor(settings)
    watching: asyncio.Task[None] | None = None
    try:
        await supervisor.start(OWNER)
        watching = asyncio.create_task(supervisor.watch())
        context = make_context(settings, supervisor.url)
        await context.database.open()
        try:
            yield supervisor, context
        finally:
            await context.database.close()
    finally:
        await supervisor.stop()
        if watching is not None:
            await watching


async def _until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(90):
        while not await condition():
            await asyncio.sleep(0.05)  # other processes, in their own time


async def _answer_in_vain(context: Context) -> UUID:
    """Answer a customer's mail; the receiving side returns the answer. Returns the conversation."""
    answer_id = new_id()
    (receipt,) = await receive(context, mail("Is the red one there?"))
    async with context.database.transaction() as connection:
        await reply(connection, receipt.conversation_id, "Yes", author=Author.BOT, message_id=answer_id)
        await execute(connection, "UPDATE messages SET state = 'sent' WHERE id = %s", [answer_id])
        returned = {"message_id": answer_id, "reason": "no such mailbox", "code": "5.1.1"}
        assert await bounce_many(connection, [returned]) == 1
    return receipt.conversation_id


@pytest.mark.finding("messages-1")
@pytest.mark.finding("security-19")
@pytest.mark.finding("issue-7.1")
async def test_readers_failed_answers_and_a_worker_that_hangs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(serve, "_START_S_MAX", 120.0)  # however busy the machine is
    async with _running() as (supervisor, context):
        ours = {reader.name: set(reader.names) for reader in subscribers(context)}
        assert ours == _documented(), "docs/architecture.md, Who reads the journal"
        async with context.database.connection() as connection:
            cursor = await connection.execute("SELECT name FROM journal_subscribers")
            assert {name for (name,) in await cursor.fetchall()} == ours.keys(), "registered"

        conversation_id = await _answer_in_vain(context)

        async def with_staff() -> bool:
            found = await conversation(context, conversation_id)
            return (found.with_staff, found.handover_reason) == (True, "not_delivered")

        await _until(with_staff)

        async def all_have_read() -> bool:
            async with context.database.connection() as connection:
                behind = "SELECT count(*) FROM journal_subscribers, journal_line AS l WHERE l.position = 0"
                unread = "SELECT count(*) FROM journal_subscribers WHERE position = 0"
                return not await value(connection, behind) and not await value(connection, unread)

        await _until(all_have_read)

        (worker,) = supervisor.pids("worker")
        os.kill(worker, signal.SIGSTOP)

        async def another_works() -> bool:
            async with context.database.connection() as connection:
                beats = "SELECT count(*) FROM process_beats WHERE role = 'worker'"
                return list(supervisor.pids("worker")) != [worker] and await value(connection, beats) >= 2

        await _until(another_works)
        with pytest.raises(ProcessLookupError):
            os.kill(worker, 0)
        async with httpx.AsyncClient(base_url=supervisor.settings.public_url) as client:
            assert (await client.get("/ready")).text.splitlines()[0] == "ready"
