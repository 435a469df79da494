"""Available to promise by date: what is free now, what comes when, and when a unit ordered now can leave."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from safar.kernel.database import Connection, rows
from safar.stock.actions import QUERIES

LATE_DAYS = 7


@dataclass(frozen=True, slots=True)
class Promise:
    """What can be promised of a variant over the locations that the shop sells from.

    `incoming`: units by the day they are expected, before open promises take theirs. `backorder`: how many
    may still be promised beyond what is free. `promised_on`: when a unit ordered now can leave, once nothing
    is free; None while units are free (they leave now) and when nothing can be promised.
    """

    free: int
    incoming: tuple[tuple[date, int], ...]
    backorder: int
    promised_on: date | None

    @property
    def promisable(self) -> int:
        """How many units can be promised in all."""
        return self.free + self.backorder


NOTHING = Promise(free=0, incoming=(), backorder=0, promised_on=None)


@dataclass(frozen=True, slots=True)
class SellingLevel:
    """A level at a location that sells, with the limits and the policy of its variant."""

    variant_id: UUID
    on_hand: int
    held: int
    reserve: int
    backorder: int
    preorder_from: date | None = None
    promise_days: int | None = None

    @property
    def free(self) -> int:
        return self.on_hand - self.held - self.reserve


@dataclass(frozen=True, slots=True)
class Incoming:
    """Units on their way to a location that sells; `expected_on` None when nobody has said."""

    variant_id: UUID
    units: int
    expected_on: date | None


async def promises(
    connection: Connection, variant_ids: Iterable[UUID], *, today: date
) -> dict[UUID, Promise]:
    """Return what can be promised of each of the variants; those that lie nowhere are NOTHING.

    A kit has no stock of its own: ask for its parts.
    """
    ids = list(dict.fromkeys(variant_ids))
    shelves = await rows(SellingLevel, connection, QUERIES["promise_shelves"], {"variant_ids": ids})
    incoming = await rows(Incoming, connection, QUERIES["incoming_units"], {"variant_ids": ids})
    lying: dict[UUID, list[SellingLevel]] = defaultdict(list)
    coming: dict[UUID, list[Incoming]] = defaultdict(list)
    for shelf in shelves:
        lying[shelf.variant_id].append(shelf)
    for units in incoming:
        coming[units.variant_id].append(units)
    return {id_: promise_of(lying[id_], coming[id_], today=today) for id_ in ids}


def promise_of(shelves: Sequence[SellingLevel], incoming: Sequence[Incoming], *, today: date) -> Promise:
    """Return the promise of one variant, from its shelves and what is on its way to them."""
    free = sum(max(shelf.free, 0) for shelf in shelves)
    owed = sum(max(-shelf.free, 0) for shelf in shelves)
    backorder = sum(shelf.backorder - max(-shelf.free, 0) for shelf in shelves)
    days = next((shelf.promise_days for shelf in shelves if shelf.promise_days is not None), None)
    dated = _dated(incoming, today=today, late_days=LATE_DAYS if days is None else days)
    promised_on = None
    if free == 0 and backorder > 0:
        promised_on = _first_unowed(dated, owed)
        if promised_on is None and days is not None:
            promised_on = today + timedelta(days=days)
        starts = [start for shelf in shelves if (start := shelf.preorder_from) is not None and start > today]
        promised_on = max([promised_on, *starts] if promised_on else starts, default=None)
    return Promise(free, dated, max(backorder, 0), promised_on)


def _dated(incoming: Sequence[Incoming], *, today: date, late_days: int) -> tuple[tuple[date, int], ...]:
    """Return the units by day, in order; what is late or has no date comes `late_days` from now."""
    fallback = today + timedelta(days=late_days)
    by_day: dict[date, int] = defaultdict(int)
    for units in incoming:
        dated = units.expected_on is not None and units.expected_on >= today
        by_day[units.expected_on if dated and units.expected_on else fallback] += units.units
    return tuple(sorted(by_day.items()))


def _first_unowed(dated: Sequence[tuple[date, int]], owed: int) -> date | None:
    """Return the first day that brings a unit which is not yet promised to somebody else."""
    for day, units in dated:
        if units > owed:
            return day
        owed -= units
    return None
