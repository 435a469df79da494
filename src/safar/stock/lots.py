"""Lots: which of the units at a location came together, and when they expire.

Lots are a second book beside the moves. It knows part of the units (those whose lot somebody has said), and
follows every move off a shelf by first expired, first out, unless the lot is given. What is set aside, or
sold and not yet shipped, still lies on its shelf, so it counts in there.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from types import MappingProxyType
from uuid import UUID

from safar.kernel import clock
from safar.kernel.database import Connection, as_json, execute, rows, tuples, value, values
from safar.kernel.errors import Conflict
from safar.kernel.ids import derived_id
from safar.kernel.keyset import FIRST_ID
from safar.kernel.queries import queries_beside
from safar.stock.lots_decide import LotEntry, LotLevel, PickRequest, PickSuggestion, follow, pick_suggestion
from safar.stock.model import Place, Transfer

QUERIES = queries_beside(__file__, "lots.sql")


class PastDate(Conflict):
    """What is left of %(skus)s here is past its date. Send less, or take in fresh units first."""

    code = "past_date"


class NotOfThisLot(Conflict):
    """There are not so many units here that belong to no lot yet. Count them first."""

    code = "not_of_this_lot"


@dataclass(frozen=True, slots=True)
class Lot:
    """A lot of a variant; `expires_on` is the last day on which it may be sold."""

    variant_id: UUID
    code: str
    expires_on: date | None = None

    @property
    def id(self) -> UUID:
        return lot_id_of(self.variant_id, self.code)


@dataclass(frozen=True, slots=True)
class LotStock:
    """Units of a lot at a location, as staff see them."""

    lot_id: UUID
    variant_id: UUID
    code: str
    expires_on: date
    location_id: UUID
    location: str
    location_kind: str
    units: int
    sku: str
    title: str


def lot_id_of(variant_id: UUID, code: str) -> UUID:
    """Return the id of a lot, whether or not it is there: it follows from the variant and the code."""
    return derived_id("lot", variant_id, code.strip().upper())


async def open_lots(connection: Connection, lots: Iterable[Lot]) -> None:
    """Make lots that are not there; a day of expiry that was not known is added, one that was stays."""
    once = {lot.id: lot for lot in lots}
    records = [
        {
            "id": id_,
            "variant_id": lot.variant_id,
            "code": lot.code.strip().upper(),
            "expires_on": lot.expires_on,
        }
        for id_, lot in once.items()
    ]
    await execute(connection, QUERIES["open_lots"], {"lots": as_json(records), "now": clock.now()})


async def follow_many(
    connection: Connection,
    moves: Sequence[Transfer],
    stated: Mapping[UUID, UUID] | None = None,
    behind: Mapping[UUID, int] = MappingProxyType({}),
) -> bool:
    """Let the lots go where units went; return whether any lot is known of what moved.

    By move id, `stated` gives the lot where it is known, and `behind` how many units the orders before have
    to get. For moves that were written just now, in the same transaction: a repetition must not come here
    again.
    """
    stated = stated or {}
    levels = await _locked(connection, {move.variant_id for move in moves}, stated.values())
    if not levels and not stated:
        return False
    shelves = await shelves_of(
        connection, [id_ for m in moves for id_ in (m.from_location_id, m.to_location_id)]
    )
    today = clock.today(connection.zone)
    entries = follow(levels, moves, stated, shelves=shelves, behind=behind, today=today)
    await _write(connection, entries)
    return True


async def past_date(connection: Connection, places: Iterable[Place]) -> list[str]:
    """Return the SKUs of which fewer units lie on a shelf than its lots have: what left was out of date."""
    records = [{"variant_id": variant_id, "shelf_id": shelf_id} for variant_id, shelf_id in set(places)]
    return sorted(await values(connection, QUERIES["past_date"], {"places": as_json(records)}))


async def assign_many(
    connection: Connection, wanted: Sequence[tuple[UUID, UUID, UUID, int]], *, expected: Mapping[UUID, int]
) -> None:
    """Say that units which lie at a location are of a lot: (entry id, lot id, location id, units) each.

    `expected` gives what of the lot's variant lies there, by entry id. Raises NotOfThisLot when more would
    be in lots than that.
    """
    ids = {"ids": [entry_id for entry_id, *_rest in wanted]}
    written = await tuples(connection, QUERIES["lot_entries"], ids)
    wanted = [assignment for assignment in wanted if (assignment[0],) not in written]
    lot_levels = await rows(LotLevel, connection, QUERIES["lots_beside"], {"lot_ids": [w[1] for w in wanted]})
    for entry_id, lot_id, location_id, units in wanted:
        variant = next((level.variant_id for level in lot_levels if level.lot_id == lot_id), None)
        there = sum(
            level.units
            for level in lot_levels
            if (level.variant_id, level.location_id) == (variant, location_id)
        )
        if there + units > expected[entry_id]:
            raise NotOfThisLot
    await _write(
        connection, [LotEntry(id_, lot_id, place, units, None) for id_, lot_id, place, units in wanted]
    )


async def suggest(connection: Connection, wanted: Sequence[PickRequest]) -> list[PickSuggestion]:
    """Return from which lots to take what is wanted, in the same order: first expired first.

    Nothing that has expired, and nothing that the orders before are to get, is among them.
    """
    params = {"variant_ids": list({pick_request.variant_id for pick_request in wanted})}
    levels = await rows(LotLevel, connection, QUERIES["lot_levels"], params)
    today = clock.today(connection.zone)
    lying: dict[Place, int] = {}
    for level in levels:
        place = (level.variant_id, level.location_id)
        if level.expires_on < today and place not in lying:
            lying[place] = await _units_on(connection, *place)
    return [
        pick_suggestion(
            levels, pick_request, lying.get((pick_request.variant_id, pick_request.shelf_id)), today=today
        )
        for pick_request in wanted
    ]


async def expiring(
    connection: Connection,
    *,
    days: int,
    after: tuple[date, UUID, UUID] | None = None,
    limit: int = 50,
) -> list[LotStock]:
    """Return what expires within so many days or has expired, the first first, those after a key."""
    params = {
        "until": clock.today(connection.zone) + timedelta(days=days),
        "after_on": after[0] if after else date(1, 1, 1),
        "after_lot": after[1] if after else FIRST_ID,
        "after_location": after[2] if after else FIRST_ID,
        "limit": limit,
    }
    return await rows(LotStock, connection, QUERIES["expiring"], params)


async def lots_of(connection: Connection, variant_id: UUID) -> list[LotStock]:
    """Return where units of a variant's lots lie, the first to expire first."""
    return await rows(LotStock, connection, QUERIES["lots_of"], {"variant_id": variant_id})


async def shelf_units(connection: Connection, variant_id: UUID, shelf_id: UUID) -> int:
    """Return how many units of a variant lie on a shelf, whichever books they stand in; they stay locked."""
    params = {"variant_id": variant_id, "shelf_id": shelf_id}
    await execute(connection, QUERIES["lock_shelf"], params)
    return await _units_on(connection, variant_id, shelf_id)


async def _units_on(connection: Connection, variant_id: UUID, shelf_id: UUID) -> int:
    params = {"variant_id": variant_id, "shelf_id": shelf_id}
    return int(await value(connection, QUERIES["shelf_units"], params))


async def shelves_of(connection: Connection, location_ids: Iterable[UUID]) -> dict[UUID, UUID]:
    """Return on which shelves the units of these locations lie, for those that have none of their own."""
    params = {"ids": list(dict.fromkeys(location_ids))}
    return dict(await tuples(connection, QUERIES["shelves"], params))


async def _locked(
    connection: Connection, variant_ids: Iterable[UUID], lot_ids: Iterable[UUID]
) -> list[LotLevel]:
    params = {"variant_ids": list(variant_ids), "lot_ids": list(lot_ids)}
    return await rows(LotLevel, connection, QUERIES["lock_lots"], params)


async def _write(connection: Connection, entries: Sequence[LotEntry]) -> None:
    params = {"entries": as_json(entries), "now": clock.now()}
    if entries:
        await execute(connection, QUERIES["open_lot_levels"], params)
        await execute(connection, QUERIES["insert_lot_entries"], params)
