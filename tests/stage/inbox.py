"""What the tests of the inbox make and read."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx

from safar.channels.model import EMAIL, WEB
from safar.customers.actions import customer_of_address
from safar.inbox.actions import receive_messages_many
from safar.inbox.model import Conversation, Inbound, MessageReceipt
from safar.kernel.context import Context
from safar.kernel.database import rows
from safar.kernel.ids import derived_id, new_id


def web(text: str, *, visitor: UUID | None = None, **changes: Any) -> Inbound:
    """A web message of a visitor who has not said who they are."""
    visitor = visitor or new_id()
    id_ = new_id()
    values: dict[str, Any] = {
        "message_id": derived_id("message", WEB, visitor, id_),
        "channel_id": WEB,
        "external_id": f"{visitor}:{id_}",
        "customer_id": visitor,
        "address": str(visitor),
        "text": text,
        "language": "en",
    }
    return Inbound(**(values | changes))


def mail(text: str, *, address: str = "ana@example.com", **changes: Any) -> Inbound:
    """An authenticated e-mail as the listener takes it in, of an address that nobody else has."""
    external = f"<{new_id()}@example.com> {address}"
    values: dict[str, Any] = {
        "message_id": derived_id("message", EMAIL, external),
        "channel_id": EMAIL,
        "external_id": external,
        "customer_id": customer_of_address("email", address),
        "claims": True,
        "address": address,
        "name": "Ana",
        "subject": "Question",
        "text": text,
        "language": "en",
    }
    return Inbound(**(values | changes))


async def receive(context: Context, *inbound: Inbound) -> list[MessageReceipt]:
    async with context.database.transaction() as connection:
        return await receive_messages_many(connection, inbound)


async def conversations(context: Context) -> list[Conversation]:
    async with context.database.connection() as connection:
        return await rows(Conversation, connection, "SELECT * FROM conversations ORDER BY created_at, id")


async def conversation(context: Context, id_: UUID) -> Conversation:
    return next(found for found in await conversations(context) if found.id == id_)


@dataclass
class Stream:
    """A live stream as a browser reads it: (event, data, id) as they come."""

    events: asyncio.Queue[tuple[str, str, str]] = field(default_factory=asyncio.Queue)

    async def next(self, name: str) -> tuple[str, str]:
        """Return data and id of the next event of this name; others are passed over."""
        async with asyncio.timeout(30):
            while True:
                event, data, id_ = await self.events.get()
                if event == name:
                    return data, id_


@asynccontextmanager
async def stream(
    client: httpx.AsyncClient, path: str, *, last_id: str | None = None
) -> AsyncIterator[Stream]:
    """Read a server-sent stream until the block ends."""
    found = Stream()
    headers = {"last-event-id": last_id} if last_id else {}
    opened = asyncio.Event()

    async def read() -> None:
        async with client.stream("GET", path, headers=headers, timeout=30) as response:
            assert response.status_code == 200
            event, data, id_ = "message", [], ""
            async for line in response.aiter_lines():
                opened.set()
                name, _sep, text = line.partition(": ")
                if name == "event":
                    event = text
                elif name == "data":
                    data.append(text)
                elif name == "id":
                    id_ = text
                elif not line and data:
                    await found.events.put((event, "\n".join(data), id_))
                    event, data = "message", []

    reading = asyncio.create_task(read())
    waiting = asyncio.create_task(opened.wait())
    await asyncio.wait({reading, waiting}, timeout=5, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    try:
        yield found
    finally:
        reading.cancel()
        with suppress(asyncio.CancelledError):
            await reading


async def compose(client: httpx.AsyncClient, id_: object) -> dict[str, str]:
    """Open a conversation and return what its form would send."""
    page = await client.get(f"/inbox/{id_}")
    assert page.status_code == 200
    found = dict(re.findall(r'<input type="hidden" name="(id|seen_at)" value="([^"]+)"', page.text))
    assert set(found) == {"id", "seen_at"}
    return found
