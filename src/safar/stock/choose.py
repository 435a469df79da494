"""Which shelves an order's goods come from, without I/O.

`free` is what can leave now; what is missing then is promised from units that are still to come (backorder),
at one location. All or nothing: the outcome covers the whole demand, or tells what is short.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from safar.stock.model import Level, Place, Selling


class LocationRule(StrEnum):
    """NEAREST: the customer's country first, then by priority. FULLEST: where most lies of what is wanted.
    FEWEST_PARCELS: the fewest locations, by priority among equals.
    """

    NEAREST = "nearest"
    FULLEST = "fullest"
    FEWEST_PARCELS = "fewest_parcels"


@dataclass(frozen=True, slots=True)
class Chosen:
    """Units by place; `awaited`: the variants of which some are promised from what is still to come."""

    goods: Mapping[Place, int]
    awaited: frozenset[UUID] = frozenset()


@dataclass(frozen=True, slots=True)
class Short:
    """What can be promised at most of the variants of which there is too little."""

    left: Mapping[UUID, int]


def choose_locations(
    demand: Mapping[UUID, int],
    levels: Mapping[Place, Level],
    locations: Sequence[Selling],
    *,
    rule: LocationRule,
    country: str = "",
    first: UUID | None = None,
) -> Chosen | Short:
    """Return where `demand` (variant → units) comes from.

    `first`: a location that is used before all others as far as it goes (what a campaign has set aside).
    `locations` come by priority.
    """
    goods: dict[Place, int] = {}
    rest = dict(demand)
    if first is not None:
        _take(goods, rest, levels, first)
    ordered = _ordered(rest, levels, locations, rule, country)
    whole = next((at for at in ordered if rest and _covers(rest, levels, at)), None)
    if whole is not None:
        ordered = [whole]
    while rest and ordered:
        if rule is LocationRule.FEWEST_PARCELS:
            # max() keeps the first of equals: the one of the highest priority.
            ordered.sort(key=lambda at: -_covered(rest, levels, at))
        _take(goods, rest, levels, ordered.pop(0))
    awaited = _await(goods, rest, levels, [first] if first else [], locations)
    if rest:
        return Short(left_of(rest, levels, locations, first))
    return Chosen(goods, awaited)


def left_of(
    variant_ids: Mapping[UUID, int],
    levels: Mapping[Place, Level],
    locations: Sequence[Selling],
    first: UUID | None,
) -> dict[UUID, int]:
    """Return how many units of each variant can be promised to one order."""
    places = [location.location_id for location in locations]
    if first is not None and first not in places:
        places.append(first)
    left = {}
    for variant_id in variant_ids:
        shelves = [level for at in places if (level := levels.get((variant_id, at))) is not None]
        now = sum(max(level.free, 0) for level in shelves)
        # Units that are still to come are promised at one location only.
        left[variant_id] = now + max(
            (max(level.promisable, 0) - max(level.free, 0) for level in shelves), default=0
        )
    return left


def _ordered(
    rest: Mapping[UUID, int],
    levels: Mapping[Place, Level],
    locations: Sequence[Selling],
    rule: LocationRule,
    country: str,
) -> list[UUID]:
    if rule is LocationRule.NEAREST:
        near = sorted(locations, key=lambda location: not country or location.country != country)
        return [location.location_id for location in near]
    ids = [location.location_id for location in locations]
    if rule is LocationRule.FULLEST:
        ids.sort(key=lambda at: -sum(_free(levels, (variant_id, at)) for variant_id in rest))
    return ids


def _free(levels: Mapping[Place, Level], place: Place) -> int:
    level = levels.get(place)
    return max(level.free, 0) if level else 0


def _covers(rest: Mapping[UUID, int], levels: Mapping[Place, Level], at: UUID) -> bool:
    return all(_free(levels, (variant_id, at)) >= units for variant_id, units in rest.items())


def _covered(rest: Mapping[UUID, int], levels: Mapping[Place, Level], at: UUID) -> int:
    return sum(min(_free(levels, (variant_id, at)), units) for variant_id, units in rest.items())


def _take(goods: dict[Place, int], rest: dict[UUID, int], levels: Mapping[Place, Level], at: UUID) -> None:
    for variant_id, units in list(rest.items()):
        taken = min(units, _free(levels, (variant_id, at)))
        if taken:
            goods[variant_id, at] = goods.get((variant_id, at), 0) + taken
            rest[variant_id] -= taken
            if not rest[variant_id]:
                del rest[variant_id]


def _await(
    goods: dict[Place, int],
    rest: dict[UUID, int],
    levels: Mapping[Place, Level],
    first: Sequence[UUID],
    locations: Sequence[Selling],
) -> frozenset[UUID]:
    """Promise what is missing from units that are still to come, where enough of them may be promised."""
    awaited = set()
    for variant_id, units in list(rest.items()):
        for at in (*first, *(location.location_id for location in locations)):
            level = levels.get((variant_id, at))
            if level and level.promisable - goods.get((variant_id, at), 0) >= units and level.backorder > 0:
                goods[variant_id, at] = goods.get((variant_id, at), 0) + units
                awaited.add(variant_id)
                del rest[variant_id]
                break
    return frozenset(awaited)
