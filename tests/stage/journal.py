"""Events to write and a line to move."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from uuid import UUID

from safar.journal.actions import append_many, line, read_events
from safar.journal.line import LineKeeper
from safar.journal.model import Event, Recorded
from safar.kernel.database import Connection, Database, execute
from safar.kernel.ids import new_id
from safar.kernel.loops import repeat


def events(count: int, name: str = "test.happened", **properties: object) -> list[Event]:
    """Return `count` events, each about a subject of its own."""
    return [Event(name=name, subject_id=new_id(), properties=properties) for _number in range(count)]


async def write(database: Database, what: Sequence[Event]) -> list[UUID]:
    """Commit events; return their subjects."""
    async with database.transaction() as connection:
        await append_many(connection, what)
    return [event.subject_id for event in what if event.subject_id]


async def write_open(connection: Connection, what: Sequence[Event]) -> None:
    """Write events in a transaction that stays open: they have their ids, and nobody sees them yet."""
    await append_many(connection, what)
    await execute(connection, "SELECT 1")  # what is appended goes with what is asked next


async def line_of(database: Database) -> int:
    async with database.connection() as connection:
        return await line(connection)


async def read_all(database: Database, *, after: int = 0) -> list[Recorded]:
    """Return every event up to the line, read in small pages."""
    found: list[Recorded] = []
    async with database.connection() as connection:
        until = await line(connection)
        while page := await read_events(connection, after=after, until=until, limit=7):
            found += page
            after = page[-1].id
    return found


async def settled(database: Database) -> int:
    """Move the line over everything written so far and return it."""
    keeper = LineKeeper(database)
    before = -1
    while (reached := await line_of(database)) != before:
        before = reached
        await keeper.step()
    return reached


@asynccontextmanager
async def kept_line(database: Database) -> AsyncIterator[None]:
    """Keep the line moving, as the worker does, but without pauses."""
    keeping = asyncio.create_task(repeat("line", LineKeeper(database).step, idle_s=0.002))
    try:
        yield
    finally:
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
