"""The batcher's promises, one by one, on real PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import psycopg
import pytest

from safar.kernel import batcher as batcher_module
from safar.kernel import database as database_module
from safar.kernel.batcher import Batcher
from safar.kernel.context import Context
from safar.kernel.database import Connection, Database, as_json, execute, value
from safar.kernel.errors import DeadlinePassed, Interrupted, Overloaded, SameKeyOtherBody
from safar.kernel.refusals import refused
from safar.settings import Settings
from tests.stage.proxy import Wire, wire_to


@dataclass(frozen=True)
class Note:
    id: int
    text: str = ""


class Notes:
    """A plural verb that keeps notes, idempotent by id; tests can watch it and hold it up."""

    def __init__(self) -> None:
        self.seen: list[list[Note]] = []
        self.entered = asyncio.Event()
        self.may_go_on = asyncio.Event()
        self.may_go_on.set()
        self.inside: Callable[[Connection], Awaitable[None]] | None = None

    async def keep_many(self, connection: Connection, notes: Sequence[Note]) -> list[str]:
        self.seen.append(list(notes))
        await execute(
            connection,
            "INSERT INTO notes (id, text) SELECT id, text FROM json_to_recordset(%(notes)s::json)"
            " AS n (id int, text text) ON CONFLICT (id) DO NOTHING",
            {"notes": as_json(notes)},
        )
        self.entered.set()
        await self.may_go_on.wait()
        if self.inside:
            inside, self.inside = self.inside, None
            await inside(connection)
        if any(note.text == "guilty in Python" for note in notes):
            raise ValueError("guilty")
        await execute(connection, "UPDATE notes SET rounds = rounds + 1 WHERE id = ANY(%s)", [_ids(notes)])
        return [f"kept {note.id}" for note in notes]

    def hold_up(self) -> None:
        self.entered.clear()
        self.may_go_on.clear()


def _ids(notes: Sequence[Note]) -> list[int]:
    return [note.id for note in notes]


@pytest.fixture
def notes() -> Notes:
    return Notes()


@pytest.fixture
async def table(database: Database) -> Database:
    async with database.connection() as connection:
        await execute(
            connection,
            "CREATE TABLE notes (id int PRIMARY KEY, text text CHECK (text <> 'guilty in SQL'),"
            " place bigserial, rounds int NOT NULL DEFAULT 0)",
        )
    return database


async def _kept(database: Database) -> list[int]:
    async with database.connection() as connection:
        return list(await value(connection, "SELECT coalesce(array_agg(id ORDER BY place), '{}') FROM notes"))


async def test_a_lone_call_is_a_batch_of_one_and_waits_for_nobody(table: Database, notes: Notes) -> None:
    batcher = Batcher(table, notes.keep_many)
    for number in range(5):
        assert await batcher.submit(Note(number)) == f"kept {number}"
    assert notes.seen == [[Note(number)] for number in range(5)]
    assert (batcher.batches, batcher.calls) == (5, 5)


async def test_calls_that_arrive_while_a_batch_is_in_flight_are_committed_together(
    table: Database, notes: Notes
) -> None:
    batcher = Batcher(table, notes.keep_many)
    notes.hold_up()
    calls = [asyncio.create_task(batcher.submit(Note(number))) for number in range(400)]
    await notes.entered.wait()
    notes.may_go_on.set()
    await asyncio.gather(*calls)
    assert batcher.calls == 400
    assert batcher.batches <= 12, "concurrent calls must share transactions"


async def test_calls_are_served_in_order_of_arrival_each_with_its_own_outcome(
    table: Database, notes: Notes
) -> None:
    batcher = Batcher(table, notes.keep_many, size_max=32)
    numbers = [(number * 37) % 301 for number in range(301)]
    outcomes = await asyncio.gather(*(batcher.submit(Note(number)) for number in numbers))
    assert outcomes == [f"kept {number}" for number in numbers]
    assert [note.id for batch in notes.seen for note in batch] == numbers
    assert await _kept(table) == numbers
    assert max(map(len, notes.seen)) <= 32, "no batch is larger than its limit"


async def test_with_two_lanes_a_second_batch_is_under_way_while_the_first_waits(
    table: Database, notes: Notes
) -> None:
    batcher = Batcher(table, notes.keep_many, lanes=2)
    notes.hold_up()
    calls = [asyncio.create_task(batcher.submit(Note(number))) for number in range(200)]
    while len(notes.seen) < 2:
        await asyncio.sleep(0)
    held_up = [note.id for batch in notes.seen for note in batch]
    assert len(set(held_up)) == len(held_up) < 200, "no call is in two batches"
    notes.may_go_on.set()
    assert await asyncio.gather(*calls) == [f"kept {number}" for number in range(200)]
    await batcher.drained()
    assert sorted(note.id for batch in notes.seen for note in batch) == list(range(200))


async def test_a_lone_call_does_not_open_a_second_lane(table: Database, notes: Notes) -> None:
    batcher = Batcher(table, notes.keep_many, lanes=2)
    notes.hold_up()
    calls = [asyncio.create_task(batcher.submit(Note(number))) for number in range(10)]
    await notes.entered.wait()
    calls += [asyncio.create_task(batcher.submit(Note(number))) for number in range(10, 20)]
    await asyncio.sleep(0)
    assert len(notes.seen) == 1
    notes.may_go_on.set()
    assert len(await asyncio.gather(*calls)) == 20


@pytest.mark.parametrize(
    ("guilty", "error"),
    [("guilty in Python", ValueError), ("guilty in SQL", psycopg.errors.CheckViolation)],
)
async def test_a_failing_request_alone_gets_the_error(
    table: Database, notes: Notes, guilty: str, error: type[Exception]
) -> None:
    batcher = Batcher(table, notes.keep_many)
    bad = {0, 13, 49, 99}
    requests = [Note(number, guilty if number in bad else "fine") for number in range(100)]
    outcomes = await asyncio.gather(*map(batcher.submit, requests), return_exceptions=True)
    for number, outcome in enumerate(outcomes):
        if number in bad:
            assert isinstance(outcome, error)
        else:
            assert outcome == f"kept {number}"
    assert sorted(await _kept(table)) == [number for number in range(100) if number not in bad]
    async with table.connection() as connection:
        rounds = await value(connection, "SELECT array_agg(DISTINCT rounds) FROM notes")
    assert rounds == [1], "a batch that failed leaves nothing behind: each note is written once"
    assert await batcher.submit(Note(500)) == "kept 500"


async def test_an_outcome_too_few_is_an_error_not_a_mix_up(table: Database) -> None:
    async def forgetful(connection: Connection, requests: Sequence[int]) -> list[int]:
        return list(requests)[:-1]

    with pytest.raises(RuntimeError, match="1 requests got 0 outcomes"):
        await Batcher(table, forgetful).submit(1)


async def test_a_full_queue_refuses_at_once(table: Database, notes: Notes) -> None:
    batcher = Batcher(table, notes.keep_many, queue_max=3)
    notes.hold_up()
    first = asyncio.create_task(batcher.submit(Note(0)))
    await notes.entered.wait()
    waiting = [asyncio.create_task(batcher.submit(Note(number))) for number in (1, 2, 3)]
    await asyncio.sleep(0)  # each has taken its place in the queue
    with pytest.raises(Overloaded):
        batcher.submit(Note(4)).send(None)  # before it ever gives way to another task
    notes.may_go_on.set()
    await asyncio.gather(first, *waiting)
    assert await batcher.submit(Note(5)) == "kept 5"
    assert await _kept(table) == [0, 1, 2, 3, 5]


async def test_a_deadline_drops_a_waiting_call_but_never_one_whose_batch_has_begun(
    table: Database, notes: Notes
) -> None:
    batcher = Batcher(table, notes.keep_many, deadline_s=0.2)

    async def slow(connection: Connection) -> None:
        await execute(connection, "SELECT pg_sleep(0.3)")

    notes.inside = slow
    first = asyncio.create_task(batcher.submit(Note(0)))
    await notes.entered.wait()
    late = asyncio.create_task(batcher.submit(Note(1)))
    assert await first == "kept 0", "its batch had begun: late, but committed and told so"
    with pytest.raises(DeadlinePassed):
        await late
    assert await _kept(table) == [0]
    assert notes.seen == [[Note(0)]], "what was dropped never reached the verb"


async def test_a_lock_that_does_not_come_free_ends_in_bounded_time_for_all(
    table: Database, database_url: str, notes: Notes
) -> None:
    await Batcher(table, notes.keep_many).submit(Note(0))
    notes.seen.clear()
    hurried = Database(database_url, Settings(lock_timeout_ms=60, pool_min=1, pool_max=2))
    await hurried.open()
    try:
        batcher = Batcher(hurried, notes.keep_many, deadline_s=0.1)
        async with table.transaction() as blocker:
            await execute(blocker, "SELECT 1 FROM notes WHERE id = 0 FOR UPDATE")
            calls = [batcher.submit(Note(0, f"again {number}")) for number in range(64)]
            outcomes = await asyncio.gather(*calls, return_exceptions=True)
        assert {type(outcome) for outcome in outcomes} <= {DeadlinePassed, psycopg.errors.LockNotAvailable}
        assert len(notes.seen) < 12, "halving must not wait for the same lock once for each request"
        assert await batcher.submit(Note(7)) == "kept 7"
    finally:
        await hurried.close()


async def test_a_cancelled_caller_disturbs_nobody(table: Database, notes: Notes) -> None:
    batcher = Batcher(table, notes.keep_many)
    notes.hold_up()
    running = [asyncio.create_task(batcher.submit(Note(number))) for number in (0, 1)]
    await notes.entered.wait()
    waiting = [asyncio.create_task(batcher.submit(Note(number))) for number in (2, 3, 4)]
    await asyncio.sleep(0)
    for cancelled in (running[0], waiting[1]):
        cancelled.cancel()
    notes.may_go_on.set()
    outcomes = await asyncio.gather(*running, *waiting, return_exceptions=True)
    assert [outcomes[1], outcomes[2], outcomes[4]] == ["kept 1", "kept 2", "kept 4"]
    assert all(isinstance(outcomes[place], asyncio.CancelledError) for place in (0, 3))
    assert await _kept(table) == [0, 1, 2, 4], "begun is done, not begun is dropped"


async def test_a_killed_backend_in_the_middle_of_a_batch_goes_unnoticed(
    table: Database, notes: Notes
) -> None:
    batcher = Batcher(table, notes.keep_many)

    async def killed(connection: Connection) -> None:
        async with table.connection() as other:
            await execute(other, "SELECT pg_terminate_backend(%s)", [connection.info.backend_pid])

    notes.inside = killed
    outcomes = await asyncio.gather(*(batcher.submit(Note(number)) for number in range(50)))
    assert outcomes == [f"kept {number}" for number in range(50)]
    assert sorted(await _kept(table)) == list(range(50))


@asynccontextmanager
async def _through(wire: Wire) -> AsyncIterator[Database]:
    settings = Settings(pool_min=1, pool_max=2)
    database = Database(wire.url, settings)
    await database.open()
    try:
        yield database
    finally:
        await database.close()


@pytest.mark.parametrize("cut", ["before_commit", "after_commit"])
async def test_a_commit_whose_answer_is_lost_is_settled_by_idempotency(
    table: Database, database_url: str, notes: Notes, cut: str
) -> None:
    async with wire_to(database_url) as wire, _through(wire) as database:
        batcher = Batcher(database, notes.keep_many)
        await batcher.submit(Note(0))
        wire.cut_next = cut  # type: ignore[assignment]
        outcomes = await asyncio.gather(*(batcher.submit(Note(number)) for number in range(1, 30)))
    assert wire.cuts == 1
    assert outcomes == [f"kept {number}" for number in range(1, 30)]
    assert await _kept(table) == list(range(30))
    async with table.connection() as connection:
        rounds = await value(connection, "SELECT max(rounds) FROM notes")
    assert rounds == (2 if cut == "after_commit" else 1), "the cut must have been where we meant it"


async def test_while_the_database_is_away_calls_are_refused_honestly(
    table: Database, database_url: str, notes: Notes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "_POOL_WAIT_S", 0.1)
    monkeypatch.setattr(batcher_module, "_SETTLE_S_MAX", 0.5)
    async with wire_to(database_url) as wire, _through(wire) as database:
        batcher = Batcher(database, notes.keep_many, deadline_s=0.3)
        wire.stays_down = True
        wire.cut_next = "after_commit"
        written = await asyncio.gather(*map(batcher.submit, map(Note, range(8))), return_exceptions=True)
        assert {type(outcome) for outcome in written} == {Interrupted}, "nobody may say that nothing changed"
        unwritten = await asyncio.gather(
            *map(batcher.submit, map(Note, range(8, 16))), return_exceptions=True
        )
        assert {type(outcome) for outcome in unwritten} == {Overloaded}
        wire.stays_down = False
        async with asyncio.timeout(20):
            while True:
                try:
                    assert await batcher.submit(Note(99)) == "kept 99"
                    break
                except Overloaded:
                    continue
    assert await _kept(table) == [*range(8), 99]


async def test_a_process_has_one_batcher_for_each_verb(context: Context, table: Database) -> None:
    async def double_many(connection: Connection, requests: Sequence[int]) -> list[int]:
        return [2 * request for request in requests]

    assert context.batchers.of(double_many) is context.batchers.of(double_many)
    assert await asyncio.gather(*(context.batched(double_many, number) for number in range(50))) == [
        2 * number for number in range(50)
    ]
    assert context.batchers.of(double_many).batches <= 4


@pytest.mark.finding("security-10")
async def test_what_a_verb_refuses_is_its_callers_alone_and_costs_no_transaction(table: Database) -> None:
    transactions = 0

    async def strict_many(_connection: Connection, numbers: Sequence[int]) -> list[int]:
        nonlocal transactions
        transactions += 1
        return [refused(SameKeyOtherBody()) if number % 5 == 0 else number for number in numbers]

    outcomes = await asyncio.gather(
        *map(Batcher(table, strict_many).submit, range(20)), return_exceptions=True
    )
    assert [number for number in range(20) if isinstance(outcomes[number], SameKeyOtherBody)] == [
        0,
        5,
        10,
        15,
    ]
    assert [outcome for outcome in outcomes if isinstance(outcome, int)] == [n for n in range(20) if n % 5]
    assert transactions == 1


@pytest.mark.finding("security-10")
@pytest.mark.parametrize("kind", [Note, lambda number, text: [number, text]])
async def test_a_request_that_was_guilty_once_is_asked_alone_from_then_on(
    table: Database, kind: Callable[[int, str], object]
) -> None:
    sizes = []

    async def strict_many(_connection: Connection, asked: Sequence[object]) -> list[object]:
        sizes.append(len(asked))
        if guilty in asked:
            raise ValueError("guilty")
        return list(asked)

    guilty = kind(7, "guilty")
    batcher = Batcher(table, strict_many)
    for turn in range(2):
        sizes.clear()
        asked = [kind(number, "good") for number in range(16)]
        outcomes = await asyncio.gather(*map(batcher.submit, [*asked, guilty]), return_exceptions=True)
        assert outcomes[:16] == asked
        assert isinstance(outcomes[16], ValueError)
        assert turn == 0 or sorted(sizes) == [1, 16]


@dataclass(frozen=True)
class _Heavy:
    size_bytes: int


@pytest.mark.finding("security-10")
async def test_a_batch_and_a_queue_have_a_bound_in_bytes_too(table: Database) -> None:
    sizes = []

    async def carry_many(_connection: Connection, loads: Sequence[_Heavy]) -> list[int]:
        sizes.append(sum(load.size_bytes for load in loads))
        return [load.size_bytes for load in loads]

    batcher = Batcher(table, carry_many)
    mega = 1024 * 1024
    assert await batcher.submit(_Heavy(100 * mega)) == 100 * mega, "one alone is carried whatever it weighs"
    sizes.clear()
    outcomes = await asyncio.gather(
        *(batcher.submit(_Heavy(3 * mega)) for _load in range(24)), return_exceptions=True
    )
    assert max(sizes) <= 8 * mega
    assert sum(isinstance(outcome, Overloaded) for outcome in outcomes) == 3, "64 MB wait, no more"
    assert await batcher.submit(_Heavy(mega)) == mega


@pytest.mark.finding("security-10")
async def test_who_needs_a_row_that_another_has_locked_waits_alone(table: Database, notes: Notes) -> None:
    batcher = Batcher(table, notes.keep_many)
    await batcher.submit(Note(0))
    async with table.transaction() as blocker:
        await execute(blocker, "SELECT 1 FROM notes WHERE id = 0 FOR UPDATE")
        waiting = asyncio.create_task(batcher.submit(Note(0)))
        async with asyncio.timeout(4):
            calls = [batcher.submit(Note(number)) for number in range(1, 30)]
            assert await asyncio.gather(*calls) == [f"kept {number}" for number in range(1, 30)]
        assert not waiting.done()
    assert await waiting == "kept 0"
