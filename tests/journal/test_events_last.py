"""Events that are gathered: written once, at the end, in order; or not at all."""

import pytest

from safar.journal.actions import append_many, events_last
from safar.journal.model import Event
from safar.kernel.database import Connection, Database


async def _names(connection: Connection) -> list[str]:
    found = await connection.execute("SELECT name FROM journal_events ORDER BY id")
    return [name for (name,) in await found.fetchall()]


async def test_gathered_events_are_written_at_the_end_in_order(database: Database) -> None:
    async with database.transaction() as connection:
        await append_many(connection, [Event(name="a.before")])
        async with events_last(connection):
            await append_many(connection, [Event(name="b.first")])
            async with events_last(connection):
                await append_many(connection, [Event(name="c.inner")])
            assert await _names(connection) == ["a.before"]
            await append_many(connection, [Event(name="d.last")])
        assert await _names(connection) == ["a.before", "b.first", "c.inner", "d.last"]
        await append_many(connection, [Event(name="e.after")])
        assert (await _names(connection))[-1] == "e.after"


async def test_nothing_is_gathered_any_more_after_an_error(database: Database) -> None:
    async with database.connection() as connection:

        async def fail() -> None:
            async with connection.transaction(), events_last(connection):
                await append_many(connection, [Event(name="a.lost")])
                raise ValueError("guilty")

        with pytest.raises(ValueError, match="guilty"):
            await fail()
        async with connection.transaction():
            await append_many(connection, [Event(name="b.kept")])
        assert await _names(connection) == ["b.kept"]
