"""Orders a second over real HTTP on one hot variant that half of the buyers can have."""

import asyncio
import json
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson

from safar.bench.http import Connection
from safar.bench.ports import bench_settings
from safar.capacity.actions import recount
from safar.demo.retail import Product, choose_hot_product
from safar.kernel.context import Context, make_context
from safar.kernel.ids import new_id
from safar.serve import Supervisor
from safar.settings import Settings
from safar.shop.catalogue import import_products
from safar.shop.checkout import buy_many
from safar.shop.decide import OrderRequest
from safar.stock import actions as stock

_CLIENTS = 64
_ROUNDS = 3
_BUYERS_A_SECOND = 2500  # how many buyers a round gets; half as many units
_WARM_UP_BUYERS = 500


@dataclass(slots=True)
class _Round:
    """What the clients of one round were told, and how long each waited (seconds)."""

    statuses: Counter[int] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    waits: list[float] = field(default_factory=list)
    seconds: float = 0.0


async def measure(seconds: float) -> dict[str, Any]:
    """Return outcomes/s at 64 clients, beside the bare HTTP server and the order statements without HTTP."""
    with tempfile.TemporaryDirectory(prefix="safar-bench-", ignore_cleanup_errors=True) as folder:
        async with _running(bench_settings(Path(folder))) as context:
            hot = choose_hot_product()
            variant_id = await _stocked(context, hot)
            port = context.settings.front_port
            await _buy_round(context, variant_id, hot.sku, _WARM_UP_BUYERS)
            rounds, bare_http, bare_orders = [], [], []
            for _round in range(_ROUNDS):
                rounds.append(await _buy_round(context, variant_id, hot.sku, int(_BUYERS_A_SECOND * seconds)))
                bare_http.append(await _bare_http(port, seconds))
                bare_orders.append(await _bare_orders(context, variant_id, seconds))
            figures = _figures(rounds, statistics.median(bare_http), statistics.median(bare_orders))
            return {**figures, **await _books(context, variant_id)}


@asynccontextmanager
async def _running(settings: Settings) -> AsyncIterator[Context]:
    """Run everything as `safar serve` does: front, console, worker and a durable PostgreSQL."""
    supervisor = Supervisor(settings)
    await supervisor.start("owner@bench.example")
    context = make_context(settings, supervisor.url)
    await context.database.open()
    try:
        yield context
    finally:
        await context.database.close()
        await supervisor.stop()


async def _stocked(context: Context, product: Product) -> UUID:
    async with context.database.transaction() as connection:
        (variant_id,) = await import_products(connection, [product])
    return variant_id


async def _receive(context: Context, variant_id: UUID, units: int) -> None:
    receipt = stock.Receipt(new_id(), variant_id, stock.MAIN, units, "bench", None, None)
    async with context.database.transaction() as connection:
        await stock.receive_many(connection, [receipt])


async def _buy_round(context: Context, variant_id: UUID, sku: str, buyers: int) -> _Round:
    """Let `buyers` buy one unit each at 64 clients; there are units for half of them."""
    await _receive(context, variant_id, buyers // 2)
    result = _Round()
    bodies = iter([_body(sku) for _ in range(buyers)])

    async def client() -> None:
        connection = Connection("127.0.0.1", context.settings.front_port)
        await connection.open()
        for body in bodies:
            start = time.perf_counter()
            status, answer = await connection.post_json("/buy", body)
            result.waits.append(time.perf_counter() - start)
            result.statuses[status] += 1
            if status != 201:
                result.refusals[json.loads(answer).get("error", "?")] += 1
        connection.close()

    begin = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(_CLIENTS)))
    result.seconds = time.perf_counter() - begin
    return result


def _body(sku: str) -> bytes:
    order_id = new_id()
    return orjson.dumps({
        "id": str(order_id), "sku": sku, "quantity": 1, "email": f"{order_id.hex}@customers.example",
        "name": "Bench", "address": "1 Loopback Lane", "provider": "cod", "language": "en",
    })  # fmt: skip


async def _bare_http(port: int, seconds: float) -> float:
    """Return requests/s of the same server and clients on a page that does nothing."""
    done = 0
    end = time.perf_counter() + seconds

    async def client() -> None:
        nonlocal done
        connection = Connection("127.0.0.1", port)
        await connection.open()
        while time.perf_counter() < end:
            await connection.get("/health")
            done += 1
        connection.close()

    await asyncio.gather(*(client() for _ in range(_CLIENTS)))
    return done / seconds


async def _bare_orders(context: Context, variant_id: UUID, seconds: float) -> float:
    """Return orders/s of the same plural verb in a loop: no HTTP, no callers, batches of 64."""
    done, busy = 0, 0.0
    begin = time.perf_counter()
    while time.perf_counter() - begin < seconds:
        await _receive(context, variant_id, _CLIENTS)
        batch = [_order(variant_id) for _ in range(_CLIENTS)]
        start = time.perf_counter()
        async with context.database.transaction() as connection:
            await buy_many(connection, batch)
        busy += time.perf_counter() - start
        done += len(batch)
    return done / busy


def _order(variant_id: UUID) -> OrderRequest:
    order_id = new_id()
    return OrderRequest(
        order_id, new_id(), None, None, ((variant_id, 1),), f"{order_id.hex}@customers.example",
        "Bench", "1 Loopback Lane", "en", "cod",
    )  # fmt: skip


async def _books(context: Context, variant_id: UUID) -> dict[str, Any]:
    """Read from the books, not from the clients, whether anything was sold that was not there."""
    async with context.database.connection() as connection:
        levels = await stock.levels(connection, [variant_id])
        on_hand = sum(level.on_hand for level in levels.values())
        wrong = len(await recount(connection)) + len(await stock.recount(connection))
    return {"oversold": max(-on_hand, 0), "left_on_hand": on_hand, "books_wrong": wrong}


def _figures(rounds: list[_Round], bare_http: float, bare_orders: float) -> dict[str, Any]:
    rates = [len(r.waits) / r.seconds for r in rounds]
    waits = sorted(wait for r in rounds for wait in r.waits)
    limit = 1 / (1 / bare_http + 1 / bare_orders)
    return {
        "bench": "checkout",
        "clients": _CLIENTS,
        "outcomes_per_s": round(statistics.median(rates)),
        "p50_ms": round(waits[len(waits) // 2] * 1000, 1),
        "p99_ms": round(waits[len(waits) * 99 // 100] * 1000, 1),
        "statuses": dict(sum((r.statuses for r in rounds), Counter())),
        "losers_are_told": dict(sum((r.refusals for r in rounds), Counter())),
        "bare_http_per_s": round(bare_http),
        "bare_orders_per_s": round(bare_orders),
        "limit_per_s": round(limit),
        "ratio_to_limit": round(statistics.median(rates) / limit, 3),
        "targets": {"outcomes_per_s": 1500, "p99_ms": 250, "oversold": 0},
    }
