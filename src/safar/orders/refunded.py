"""Orders whose money has gone back."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from safar.kernel import clock
from safar.kernel.database import Connection
from safar.orders.changes import OrderStanding, event_of, lock_orders, standings, unchanged, write_changes
from safar.orders.model import PaymentState


@dataclass(frozen=True, slots=True)
class Refunded:
    """The provider has given the money of this order back."""

    order_id: UUID
    link: str


async def refunded_many(connection: Connection, refunds: Sequence[Refunded]) -> list[OrderStanding]:
    """Write down that money which was owed is given back. Writes payment.refunded, and the mail."""
    now = clock.now()
    asked = {refund.order_id: refund for refund in refunds}
    orders = await lock_orders(connection, asked)
    changes = {}
    for order in orders.values():
        if order.payment_state == PaymentState.OWED:
            change = unchanged(order, payment_state=PaymentState.REFUNDED)
            amount = {"total_minor": order.total_minor, "currency": order.currency}
            change.events = (event_of("payment.refunded", order, amount),)
            change.mail, change.link = "refunded", asked[order.id].link
            changes[order.id] = change
    await write_changes(connection, changes, now)
    return standings([refund.order_id for refund in refunds], orders, changes)
