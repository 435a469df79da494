"""Units that come back, go back, or are lost: of orders to their shelves, to suppliers, written off."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from safar.kernel.database import Connection
from safar.kernel.errors import Conflict
from safar.stock.actions import Moved, levels, move_many, outgoing_of
from safar.stock.lots import follow_many
from safar.stock.model import CUSTOMER, LOSS, SUPPLIER, Place, Transfer


class TooFewThere(Conflict):
    """There are not so many here that are not sold: only %(free)s can leave. Count them if more lie there."""

    code = "too_few_there"


class CameBack(StrEnum):
    """Why units of an order are on a shelf again: the reason of the move, the same in all its history."""

    RETURNED = "return"
    CANCELLED = "order cancelled"
    NOT_SENT = "given up"


@dataclass(frozen=True, slots=True)
class Handled:
    """Units of a variant that come to a location of ours, or leave it; `move_id` is the idempotency key.

    `lot_id` says of which lot they are; without it, the first to expire is taken. `came_from`: where what
    comes back was until then.
    """

    move_id: UUID
    variant_id: UUID
    location_id: UUID
    quantity: int
    reason: str
    document: str | None = None
    staff_id: UUID | None = None
    lot_id: UUID | None = None
    came_from: UUID = CUSTOMER


def of_order(
    move_id: UUID,
    variant_id: UUID,
    location_id: UUID,
    quantity: int,
    why: CameBack,
    *,
    order_number: int,
    staff_id: UUID | None,
) -> Handled:
    """Return units of an order that come back: from the customer, or from where sold units wait to leave."""
    return Handled(
        move_id,
        variant_id,
        location_id,
        quantity,
        why,
        document=f"order {order_number}",
        staff_id=staff_id,
        came_from=CUSTOMER if why is CameBack.RETURNED else outgoing_of(location_id),
    )


async def restock_many(connection: Connection, handled: Sequence[Handled]) -> list[Moved]:
    """Put units back that had been sold: returned, or of an order that is not sent. Writes stock.returned."""
    moves = [_move(goods, goods.came_from, goods.location_id) for goods in handled]
    outcomes = await move_many(connection, moves, "stock.returned")
    await follow_fresh(connection, moves, outcomes, _stated(handled))
    return outcomes


async def send_back_many(connection: Connection, handled: Sequence[Handled]) -> list[Moved]:
    """Return units to the supplier. Writes stock.sent_back. Raises TooFewThere, BelowPromised."""
    moves = [_move(goods, goods.location_id, SUPPLIER) for goods in handled]
    return await take_out_many(connection, moves, "stock.sent_back", _stated(handled))


async def write_off_many(connection: Connection, handled: Sequence[Handled]) -> list[Moved]:
    """Give up units: broken, expired, stolen. Writes stock.written_off. Raises TooFewThere, BelowPromised."""
    moves = [_move(goods, goods.location_id, LOSS) for goods in handled]
    return await take_out_many(connection, moves, "stock.written_off", _stated(handled))


async def take_out_many(
    connection: Connection,
    moves: Sequence[Transfer],
    event: str,
    stated: dict[UUID, UUID] | None = None,
) -> list[Moved]:
    """Move units that lie on our shelves; a backorder lets us promise units, not carry them away.

    Raises TooFewThere, BelowPromised, SameKeyOtherBody.
    """
    outcomes = await move_many(connection, moves, event)
    fresh = [move for move, outcome in zip(moves, outcomes, strict=True) if not outcome.replayed]
    taken: dict[Place, int] = {}
    for move in fresh:
        place = (move.variant_id, move.from_location_id)
        taken[place] = taken.get(place, 0) + move.quantity
    there = await levels(connection, [variant_id for variant_id, _location in taken])
    for place, units in taken.items():
        if place in there and there[place].on_hand < 0:
            raise TooFewThere(free=max(there[place].on_hand + units, 0))
    await follow_many(connection, fresh, stated)
    return outcomes


async def follow_fresh(
    connection: Connection,
    moves: Sequence[Transfer],
    outcomes: Iterable[Moved],
    stated: dict[UUID, UUID] | None = None,
) -> None:
    """Let the lots follow those of the moves that were written just now."""
    fresh = [move for move, outcome in zip(moves, outcomes, strict=True) if not outcome.replayed]
    if fresh:
        await follow_many(connection, fresh, stated)


def _stated(handled: Sequence[Handled]) -> dict[UUID, UUID]:
    return {goods.move_id: goods.lot_id for goods in handled if goods.lot_id}


def _move(handled: Handled, source: UUID, target: UUID) -> Transfer:
    return Transfer(
        move_id=handled.move_id,
        variant_id=handled.variant_id,
        from_location_id=source,
        to_location_id=target,
        quantity=handled.quantity,
        reason=handled.reason,
        document=handled.document,
        staff_id=handled.staff_id,
    )
