"""Months are made ahead; an event of any date is kept, and moves to its month when that is made."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from safar.journal.model import Event
from safar.journal.partitions import make_ahead, month_starts
from safar.kernel import clock
from safar.kernel.database import Database, value
from safar.kernel.ids import new_id
from tests.stage.journal import read_all, settled, write, write_open

_WHERE = "SELECT at, tableoid::regclass::text FROM journal_events ORDER BY id"


async def _months(database: Database) -> list[str]:
    async with database.connection() as connection:
        found = await connection.execute(
            "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'journal_events'::regclass"
        )
        return sorted(name for (name,) in await found.fetchall())


async def _homes(database: Database) -> dict[datetime, str]:
    async with database.connection() as connection:
        return dict(await (await connection.execute(_WHERE)).fetchall())


def _at(*dates: datetime) -> list[Event]:
    return [Event(name="test.happened", at=at, subject_id=new_id()) for at in dates]


async def test_this_month_and_the_next_three_are_made_once_whoever_asks(database: Database) -> None:
    with clock.held(datetime(2031, 11, 30, 23, 59, 59, tzinfo=UTC)):
        await asyncio.gather(*(make_ahead(database) for _process in range(4)))
        await make_ahead(database)
    made = [f"journal_events_{month}" for month in ("2031_11", "2031_12", "2032_01", "2032_02")]
    assert await _months(database) == [*made, "journal_events_other"]


async def test_an_event_lies_in_its_month_to_the_microsecond(database: Database) -> None:
    start = datetime(2031, 12, 1, tzinfo=UTC)
    with clock.held(datetime(2031, 11, 15, tzinfo=UTC)):
        await make_ahead(database)
    moments = [start - timedelta(microseconds=1), start, datetime(2032, 2, 29, 12, tzinfo=UTC)]
    await write(database, _at(*moments))
    homes = await _homes(database)
    assert [homes[moment] for moment in moments] == [
        "journal_events_2031_11",
        "journal_events_2031_12",
        "journal_events_2032_02",
    ]


async def test_an_event_outside_the_months_is_kept_read_and_moved_when_its_month_is_made(
    database: Database,
) -> None:
    with clock.held(datetime(2031, 11, 15, tzinfo=UTC)):
        await make_ahead(database)
    past, ahead = datetime(1999, 1, 2, tzinfo=UTC), datetime(2032, 5, 6, tzinfo=UTC)
    subjects = await write(database, _at(ahead, past, ahead + timedelta(seconds=1)))
    await settled(database)
    before = await read_all(database)
    assert [event.subject_id for event in before] == subjects
    assert set((await _homes(database)).values()) == {"journal_events_other"}
    with clock.held(datetime(2032, 2, 15, tzinfo=UTC)):
        await make_ahead(database)
    assert "journal_events_2032_05" in await _months(database)
    homes = await _homes(database)
    assert homes[past] == "journal_events_other"
    assert homes[ahead] == homes[ahead + timedelta(seconds=1)] == "journal_events_2032_05"
    assert await read_all(database) == before, "the same events under the same ids"
    await write(database, _at(ahead + timedelta(seconds=2)))
    assert await settled(database) == 4, "ids go on"


async def test_writers_go_on_while_a_month_is_made(database: Database) -> None:
    writing = asyncio.gather(*(write(database, _at(clock.now())) for _writer in range(30)))
    await asyncio.gather(make_ahead(database), writing)
    await settled(database)
    assert len(await read_all(database)) == 30


_WAITING = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


async def _until_waiting(database: Database, count: int) -> None:
    async with asyncio.timeout(30), database.connection() as connection:
        while await value(connection, _WAITING) < count:
            await asyncio.sleep(0.005)


async def test_a_writer_that_comes_while_a_month_is_being_made_writes_into_it(database: Database) -> None:
    async with database.transaction() as still_open:
        await write_open(still_open, _at(clock.now()))
        making = asyncio.create_task(make_ahead(database))
        await _until_waiting(database, 1)
        writing = asyncio.create_task(write(database, _at(clock.now())))
        await _until_waiting(database, 2)
    await asyncio.gather(making, writing)
    assert "journal_events_other" not in (await _homes(database)).values()
    await settled(database)
    assert len(await read_all(database)) == 2


@given(st.dates(min_value=date(1, 1, 1), max_value=date(9990, 1, 1)), st.integers(2, 30))
def test_month_starts_follow_one_another_without_a_gap(first: date, count: int) -> None:
    starts = month_starts(first, count)
    assert starts[0] == first.replace(day=1)
    assert len(starts) == count
    for start, following in pairwise(starts):
        assert (start + timedelta(days=32)).replace(day=1) == following
