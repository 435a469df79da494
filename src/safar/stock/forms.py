"""What the stock room's forms have in common: ids, days, amounts, and what a row of a list is called."""

import math
from datetime import date
from urllib.parse import urlencode
from uuid import UUID

from safar.catalogue.codes import variant_of_code
from safar.catalogue.model import Variant
from safar.kernel.database import Connection
from safar.kernel.i18n import _
from safar.kernel.ids import new_id
from safar.kernel.text import ascii_digits
from safar.kernel.web.forms import Fields
from safar.stock.locations import sites

UNITS_MAX = 1_000_000


def uuid_of(fields: Fields, name: str) -> UUID:
    """Return an id that a form carries hidden or in a choice; anything else is a problem."""
    try:
        return UUID(fields.text(name, length_max=36))
    except ValueError:
        fields.problems[name] = _("Choose one of the options.")
        return new_id()


def day_of(fields: Fields, name: str) -> date | None:
    """Return a day as a date input sends it, or None for none."""
    text = ascii_digits(fields.text(name, length_max=10, required=False))
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = date.min
    if not 2000 <= day.year <= 2200:
        fields.problems[name] = _("A day such as 2027-03-21.")
        return None
    return day


def degrees_of(fields: Fields, name: str, most: int) -> float | None:
    """Return a latitude or a longitude, or None for none."""
    text = ascii_digits(fields.text(name, length_max=20, required=False)).replace(",", ".")
    if not text:
        return None
    try:
        degrees = float(text)
    except ValueError:
        degrees = math.nan
    if not -most <= degrees <= most:
        fields.problems[name] = _("Degrees from -%(most)s to %(most)s.", most=most)
        return None
    return degrees


def ticked(fields: Fields, name: str) -> bool:
    return bool(fields.values.get(name))


def units_by_variant(fields: Fields, prefix: str = "units-", *, least: int = 0) -> dict[UUID, int]:
    """Return the units of a list's rows, fields named by prefix and variant; empty rows are left out."""
    units: dict[UUID, int] = {}
    for name, text in fields.values.items():
        if name.startswith(prefix) and text.strip():
            try:
                variant_id = UUID(name.removeprefix(prefix))
            except ValueError:
                fields.problems[name] = _("Choose one of the options.")
                continue
            units[variant_id] = fields.integer(name, least=least, most=UNITS_MAX)
    return units


async def variant_in(connection: Connection, fields: Fields, name: str = "code") -> Variant | None:
    """Return the variant whose barcode or SKU was scanned or typed; an unknown one is a problem."""
    code = fields.text(name, length_max=64)
    if name in fields.problems:
        return None
    variant = await variant_of_code(connection, code)
    if variant is None:
        fields.problems[name] = _("No article has this barcode or article number.")
    elif variant.is_kit:
        fields.problems[name] = _("This is a set: only its parts lie in stock.")
        return None
    return variant


def place_name(name: str) -> str:
    """Return what a location is called: those that every shop has in the reader's language."""
    return _(name) if name else ""


async def places(connection: Connection, *kinds: str) -> list[tuple[UUID, str]]:
    """Return our locations in use to choose from, those of these kinds (none given: of every kind)."""
    return [
        (one.id, place_name(one.name))
        for one in await sites(connection)
        if one.active and (not kinds or one.kind in kinds)
    ]


async def place_of(connection: Connection, fields: Fields, name: str, *kinds: str) -> UUID:
    """Return the location of ours that was chosen; one that is not to be chosen is a problem."""
    place = uuid_of(fields, name)
    if place not in dict(await places(connection, *kinds)):
        fields.problems.setdefault(name, _("Choose one of the options."))
    return place


def at(path: str, **values: object) -> str:
    """Return an address with those of the values that are not empty."""
    filled = {name: value for name, value in values.items() if value}
    return f"{path}?{urlencode(filled)}" if filled else path
