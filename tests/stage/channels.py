"""What the tests of the channels make and look at."""

import os
import signal
from typing import Any
from uuid import UUID

from safar.channels.actions import queue_many
from safar.channels.mail import values_of_mail
from safar.channels.model import EMAIL, Outgoing
from safar.customers.actions import IdentityRequest, identify_many
from safar.kernel.context import Context
from safar.kernel.ids import new_id


async def customer(context: Context, email: str = "ana@example.com") -> UUID:
    async with context.database.transaction() as connection:
        request = IdentityRequest(kind="email", value=email, language="en")
        return (await identify_many(connection, [request]))[0]


async def mail(context: Context, customer_id: UUID, **changes: Any) -> Outgoing:
    """Queue one e-mail."""
    values: dict[str, Any] = {
        "message_id": new_id(),
        "channel_id": EMAIL,
        "author": "bot",
        "customer_id": customer_id,
        "address": "ana@example.com",
        "subject": "About your question",
        "body": "Hello Ana\n\nYes.",
        "language": "en",
    }
    outgoing = Outgoing(**(values | changes))
    async with context.database.transaction() as connection:
        await queue_many(connection, [outgoing])
    return outgoing


async def states(context: Context) -> dict[UUID, tuple[str, str | None]]:
    """Return state and reason of every message."""
    async with context.database.connection() as connection:
        found = await connection.execute("SELECT id, state, reason FROM messages")
        return {row[0]: (row[1], row[2]) for row in await found.fetchall()}


async def events(context: Context, *names: str) -> list[dict[str, Any]]:
    """Return the events of these names in the order they were written."""
    async with context.database.connection() as connection:
        found = await connection.execute(
            "SELECT name, subject_id, customer_id, properties FROM journal_events"
            " WHERE name = ANY(%s) ORDER BY id",
            [list(names)],
        )
        return [
            {"name": row[0], "subject_id": row[1], "customer_id": row[2], **row[3]}
            for row in await found.fetchall()
        ]


def values_or_die(body: bytes, *arguments: str) -> dict[str, Any]:
    """Read a mail, in a process apart; one of them ends it as the kernel ends what takes too much."""
    if b"break the reader" in body:
        os.kill(os.getpid(), signal.SIGXCPU)
    return values_of_mail(body, *arguments)
