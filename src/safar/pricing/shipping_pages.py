"""Shipping zones and the ways to send there, for managers; and what a parcel would cost."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from safar.kernel.i18n import _, current_language
from safar.kernel.ids import new_id, parse_id
from safar.kernel.money import NotAnAmount, plain_amount, read_amount
from safar.kernel.text import ascii_digits, whole_number
from safar.kernel.web.access import StaffRoute
from safar.kernel.web.actor import Actor, actor_of
from safar.kernel.web.forms import Fields
from safar.kernel.web.pages import context_of, page
from safar.kernel.web.post import NOTHING, Wrong, posted
from safar.kernel.web.requests import see_other
from safar.owner.reading import shop_with
from safar.pricing import reading
from safar.pricing.actions import remove_method, remove_zone, save_method, save_zone
from safar.pricing.forms import BANDS_MAX, method_in, places_in
from safar.pricing.model import Destination, ShippingMethod
from safar.pricing.places import all_countries, country_name
from safar.pricing.rules import load_rules
from safar.pricing.shipping import methods_to, zone_of

_WEIGHT_DIGITS_MAX = 7
_NEW_METHOD = {"key": "", "name": "", "days_least": "1", "days_most": "5", "free_from": "", "active": "yes"}


async def _zones(request: Request, wrong: Wrong = NOTHING) -> Response:
    settings, asked = context_of(request).settings, request.query_params
    async with context_of(request).database.connection() as connection:
        zones = await reading.zones(connection)
        rules = await load_rules(connection)
        home = (await shop_with(connection)).country
    to = Destination(asked.get("country", home)[:2], asked.get("postcode", "")[:16])
    weight = ascii_digits(asked.get("weight", ""))
    zone = zone_of(rules.zones, to)
    tried = methods_to(
        rules,
        to,
        weight_g=whole_number(weight, digits_max=_WEIGHT_DIGITS_MAX) or 0,
        goods_minor=_goods_in(asked.get("goods", ""), settings.currency),
        currency=settings.currency,
    )
    values = {
        "zones": zones,
        "typed": {"zone_id": str(new_id()), **wrong.typed},
        "problems": wrong.problems,
        "problem": wrong.problem,
        "country_name": country_name,
        "countries": all_countries(),
        "tried": tried if "country" in asked else None,
        "tried_zone": zone.name if zone else None,
        "asked": {
            "country": to.country,
            "postcode": to.postcode,
            "weight": weight,
            "goods": asked.get("goods", ""),
        },
        "language": current_language(),
        "currency": settings.currency,
    }
    return page(request, "pricing/shipping.html", values, status=wrong.status)


async def _zone(request: Request, wrong: Wrong = NOTHING) -> Response:
    async with context_of(request).database.connection() as connection:
        zone = await reading.zone(connection, parse_id(request.path_params["id"]))
    wanted = request.query_params.get("method", "")
    chosen = next((method for method in zone.methods if method.method.key == wanted), None)
    typed_method = _typed(chosen.method, active=chosen.active) if chosen else _NEW_METHOD
    values = {
        "zone": zone,
        "zone_typed": {
            "name": zone.name,
            "countries": ", ".join(country_name(code) for code in zone.countries),
            "postcodes": " ".join(zone.postcodes),
        }
        if wrong.form != "zone"
        else wrong.typed,
        "typed_method": wrong.typed if wrong.form == "method" else typed_method,
        "chosen": chosen is not None,
        "problems": wrong.problems if wrong.form == "method" else {},
        "zone_problems": wrong.problems if wrong.form == "zone" else {},
        "problem": wrong.problem,
        "bands": range(BANDS_MAX),
        "currency": context_of(request).settings.currency,
        "language": current_language(),
        "country_name": country_name,
        "all_countries": all_countries(),
    }
    return page(request, "pricing/zone.html", values, status=wrong.status)


@posted(_zones)
async def _create(request: Request, actor: Actor, fields: Fields) -> str:
    """Write a new zone; the form's zone id makes a second click harmless."""
    zone_id = fields.uuid("zone_id", wrong=_("This is not a request id (a UUID)."))
    name = fields.text("name", length_max=60)
    countries, postcodes = places_in(fields)
    fields.done()
    async with context_of(request).database.transaction() as connection:
        await save_zone(
            connection, zone_id, name=name, countries=countries, postcodes=postcodes, staff_id=actor.id
        )
    return f"/prices/shipping/{zone_id}"


@posted(_zone, "zone")
async def _change(request: Request, actor: Actor, fields: Fields) -> str:
    zone_id = parse_id(request.path_params["id"])
    name = fields.text("name", length_max=60)
    countries, postcodes = places_in(fields)
    fields.done()
    async with context_of(request).database.transaction() as connection:
        await reading.zone(connection, zone_id)
        await save_zone(
            connection, zone_id, name=name, countries=countries, postcodes=postcodes, staff_id=actor.id
        )
    return f"/prices/shipping/{zone_id}"


async def _remove(request: Request) -> Response:
    actor = actor_of(request)
    async with context_of(request).database.transaction() as connection:
        await remove_zone(connection, parse_id(request.path_params["id"]), staff_id=actor.id)
    return see_other("/prices/shipping")


@posted(_zone, "method")
async def _save_method(request: Request, actor: Actor, fields: Fields) -> str:
    zone_id = parse_id(request.path_params["id"])
    method, active = method_in(fields, context_of(request).settings.currency)
    fields.done()
    async with context_of(request).database.transaction() as connection:
        await reading.zone(connection, zone_id)
        await save_method(connection, zone_id, method, active=active, staff_id=actor.id)
    return f"/prices/shipping/{zone_id}"


async def _remove_method(request: Request) -> Response:
    actor = actor_of(request)
    zone_id, key = parse_id(request.path_params["id"]), request.path_params["key"]
    async with context_of(request).database.transaction() as connection:
        await reading.zone(connection, zone_id)
        if key.isprintable():
            await remove_method(connection, zone_id, key, staff_id=actor.id)
    return see_other(f"/prices/shipping/{zone_id}")


def _goods_in(text: str, currency: str) -> int:
    try:
        return read_amount(text, currency)
    except NotAnAmount:
        return 0


def _typed(method: ShippingMethod, *, active: bool) -> dict[str, str]:
    """Return a method as its form shows it."""
    free = method.free_from_minor
    typed = {
        "key": method.key,
        "name": method.names.get("", ""),
        "days_least": str(method.days_least),
        "days_most": str(method.days_most),
        "active": "yes" if active else "",
        "free_from": "" if free is None else plain_amount(free, method.currency),
    }
    typed |= {f"name-{language}": name for language, name in method.names.items() if language}
    for n, band in enumerate(method.bands):
        typed[f"weight-{n}"] = "" if band.weight_g_max is None else str(band.weight_g_max)
        typed[f"price-{n}"] = plain_amount(band.price_minor, method.currency)
    return typed


routes: list[BaseRoute] = [
    StaffRoute("/prices/shipping", _zones, role="manager"),
    StaffRoute("/prices/shipping", _create, role="manager", methods=["POST"]),
    StaffRoute("/prices/shipping/{id}", _zone, role="manager"),
    StaffRoute("/prices/shipping/{id}", _change, role="manager", methods=["POST"]),
    StaffRoute("/prices/shipping/{id}/remove", _remove, role="manager", methods=["POST"]),
    StaffRoute("/prices/shipping/{id}/methods", _save_method, role="manager", methods=["POST"]),
    StaffRoute(
        "/prices/shipping/{id}/methods/{key}/remove", _remove_method, role="manager", methods=["POST"]
    ),
]
