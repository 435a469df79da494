"""What becomes of an order: confirmed, cancelled, refunded. Plural, idempotent, under its lock.

What happens to it after it is confirmed is in `fulfilment`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from safar.capacity import actions as ledger
from safar.capacity.model import HoldState
from safar.kernel import clock
from safar.kernel.database import Connection
from safar.kernel.ids import derived_id
from safar.shop.cart_orders import open_again
from safar.shop.changes import Change, event_of, lock, unchanged, write
from safar.shop.decide import payment_after_cancel, when_cancelled, when_paid
from safar.shop.fulfilment.undo_exchange import undo_exchanges
from safar.shop.hold_again import claim_again, claim_of
from safar.shop.model import CancelReason, Order, OrderState, PaymentState
from safar.shop.orders import goods_of
from safar.shop.payments.credits import kin
from safar.shop.pricing.discounts import give_uses_back
from safar.stock import actions as stock
from safar.stock.choose import Rule


@dataclass(frozen=True, slots=True)
class Confirmation:
    """The provider says that this order is paid.

    `location_rule`: how shelves are chosen when its hold has ended and the units are held again.
    """

    order_id: UUID
    link: str
    reference: str | None = None
    location_rule: str = "nearest"


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


@dataclass(frozen=True, slots=True)
class Refunded:
    """The provider has given the money of this order back."""

    order_id: UUID
    link: str


@dataclass(frozen=True, slots=True)
class Standing:
    """How an order stands after a verb; `changed`: it was this call that changed it. State None: no order."""

    order_id: UUID
    state: str | None
    payment_state: str | None = None
    reason: str | None = None
    changed: bool = False


async def confirm_many(connection: Connection, confirmations: Sequence[Confirmation]) -> list[Standing]:
    """Sell the held units of orders that are paid.

    When the hold has ended, the units are held again; when there are none left the order is cancelled, and
    so is a payment for an order that was cancelled before: its state is then OWED, for `pay.give_back`.
    Writes order.confirmed or order.cancelled, and the mail that tells.
    """
    now = clock.now()
    asked = {confirmation.order_id: confirmation for confirmation in confirmations}
    orders = await lock(connection, asked)
    changes: dict[UUID, Change] = {}
    claimable = []
    for order in orders.values():
        step = when_paid(order.state, order.payment_state)
        if step == "claim":
            claimable.append(order)
        elif step == "owe":
            changes[order.id] = unchanged(order, payment_state=PaymentState.OWED)
    rules = {order.id: Rule(asked[order.id].location_rule) for order in claimable}
    sold = await _claim(connection, claimable, rules, now)
    for order in claimable:
        hold_id = sold.get(order.id)
        changes[order.id] = _confirmed(order, hold_id) if hold_id else _sold_out(order)
    for order_id, change in changes.items():
        change.link, change.reference = asked[order_id].link, asked[order_id].reference
    await write(connection, changes, now)
    return _standings([confirmation.order_id for confirmation in confirmations], orders, changes)


async def cancel_many(connection: Connection, cancellations: Sequence[Cancellation]) -> list[Standing]:
    """Give up orders and free their units; staff may cancel confirmed ones too, whose units come back.

    The cart of one that was only placed can be ordered again.
    The use of a discount code comes back with them, and what an exchange was paid with goes back. An order
    of which something has left stays as it is
    (`changed` False). Writes order.cancelled, payment.failed, and the mail that tells why.
    """
    now = clock.now()
    asked = {cancellation.order_id: cancellation for cancellation in cancellations}
    wanted = [id_ for id_, cancellation in asked.items() if cancellation.is_wanted]
    related = await kin(connection, wanted) if wanted else set()
    orders = {
        id_: order for id_, order in (await lock(connection, related | set(asked))).items() if id_ in asked
    }
    changes: dict[UUID, Change] = {}
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
    await open_again(connection, released)
    if returned:
        # Shelves and uses of codes at once, in the ledger's order, before any of them changes.
        await ledger.lock_many(connection, [], [order.hold_id for order in released + returned])
    if released:
        await ledger.release_many(connection, [order.hold_id for order in released])
    if returned:
        await _bring_back(connection, returned, asked)
        await give_uses_back(connection, [order.hold_id for order in returned])
        by = {order.id: asked[order.id].staff_id for order in returned}
        for order_id, amount in (await undo_exchanges(connection, returned, by)).items():
            changes[order_id].credit_minor = amount
    await write(connection, changes, now)
    return _standings([cancellation.order_id for cancellation in cancellations], orders, changes)


async def refunded_many(connection: Connection, refunds: Sequence[Refunded]) -> list[Standing]:
    """Write down that money which was owed is given back. Writes payment.refunded, and the mail."""
    now = clock.now()
    asked = {refund.order_id: refund for refund in refunds}
    orders = await lock(connection, asked)
    changes = {}
    for order in orders.values():
        if order.payment_state == PaymentState.OWED:
            change = unchanged(order, payment_state=PaymentState.REFUNDED)
            amount = {"total_minor": order.total_minor, "currency": order.currency}
            change.events = (event_of("payment.refunded", order, amount),)
            change.mail, change.link = "refunded", asked[order.id].link
            changes[order.id] = change
    await write(connection, changes, now)
    return _standings([refund.order_id for refund in refunds], orders, changes)


async def _claim(
    connection: Connection, orders: Sequence[Order], rules: Mapping[UUID, Rule], now: datetime
) -> dict[UUID, UUID]:
    """Sell what the orders hold, or can hold again; return the hold that was claimed, by order."""
    if not orders:
        return {}
    goods = await goods_of(connection, [order.id for order in orders])
    levels = await stock.levels(connection, {one.variant_id for taken in goods.values() for one in taken})
    # All that may be needed is locked at once: a hold that has lapsed is looked for on every shelf.
    accounts = [level.account_id for level in levels.values()]
    await ledger.lock_many(connection, accounts, [order.hold_id for order in orders])
    claims = [claim_of(order, order.hold_id, goods[order.id]) for order in orders]
    endings = await stock.claim_many(connection, claims)
    sold = {
        order.id: order.hold_id
        for order, ended in zip(orders, endings, strict=True)
        if ended.state is HoldState.CLAIMED and ended.changed
    }
    lapsed = [order for order in orders if order.id not in sold]
    return sold | await claim_again(connection, lapsed, goods, rules, now)


async def _partly_sent(connection: Connection, orders: Iterable[Order]) -> set[UUID]:
    """Return the orders of which something has left already."""
    sold = [order.id for order in orders if order.state in (OrderState.CONFIRMED, OrderState.PACKED)]
    goods = await goods_of(connection, sold) if sold else {}
    return {order_id for order_id, taken in goods.items() if any(one.shipped for one in taken)}


async def _bring_back(
    connection: Connection, orders: Sequence[Order], asked: Mapping[UUID, Cancellation]
) -> None:
    """Put sold units back where they came from."""
    lines = await goods_of(connection, [order.id for order in orders])
    moves = [
        stock.Transfer(
            move_id=derived_id("brought back", order.id, line.variant_id, line.location_id),
            variant_id=line.variant_id, from_location_id=stock.outgoing_of(line.location_id),
            to_location_id=line.location_id, quantity=line.quantity,
            reason="order cancelled", document=f"order {order.number}", staff_id=asked[order.id].staff_id,
        )
        for order in orders
        for line in lines[order.id]
    ]  # fmt: skip
    await stock.transfer_many(connection, moves)


def _confirmed(order: Order, hold_id: UUID) -> Change:
    change = unchanged(order, payment_state=PaymentState.PAID)
    change.state, change.hold_id, change.mail = OrderState.CONFIRMED, hold_id, "confirmed"
    return change


def _sold_out(order: Order) -> Change:
    """Return the end of an order that was paid for after its units had gone."""
    change = unchanged(order, payment_state=PaymentState.OWED)
    change.state, change.reason, change.mail = OrderState.CANCELLED, "sold_out_while_paying", "cancelled"
    change.events = (event_of("order.cancelled", order, {"reason": change.reason}),)
    return change


def _cancelled(order: Order, cancellation: Cancellation) -> Change:
    after = payment_after_cancel(order.payment_state, may_still_arrive=cancellation.may_still_arrive)
    change = unchanged(order, payment_state=after)
    change.state, change.reason, change.mail = OrderState.CANCELLED, cancellation.reason, "cancelled"
    change.link = cancellation.link
    told = {"reason": cancellation.reason}
    events = [event_of("order.cancelled", order, told, staff_id=cancellation.staff_id)]
    if after == PaymentState.FAILED:
        change.payment_reason = cancellation.reason
        if order.payment_state == PaymentState.STARTED:
            events.insert(0, event_of("payment.failed", order, told))
    change.events = tuple(events)
    return change


def _never_paid(order: Order, reason: CancelReason) -> Change:
    change = unchanged(order, payment_state=PaymentState.FAILED)
    change.payment_reason = reason
    change.events = (event_of("payment.failed", order, {"reason": reason}),)
    return change


def _standings(
    ids: Sequence[UUID], orders: Mapping[UUID, Order], changes: Mapping[UUID, Change]
) -> list[Standing]:
    told: set[UUID] = set()
    standings = []
    for id_ in ids:
        order, change = orders.get(id_), changes.get(id_)
        if order is None:
            standings.append(Standing(id_, None))
        elif change is None:
            standings.append(Standing(id_, order.state, order.payment_state, order.reason))
        else:
            first = id_ not in told
            standings.append(Standing(id_, change.state, change.payment_state, change.reason, changed=first))
        told.add(id_)
    return standings
