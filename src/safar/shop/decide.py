"""The shop's decisions, without I/O: what an order takes from where, and what a payment does to it."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Literal
from uuid import UUID

import orjson

from safar.kernel.i18n import N_
from safar.shop.model import (
    Answer,
    KeyReused,
    NotSold,
    Order,
    OrderState,
    OutOfStock,
    PaymentState,
    Taken,
    Variant,
)
from safar.stock.model import MAIN, Level, Place, allocation_of

_GRACE = timedelta(minutes=1)
_ASKED_FOR = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class OrderRequest:
    """What a customer orders; `order_id` is the idempotency key and names the hold.

    `link`: the order's page, for the mail. `cart_id`: the cart that is closed with it.
    """

    order_id: UUID
    customer_id: UUID
    campaign_id: UUID | None
    cart_id: UUID | None
    lines: tuple[tuple[UUID, int], ...]
    email: str
    name: str
    address: str
    language: str
    provider: str
    method: str = ""
    link: str = ""
    hold_minutes: float = 15.0

    @property
    def fingerprint(self) -> bytes:
        """What makes the request the same as another with its id; the caller's cookies do not count."""
        parts = [sorted(self.units.items()), self.email, self.name, self.address, self.provider, self.method]
        return hashlib.sha256(orjson.dumps(parts)).digest()

    @property
    def units(self) -> dict[UUID, int]:
        """Units of each variant, several lines of one summed."""
        units: dict[UUID, int] = {}
        for variant_id, quantity in self.lines:
            units[variant_id] = units.get(variant_id, 0) + quantity
        return units


@dataclass(frozen=True, slots=True)
class PlannedLine:
    """Units of a variant and the location that they will come from."""

    variant_id: UUID
    location_id: UUID
    account_id: int
    quantity: int
    price_minor: int
    title: str


@dataclass(frozen=True, slots=True)
class Plan:
    """An order that can be held for."""

    request: OrderRequest
    lines: tuple[PlannedLine, ...]
    total_minor: int
    currency: str

    @property
    def accounts(self) -> dict[int, int]:
        return {line.account_id: line.quantity for line in self.lines}


def location_for(variant_id: UUID, campaign_id: UUID | None, levels: Mapping[Place, Level]) -> UUID | None:
    """Return where a variant is sold from: what the visitor's campaign has set aside, else the main stock.

    When the campaign's units are gone, its visitors buy from the main stock like everybody, if it has any.
    """
    main = levels.get((variant_id, MAIN))
    if campaign_id is not None:
        aside = levels.get((variant_id, allocation_of(campaign_id)))
        if aside is not None and (aside.free > 0 or main is None or main.free <= 0):
            return allocation_of(campaign_id)
    return MAIN if main is not None else None


def free_for(variant_id: UUID, campaign_id: UUID | None, levels: Mapping[Place, Level]) -> int:
    """Return how many units this visitor can still buy."""
    location_id = location_for(variant_id, campaign_id, levels)
    return max(levels[variant_id, location_id].free, 0) if location_id else 0


def plan_order(
    request: OrderRequest, variants: Mapping[UUID, Variant], levels: Mapping[Place, Level]
) -> Plan | NotSold | OutOfStock:
    """Return which accounts the order needs and what it costs at the prices of now."""
    units = request.units
    unknown = tuple(variant_id for variant_id in units if variant_id not in variants)
    currencies = {variants[variant_id].currency for variant_id in units if variant_id in variants}
    if unknown or len(currencies) != 1:
        return NotSold(request.order_id, unknown or tuple(units))
    lines = []
    for variant_id, quantity in units.items():
        location_id = location_for(variant_id, request.campaign_id, levels)
        if location_id is None:
            return OutOfStock(request.order_id, {variant_id: 0})
        variant = variants[variant_id]
        account_id = levels[variant_id, location_id].account_id
        lines.append(
            PlannedLine(variant_id, location_id, account_id, quantity, variant.price_minor, variant.title)
        )
    total = sum(line.price_minor * line.quantity for line in lines)
    return Plan(request, tuple(lines), total, currencies.pop())


def left_of(plan: Plan, short: Mapping[int, int]) -> OutOfStock:
    """Return a refusal by account as one by variant."""
    left = {
        line.variant_id: max(short[line.account_id], 0) for line in plan.lines if line.account_id in short
    }
    return OutOfStock(plan.request.order_id, left)


def taken_of(order: Order, *, replayed: bool) -> Taken:
    return Taken(
        order.id, order.number, order.state, order.payment_state, order.total_minor, order.currency,
        order.reason, replayed,
    )  # fmt: skip


def new_of(requests: Sequence[OrderRequest], known: Mapping[UUID, Order]) -> list[OrderRequest]:
    """Return the requests whose id nobody has used, each id once: the first to come counts."""
    first: dict[UUID, OrderRequest] = {}
    for request in requests:
        if request.order_id not in known:
            first.setdefault(request.order_id, request)
    return list(first.values())


def answers_of(
    requests: Sequence[OrderRequest],
    known: Mapping[UUID, Order],
    new: Sequence[OrderRequest],
    answers: Mapping[UUID, Answer],
) -> list[Answer]:
    """Return each request's answer: that of its own writing, or a replay, or that its id is another's."""
    prints = {request.order_id: request.fingerprint for request in new}
    told: set[UUID] = set()
    outcomes: list[Answer] = []
    for request in requests:
        order = known.get(request.order_id)
        if (order.fingerprint if order else prints[request.order_id]) != request.fingerprint:
            outcomes.append(KeyReused(request.order_id))
            continue
        answer = taken_of(order, replayed=True) if order else answers[request.order_id]
        if isinstance(answer, Taken) and request.order_id in told:
            answer = Taken(
                answer.order_id, answer.number, answer.state, answer.payment_state, answer.total_minor,
                answer.currency, answer.reason, replayed=True,
            )  # fmt: skip
        told.add(request.order_id)
        outcomes.append(answer)
    return outcomes


PaidStep = Literal["claim", "owe", "nothing"]


def when_paid(state: str, payment_state: str) -> PaidStep:
    """Return what a payment that arrived does: confirm the order, be given back, or nothing new."""
    if state == OrderState.PLACED:
        return "claim"
    if state == OrderState.CANCELLED and payment_state in (PaymentState.STARTED, PaymentState.FAILED):
        return "owe"
    return "nothing"


CancelStep = Literal["release", "return", "refuse", "nothing"]


def when_cancelled(state: str, *, by_staff: bool) -> CancelStep:
    """Return what cancelling does: free the hold, bring sold units back, be refused, or nothing new."""
    if state == OrderState.CANCELLED:
        return "nothing"
    if state == OrderState.PLACED:
        return "release"
    return "return" if state == OrderState.CONFIRMED and by_staff else "refuse"


def payment_after_cancel(payment_state: str, *, may_still_arrive: bool) -> PaymentState:
    """Return the payment's state once its order is cancelled; money that was taken is owed."""
    if payment_state == PaymentState.PAID:
        return PaymentState.OWED
    if payment_state == PaymentState.STARTED and may_still_arrive:
        return PaymentState.STARTED
    if payment_state in (PaymentState.STARTED, PaymentState.DUE):
        return PaymentState.FAILED
    return PaymentState(payment_state)


class Unheard(Enum):
    """What to do with an order whose provider does not say that it was paid or declined."""

    WAIT = auto()
    CANCEL = auto()
    CANCEL_AND_ASK = auto()


def when_unheard(order: Order, *, pending: bool, now: datetime) -> Unheard:
    """Return what to do with a payment that is open; `pending`: the provider knows of it.

    One it never heard of is over. One that is pending keeps its order until the hold has ended and a grace
    time more (a payment made in the last second is on its way); then the order is cancelled, and the
    provider asked for a day longer, so that money that still arrives is given back.
    """
    if order.state == OrderState.CANCELLED:
        if order.cancelled_at is None or not pending:
            return Unheard.CANCEL
        return Unheard.WAIT if now < order.cancelled_at + _ASKED_FOR else Unheard.CANCEL
    if not pending:
        return Unheard.CANCEL
    return Unheard.WAIT if now < order.held_until + _GRACE else Unheard.CANCEL_AND_ASK


NEXT_STATE = {OrderState.SHIPPED: OrderState.CONFIRMED, OrderState.DELIVERED: OrderState.SHIPPED}

REASONS = {
    "payment_declined": N_("The payment was declined. Nothing was charged."),
    "payment_unfinished": N_("The payment was not completed in time, so the units went back on the shelf."),
    "sold_out_while_paying": N_(
        "Your payment came after the time for which the units were kept, and they are sold out now."
    ),
    "cancelled_by_shop": N_("The shop had to cancel it."),
}
