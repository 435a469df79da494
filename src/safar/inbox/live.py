"""Live views of conversations: the visitor's chat, resumed by event id; the console's parts, kept fresh."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson

from safar.channels.model import WEB
from safar.customers.visitor import Visitor
from safar.inbox.model import ThreadMessage
from safar.inbox.receive import QUERIES
from safar.journal.actions import line, of_customer
from safar.journal.live import LiveFeed, Topic
from safar.journal.model import Recorded
from safar.kernel.database import Connection, Database, rows
from safar.kernel.i18n import time_of_day
from safar.kernel.web.sse import ServerEvent

HISTORY_MAX = 100
_RESUMED_MAX = 200
_BURST_S = 0.15
_CHAT_EVENTS = ("message.received", "message.sent")


async def web_messages(
    connection: Connection, visitor: Visitor, ids: Sequence[UUID] | None = None
) -> list[ThreadMessage]:
    """Return what this browser wrote and was told, oldest first; never another's, never e-mail."""
    params = {
        "channel_id": WEB,
        "address": str(visitor.visitor_id),
        "limit": HISTORY_MAX,
        "ids": None if ids is None else list(ids),
    }
    thread_messages = await rows(ThreadMessage, connection, QUERIES["web_messages"], params)
    return thread_messages[::-1]


def shown_to_visitor(message: ThreadMessage, shop_name: str) -> dict[str, str]:
    """Return a message as chat.js shows it; a customer's own goes by the id their browser gave it."""
    own = message.author == "customer"
    return {
        "id": (message.external_id or "").rpartition(":")[2] if own else str(message.id),
        "author": "staff" if message.author == "staff" else "customer" if own else "bot",
        "name": "" if own else message.staff_name or shop_name,
        "text": message.body,
        "at_text": time_of_day(message.at),
    }


async def chat_events(
    live: LiveFeed, database: Database, visitor: Visitor, after: int | None, *, shop_name: str
) -> AsyncIterator[ServerEvent]:
    """Yield the visitor's messages as they come; with `after`, first those that this stream has missed."""
    mine = str(visitor.visitor_id)
    async with database.connection() as connection:
        until = await line(connection)
    if after is not None:
        for event in await _missed(database, visitor, after, until):
            async for shown in _shown(database, visitor, event, shop_name):
                yield shown
    async for event in live.events(until, [mine]):
        if event.name in _CHAT_EVENTS and event.properties.get("visitor_id") == mine:
            async for shown in _shown(database, visitor, event, shop_name):
                yield shown


async def missed_chat(
    database: Database, visitor: Visitor, after: int | None, *, shop_name: str
) -> AsyncIterator[ServerEvent]:
    """Yield what a stream has missed since `after`, and where it stands now; then it ends."""
    async with database.connection() as connection:
        until = await line(connection)
    if after is not None:
        for event in await _missed(database, visitor, after, until):
            async for shown in _shown(database, visitor, event, shop_name):
                yield shown
    yield ServerEvent("1", event="later", id=until)


async def _missed(database: Database, visitor: Visitor, after: int, until: int) -> list[Recorded]:
    """Return the visitor's events since `after`, oldest first, found by customer and not by reading all."""
    async with database.connection() as connection:
        found = await of_customer(
            connection,
            list({visitor.customer_id, visitor.visitor_id}),
            before=until + 1,
            limit=_RESUMED_MAX,
        )
    mine = str(visitor.visitor_id)
    return [
        event
        for event in reversed(found)
        if event.id > after and event.name in _CHAT_EVENTS and event.properties.get("visitor_id") == mine
    ]


async def _shown(
    database: Database, visitor: Visitor, event: Recorded, shop_name: str
) -> AsyncIterator[ServerEvent]:
    async with database.connection() as connection:
        found = await web_messages(connection, visitor, [UUID(event.properties["message_id"])])
    for message in found:
        data = orjson.dumps(shown_to_visitor(message, shop_name)).decode()
        yield ServerEvent(data, event="message", id=event.id)


@dataclass(frozen=True, slots=True)
class Burst:
    """Events that came close together; `subjects` None at the start of a stream: everything may be new."""

    newest: int
    subjects: frozenset[UUID | None] | None


async def bursts(
    live: LiveFeed, database: Database, topics: Sequence[Topic], wanted: Callable[[Recorded], bool]
) -> AsyncIterator[Burst]:
    """Yield once at the start, then after each burst of wanted events, which are of these topics.

    Whoever renders after each is never behind for long, and misses nothing by having been away: a new
    stream begins with the state as it is.
    """
    newest = 0
    subjects: set[UUID | None] = set()
    news = asyncio.Event()
    over = False
    async with database.connection() as connection:
        until = await line(connection)

    async def follow() -> None:
        nonlocal newest, over
        async for event in live.events(until, topics):
            if wanted(event):
                newest = event.id
                subjects.add(event.subject_id)
                news.set()
        over = True
        news.set()

    following = asyncio.ensure_future(follow())
    try:
        yield Burst(0, None)
        while True:
            await news.wait()
            await asyncio.sleep(_BURST_S)
            news.clear()
            told, subjects = frozenset(subjects), set()
            if told:
                yield Burst(newest, told)
            if over:
                return
    finally:
        await _ended(following)


async def _ended(task: asyncio.Task[Any]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError, Exception):
        await task
