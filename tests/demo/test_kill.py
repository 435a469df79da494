"""kill -9 of every process in the middle of the rehearsal: nothing is lost, nothing sold twice."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from psycopg import OperationalError

from safar.bench.checker import broken_rules
from safar.demo.retail import choose_hot_product, products
from safar.demo.run import OWNER, Rehearsed, demo_settings, rehearse
from safar.kernel import clock
from safar.kernel.context import Context, make_context
from safar.kernel.database import Connection
from safar.kernel.errors import Overloaded
from safar.orders.links import read_link
from safar.serve import Supervisor
from safar.settings import Settings
from tests.stage.place import processes_of, settings_at
from tests.stage.steady import SteadyBuyer
from tests.stage.thorough import long_form

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("processes")]

CUSTOMERS = long_form(60, 120)
SECONDS = long_form(12.0, 30.0)
_ORDERS_LEAST = 10  # of the buyers who go on to the end of the havoc
_ROLES = ("front", "worker", "console")
# Each line dies in the same moment. "backend": one of PostgreSQL's own processes, which makes the server
# throw out everybody and recover, while its first process lives on.
_ONCE_EACH: tuple[tuple[str, ...], ...] = (
    ("front",),
    ("backend",),
    ("worker", "console"),
    ("postgres", "front", "worker"),
)
_AGAIN_AND_AGAIN = (
    ("front",),
    ("worker",),
    ("backend",),
    ("console",),
    ("postgres",),
    ("front", "worker", "console"),
    ("worker",),
    ("postgres", "front", "worker"),
)
KILLS = long_form(_ONCE_EACH, _AGAIN_AND_AGAIN)


@dataclass(frozen=True, slots=True)
class Stage:
    """What runs."""

    settings: Settings
    supervisor: Supervisor
    context: Context


@asynccontextmanager
async def _running(folder: Path) -> AsyncIterator[Stage]:
    settings = demo_settings(settings_at(folder), customers=CUSTOMERS, seconds=SECONDS)
    supervisor = Supervisor(settings, extra_roles=("mailbox",))
    watching: asyncio.Task[None] | None = None
    try:
        await supervisor.start(OWNER)
        watching = asyncio.create_task(supervisor.watch())
        context = make_context(settings, supervisor.url)
        await context.database.open()
        try:
            yield Stage(settings, supervisor, context)
        finally:
            await context.database.close()
    finally:
        await supervisor.stop()
        if watching is not None:
            await watching


def _kill(supervisor: Supervisor, role: str) -> int:
    """Kill one process of that role; return how many died: none, if it has just died of its own accord."""
    pids = _backends(next(supervisor.pids("postgres"))) if role == "backend" else supervisor.pids(role)
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            return 1
    return 0


def _backends(postmaster: int) -> Iterator[int]:
    children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
    return (pid for pid in map(int, children) if b"postgres: postgres" in _command(pid))


def _command(pid: int) -> bytes:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    return b""


async def _make_havoc(stage: Stage, buyers: list[SteadyBuyer]) -> int:
    """Kill what stands in KILLS, line by line, then let the buyers go; return how many processes died."""
    killed = 0
    await _loaded(stage)
    for roles in KILLS:
        await _at_work(stage, buyers)
        killed += sum(_kill(stage.supervisor, role) for role in roles)
    while sum(len(buyer.acknowledged) for buyer in buyers) < _ORDERS_LEAST:
        await asyncio.sleep(0.1)
    await _at_work(stage, buyers)
    for buyer in buyers:
        buyer.enough()
    return killed


async def _at_work(stage: Stage, buyers: list[SteadyBuyer]) -> None:
    """Wait until every process has given a new sign of life and an order was acknowledged, from now on."""
    since, before = clock.now(), sum(len(buyer.acknowledged) for buyer in buyers)
    query = "SELECT count(DISTINCT role) FROM process_beats WHERE beat_at > %s AND role = ANY(%s)"
    while True:
        with suppress(OperationalError, Overloaded):
            async with stage.context.database.connection() as connection:
                ((alive,),) = await _all(connection, query, since, list(_ROLES))
            if alive == len(_ROLES) and sum(len(buyer.acknowledged) for buyer in buyers) > before:
                return
        await asyncio.sleep(0.05)  # other processes, in their own time


async def test_kill_9_in_the_middle_loses_nothing_acknowledged_and_sells_nothing_twice(
    tmp_path: Path,
) -> None:
    hot = choose_hot_product().sku
    skus = [product.sku for product in products() if product.stock > 0 and product.sku != hot]
    async with _running(tmp_path) as stage:
        buyers = [SteadyBuyer(stage.settings.public_url, skus[n * 20 : n * 20 + 20], n) for n in range(2)]
        buying = [asyncio.create_task(_when_loaded(stage, buyer)) for buyer in buyers]
        havoc = asyncio.create_task(_make_havoc(stage, buyers))
        rehearsed = await rehearse(stage.context, customers=CUSTOMERS, seconds=SECONDS)
        killed = await havoc
        await asyncio.gather(*buying)
        assert stage.supervisor.restarts >= killed - KILLS.count(("backend",))

        assert rehearsed.differences == []
        assert rehearsed.figures["oversold"] == rehearsed.figures["messages_lost"] == 0
        assert await asyncio.to_thread(broken_rules, stage.supervisor.url) == {}
        async with stage.context.database.connection() as connection:
            await _check_orders(connection, stage.context, rehearsed, buyers)
            await _check_questions(connection, rehearsed, buyers)
    assert processes_of(tmp_path) == []


async def _when_loaded(stage: Stage, buyer: SteadyBuyer) -> None:
    await _loaded(stage)
    await buyer.buy()


async def _loaded(stage: Stage) -> None:
    """Wait until the shop is full and its campaign stands, which takes as long as the machine needs."""
    while True:
        with suppress(OperationalError):  # havoc has begun, so it does
            async with stage.context.database.connection() as connection:
                if (await _all(connection, "SELECT count(*) FROM campaigns"))[0][0]:
                    return
        await asyncio.sleep(0.05)


async def _all(connection: Connection, query: str, *params: object) -> list[tuple[object, ...]]:
    cursor = await connection.execute(query, params or None)
    return list(await cursor.fetchall())


async def _check_orders(
    connection: Connection, context: Context, rehearsed: Rehearsed, buyers: list[SteadyBuyer]
) -> None:
    states: dict[UUID, str] = dict(await _all(connection, "SELECT id, state FROM orders"))  # type: ignore[arg-type]
    assert [id_ for id_, state in states.items() if state not in ("confirmed", "cancelled")] == []
    told = [urlsplit(path).path.rpartition("/")[2] for path in rehearsed.tally.orders]
    orders = [read_link(context, signed).order_id for signed in told]
    assert orders
    assert [order for order in orders if states.get(order) != "confirmed"] == []
    for buyer in buyers:
        assert buyer.surprises == []
        lost = [
            (order, said, states.get(order))
            for order, said in buyer.acknowledged.items()
            if said == "confirmed" and states.get(order) != "confirmed"
        ]
        assert lost == []
        assert buyer.acknowledged.keys() <= states.keys()


async def _check_questions(connection: Connection, rehearsed: Rehearsed, buyers: list[SteadyBuyer]) -> None:
    """Each question that the shop said it had is a message, once; and nothing waits to be sent."""
    kept = [
        str(row[0])
        for row in await _all(connection, "SELECT external_id FROM messages WHERE direction = 'in'")
    ]
    asked = {
        question.partition(":")[2] for question in rehearsed.tally.questions if question.startswith("chat:")
    }
    asked = asked.union(*(buyer.heard for buyer in buyers))
    found = [external.rpartition(":")[2] for external in kept]
    assert asked
    assert [question for question in asked if found.count(question) != 1] == []
    unended = await _all(
        connection, "SELECT state, count(*) FROM messages WHERE state IN ('queued', 'sending') GROUP BY 1"
    )
    assert unended == []
