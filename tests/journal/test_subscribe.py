"""Subscribers: each event takes effect exactly once, or its failure is there to be seen."""

import asyncio
from collections.abc import Sequence

import psycopg
import pytest

from safar.journal.model import Event, Recorded
from safar.journal.subscribe import Subscriber, failures, register
from safar.kernel.database import Connection, Database, execute, value
from safar.kernel.ids import new_id
from safar.settings import Settings
from tests.stage.journal import events, settled, write


class Effects:
    """Takes events by writing their ids into a table; can be told to fail."""

    def __init__(self) -> None:
        self.fail_first = 0
        self.poison: set[object] = set()
        self.taken: list[int] = []
        self.before_end = asyncio.Event()
        self.may_end = asyncio.Event()
        self.may_end.set()

    async def take(self, connection: Connection, given: Sequence[Recorded]) -> None:
        self.taken.append(len(given))
        await execute(
            connection, "INSERT INTO effects SELECT unnest(%s::bigint[])", [[event.id for event in given]]
        )
        self.before_end.set()
        await self.may_end.wait()
        if self.fail_first:
            self.fail_first -= 1
            raise ValueError("not this time")
        for event in given:
            if event.properties.get("number") in self.poison:
                raise LookupError(f"cannot take {event.properties['number']}")


@pytest.fixture
async def table(database: Database) -> Database:
    async with database.connection() as connection:
        await execute(connection, "CREATE TABLE effects (id bigint, place bigserial)")
    return database


async def _subscribed(database: Database, effects: Effects, *names: str) -> Subscriber:
    subscriber = Subscriber("tester", names or ("test.happened",), effects.take)
    async with database.transaction() as connection:
        await register(connection, subscriber)
    return subscriber


async def _effects(database: Database) -> list[int]:
    async with database.connection() as connection:
        return list(
            await value(connection, "SELECT coalesce(array_agg(id ORDER BY place), '{}') FROM effects")
        )


async def _position(database: Database, name: str = "tester") -> int:
    async with database.connection() as connection:
        query = "SELECT position FROM journal_subscribers WHERE name = %s"
        return int(await value(connection, query, [name]))


async def _failures(database: Database) -> list[tuple[str, int, str]]:
    async with database.connection() as connection:
        found = await failures(connection)
    return [(failure.subscriber, failure.event_id, failure.error) for failure in found]


def _numbered(count: int) -> list[Event]:
    return [Event(name="test.happened", subject_id=new_id(), properties={"number": n}) for n in range(count)]


async def test_events_of_its_names_take_effect_once_in_order_and_not_before_the_line(
    table: Database,
) -> None:
    effects = Effects()
    subscriber = await _subscribed(table, effects)
    await write(table, events(3) + events(2, "test.ignored") + events(3))
    assert await subscriber.step(table) is False
    assert await _effects(table) == [], "the line has not moved"
    reached = await settled(table)
    assert await subscriber.step(table) is False
    assert await _effects(table) == [1, 2, 3, 6, 7, 8]
    assert await _position(table) == reached
    for _again in range(3):
        await subscriber.step(table)
    assert await _effects(table) == [1, 2, 3, 6, 7, 8]


async def test_the_position_moves_even_past_what_is_not_for_it(table: Database) -> None:
    subscriber = await _subscribed(table, Effects())
    await write(table, events(4, "test.ignored"))
    reached = await settled(table)
    await subscriber.step(table)
    assert await _position(table) == reached


async def test_more_than_one_step_can_take_is_taken_in_several(table: Database) -> None:
    effects = Effects()
    subscriber = await _subscribed(table, effects)
    subscriber.events_max = 10
    await write(table, [event for _pair in range(25) for event in events(1) + events(1, "test.ignored")])
    await settled(table)
    assert [await subscriber.step(table) for _step in range(3)] == [True, True, False]
    assert effects.taken == [10, 10, 5]
    assert await _effects(table) == list(range(1, 51, 2))


async def test_a_new_subscriber_begins_at_the_start_or_at_the_line_and_registering_again_keeps_its_place(
    table: Database,
) -> None:
    await write(table, events(3))
    reached = await settled(table)
    old, new = Subscriber("old", ("test.happened",), Effects().take), Subscriber("new", (), Effects().take)
    async with table.transaction() as connection:
        await register(connection, old)
        await register(connection, new, from_start=False)
    assert (await _position(table, "old"), await _position(table, "new")) == (0, reached)
    await old.step(table)
    async with table.transaction() as connection:
        await register(connection, old)
    assert await _position(table, "old") == reached


async def test_effects_and_position_roll_back_together(table: Database) -> None:
    effects = Effects()
    effects.fail_first = 2
    subscriber = await _subscribed(table, effects)
    await write(table, events(3))
    await settled(table)
    for _try in range(2):
        with pytest.raises(ValueError, match="not this time"):
            await subscriber.step(table)
        assert await _effects(table) == []
        assert await _position(table) == 0
    await subscriber.step(table)
    assert await _effects(table) == [1, 2, 3]
    assert await _failures(table) == []


async def test_a_poison_event_is_recorded_and_the_others_still_take_effect(table: Database) -> None:
    effects = Effects()
    effects.poison = {2, 5}
    subscriber = await _subscribed(table, effects)
    await write(table, _numbered(8))
    reached = await settled(table)
    for _try in range(2):
        with pytest.raises(LookupError):
            await subscriber.step(table)
    await subscriber.step(table)
    assert await _effects(table) == [1, 2, 4, 5, 7, 8]
    assert await _position(table) == reached
    failed = sorted(await _failures(table))
    assert [(name, event_id) for name, event_id, _error in failed] == [("tester", 3), ("tester", 6)]
    for _name, _event_id, error in failed:
        assert error.startswith("LookupError journal/subscribe.py:")
        assert "test_subscribe.py" in error
        assert "cannot take" not in error, "what an error says may hold somebody's data"
    await write(table, events(1))
    await settled(table)
    await subscriber.step(table)
    assert (await _effects(table))[-1] == 9, "and it goes on as usual"


async def test_an_event_whose_statement_never_ends_does_not_hold_up_those_behind_it(
    table: Database, database_url: str
) -> None:
    async def take(connection: Connection, given: Sequence[Recorded]) -> None:
        ids = [event.id for event in given]
        await execute(connection, "INSERT INTO effects SELECT unnest(%s::bigint[])", [ids])
        if 2 in ids:
            await execute(connection, "SELECT pg_sleep(20)")

    subscriber = Subscriber("tester", ("test.happened",), take)
    hurried = Database(database_url, Settings(statement_timeout_ms=60))
    await hurried.open()
    async with table.transaction() as connection:
        await register(connection, subscriber)
    await write(table, events(3))
    await settled(table)
    for _try in range(2):
        with pytest.raises(psycopg.errors.QueryCanceled):
            await subscriber.step(hurried)
    await subscriber.step(hurried)
    await hurried.close()
    assert await _effects(table) == [1, 3]
    assert [event_id for _name, event_id, _error in await _failures(table)] == [2]


async def test_a_busy_lock_is_tried_again_for_as_long_as_it_takes_and_never_counted_as_poison(
    table: Database, database_url: str
) -> None:
    async def take(connection: Connection, given: Sequence[Recorded]) -> None:
        await execute(connection, "LOCK TABLE effects IN EXCLUSIVE MODE")
        await Effects().take(connection, given)

    subscriber = Subscriber("tester", ("test.happened",), take)
    hurried = Database(database_url, Settings(lock_timeout_ms=20))
    await hurried.open()
    async with table.transaction() as connection:
        await register(connection, subscriber)
    await write(table, events(3))
    await settled(table)
    async with table.transaction() as blocker:
        await execute(blocker, "LOCK TABLE effects IN EXCLUSIVE MODE")
        for _try in range(5):
            with pytest.raises(psycopg.errors.LockNotAvailable):
                await subscriber.step(hurried)
    await subscriber.step(hurried)
    await hurried.close()
    assert await _effects(table) == [1, 2, 3]
    assert await _failures(table) == []


async def test_two_workers_on_one_subscriber_do_not_double(table: Database) -> None:
    effects = Effects()
    effects.may_end.clear()
    first, second = await _subscribed(table, effects), await _subscribed(table, effects)
    await write(table, events(5))
    await settled(table)
    taking = asyncio.create_task(first.step(table))
    await effects.before_end.wait()
    async with asyncio.timeout(30):
        assert await second.step(table) is False, "it goes on with something else instead of waiting"
    assert effects.taken == [5]
    effects.may_end.set()
    await taking
    await second.step(table)
    assert await _effects(table) == [1, 2, 3, 4, 5]


async def test_many_workers_under_accidents_still_give_each_event_one_effect(table: Database) -> None:
    """Workers are killed in the middle of taking, over and over; others go on where they were."""
    deaths = 12

    async def take(connection: Connection, given: Sequence[Recorded]) -> None:
        nonlocal deaths
        ids = [event.id for event in given]
        await execute(connection, "INSERT INTO effects SELECT unnest(%s::bigint[])", [ids])
        if deaths:
            deaths -= 1
            await execute(connection, "SELECT pg_terminate_backend(pg_backend_pid())")

    workers = [Subscriber("tester", ("test.happened",), take) for _worker in range(3)]
    async with table.transaction() as connection:
        await register(connection, workers[0])

    async def work(subscriber: Subscriber) -> None:
        while await _position(table) < 60:
            try:
                await subscriber.step(table)
            except psycopg.OperationalError:
                continue

    async def writes() -> None:
        for _transaction in range(20):
            await write(table, events(3))
            await settled(table)

    async with asyncio.timeout(30):
        await asyncio.gather(writes(), *map(work, workers))
    assert deaths == 0
    assert await _effects(table) == list(range(1, 61))
    assert await _failures(table) == []
