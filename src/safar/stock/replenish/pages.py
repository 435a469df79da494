"""Staff pages of replenishment: what to buy, by supplier; and one variant's demand, forecast and rule."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from safar.catalogue.actions import variants_by_id
from safar.catalogue.errors import UnknownProduct
from safar.kernel import clock
from safar.kernel.database import Connection
from safar.kernel.errors import InvalidInput
from safar.kernel.i18n import _
from safar.kernel.ids import new_id, parse_id
from safar.kernel.keyset import cut, page_key, parse_page_key
from safar.kernel.web.access import StaffRoute
from safar.kernel.web.actor import Actor, actor_of
from safar.kernel.web.forms import UNITS_MAX, Fields, read_fields
from safar.kernel.web.pages import context_of, page
from safar.kernel.web.post import NOTHING, Wrong, posted
from safar.kernel.web.requests import see_other
from safar.stock import actions as stock
from safar.stock import forms
from safar.stock.promise import promises
from safar.stock.purchasing import items_of_variants
from safar.stock.purchasing.errors import UnknownSupplier
from safar.stock.purchasing.suppliers import supplier
from safar.stock.replenish.actions import draft_suggested, latest_run, set_rule_many
from safar.stock.replenish.book import HISTORY, demand_days
from safar.stock.replenish.demand import weekly
from safar.stock.replenish.jobs import ask_for_run
from safar.stock.replenish.model import Group, PurchaseSuggestion, ReplenishRule, SuggestedPurchase
from safar.stock.replenish.names import DEMANDS, MODELS
from safar.stock.replenish.reading import (
    FIRST,
    forecast_of,
    groups,
    read_suggestion,
    rule_of,
    suggestions,
)
from safar.stock.replenish.review import terms_of

NOBODY = "nobody"
"""Stands in addresses for the supplier of what nobody delivers yet."""
_CARDS_MAX = 6
_CARD_ROWS = 20
_ROWS = 50
_WEEKS_SHOWN = 52
_LEVELS = ("reorder_point", "order_up_to")


@dataclass(frozen=True, slots=True)
class SupplierCard:
    """A supplier's part of the page; `order_id` makes a second click of its button harmless."""

    group: Group
    rows: Sequence[PurchaseSuggestion]
    order_id: UUID

    @property
    def key(self) -> str:
        """How the supplier stands in addresses."""
        return str(self.group.supplier_id or NOBODY)


async def _suggestions(request: Request) -> Response:
    """Show what should be bought now: the most urgent suppliers with their articles, the others by name."""
    actor = actor_of(request)
    async with context_of(request).database.connection() as connection:
        all_groups = await groups(connection)
        cards = [
            SupplierCard(group, await suggestions(connection, group.supplier_id, limit=_CARD_ROWS), new_id())
            for group in all_groups[:_CARDS_MAX]
        ]
        values = {
            "cards": cards,
            "others": all_groups[_CARDS_MAX:],
            "run": await latest_run(connection),
            "places": await _places(connection),
            "new_id": new_id,
            "may": actor.may("manager"),
            "rows_max": _CARD_ROWS,
            "nobody": NOBODY,
        }
    return page(request, "stock/suggestions.html", values)


async def _supplier(request: Request, wrong: Wrong = NOTHING) -> Response:
    """Show all that should be bought of one supplier, page by page."""
    actor = actor_of(request)
    key = request.path_params["id"]
    wanted = None if key == NOBODY else parse_id(key)
    after = parse_page_key(request.query_params.get("after"), float, UUID) or FIRST
    async with context_of(request).database.connection() as connection:
        rows = await suggestions(connection, wanted, after=after, limit=_ROWS + 1)
        matching = [group for group in await groups(connection) if group.supplier_id == wanted]
        by = await supplier(connection, wanted) if wanted else None
        if by is None and wanted:
            raise UnknownSupplier
        places = await _places(connection)
    shown, last = cut(rows, _ROWS)
    path = request.url.path
    values = {
        "card": SupplierCard(matching[0], shown, new_id()) if matching else None,
        "supplier": by,
        "places": places,
        "may": actor.may("manager"),
        "problem": wrong.first,
        "first": after == FIRST,
        "older": f"{path}?after={page_key(last.days_left or 0.0, last.variant_id)}" if last else None,
    }
    return page(request, "stock/suggestions_of.html", values, status=wrong.status)


@posted(_supplier)
async def _draft(request: Request, actor: Actor, fields: Fields) -> str:
    """Draft the order of the rows shown, with the units that stand in them."""
    context, supplier_id = context_of(request), parse_id(request.path_params["id"])
    wanted = SuggestedPurchase(
        fields.uuid("order_id"),
        supplier_id,
        fields.uuid("location_id"),
        fields.units(),
        actor.id,
    )
    if fields.problems:
        fields.problems.clear()
        wrong = _("The units of an article are a whole number. Correct them and order again.")
        raise InvalidInput(units=wrong)
    async with context.database.transaction() as connection:
        if wanted.location_id not in {id_ for id_, _name in await _places(connection)}:
            raise UnknownProduct
        drafted = await draft_suggested(connection, wanted, terms_of(context.settings))
    return f"/stock/purchases/{drafted.order_id}"


async def _run(request: Request) -> Response:
    """Have all forecasts calculated now."""
    actor = actor_of(request)
    fields = await read_fields(request)
    run_id = fields.uuid("run_id")
    fields.done()
    async with context_of(request).database.transaction() as connection:
        await ask_for_run(connection, run_id, staff_id=actor.id)
    return see_other("/stock/suggestions")


async def _demand(request: Request, wrong: Wrong = NOTHING) -> Response:
    """Show what a variant sold, what is expected, and when it is bought again."""
    actor = actor_of(request)
    context = context_of(request)
    variant_id = parse_id(request.path_params["id"])
    async with context.database.connection() as connection:
        variant = (await variants_by_id(connection, [variant_id])).get(variant_id)
        if variant is None:
            raise UnknownProduct
        today = clock.today(connection.zone)
        weeks = await _weeks(connection, variant_id)
        forecast = await forecast_of(connection, variant_id)
        promise = (await promises(connection, [variant_id], today=today))[variant_id]
        choices = await _suppliers_of(connection, variant_id)
        values = {
            "variant": variant,
            "weeks": weeks,
            "bars": _bars(weeks),
            "forecast": forecast,
            "level": _height(forecast.week_mean, weeks) if forecast else None,
            "promise": promise,
            "rule": await rule_of(connection, variant_id),
            "may": actor.may("manager"),
            "suggestion": await read_suggestion(connection, variant_id),
            "suppliers": choices,
            "terms": terms_of(context.settings),
            "models": MODELS,
            "demands": DEMANDS,
            **wrong.values(),
        }
    return page(request, "stock/demand.html", values, status=wrong.status)


@posted(_demand)
async def _rule(request: Request, actor: Actor, fields: Fields) -> str:
    """Keep what staff want of a variant; empty fields leave it to the calculation."""
    context, variant_id = context_of(request), parse_id(request.path_params["id"])
    service = fields.optional_integer("service_percent", least=50, most=99)
    point, up_to = (fields.optional_integer(name, least=0, most=UNITS_MAX) for name in _LEVELS)
    if point is not None and up_to is not None and up_to < point:
        fields.problems["order_up_to"] = _("Not below the reorder point.")
    supplier_id = fields.uuid("supplier_id") if fields.values.get("supplier_id") else None
    rule = ReplenishRule(
        variant_id,
        point,
        up_to,
        fields.optional_integer("minimum_units", least=1, most=UNITS_MAX) or 1,
        None if service is None else float(service),
        supplier_id,
        fields.ticked("paused"),
    )
    async with context.database.transaction() as connection:
        if variant_id not in await variants_by_id(connection, [variant_id]):
            raise UnknownProduct
        delivering = {id_ for id_, _name in await _suppliers_of(connection, variant_id)}
        if supplier_id and supplier_id not in delivering:
            fields.problems["supplier_id"] = _("Choose one of the options.")
        fields.done()
        await set_rule_many(connection, [rule], terms_of(context.settings), staff_id=actor.id)
    return f"/stock/{variant_id}/demand"


async def _places(connection: Connection) -> list[tuple[UUID, str]]:
    return await forms.location_choices(connection, "warehouse", "store")


async def _suppliers_of(connection: Connection, variant_id: UUID) -> list[tuple[UUID, str]]:
    """Return who delivers a variant, the cheapest first."""
    items = (await items_of_variants(connection, [variant_id])).get(variant_id, [])
    known = [await supplier(connection, item.supplier_id) for item in items]
    return [(supplier_.id, supplier_.name) for supplier_ in known if supplier_]


async def _weeks(connection: Connection, variant_id: UUID) -> list[float]:
    today = clock.today(connection.zone)
    days = await demand_days(connection, variant_id, since=today - HISTORY)
    levels = await stock.levels(connection, [variant_id])
    on_hand = sum(level.on_hand for level in levels.values())
    return weekly(days, on_hand=on_hand, until=today)[-_WEEKS_SHOWN:]


def _bars(weeks: Sequence[float]) -> list[tuple[float, float, float]]:
    """Return each week as (x, y, height) in a box of 52 by 100."""
    left = _WEEKS_SHOWN - len(weeks)
    return [
        (left + index + 0.1, 100 - _height(units, weeks), _height(units, weeks))
        for index, units in enumerate(weeks)
    ]


def _height(units: float, weeks: Sequence[float]) -> float:
    return round(min(100 * units / (max(weeks, default=0) or 1), 100), 1)


routes: list[BaseRoute] = [
    StaffRoute("/stock/suggestions", _suggestions, role="agent"),
    StaffRoute("/stock/suggestions/run", _run, role="manager", methods=["POST"]),
    StaffRoute("/stock/suggestions/{id}", _supplier, role="agent"),
    StaffRoute("/stock/suggestions/{id}/draft", _draft, role="manager", methods=["POST"]),
    StaffRoute("/stock/{id}/demand", _demand, role="agent"),
    StaffRoute("/stock/{id}/rule", _rule, role="manager", methods=["POST"]),
]
