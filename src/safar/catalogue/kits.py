"""Kits: a variant that is several units of others; it lies on no shelf, its parts do."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from safar.catalogue.actions import QUERIES
from safar.kernel.database import Connection, rows
from safar.kernel.rare import Rare

Parts = Mapping[UUID, tuple[tuple[UUID, int], ...]]


@dataclass(frozen=True, slots=True)
class _Part:
    kit_id: UUID
    part_id: UUID
    units: int


async def kits(
    connection: Connection, variant_ids: Iterable[UUID]
) -> dict[UUID, tuple[tuple[UUID, int], ...]]:
    """Return, for those of the variants that are kits, their parts: (variant, units in one kit)."""
    records = await rows(_Part, connection, QUERIES["kit_parts"], {"ids": list(dict.fromkeys(variant_ids))})
    parts: dict[UUID, tuple[tuple[UUID, int], ...]] = {}
    for part in records:
        parts[part.kit_id] = (*parts.get(part.kit_id, ()), (part.part_id, part.units))
    return parts


KITS: Rare[UUID, tuple[tuple[UUID, int], ...]] = Rare(kits)


def demand_of(units: Mapping[UUID, int], kits: Parts) -> dict[UUID, int]:
    """Return the units that have to leave a shelf: of a kit its parts, the demand of all lines summed."""
    demand: dict[UUID, int] = {}
    for variant_id, quantity in units.items():
        for part_id, each in kits.get(variant_id, ((variant_id, 1),)):
            demand[part_id] = demand.get(part_id, 0) + each * quantity
    return demand


def stocked_ids(variants: Iterable[UUID], kits: Parts) -> list[UUID]:
    """Return the variants whose levels count for these: of a kit its parts."""
    return list(dict.fromkeys(part for id_ in variants for part, _each in kits.get(id_, ((id_, 1),))))
