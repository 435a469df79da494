"""A shop of the bench: what is sold in it, and buyers who come for it over real HTTP."""

import itertools
import random
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson

from safar.bench.flood import (
    FloodOutcome,
    Script,
    cookies_set,
    flood,
    get_request,
    one_by_one,
    post,
)
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


_PAGES_TO_ENTER = 3


_VARIANTS = 1000


@dataclass(frozen=True, slots=True)
class BenchProduct:
    """A product of the bench."""

    sku: str
    title: str
    category: str = "kitchen"
    price_minor: int = 495
    currency: str = "GBP"


ITEMS = [BenchProduct(f"B{number:04}", f"Bench mug {number}") for number in range(_VARIANTS)]


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Context]:
    """Run everything as `safar serve` does: front, console, worker and a durable PostgreSQL."""
    async with installation(settings) as (_supervisor, context):
        yield context


@asynccontextmanager
async def installation(settings: Settings) -> AsyncIterator[tuple[Supervisor, Context]]:
    """As `running`, with who looks after the processes."""
    supervisor = Supervisor(settings)
    await supervisor.start("owner@bench.example")
    context = make_context(settings, supervisor.url)
    await context.database.open()
    try:
        yield supervisor, context
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


async def fill_warehouse(
    context: Context, variant_ids: Sequence[UUID], units: int, *, location_id: UUID = stock.MAIN
) -> None:
    """Take `units` of each variant into a warehouse, by default the main one."""
    receipts = [
        stock.StockReceipt(new_id(), variant_id, location_id, units, "bench", None, None)
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


ADDRESS = {"address": "1 Loopback Lane", "city": "London", "postcode": "N1 1AA", "country": "GB"}


def buy_body(sku: str, *, provider: str = "cod") -> bytes:
    """Return the body of a purchase of one unit, by a new customer."""
    method = {"method": "ok"} if provider == "test" else {}
    return orjson.dumps({**_buyer(), **method, "provider": provider, "sku": sku, "quantity": 1})


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
        **ADDRESS,
    }


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
