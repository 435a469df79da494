"""The database: what the pool lends is alive, and what cannot be had is refused honestly."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import psycopg
import pytest
from pydantic import SecretStr
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from safar.kernel import database as database_module
from safar.kernel.context import make_context
from safar.kernel.database import Database, connection_lost, execute, in_one_trip, row, rows, value
from safar.kernel.errors import Overloaded
from safar.kernel.postgres import EmbeddedPostgres
from safar.kernel.web.access import PublicRoute
from safar.kernel.web.pages import context_of
from safar.kernel.web.surface import Surface, build_surface
from safar.settings import Settings
from tests.stage.serving import Serve


@pytest.fixture
def own_server() -> Iterator[EmbeddedPostgres]:
    """A server of this test's own, to be stopped and started."""
    with tempfile.TemporaryDirectory(prefix="safar-own-", ignore_cleanup_errors=True) as folder:
        server = EmbeddedPostgres(Path(folder), durable=False)
        server.start()
        try:
            yield server
        finally:
            server.stop()


@asynccontextmanager
async def _opened(url: str, **settings: int) -> AsyncIterator[Database]:
    database = Database(url, Settings(**settings))  # type: ignore[arg-type]
    await database.open()
    try:
        yield database
    finally:
        await database.close()


async def _pids(database: Database, count: int) -> set[int]:
    """Use `count` connections at the same time; return their backends."""
    ready = asyncio.Barrier(count)

    async def one() -> int:
        async with database.connection() as connection:
            await ready.wait()
            return int(await value(connection, "SELECT pg_backend_pid()"))

    return set(await asyncio.gather(*(one() for _number in range(count))))


async def test_dead_pooled_connections_do_not_reach_callers(database: Database, database_url: str) -> None:
    async with _opened(database_url, pool_min=4, pool_max=4) as pooled:
        pids = await _pids(pooled, 4)
        async with database.connection() as other:
            for pid in pids:
                assert await value(other, "SELECT pg_terminate_backend(%s, 5000)", [pid])
        assert await _pids(pooled, 4) & pids == set()


async def test_callers_do_not_notice_a_restart_of_the_server(own_server: EmbeddedPostgres) -> None:
    async with _opened(own_server.url(), pool_min=4, pool_max=4) as pooled:
        pids = await _pids(pooled, 4)
        await asyncio.to_thread(own_server.stop)
        await asyncio.to_thread(own_server.start)
        assert await _pids(pooled, 4) & pids == set()


async def test_after_an_outage_the_pool_is_back_within_its_own_wait(
    own_server: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "_POOL_WAIT_S", 0.3)
    monkeypatch.setattr(database_module, "_RECONNECT_S_MAX", 0.2)
    async with _opened(own_server.url(), pool_min=1, pool_max=2) as pooled:
        await asyncio.to_thread(own_server.stop)
        for _caller in range(3):
            with pytest.raises(Overloaded):
                await _pids(pooled, 1)
        await asyncio.to_thread(own_server.start)
        tries = 0
        async with asyncio.timeout(30):
            while True:
                try:
                    await _pids(pooled, 1)
                    break
                except Overloaded:
                    tries += 1
        assert tries <= 2, "the pool must not sit out a pause as long as the outage was"


async def test_a_pool_with_nothing_free_refuses_after_its_wait(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "_POOL_WAIT_S", 0.05)
    async with _opened(database_url, pool_min=1, pool_max=1) as pooled:
        async with pooled.connection():
            with pytest.raises(Overloaded):
                await _pids(pooled, 1)
        assert len(await _pids(pooled, 1)) == 1


async def test_a_transaction_is_committed_on_leaving_and_rolled_back_on_any_error(
    database: Database,
) -> None:
    async with database.connection() as connection:
        await execute(connection, "CREATE TABLE t (n int)")
    async with database.transaction() as connection:
        await execute(connection, "INSERT INTO t VALUES (1)")

    async def fails(error: type[BaseException]) -> None:
        async with database.transaction() as connection:
            await execute(connection, "INSERT INTO t VALUES (2)")
            raise error

    with pytest.raises(ZeroDivisionError):
        await fails(ZeroDivisionError)
    with pytest.raises(asyncio.CancelledError):
        await fails(asyncio.CancelledError)
    async with database.connection() as connection:
        assert await value(connection, "SELECT array_agg(n) FROM t") == [1]


async def test_a_cancelled_caller_gives_its_connection_back(database_url: str) -> None:
    async with _opened(database_url, pool_min=1, pool_max=1) as pooled:

        async def slow() -> None:
            async with pooled.transaction() as connection:
                await execute(connection, "SELECT pg_sleep(20)")

        task = asyncio.create_task(slow())
        done, _pending = await asyncio.wait({task}, timeout=0.1)
        assert not done
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert len(await _pids(pooled, 1)) == 1


async def test_reading_gives_typed_rows(database: Database) -> None:
    class Pair:
        def __init__(self, a: int, b: str) -> None:
            self.a, self.b = a, b

    async with database.connection() as connection:
        found = await row(Pair, connection, "SELECT 1 AS a, 'x' AS b")
        assert found is not None
        assert (found.a, found.b) == (1, "x")
        assert await row(Pair, connection, "SELECT 1 AS a, 'x' AS b WHERE false") is None
        assert len(await rows(Pair, connection, "SELECT n AS a, 'x' AS b FROM generate_series(1, 3) n")) == 3
        assert await value(connection, "SELECT 1 WHERE false") is None


def test_lost_connections_are_told_from_the_servers_answers() -> None:
    assert connection_lost(psycopg.OperationalError("server closed the connection unexpectedly"))
    assert connection_lost(psycopg.InterfaceError("the connection is closed"))
    assert connection_lost(psycopg.errors.AdminShutdown())
    for answered in (
        psycopg.errors.LockNotAvailable(),
        psycopg.errors.QueryCanceled(),
        psycopg.errors.DeadlockDetected(),
        psycopg.errors.PipelineAborted(),
        psycopg.errors.UniqueViolation(),
        ValueError(),
    ):
        assert not connection_lost(answered)


async def _write(request: Request) -> Response:
    async with context_of(request).database.transaction() as connection:
        await execute(connection, "UPDATE t SET n = n + 1")
    return JSONResponse({"done": True})


async def _slow(request: Request) -> Response:
    async with context_of(request).database.transaction() as connection:
        await execute(connection, "SELECT pg_sleep(20)")
    return JSONResponse({"done": True})


async def _dies(request: Request) -> Response:
    async with context_of(request).database.transaction() as connection:
        await execute(connection, "SELECT pg_terminate_backend(pg_backend_pid())")
    return JSONResponse({"done": True})


async def test_what_the_database_cannot_do_now_is_an_honest_answer_over_http(
    database: Database, database_url: str, tmp_path: Path, serve: Serve
) -> None:
    settings = Settings(
        data_dir=tmp_path,
        secret_key=SecretStr("only-for-tests"),
        lock_timeout_ms=50,
        statement_timeout_ms=150,
    )
    hurried = make_context(settings, database_url)
    await hurried.database.open()
    async with database.connection() as connection:
        await execute(connection, "CREATE TABLE t AS SELECT 0 AS n")
    routes = [
        PublicRoute("/write", _write, why="a test", methods=["POST"]),
        PublicRoute("/slow", _slow, why="a test", methods=["POST"]),
        PublicRoute("/dies", _dies, why="a test", methods=["POST"]),
    ]
    base = await serve(build_surface(hurried, Surface("front", lambda request: {}), routes))
    async with httpx.AsyncClient(base_url=base, headers={"accept": "application/json"}) as client:
        async with database.transaction() as blocker:
            await execute(blocker, "SELECT 1 FROM t FOR UPDATE")
            locked = await client.post("/write")
            page = await client.post("/write", headers={"accept": "text/html", "accept-language": "fa"})
        slow = await client.post("/slow")
        dies = await client.post("/dies")
        for answer, code in ((locked, "overloaded"), (slow, "overloaded"), (dies, "interrupted")):
            assert answer.status_code == 503
            assert answer.json()["error"] == code
            assert int(answer.headers["retry-after"]) > 0
        assert page.status_code == 503
        assert page.headers["retry-after"]
        assert 'dir="rtl"' in page.text
        assert (await client.post("/write")).json() == {"done": True}
    async with database.connection() as connection:
        assert await value(connection, "SELECT n FROM t") == 1, "what was refused changed nothing"
    await hurried.database.close()


async def test_a_shop_in_a_schema_of_its_own_stays_in_it(database_url: str, settings: Settings) -> None:
    """One schema a shop, named in the connection string: our own options must not displace it."""
    database = Database(f"{database_url}&options=-csearch_path%3Dmyshop", settings)
    await database.open()
    try:
        async with database.connection() as connection:
            assert await value(connection, "SHOW search_path") == "myshop"
            assert await value(connection, "SHOW lock_timeout") == f"{settings.lock_timeout_ms // 1000}s"
    finally:
        await database.close()


async def test_calls_in_one_trip_bring_each_its_own_answer(database: Database) -> None:
    async with database.transaction() as connection:

        async def twice(number: int) -> int:
            first = await value(connection, "SELECT %s::int", [number])
            return int(await value(connection, "SELECT %s::int * 2", [first]))

        async def both() -> list[int]:
            return list(await in_one_trip(connection, twice(3), twice(4)))

        assert await in_one_trip(connection, twice(1), both(), twice(2)) == [2, [6, 8], 4]
        assert await value(connection, "SELECT 5") == 5


async def test_of_calls_in_one_trip_the_guilty_one_is_told(database: Database) -> None:
    async with database.connection() as connection:
        with pytest.raises(psycopg.errors.DivisionByZero):
            await in_one_trip(
                connection,
                value(connection, "SELECT 1"),
                value(connection, "SELECT 1 / 0"),
                value(connection, "SELECT 2"),
            )
        assert await value(connection, "SELECT 3") == 3


async def test_in_one_trip_the_first_statements_run_in_the_order_of_the_calls(database: Database) -> None:
    async with database.connection() as connection:
        await execute(connection, "CREATE SEQUENCE turns")
        calls = [value(connection, "SELECT nextval('turns')") for _ in range(20)]
        assert await in_one_trip(connection, *calls) == list(range(1, 21))
