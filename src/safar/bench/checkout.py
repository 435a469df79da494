"""Orders a second over real HTTP: one hot variant that half of the buyers can have, a thousand of them,
baskets of five lines, and the whole way from an empty cart; beside the rows of an order written bare.
"""

import asyncio
import random
import statistics
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson

from safar.app import when_answering
from safar.bench.buying import (
    ADDRESS,
    CLIENTS,
    ITEMS,
    admitted,
    basket_body,
    books_of,
    browsers,
    buy,
    buy_body,
    buy_spread,
    fill_warehouse,
    hot,
    installation,
    stocked,
)
from safar.bench.cpu import cpu_ms, per_unit
from safar.bench.flood import (
    FloodOutcome,
    Script,
    cookies_set,
    error_of,
    flood,
    one_by_one,
    post,
)
from safar.bench.settings import bench_settings
from safar.bench.workplace import workplace
from safar.kernel.context import Context
from safar.kernel.ids import new_id
from safar.kernel.ports import reserve_port
from safar.settings import Settings
from safar.stock import actions as stock

_ROUNDS = 3


_BUYERS_A_SECOND = 3000  # how many buyers a round gets for each second it is meant to last


_FLOWS_A_SECOND = 600


_LINES = 5


_SECOND = UUID(int=2)


_LIMITS = ("order_units_max", "unpaid_orders_max", "unpaid_orders_network", "unpaid_share_percent")


_TARGETS = {"ratio_to_bare": 0.4, "flow_orders_per_s": 600, "oversold": 0}


async def measure(seconds: float) -> dict[str, Any]:
    """Return outcomes/s of each kind of buying at 64 clients, and what an order costs each process.

    The bare limit, a server that writes the rows of an order of one line, is taken between the rounds.
    """
    with workplace() as folder:
        usual = {name: Settings.model_fields[name].default for name in _LIMITS}
        async with installation(bench_settings(Path(folder)).model_copy(update=usual)) as (
            supervisor,
            context,
        ):
            ids = await stocked(context)
            await _open_second_warehouse(context)
            port = context.settings.front_port
            shop = _Shop(context, port, ids, await admitted(port, CLIENTS))
            buyers, flows = int(_BUYERS_A_SECOND * seconds), int(_FLOWS_A_SECOND * seconds)
            async with _bare(context, ids[-1]) as bare_port:
                kinds: dict[str, Callable[[], Awaitable[FloodOutcome]]] = {
                    "": lambda: hot(context, shop.port, ids, shop.passes, buyers),
                    "bare_": lambda: _bare_round(context, bare_port, ids[-1], buyers),
                    "variants_1000_": lambda: buy_spread(context, shop.port, ids, shop.passes, buyers),
                    "baskets_5_": lambda: _baskets(context, shop.port, ids, shop.passes, buyers // 2),
                    "cards_": lambda: _cards(shop, buyers // 2),
                    "two_locations_": lambda: _two_locations(shop, buyers // 2),
                    "flow_": lambda: _flows(context, shop.port, ids, shop.passes, flows),
                }
                await hot(context, shop.port, ids, shop.passes, 500)  # to warm up
                outcomes: dict[str, list[FloodOutcome]] = {kind: [] for kind in kinds}
                costs: dict[str, list[dict[str, float]]] = {kind: [] for kind in kinds}
                for _round in range(_ROUNDS):
                    for kind, run in kinds.items():
                        before = cpu_ms(supervisor)
                        outcome = await run()
                        outcomes[kind].append(outcome)
                        units = outcome.done if kind == "flow_" else len(outcome.waits)
                        costs[kind].append(per_unit(before, cpu_ms(supervisor), units))
            return {
                "bench": "checkout",
                "clients": CLIENTS,
                **_figures_of_all(outcomes, costs),
                **await books_of(context, ids),
                "targets": _TARGETS,
            }


def _figures_of_all(
    outcomes: Mapping[str, Sequence[FloodOutcome]], costs: Mapping[str, Sequence[Mapping[str, float]]]
) -> dict[str, Any]:
    bare = _median(outcomes["bare_"])
    figures: dict[str, Any] = {"bare_per_s": bare}
    for kind, rounds in outcomes.items():
        if kind == "flow_":
            figures |= _flow_figures(rounds)
        elif kind != "bare_":
            figures |= round_figures(kind, rounds)
            figures[f"{kind}ratio_to_bare"] = round(_median(rounds) / bare, 3)
        if kind != "bare_":
            figures[f"{kind}cpu_ms"] = {
                role: round(statistics.median(cost[role] for cost in costs[kind]), 3)
                for role in costs[kind][0]
            }
    return figures


@dataclass(frozen=True, slots=True)
class _Shop:
    """A running shop with clients inside."""

    context: Context
    port: int
    ids: Sequence[UUID]
    passes: Sequence[str]


async def _open_second_warehouse(context: Context) -> None:
    async with context.database.transaction() as connection:
        await stock.open_locations(connection, [(_SECOND, "Second warehouse", "warehouse")])


async def _cards(shop: _Shop, buyers: int) -> FloodOutcome:
    """Let buyers start a card payment for one of twenty variants each, all of which are there."""
    sold = slice(21, 41)
    await fill_warehouse(shop.context, shop.ids[sold], buyers // len(shop.ids[sold]) + buyers // 10 + 10)
    skus = [item.sku for item in ITEMS[sold]]
    bodies = (buy_body(random.choice(skus), provider="test") for _ in range(buyers))
    return await buy(shop.port, shop.passes, bodies, lines=browsers(shop.context))


async def _two_locations(shop: _Shop, buyers: int) -> FloodOutcome:
    """Let buyers come for one of twenty variants each that lie in two places, units for half of them."""
    sold = slice(41, 61)
    units = max(buyers // 4 // len(shop.ids[sold]), 1)
    for location_id in (stock.MAIN, _SECOND):
        await fill_warehouse(shop.context, shop.ids[sold], units, location_id=location_id)
    skus = [item.sku for item in ITEMS[sold]]
    bodies = (buy_body(random.choice(skus)) for _ in range(buyers))
    return await buy(shop.port, shop.passes, bodies, lines=browsers(shop.context))


async def _baskets(
    context: Context, port: int, ids: Sequence[UUID], passes: Sequence[str], buyers: int
) -> FloodOutcome:
    sold = ids[1:21]
    await fill_warehouse(context, sold, max(buyers * _LINES // 2 // len(sold), 1))
    skus = [item.sku for item in ITEMS[1:21]]
    bodies = (basket_body(random.sample(skus, _LINES)) for _ in range(buyers))
    return await buy(port, passes, bodies, lines=browsers(context))


async def _flows(
    context: Context, port: int, ids: Sequence[UUID], passes: Sequence[str], flows: int
) -> FloodOutcome:
    """Let customers go the whole way, each with a cart of their own."""
    await fill_warehouse(context, ids[1:21], flows)
    outcome = FloodOutcome()
    skus = [item.sku for item in ITEMS[1:21]]
    left = iter(range(flows))
    lines = browsers(context)
    await flood(port, [flow_script(lines, skus, left, outcome) for _client in passes], outcome)
    return outcome


def flow_script(
    lines: Iterator[str], skus: Sequence[str], left: Iterator[int], outcome: FloodOutcome
) -> Script:
    """Return a client that goes from an empty cart to an order, again and again: cart, lines, address and
    shipping (a quote), payment and order.
    """
    state: dict[str, Any] = {"step": 0, "line": ""}

    def script(status: int, answer: bytes) -> bytes | None:
        if status >= 400:
            outcome.refusals[error_of(answer)] += 1
        step, state["step"] = state["step"], (state["step"] + 1) % 4
        if step == 0:
            outcome.done += status == 201
            if next(left, None) is None:
                return None
            body = {"sku": random.choice(skus), "quantity": 1, "request_id": str(new_id())}
            state["line"] = next(lines)
            return post("/cart/lines", orjson.dumps(body), state["line"])
        if step == 1:
            cookie = cookies_set(answer).removeprefix("Cookie: ").strip()
            state["line"] = f"{state['line'].strip()}; {cookie}\r\n"
            body = {"sku": random.choice(skus), "quantity": 1, "request_id": str(new_id())}
            return post("/cart/lines", orjson.dumps(body), state["line"])
        if step == 2:
            return post("/checkout/quote", orjson.dumps(ADDRESS), state["line"])
        order_id = new_id()
        body = {**ADDRESS, "order_id": str(order_id), "provider": "cod", "name": "Bench"}
        body["email"] = f"{order_id.hex}@customers.example"
        return post("/checkout", orjson.dumps(body), state["line"])

    return script


@asynccontextmanager
async def _bare(context: Context, variant_id: UUID) -> AsyncIterator[int]:
    """Run the bare writer in a process of its own beside everything else; yields its port."""
    port = reserve_port()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "safar.bench.bare", context.database.url, str(port), str(variant_id)
    )
    try:
        await when_answering("127.0.0.1", port)
        yield port
    finally:
        process.terminate()
        await process.wait()


async def _bare_round(context: Context, port: int, variant_id: UUID, buyers: int) -> FloodOutcome:
    await fill_warehouse(context, [variant_id], buyers // 2)
    outcome = FloodOutcome()
    requests = iter([post("/buy", buy_body(ITEMS[-1].sku)) for _ in range(buyers)])
    return await flood(port, [one_by_one(requests, outcome) for _ in range(CLIENTS)], outcome)


def round_figures(prefix: str, rounds: Sequence[FloodOutcome]) -> dict[str, Any]:
    """Return the medians of rounds of buying, and what was told."""
    return {
        f"{prefix}outcomes_per_s": _median(rounds),
        f"{prefix}p50_ms": statistics.median(r.wait_ms(0.5) for r in rounds),
        f"{prefix}p99_ms": statistics.median(r.wait_ms(0.99) for r in rounds),
        f"{prefix}statuses": dict(sum((r.statuses for r in rounds), Counter())),
        f"{prefix}losers_are_told": _told(rounds),
    }


def _flow_figures(rounds: Sequence[FloodOutcome]) -> dict[str, Any]:
    orders = [r.done / r.seconds for r in rounds]
    return {
        "flow_orders_per_s": round(statistics.median(orders)),
        "flow_requests_per_s": _median(rounds),
        "flow_p99_ms": statistics.median(r.wait_ms(0.99) for r in rounds),
        "flow_statuses": dict(sum((r.statuses for r in rounds), Counter())),
        "flow_errors": _told(rounds),
    }


def _told(rounds: Sequence[FloodOutcome]) -> dict[str, int]:
    return {code.decode(): n for code, n in sum((r.refusals for r in rounds), Counter()).items()}


def _median(rounds: Sequence[FloodOutcome]) -> int:
    return round(statistics.median(r.per_s for r in rounds))
