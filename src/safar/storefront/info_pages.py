"""Pages about the shop: contact, delivery, returns, terms, privacy."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from safar.channels.server import sender_address
from safar.kernel.errors import NotFound
from safar.kernel.i18n import N_, _, current_language
from safar.kernel.web.access import PublicRoute
from safar.kernel.web.pages import context_of, page
from safar.owner.reading import shop_of
from safar.pricing.model import Zone
from safar.pricing.money import converted
from safar.pricing.places import country_names, zone_title
from safar.pricing.rules import rules_of
from safar.storefront.currency import currency_of
from safar.storefront.layer import look_in
from safar.storefront.look import PAGES
from safar.storefront.markdown import written

TITLES = {
    "contact": N_("Contact"), "delivery": N_("Delivery"), "returns": N_("Returns"), "terms": N_("Terms"),
    "privacy": N_("Privacy and cookies"),
}  # fmt: skip
# These say something without a word of the shop; the others exist when it has written them.
ALWAYS = ("contact", "delivery", "privacy")


async def _info(request: Request) -> Response:
    key, look, context = request.path_params["key"], look_in(request), context_of(request)
    text = look.say(key) if key in PAGES else ""
    if key not in PAGES or not (text or key in ALWAYS):
        raise NotFound
    rules, settings, shop = await rules_of(context), context.settings, await shop_of(context)
    currency = currency_of(request)

    def amount(minor: int, of: str) -> int:
        return converted(minor, of, currency, rules.rates)

    values = {
        "key": key,
        "title": _(TITLES[key]),
        "html": written(text),
        "text": text,
        "zones": _served(rules.zones) if key == "delivery" else (),
        "zone_title": zone_title,
        "country_names": country_names,
        "amount": amount,
        "currency": currency,
        "language": current_language(),
        "email": shop.email or sender_address(settings, shop),
        "browsing_days": settings.browsing_days,
        "message_months": settings.message_days // 30,
        "journal_months": settings.journal_months,
    }
    return page(request, "storefront/info.html", values)


def _served(zones: tuple[Zone, ...]) -> list[Zone]:
    """Return the zones that we send to, that of all other countries last."""
    return sorted((zone for zone in zones if zone.methods), key=lambda zone: not zone.countries)


routes: list[BaseRoute] = [PublicRoute("/info/{key}", _info, why="what the shop says of itself")]
