"""What becomes of an order: confirmed, cancelled, shipped, delivered. Plural, idempotent, under its lock."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from safar.capacity import actions as ledger
from safar.capacity.model import Held, HoldRequest, HoldState
from safar.kernel import clock
from safar.kernel.database import Connection
from safar.kernel.ids import derived_id
from safar.shop.changes import Change, event_of, lock, unchanged, write
from safar.shop.decide import NEXT_STATE, payment_after_cancel, when_cancelled, when_paid
from safar.shop.model import CancelReason, Order, OrderLine, OrderState, PaymentState
from safar.shop.orders import lines_of
from safar.stock import actions as stock

_AGAIN = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Confirmation:
    """The provider says that this order is paid."""

    order_id: UUID
    link: str
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class Cancellation:
    """Cancel this order; `may_still_arrive`: its payment is not known to have failed, so go on asking."""

    order_id: UUID
    link: str
    reason: CancelReason
    may_still_arrive: bool = False
    staff_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Refunded:
    """The provider has given the money of this order back."""

    order_id: UUID
    link: str


@dataclass(frozen=True, slots=True)
class Advance:
    """The goods of this order were shipped, or delivered."""

    order_id: UUID
    link: str
    to: OrderState
    staff_id: UUID


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
    sold = await _claim(connection, claimable, now)
    for order in claimable:
        hold_id = sold.get(order.id)
        changes[order.id] = _confirmed(order, hold_id) if hold_id else _sold_out(order)
    for order_id, change in changes.items():
        change.link, change.reference = asked[order_id].link, asked[order_id].reference
    await write(connection, changes, now)
    return _standings([confirmation.order_id for confirmation in confirmations], orders, changes)


async def cancel_many(connection: Connection, cancellations: Sequence[Cancellation]) -> list[Standing]:
    """Give up orders and free their units; staff may cancel confirmed ones too, whose units come back.

    An order that was shipped stays as it is (`changed` False). Writes order.cancelled and payment.failed,
    and the mail that tells why.
    """
    now = clock.now()
    asked = {cancellation.order_id: cancellation for cancellation in cancellations}
    orders = await lock(connection, asked)
    changes: dict[UUID, Change] = {}
    released: list[Order] = []
    returned: list[Order] = []
    for order in orders.values():
        cancellation = asked[order.id]
        step = when_cancelled(order.state, by_staff=cancellation.staff_id is not None)
        if step in ("release", "return"):
            changes[order.id] = _cancelled(order, cancellation)
            (released if step == "release" else returned).append(order)
        elif order.payment_state == PaymentState.STARTED and not cancellation.may_still_arrive:
            changes[order.id] = _never_paid(order, cancellation.reason)
    if released:
        await ledger.release_many(connection, [order.hold_id for order in released])
    if returned:
        await _bring_back(connection, returned, asked)
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


async def advance_many(connection: Connection, advances: Sequence[Advance]) -> list[Standing]:
    """Mark orders as shipped or delivered, each from the state before it only; `changed` tells."""
    now = clock.now()
    asked = {advance.order_id: advance for advance in advances}
    orders = await lock(connection, asked)
    changes = {}
    for order in orders.values():
        advance = asked[order.id]
        if order.state != NEXT_STATE[advance.to]:
            continue
        paid_now = advance.to is OrderState.DELIVERED and order.payment_state == PaymentState.DUE
        change = unchanged(order, payment_state=PaymentState.PAID if paid_now else None)
        change.state, change.link = advance.to, advance.link
        change.mail = "shipped" if advance.to is OrderState.SHIPPED else None
        change.events = (event_of(f"order.{advance.to.value}", order, {}, staff_id=advance.staff_id),)
        changes[order.id] = change
    await write(connection, changes, now)
    return _standings([advance.order_id for advance in advances], orders, changes)


async def _claim(connection: Connection, orders: Sequence[Order], now: datetime) -> dict[UUID, UUID]:
    """Sell what the orders hold, or can hold again; return the hold that was claimed, by order."""
    if not orders:
        return {}
    lines = await lines_of(connection, [order.id for order in orders])
    claims = [_claim_of(order, order.hold_id, lines[order.id]) for order in orders]
    endings = await stock.claim_many(connection, claims)
    sold = {
        order.id: order.hold_id
        for order, ended in zip(orders, endings, strict=True)
        if ended.state is HoldState.CLAIMED
    }
    lapsed = [order for order in orders if order.id not in sold]
    return sold | await _claim_again(connection, lapsed, lines, now)


async def _claim_again(
    connection: Connection, orders: Sequence[Order], lines: Mapping[UUID, list[OrderLine]], now: datetime
) -> dict[UUID, UUID]:
    if not orders:
        return {}
    # A hold that is due but was not swept yet still keeps its units: first give them back.
    await ledger.release_many(connection, [order.hold_id for order in orders])
    levels = await stock.levels(connection, {line.variant_id for order in orders for line in lines[order.id]})
    again = {order.id: derived_id("held again", order.id) for order in orders}
    requests = [
        HoldRequest(
            hold_id=again[order.id],
            lines={levels[ln.variant_id, ln.location_id].account_id: ln.quantity for ln in lines[order.id]},
            expires_at=now + _AGAIN,
            purpose="order",
            customer_id=order.customer_id,
            campaign_id=order.campaign_id,
        )
        for order in orders
    ]  # fmt: skip
    outcomes = await ledger.hold_many(connection, requests)
    held = [order for order, outcome in zip(orders, outcomes, strict=True) if isinstance(outcome, Held)]
    claims = [_claim_of(order, again[order.id], lines[order.id]) for order in held]
    endings = await stock.claim_many(connection, claims)
    return {
        order.id: again[order.id]
        for order, ended in zip(held, endings, strict=True)
        if ended.state is HoldState.CLAIMED
    }


def _claim_of(order: Order, hold_id: UUID, lines: Sequence[OrderLine]) -> stock.Claim:
    goods = tuple((line.variant_id, line.location_id, line.quantity) for line in lines)
    return stock.Claim(hold_id, goods, f"order {order.number}")


async def _bring_back(
    connection: Connection, orders: Sequence[Order], asked: Mapping[UUID, Cancellation]
) -> None:
    """Put sold units back where they came from."""
    lines = await lines_of(connection, [order.id for order in orders])
    moves = [
        stock.Transfer(
            move_id=derived_id("brought back", order.id, line.variant_id), variant_id=line.variant_id,
            from_location_id=stock.CUSTOMER, to_location_id=line.location_id, quantity=line.quantity,
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
