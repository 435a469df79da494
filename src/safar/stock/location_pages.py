"""Locations in the console: where stock lies, what sells first, what is set aside for one channel."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from safar.kernel.errors import NotFound
from safar.kernel.i18n import N_, _
from safar.kernel.ids import new_id, parse_id
from safar.kernel.web.access import StaffRoute
from safar.kernel.web.actor import Actor, actor_of
from safar.kernel.web.forms import Fields
from safar.kernel.web.pages import context_of, page
from safar.kernel.web.post import NOTHING, Wrong, posted
from safar.stock import forms
from safar.stock.locations import (
    KINDS_TO_ADD,
    OwnLocation,
    channel_location,
    known_locations,
    save_locations,
    site,
)

KIND_NAMES = {
    "warehouse": N_("Warehouse"), "store": N_("Store"), "quarantine": N_("Quarantine"),
    "allocation": N_("Set aside for a channel"), "outgoing": N_("Sold, to be sent"),
    "transit": N_("On the way"), "supplier": N_("Supplier"), "customer": N_("Customer"), "loss": N_("Loss"),
}  # fmt: skip


class UnknownLocation(NotFound):
    """There is no such location. Look for it in the list."""

    code = "unknown_location"


async def _locations(request: Request, wrong: Wrong = NOTHING) -> Response:
    actor = actor_of(request)
    async with context_of(request).database.connection() as connection:
        sites = await known_locations(connection)
    values = {
        "sites": sites,
        "kinds": _kinds(),
        "kind_names": _kind_names(),
        "may_change": actor.may("manager"),
        "location_id": new_id(),
        "place_name": forms.place_name,
        **wrong.values(),
    }
    return page(request, "stock/locations.html", values, status=wrong.status)


async def _location(request: Request, wrong: Wrong = NOTHING) -> Response:
    actor, location_id = (
        actor_of(request),
        request.path_params.get("id") or wrong.typed["location_id"],
    )
    async with context_of(request).database.connection() as connection:
        location = await site(connection, parse_id(location_id))
    if location is None:
        raise UnknownLocation
    values = {
        "site": location,
        "kind_names": _kind_names(),
        "may_change": actor.may("manager"),
        "place_name": forms.place_name,
        **wrong.values(),
    }
    return page(request, "stock/location.html", values, status=wrong.status)


async def _again(request: Request, wrong: Wrong) -> Response:
    return await (_location if wrong.typed.get("known") else _locations)(request, wrong)


@posted(_again)
async def _save(request: Request, actor: Actor, fields: Fields) -> str:
    """Add a location, or change the one of this id."""
    wanted = _read(fields)
    fields.done()
    async with context_of(request).database.transaction() as connection:
        if fields.values.get("known") and await site(connection, wanted.id) is None:
            raise UnknownLocation
        await save_locations(connection, [wanted], staff_id=actor.id)
    return "/stock/locations"


def _read(fields: Fields) -> OwnLocation:
    kind = fields.choice("kind", set(KINDS_TO_ADD))
    name = fields.text("name", length_max=80)
    country = fields.text("country", length_max=2, required=False).upper()
    if country and not (len(country) == 2 and country.isascii() and country.isalpha()):
        fields.problems["country"] = _("A country code of two letters, such as GB.")
    channel, location_id = "", fields.uuid("location_id")
    if kind == "allocation":
        channel = name.lower()
        if not fields.values.get("known"):
            location_id = channel_location(channel)
    return OwnLocation(
        id=location_id,
        name=name,
        kind=kind,
        channel=channel,
        country=country,
        postcode=fields.text("postcode", length_max=16, required=False),
        address=fields.text("address", length_max=300, required=False),
        latitude=_degrees(fields, "latitude", 90),
        longitude=_degrees(fields, "longitude", 180),
        priority=fields.integer("priority", least=0, most=10_000),
        sells=fields.ticked("sells"),
        active=not fields.ticked("ended"),
    )


def _degrees(fields: Fields, name: str, most: int) -> float | None:
    degrees = fields.number(
        name,
        least=-most,
        most=most,
        places=15,
        required=False,
        wrong=_("Degrees from -%(most)s to %(most)s.", most=most),
    )
    return None if degrees is None else float(degrees)


def _kinds() -> list[tuple[str, str]]:
    return [(kind, _(KIND_NAMES[kind])) for kind in KINDS_TO_ADD]


def _kind_names() -> dict[str, str]:
    return {kind: _(name) for kind, name in KIND_NAMES.items()}


routes: list[BaseRoute] = [
    StaffRoute("/stock/locations", _locations, role="agent"),
    StaffRoute("/stock/locations", _save, role="manager", methods=["POST"]),
    StaffRoute("/stock/locations/{id}", _location, role="agent"),
]
