"""The way of an order, without I/O: which step leads where, and what a payment or its lack does to it."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import Enum, StrEnum, auto
from typing import Literal

from safar.orders.model import Goods, Order, OrderState, PaymentState

_GRACE = timedelta(minutes=1)
_ASKED_FOR = timedelta(days=1)
PaidStep = Literal["claim", "owe", "nothing"]
CancelStep = Literal["release", "return", "refuse", "nothing"]


class Step(StrEnum):
    """What can happen to an order. SHIP_PART: something leaves, and something is still to go."""

    CONFIRM = "confirm"
    PACK = "pack"
    UNPACK = "unpack"
    SHIP_PART = "ship_part"
    SHIP = "ship"
    DELIVER = "deliver"
    CLOSE = "close"
    CANCEL = "cancel"
    CANCEL_BY_CUSTOMER = "cancel_by_customer"


# Every step that there is, from every state in which it can be taken. What is not here is refused.
WAY: Mapping[tuple[OrderState, Step], OrderState] = {
    (OrderState.PLACED, Step.CONFIRM): OrderState.CONFIRMED,
    (OrderState.PLACED, Step.CANCEL): OrderState.CANCELLED,
    (OrderState.PLACED, Step.CANCEL_BY_CUSTOMER): OrderState.CANCELLED,
    (OrderState.CONFIRMED, Step.CANCEL): OrderState.CANCELLED,
    (OrderState.CONFIRMED, Step.CANCEL_BY_CUSTOMER): OrderState.CANCELLED,
    (OrderState.CONFIRMED, Step.PACK): OrderState.PACKED,
    (OrderState.CONFIRMED, Step.SHIP_PART): OrderState.CONFIRMED,
    (OrderState.CONFIRMED, Step.SHIP): OrderState.SHIPPED,
    (OrderState.PACKED, Step.UNPACK): OrderState.CONFIRMED,
    (OrderState.PACKED, Step.CANCEL): OrderState.CANCELLED,
    (OrderState.PACKED, Step.SHIP_PART): OrderState.PACKED,
    (OrderState.PACKED, Step.SHIP): OrderState.SHIPPED,
    (OrderState.SHIPPED, Step.DELIVER): OrderState.DELIVERED,
    (OrderState.SHIPPED, Step.CLOSE): OrderState.CLOSED,
    (OrderState.DELIVERED, Step.CLOSE): OrderState.CLOSED,
}


_LEAVING = frozenset({Step.CANCEL, Step.CANCEL_BY_CUSTOMER})


def after(state: str, step: Step, *, partly_shipped: bool = False) -> OrderState | None:
    """Return where `step` leads from `state`; None when it cannot be taken.

    An order of which something has left can be cancelled by nobody any more.
    """
    if partly_shipped and step in _LEAVING:
        return None
    return WAY.get((OrderState(state), step))


def is_partly_shipped(goods: Sequence[Goods]) -> bool:
    """Tell whether something has left and something has not."""
    shipped = sum(piece.shipped for piece in goods)
    return 0 < shipped < sum(piece.quantity for piece in goods)


def when_paid(state: str, payment_state: str) -> PaidStep:
    """Return what a payment that arrived does: confirm the order, be given back, or nothing new."""
    if after(state, Step.CONFIRM) is not None:
        return "claim"
    if state == OrderState.CANCELLED and payment_state in (PaymentState.STARTED, PaymentState.FAILED):
        return "owe"
    return "nothing"


def when_cancelled(state: str, *, by_staff: bool, asked_for: bool) -> CancelStep:
    """Return what cancelling does: free the hold, bring sold units back, be refused, or nothing new.

    `asked_for`: staff or the customer want it; else it is a payment that failed, which undoes no sale.
    """
    if state == OrderState.CANCELLED:
        return "nothing"
    if state == OrderState.PLACED:
        return "release"
    if asked_for and after(state, Step.CANCEL if by_staff else Step.CANCEL_BY_CUSTOMER) is not None:
        return "return"
    return "refuse"


def payment_after_cancel(payment_state: str, *, may_still_arrive: bool) -> PaymentState:
    """Return the payment's state once its order is cancelled; money that was taken is owed."""
    if payment_state == PaymentState.PAID:
        return PaymentState.OWED
    if payment_state == PaymentState.STARTED and may_still_arrive:
        return PaymentState.STARTED
    if payment_state in (PaymentState.STARTED, PaymentState.DUE):
        return PaymentState.FAILED
    return PaymentState(payment_state)


class UnpaidStep(Enum):
    """What to do with an order whose provider does not say that it was paid or declined."""

    WAIT = auto()
    CANCEL = auto()
    CANCEL_AND_ASK = auto()


def when_unpaid(order: Order, *, pending: bool, now: datetime) -> UnpaidStep:
    """Return what to do with a payment that is open; `pending`: the provider knows of it.

    One it never heard of is over. One that is pending keeps its order until the hold has ended and a grace
    time more (a payment made in the last second is on its way); then the order is cancelled, and the
    provider asked for a day longer, so that money that still arrives is given back.
    """
    if order.state == OrderState.CANCELLED:
        if order.cancelled_at is None or not pending:
            return UnpaidStep.CANCEL
        return UnpaidStep.WAIT if now < order.cancelled_at + _ASKED_FOR else UnpaidStep.CANCEL
    if not pending:
        return UnpaidStep.CANCEL
    return UnpaidStep.WAIT if now < order.held_until + _GRACE else UnpaidStep.CANCEL_AND_ASK
