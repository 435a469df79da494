"""Trips: what is asked at once is one message, BEGIN and COMMIT ride with it, and nothing is mixed up."""

import asyncio
import contextlib
import inspect
from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import pq
from psycopg.adapt import Transformer

from safar.kernel import statements, trip
from safar.kernel.database import (
    Connection,
    Database,
    execute,
    in_one_trip,
    row,
    rows,
    send,
    transaction,
    tuples,
    value,
    values,
)

_SLEEPS = "SELECT count(*) FROM pg_stat_activity WHERE pid = %s AND wait_event = 'PgSleep'"


@dataclass(frozen=True, slots=True)
class Pair:
    """Fields in another order than the columns."""

    second: str
    first: int


@pytest.fixture
async def connection(database: Database) -> AsyncIterator[Connection]:
    async with database.connection() as lent:
        await execute(lent, "CREATE TEMP TABLE notes (id int PRIMARY KEY, said text)")
        yield lent
        await execute(lent, "DROP TABLE notes")


async def _notes(connection: Connection) -> list[tuple[int, str]]:
    return await tuples(connection, "SELECT id, said FROM notes ORDER BY id")


def _messages(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list to which each trip adds how many statements it took."""
    sizes: list[int] = []
    leave = trip.Trips._leave

    def counted(self: trip.Trips) -> None:
        before = self._under_way
        waiting = len(self._asks)
        leave(self)
        if self is connection.trips and self._under_way and not before:
            sizes.append(waiting)

    monkeypatch.setattr(trip.Trips, "_leave", counted)
    return sizes


def test_what_it_rests_on_in_the_driver_is_still_there() -> None:
    wire = "enter_pipeline_mode exit_pipeline_mode pipeline_sync send_query_params send_prepare"
    wire += " send_query_prepared flush consume_input is_busy get_result socket status transaction_status"
    assert {*wire.split()} <= {*dir(pq.PGconn)}
    assert {"dump_sequence", "set_pgresult", "load_rows", "types", "formats"} <= {*dir(Transformer)}
    result = "status ntuples nfields fname command_tuples command_status"
    assert {*result.split()} <= {*dir(pq.PGresult)}
    assert "prepare_threshold" in inspect.signature(psycopg.AsyncConnection.connect).parameters


async def test_values_of_every_kind_come_and_go(connection: Connection) -> None:
    id_ = uuid4()
    query = (
        "SELECT %(a)s::int + %(a)s::int, %(b)s::text, %(c)s::uuid, %(d)s::int[], %(e)s::jsonb, %(f)s::bool"
    )
    query += ", '100%%'"
    params = {"a": 2, "b": "ہ %s", "c": id_, "d": [1, 2], "e": '{"x": 1}', "f": None}
    assert await tuples(connection, query, params) == [(4, "ہ %s", id_, [1, 2], {"x": 1}, None, "100%")]
    assert await value(connection, "SELECT %s::int - %s::int", [5, 3]) == 2
    assert await value(connection, "SELECT '%s'") == "%s", "without values a percent sign is one"
    assert await value(connection, "SELECT %(raw)b::bytea", {"raw": b"\x00\xff"}) == b"\x00\xff"
    assert await values(connection, "SELECT generate_series(1, 3)") == [1, 2, 3]
    assert await value(connection, "SELECT 1 WHERE false") is None


async def test_a_value_that_is_missing_is_said_at_once(connection: Connection) -> None:
    with pytest.raises(psycopg.ProgrammingError, match="missing: 'b'"):
        await value(connection, "SELECT %(a)s, %(b)s", {"a": 1})
    with pytest.raises(psycopg.ProgrammingError, match="2 places got 1"):
        await value(connection, "SELECT %s, %s", [1])


async def test_rows_are_made_by_the_names_of_their_columns(connection: Connection) -> None:
    assert await rows(Pair, connection, "SELECT 1 AS first, 'b' AS second") == [Pair("b", 1)]
    assert await row(Pair, connection, "SELECT 'b' AS second, 1 AS first") == Pair("b", 1)
    assert await row(dict, connection, "SELECT 1 AS first") == {"first": 1}
    with pytest.raises(TypeError):
        await rows(Pair, connection, "SELECT 1 AS first, 'b' AS third")
    assert await value(connection, "SELECT 1") == 1, "and the connection goes on"


async def test_what_is_asked_at_once_is_one_message(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = _messages(connection, monkeypatch)
    found = await in_one_trip(connection, *[value(connection, "SELECT %s::int", [n]) for n in range(5)])
    assert (found, sizes) == ([0, 1, 2, 3, 4], [5])


async def test_begin_goes_with_what_is_asked_first_and_commit_with_what_was_sent_last(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = _messages(connection, monkeypatch)
    async with transaction(connection):
        assert await value(connection, "SELECT count(*) FROM notes") == 0
        send(connection, "INSERT INTO notes VALUES (1, 'a')")
        send(connection, "INSERT INTO notes VALUES (2, 'b')")
    assert sizes == [1, 3], "BEGIN comes on top of the first"
    assert await _notes(connection) == [(1, "a"), (2, "b")]
    async with transaction(connection):
        pass
    assert len(sizes) == 3, "a transaction in which nothing is asked costs nothing"


async def _twice_one(connection: Connection, *, then_ask: bool = False) -> None:
    async with transaction(connection):
        send(connection, "INSERT INTO notes VALUES (1, 'a'), (1, 'b')")
        if then_ask:
            await value(connection, "SELECT 1")


async def test_an_error_of_what_nobody_waits_for_is_the_error_of_what_it_went_with(
    connection: Connection,
) -> None:
    with pytest.raises(psycopg.errors.UniqueViolation):
        await _twice_one(connection)
    with pytest.raises(psycopg.errors.UniqueViolation):
        await _twice_one(connection, then_ask=True)
    with pytest.raises(RuntimeError, match="outside a transaction"):
        send(connection, "INSERT INTO notes VALUES (1, 'a')")
    assert await _notes(connection) == []


async def _given_up(connection: Connection, id_: int) -> None:
    async with transaction(connection):
        send(connection, "INSERT INTO notes VALUES (%s, 'a')", [id_])
        raise KeyError


async def test_what_was_sent_is_undone_with_its_block(connection: Connection) -> None:
    with pytest.raises(KeyError):
        await _given_up(connection, 1)
    async with transaction(connection):
        send(connection, "INSERT INTO notes VALUES (2, 'b')")
        with pytest.raises(KeyError):
            await _given_up(connection, 3)
        async with transaction(connection):
            send(connection, "INSERT INTO notes VALUES (4, 'd')")
    assert await _notes(connection) == [(2, "b"), (4, "d")]


async def _error_swallowed(connection: Connection) -> None:
    async with transaction(connection):
        send(connection, "INSERT INTO notes VALUES (1, 'a')")
        with contextlib.suppress(psycopg.errors.DivisionByZero):
            await value(connection, "SELECT 1 / 0")


async def test_a_transaction_whose_error_was_swallowed_does_not_seem_committed(
    connection: Connection,
) -> None:
    with pytest.raises(psycopg.errors.InFailedSqlTransaction):
        await _error_swallowed(connection)
    assert await _notes(connection) == []


async def test_the_drivers_own_statements_keep_their_place(connection: Connection) -> None:
    async with transaction(connection):
        send(connection, "INSERT INTO notes VALUES (1, 'a')")
        found = await connection.execute("SELECT count(*) FROM notes")
        assert await found.fetchone() == (1,)
        send(connection, "INSERT INTO notes VALUES (2, 'b')")
    async with connection.transaction():
        send(connection, "INSERT INTO notes VALUES (3, 'c')")
    assert [id_ for id_, _said in await _notes(connection)] == [1, 2, 3]


async def test_statements_are_prepared_after_a_while_and_only_so_many(connection: Connection) -> None:
    for number in range(trip._PREPARED_MAX + 20):
        query = f"SELECT {number} + %(n)s::int"
        for n in range(trip._PREPARED_AFTER + 1):
            assert await connection.trips.ask(query, {"n": n}, statements.load_firsts) == [number + n]
    count = "SELECT count(*) FROM pg_prepared_statements"
    assert await value(connection, count) == trip._PREPARED_MAX
    await connection.execute("DEALLOCATE ALL")
    with pytest.raises(psycopg.errors.InvalidSqlStatementName):
        await connection.trips.ask(query, {"n": 1}, statements.load_firsts)
    assert await connection.trips.ask(query, {"n": 1}, statements.load_firsts) == [number + 1], (
        "once, then anew"
    )


async def test_a_statement_that_cannot_be_prepared_leaves_no_name_behind(connection: Connection) -> None:
    for _try in range(trip._PREPARED_AFTER + 3):
        with pytest.raises(psycopg.errors.UndefinedTable):
            await value(connection, "SELECT 1 FROM no_such_table")
    await execute(connection, "CREATE TEMP TABLE no_such_table ()")
    assert await value(connection, "SELECT 1 FROM no_such_table") is None


async def test_large_values_and_large_answers_pass(connection: Connection) -> None:
    large = "x" * 3_000_000
    found = await in_one_trip(
        connection, *[value(connection, "SELECT %(large)s::text", {"large": large}) for _ask in range(4)]
    )
    assert [len(one) for one in found] == [len(large)] * 4


async def test_a_caller_who_leaves_ends_what_was_under_way(database: Database) -> None:
    async def sleeper(pids: list[int]) -> None:
        async with database.transaction() as connection:
            pids.append(await value(connection, "SELECT pg_backend_pid()"))
            await value(connection, "SELECT pg_sleep(60)")

    pids: list[int] = []
    task = asyncio.create_task(sleeper(pids))
    async with asyncio.timeout(20), database.connection() as connection:
        while not pids or not await value(
            connection,
            _SLEEPS,
            pids,
        ):
            await asyncio.sleep(0.001)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        state = "SELECT state FROM pg_stat_activity WHERE pid = %s"
        assert await value(connection, state, pids) == "idle"


async def test_two_who_are_asked_at_once_get_their_own_errors(connection: Connection) -> None:
    found = await asyncio.gather(
        value(connection, "SELECT 1"),
        value(connection, "SELECT 1 / 0"),
        value(connection, "SELECT 2"),
        return_exceptions=True,
    )
    assert found[0] == 1
    assert isinstance(found[1], psycopg.errors.DivisionByZero)
    assert isinstance(found[2], psycopg.Error)
    assert await value(connection, "SELECT 3") == 3


async def test_a_connection_that_is_lost_on_a_trip_is_lost_for_all_of_it(database: Database) -> None:
    async with database.connection() as doomed, database.connection() as other:
        pid: int = await value(doomed, "SELECT pg_backend_pid()")
        asking = asyncio.gather(
            value(doomed, "SELECT pg_sleep(60)"), value(doomed, "SELECT 1"), return_exceptions=True
        )
        while not await value(other, _SLEEPS, [pid]):
            await asyncio.sleep(0.001)
        await value(other, "SELECT pg_terminate_backend(%s)", [pid])
        errors = await asking
        assert all(isinstance(error, psycopg.OperationalError) for error in errors)
    async with database.connection() as another:
        assert await value(another, "SELECT 1") == 1


def test_a_kind_takes_its_columns_in_any_order_and_refuses_others() -> None:
    assert statements.maker_of(Pair, ["first", "second"])((1, "b")) == Pair("b", 1)
    assert statements.maker_of(UUID, ["int"])((7,)) == UUID(int=7)
    with pytest.raises(TypeError):
        statements.maker_of(Pair, ["first"])((1,))
