"""Returns: what is asked for, approved, received, and paid back or exchanged."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from safar.kernel.once import Asked


class ReturnState(StrEnum):
    """RECEIVED: it is back and the money is not. REFUSED, REFUNDED and EXCHANGED are ends."""

    REQUESTED = "requested"
    APPROVED = "approved"
    REFUSED = "refused"
    RECEIVED = "received"
    REFUNDED = "refunded"
    EXCHANGED = "exchanged"


OPEN_RETURNS = (ReturnState.REQUESTED, ReturnState.APPROVED, ReturnState.RECEIVED)


class ReturnStep(StrEnum):
    """What can happen to a return."""

    APPROVE = "approve"
    REFUSE = "refuse"
    RECEIVE = "receive"
    REFUND = "refund"
    EXCHANGE = "exchange"


class ReturnWish(StrEnum):
    """What the customer wants for what comes back."""

    REFUND = "refund"
    EXCHANGE = "exchange"


@dataclass(frozen=True, slots=True)
class AskedLine:
    """Units of what was bought that are to come back, and why; `wanted_id`: what is wanted instead."""

    variant_id: UUID
    quantity: int
    reason: str
    wanted_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class ReturnRequest:
    """A customer wants to send something back; `return_id` is the idempotency key.

    `staff_id`: who took it down, past the customer's own time limit if need be. `days`: that limit, counted
    from the delivery, and where nobody marked it from `way_days` after it left. `link`: the order's page.
    """

    return_id: UUID
    order_id: UUID
    lines: tuple[AskedLine, ...]
    wish: str
    days: int
    link: str
    note: str = ""
    staff_id: UUID | None = None
    way_days: int = 30

    @property
    def asked(self) -> Asked:
        """The request as it is told from another one under its id."""
        lines = sorted(
            [str(line.variant_id), line.quantity, line.reason, str(line.wanted_id)] for line in self.lines
        )
        return Asked(self.return_id, [self.order_id, self.wish, self.note, lines])


@dataclass(frozen=True, slots=True)
class Approval:
    """It may come back, to `send_to`. For an exchange the new units are set aside now.

    `link`: the order's page; `exchange_link`: that of the new order.
    """

    return_id: UUID
    staff_id: UUID
    link: str
    exchange_link: str = ""
    send_to: str = ""
    answer: str = ""


@dataclass(frozen=True, slots=True)
class Refusal:
    """It may not come back, or what came is not taken; `answer` tells the customer why."""

    return_id: UUID
    staff_id: UUID
    link: str
    answer: str


@dataclass(frozen=True, slots=True)
class Arrived:
    """Units that came back and where they are put: a location of ours, quarantine, or LOSS."""

    variant_id: UUID
    location_id: UUID
    quantity: int


@dataclass(frozen=True, slots=True)
class ReturnArrival:
    """A return is here. `lines`: how many of each bought variant count as returned; `goods`: what came."""

    return_id: UUID
    staff_id: UUID
    link: str
    lines: tuple[tuple[UUID, int], ...]
    goods: tuple[Arrived, ...]


@dataclass(frozen=True, slots=True)
class ReturnRefund:
    """Give money back for a return that is here; `amount_minor`: for its goods, None: all they come to.

    `with_shipping`: and what sending the order had cost, besides.
    """

    return_id: UUID
    staff_id: UUID
    link: str
    with_shipping: bool = False
    amount_minor: int | None = None


@dataclass(frozen=True, slots=True)
class Return:
    """A return, as it stands."""

    id: UUID
    number: int
    order_id: UUID
    state: str
    wish: str
    note: str
    answer: str
    exchange_order_id: UUID | None
    refund_id: UUID | None
    refund_minor: int
    with_shipping: bool
    requested_at: datetime
    decided_at: datetime | None
    received_at: datetime | None
    ended_at: datetime | None
    staff_id: UUID | None

    @property
    def is_open(self) -> bool:
        return self.state in OPEN_RETURNS

    @property
    def is_exchanged(self) -> bool:
        """Whether a new order was made for it that has not been cancelled since."""
        return self.wish == ReturnWish.EXCHANGE and self.exchange_order_id is not None


@dataclass(frozen=True, slots=True)
class ReturnLine:
    """A line of a return, with what it is called; `received` None until it came."""

    return_id: UUID
    variant_id: UUID
    quantity: int
    received: int | None
    reason: str
    wanted_id: UUID | None
    sku: str
    title: str
    wanted_title: str | None


@dataclass(frozen=True, slots=True)
class ReturnGoods:
    """Units that came back, and where they were put."""

    return_id: UUID
    variant_id: UUID
    location_id: UUID
    quantity: int
    sku: str
    title: str
    location: str


@dataclass(frozen=True, slots=True)
class ReturnOutcome:
    """How a return stands after a step; as `OrderMoved`."""

    return_id: UUID
    state: str | None
    done: bool = False
    changed: bool = False
