"""Cancelling orders: their units are free again. Plural, idempotent, under the lock of the order."""

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from safar.capacity import actions as ledger
from safar.kernel import clock
from safar.kernel.database import Connection
from safar.kernel.ids import derived_id
from safar.orders.changes import (
    OrderChange,
    OrderStanding,
    event_of,
    lock_orders,
    standings,
    unchanged,
    write_changes,
)
from safar.orders.from_cart import reopen_carts
from safar.orders.model import Order, OrderState, PaymentState
from safar.orders.reading import goods_of
from safar.orders.way import payment_after_cancel, when_cancelled
from safar.pricing.discounts import give_uses_back
from safar.stock.restock import CameBack, of_order, restock_many

CancelReason = Literal[
    "payment_declined",
    "payment_unfinished",
    "sold_out_while_paying",
    "cancelled_by_shop",
    "cancelled_by_customer",
]


@dataclass(frozen=True, slots=True)
class Cancellation:
    """Cancel this order; `may_still_arrive`: its payment is not known to have failed, so go on asking."""

    order_id: UUID
    link: str
    reason: CancelReason
    may_still_arrive: bool = False
    staff_id: UUID | None = None

    @property
    def is_wanted(self) -> bool:
        """Whether staff or the customer want it; else it is a payment that failed."""
        return self.staff_id is not None or self.reason == "cancelled_by_customer"


Undo = Callable[[Connection, Sequence[Order], Mapping[UUID, UUID | None]], Awaitable[Mapping[UUID, int]]]


async def cancel_unpaid_many(
    connection: Connection, cancellations: Sequence[Cancellation]
) -> list[OrderStanding]:
    """Give up orders whose payment came to nothing; one that is sold stays sold.

    What staff or customers want cancelled is for the verb of `returns.cancel_order`.
    """
    if any(cancellation.is_wanted for cancellation in cancellations):
        raise ValueError("returns.cancel_order cancels what somebody wants cancelled")
    return await cancel_many(connection, cancellations, undo=_nothing_sold)


async def _nothing_sold(
    _connection: Connection, orders: Sequence[Order], _by: Mapping[UUID, UUID | None]
) -> Mapping[UUID, int]:
    raise AssertionError(f"a payment that failed undoes no sale: {[order.id for order in orders]}")


async def cancel_many(
    connection: Connection,
    cancellations: Sequence[Cancellation],
    *,
    related: Collection[UUID] = (),
    undo: Undo,
) -> list[OrderStanding]:
    """Give up orders and free their units; staff may cancel confirmed ones too, whose units come back.

    `related`: orders whose money hangs together with theirs, to be locked with them. `undo` gives back what
    sold orders were paid with besides money of their own, and returns how much, by order.
    The cart of one that was only placed can be ordered again.
    The use of a discount code comes back with them. An order of which something has left stays as it is
    (`changed` False). Writes order.cancelled, payment.failed, and the mail that tells why.
    """
    now = clock.now()
    asked = {cancellation.order_id: cancellation for cancellation in cancellations}
    orders = {
        id_: order
        for id_, order in (await lock_orders(connection, {*related, *asked})).items()
        if id_ in asked
    }
    changes: dict[UUID, OrderChange] = {}
    released: list[Order] = []
    returned: list[Order] = []
    on_the_way = await _partly_sent(connection, orders.values())
    for order in orders.values():
        cancellation = asked[order.id]
        step = when_cancelled(
            order.state,
            by_staff=cancellation.staff_id is not None,
            asked_for=cancellation.is_wanted,
        )
        if step == "release" or (step == "return" and order.id not in on_the_way):
            changes[order.id] = _cancelled(order, cancellation)
            (released if step == "release" else returned).append(order)
        elif order.payment_state == PaymentState.STARTED and not cancellation.may_still_arrive:
            changes[order.id] = _never_paid(order, cancellation.reason)
    await reopen_carts(connection, released)
    if returned:
        # Shelves and uses of codes at once, in the ledger's order, before any of them changes.
        await ledger.lock_many(connection, [], [order.hold_id for order in released + returned])
    if released:
        await ledger.release_many(connection, [order.hold_id for order in released])
    if returned:
        await _bring_back(connection, returned, asked)
        await give_uses_back(connection, [order.hold_id for order in returned])
        by = {order.id: asked[order.id].staff_id for order in returned}
        for order_id, amount in (await undo(connection, returned, by)).items():
            changes[order_id].credit_minor = amount
    await write_changes(connection, changes, now)
    return standings([cancellation.order_id for cancellation in cancellations], orders, changes)


async def _partly_sent(connection: Connection, orders: Iterable[Order]) -> set[UUID]:
    """Return the orders of which something has left already."""
    sold = [order.id for order in orders if order.state in (OrderState.CONFIRMED, OrderState.PACKED)]
    goods = await goods_of(connection, sold) if sold else {}
    return {order_id for order_id, taken in goods.items() if any(piece.shipped for piece in taken)}


async def _bring_back(
    connection: Connection, orders: Sequence[Order], asked: Mapping[UUID, Cancellation]
) -> None:
    """Put sold units back where they came from."""
    lines = await goods_of(connection, [order.id for order in orders])
    handled = [
        of_order(
            derived_id("brought back", order.id, line.variant_id, line.location_id),
            line.variant_id,
            line.location_id,
            line.quantity,
            CameBack.CANCELLED,
            order_number=order.number,
            staff_id=asked[order.id].staff_id,
        )
        for order in orders
        for line in lines[order.id]
    ]
    await restock_many(connection, handled)


def _cancelled(order: Order, cancellation: Cancellation) -> OrderChange:
    after = payment_after_cancel(order.payment_state, may_still_arrive=cancellation.may_still_arrive)
    change = unchanged(order, payment_state=after)
    change.state, change.reason, change.mail = OrderState.CANCELLED, cancellation.reason, "cancelled"
    change.link = cancellation.link
    properties = {"reason": cancellation.reason}
    events = [event_of("order.cancelled", order, properties, staff_id=cancellation.staff_id)]
    if after == PaymentState.FAILED:
        change.payment_reason = cancellation.reason
        if order.payment_state == PaymentState.STARTED:
            events.insert(0, event_of("payment.failed", order, properties))
    change.events = tuple(events)
    return change


def _never_paid(order: Order, reason: CancelReason) -> OrderChange:
    change = unchanged(order, payment_state=PaymentState.FAILED)
    change.payment_reason = reason
    change.events = (event_of("payment.failed", order, {"reason": reason}),)
    return change
