"""What the stock room's forms have in common: articles, places, and what a row of a list is called."""

from urllib.parse import urlencode
from uuid import UUID

from safar.catalogue.codes import variant_of_code
from safar.catalogue.model import Variant
from safar.kernel.database import Connection
from safar.kernel.i18n import _
from safar.kernel.web.forms import Fields
from safar.stock.locations import known_locations


async def variant_in(connection: Connection, fields: Fields, name: str = "code") -> Variant | None:
    """Return the variant whose barcode or SKU was scanned or typed; an unknown one is a problem."""
    code = fields.text(name, length_max=64)
    if name in fields.problems:
        return None
    variant = await variant_of_code(connection, code)
    if variant is None:
        fields.problems[name] = _("No article has this barcode or SKU.")
    elif variant.is_kit:
        fields.problems[name] = _("This is a kit: only its parts are kept in stock.")
        return None
    return variant


def place_name(name: str) -> str:
    """Return what a location is called: those that every shop has in the reader's language."""
    return _(name) if name else ""


async def location_choices(connection: Connection, *kinds: str) -> list[tuple[UUID, str]]:
    """Return our locations in use to choose from, those of these kinds (none given: of every kind)."""
    return [
        (location.id, place_name(location.name))
        for location in await known_locations(connection)
        if location.active and (not kinds or location.kind in kinds)
    ]


async def chosen_location(connection: Connection, fields: Fields, name: str, *kinds: str) -> UUID:
    """Return the location of ours that was chosen; one that is not to be chosen is a problem."""
    place = fields.uuid(name)
    if place not in dict(await location_choices(connection, *kinds)):
        fields.problems.setdefault(name, _("Choose one of the options."))
    return place


def at(path: str, **values: object) -> str:
    """Return an address with those of the values that are not empty."""
    filled = {name: value for name, value in values.items() if value}
    return f"{path}?{urlencode(filled)}" if filled else path
