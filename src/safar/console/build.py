"""The console as one application: the rooms' staff pages behind sign-in."""

from collections.abc import Mapping
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import BaseRoute

import safar.campaigns.pages
import safar.campaigns.reading
import safar.catalogue.pages
import safar.catalogue.sheets.pages
import safar.channels.pages
import safar.channels.shown_mail
import safar.customers.pages
import safar.customers.sheets.pages
import safar.gate.pages
import safar.inbox.desk_pages
import safar.inbox.handling_pages
import safar.inbox.pages
import safar.inbox.writing_pages
import safar.journey.pages
import safar.payments.pages
import safar.privacy.pages
import safar.shop.console.code_pages
import safar.shop.console.pages
import safar.stock.counts.pages
import safar.stock.pages
import safar.stock.purchasing.pages
import safar.stock.purchasing.supplier_pages
import safar.stock.receiving.pages
import safar.stock.replenish.pages
import safar.stock.sheet_pages
import safar.stock.transfers.pages
import safar.storefront.own_pages.pages
import safar.storefront.pages
import safar.team.pages
from safar.campaigns.reading import in_campaigns
from safar.console import alerts, audit, brand_pages, mails, running, search, settings_pages, today
from safar.console.alarms import AlarmLayer, Standing, alarms_of
from safar.console.board import RunningBoard
from safar.console.checklist import Checklist
from safar.console.flash import FlashLayer, WayBackLayer
from safar.console.navigation import mounted, navigation
from safar.console.sentences import SENTENCES
from safar.journal.live import with_live_feed
from safar.kernel.context import Context
from safar.kernel.jobs import jobs_app
from safar.kernel.web.access import PublicRoute
from safar.kernel.web.pages import context_of
from safar.kernel.web.surface import Surface, build_surface
from safar.owner.layer import ShopLayer
from safar.owner.reading import known_shop
from safar.payments.layer import PaymentsLayer
from safar.payments.ways import PaymentWarnings
from safar.stock.units import StockShelves, in_stock_books
from safar.team.layer import StaffLayer


def _page_values(request: Request) -> Mapping[str, Any]:
    staff = getattr(request.state, "staff", None)
    payments = getattr(request.state, "payments", PaymentWarnings())
    standing = getattr(request.state, "standing", Standing())
    return {
        "staff": staff,
        "shop_name": known_shop(context_of(request)).name,
        "nav": navigation(request, request.app.state.entries, staff),
        "alarms": alarms_of(standing, payments) if staff else [],
        "told": getattr(request.state, "told_before", ""),
        "zone": context_of(request).settings.timezone,
    }


async def _health(_request: Request) -> PlainTextResponse:
    return PlainTextResponse("ok")


def build_console(context: Context) -> Starlette:
    """Return the staff application."""
    routes: list[BaseRoute] = [
        PublicRoute("/health", _health, why="says only that the process lives"),
        *today.routes,
        *running.routes,
        *search.routes,
        *safar.customers.sheets.pages.routes,  # before /customers/{id}
        *brand_pages.routes,  # before /settings/{group}
        *settings_pages.routes,
        *safar.customers.pages.routes,
        *safar.privacy.pages.routes,
        *safar.campaigns.pages.routes,
        *safar.journey.pages.routes,
        *safar.inbox.desk_pages.routes,  # before /inbox/{id}
        *safar.inbox.handling_pages.routes,  # before /inbox/{id}
        *safar.inbox.pages.routes,
        *safar.inbox.writing_pages.routes,
        *safar.channels.pages.routes,
        *safar.channels.shown_mail.routes,
        *safar.gate.pages.routes,
        *safar.shop.console.pages.routes,
        *safar.shop.console.code_pages.routes,
        *safar.payments.pages.routes,
        *safar.storefront.pages.routes,
        *safar.storefront.own_pages.pages.routes,
        *alerts.routes,
        *mails.routes,
        *safar.stock.replenish.pages.routes,  # these before those of stock: /stock/{id} takes the rest
        *safar.stock.purchasing.pages.routes,
        *safar.stock.purchasing.supplier_pages.routes,
        *safar.stock.receiving.pages.routes,
        *safar.stock.transfers.pages.routes,
        *safar.stock.counts.pages.routes,
        *safar.stock.sheet_pages.routes,
        *safar.stock.pages.routes,
        *safar.catalogue.sheets.pages.routes,
        *safar.catalogue.pages.routes,
        *safar.team.pages.routes,
        *audit.routes,
    ]
    open_paths = frozenset(route.path for route in routes if isinstance(route, PublicRoute))
    app = build_surface(
        context,
        Surface("console", _page_values, uploads=True),
        routes,
        inside=[
            lambda app: ShopLayer(app, context),
            lambda app: StaffLayer(app, context, open_paths=open_paths),
            lambda app: FlashLayer(app, context, open_paths=open_paths),
            WayBackLayer,
            lambda app: PaymentsLayer(app, context),
            lambda app: AlarmLayer(app, context),
        ],
        lifespan=with_live_feed(context.database),
    )
    app.state.sentences = SENTENCES
    app.state.shelves = StockShelves()
    app.state.keepers = {"stock": in_stock_books, "campaigns": in_campaigns}
    app.state.entries = mounted(routes)
    app.state.campaigns = safar.campaigns.reading.newest_campaigns
    app.state.board = RunningBoard(context)
    app.state.checklist = Checklist(context)
    jobs_app(context)  # what staff ask for can become a job of the worker
    return app
