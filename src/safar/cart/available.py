"""What a visitor can still buy of a variant: now, or from units that are still to come."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from safar.catalogue.kits import KITS, Parts, stocked_ids
from safar.kernel import clock
from safar.kernel.database import Connection
from safar.kernel.rare import known
from safar.stock import actions as stock
from safar.stock.locations import CHANNEL, SELLING
from safar.stock.model import Level, Place, allocation_of
from safar.stock.promise import promises


@dataclass(frozen=True, slots=True)
class Available:
    """Units of a variant for one visitor; of a kit, as many as its parts make.

    `free` can leave now, `held` are in other people's checkouts, `backorder` can be promised beyond what is
    free, to leave on `promised_on` (None: not known, or not needed).
    """

    variant_id: UUID
    free: int = 0
    held: int = 0
    backorder: int = 0
    promised_on: date | None = None
    kit: bool = False

    @property
    def buyable(self) -> int:
        """How many one order can have at most."""
        return self.free + self.backorder


async def available_of(
    connection: Connection, variant_ids: Iterable[UUID], campaign_id: UUID | None
) -> dict[UUID, Available]:
    """Return what can be bought of each of the variants, by a visitor who came for `campaign_id`."""
    return (await available_to(connection, variant_ids, [campaign_id]))[campaign_id]


async def available_to(
    connection: Connection, variant_ids: Iterable[UUID], campaign_ids: Iterable[UUID | None]
) -> dict[UUID | None, dict[UUID, Available]]:
    """Return, by campaign, what can be bought of each of the variants by a visitor who came for it."""
    ids = list(dict.fromkeys(variant_ids))
    version, levels = await stock.levels_now(connection, ids)
    return await available_at(connection, version, ids, levels, campaign_ids)


async def available_at(
    connection: Connection,
    version: str,
    ids: Collection[UUID],
    levels: dict[Place, Level],
    campaign_ids: Iterable[UUID | None],
) -> dict[UUID | None, dict[UUID, Available]]:
    """As `available_to`, of the levels of these variants that were read with this version."""
    parts = await known(connection, version, KITS, ids)
    if parts:
        levels = levels | await stock.levels(connection, stocked_ids(ids, parts))
    selling = (await known(connection, version, SELLING, [CHANNEL]))[CHANNEL]
    ours = [location.location_id for location in selling]
    return {
        campaign_id: await _with_days(
            connection,
            {id_: offer_of(id_, parts, levels, _places(ours, campaign_id)) for id_ in ids},
            parts,
        )
        for campaign_id in campaign_ids
    }


def _places(ours: Sequence[UUID], campaign_id: UUID | None) -> Sequence[UUID]:
    return ours if campaign_id is None else [*ours, allocation_of(campaign_id)]


async def _with_days(
    connection: Connection, available: dict[UUID, Available], parts: Parts
) -> dict[UUID, Available]:
    """Return the same, with the day on which units leave that are still to come."""
    awaited = {id_ for id_, offer in available.items() if not offer.free and offer.backorder}
    if awaited:
        wanted = stocked_ids(awaited, parts)
        promised = await promises(connection, wanted, today=clock.today(connection.zone))
        for id_ in awaited:
            days = [
                day
                for part in stocked_ids([id_], parts)
                if part in promised and (day := promised[part].promised_on)
            ]
            available[id_] = replace(available[id_], promised_on=max(days, default=None))
    return available


def offer_of(
    variant_id: UUID, kit_parts: Parts, levels: Mapping[Place, Level], places: Sequence[UUID]
) -> Available:
    """Return the offer of one variant; a kit's is the least that one of its parts allows."""
    parts = kit_parts.get(variant_id)
    if parts is None:
        return _single(variant_id, levels, places)
    each = [(_single(part_id, levels, places), units) for part_id, units in parts]
    free = min((offer.free // units for offer, units in each), default=0)
    buyable = min((offer.buyable // units for offer, units in each), default=0)
    held = max((offer.held for offer, _units in each), default=0)
    return Available(variant_id, free, held, buyable - free, kit=True)


def _single(variant_id: UUID, levels: Mapping[Place, Level], places: Sequence[UUID]) -> Available:
    shelves = [level for at in places if (level := levels.get((variant_id, at))) is not None]
    free = sum(max(level.free, 0) for level in shelves)
    # What is still to come is promised at one location only: see stock.choose.
    backorder = max((max(level.promisable, 0) - max(level.free, 0) for level in shelves), default=0)
    return Available(variant_id, free, sum(level.held for level in shelves), backorder)
