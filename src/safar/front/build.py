"""The front as one application: the rooms' public routes behind visitor and gate."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import BaseRoute
from starlette.types import Scope

import safar.campaigns.public
import safar.gate.public
import safar.inbox.public
import safar.shop.public
from safar.customers.visitor import Visitor, VisitorLayer
from safar.front.offers import REFRESH_S, Offers
from safar.front.plain import plain_routes
from safar.front.shed import ShedLayer
from safar.gate.board import Board, with_board
from safar.gate.layer import GateLayer
from safar.gate.model import SHOP
from safar.journal.live import with_live_feed
from safar.kernel.context import Context
from safar.kernel.loops import repeat
from safar.kernel.web.surface import Surface, build_surface
from safar.shop.cart import cart_count

_ROOMS: list[BaseRoute] = [
    *safar.shop.public.routes,
    *safar.inbox.public.routes,
    *safar.campaigns.public.routes,
    *safar.gate.public.routes,
]


# The pages that cost the shop its strength; a first step of the path each. All others go past the gate:
# whoever has an order, a question or a wish to unsubscribe need not wait for a place among the shelves.
_GATED = frozenset({"", "p", "cart", "checkout", "buy"})


def passes_by(path: str) -> bool:
    """Tell whether `path` is open to everyone, without a place in the shop."""
    return path.split("/", 2)[1] not in _GATED if path.startswith("/") else True


def _page_values(request: Request) -> Mapping[str, Any]:
    return {"cart_count": cart_count(request), "query": request.query_params.get("q", "")[:100]}


def _caller(scope: Scope) -> tuple[UUID, UUID | None]:
    visitor: Visitor = scope["state"]["visitor"]
    return visitor.customer_id, visitor.campaign_id


def build_front(context: Context) -> Starlette:
    """Return the public application."""
    offers = Offers(context)
    board = Board(context, SHOP, offers.units_left)

    async def refresh_offers() -> bool:
        return await offers.refresh(board)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with with_live_feed(context.database)(app), with_board(board)(app):
            reading = asyncio.create_task(repeat("front.offers", refresh_offers, idle_s=REFRESH_S))
            try:
                yield
            finally:
                reading.cancel()
                await asyncio.gather(reading, return_exceptions=True)

    return build_surface(
        context,
        Surface("front", _page_values),
        [*plain_routes, *_ROOMS],
        inside=[
            ShedLayer,
            lambda app: VisitorLayer(app, context),
            lambda app: GateLayer(app, context, SHOP, _caller, passes_by),
        ],
        lifespan=lifespan,
    )
