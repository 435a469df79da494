"""What is bought from whom: the words of purchasing."""

import hashlib
from dataclasses import asdict, dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import orjson


class PurchaseState(StrEnum):
    """A purchase order is a draft until it is sent; it ends as received or as cancelled."""

    DRAFT = "draft"
    SENT = "sent"
    PARTLY_RECEIVED = "partly_received"
    RECEIVED = "received"
    CANCELLED = "cancelled"


OPEN = frozenset({PurchaseState.SENT, PurchaseState.PARTLY_RECEIVED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Supplier:
    """Somebody we buy from; `lead_days` from sending an order to its arrival."""

    id: UUID
    name: str
    email: str = ""
    phone: str = ""
    lead_days: int = 7
    currency: str
    active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplierItem:
    """What a supplier asks for a unit of a variant, in how large packs; `lead_days` None: as the supplier."""

    supplier_id: UUID
    variant_id: UUID
    supplier_sku: str = ""
    cost_minor: int
    pack_size: int = 1
    lead_days: int | None = None


@dataclass(frozen=True, slots=True)
class PurchaseDraft:
    """Ask for a purchase order; `order_id` is the idempotency key. Lines: (variant, quantity, cost_minor)."""

    order_id: UUID
    supplier_id: UUID
    location_id: UUID
    lines: tuple[tuple[UUID, int, int], ...] = ()
    expected_on: date | None = None
    staff_id: UUID | None = None
    reason: str = ""

    @property
    def fingerprint(self) -> bytes:
        return fingerprint_of(self)


@dataclass(frozen=True, slots=True)
class Drafted:
    """A draft is there; `replayed` when its id had been used before for the same one."""

    order_id: UUID
    number: int
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class Came:
    """Units of a line that came in a delivery, and the lot they are of, where it is known."""

    variant_id: UUID
    quantity: int
    lot_code: str = ""
    expires_on: date | None = None


@dataclass(frozen=True, slots=True)
class PurchaseDelivery:
    """What came of a purchase order at once; `receipt_id` is the idempotency key.

    `more` accepts more of a line than was ordered; `last` closes the order, whatever is missing.
    """

    receipt_id: UUID
    order_id: UUID
    lines: tuple[Came, ...]
    document: str = ""
    staff_id: UUID | None = None
    more: bool = False
    last: bool = False

    @property
    def fingerprint(self) -> bytes:
        return fingerprint_of(self)


@dataclass(frozen=True, slots=True)
class Purchase:
    """A purchase order as it stands, its sums over all lines."""

    id: UUID
    number: int
    supplier_id: UUID
    supplier: str
    email: str
    location_id: UUID
    location: str
    state: str
    currency: str
    expected_on: date | None
    reason: str
    created_at: datetime
    sent_at: datetime | None
    closed_at: datetime | None
    units: int
    units_received: int
    total_minor: int


@dataclass(frozen=True, slots=True)
class PurchaseLine:
    """One variant of a purchase order."""

    variant_id: UUID
    sku: str
    title: str
    barcode: str | None
    supplier_sku: str
    tracks_lots: bool
    quantity: int
    received: int
    cost_minor: int
    expected_on: date | None

    @property
    def missing(self) -> int:
        return max(self.quantity - self.received, 0)


def fingerprint_of(request: Any) -> bytes:
    """Return what tells this request from another one under the same id."""
    return hashlib.sha256(orjson.dumps(asdict(request))).digest()
