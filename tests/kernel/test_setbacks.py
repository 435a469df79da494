"""An item that fails for ever rests, is shown with its error, and holds up nobody."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from safar.kernel import clock, setbacks
from safar.kernel.database import Connection, Database, execute, value
from safar.kernel.errors import Overloaded

NOW = datetime(2031, 3, 1, 12, tzinfo=UTC)
pytestmark = pytest.mark.finding("security-24")


class _Work:
    """Writes items down; raises when the poison is among them."""

    def __init__(self, *poison: int) -> None:
        self.poison = set(poison)
        self.transactions = 0

    async def __call__(self, connection: Connection, items: Sequence[int]) -> None:
        self.transactions += 1
        for item in items:
            await execute(connection, "INSERT INTO done VALUES (%s)", [item])
        if self.poison.intersection(items):
            raise ValueError("the text of vera@example.com")


@pytest.fixture
async def table(database: Database) -> Database:
    async with database.connection() as connection:
        await execute(connection, "CREATE TABLE done (item bigint PRIMARY KEY)")
    return database


async def _done(database: Database) -> list[int]:
    async with database.connection() as connection:
        return list(await value(connection, "SELECT coalesce(array_agg(item ORDER BY item), '{}') FROM done"))


@pytest.mark.parametrize("together", [True, False])
async def test_the_poisoned_rest_and_all_others_are_done(table: Database, together: bool) -> None:
    work = _Work(0, 7, 31)
    with clock.held(NOW):
        count = await setbacks.work_off(table, "test", list(range(32)), work, together=together)
    assert count == 29
    assert await _done(table) == [item for item in range(32) if item not in (0, 7, 31)]
    async with table.connection() as connection:
        found = await setbacks.setbacks(connection)
    assert [(one.item, one.tries, one.error) for one in found] == [
        ("0", 1, "ValueError"),
        ("31", 1, "ValueError"),
        ("7", 1, "ValueError"),
    ]


async def test_nothing_wrong_is_one_transaction(table: Database) -> None:
    work = _Work()
    assert await setbacks.work_off(table, "test", list(range(100)), work) == 100
    assert work.transactions == 1
    assert await setbacks.work_off(table, "test", [], work) == 0


async def test_the_rest_grows_to_an_hour_and_ends_when_the_item_is_done(table: Database) -> None:
    pauses = []
    with clock.held(NOW) as held:
        for _try in range(12):
            await setbacks.work_off(table, "test", [5], _Work(5))
            async with table.connection() as connection:
                (one,) = await setbacks.setbacks(connection)
            assert await setbacks.work_off(table, "test", [5], _Work()) == 0, "it rests"
            pauses.append((one.next_try_at - clock.now()).total_seconds())
            held.advance(seconds=pauses[-1])
        assert pauses == [5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600]
        assert one.first_at == NOW
        await setbacks.work_off(table, "test", [5, 6], _Work())
    async with table.connection() as connection:
        assert await setbacks.setbacks(connection) == []


async def test_what_is_nobodys_fault_sets_nobody_aside(table: Database) -> None:
    async def away(connection: Connection, items: Sequence[int]) -> None:
        raise Overloaded

    with pytest.raises(Overloaded):
        await setbacks.work_off(table, "test", [1, 2], away)
    assert not setbacks.nobodys_fault(psycopg.errors.LockNotAvailable())
    assert setbacks.nobodys_fault(psycopg.errors.DiskFull())
    async with table.connection() as connection:
        assert await setbacks.setbacks(connection) == []


async def test_staff_can_have_it_tried_at_once_and_what_left_its_queue_is_forgotten(table: Database) -> None:
    with clock.held(NOW) as held:
        await setbacks.work_off(table, "test", [5], _Work(5))
        async with table.transaction() as connection:
            assert await setbacks.try_now(connection, "test", "5")
            assert not await setbacks.try_now(connection, "test", "6")
        assert await setbacks.work_off(table, "test", [5], _Work(5)) == 0
        async with table.connection() as connection:
            assert (await setbacks.setbacks(connection))[0].tries == 2
        held.advance(seconds=timedelta(hours=7).total_seconds())
        async with table.transaction() as connection:
            await setbacks.forget_setbacks(connection)
            assert await setbacks.setbacks(connection) == []
