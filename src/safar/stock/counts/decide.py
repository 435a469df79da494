"""What a count's differences become, without I/O."""

from collections.abc import Container, Mapping, Sequence
from uuid import UUID

from safar.kernel.ids import derived_id
from safar.stock.counts.model import Count, CountLine
from safar.stock.model import Adjustment, Level


def adjustments_of(
    count: Count, lines: Sequence[CountLine], accepted: Container[UUID], staff_id: UUID | None
) -> list[Adjustment]:
    """Return the moves that the accepted differences are: by the difference, whatever has moved since."""
    return [
        Adjustment(
            move_id=derived_id("count", count.id, line.variant_id),
            variant_id=line.variant_id,
            location_id=count.location_id,
            difference=line.difference,
            reason="count",
            document=f"CO {count.number}",
            staff_id=staff_id,
        )
        for line in lines
        if line.difference and line.variant_id in accepted
    ]


def promised_of(
    location_id: UUID,
    lines: Sequence[CountLine],
    accepted: Container[UUID],
    levels: Mapping[tuple[UUID, UUID], Level],
) -> list[str]:
    """Return the SKUs of which more is missing than is free: they cannot be taken off the books now."""
    short = []
    for line in lines:
        level = levels.get((line.variant_id, location_id))
        removable = level.on_hand - level.held + level.backorder if level else 0
        if line.variant_id in accepted and line.difference < 0 and removable + line.difference < 0:
            short.append(line.sku)
    return short
