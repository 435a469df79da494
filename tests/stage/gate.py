"""A small shop behind the gate, and visitors who walk in over real HTTP."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Scope

from safar.capacity.actions import release_many
from safar.catalogue.actions import find_variant, import_products, variant_id_of
from safar.channels.actions import ensure_channels
from safar.customers.visitor import COOKIE, Visitor, VisitorLayer, new_visitor, signed
from safar.front.build import build_front
from safar.front.stock_left import note_goods
from safar.gate.door.board import SiteBoard, with_board
from safar.gate.door.layer import GateLayer
from safar.gate.line.calling import call_next
from safar.gate.public import routes
from safar.gate.site.sites import NewSite, ensure_site, open_site, product_key, site_figures
from safar.gate.tickets.model import SHOP, Caller, SiteFigures, SiteKind
from safar.kernel.context import Context
from safar.kernel.ids import derived_id, new_id
from safar.kernel.web.access import PublicRoute
from safar.kernel.web.surface import Surface, build_surface
from safar.settings import Settings
from safar.stock import actions as stock
from safar.stock.model import MAIN, StockReceipt
from tests.stage.serving import Serve
from tests.stage.shop import ITEMS
from tests.stage.writes import buyer

CAMPAIGN = derived_id("test campaign")


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Most of these tests are of tiny sites, where each place is one of the last: no work for it.

    What the first page of a visit gets is tested in test_first.py.
    """
    return settings.model_copy(update={"gate_work_percent": 100, "visit_first_minutes": 15.0})


def caller_of(scope: Scope) -> Caller:
    visitor: Visitor = scope["state"]["visitor"]
    return Caller(visitor.customer_id, CAMPAIGN, visitor.visitor_id, visitor.returned)


async def _shelf(request: Request) -> PlainTextResponse:
    return PlainTextResponse(f"the shelf of {request.url.path}")


def build_shop(context: Context) -> Starlette:
    """A surface with one page behind the gate and the gate's own pages before it."""
    board = SiteBoard(context, SHOP, units_left=lambda _scope: 42)
    return build_surface(
        context,
        Surface(
            "front",
            lambda _request: {"shop_name": "Safar", "cart_count": 0, "query": "", "people_answer": ""},
        ),
        [PublicRoute("/p/{slug}", _shelf, why="a test", methods=["GET", "POST"]), *routes],
        inside=[
            lambda app: VisitorLayer(app, context),
            lambda app: GateLayer(app, context, SHOP, caller_of, lambda path: not path.startswith("/p/")),
        ],
        lifespan=with_board(board),
    )


@dataclass
class Shop:
    """The served shop, and the hands that a worker would have."""

    context: Context
    app: Starlette
    base: str
    visitors: list[httpx.AsyncClient] = field(default_factory=list)

    def visitor(self, **headers: str) -> httpx.AsyncClient:
        """A browser of its own that has kept the shop's cookie before; closed with the shop."""
        browser = self.stranger(**headers)
        browser.cookies.set(COOKIE, signed(self.context.vault, new_visitor()))
        return browser

    def stranger(self, **headers: str) -> httpx.AsyncClient:
        """A caller who has never been here."""
        self.visitors.append(httpx.AsyncClient(base_url=self.base, headers=headers, timeout=30))
        return self.visitors[-1]

    async def step(self) -> None:
        """Step the gate once and let this process see it."""
        async with self.context.database.transaction() as connection:
            await call_next(connection, SHOP)
        await self.app.state.board.refresh()

    async def figures(self) -> SiteFigures:
        async with self.context.database.connection() as connection:
            found = await site_figures(connection, SHOP)
        assert found is not None
        return found

    async def let_out(self, visitor: httpx.AsyncClient) -> None:
        """The visitor's place is given back, as expiry would do."""
        entry_pass = self.app.state.board.room(SHOP).cookies.seal.pass_(visitor.cookies["pass"])
        async with self.context.database.transaction() as connection:
            await release_many(connection, [entry_pass.visit_id])
        visitor.cookies.delete("pass")


def with_cookies(visitor: httpx.AsyncClient, **cookies: str) -> str:
    """The cookie header of the same browser, with another pass or ticket."""
    return "; ".join(f"{name}={value}" for name, value in {**dict(visitor.cookies), **cookies}.items())


OpenShop = Callable[[int], Awaitable[Shop]]


@pytest.fixture
async def open_shop(context: Context, serve: Serve) -> AsyncIterator[OpenShop]:
    """Serve a shop that carries so many visitors at once."""

    shops: list[Shop] = []

    async def opened(capacity: int) -> Shop:
        async with context.database.transaction() as connection:
            await ensure_site(connection, SHOP, capacity)
        app = build_shop(context)
        base = await serve(app)
        await app.state.board.refresh()
        shops.append(Shop(context, app, base))
        return shops[-1]

    yield opened
    for shop in shops:
        for visitor in shop.visitors:
            await visitor.aclose()


@dataclass
class Drop:
    """A front with a waiting room before its mug, for one at a time; two mugs are there."""

    context: Context
    front: Starlette
    base: str
    key: str
    path: str
    clients: list[httpx.AsyncClient]

    def visitor(self) -> httpx.AsyncClient:
        """A browser that has kept the shop's cookie before."""
        self.clients.append(httpx.AsyncClient(base_url=self.base, timeout=30))
        self.clients[-1].cookies.set(COOKIE, signed(self.context.vault, new_visitor()))
        return self.clients[-1]

    async def work(self) -> None:
        """What the worker and the front's own reading do four times a second."""
        await note_goods(self.context.database)
        async with self.context.database.transaction() as connection:
            await call_next(connection, self.key)
        await self.front.state.board.refresh()

    async def buy(self, visitor: httpx.AsyncClient) -> httpx.Response:
        order = {"id": str(new_id()), "sku": "MUG", "quantity": 1, **buyer()}
        return await visitor.post("/buy", json=order)


@pytest.fixture
async def drop(context: Context, serve: Serve) -> AsyncIterator[Drop]:
    async with context.database.transaction() as connection:
        await ensure_channels(connection)
        await stock.ensure_locations(connection)
        await import_products(connection, ITEMS)
        receipts = [
            StockReceipt(new_id(), variant_id_of(sku), MAIN, 2, "delivery", None, None)
            for sku in ("MUG", "CLOCK")
        ]
        await stock.receive_stock_many(connection, receipts)
        mug = await find_variant(connection, "MUG")
        assert mug is not None
        new = NewSite(
            key=product_key(mug.product_id),
            capacity=1,
            kind=SiteKind.PRODUCT,
            title=mug.title,
            path=f"/p/{mug.slug}",
            product_id=mug.product_id,
        )
        await open_site(connection, new, staff_id=new_id())
    front = build_front(context)
    base = await serve(front)
    there = Drop(context, front, base, new.key, new.path or "", [])
    await there.work()
    yield there
    for client in there.clients:
        await client.aclose()
