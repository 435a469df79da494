"""Locations: where our stock lies, which of them sell, and what is set aside for one channel."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from safar.journal.actions import append_many
from safar.journal.model import Event
from safar.kernel.database import Connection, as_json, execute, row, rows
from safar.kernel.errors import Conflict
from safar.kernel.ids import derived_id
from safar.kernel.rare import Rare
from safar.owner.reading import shop_with
from safar.stock.actions import LOCATIONS_MAX, open_locations
from safar.stock.choose import LocationRule
from safar.stock.limits import QUERIES, write_limits
from safar.stock.model import MAIN, Selling

CHANNEL = "shop"  # the channel that we sell by ourselves
# Kinds that staff can add; the others are there from the start, or beside one of these.
KINDS_TO_ADD = ("warehouse", "store", "quarantine", "allocation")


class MainStays(Conflict):
    """The main warehouse stays in use: units come back to it. It can stop selling instead."""

    code = "main_location_stays"


class TooManyLocations(Conflict):
    """There are as many locations as this system keeps: %(count)s. Change one that is no longer used."""

    code = "too_many_locations"


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnLocation:
    """A location of ours, with all that is known of it.

    `country` is an ISO 3166 code of two letters, `channel` what an allocation is kept for.
    """

    id: UUID
    name: str
    kind: str
    channel: str = ""
    country: str = ""
    postcode: str = ""
    address: str = ""
    latitude: float | None = None
    longitude: float | None = None
    priority: int = 100
    sells: bool = True
    active: bool = True


def channel_location(channel: str) -> UUID:
    """Return the id of the location that keeps units for one channel, whether or not there is one."""
    return derived_id("channel", channel.strip().lower())


async def selling_locations(connection: Connection, channel: str = CHANNEL) -> list[Selling]:
    """Return where a channel's units may come from, first what is set aside for it, then by priority."""
    params = {"own": channel_location(channel), "limit": LOCATIONS_MAX}
    return await rows(Selling, connection, QUERIES["selling_locations"], params)


async def _selling(connection: Connection, channels: Sequence[str]) -> dict[str, list[Selling]]:
    return {channel: await selling_locations(connection, channel) for channel in channels}


SELLING: Rare[str, list[Selling]] = Rare(_selling)  # by channel


async def location_rule(connection: Connection) -> LocationRule:
    """Return how the shop chooses the shelves that orders leave from."""
    return LocationRule((await shop_with(connection)).location_rule)


async def known_locations(connection: Connection) -> list[OwnLocation]:
    """Return every location of ours but those of campaigns: in use first, then by kind and priority."""
    return await rows(OwnLocation, connection, QUERIES["sites"], {"limit": LOCATIONS_MAX})


async def site(connection: Connection, location_id: UUID) -> OwnLocation | None:
    """Return one of our locations."""
    return await row(OwnLocation, connection, QUERIES["site"], {"id": location_id})


async def save_locations(
    connection: Connection, wanted: Sequence[OwnLocation], *, staff_id: UUID | None
) -> None:
    """Make locations, or change them: the kind of one that is there stays as it is.

    Writes location.added and location.changed. What policies say moves along when another location sells
    first. Raises MainStays, TooManyLocations.
    """
    if any(location.id == MAIN and not location.active for location in wanted):
        raise MainStays
    before = {location.id: location for location in await known_locations(connection)}
    new = [location for location in wanted if location.id not in before]
    if len(before) + len(new) > LOCATIONS_MAX:
        raise TooManyLocations(count=LOCATIONS_MAX)
    await open_locations(connection, [(site_.id, site_.name, site_.kind) for site_ in new])
    changed = [
        location
        for location in wanted
        if location.id in before
        and before[location.id]
        != replace(location, kind=before[location.id].kind, channel=before[location.id].channel)
    ]
    updated = [replace(site_, channel=before[site_.id].channel) for site_ in changed]
    await execute(connection, QUERIES["set_sites"], {"sites": as_json([*new, *updated])})
    if any(_sells(location) != _sells(before.get(location.id)) for location in wanted):
        await write_limits(connection)
    await append_many(
        connection,
        [_event("location.added", site_, staff_id) for site_ in new]
        + [_event("location.changed", site_, staff_id) for site_ in changed],
    )


def _sells(location: OwnLocation | None) -> tuple[bool, int]:
    return (location.active and location.sells, location.priority) if location else (False, 0)


def _event(name: str, location: OwnLocation, staff_id: UUID | None) -> Event:
    about = {"name": location.name, "kind": location.kind, "sells": location.sells, "active": location.active}
    return Event(name=name, staff_id=staff_id, subject_id=location.id, properties=about)
