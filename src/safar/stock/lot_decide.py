"""Which lots units are taken from: first expired, first out. Without I/O."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from safar.kernel.ids import derived_id
from safar.stock.model import CUSTOMER, LOSS, SUPPLIER, Transfer, outgoing_of

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
class Entry:
    """Units of a lot come to a location (negative: leave it)."""

    id: UUID
    lot_id: UUID
    location_id: UUID
    units: int
    move_id: UUID | None


def picks_of(
    levels: Sequence[LotLevel],
    variant_id: UUID,
    location_id: UUID,
    units: int,
    *,
    fit_on: date = date.min,
) -> tuple[LotLevel, ...]:
    """Return the lots to take `units` from, first expired first; fewer when lots know of fewer.

    What has expired before `fit_on` comes last.
    """
    here = sorted(
        (one for one in levels if one.variant_id == variant_id and one.location_id == location_id),
        key=lambda one: (one.expires_on < fit_on, one.expires_on, one.code, one.lot_id),
    )
    picks = []
    for level in here:
        taken = min(level.units, units)
        if taken > 0:
            picks.append(replace(level, units=taken))
            units -= taken
    return tuple(picks)


def follow(
    levels: Sequence[LotLevel], moves: Sequence[Transfer], stated: Mapping[UUID, UUID], *, today: date
) -> list[Entry]:
    """Return what moves change of the lots, in the order of the moves.

    A move takes the lot that is stated, or the first to expire, as far as lots know of its units; they come
    to where it goes, if that is ours. Customers get what has expired only when there is nothing else. A
    stated lot comes from outside in full.
    """
    shelf = {outgoing_of(level.location_id): level.location_id for level in levels}
    shelf |= {outgoing_of(move.to_location_id): move.to_location_id for move in moves}
    known = {(level.lot_id, level.location_id): level for level in levels}
    named = {level.lot_id: level for level in levels}
    entries: list[Entry] = []

    def change(move: Transfer, lot_id: UUID, location_id: UUID, units: int) -> None:
        place = (lot_id, location_id)
        about = named.get(lot_id) or LotLevel(lot_id, move.variant_id, "", NEVER, location_id, 0)
        before = known[place].units if place in known else 0
        known[place] = replace(about, location_id=location_id, units=before + units)
        entry_id = derived_id("lot-entry", move.move_id, lot_id, location_id)
        entries.append(Entry(entry_id, lot_id, location_id, units, move.move_id))

    for move in moves:
        source = shelf.get(move.from_location_id, move.from_location_id)
        target = shelf.get(move.to_location_id, move.to_location_id)
        if source == target:
            continue
        lot_id = stated.get(move.move_id)
        here = [level for level in known.values() if lot_id in (None, level.lot_id)]
        fit_on = today if target == CUSTOMER else date.min
        picks = picks_of(here, move.variant_id, source, move.quantity, fit_on=fit_on)
        took = [(pick.lot_id, pick.units) for pick in picks]
        if lot_id is not None and source in _OUTSIDE:
            took = [(lot_id, move.quantity)]
        for lot, units in took:
            if source not in _OUTSIDE:
                change(move, lot, source, -units)
            if target not in _OUTSIDE:
                change(move, lot, target, units)
    return entries
