"""Two nodes, three workers, twenty variants, mixed baskets, payments of every kind, and a kill -9 every two
seconds: afterwards the books have to agree to the unit.
"""

import asyncio
import os
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
from pydantic import SecretStr

from safar.bench.buying import ITEMS
from safar.bench.http import HttpClient
from safar.bench.settings import bench_settings
from safar.bench.workplace import workplace
from safar.catalogue.actions import import_products
from safar.customers.visitor import COOKIE, new_visitor, signed
from safar.kernel.context import Context, make_context
from safar.kernel.database import rows
from safar.kernel.ids import new_id
from safar.kernel.log import log
from safar.kernel.queries import queries_beside
from safar.kernel.secrets import secret_key
from safar.payments.trial import switch_on_for_trial
from safar.serve import Supervisor
from safar.settings import Settings
from safar.stock import actions as stock

QUERIES = queries_beside(__file__)
_VARIANTS = 20
_BUYERS = 24
_KILL_EVERY_S = 2.0
_RESTOCK_EVERY_S = 1.0
_HOLD_MINUTES = 0.05  # three seconds: the late card pays after the units are no longer kept
_POOL_MAX = 5
_SETTLE_S_MAX = 120.0
_ANSWER_S_MAX = 20.0
_METHODS = ("ok", "ok", "twice", "fail", "late", "slow")
# "backend": one of PostgreSQL's own, which makes the server throw out everybody and recover.
_VICTIMS = ("front", "worker", "backend", "postgres", "front", "worker", "console", "front", "worker")


@dataclass(slots=True)
class BuyersTold:
    """What the buyers were told: the state of each acknowledged order, refusals by code, what was odd."""

    orders: dict[UUID, str] = field(default_factory=dict)
    refusals: Counter[str] = field(default_factory=Counter)
    surprises: Counter[str] = field(default_factory=Counter)
    sent_again: int = 0


@dataclass(frozen=True, slots=True)
class Nodes:
    """Two installations on one database: the first one runs it."""

    first: Supervisor
    second: Supervisor
    context: Context

    @property
    def ports(self) -> tuple[int, int]:
        return self.first.settings.front_port, self.second.settings.front_port


@dataclass(frozen=True, slots=True)
class _Order:
    id: UUID
    state: str


async def measure(seconds: float, buyers: int = _BUYERS) -> dict[str, Any]:
    """Hammer for `seconds`, let everything settle, and have the books read by a separate checker."""
    with workplace() as folder:
        async with nodes(Path(folder)) as running:
            ids = await _stocked(running.context)
            told, end = BuyersTold(), time.monotonic() + seconds
            buying = [_buy(running, told, end, number) for number in range(buyers)]
            havoc, restocking = _kill(running, end), _restock(running.context, ids, end)
            killed, *_nothing = await asyncio.gather(havoc, restocking, *buying)
            settled_s = await _settled(running.context)
            broken = await _checked(running.first.url)
            lost = await _lost(running.context, told)
            return {
                "bench": "hammer",
                "seconds": seconds,
                "orders_acknowledged": len(told.orders),
                "states_told": dict(Counter(told.orders.values())),
                "refusals": dict(told.refusals),
                "sent_again": told.sent_again,
                "killed": killed,
                "settled_s": round(settled_s, 1),
                "acknowledged_and_lost": lost,
                "broken_rules": broken,
                "surprises": dict(told.surprises),
            }


@asynccontextmanager
async def nodes(folder: Path) -> AsyncIterator[Nodes]:
    """Run two fronts on their own ports, two consoles and three workers against one durable PostgreSQL."""
    one = _settings(folder / "one")
    first = Supervisor(one, extra_roles=("worker",))
    watching: list[asyncio.Task[None]] = []
    started: list[Supervisor] = []
    try:
        await first.start("owner@bench.example")
        started.append(first)
        both_sign_with = SecretStr(secret_key(one))
        two = _settings(folder / "two").model_copy(
            update={"database_url": first.url, "secret_key": both_sign_with}
        )
        second = Supervisor(two)
        await second.start("owner@bench.example")
        started.append(second)
        watching = [asyncio.create_task(supervisor.watch()) for supervisor in started]
        context = make_context(one, first.url)
        await context.database.open()
        try:
            yield Nodes(first, second, context)
        finally:
            await context.database.close()
    finally:
        for supervisor in reversed(started):
            await supervisor.stop()
        await asyncio.gather(*watching, return_exceptions=True)


def _settings(folder: Path) -> Settings:
    # Seven processes share the connections of one embedded server, and the checker needs one.
    update = {"hold_minutes": _HOLD_MINUTES, "pool_max": _POOL_MAX}
    return bench_settings(folder).model_copy(update=update)


async def _stocked(context: Context) -> list[UUID]:
    async with context.database.transaction() as connection:
        await switch_on_for_trial(connection)
        ids = await import_products(connection, ITEMS[:_VARIANTS])
    await _receive(context, ids, 50)
    return ids


async def _receive(context: Context, ids: Sequence[UUID], units: int) -> None:
    receipts = [stock.StockReceipt(new_id(), id_, stock.MAIN, units, "bench", None, None) for id_ in ids]
    async with context.database.transaction() as connection:
        await stock.receive_stock_many(connection, receipts)


async def _restock(context: Context, ids: Sequence[UUID], end: float) -> None:
    """Take units in and count some away, so that the shelves are nearly empty all the time."""
    while time.monotonic() < end:
        await asyncio.sleep(_RESTOCK_EVERY_S)
        with suppress(Exception):  # the database was just killed: the next delivery comes in a second
            await _receive(context, random.sample(list(ids), 5), random.randint(1, 30))
            missing = stock.Adjustment(new_id(), random.choice(ids), stock.MAIN, -1, "bench", None, None)
            async with context.database.transaction() as connection:
                await stock.adjust_many(connection, [missing])


async def _buy(running: Nodes, told: BuyersTold, end: float, number: int) -> None:
    """Buy again and again; an order without an answer is sent again, to the other node, under its key."""
    cookie = f"Cookie: {COOKIE}={signed(running.context.vault, new_visitor())}\r\n"
    while time.monotonic() < end:
        skus = random.sample([item.sku for item in ITEMS[:_VARIANTS]], random.randint(1, 4))
        provider = random.choice(("cod", "test", "test"))
        body = orjson.dumps(
            {
                "id": str(new_id()),
                "lines": [{"sku": sku, "quantity": random.randint(1, 3)} for sku in skus],
                "email": f"hammer-{number}@customers.example",
                "name": "Hammer",
                "address": "1 Steady Street",
                "provider": provider,
                "method": random.choice(_METHODS) if provider == "test" else "",
                "language": "en",
            }
        )
        await _order(running, told, cookie, body)


async def _order(running: Nodes, told: BuyersTold, cookie: str, body: bytes) -> None:
    ports = list(running.ports)
    random.shuffle(ports)
    give_up = time.monotonic() + 60
    tries = 0
    while time.monotonic() < give_up:
        status, answer = await _post(ports[tries % 2], cookie, body)
        tries += 1
        told.sent_again += tries > 1
        if status == 201:
            order = orjson.loads(answer)
            told.orders[UUID(order["order"])] = str(order["state"])
            return
        if status in (402, 409):
            told.refusals[str(orjson.loads(answer)["error"])] += 1
            return
        if status not in (0, 410, 429, 503):
            told.surprises[f"{status} {answer[:150].decode(errors='replace')}"] += 1
            return
        await asyncio.sleep(0.1)
    told.surprises["no answer within a minute"] += 1


async def _post(port: int, cookie: str, body: bytes) -> tuple[int, bytes]:
    """Return what was answered; (0, b"") when nothing was."""
    connection = HttpClient("127.0.0.1", port)
    try:
        async with asyncio.timeout(_ANSWER_S_MAX):
            await connection.open()
            return await connection.post_json("/buy", body, cookie)
    except (OSError, TimeoutError):
        return 0, b""
    finally:
        connection.close()


async def _kill(running: Nodes, end: float) -> int:
    """Kill a process every two seconds; return how many died."""
    killed = 0
    while time.monotonic() + _KILL_EVERY_S < end:
        await asyncio.sleep(_KILL_EVERY_S)
        pids = list(_victims(running, _VICTIMS[killed % len(_VICTIMS)]))
        if pids:
            with suppress(ProcessLookupError):
                os.kill(random.choice(pids), signal.SIGKILL)
            killed += 1
    return killed


def _victims(running: Nodes, role: str) -> list[int]:
    if role == "backend":
        return [pid for postmaster in running.first.pids("postgres") for pid in _backends(postmaster)]
    return [*running.first.pids(role), *running.second.pids(role)]


def _backends(postmaster: int) -> list[int]:
    """Return PostgreSQL's processes that serve our connections."""
    found = []
    with suppress(OSError):
        for pid in Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split():
            with suppress(OSError):
                if b"postgres: postgres" in Path(f"/proc/{pid}/cmdline").read_bytes():
                    found.append(int(pid))
    return found


async def _settled(context: Context) -> float:
    """Wait until no payment and no order is open; return how long it took."""
    began = time.monotonic()
    while time.monotonic() - began < _SETTLE_S_MAX:
        try:
            async with context.database.connection() as connection:
                open_ = await (await connection.execute(QUERIES["still_open"])).fetchone()
        except Exception as error:  # the database comes back in a moment
            log.info("hammer.waiting", error=repr(error))
            await asyncio.sleep(0.5)
            continue
        if open_ and open_[0] == 0:
            break
        await asyncio.sleep(0.5)
    return time.monotonic() - began


async def _checked(url: str) -> dict[str, int]:
    """Have the books read by a process of its own."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "safar.bench.checker", url, stdout=asyncio.subprocess.PIPE
    )
    out, _err = await process.communicate()
    if process.returncode:
        raise RuntimeError("the checker could not read the books; it says above why")
    broken: dict[str, int] = orjson.loads(out)
    return broken


async def _lost(context: Context, told: BuyersTold) -> list[str]:
    """Return the acknowledged orders that the books do not have as they were told."""
    async with context.database.connection() as connection:
        orders = await rows(_Order, connection, QUERIES["order_states"], {"ids": list(told.orders)})
    states = {order.id: order.state for order in orders}
    return [
        f"{order_id}: told {state}, is {states.get(order_id)}"
        for order_id, state in told.orders.items()
        if order_id not in states or (state == "confirmed" and states[order_id] != "confirmed")
    ][:20]
