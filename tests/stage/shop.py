"""A small shop with stock, served by the front's own edge and the visitor layer."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import httpx
import pytest

from safar.catalogue.actions import import_products, variant_id_of
from safar.channels.actions import ensure_channels
from safar.customers.visitor import VisitorLayer, new_visitor, signed
from safar.kernel.context import Context
from safar.kernel.database import Database
from safar.kernel.ids import new_id
from safar.kernel.web.surface import Surface, build_surface
from safar.orders.model import OrderRequest
from safar.shop import public
from safar.stock import actions as stock
from safar.stock.model import MAIN, StockReceipt
from safar.storefront.layer import StorefrontLayer, page_values
from tests.stage.buyers import anybody
from tests.stage.serving import Serve


@dataclass(frozen=True)
class Item:
    sku: str
    title: str
    category: str = "kitchen"
    price_minor: int = 495
    currency: str = "GBP"


MUG = variant_id_of("MUG")
CLOCK = variant_id_of("CLOCK")
ITEMS = [
    Item("MUG", "Retrospot mug"),
    Item("CLOCK", "Alarm clock bakelike green", "home", 375),
    Item("FA1", "فرش دستباف کاشان", "home", 990000),
    Item("HI1", "हाथ से बना क़ालीन", "home", 45000),
    Item("PT1", "Canção de ninar, caixinha de música", "children", 1250),
]


@pytest.fixture(autouse=True)
def stocked(request: pytest.FixtureRequest) -> None:
    """Open the shop for each test of a database; a test of a decision needs neither."""
    if "database_url" in request.fixturenames:
        request.getfixturevalue("shop")


@pytest.fixture
async def shop(database: Database) -> None:
    """Ten mugs, five clocks, and one of everything else."""
    async with database.transaction() as connection:
        await ensure_channels(connection)
        await stock.ensure_locations(connection)
        await import_products(connection, ITEMS)
    await receive(database, {"MUG": 10, "CLOCK": 5, "FA1": 1, "HI1": 1, "PT1": 1})


async def receive(database: Database, units: Mapping[str, int]) -> None:
    async with database.transaction() as connection:
        receipts = [
            StockReceipt(
                move_id=new_id(),
                variant_id=variant_id_of(sku),
                location_id=MAIN,
                quantity=quantity,
                reason="delivery",
            )
            for sku, quantity in units.items()
        ]
        await stock.receive_stock_many(connection, receipts)


def request(**other: Any) -> OrderRequest:
    """An order of one mug, with what `other` says instead."""
    order_id = other.pop("order_id", None) or new_id()
    plain = OrderRequest(
        **anybody(),
        order_id=order_id,
        customer_id=new_id(),
        campaign_id=None,
        cart_id=None,
        lines=((MUG, 1),),
        email=f"{order_id.hex}@customers.example",
        name="Ada",
        address="1 Mill Lane",
        language="en",
        provider="cod",
        link="https://shop.example/orders/x",
    )
    return replace(plain, **other)


async def free(database: Database, variant_id: UUID = MUG) -> tuple[int, int]:
    """On hand and held of a variant in the main warehouse."""
    async with database.connection() as connection:
        level = (await stock.levels(connection, [variant_id]))[variant_id, MAIN]
        return level.on_hand, level.held


@pytest.fixture
async def browser(context: Context, serve: Serve) -> AsyncIterator[httpx.AsyncClient]:
    """A visitor's browser on the shop over real HTTP: keeps cookies, shows redirects."""
    app = build_surface(
        context,
        Surface("front", page_values),
        public.routes,
        inside=[lambda inner: VisitorLayer(inner, context), lambda inner: StorefrontLayer(inner, context)],
    )
    base = await serve(app)
    async with httpx.AsyncClient(base_url=base, timeout=20) as client:
        client.cookies.set("visitor", signed(context.vault, new_visitor()), domain="127.0.0.1")
        yield client
