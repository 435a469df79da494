"""A transfer and its lines: the words of this part."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from safar.kernel.errors import Conflict, NotFound, SafarError
from safar.stock.purchasing.model import fingerprint_of


class TransferState(StrEnum):
    """A transfer is a draft until it leaves; it ends as arrived or as cancelled."""

    DRAFT = "draft"
    SENT = "sent"
    ARRIVED = "arrived"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class TransferPlan:
    """Ask for a transfer; `transfer_id` is the idempotency key. Lines: (variant, quantity)."""

    transfer_id: UUID
    from_location_id: UUID
    to_location_id: UUID
    lines: tuple[tuple[UUID, int], ...] = ()
    expected_on: date | None = None
    note: str = ""
    staff_id: UUID | None = None

    @property
    def fingerprint(self) -> bytes:
        return fingerprint_of(self)


@dataclass(frozen=True, slots=True)
class TransferArrival:
    """What arrived of a transfer at once: (variant, quantity), None for all that is on the way.

    `arrival_id` is the idempotency key. `last` ends the transfer: what is still on the way then is lost, for
    `reason`.
    """

    arrival_id: UUID
    transfer_id: UUID
    lines: tuple[tuple[UUID, int], ...] | None
    last: bool = False
    reason: str = ""
    staff_id: UUID | None = None

    @property
    def fingerprint(self) -> bytes:
        return fingerprint_of(self)


@dataclass(frozen=True, slots=True)
class TransferRow:
    """A transfer as it stands, its sums over all lines."""

    id: UUID
    number: int
    from_location_id: UUID
    from_name: str
    to_location_id: UUID
    to_name: str
    state: str
    expected_on: date | None
    note: str
    reason: str
    created_at: datetime
    sent_at: datetime | None
    closed_at: datetime | None
    units: int
    units_arrived: int
    units_lost: int

    @property
    def on_the_way(self) -> int:
        return self.units - self.units_arrived - self.units_lost if self.state == TransferState.SENT else 0


@dataclass(frozen=True, slots=True)
class TransferLine:
    """One variant of a transfer."""

    variant_id: UUID
    sku: str
    title: str
    barcode: str | None
    quantity: int
    arrived: int
    lost: int

    @property
    def on_the_way(self) -> int:
        return self.quantity - self.arrived - self.lost


class UnknownTransfer(NotFound):
    """There is no such transfer. Look for it in the list."""

    code = "unknown_transfer"


class NotPlanned(Conflict):
    """This transfer has left already, so its lines stay as they are. Plan another one."""

    code = "not_planned"


class NotOnTheWay(Conflict):
    """Nothing of this transfer is on the way: it has not left, or it is closed. Reload the page."""

    code = "not_on_the_way"


class TooManyToTransfer(Conflict):
    """Only %(free)s of %(sku)s can leave; the rest is sold or kept back. Transfer fewer."""

    code = "too_many_to_transfer"


class NothingPlanned(SafarError):
    """There is nothing on this transfer yet. Add a line first."""

    status = 422
    code = "nothing_planned"


class MoreArrivedThanSent(Conflict):
    """More arrived of %(sku)s than is on the way. Count it at its location instead."""

    code = "more_than_sent"


class WhyLost(SafarError):
    """Say why the rest did not arrive: it is written off as a loss."""

    status = 422
    code = "why_lost"
