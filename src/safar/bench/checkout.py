"""Orders a second over real HTTP: one hot variant that half of the buyers can have, a thousand of them,
baskets of five lines, and the whole way from an empty cart; beside the rows of an order written bare.
"""

import asyncio
import itertools
import random
import statistics
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson

from safar.app import when_answering
from safar.bench.flood import (
    FloodOutcome,
    Script,
    cookies_set,
    error_of,
    flood,
    get_request,
    one_by_one,
    post,
)
from safar.bench.ports import bench_settings, reserve_port
from safar.bench.workplace import workplace
from safar.capacity.actions import recount_accounts
from safar.catalogue.actions import import_products
from safar.customers.visitor import COOKIE, new_visitor, signed
from safar.gate.tickets.model import SHOP, Pass
from safar.gate.tickets.seal import Seal, client_tag
from safar.kernel import clock
from safar.kernel.context import Context, make_context
from safar.kernel.ids import new_id
from safar.payments.trial import switch_on_for_trial
from safar.serve import Supervisor
from safar.settings import Settings
from safar.stock import actions as stock

CLIENTS = 64
_ROUNDS = 3
_BUYERS_A_SECOND = 3000  # how many buyers a round gets for each second it is meant to last
_FLOWS_A_SECOND = 600
_PAGES_TO_ENTER = 3
_VARIANTS = 1000
_LINES = 5
_LIMITS = ("order_units_max", "unpaid_orders_max", "unpaid_orders_network", "unpaid_share_percent")
_TARGETS = {"outcomes_per_s": 3000, "ratio_to_bare": 0.6, "flow_orders_per_s": 600, "oversold": 0}


@dataclass(frozen=True, slots=True)
class BenchProduct:
    """A product of the bench."""

    sku: str
    title: str
    category: str = "kitchen"
    price_minor: int = 495
    currency: str = "GBP"


ITEMS = [BenchProduct(f"B{number:04}", f"Bench mug {number}") for number in range(_VARIANTS)]


async def measure(seconds: float) -> dict[str, Any]:
    """Return outcomes/s of each kind of buying at 64 clients; the bare limit is taken between the rounds."""
    with workplace() as folder:
        usual = {name: Settings.model_fields[name].default for name in _LIMITS}
        async with running(bench_settings(Path(folder)).model_copy(update=usual)) as context:
            ids = await stocked(context)
            port = context.settings.front_port
            passes = await admitted(port, CLIENTS)
            async with _bare(context, ids[-1]) as bare_port:
                await hot(context, port, ids, passes, 500)  # to warm up
                hots, bare, many, baskets, flows = [], [], [], [], []
                buyers = int(_BUYERS_A_SECOND * seconds)
                for _round in range(_ROUNDS):
                    hots.append(await hot(context, port, ids, passes, buyers))
                    bare.append(await _bare_round(context, bare_port, ids[-1], buyers))
                    many.append(await buy_spread(context, port, ids, passes, buyers))
                    baskets.append(await _baskets(context, port, ids, passes, buyers // 2))
                    flows.append(await _flows(context, port, ids, passes, int(_FLOWS_A_SECOND * seconds)))
            books = await books_of(context, ids)
            return {
                "bench": "checkout",
                "clients": CLIENTS,
                **round_figures("", hots),
                "bare_per_s": _median(bare),
                "ratio_to_bare": round(_median(hots) / _median(bare), 3),
                **round_figures("variants_1000_", many),
                **round_figures("baskets_5_", baskets),
                **_flow_figures(flows),
                **books,
                "targets": _TARGETS,
            }


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Context]:
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


async def stocked(context: Context) -> list[UUID]:
    """Import the bench's products; return their variants. The last one is for the bare limit alone."""
    async with context.database.transaction() as connection:
        await switch_on_for_trial(connection)
        ids = await import_products(connection, ITEMS)
    await fill_warehouse(context, ids[-1:], 1)
    return ids


async def fill_warehouse(context: Context, variant_ids: Sequence[UUID], units: int) -> None:
    """Take `units` of each variant into the main warehouse."""
    receipts = [
        stock.StockReceipt(new_id(), variant_id, stock.MAIN, units, "bench", None, None)
        for variant_id in variant_ids
    ]
    async with context.database.transaction() as connection:
        await stock.receive_stock_many(connection, receipts)


async def admitted(port: int, count: int, *, hosts: Sequence[str] = ("127.0.0.1",)) -> list[str]:
    """Let `count` browsers into the shop; return the Cookie header line of each."""
    lines: list[str] = []

    def browser() -> Script:
        """Return one that comes three times: for the cookie, for the place, and to stay a whole visit."""
        cookies: dict[str, str] = {}
        pages = iter(range(_PAGES_TO_ENTER))

        def enter(_status: int, answer: bytes) -> bytes | None:
            given = cookies_set(answer).removeprefix("Cookie: ").strip() if answer else ""
            for pair in given.split("; ") if given else ():
                name, _equals, value = pair.partition("=")
                cookies.update({name: value}) if value else cookies.pop(name, None)
            line = "Cookie: " + "; ".join(f"{name}={value}" for name, value in cookies.items()) + "\r\n"
            if next(pages, None) is None:
                lines.append(line)
                return None
            return get_request("/", line if cookies else "")

        return enter

    await flood(port, [browser() for _browser in range(count)], hosts=hosts)
    return lines


async def hot(
    context: Context, port: int, ids: Sequence[UUID], passes: Sequence[str], buyers: int
) -> FloodOutcome:
    """Let buyers come for one variant, of which there are units for half of them."""
    await fill_warehouse(context, ids[:1], buyers // 2)
    bodies = (buy_body(ITEMS[0].sku) for _ in range(buyers))
    return await buy(port, passes, bodies, lines=browsers(context))


async def buy_spread(
    context: Context, port: int, ids: Sequence[UUID], passes: Sequence[str], buyers: int
) -> FloodOutcome:
    """Let buyers come for one of many variants each, of which there are units for half of them."""
    sold = ids[1:-1]
    await fill_warehouse(context, sold, max(buyers // 2 // len(sold), 1))
    skus = [item.sku for item in ITEMS[1 : len(ids) - 1]]
    bodies = (buy_body(random.choice(skus)) for _ in range(buyers))
    return await buy(port, passes, bodies, lines=browsers(context))


async def _baskets(
    context: Context, port: int, ids: Sequence[UUID], passes: Sequence[str], buyers: int
) -> FloodOutcome:
    sold = ids[1:21]
    await fill_warehouse(context, sold, max(buyers * _LINES // 2 // len(sold), 1))
    skus = [item.sku for item in ITEMS[1:21]]
    bodies = (basket_body(random.sample(skus, _LINES)) for _ in range(buyers))
    return await buy(port, passes, bodies, lines=browsers(context))


def browsers(context: Context) -> Iterator[str]:
    """Yield the Cookie header lines of browsers that are in the shop, each of another customer."""
    seal, until = Seal(context.vault, SHOP), clock.now() + timedelta(hours=2)
    while True:
        visitor = new_visitor()
        entry_pass = Pass(new_id(), until, client_tag(visitor.visitor_id))
        cookie = f"{COOKIE}={signed(context.vault, visitor)}; pass={seal.pass_text(entry_pass)}"
        yield f"Cookie: {cookie}\r\n"


async def buy(
    port: int,
    passes: Sequence[str],
    bodies: Iterator[bytes],
    *,
    lines: Iterator[str] | None = None,
    hosts: Sequence[str] = ("127.0.0.1",),
) -> FloodOutcome:
    """Send the purchases by as many clients as there are passes, with these or with one of `lines` each."""
    outcome = FloodOutcome()
    made = list(bodies)
    cookies = lines or itertools.cycle(passes)
    requests = iter([post("/buy", body, next(cookies)) for body in made])
    return await flood(port, [one_by_one(requests, outcome) for _ in passes], outcome, hosts=hosts)


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
            return post("/checkout/quote", orjson.dumps(_ADDRESS), state["line"])
        order_id = new_id()
        body = {**_ADDRESS, "order_id": str(order_id), "provider": "cod", "name": "Bench"}
        body["email"] = f"{order_id.hex}@customers.example"
        return post("/checkout", orjson.dumps(body), state["line"])

    return script


_ADDRESS = {"address": "1 Loopback Lane", "city": "London", "postcode": "N1 1AA", "country": "GB"}


def buy_body(sku: str) -> bytes:
    """Return the body of a purchase of one unit, by a new customer."""
    return orjson.dumps({**_buyer(), "sku": sku, "quantity": 1})


def basket_body(skus: Sequence[str]) -> bytes:
    """Return the body of a purchase of one unit of each."""
    return orjson.dumps({**_buyer(), "lines": [{"sku": sku, "quantity": 1} for sku in skus]})


def _buyer() -> dict[str, Any]:
    order_id = new_id()
    return {
        "id": str(order_id),
        "email": f"{order_id.hex}@customers.example",
        "name": "Bench",
        "provider": "cod",
        "language": "en",
        **_ADDRESS,
    }


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


async def books_of(context: Context, variant_ids: Sequence[UUID]) -> dict[str, Any]:
    """Read from the books, not from the clients, whether anything was sold that was not there.

    The bare limit's variant is left out: it keeps no books.
    """
    async with context.database.connection() as connection:
        levels = await stock.levels(connection, variant_ids[:-1])
        wrong = len(await recount_accounts(connection))
        wrong += sum(miss.variant_id != variant_ids[-1] for miss in await stock.recount_levels(connection))
    oversold = sum(max(-level.on_hand, 0) for level in levels.values())
    return {"oversold": oversold, "books_wrong": wrong}


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
