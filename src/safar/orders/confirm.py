"""Confirming orders that are paid: their units are sold."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from safar.capacity import actions as ledger
from safar.capacity.model import HoldState
from safar.kernel import clock
from safar.kernel.database import Connection
from safar.orders.changes import (
    OrderChange,
    OrderStanding,
    event_of,
    lock_orders,
    standings,
    unchanged,
    write_changes,
)
from safar.orders.hold_again import claim_again, claim_of
from safar.orders.model import Order, OrderState, PaymentState
from safar.orders.reading import goods_of
from safar.orders.way import when_paid
from safar.stock import actions as stock


@dataclass(frozen=True, slots=True)
class Confirmation:
    """The provider says that this order is paid."""

    order_id: UUID
    link: str
    reference: str | None = None


async def confirm_many(connection: Connection, confirmations: Sequence[Confirmation]) -> list[OrderStanding]:
    """Sell the held units of orders that are paid.

    When the hold has ended, the units are held again; when there are none left the order is cancelled, and
    so is a payment for an order that was cancelled before: its state is then OWED, for `payments.refunds`.
    Writes order.confirmed or order.cancelled, and the mail that tells.
    """
    now = clock.now()
    asked = {confirmation.order_id: confirmation for confirmation in confirmations}
    orders = await lock_orders(connection, asked)
    changes: dict[UUID, OrderChange] = {}
    claimable = []
    for order in orders.values():
        step = when_paid(order.state, order.payment_state)
        if step == "claim":
            claimable.append(order)
        elif step == "owe":
            changes[order.id] = unchanged(order, payment_state=PaymentState.OWED)
    sold = await _claim(connection, claimable, now)
    for order in claimable:
        hold_id = sold.get(order.id)
        changes[order.id] = _confirmed(order, hold_id) if hold_id else _sold_out(order)
    for order_id, change in changes.items():
        change.link, change.reference = asked[order_id].link, asked[order_id].reference
    await write_changes(connection, changes, now)
    return standings([confirmation.order_id for confirmation in confirmations], orders, changes)


async def _claim(connection: Connection, orders: Sequence[Order], now: datetime) -> dict[UUID, UUID]:
    """Sell what the orders hold, or can hold again; return the hold that was claimed, by order."""
    if not orders:
        return {}
    goods = await goods_of(connection, [order.id for order in orders])
    levels = await stock.levels(connection, {piece.variant_id for taken in goods.values() for piece in taken})
    # All that may be needed is locked at once: a hold that has lapsed is looked for on every shelf.
    accounts = [level.account_id for level in levels.values()]
    await ledger.lock_many(connection, accounts, [order.hold_id for order in orders])
    claims = [claim_of(order, order.hold_id, goods[order.id]) for order in orders]
    endings = await stock.claim_stock_many(connection, claims)
    sold = {
        order.id: order.hold_id
        for order, ended in zip(orders, endings, strict=True)
        if ended.state is HoldState.CLAIMED and ended.changed
    }
    lapsed = [order for order in orders if order.id not in sold]
    return sold | await claim_again(connection, lapsed, goods, now)


def _confirmed(order: Order, hold_id: UUID) -> OrderChange:
    change = unchanged(order, payment_state=PaymentState.PAID)
    change.state, change.hold_id, change.mail = OrderState.CONFIRMED, hold_id, "confirmed"
    return change


def _sold_out(order: Order) -> OrderChange:
    """Return the end of an order that was paid for after its units had gone."""
    change = unchanged(order, payment_state=PaymentState.OWED)
    change.state, change.reason, change.mail = OrderState.CANCELLED, "sold_out_while_paying", "cancelled"
    change.events = (event_of("order.cancelled", order, {"reason": change.reason}),)
    return change
