"""Lots: which of the units at a location came together, and when they expire.

Lots are a second book beside the moves. It knows part of the units (those whose lot somebody has said), and
follows every move out of a location by first expired, first out, unless the lot is given. What is sold and
not yet shipped still lies on the shelf, so it counts in until it ships.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from safar.kernel import clock
from safar.kernel.database import Connection, as_json, execute, rows, value
from safar.kernel.errors import Conflict
from safar.kernel.ids import derived_id
from safar.kernel.queries import queries_beside
from safar.stock.lot_decide import Entry, LotLevel, follow, picks_of
from safar.stock.model import Transfer, outgoing_of

QUERIES = queries_beside(__file__)


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
class Kept:
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
    connection: Connection, moves: Sequence[Transfer], stated: Mapping[UUID, UUID] | None = None
) -> None:
    """Let the lots go where units went; `stated` gives the lot of a move, by move id, where it is known.

    For moves that were written just now, in the same transaction: a repetition must not come here again.
    """
    stated = stated or {}
    levels = await _locked(connection, {move.variant_id for move in moves}, stated.values())
    if levels or stated:
        await _write(connection, follow(levels, moves, stated, today=clock.today(connection.zone)))


async def assign_many(
    connection: Connection, wanted: Sequence[tuple[UUID, UUID, UUID, int]], *, expected: Mapping[UUID, int]
) -> None:
    """Say that units which lie at a location are of a lot: (entry id, lot id, location id, units) each.

    `expected` gives what of the lot's variant lies there, by entry id. Raises NotOfThisLot when more would
    be in lots than that.
    """
    ids = {"ids": [entry_id for entry_id, *_rest in wanted]}
    written = await (await connection.execute(QUERIES["lot_entries"], ids)).fetchall()
    wanted = [one for one in wanted if (one[0],) not in written]
    known = await rows(LotLevel, connection, QUERIES["lots_beside"], {"lot_ids": [w[1] for w in wanted]})
    for entry_id, lot_id, location_id, units in wanted:
        variant = next((level.variant_id for level in known if level.lot_id == lot_id), None)
        there = sum(
            level.units for level in known if (level.variant_id, level.location_id) == (variant, location_id)
        )
        if there + units > expected[entry_id]:
            raise NotOfThisLot
    await _write(connection, [Entry(id_, lot_id, place, units, None) for id_, lot_id, place, units in wanted])


async def suggest(
    connection: Connection, wanted: Sequence[tuple[UUID, UUID, int]]
) -> dict[tuple[UUID, UUID], tuple[LotLevel, ...]]:
    """Return the lots to pick (variant, location, units) from, by (variant, location): first expired first.

    What has expired is not among them; a place without lots is left out. `units` of each is what to pick.
    """
    params = {"variant_ids": list({variant_id for variant_id, _location, _units in wanted})}
    levels = await rows(LotLevel, connection, QUERIES["lot_levels"], params)
    today = clock.today(connection.zone)
    fit = [level for level in levels if level.expires_on >= today]
    found = {
        (variant_id, location_id): picks_of(fit, variant_id, location_id, units)
        for variant_id, location_id, units in wanted
    }
    return {place: picks for place, picks in found.items() if picks}


async def expiring(
    connection: Connection,
    *,
    days: int,
    after: tuple[date, UUID, UUID] | None = None,
    limit: int = 50,
) -> list[Kept]:
    """Return what expires within so many days or has expired, the first first, those after a key."""
    params = {
        "until": clock.today(connection.zone) + timedelta(days=days),
        "after_on": after[0] if after else date(1, 1, 1),
        "after_lot": after[1] if after else UUID(int=0),
        "after_location": after[2] if after else UUID(int=0),
        "limit": limit,
    }
    return await rows(Kept, connection, QUERIES["expiring"], params)


async def lots_of(connection: Connection, variant_id: UUID) -> list[Kept]:
    """Return where units of a variant's lots lie, the first to expire first."""
    return await rows(Kept, connection, QUERIES["lots_of"], {"variant_id": variant_id})


async def place_units(connection: Connection, variant_id: UUID, location_id: UUID) -> int:
    """Return how many units of a variant lie at a location, those that are sold and not shipped included."""
    params = {
        "variant_id": variant_id, "location_id": location_id, "outgoing_id": outgoing_of(location_id)
    }  # fmt: skip
    return int(await value(connection, QUERIES["place_units"], params) or 0)


async def _locked(
    connection: Connection, variant_ids: Iterable[UUID], lot_ids: Iterable[UUID]
) -> list[LotLevel]:
    params = {"variant_ids": list(variant_ids), "lot_ids": list(lot_ids)}
    return await rows(LotLevel, connection, QUERIES["lock_lots"], params)


async def _write(connection: Connection, entries: Sequence[Entry]) -> None:
    params = {"entries": as_json(entries), "now": clock.now()}
    if entries:
        await execute(connection, QUERIES["open_lot_levels"], params)
        await execute(connection, QUERIES["insert_lot_entries"], params)
