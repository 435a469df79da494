"""Prices as managers set them: discount codes with what they brought; and the routes of the other pages."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol, cast
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from safar.catalogue.actions import categories
from safar.catalogue.names import category_name
from safar.kernel import clock
from safar.kernel.clock import shop_day
from safar.kernel.database import Connection
from safar.kernel.errors import Conflict, InvalidInput, NotFound
from safar.kernel.i18n import N_, _, money, number
from safar.kernel.money import plain_amount
from safar.kernel.text import whole_number
from safar.kernel.web.access import StaffRoute
from safar.kernel.web.actor import Actor
from safar.kernel.web.forms import Fields
from safar.kernel.web.pages import context_of, error_text, page
from safar.kernel.web.post import NOTHING, Wrong, posted
from safar.orders.words import STATES
from safar.pricing import shipping_pages, tax_pages
from safar.pricing.actions import change_code, create_code
from safar.pricing.forms import PERCENT_WHOLE, discount_in, share_text
from safar.pricing.model import Discount, DiscountKind
from safar.shop.console import codes as reading

_PAGE_SIZE = 50
_PAGES_MAX = 1000
KINDS = {
    DiscountKind.PERCENT: N_("So many per cent off"),
    DiscountKind.FIXED: N_("An amount off"),
    DiscountKind.FREE_SHIPPING: N_("Free delivery, the cheapest way"),
}
STATES_OF_CODES = {
    "live": N_("in use"), "off": N_("switched off"), "not_yet": N_("not yet"), "over": N_("over"),
    "used_up": N_("used up"),
}  # fmt: skip
_EMPTY = {
    "code": "", "kind": "percent", "value": "", "minimum": "", "category": "", "starts_on": "", "ends_on": "",
    "uses_max": "", "customers_once": "", "active": "yes", "campaign_id": "", "partner": "",
}  # fmt: skip


class _Campaign(Protocol):
    @property
    def id(self) -> UUID: ...
    @property
    def name(self) -> str: ...


# Campaigns are a floor above: the console, which knows them, puts their list at `app.state.campaigns`.
Campaigns = Callable[[Connection], Awaitable[Sequence[_Campaign]]]


async def _codes(request: Request) -> Response:
    """Show the discount codes, the newest first, with their uses and what they brought."""
    query = request.query_params.get("q", "").strip()[:60]
    at_page = _page_number(request)
    async with context_of(request).database.connection() as connection:
        listed = await reading.codes(
            connection,
            query if query.isprintable() else "",
            limit=_PAGE_SIZE + 1,
            offset=(at_page - 1) * _PAGE_SIZE,
        )
    shown, now = listed[:_PAGE_SIZE], clock.now()
    values = {
        "codes": [(code, gives(code.discount), code.state(now)) for code in shown],
        "state_names": STATES_OF_CODES,
        "query": query,
        "newer": _at(request, at_page - 1) if at_page > 1 else None,
        "older": _at(request, at_page + 1) if len(listed) > _PAGE_SIZE else None,
    }
    return page(request, "shop/console/codes.html", values)


async def _code(request: Request, wrong: Wrong = NOTHING) -> Response:
    """Show a code's form, filled in as it stands when nothing was typed; an empty one for a new code."""
    settings = context_of(request).settings
    name = _name_of(request) if "code" in request.path_params else None
    async with context_of(request).database.connection() as connection:
        known = await reading.code(connection, name) if name else None
        orders = await reading.orders_with(connection, name) if name else []
        campaigns = await _campaigns(request, connection)
        all_categories = await categories(connection)
    typed = wrong.typed
    if wrong.fields is None and known is not None:
        typed = _typed(known.discount, settings.timezone)
    values: dict[str, Any] = {
        "found": known,
        "orders": orders,
        "typed": {**_EMPTY, **typed},
        "problems": wrong.problems,
        "problem": wrong.problem,
        "kinds": [(kind.value, _(text)) for kind, text in KINDS.items()],
        "campaigns": [("", _("None")), *((str(campaign.id), campaign.name) for campaign in campaigns)],
        "categories": [
            ("", _("All goods")),
            *((category, category_name(category)) for category in all_categories),
        ],
        "currency": settings.currency,
        "state": known.state(clock.now()) if known else None,
        "state_names": STATES_OF_CODES,
        "order_states": STATES,
    }
    return page(request, "shop/console/code.html", values, status=wrong.status)


@posted(_code)
async def _create(request: Request, actor: Actor, fields: Fields) -> str:
    discount = _discount(request, fields, None)
    try:
        async with context_of(request).database.transaction() as connection:
            await create_code(connection, discount, staff_id=actor.id)
    except Conflict as refused:
        raise InvalidInput(code=error_text(refused)) from refused
    return "/prices"


@posted(_code)
async def _change(request: Request, actor: Actor, fields: Fields) -> str:
    name = _name_of(request)
    async with context_of(request).database.connection() as connection:
        await reading.code(connection, name)
    discount = _discount(request, fields, name)
    try:
        async with context_of(request).database.transaction() as connection:
            await change_code(connection, discount, staff_id=actor.id)
    except Conflict as refused:
        raise InvalidInput(uses_max=error_text(refused)) from refused
    return "/prices"


def _discount(request: Request, fields: Fields, code: str | None) -> Discount:
    settings = context_of(request).settings
    discount = discount_in(fields, code=code, currency=settings.currency, zone=settings.timezone)
    fields.done()
    return discount


async def _campaigns(request: Request, connection: Connection) -> Sequence[_Campaign]:
    listed = cast("Campaigns | None", getattr(request.app.state, "campaigns", None))
    return await listed(connection) if listed else []


def _typed(discount: Discount, zone: str) -> dict[str, str]:
    percent = discount.kind == DiscountKind.PERCENT
    value = (
        share_text(discount.value, PERCENT_WHOLE)
        if percent
        else plain_amount(discount.value, discount.currency)
    )
    minimum = discount.minimum_minor
    return {
        "code": discount.code,
        "kind": discount.kind,
        "value": "" if discount.kind == DiscountKind.FREE_SHIPPING else value,
        "minimum": plain_amount(minimum, discount.currency) if minimum else "",
        "category": discount.category,
        "starts_on": _day_text(discount.starts_at, zone),
        "ends_on": _day_text(discount.ends_at - timedelta(days=1) if discount.ends_at else None, zone),
        "uses_max": "" if discount.uses_max is None else str(discount.uses_max),
        "customers_once": "yes" if discount.customers_once else "",
        "active": "yes" if discount.active else "",
        "campaign_id": str(discount.campaign_id or ""),
        "partner": discount.partner,
    }


def gives(discount: Discount) -> str:
    """Return what a code gives, in words."""
    if discount.kind == DiscountKind.PERCENT:
        return _("%(share)s %% off", share=number(discount.value / 100))
    if discount.kind == DiscountKind.FIXED:
        return _("%(amount)s off", amount=money(discount.value, discount.currency))
    return _("free delivery")


def _day_text(at: datetime | None, zone: str) -> str:
    return shop_day(at, zone).isoformat() if at else ""


def _name_of(request: Request) -> str:
    name = str(request.path_params["code"]).upper()
    if not name.isprintable() or len(name) > 40:
        raise NotFound
    return name


def _page_number(request: Request) -> int:
    number = whole_number(request.query_params.get("page", ""), digits_max=4) or 1
    return min(number, _PAGES_MAX)


def _at(request: Request, at_page: int) -> str:
    return f"?{request.url.include_query_params(page=at_page).query}"


routes: list[BaseRoute] = [
    StaffRoute("/prices", _codes, role="manager"),
    *tax_pages.routes,
    *shipping_pages.routes,
    StaffRoute("/prices/codes", _code, role="manager"),
    StaffRoute("/prices/codes", _create, role="manager", methods=["POST"]),
    StaffRoute("/prices/codes/{code}", _code, role="manager"),
    StaffRoute("/prices/codes/{code}", _change, role="manager", methods=["POST"]),
]
