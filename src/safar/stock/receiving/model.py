"""A delivery that is being scanned: the words of this part."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from safar.kernel.errors import Conflict, NotFound

ReceivingState = Literal["open", "booked", "discarded"]


@dataclass(frozen=True, slots=True)
class Receiving:
    """A delivery as it stands; until it is booked nothing of it is in stock."""

    id: UUID
    location_id: UUID
    location: str
    document: str
    state: ReceivingState
    staff_id: UUID | None
    created_at: datetime
    ended_at: datetime | None
    articles: int
    units: int


@dataclass(frozen=True, slots=True)
class ReceivingLine:
    """An article of a delivery; `bin` is the shelf that it has at the location."""

    variant_id: UUID
    sku: str
    title: str
    barcode: str | None
    tracks_lots: bool
    units: int
    lot: str
    expires_on: date | None
    bin: str


@dataclass(frozen=True, slots=True)
class Scan:
    """So many more units of an article, or fewer below zero; `scan_id` counts once."""

    scan_id: UUID
    receiving_id: UUID
    variant_id: UUID
    units: int


@dataclass(frozen=True, slots=True)
class LineFigures:
    """A line as it was corrected by hand; None leaves the units as they are."""

    variant_id: UUID
    units: int | None
    lot: str = ""
    expires_on: date | None = None
    bin: str = ""


class UnknownReceiving(NotFound):
    """There is no such delivery. Look for it in the list."""

    code = "unknown_receiving"


class ReceivingEnded(Conflict):
    """This delivery has been booked or discarded. Start a new one."""

    code = "receiving_ended"


class NothingReceived(Conflict):
    """Nothing has been scanned yet. Scan an article first."""

    code = "nothing_received"
