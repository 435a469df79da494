"""Reading what managers have set, and what came of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from safar.kernel.database import Connection, rows
from safar.pricing.errors import UnknownZone
from safar.pricing.model import ShippingMethod
from safar.pricing.rules import QUERIES, method_of_row


@dataclass(frozen=True, slots=True)
class ListedMethod:
    """A way to send as staff see it."""

    method: ShippingMethod
    active: bool


@dataclass(frozen=True, slots=True)
class ListedZone:
    """A zone as staff see it."""

    id: UUID
    name: str
    countries: Sequence[str]
    postcodes: Sequence[str]
    methods: Sequence[ListedMethod]


@dataclass(frozen=True, slots=True)
class _Zone:
    id: UUID
    name: str
    countries: list[str]
    postcodes: list[str]
    methods: list[dict[str, Any]]


async def zones(connection: Connection, zone_id: UUID | None = None) -> list[ListedZone]:
    listed = await rows(_Zone, connection, QUERIES["zones_listed"], {"id": zone_id})
    return [
        ListedZone(
            zone.id,
            zone.name,
            zone.countries,
            zone.postcodes,
            [ListedMethod(method_of_row(method), method["active"]) for method in zone.methods],
        )
        for zone in listed
    ]


async def zone(connection: Connection, zone_id: UUID) -> ListedZone:
    """Return one zone. Raises UnknownZone."""
    matching = await zones(connection, zone_id)
    if not matching:
        raise UnknownZone
    return matching[0]
