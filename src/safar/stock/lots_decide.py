"""Which lots units are taken from: first expired, first out. Without I/O."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from types import MappingProxyType
from uuid import UUID

from safar.kernel.ids import derived_id
from safar.stock.model import CUSTOMER, LOSS, SUPPLIER, Transfer

_OUTSIDE = frozenset({SUPPLIER, CUSTOMER, LOSS})
NEVER = date(9999, 12, 31)  # as the database has it for a lot without a day of expiry


@dataclass(frozen=True, slots=True)
class LotLevel:
    """Units of a lot at a location; without a day of expiry it expires in the year 9999."""

    lot_id: UUID
    variant_id: UUID
    code: str
    expires_on: date
    location_id: UUID
    units: int


@dataclass(frozen=True, slots=True)
class LotEntry:
    """Units of a lot come to a location (negative: leave it)."""

    id: UUID
    lot_id: UUID
    location_id: UUID
    units: int
    move_id: UUID | None


@dataclass(frozen=True, slots=True)
class PickRequest:
    """Units of a variant to be picked from a shelf, `behind` so many that orders before are to get."""

    variant_id: UUID
    shelf_id: UUID
    units: int
    behind: int = 0


@dataclass(frozen=True, slots=True)
class PickSuggestion:
    """The lots to pick from, each with its units, and how many units are not there in date."""

    picks: tuple[LotLevel, ...]
    out_of_date: int = 0


def pick_suggestion(
    levels: Sequence[LotLevel], wanted: PickRequest, lying: int | None, *, today: date
) -> PickSuggestion:
    """Return what to pick; `lying`: all units on the shelf, where something there has expired."""
    picks = picks_of(
        levels, wanted.variant_id, wanted.shelf_id, wanted.units, in_date_on=today, behind=wanted.behind
    )
    if lying is None:
        return PickSuggestion(picks)
    expired = sum(
        level.units
        for level in levels
        if (level.variant_id, level.location_id) == (wanted.variant_id, wanted.shelf_id)
        and level.expires_on < today
    )
    in_date = max(lying - expired - wanted.behind, 0)
    return PickSuggestion(picks, out_of_date=max(wanted.units - in_date, 0))


def picks_of(
    levels: Sequence[LotLevel],
    variant_id: UUID,
    location_id: UUID,
    units: int,
    *,
    in_date_on: date = date.min,
    behind: int = 0,
) -> tuple[LotLevel, ...]:
    """Return the lots to take `units` from, first expired first; fewer when lots know of fewer.

    What expires before `in_date_on` is left out. The first `behind` units are for orders that come before.
    """
    here = sorted(
        (
            level
            for level in levels
            if level.variant_id == variant_id
            and level.location_id == location_id
            and level.expires_on >= in_date_on
        ),
        key=lambda lot: (lot.expires_on, lot.code, lot.lot_id),
    )
    picks = []
    for level in here:
        others = min(level.units, behind)
        taken = min(level.units - others, units)
        behind -= others
        if taken > 0:
            picks.append(replace(level, units=taken))
            units -= taken
    return tuple(picks)


def follow(
    levels: Sequence[LotLevel],
    moves: Sequence[Transfer],
    stated: Mapping[UUID, UUID],
    *,
    shelves: Mapping[UUID, UUID],
    behind: Mapping[UUID, int] = MappingProxyType({}),
    today: date,
) -> list[LotEntry]:
    """Return what moves change of the lots, in the order of the moves.

    A move takes the lot that is stated, or the first to expire, as far as lots know of its units; they come
    to where it goes, if that is ours. Customers get nothing that has expired, and not what is for the orders
    before theirs: so many units, by move, as `behind` says. A stated lot comes from outside in full.
    `shelves`: where the units of a location lie, if on another one's.
    """
    known = {(level.lot_id, level.location_id): level for level in levels}
    named = {level.lot_id: level for level in levels}
    entries: list[LotEntry] = []

    def change(move: Transfer, lot_id: UUID, location_id: UUID, units: int) -> None:
        place = (lot_id, location_id)
        about = named.get(lot_id) or LotLevel(lot_id, move.variant_id, "", NEVER, location_id, 0)
        before = known[place].units if place in known else 0
        known[place] = replace(about, location_id=location_id, units=before + units)
        entry_id = derived_id("lot-entry", move.move_id, lot_id, location_id)
        entries.append(LotEntry(entry_id, lot_id, location_id, units, move.move_id))

    for move in moves:
        source = shelves.get(move.from_location_id, move.from_location_id)
        target = shelves.get(move.to_location_id, move.to_location_id)
        if source == target:
            continue
        lot_id = stated.get(move.move_id)
        here = [level for level in known.values() if lot_id in (None, level.lot_id)]
        in_date_on = today if target == CUSTOMER else date.min
        picks = picks_of(
            here,
            move.variant_id,
            source,
            move.quantity,
            in_date_on=in_date_on,
            behind=behind.get(move.move_id, 0),
        )
        took = [(pick.lot_id, pick.units) for pick in picks]
        if lot_id is not None and source in _OUTSIDE:
            took = [(lot_id, move.quantity)]
        for lot, units in took:
            if source not in _OUTSIDE:
                change(move, lot, source, -units)
            if target not in _OUTSIDE:
                change(move, lot, target, units)
    return entries
