"""kill -9 of PostgreSQL: what was acknowledged is there, and the line is still right."""

import asyncio
import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import psycopg
import pytest

from safar.journal.line import LineKeeper
from safar.journal.subscribe import Subscriber, register
from safar.kernel import database as database_module
from safar.kernel.database import Connection, Database, execute, value
from safar.kernel.errors import Overloaded
from safar.kernel.migrate import migrate
from safar.kernel.postgres import EmbeddedPostgres
from safar.settings import Settings
from tests.stage.journal import events, line_of, read_all, settled, write


@pytest.fixture
def durable_server() -> Iterator[EmbeddedPostgres]:
    with tempfile.TemporaryDirectory(prefix="safar-crash-", ignore_cleanup_errors=True) as folder:
        server = EmbeddedPostgres(Path(folder), durable=True)
        server.start()
        try:
            migrate(server.url())
            yield server
        finally:
            server.stop()


def _kill_9(server: EmbeddedPostgres) -> None:
    """End the postmaster and all its children at once, as a failing machine would."""
    assert server.process is not None
    postmaster = server.process.pid
    children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
    for pid in (postmaster, *map(int, children)):
        os.kill(pid, signal.SIGKILL)
    server.process.wait(timeout=10)


@pytest.mark.slow
async def test_after_kill_9_every_acknowledged_event_is_there_and_is_read_exactly(
    durable_server: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "_POOL_WAIT_S", 0.4)
    monkeypatch.setattr(database_module, "_RECONNECT_S_MAX", 0.1)
    acknowledged: list[UUID] = []
    maybe: list[UUID] = []
    taken: list[UUID | None] = []
    database = Database(durable_server.url(), Settings(pool_max=8))
    await database.open()
    async with database.transaction() as connection:
        await execute(connection, "CREATE TABLE effects (subject_id uuid)")

    async def take(connection: Connection, given: object) -> None:
        ids = [event.subject_id for event in given]  # type: ignore[attr-defined]
        await execute(connection, "INSERT INTO effects SELECT unnest(%s::uuid[])", [ids])

    subscriber = Subscriber("tester", ("test.happened",), take)
    async with database.transaction() as connection:
        await register(connection, subscriber)

    async def writer() -> None:
        while True:
            what = events(3)
            maybe.extend(event.subject_id for event in what if event.subject_id)
            acknowledged.extend(await write(database, what))

    async def worker() -> None:
        keeper = LineKeeper(database)
        while True:
            await keeper.step()
            await subscriber.step(database)

    async def until_it_dies(work: object) -> None:
        try:
            await work  # type: ignore[misc]
        except (psycopg.OperationalError, Overloaded):
            return

    for round in range(2):
        running = [asyncio.create_task(until_it_dies(work())) for work in (writer, writer, writer, worker)]
        async with asyncio.timeout(20):
            while len(acknowledged) < 150 * (round + 1):
                await asyncio.sleep(0.01)
        _kill_9(durable_server)
        await asyncio.gather(*running)
        await asyncio.to_thread(durable_server.start)

    before = await line_of(database)
    acknowledged += await write(database, events(3))
    assert await settled(database) > before
    found = await read_all(database)
    assert [event.id for event in found] == sorted({event.id for event in found})
    subjects = [event.subject_id for event in found]
    assert len(set(subjects)) == len(subjects)
    assert set(acknowledged) <= set(subjects) <= set(acknowledged) | set(maybe)
    assert found[-1].id > before, "ids after the restart lie beyond the line from before it"

    while await subscriber.step(database):
        continue
    async with database.connection() as connection:
        taken = list(await value(connection, "SELECT array_agg(subject_id) FROM effects"))
    assert sorted(map(str, taken)) == sorted(map(str, subjects)), "each took effect once, across both crashes"
    await database.close()
