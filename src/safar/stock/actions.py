"""The verbs of the stock room. Plural, idempotent by move id, in the caller's transaction."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from safar.capacity import actions as ledger
from safar.capacity.actions import OnHandChange
from safar.capacity.model import EndedHold
from safar.journal.actions import append_many
from safar.journal.model import Event
from safar.kernel import clock
from safar.kernel.database import Connection, as_json, execute, in_one_trip, rows, send, tuples, value, values
from safar.kernel.errors import SameKeyOtherBody
from safar.kernel.i18n import N_
from safar.kernel.keyset import LAST_ID, LAST_MOMENT
from safar.kernel.queries import queries_beside
from safar.stock.decide import (
    level_changes,
    moves_of_claims,
    sale_moves,
    same_move,
    split_repeated,
    transfer_of_adjustment,
    transfer_of_receipt,
    transfer_of_shipped,
)
from safar.stock.errors import NoSuchMove, NotThere
from safar.stock.limits import limit_new_levels
from safar.stock.lots import PastDate, follow_many, past_date, shelves_of
from safar.stock.model import (
    CUSTOMER,
    KINDS_WITH_LEVELS,
    LOSS,
    MAIN,
    QUARANTINE,
    SUPPLIER,
    TRANSIT,
    Adjustment,
    Level,
    Location,
    Miscount,
    Missing,
    Move,
    Moved,
    Place,
    Shipped,
    StockClaim,
    StockReceipt,
    Transfer,
    allocation_of,
    outgoing_of,
)

__all__ = [
    "CUSTOMER",
    "LOSS",
    "MAIN",
    "SUPPLIER",
    "Adjustment",
    "Level",
    "Moved",
    "Shipped",
    "StockClaim",
    "StockReceipt",
    "Transfer",
    "adjust_many",
    "allocation_of",
    "claim_stock_many",
    "ensure_locations",
    "levels",
    "move_many",
    "moves_of_variant",
    "open_allocation",
    "open_levels",
    "open_locations",
    "outgoing_of",
    "own_locations",
    "receive_stock_many",
    "recount_levels",
    "ship_stock_many",
    "transfer_many",
    "write_sales",
]

QUERIES = queries_beside(__file__)
LOCATIONS_MAX = 200
_FIXED = (
    (SUPPLIER, N_("Supplier"), "supplier"),
    (CUSTOMER, N_("Customer"), "customer"),
    (LOSS, N_("Loss"), "loss"),
    (MAIN, N_("Main warehouse"), "warehouse"),
    (TRANSIT, N_("On the way"), "transit"),
    (QUARANTINE, N_("Quarantine"), "quarantine"),
)


async def ensure_locations(connection: Connection) -> None:
    """Make the locations that every shop has, if they are not there."""
    await open_locations(connection, _FIXED)


async def open_locations(connection: Connection, locations: Iterable[tuple[UUID, str, str]]) -> None:
    """Make locations (id, name, kind) that are not there, each of ours with the one for what is sold.

    What is set aside for a campaign or a channel goes on lying on the main warehouse's shelves, and what is
    sold on those of the location that it was sold from.
    """
    records = []
    for id_, name, kind in locations:
        shelf_id = MAIN if kind == "allocation" else None
        records.append({"id": id_, "name": name, "kind": kind, "shelf_id": shelf_id})
        if kind in KINDS_WITH_LEVELS:
            sold = {"id": outgoing_of(id_), "name": name, "kind": "outgoing", "shelf_id": shelf_id or id_}
            records.append(sold)
    params = {"locations": as_json(records), "now": clock.now()}
    await execute(connection, QUERIES["ensure_locations"], params)


async def open_allocation(connection: Connection, campaign_id: UUID, name: str) -> UUID:
    """Return the location that keeps units for a campaign, made if there was none."""
    location_id = allocation_of(campaign_id)
    await open_locations(connection, [(location_id, name, "allocation")])
    return location_id


async def receive_stock_many(connection: Connection, receipts: Sequence[StockReceipt]) -> list[Moved]:
    """Take units in from the supplier. Writes stock.received. Raises SameKeyOtherBody."""
    return await _move(connection, [transfer_of_receipt(receipt) for receipt in receipts], "stock.received")


async def adjust_many(connection: Connection, adjustments: Sequence[Adjustment]) -> list[Moved]:
    """Correct levels by what a count has found. Writes stock.adjusted.

    Raises BelowPromised when fewer would be left than are held, SameKeyOtherBody.
    """
    return await _move(connection, [transfer_of_adjustment(a) for a in adjustments], "stock.adjusted")


async def transfer_many(connection: Connection, transfers: Sequence[Transfer]) -> list[Moved]:
    """Move units between locations, all or nothing. Writes stock.transferred.

    Raises BelowPromised when a location has too few that are not held, SameKeyOtherBody.
    """
    return await _move(connection, transfers, "stock.transferred")


async def move_many(connection: Connection, transfers: Sequence[Transfer], event: str) -> list[Moved]:
    """Move units as `transfer_many` does, told as `event`: a return, a write-off, a delivery."""
    return await _move(connection, transfers, event)


async def claim_stock_many(connection: Connection, claims: Sequence[StockClaim]) -> list[EndedHold]:
    """Take held units for good: they are sold, and lie in `outgoing_of` their location until they leave.

    Only a claim that ended its hold just now moves units: a repetition moves none.
    """
    endings = await ledger.claim_many(connection, [claim.hold_id for claim in claims])
    moves = sale_moves(claims, endings)
    if moves:
        await _insert(connection, moves, clock.now())
    return endings


def write_sales(connection: Connection, claims: Sequence[StockClaim]) -> None:
    """Write the moves of units that `capacity.take_many` has just taken; the caller does it once."""
    params = {"moves": as_json(moves_of_claims(claims)), "now": clock.now()}
    send(connection, QUERIES["insert_moves"], params)


async def ship_stock_many(connection: Connection, shipped: Sequence[Shipped]) -> list[Moved]:
    """Let sold units leave for the customer. Writes stock.shipped.

    Raises NotThere when more would leave than lie there, as with a backorder whose units have not come;
    PastDate when what is left there has expired; SameKeyOtherBody.
    """
    places = [(move.variant_id, move.location_id) for move in shipped]
    await _lock_levels(connection, places)
    leaving = [transfer_of_shipped(move) for move in shipped]
    outcomes = await _move(connection, leaving, "stock.shipped")
    fresh = [move for move, outcome in zip(leaving, outcomes, strict=True) if not outcome.replayed]
    lots_known = await follow_many(connection, fresh, behind={move.move_id: move.behind for move in shipped})
    records = [
        {"variant_id": variant_id, "location_id": id_, "outgoing_id": outgoing_of(id_)}
        for variant_id, id_ in places
    ]
    if await rows(Missing, connection, QUERIES["missing_goods"], {"places": as_json(records)}):
        raise NotThere
    if lots_known:
        shelves = await shelves_of(connection, [id_ for _variant, id_ in places])
        if skus := await past_date(connection, [(v, shelves.get(id_, id_)) for v, id_ in places]):
            raise PastDate(skus=", ".join(skus))
    return outcomes


async def levels(connection: Connection, variant_ids: Iterable[UUID]) -> dict[Place, Level]:
    """Return the levels of these variants at every location of ours, by (variant, location)."""
    return (await levels_now(connection, variant_ids))[1]


async def levels_now(connection: Connection, variant_ids: Iterable[UUID]) -> tuple[str, dict[Place, Level]]:
    """As `levels`, with the version of what changes rarely at the same moment: see `kernel.rare`."""
    level_rows = await tuples(
        connection, QUERIES["levels"], {"variant_ids": list(dict.fromkeys(variant_ids))}
    )
    return level_rows[0][0], {
        (variant_id, location_id): Level(*level)
        for _version, variant_id, location_id, *level in level_rows
        if location_id is not None
    }


async def own_locations(connection: Connection) -> list[Location]:
    """Return where we keep stock: warehouses and stores first, then what is set aside for campaigns."""
    return await rows(Location, connection, QUERIES["own_locations"], {"limit": LOCATIONS_MAX})


async def moves_of_variant(
    connection: Connection,
    variant_id: UUID,
    *,
    before: tuple[datetime, UUID] | None = None,
    limit: int = 50,
) -> list[Move]:
    """Return a variant's moves, newest first, those before (at, id)."""
    before_at, before_id = before or (LAST_MOMENT, LAST_ID)
    params = {"variant_id": variant_id, "before_at": before_at, "before_id": before_id, "limit": limit}
    return await rows(Move, connection, QUERIES["moves_of_variant"], params)


async def recount_levels(connection: Connection) -> list[Miscount]:
    """Return the levels whose units on hand are not the sum of their moves: always none."""
    return await rows(Miscount, connection, QUERIES["recount"])


async def _move(connection: Connection, transfers: Sequence[Transfer], event: str) -> list[Moved]:
    """Write moves and their effect on the levels; a move id that was used before has no effect again."""
    once, clashing = split_repeated(transfers)
    if clashing:
        raise SameKeyOtherBody
    for transfer in once:
        if transfer.quantity < 1 or transfer.from_location_id == transfer.to_location_id:
            raise NoSuchMove
    now = clock.now()
    written = await _insert(connection, once, now)
    await _check_replays(connection, [transfer for transfer in once if transfer.move_id not in written])
    fresh = [transfer for transfer in once if transfer.move_id in written]
    if fresh:
        without_level = await _without_level(connection, fresh)
        await _change_levels(connection, level_changes(fresh, without_level))
        await append_many(connection, [_event(event, transfer, without_level, now) for transfer in fresh])
    answered: set[UUID] = set()
    outcomes = []
    for transfer in transfers:
        first_time = transfer.move_id in written and transfer.move_id not in answered
        answered.add(transfer.move_id)
        outcomes.append(Moved(transfer.move_id, replayed=not first_time))
    return outcomes


async def _insert(connection: Connection, transfers: Sequence[Transfer], now: datetime) -> set[UUID]:
    params = {"moves": as_json(transfers), "now": now}
    return set(await values(connection, QUERIES["insert_moves"], params))


async def _check_replays(connection: Connection, transfers: Sequence[Transfer]) -> None:
    """Raise SameKeyOtherBody for a move whose id was used for another one."""
    if not transfers:
        return
    ids = [transfer.move_id for transfer in transfers]
    written = {move["id"]: move for move in await rows(dict, connection, QUERIES["moves"], {"ids": ids})}
    if not all(same_move(transfer, written[transfer.move_id]) for transfer in transfers):
        raise SameKeyOtherBody


async def _without_level(connection: Connection, transfers: Iterable[Transfer]) -> set[UUID]:
    ids = {id_ for transfer in transfers for id_ in (transfer.from_location_id, transfer.to_location_id)}
    params = {"ids": list(ids), "kinds": list(KINDS_WITH_LEVELS)}
    return set(await values(connection, QUERIES["without_level"], params))


async def _lock_levels(connection: Connection, places: Iterable[Place]) -> None:
    """Lock the accounts of these places, those that exist, in their order."""
    changes = [
        OnHandChange(account_id, 0) for account_id in (await open_levels(connection, list(places))).values()
    ]
    await ledger.change_many(connection, changes)


async def _change_levels(connection: Connection, changes: dict[Place, int]) -> None:
    accounts = await open_levels(connection, list(changes))
    await ledger.change_many(
        connection, [OnHandChange(accounts[place], units) for place, units in changes.items() if units]
    )


async def open_levels(connection: Connection, places: Sequence[Place]) -> dict[Place, int]:
    """Return the account of each place, opening the levels that are missing, in sorted order."""
    known = await levels(connection, [variant_id for variant_id, _location in places])
    missing = sorted(place for place in places if place not in known)
    opened: dict[Place, int] = {}
    if missing:
        keys = [{"kind": "units", "key": f"{v}:{location}", "backorder": 0} for v, location in missing]
        ids = await in_one_trip(
            connection, *[value(connection, ledger.QUERIES["open_account"], key) for key in keys]
        )
        opened = dict(zip(missing, ids, strict=True))
        records = [
            {"variant_id": variant_id, "location_id": location_id, "account_id": account_id}
            for (variant_id, location_id), account_id in opened.items()
        ]
        await execute(connection, QUERIES["insert_levels"], {"levels": as_json(records)})
        await limit_new_levels(connection, list(opened.values()))
    return {place: known[place].account_id if place in known else opened[place] for place in places}


def _event(name: str, transfer: Transfer, without_level: set[UUID], now: datetime) -> Event:
    """Return the event of a move; `units` is signed: what it adds to (or takes from) our own stock."""
    leaving = transfer.to_location_id in without_level
    return Event(
        name=name,
        at=now,
        staff_id=transfer.staff_id,
        subject_id=transfer.variant_id,
        properties={
            "move_id": transfer.move_id,
            "from": transfer.from_location_id,
            "to": transfer.to_location_id,
            "units": -transfer.quantity if leaving else transfer.quantity,
            "reason": transfer.reason,
        },
    )
