"""What managers type about taxes, shipping and discount codes, read and checked; problems by field."""

import re
from datetime import datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from safar.catalogue.model import TAX_CLASSES
from safar.kernel.i18n import LANGUAGES, _
from safar.kernel.web.forms import Fields
from safar.pricing.discounts import plain_code
from safar.pricing.model import Band, Discount, DiscountKind, ShippingMethod, Tax
from safar.pricing.places import countries_named, is_country
from safar.pricing.shipping import plain_postcode

BANDS_MAX = 8
PERCENT_WHOLE = 10_000
RATE_WHOLE = 100_000
_COUNTRIES_TEXT_MAX = 4000
_POSTCODES_MAX = 500
_WEIGHT_G_MAX = 1_000_000
_USES_MAX = 100_000_000
_DAYS_MAX = 365
_CODE = re.compile(r"[\w-]{2,40}")
_KEY = re.compile(r"[a-z0-9-]{1,40}")
_SEPARATORS = re.compile(r"[\s,;،]+")


def country_in(fields: Fields) -> str:
    """Return a country's code, "" for all others."""
    country = fields.values.get("country", "").strip().upper()
    if country and not is_country(country):
        fields.problems["country"] = _("Choose one of the options.")
    return country


def tax_in(fields: Fields) -> Tax:
    rates = {name: _share(fields, name, RATE_WHOLE) for name in ("standard", "reduced")}
    return Tax(
        included=fields.choice("included", {"yes": "", "no": ""}) == "yes",
        rates={name: rate for name, rate in rates.items() if rate},
        shipping_class=fields.choice("shipping_class", dict.fromkeys(TAX_CLASSES)),
    )


def places_in(fields: Fields) -> tuple[list[str], list[str]]:
    """Return the countries and the postcodes of a zone; countries by code or name, or ticked in the list."""
    text = fields.text("countries", length_max=_COUNTRIES_TEXT_MAX, required=False)
    countries, unknown = countries_named(text)
    ticked = [name.removeprefix("country-") for name in fields.values if name.startswith("country-")]
    unknown += [code for code in ticked if not is_country(code)]
    countries = sorted({*countries, *ticked})
    if unknown:
        fields.problems["countries"] = _("Not a country: %(names)s.", names=", ".join(unknown[:5]))
    postcodes = _words(fields, "postcodes", 20 * _POSTCODES_MAX)
    bad = [postcode for postcode in postcodes if not _is_pattern(postcode)]
    if bad or len(postcodes) > _POSTCODES_MAX:
        fields.problems["postcodes"] = _(
            "Beginnings such as SW1, or ranges such as 10000..19999; not %(bad)s.", bad=", ".join(bad[:5])
        )
    return countries, postcodes


def method_in(fields: Fields, currency: str) -> tuple[ShippingMethod, bool]:
    """Return a way to send and whether it is in use."""
    key = fields.text("key", length_max=40).lower()
    if key and not _KEY.fullmatch(key):
        fields.problems["key"] = _("Small letters a to z, digits and hyphens.")
    names = {"": fields.text("name", length_max=60)}
    for language in LANGUAGES:
        if name := fields.text(f"name-{language}", length_max=60, required=False):
            names[language] = name
    least = fields.integer("days_least", least=0, most=_DAYS_MAX)
    most = fields.integer("days_most", least=0, most=_DAYS_MAX)
    if most < least:
        fields.problems.setdefault("days_most", _("Not fewer than the least."))
    free_from = fields.amount("free_from", currency, required=False)
    method = ShippingMethod(
        key=key,
        names=names,
        bands=_bands(fields, currency),
        currency=currency,
        free_from_minor=free_from,
        days_least=least,
        days_most=most,
    )
    return method, fields.ticked("active")


def discount_in(fields: Fields, *, code: str | None, currency: str, zone: str) -> Discount:
    """Return a code as typed; `code`: the one that is changed, None for a new one."""
    kind = fields.choice("kind", {kind.value: "" for kind in DiscountKind})
    name = code or plain_code(fields.text("code", length_max=60))
    if not _CODE.fullmatch(name):
        fields.problems.setdefault("code", _("2 to 40 letters, digits and hyphens, without spaces."))
    starts_at = _day(fields, "starts_on", zone)
    ends_at = _day(fields, "ends_on", zone)
    if ends_at is not None:
        ends_at += timedelta(days=1)
        if starts_at is not None and ends_at <= starts_at:
            fields.problems["ends_on"] = _("Not before it starts.")
    return Discount(
        code=name,
        kind=kind,
        value=_value(fields, kind, currency),
        currency=currency,
        minimum_minor=fields.amount("minimum", currency, required=False) or 0,
        category=fields.text("category", length_max=100, required=False),
        starts_at=starts_at,
        ends_at=ends_at,
        uses_max=fields.optional_integer("uses_max", least=0, most=_USES_MAX),
        customers_once=fields.ticked("customers_once"),
        active=fields.ticked("active"),
        campaign_id=fields.uuid("campaign_id") if fields.values.get("campaign_id", "").strip() else None,
        partner=fields.text("partner", length_max=100, required=False),
    )


def _bands(fields: Fields, currency: str) -> tuple[Band, ...]:
    bands: list[Band] = []
    for n in range(BANDS_MAX):
        most = fields.optional_integer(f"weight-{n}", least=1, most=_WEIGHT_G_MAX)
        if most is None and not fields.values.get(f"price-{n}", "").strip():
            continue
        price = fields.amount(f"price-{n}", currency)
        bands.append(Band(most, price or 0))
    weights = [band.weight_g_max for band in bands]
    if not bands:
        fields.problems["price-0"] = _("At least one price is needed.")
    elif len(set(weights)) < len(weights):
        fields.problems["weight-0"] = _("Each weight once.")
    return tuple(bands)


def _value(fields: Fields, kind: str, currency: str) -> int:
    if kind == DiscountKind.PERCENT:
        return _share(fields, "value", PERCENT_WHOLE)
    if kind == DiscountKind.FIXED:
        return fields.amount("value", currency) or 0
    return 0


def _share(fields: Fields, name: str, whole: int) -> int:
    """Return so many per cent as parts of `whole`."""
    share = fields.number(
        name,
        most=100,
        places=len(str(whole // 100)) - 1,
        signs="%٪",
        required=False,
        wrong=_("So many per cent, such as 20 or 8.5."),
    )
    return int((share or 0) * whole / 100)


def _day(fields: Fields, name: str, zone: str) -> datetime | None:
    """Return the beginning of a day where the shop is."""
    day = fields.day(name)
    return None if day is None else datetime.combine(day, time.min, ZoneInfo(zone))


def _words(fields: Fields, name: str, length_max: int) -> list[str]:
    text = fields.text(name, length_max=length_max, required=False)
    return [] if name in fields.problems else list(dict.fromkeys(filter(None, _SEPARATORS.split(text))))


def _is_pattern(text: str) -> bool:
    parts = [plain_postcode(part) for part in text.split("..")]
    if len(parts) == 2:
        return bool(parts[0]) and len(parts[0]) == len(parts[1]) and parts[0] <= parts[1]
    return len(parts) == 1 and bool(parts[0])


def share_text(parts: int, whole: int) -> str:
    """Return parts of `whole` as per cent, as a form shows them."""
    return f"{(Decimal(parts) * 100 / whole).normalize():f}" if parts else ""
