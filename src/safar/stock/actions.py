"""The verbs of the stock room. Plural, idempotent by move id, in the caller's transaction."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg.rows import dict_row

from safar.capacity import actions as ledger
from safar.capacity.actions import Change
from safar.capacity.model import Ended
from safar.journal.actions import append_many
from safar.journal.model import Event
from safar.kernel import clock
from safar.kernel.database import Connection, as_json, execute, rows
from safar.kernel.errors import SameKeyOtherBody
from safar.kernel.i18n import N_
from safar.kernel.queries import queries_beside
from safar.stock.decide import (
    differences,
    sale_moves,
    same_move,
    split_repeated,
    transfer_of_adjustment,
    transfer_of_receipt,
)
from safar.stock.errors import NoSuchMove
from safar.stock.model import (
    CUSTOMER,
    LOSS,
    MAIN,
    OUTSIDE,
    SUPPLIER,
    Adjustment,
    Claim,
    Level,
    Location,
    Miscount,
    Move,
    Moved,
    Place,
    Receipt,
    Transfer,
    allocation_of,
)

__all__ = [
    "CUSTOMER", "LOSS", "MAIN", "SUPPLIER", "Adjustment", "Claim", "Level", "Moved", "Receipt", "Transfer",
    "adjust_many", "allocation_of", "claim_many", "ensure_locations", "levels", "moves_of_variant",
    "open_allocation", "own_locations", "receive_many", "recount", "transfer_many",
]  # fmt: skip

QUERIES = queries_beside(__file__)
LOCATIONS_MAX = 200
_FIXED = (
    (SUPPLIER, N_("Supplier"), "supplier"),
    (CUSTOMER, N_("Customer"), "customer"),
    (LOSS, N_("Loss"), "loss"),
    (MAIN, N_("Main warehouse"), "warehouse"),
)


@dataclass(frozen=True, slots=True)
class _LevelRow:
    variant_id: UUID
    location_id: UUID
    account_id: int
    on_hand: int
    held: int


async def ensure_locations(connection: Connection) -> None:
    """Make the locations that every shop has, if they are not there."""
    await _ensure(connection, _FIXED)


async def open_allocation(connection: Connection, campaign_id: UUID, name: str) -> UUID:
    """Return the location that keeps units for a campaign, made if there was none."""
    location_id = allocation_of(campaign_id)
    await _ensure(connection, [(location_id, name, "allocation")])
    return location_id


async def receive_many(connection: Connection, receipts: Sequence[Receipt]) -> list[Moved]:
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


async def claim_many(connection: Connection, claims: Sequence[Claim]) -> list[Ended]:
    """Take held units for good and move them to the customer; how each hold stands after it.

    Only a claim that ended its hold just now moves units: a repetition moves none.
    """
    endings = await ledger.claim_many(connection, [claim.hold_id for claim in claims])
    moves = sale_moves(claims, endings)
    if moves:
        await _insert(connection, moves, clock.now())
    return endings


async def levels(connection: Connection, variant_ids: Iterable[UUID]) -> dict[Place, Level]:
    """Return the levels of these variants at every location of ours, by (variant, location)."""
    found = await rows(
        _LevelRow, connection, QUERIES["levels"], {"variant_ids": list(dict.fromkeys(variant_ids))}
    )
    return {(row.variant_id, row.location_id): Level(row.account_id, row.on_hand, row.held) for row in found}


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
    params = {
        "variant_id": variant_id,
        "before_at": before[0] if before else None,
        "before_id": before[1] if before else None,
        "limit": limit,
    }
    return await rows(Move, connection, QUERIES["moves_of_variant"], params)


async def recount(connection: Connection) -> list[Miscount]:
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
        await _change_levels(connection, differences(fresh))
        await append_many(connection, [_event(event, transfer, now) for transfer in fresh])
    told: set[UUID] = set()
    outcomes = []
    for transfer in transfers:
        first_time = transfer.move_id in written and transfer.move_id not in told
        told.add(transfer.move_id)
        outcomes.append(Moved(transfer.move_id, replayed=not first_time))
    return outcomes


async def _insert(connection: Connection, transfers: Sequence[Transfer], now: datetime) -> set[UUID]:
    params = {"moves": as_json(transfers), "now": now}
    cursor = await connection.execute(QUERIES["insert_moves"], params)
    return {found[0] for found in await cursor.fetchall()}


async def _check_replays(connection: Connection, transfers: Sequence[Transfer]) -> None:
    """Raise SameKeyOtherBody for a move whose id was used for another one."""
    if not transfers:
        return
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(QUERIES["moves"], {"ids": [transfer.move_id for transfer in transfers]})
        written = {found["id"]: found for found in await cursor.fetchall()}
    if not all(same_move(transfer, written[transfer.move_id]) for transfer in transfers):
        raise SameKeyOtherBody


async def _change_levels(connection: Connection, changes: dict[Place, int]) -> None:
    accounts = await _accounts(connection, list(changes))
    await ledger.change_many(
        connection, [Change(accounts[place], units) for place, units in changes.items() if units]
    )


async def _accounts(connection: Connection, places: Sequence[Place]) -> dict[Place, int]:
    """Return the account of each place, opening the levels that are missing, in sorted order."""
    known = await levels(connection, [variant_id for variant_id, _location in places])
    missing = sorted(place for place in places if place not in known)
    opened: dict[Place, int] = {}
    if missing:
        keys = [{"kind": "units", "key": f"{v}:{location}", "backorder": 0} for v, location in missing]
        cursor = connection.cursor()
        await cursor.executemany(ledger.QUERIES["open_account"], keys, returning=True)
        for place in missing:
            found = await cursor.fetchone()
            assert found is not None
            opened[place] = int(found[0])
            cursor.nextset()
        records = [
            {"variant_id": variant_id, "location_id": location_id, "account_id": account_id}
            for (variant_id, location_id), account_id in opened.items()
        ]
        await execute(connection, QUERIES["insert_levels"], {"levels": as_json(records)})
    return {place: known[place].account_id if place in known else opened[place] for place in places}


async def _ensure(connection: Connection, locations: Iterable[tuple[UUID, str, str]]) -> None:
    records = [{"id": id_, "name": name, "kind": kind} for id_, name, kind in locations]
    params = {"locations": as_json(records), "now": clock.now()}
    await execute(connection, QUERIES["ensure_locations"], params)


def _event(name: str, transfer: Transfer, now: datetime) -> Event:
    """Return the event of a move; `units` is signed: what it adds to (or takes from) our own stock."""
    leaving = transfer.to_location_id in OUTSIDE
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
