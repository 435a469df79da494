"""A database that vanishes without a word is noticed in seconds, and what was under way is settled."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Sequence

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from safar.kernel import connection as connection_module
from safar.kernel import database as database_module
from safar.kernel.batcher import Batcher
from safar.kernel.connection import Connection, reachable
from safar.kernel.database import Database, execute, value
from safar.kernel.errors import Overloaded
from safar.settings import Settings
from tests.stage.proxy import Wire, wire_to

pytestmark = pytest.mark.finding("security-20")


@pytest.fixture
async def wire(database_url: str) -> AsyncIterator[Wire]:
    async with wire_to(database_url) as found:
        yield found


@pytest.fixture
async def hurried(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Database]:
    """A pool of three connections over the wire, with short patience."""
    monkeypatch.setattr(database_module, "_SILENCE_S", 0.1)
    monkeypatch.setattr(connection_module, "_SILENT_S_MIN", 0.1)
    database = Database(wire.url, Settings(statement_timeout_ms=200, pool_min=3, pool_max=3))
    await database.open()
    yield database
    await database.close()


async def test_a_statement_into_the_void_ends_as_a_lost_connection(wire: Wire, hurried: Database) -> None:
    async with hurried.connection() as connection:
        wire.go_silent()
        with pytest.raises(psycopg.OperationalError) as error:
            await value(connection, "SELECT 1")
    assert database_module.connection_lost(error.value)


async def test_one_silent_connection_is_enough_to_trust_none_of_its_age(
    wire: Wire, hurried: Database
) -> None:
    async with hurried.connection() as connection:
        wire.go_silent()
        with pytest.raises(psycopg.OperationalError):
            await value(connection, "SELECT 1")
    async with asyncio.timeout(5):
        for number in range(6):
            async with hurried.connection() as connection:
                assert await value(connection, "SELECT %s", [number]) == number


async def test_a_cancelled_caller_does_not_wait_for_a_server_that_is_gone(
    wire: Wire, hurried: Database
) -> None:
    async def ask() -> None:
        async with hurried.connection() as connection:
            wire.go_silent()
            await value(connection, "SELECT 1")

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await ask()
    async with asyncio.timeout(5), hurried.connection() as connection:
        assert await value(connection, "SELECT 1") == 1


async def test_batches_go_on_after_the_black_hole_and_nothing_is_done_twice(
    wire: Wire, hurried: Database
) -> None:
    async with hurried.transaction() as connection:
        await execute(connection, "CREATE TABLE marks (id int PRIMARY KEY)")

    async def mark_many(connection: Connection, ids: Sequence[int]) -> list[int]:
        known = {"ids": list(ids)}
        await execute(
            connection, "INSERT INTO marks SELECT unnest(%(ids)s::int[]) ON CONFLICT DO NOTHING", known
        )
        return list(ids)

    batcher = Batcher(hurried, mark_many)
    numbers = itertools.count()
    assert await batcher.submit(next(numbers)) == 0
    wire.go_silent()
    async with asyncio.timeout(8):
        asked = [next(numbers) for _call in range(30)]
        assert await asyncio.gather(*map(batcher.submit, asked)) == asked
    async with hurried.connection() as connection:
        assert await value(connection, "SELECT count(*) FROM marks") == 31


async def test_a_full_disk_is_nobodys_fault_and_no_batch_is_halved(database: Database) -> None:
    tries = 0

    async def write_many(_connection: Connection, _requests: Sequence[int]) -> list[int]:
        nonlocal tries
        tries += 1
        raise psycopg.errors.DiskFull

    batcher = Batcher(database, write_many)
    outcomes = await asyncio.gather(*map(batcher.submit, range(20)), return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} == {Overloaded}
    assert tries == 1


def test_every_address_is_watched_and_what_it_says_itself_holds() -> None:
    found = conninfo_to_dict(reachable("postgresql://a,b/shop?tcp_user_timeout=4000"))
    assert (found["tcp_user_timeout"], found["keepalives_idle"], found["connect_timeout"]) == (
        "4000",
        "10",
        "5",
    )
    assert found["target_session_attrs"] == "read-write"
    assert "target_session_attrs" not in conninfo_to_dict(reachable("postgresql://a/shop"))


async def test_of_several_hosts_the_one_that_can_be_written_to_is_taken(
    database_url: str,
) -> None:
    """The first is gone."""
    async with wire_to(database_url) as first, wire_to(database_url) as second:
        first.stays_down = True
        ports = [conninfo_to_dict(one.url)["port"] for one in (first, second)]
        name = conninfo_to_dict(database_url)["dbname"]
        url = (
            f"postgresql://postgres@127.0.0.1:{ports[0]},127.0.0.1:{ports[1]}/{name}"
            "?sslmode=disable&gssencmode=disable"
        )
        database = Database(url, Settings(pool_min=1, pool_max=1))
        await database.open()
        async with database.connection() as connection:
            assert await value(connection, "SELECT current_database()") == name
            assert connection.info.port == int(ports[1] or 0)
        await database.close()
