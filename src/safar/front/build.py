"""The front as one application: the rooms' public routes behind visitor and gate."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import BaseRoute
from starlette.types import Scope

import safar.campaigns.public
import safar.catalogue.public
import safar.gate.public
import safar.inbox.public
import safar.inbox.webhooks
import safar.owner.public
import safar.payments.public
import safar.shop.public
from safar.customers.visitor import Visitor, VisitorLayer
from safar.front.cached_pages import cached_page_key, noting
from safar.front.health import plain_routes
from safar.front.offers import REFRESH_S, Offers
from safar.front.page_views import IDLE_S as VIEWS_EVERY_S
from safar.front.page_views import Views
from safar.front.proof import is_buying
from safar.front.shed import ShedLayer
from safar.gate.door.board import SiteBoard, with_board
from safar.gate.door.layer import GateLayer
from safar.gate.door.rooms import has_pass
from safar.gate.tickets.model import SHOP, Caller
from safar.journal.live import with_live_feed
from safar.kernel.context import Context
from safar.kernel.loops import repeat
from safar.kernel.web.networks import routed_network
from safar.kernel.web.page_cache import PageCache
from safar.kernel.web.requests import client_address
from safar.kernel.web.surface import Surface, build_surface
from safar.owner.layer import ShopLayer
from safar.storefront.layer import StorefrontLayer, page_values
from safar.watch.reading import REFRESH_S as WATCH_EVERY_S
from safar.watch.reading import Watch

_ROOMS: list[BaseRoute] = [
    *safar.shop.public.routes,
    *safar.payments.public.routes,
    *safar.inbox.public.routes,
    *safar.inbox.webhooks.routes,
    *safar.campaigns.public.routes,
    *safar.catalogue.public.routes,
    *safar.gate.public.routes,
    *safar.owner.public.routes,
]


_SIGNED_PATHS = (*safar.payments.public.SIGNED_PATHS, *safar.inbox.webhooks.SIGNED_PATHS)

# The pages that cost the shop its strength; a first step of the path each. All others go past the gate:
# whoever has an order, a question or a wish to unsubscribe need not wait for a place among the shelves.
_GATED = frozenset({"", "c", "p", "pages", "search", "wishlist", "cart", "checkout", "buy"})


def passes_by(path: str) -> bool:
    """Tell whether `path` is open to everyone, without a place in the shop."""
    return path.split("/", 2)[1] not in _GATED if path.startswith("/") else True


def _caller(scope: Scope) -> Caller:
    visitor: Visitor = scope["state"]["visitor"]
    return Caller(visitor.customer_id, visitor.campaign_id, visitor.visitor_id, visitor.returned)


def _network(scope: Scope) -> str | None:
    return routed_network(client_address(Request(scope)))


def build_front(context: Context) -> Starlette:
    """Return the public application."""
    offers = Offers(context)
    views = Views(context)
    watch = Watch(context.database)
    board = SiteBoard(context, SHOP, offers.units_left, views.returned)

    async def refresh_offers() -> bool:
        return await offers.refresh(board)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        app.state.watch = watch
        with contextlib.suppress(Exception):  # a start while the database is away
            await watch.refresh()
        async with with_live_feed(context.database)(app), with_board(board)(app):
            tasks = [
                asyncio.create_task(repeat(name, step, idle_s=idle_s, pulse=context.pulse))
                for name, step, idle_s in (
                    ("front.offers", refresh_offers, REFRESH_S),
                    ("front.views", views.write, VIEWS_EVERY_S),
                    ("front.watch", watch.refresh, WATCH_EVERY_S),
                )
            ]
            try:
                yield
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
                with contextlib.suppress(Exception):  # a stop while the database is away
                    await views.write()

    return build_surface(
        context,
        Surface("front", page_values, signed=_SIGNED_PATHS),
        [*plain_routes, *_ROOMS],
        inside=[
            lambda app: ShedLayer(app, inside=has_pass, buying=is_buying, network=_network),
            lambda app: VisitorLayer(app, context),
            lambda app: ShopLayer(app, context),
            lambda app: StorefrontLayer(app, context),
            lambda app: GateLayer(app, context, SHOP, _caller, passes_by),
            lambda app: PageCache(app, key=cached_page_key, noted=noting(views)),
        ],
        lifespan=lifespan,
    )
