"""Kits: a variant that is several units of others; it lies on no shelf, its parts do."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from safar.catalogue.actions import QUERIES
from safar.kernel.database import Connection, rows


@dataclass(frozen=True, slots=True)
class _Part:
    kit_id: UUID
    part_id: UUID
    units: int


async def kits(
    connection: Connection, variant_ids: Iterable[UUID]
) -> dict[UUID, tuple[tuple[UUID, int], ...]]:
    """Return, for those of the variants that are kits, their parts: (variant, units in one kit)."""
    found = await rows(_Part, connection, QUERIES["kit_parts"], {"ids": list(dict.fromkeys(variant_ids))})
    parts: dict[UUID, tuple[tuple[UUID, int], ...]] = {}
    for part in found:
        parts[part.kit_id] = (*parts.get(part.kit_id, ()), (part.part_id, part.units))
    return parts
