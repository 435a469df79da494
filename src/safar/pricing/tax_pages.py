"""Taxes by country, for managers."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from safar.kernel.errors import NotFound
from safar.kernel.i18n import N_, _
from safar.kernel.web.access import StaffRoute
from safar.kernel.web.actor import Actor, actor_of
from safar.kernel.web.forms import Fields
from safar.kernel.web.pages import context_of, page
from safar.kernel.web.post import NOTHING, Wrong, posted
from safar.kernel.web.requests import see_other
from safar.pricing.actions import remove_tax, save_tax
from safar.pricing.forms import RATE_WHOLE, country_in, share_text, tax_in
from safar.pricing.model import Tax
from safar.pricing.places import all_countries, country_name, is_country
from safar.pricing.rules import load_rules

CLASSES = {"standard": N_("standard rate"), "reduced": N_("reduced rate"), "zero": N_("not taxed")}
_OTHERS = "others"


async def _taxes(request: Request, wrong: Wrong = NOTHING) -> Response:
    async with context_of(request).database.connection() as connection:
        taxes = (await load_rules(connection)).taxes
    country = request.query_params.get("country", "").upper()[:2]
    values = {
        "taxes": [(code, _name(code), tax) for code, tax in taxes.items()],
        "share": lambda parts: share_text(parts, RATE_WHOLE) or "0",
        "countries": [("", _("All other countries")), *all_countries()],
        "classes": [(code, _(text)) for code, text in CLASSES.items()],
        "class_names": CLASSES,
        **wrong.values(),
    }
    if wrong.fields is None:
        values["typed"] = _typed(country, taxes.get(country) or Tax())
    return page(request, "pricing/tax.html", values, status=wrong.status)


@posted(_taxes)
async def _save(request: Request, actor: Actor, fields: Fields) -> str:
    country, tax = country_in(fields), tax_in(fields)
    fields.done()
    async with context_of(request).database.transaction() as connection:
        await save_tax(connection, country, tax, staff_id=actor.id)
    return "/prices/tax"


async def _remove(request: Request) -> Response:
    actor = actor_of(request)
    country = request.path_params["country"]
    if country != _OTHERS and not is_country(country):
        raise NotFound
    async with context_of(request).database.transaction() as connection:
        await remove_tax(connection, "" if country == _OTHERS else country, staff_id=actor.id)
    return see_other("/prices/tax")


def _typed(country: str, tax: Tax) -> dict[str, str]:
    return {
        "country": country,
        "included": "yes" if tax.included else "no",
        "standard": share_text(tax.rates.get("standard", 0), RATE_WHOLE),
        "reduced": share_text(tax.rates.get("reduced", 0), RATE_WHOLE),
        "shipping_class": tax.shipping_class,
    }


def _name(code: str) -> str:
    return country_name(code) if code else _("All other countries")


routes: list[BaseRoute] = [
    StaffRoute("/prices/tax", _taxes, role="manager"),
    StaffRoute("/prices/tax", _save, role="manager", methods=["POST"]),
    StaffRoute("/prices/tax/{country}/remove", _remove, role="manager", methods=["POST"]),
]
