"""A small shop behind the gate, and visitors who walk in over real HTTP."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.types import Scope

from safar.capacity.actions import release_many
from safar.customers.visitor import Visitor, VisitorLayer
from safar.gate.board import Board, with_board
from safar.gate.control import step
from safar.gate.layer import GateLayer
from safar.gate.model import SHOP, Caller, Figures
from safar.gate.public import routes
from safar.gate.sites import ensure_site, figures
from safar.kernel.context import Context
from safar.kernel.ids import derived_id
from safar.kernel.web.surface import Surface, build_surface
from tests.conftest import Serve

CAMPAIGN = derived_id("test campaign")


def caller_of(scope: Scope) -> Caller:
    visitor: Visitor = scope["state"]["visitor"]
    return Caller(visitor.customer_id, CAMPAIGN, visitor.visitor_id)


async def _shelf(request: Request) -> PlainTextResponse:
    return PlainTextResponse(f"the shelf of {request.url.path}")


def build_shop(context: Context) -> Starlette:
    """A surface with one page behind the gate and the gate's own pages before it."""
    board = Board(context, SHOP, units_left=lambda _scope: 42)
    return build_surface(
        context,
        Surface("front", lambda _request: {"cart_count": 0, "query": ""}),
        [Route("/p/{slug}", _shelf, methods=["GET", "POST"]), *routes],
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
        """A browser of its own, closed with the shop."""
        self.visitors.append(httpx.AsyncClient(base_url=self.base, headers=headers, timeout=30))
        return self.visitors[-1]

    async def step(self) -> None:
        """Step the gate once and let this process see it."""
        async with self.context.database.transaction() as connection:
            await step(connection, SHOP)
        await self.app.state.board.refresh()

    async def figures(self) -> Figures:
        async with self.context.database.connection() as connection:
            found = await figures(connection, SHOP)
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
