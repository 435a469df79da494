"""Prices, taxes, delivery and locations change beside the orders of two processes: each order is right."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any
from uuid import UUID

import hypothesis
import pytest

from safar.cart.actions import change_carts_many
from safar.cart.decide import CartChanged
from safar.cart.reading import PricedCartRequest, priced_carts_many
from safar.catalogue.actions import set_price
from safar.kernel.context import Context, make_context
from safar.kernel.database import Connection, execute, rows
from safar.kernel.errors import SafarError
from safar.kernel.ids import new_id
from safar.orders.errors import OutOfStock
from safar.orders.model import CartWanted, Taken
from safar.orders.place import buy_many, place_many
from safar.pricing.actions import save_method, save_tax, save_zone
from safar.pricing.model import Band, ShippingMethod, Tax
from safar.settings import Settings
from safar.stock import actions as stock
from safar.stock.locations import OwnLocation, save_locations
from safar.stock.model import MAIN, StockReceipt, Transfer
from tests.stage.books import books_agree
from tests.stage.carts import change as cart_change
from tests.stage.prices import STAFF
from tests.stage.shop import CLOCK, MUG, request

pytestmark = pytest.mark.hypothesis  # `make properties` runs the long form

_THOROUGH = hypothesis.settings.default.max_examples > 25 if hypothesis.settings.default else False
CHANGES = 3_000 if _THOROUGH else 200
ORDERS_A_CHANGE = 10
CUSTOMERS = 24  # at once, of each process
STORE, DEPOT = new_id(), new_id()
ZONE = new_id()
SCARCE = 300  # clocks, for twice as many who want one


@dataclass
class Said:
    """What was in force, with when its change began and was done."""

    value: Any
    began: float
    done: float


@dataclass
class History:
    """All values that one thing has had."""

    said: list[Said] = field(default_factory=list)

    def between(self, began: float, ended: float) -> list[Any]:
        """Return what was in force at some moment of a time."""
        nexts = [*self.said[1:], None]
        return [
            now.value
            for now, later in zip(self.said, nexts, strict=True)
            if now.began <= ended and (later is None or later.done >= began)
        ]


async def test_every_order_has_a_price_that_was_in_force_while_it_was_taken(
    context: Context, settings: Settings, database_url: str
) -> None:
    histories = {name: History() for name in ("price", "rate", "delivery", "selling")}
    await _open_places(context)
    for number, name in enumerate(histories):
        await _change(context, histories, name, number, by_hand=False)
    async with _another_process(settings, database_url) as other:
        crowd = _Crowd(histories, (context, other))
        await crowd.run(context)
    assert crowd.wrong == []
    assert crowd.taken >= CHANGES * ORDERS_A_CHANGE
    assert crowd.clocks == {"sold": SCARCE, "refused": SCARCE}
    await _left_from_where_it_was_sold(context, crowd)
    await books_agree(context.database)


@dataclass
class _Crowd:
    """Customers of two processes, while staff change what they buy."""

    histories: Mapping[str, History]
    processes: tuple[Context, Context]
    taken: int = 0
    wrong: list[Any] = field(default_factory=list)
    windows: dict[UUID, tuple[float, float]] = field(default_factory=dict)
    clocks: dict[str, int] = field(default_factory=lambda: {"sold": 0, "refused": 0})
    over: bool = False
    more: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self, staff: Context) -> None:
        async with asyncio.TaskGroup() as group:
            for process in self.processes:
                for verb in (buy_many, place_many):
                    for _customer in range(CUSTOMERS // 2):
                        group.create_task(self._buy_mugs(process, verb))
                group.create_task(self._buy_clocks(process))
                group.create_task(self._look_into_cart(process))
            for number in range(CHANGES):
                while self.taken < number * ORDERS_A_CHANGE:
                    self.more.clear()
                    await self.more.wait()
                name = list(self.histories)[number % len(self.histories)]
                await _change(staff, self.histories, name, number + 10, by_hand=number % 3 == 0)
            self.over = True

    async def _buy_mugs(self, process: Context, verb: Callable[..., Awaitable[Any]]) -> None:
        provider = {"provider": "cod"} if verb is buy_many else {"provider": "test", "method": "ok"}
        while not self.over:
            began = perf_counter()
            what = await self._in_cart(process) if self.taken % 3 == 0 else {}
            try:
                answer = await process.batched(verb, request(country="GB", **provider, **what))
            except SafarError as refusal:
                self.wrong.append(refusal)
                continue
            ended = perf_counter()
            self.taken += 1
            self.more.set()
            self.windows[answer.order_id] = began, ended
            prices, rates, deliveries = (
                self.histories[name].between(began, ended) for name in ("price", "rate", "delivery")
            )
            totals = {p + p * r // 100_000 + d for p, r, d in itertools.product(prices, rates, deliveries)}
            if answer.total_minor not in totals:
                self.wrong.append((answer.total_minor, totals))

    async def _in_cart(self, process: Context) -> dict[str, Any]:
        """Put a mug into a new cart, to be ordered as it is then."""
        changed = await process.batched(change_carts_many, cart_change())
        assert isinstance(changed, CartChanged)
        return {"cart_id": changed.cart_id, "lines": (), "open_cart": CartWanted(None, titled=True)}

    async def _buy_clocks(self, process: Context) -> None:
        """Let customers come for clocks, of which there are enough for half of them."""
        for _wave in range(SCARCE // 50):
            asked = [request(lines=((CLOCK, 1),), country="GB") for _customer in range(50)]
            buying = (process.batched(buy_many, one) for one in asked)
            answers = await asyncio.gather(*buying, return_exceptions=True)
            self.clocks["sold"] += sum(isinstance(answer, Taken) for answer in answers)
            self.clocks["refused"] += sum(isinstance(answer, OutOfStock) for answer in answers)

    async def _look_into_cart(self, process: Context) -> None:
        put = cart_change()
        changed = await process.batched(change_carts_many, put)
        assert isinstance(changed, CartChanged)
        asked = PricedCartRequest(changed.cart_id, None, "GBP", "en")
        while not self.over:
            began = perf_counter()
            cart = await process.batched(priced_carts_many, asked)
            prices = self.histories["price"].between(began, perf_counter())
            if cart.lines[0].price_minor not in prices or cart.short:
                self.wrong.append((cart.lines[0], prices))


async def _open_places(context: Context) -> None:
    """Have a store and a depot, mugs without end in the warehouse and the store, clocks in the depot."""
    async with context.database.transaction() as connection:
        own = [
            OwnLocation(id=STORE, name="Store", kind="store", priority=50),
            OwnLocation(id=DEPOT, name="Depot", kind="warehouse", priority=300),
        ]
        await save_locations(connection, own, staff_id=STAFF)
        mugs = [(MUG, MAIN, 1_000_000), (MUG, STORE, 1_000_000), (CLOCK, DEPOT, SCARCE - 5)]
        receipts = [StockReceipt(new_id(), id_, at, units, "delivery") for id_, at, units in mugs]
        await stock.receive_stock_many(connection, receipts)
        five = [Transfer(new_id(), CLOCK, MAIN, DEPOT, 5, "to the depot")]
        await stock.transfer_many(connection, five)
        await save_zone(connection, ZONE, name="Isles", countries=["GB"], postcodes=[], staff_id=STAFF)


async def _change(
    context: Context, histories: Mapping[str, History], name: str, number: int, *, by_hand: bool
) -> None:
    """Change one thing, by its verb or as somebody does at the database's own prompt."""
    value, change = _CHANGES[name](number)
    began = perf_counter()
    async with context.database.transaction() as connection:
        await change(connection, by_hand)
    histories[name].said.append(Said(value, began, perf_counter()))


Change = Callable[[Connection, bool], Awaitable[Any]]


def _price(number: int) -> tuple[int, Change]:
    price = 1000 * (number + 1)

    async def change(connection: Connection, by_hand: bool) -> None:
        if by_hand:
            await execute(connection, "UPDATE variants SET price_minor = %s WHERE id = %s", [price, MUG])
        else:
            await set_price(connection, MUG, price, staff_id=STAFF)

    return price, change


def _rate(number: int) -> tuple[int, Change]:
    rate = 1000 * (number % 50 + 1)

    async def change(connection: Connection, by_hand: bool) -> None:
        if by_hand:
            query = "UPDATE tax_countries SET rates = jsonb_build_object('standard', %s::bigint)"
            await execute(connection, query, [rate])
        else:
            tax = Tax(included=False, rates={"standard": rate}, shipping_class="zero")
            await save_tax(connection, "GB", tax, staff_id=STAFF)

    return rate, change


def _delivery(number: int) -> tuple[int, Change]:
    minor = number + 1

    async def change(connection: Connection, by_hand: bool) -> None:
        if by_hand:
            query = (
                "UPDATE shipping_methods SET bands = jsonb_set(bands, '{0,price_minor}', to_jsonb(%s::int))"
            )
            await execute(connection, query, [minor])
        else:
            post = ShippingMethod("post", {"": "Post"}, (Band(None, minor),), "GBP", None, 1, 3)
            await save_method(connection, ZONE, post, active=True, staff_id=STAFF)

    return minor, change


def _selling(number: int) -> tuple[frozenset[UUID], Change]:
    """Sell mugs from the warehouse, from the store, or from both."""
    places = [frozenset({MAIN, STORE, DEPOT}), frozenset({MAIN, DEPOT}), frozenset({STORE, DEPOT})]
    selling = places[number // len(_CHANGES) % len(places)]

    async def change(connection: Connection, by_hand: bool) -> None:
        if by_hand:
            query = "UPDATE stock_locations SET sells = id = ANY(%s) WHERE id = ANY(%s)"
            await execute(connection, query, [list(selling), [MAIN, STORE]])
        else:
            own = [
                OwnLocation(id=MAIN, name="Warehouse", kind="warehouse", sells=MAIN in selling),
                OwnLocation(id=STORE, name="Store", kind="store", priority=50, sells=STORE in selling),
            ]
            await save_locations(connection, own, staff_id=STAFF)

    return selling, change


_CHANGES: Mapping[str, Callable[[int], tuple[Any, Change]]] = {
    "price": _price,
    "rate": _rate,
    "delivery": _delivery,
    "selling": _selling,
}


@dataclass
class _Left:
    order_id: UUID
    location_id: UUID


async def _left_from_where_it_was_sold(context: Context, crowd: _Crowd) -> None:
    async with context.database.connection() as connection:
        query = "SELECT order_id, location_id FROM order_goods WHERE variant_id = %s"
        goods = await rows(_Left, connection, query, [MUG])
    assert {left.order_id for left in goods} == set(crowd.windows)
    places = crowd.histories["selling"]
    wrong = [
        left
        for left in goods
        if left.location_id not in frozenset().union(*places.between(*crowd.windows[left.order_id]))
    ]
    assert wrong == []


@asynccontextmanager
async def _another_process(settings: Settings, url: str) -> AsyncIterator[Context]:
    """Give what a second front has: connections, batchers and what it keeps, all of its own."""
    context = make_context(settings, url)
    await context.database.open()
    try:
        yield context
    finally:
        await context.batchers.drained()
        await context.database.close()
