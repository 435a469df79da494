"""Payments as they stand: what an order owes, what came in, what goes back, and the ways that are offered."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class OrderMoney:
    """The money of one order, with what is told about the order in mails.

    `captured_minor`: what arrived; `carried_minor`: what of it pays for other orders; `refunding_minor`: what
    was asked to go back; `refunded_minor`: what has.
    `longer_until`: until when the units are kept once the mailbox is proven, where that is later.
    """

    order_id: UUID
    number: int
    order_state: str
    provider: str
    method: str
    state: str
    amount_minor: int
    currency: str
    reference: str | None
    reason: str | None
    data: Mapping[str, Any]
    redirect: str | None
    expires_at: datetime | None
    captured_minor: int
    carried_minor: int
    refunding_minor: int
    refunded_minor: int
    customer_id: UUID
    campaign_id: UUID | None
    name: str
    email: str
    language: str
    placed_at: datetime
    held_until: datetime
    longer_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class NewReceipt:
    """Money that arrived; `id` is derived from what the bank calls it, so that it counts once.

    `link`: the order's page, for the mail. `named`: the reference that the payer gave. `doubt`: why it
    is not taken for the order that it names (`pix_doubts.Doubt`); `payer`: who paid, as far as we know.
    """

    id: UUID
    order_id: UUID | None
    provider: str
    amount_minor: int
    currency: str
    reference: str = ""
    named: str = ""
    link: str = ""
    staff_id: UUID | None = None
    doubt: str = ""
    payer: str = ""


@dataclass(frozen=True, slots=True)
class Receipt:
    """Money that arrived, as it stands in the books; without an order nobody knows yet what it is for."""

    id: UUID
    order_id: UUID | None
    provider: str
    amount_minor: int
    currency: str
    reference: str
    named: str
    staff_id: UUID | None
    received_at: datetime
    closed_at: datetime | None
    closed_note: str | None
    doubt: str = ""
    payer: str = ""


@dataclass(frozen=True, slots=True)
class Received:
    """The money is in the books. `missing_minor` is still to come; `over_minor` goes back.

    `state`, `payment_state` and `reason` are the order's after it; None when it belongs to no order.
    """

    receipt_id: UUID
    state: str | None
    payment_state: str | None
    reason: str | None = None
    missing_minor: int = 0
    over_minor: int = 0
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class ReceiptKeyReused:
    """The id was used before for other money; nothing was changed."""

    receipt_id: UUID


@dataclass(frozen=True, slots=True)
class RefundRequest:
    """Give back some of what an order has paid; `refund_id` is the idempotency key."""

    refund_id: UUID
    order_id: UUID
    amount_minor: int
    reason: str
    staff_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class RefundAsked:
    """The refund is in the books: `asked` of the provider, a task `by_hand`, or further by now."""

    refund_id: UUID
    state: str
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class RefundRefused:
    """Nothing was written: at most `refundable_minor` can go back."""

    refund_id: UUID
    refundable_minor: int


@dataclass(frozen=True, slots=True)
class RefundKeyReused:
    """The id was used before for another refund; nothing was changed."""

    refund_id: UUID


RefundAnswer = RefundAsked | RefundRefused | RefundKeyReused


@dataclass(frozen=True, slots=True)
class NotedRefund:
    """Money that went back without our asking: at the provider's own desk."""

    request: RefundRequest
    link: str
    reference: str


@dataclass(frozen=True, slots=True)
class Refund:
    """A refund as it stands."""

    id: UUID
    order_id: UUID
    provider: str
    amount_minor: int
    currency: str
    state: str
    reason: str
    problem: str | None
    reference: str | None
    staff_id: UUID | None
    done_by: UUID | None
    asked_at: datetime
    done_at: datetime | None
    tries: int


@dataclass(frozen=True, slots=True)
class DueRefund:
    """A refund that is to be carried out at its provider now."""

    id: UUID
    order_id: UUID
    provider: str
    amount_minor: int
    currency: str
    reference: str | None
    tries: int
    failures: int
    payment_reference: str | None
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Ending:
    """A refund was carried out (`state` done), or its provider refuses (`failed`)."""

    refund_id: UUID
    state: str
    link: str
    reference: str | None = None
    problem: str | None = None
    staff_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class RefundTask:
    """A refund that a member of the staff has to carry out, or to look into."""

    id: UUID
    order_id: UUID
    provider: str
    amount_minor: int
    currency: str
    state: str
    reason: str
    problem: str | None
    asked_at: datetime
    number: int
    name: str
    payment_reference: str | None


@dataclass(frozen=True, slots=True)
class Notice:
    """What a provider told us of its own accord, how often, and what we made of it."""

    provider: str
    external_id: str
    kind: str
    order_id: UUID | None
    outcome: str
    heard_at: datetime
    times: int
    number: int | None


@dataclass(frozen=True, slots=True)
class MoneyEntry:
    """Money that came or went; below zero what went back. `number` None: it belongs to no order."""

    id: UUID
    at: datetime
    kind: str
    number: int | None
    name: str | None
    amount_minor: int
    currency: str
    provider: str
    reference: str
    reason: str
