"""Which zone a parcel goes to, and what each way to send it there costs."""

from collections.abc import Iterable

from safar.kernel.text import ascii_digits
from safar.pricing.model import Destination, Rules, ShippingChoice, ShippingMethod, Zone
from safar.pricing.money import converted

_RANGE = ".."


def methods_to(
    rules: Rules, to: Destination, *, weight_g: int, goods_minor: int, currency: str, free: bool = False
) -> tuple[ShippingChoice, ...]:
    """Return every way to send goods of this weight and worth there, the cheapest first.

    `free`: the cheapest way costs nothing, the others what they cost more than it.
    """
    zone = zone_of(rules.zones, to)
    if zone is None:
        return ()
    priced = [(_price(method, rules, weight_g, goods_minor, currency), method) for method in zone.methods]
    offered = [(price, method) for price, method in priced if price is not None]
    less = min((price for price, _method in offered), default=0) if free else 0
    methods = [
        ShippingChoice(
            method.key,
            method.names.get("") or method.key,
            price - less,
            method.days_least,
            method.days_most,
            method.names,
        )
        for price, method in offered
    ]
    return tuple(sorted(methods, key=lambda method: (method.price_minor, method.days_most, method.key)))


def zone_of(zones: Iterable[Zone], to: Destination) -> Zone | None:
    """Return the zone that means this place the most exactly: by postcode, by country, or as everywhere.

    Of two that are equally exact the first counts.
    """
    best: tuple[int, Zone] | None = None
    postcode = plain_postcode(to.postcode)
    for zone in zones:
        fit = _fit(zone, to.country, postcode)
        if fit is not None and (best is None or fit > best[0]):
            best = fit, zone
    return best[1] if best else None


def plain_postcode(text: str) -> str:
    """Return a postcode without spaces and hyphens, in capitals and digits 0-9."""
    return "".join(filter(str.isalnum, ascii_digits(text))).upper()


def is_within(postcode: str, pattern: str) -> bool:
    """Tell whether a plain postcode begins so, or lies in the range "from..to" (compared at their length)."""
    if _RANGE not in pattern:
        return postcode.startswith(plain_postcode(pattern))
    first, last = map(plain_postcode, pattern.split(_RANGE, 1))
    return len(postcode) >= len(first) and first <= postcode[: len(first)] and postcode[: len(last)] <= last


def _fit(zone: Zone, country: str, postcode: str) -> int | None:
    if zone.countries and country not in zone.countries:
        return None
    exact = 1 if zone.countries else 0
    if not zone.postcodes:
        return exact
    return exact + 2 if postcode and any(is_within(postcode, pattern) for pattern in zone.postcodes) else None


def _price(
    method: ShippingMethod, rules: Rules, weight_g: int, goods_minor: int, currency: str
) -> int | None:
    """Return what a method costs; None when the parcel is too heavy for it."""
    band = next(
        (band for band in method.bands if band.weight_g_max is None or weight_g <= band.weight_g_max), None
    )
    if band is None:
        return None
    free_from = method.free_from_minor
    if free_from is not None and goods_minor >= converted(free_from, method.currency, currency, rules.rates):
        return 0
    return converted(band.price_minor, method.currency, currency, rules.rates)
