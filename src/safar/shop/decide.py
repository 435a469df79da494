"""The shop's decisions, without I/O: what an answer is, and what a payment does to an order."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from functools import cached_property
from typing import Literal
from uuid import UUID

import orjson

from safar.kernel.i18n import N_
from safar.shop.model import Answer, KeyReused, Order, OrderState, PaymentState, Taken

_GRACE = timedelta(minutes=1)
_ASKED_FOR = timedelta(days=1)


@dataclass(slots=True)  # not frozen: made for every order
class Buyer:
    """Who asks, as far as they have shown it.

    `returned`: the browser's cookie came back. `network`: where they ask from, None where nobody can tell.
    `rooms`: the keys of the waiting rooms before goods in which they have a place. `worked_bits`: of the
    proof of work that they have done.
    """

    visitor_id: UUID
    returned: bool
    network: str | None = None
    rooms: frozenset[str] = frozenset()
    worked_bits: int = 0


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one may order; 0 is no limit.

    `units`: of one article in an order. Not paid: `orders` of one browser or address, `orders_network` of a
    network before it does a proof of work, `share_percent` of what is free of an article, but always
    `units_least`.
    """

    units: int = 50
    orders: int = 5
    orders_network: int = 40
    share_percent: int = 25
    units_least: int = 5

    @property
    def counts_unpaid(self) -> bool:
        return bool(self.orders or self.orders_network or self.share_percent)


@dataclass  # not frozen: made for every order; no slots, so that what is derived is kept
class OrderRequest:
    """What a customer orders; `order_id` is the idempotency key and names the hold.

    `customer_id`: the browser's own. `email` is what was typed: a claim until a mail to it comes back.
    `link`: the order's page, for mails to it. `link_id`: the send whose link brought the browser. `cart_id`:
    the cart that is closed with it. `currency` None: the shop's own. `shipping`: the key of a method, "" for
    the cheapest. With `expected_total_minor` an order that costs something else is refused.
    `total_minor_max`: the most that is paid in this way, `total_minor_step`: what its amounts are multiples
    of. `hold_minutes_unproven`: how long units are kept instead until the customer has shown to read the
    mailbox.
    """

    order_id: UUID
    buyer: Buyer
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
    hold_minutes_unproven: float | None = None
    currency: str | None = None
    country: str = ""
    postcode: str = ""
    city: str = ""
    phone: str = ""
    shipping: str = ""
    discount_code: str = ""
    expected_total_minor: int | None = None
    location_rule: str = "nearest"
    link_id: UUID | None = None
    limits: Limits = Limits()
    total_minor_max: int | None = None
    total_minor_step: int = 1

    @cached_property
    def fingerprint(self) -> bytes:
        """What makes the request the same as another with its id; the caller's cookies do not count."""
        parts = [
            sorted(self.units.items()), self.email, self.name, self.address, self.provider, self.method,
            self.currency, self.country, self.postcode, self.city, self.phone, self.shipping,
            self.discount_code, self.expected_total_minor,
        ]  # fmt: skip
        return hashlib.sha256(orjson.dumps(parts)).digest()

    @cached_property
    def units(self) -> dict[UUID, int]:
        """Units of each variant, several lines of one summed."""
        units: dict[UUID, int] = {}
        for variant_id, quantity in self.lines:
            units[variant_id] = units.get(variant_id, 0) + quantity
        return units


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


def when_cancelled(state: str, *, by_staff: bool, asked_for: bool) -> CancelStep:
    """Return what cancelling does: free the hold, bring sold units back, be refused, or nothing new.

    `asked_for`: staff or the customer want it; else it is a payment that failed, which undoes no sale.
    """
    if state == OrderState.CANCELLED:
        return "nothing"
    if state == OrderState.PLACED:
        return "release"
    if asked_for and (state == OrderState.CONFIRMED or (state == OrderState.PACKED and by_staff)):
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


REASONS = {
    "payment_declined": N_("The payment was declined. Nothing was charged."),
    "payment_unfinished": N_("The payment was not completed in time, so the units went back on the shelf."),
    "sold_out_while_paying": N_(
        "Your payment came after the time for which the units were kept, and they are sold out now."
    ),
    "cancelled_by_shop": N_("The shop had to cancel it."),
    "cancelled_by_customer": N_("It was cancelled as you asked."),
}
