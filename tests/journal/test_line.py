"""The journal is read exactly: nothing below the line can still appear, whatever its writers do."""

import asyncio
import random
from uuid import UUID

import psycopg
import pytest

from safar.journal import line as line_module
from safar.journal.actions import LINE_CLASS, QUERIES, append_many, line, listen
from safar.journal.line import LineKeeper
from safar.kernel import clock
from safar.kernel.database import Connection, Database, execute, value
from safar.kernel.ids import new_id
from safar.kernel.loops import repeat
from tests.stage.journal import events, kept_line, line_of, read_all, settled, write, write_open

_LINE_LOCKS = (
    "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND classid = %(classid)s"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    " AND mode = %(mode)s AND granted = %(granted)s"
)


async def _line_locks(database: Database, mode: str, *, granted: bool) -> int:
    params = {"classid": LINE_CLASS, "mode": mode, "granted": granted}
    async with database.connection() as connection:
        return int(await value(connection, _LINE_LOCKS, params))


async def test_the_line_does_not_pass_a_late_writer_with_an_early_id(database: Database) -> None:
    keeper = LineKeeper(database)
    early, late = events(1), events(1)
    async with database.transaction() as first:
        await write_open(first, early)
        await write(database, late)  # a higher id, committed sooner
        await keeper.step()
        assert await line_of(database) == 0
        assert await read_all(database) == []
    await keeper.step()
    found = await read_all(database)
    assert [event.subject_id for event in found] == [early[0].subject_id, late[0].subject_id]
    assert await line_of(database) == found[-1].id


async def test_events_are_written_whole_in_the_order_given(database: Database) -> None:
    given = events(40, amount=3, text="سلام \" ' % \\ नमस्ते")
    given[7].customer_id, given[7].campaign_id, given[7].staff_id = new_id(), new_id(), new_id()
    await write(database, given)
    await settled(database)
    found = await read_all(database)
    assert [event.id for event in found] == sorted(event.id for event in found)
    for wrote, event in zip(given, found, strict=True):
        for name in ("at", "name", "customer_id", "campaign_id", "staff_id", "subject_id", "properties"):
            assert getattr(event, name) == getattr(wrote, name)


async def test_no_id_is_handed_out_before_its_writer_holds_the_lock(database: Database) -> None:
    async with database.transaction() as alone:
        await execute(alone, QUERIES["take_line_alone"], {"classid": LINE_CLASS})
        writing = asyncio.create_task(write(database, events(3)))
        async with asyncio.timeout(30):
            while not await _line_locks(database, "ShareLock", granted=False):
                await asyncio.sleep(0.005)
        async with database.connection() as other:
            assert await value(other, QUERIES["highest_handed_out"]) == 0
    assert len(await writing) == 3


async def test_a_writer_that_stays_open_holds_back_the_line_but_no_other_writer(database: Database) -> None:
    keeper = LineKeeper(database)
    async with database.transaction() as still_open:
        await write_open(still_open, events(1))
        keeping = asyncio.create_task(keeper.step())
        async with asyncio.timeout(30):
            while not keeping.done() and not await _line_locks(database, "ExclusiveLock", granted=False):
                await asyncio.sleep(0)
            # The keeper waits for the open writer; these come behind it and must not wait for that writer.
            await asyncio.gather(*(write(database, events(2)) for _writer in range(5)))
            assert await keeping is False
        assert await _line_locks(database, "ExclusiveLock", granted=False) == 0, "it has given up for now"
        assert await line_of(database) == 0
        assert keeper.period_s > line_module._PERIOD_S_MAX, "and comes again less often"
    assert await settled(database) == 11
    assert len(await read_all(database)) == 11


async def test_a_writer_that_dies_leaves_nothing_and_holds_nothing_back(database: Database) -> None:
    kept = await write(database, events(1))
    with pytest.raises(psycopg.OperationalError):
        await _dies(database)
    with pytest.raises(RuntimeError):
        await _gives_up(database)
    kept += await write(database, events(1))
    assert await settled(database) == 4, "the ids of the dead and the given up are passed over"
    assert [event.subject_id for event in await read_all(database)] == kept


async def _dies(database: Database) -> None:
    async with database.transaction() as connection:
        await write_open(connection, events(1))
        async with database.connection() as other:
            assert await value(other, "SELECT pg_terminate_backend(%s, 5000)", [connection.info.backend_pid])
        await execute(connection, "SELECT 1")


async def _gives_up(database: Database) -> None:
    async with database.transaction() as connection:
        await write_open(connection, events(1))
        raise RuntimeError


async def test_the_line_never_moves_back_and_one_keeper_keeps_at_a_time(database: Database) -> None:
    await write(database, events(5))
    async with database.transaction() as elsewhere:
        assert await value(elsewhere, QUERIES["try_keeper"], {"classid": line_module._KEEPER_CLASS})
        await LineKeeper(database).step()
        assert await line_of(database) == 0, "another keeper was at it"
    await asyncio.gather(*(LineKeeper(database).step() for _keeper in range(4)))
    assert await settled(database) == 5
    async with database.transaction() as connection:
        await execute(connection, QUERIES["move_line"], {"position": 3})
    assert await line_of(database) == 5


async def test_the_keeper_rests_while_there_is_no_news_and_wakes_listeners_when_there_is(
    database: Database, database_url: str
) -> None:
    keeper = LineKeeper(database)
    for _step in range(20):
        await keeper.step()
    assert keeper.period_s == line_module._PERIOD_S_MAX
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as listener:
        await listen(listener)
        await write(database, events(3))
        await keeper.step()
        notices = [notice async for notice in listener.notifies(timeout=5, stop_after=1)]
    assert len(notices) == 1
    assert keeper.period_s == line_module._PERIOD_S


class _Storm:
    """Writers that commit in any order, linger, roll back or are killed; it knows what they committed."""

    def __init__(self, database: Database, seed: int) -> None:
        self.database = database
        self.random = random.Random(seed)
        self.committed: list[UUID] = []

    async def writer(self, transactions: int) -> None:
        for _number in range(transactions):
            what = events(self.random.randint(1, 4))
            fate = self.random.random()
            try:
                async with self.database.transaction() as connection:
                    await append_many(connection, what[:1])
                    await execute(connection, "SELECT pg_sleep(%s)", [self.random.random() * 0.004])
                    await append_many(connection, what[1:])
                    if fate < 0.1:
                        raise RuntimeError("rolled back")
                    if fate < 0.15:
                        await execute(connection, "SELECT pg_terminate_backend(pg_backend_pid())")
            except (RuntimeError, psycopg.OperationalError):
                continue
            self.committed += [event.subject_id for event in what if event.subject_id]


class _Reader:
    """Keeps what it read with its position, and starts again from there after each accident."""

    def __init__(self, database: Database, seed: int) -> None:
        self.database = database
        self.random = random.Random(seed)
        self.position = 0
        self.seen: list[tuple[int, UUID | None]] = []

    async def step(self) -> bool:
        async with self.database.connection() as connection:
            until = await line(connection)
        fresh = await read_all(self.database, after=self.position)
        if self.random.random() < 0.3:
            return False  # an accident before anything was kept
        part = fresh[: self.random.randint(0, len(fresh))]
        self.seen += [(event.id, event.subject_id) for event in part]
        if part:
            self.position = part[-1].id
        elif not fresh:
            self.position = max(self.position, until)  # as a subscriber moves over what is not for it
        return False


async def test_readers_see_every_committed_event_once_and_in_order_whatever_the_writers_do(
    database: Database,
) -> None:
    storm = _Storm(database, seed=5)
    readers = [_Reader(database, seed) for seed in (1, 2)]
    async with kept_line(database):
        reading = [asyncio.create_task(repeat("r", reader.step, idle_s=0.001)) for reader in readers]
        await asyncio.gather(*(storm.writer(40) for _writer in range(4)))
        for task in reading:
            task.cancel()
        await asyncio.gather(*reading, return_exceptions=True)
    await settled(database)
    assert len(storm.committed) > 200
    for reader in readers:
        rest = [(event.id, event.subject_id) for event in await read_all(database, after=reader.position)]
        everything = reader.seen + rest
        ids = [id for id, _subject in everything]
        assert ids == sorted(set(ids)), "in the order of ids, none twice"
        assert {subject for _id, subject in everything} == set(storm.committed)
        assert len(everything) == len(storm.committed)


async def test_a_timeline_and_the_audit_log_are_read_newest_first_in_pages(database: Database) -> None:
    from safar.journal.actions import of_customer, of_staff

    customer, other, staff = new_id(), new_id(), new_id()
    mine = events(5)
    for number, event in enumerate(mine):
        event.customer_id = customer if number % 2 else other
        event.staff_id = staff if number == 2 else None
    await write(database, [*mine, *events(3)])
    async with database.connection() as connection:
        first = await of_customer(connection, [customer, other], limit=3)
        rest = await of_customer(connection, [customer, other], before=first[-1].id, limit=3)
        assert [event.subject_id for event in first + rest] == [event.subject_id for event in mine[::-1]]
        assert [event.staff_id for event in await of_staff(connection)] == [staff]


async def test_nothing_is_written_for_no_events(database: Database) -> None:
    async with database.transaction() as connection:
        await append_many(connection, [])
        assert await _locks_of(connection) == 0


async def _locks_of(connection: Connection) -> int:
    return int(
        await value(
            connection,
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()",
        )
    )


def test_an_event_is_dated_by_the_clock_in_force() -> None:
    with clock.held(clock.now()) as held:
        assert events(1)[0].at == held.now()
