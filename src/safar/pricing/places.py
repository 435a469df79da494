"""Countries as customers read them, and postcodes as they are written there."""

import re
from collections.abc import Iterable
from functools import cache

from babel import Locale

from safar.kernel.i18n import LANGUAGES, _, current_language, ngettext, number
from safar.kernel.text import ascii_digits, fold
from safar.pricing.addresses import address_form
from safar.pricing.model import Rules, Zone

# Of CLDR's territories those that are no ISO 3166 country to which goods are sent.
_NO_COUNTRY = frozenset(
    {"AC", "AN", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "ZZ"}
)
_NAMED_MAX = 4  # a title with more is read by nobody
_LIST_COMMA = {"fa": "، "}
_COMMAS = re.compile(r"[,;،\n]+")
# As the post offices of our languages' countries write them.
_POSTCODES = {
    "BR": re.compile(r"[0-9]{5}-?[0-9]{3}"),
    "GB": re.compile(r"[A-Z]{1,2}[0-9][A-Z0-9]? ?[0-9][A-Z]{2}"),
    "IN": re.compile(r"[1-9][0-9]{2} ?[0-9]{3}"),
    "IR": re.compile(r"[1-9][0-9]{4}-?[0-9]{5}"),
    "PT": re.compile(r"[0-9]{4}-?[0-9]{3}"),
    "US": re.compile(r"[0-9]{5}(-[0-9]{4})?"),
}
POSTCODE_EXAMPLES = {
    "BR": "01310-100", "GB": "YO1 7HH", "IN": "110001", "IR": "11369-13111", "PT": "1000-205", "US": "10001",
}  # fmt: skip


@cache
def _names(language: str) -> dict[str, str]:
    territories = Locale.parse(language.replace("-", "_")).territories
    return {
        code: name
        for code, name in territories.items()
        if len(code) == 2 and code.isalpha() and code not in _NO_COUNTRY
    }


def country_name(code: str) -> str:
    """Return a country in the language in force."""
    return _names(current_language()).get(code, code)


def zone_title(zone: Zone) -> str:
    """Return where a zone is, in the language in force: its name is in that of the staff."""
    if not zone.countries:
        return _("All other countries")
    names = country_names(zone)
    if len(names) > _NAMED_MAX:
        return ngettext("%(num)s country", "%(num)s countries", len(names), num=number(len(names)))
    return _LIST_COMMA.get(current_language(), ", ").join(names)


def country_names(zone: Zone) -> list[str]:
    """Return the countries of a zone in the language in force, sorted as its letters are."""
    return sorted(map(country_name, zone.countries), key=fold)


def is_country(code: str) -> bool:
    return code in _names("en")


@cache
def _by_name() -> dict[str, str]:
    """Return the codes of countries by their folded names, in every language of the console."""
    return {"uk": "GB"} | {
        fold(name): code for language in LANGUAGES for code, name in _names(language).items()
    }


def countries_named(text: str) -> tuple[list[str], list[str]]:
    """Return the codes of the countries in a text, and what of it is none: names between commas, or codes."""
    codes: list[str] = []
    unknown: list[str] = []
    for part in filter(None, (piece.strip() for piece in _COMMAS.split(text))):
        named = _by_name().get(fold(part))
        words = [part] if named else part.split()
        for word in words:
            code = named or _by_name().get(fold(word)) or word.upper()
            if is_country(code):
                codes.append(code)
            else:
                unknown.append(word)
    return codes, unknown


@cache
def _listed(language: str) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(_names(language).items(), key=lambda entry: entry[1]))


def all_countries() -> list[tuple[str, str]]:
    """Return every country as (code, name)."""
    return list(_listed(current_language()))


def countries_to_choose(rules: Rules, *, first: str) -> list[tuple[str, str]]:
    """Return the countries that we send to as (code, name), the shop's own first."""
    served = _served(rules)
    chosen = [(code, name) for code, name in _listed(current_language()) if served is None or code in served]
    return sorted(chosen, key=lambda entry: entry[0] != first)


def _served(rules: Rules) -> frozenset[str] | None:
    """Return the countries of all zones; None: all of them."""
    if not rules.zones or any(not zone.countries and zone.methods for zone in rules.zones):
        return None
    return _union(zone.countries for zone in rules.zones if zone.methods)


def _union(sets: Iterable[frozenset[str]]) -> frozenset[str]:
    return frozenset().union(*sets)


def postcode_as_written(text: str) -> str:
    """Return a postcode in capitals and digits 0-9, with one space where there were some."""
    return " ".join(ascii_digits(text).upper().split())


def has_postcodes(country: str) -> bool:
    """Tell whether we know that addresses there have a postcode."""
    return country in _POSTCODES or address_form(country).postcode_needed


def is_postcode(country: str, postcode: str) -> bool:
    """Tell whether a postcode is written as its country does; where none is needed, any is."""
    pattern = _POSTCODES.get(country)
    if pattern is not None:
        return pattern.fullmatch(postcode) is not None
    form = address_form(country)
    return not form.postcode_needed or any(known.match(postcode) for known in form.postcodes)


def postcode_example(country: str) -> str:
    """Return a postcode as it is written there, "" where we know of none."""
    return POSTCODE_EXAMPLES.get(country) or address_form(country).postcode_example
