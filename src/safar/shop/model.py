"""Products, orders and payments: the words of the shop."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal
from uuid import UUID


class OrderState(StrEnum):
    """Placed orders wait for their payment; cancelled ones have a reason."""

    PLACED = "placed"
    CONFIRMED = "confirmed"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"


class PaymentState(StrEnum):
    """`DUE`: to be paid on delivery. `OWED`: paid for an order that was cancelled, to be refunded."""

    STARTED = "started"
    PAID = "paid"
    DUE = "due"
    FAILED = "failed"
    OWED = "owed"
    REFUNDED = "refunded"


@dataclass(frozen=True, slots=True)
class Variant:
    """What is sold: one SKU of a product."""

    id: UUID
    product_id: UUID
    sku: str
    title: str
    price_minor: int
    currency: str
    slug: str
    category: str


@dataclass(frozen=True, slots=True)
class Product:
    """A product as its page shows it."""

    id: UUID
    slug: str
    title: str
    description: str
    category: str


@dataclass(frozen=True, slots=True)
class Listed:
    """A product as a list shows it; the price is that of its cheapest variant."""

    id: UUID
    slug: str
    title: str
    category: str
    sku: str
    price_minor: int
    currency: str
    variant_ids: list[UUID]
    found: int


@dataclass(frozen=True, slots=True)
class CartLine:
    """A line of a cart; `seen_minor` is the price the customer saw last."""

    variant_id: UUID
    sku: str
    title: str
    slug: str
    category: str
    quantity: int
    price_minor: int
    seen_minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class Order:
    """An order with its payment, as it stands."""

    id: UUID
    number: int
    state: str
    reason: str | None
    fingerprint: bytes
    customer_id: UUID
    cart_id: UUID | None
    campaign_id: UUID | None
    hold_id: UUID
    held_until: datetime
    email: str
    name: str
    address: str
    language: str
    total_minor: int
    currency: str
    placed_at: datetime
    confirmed_at: datetime | None
    shipped_at: datetime | None
    delivered_at: datetime | None
    cancelled_at: datetime | None
    provider: str
    method: str
    payment_state: str
    payment_reason: str | None


@dataclass(frozen=True, slots=True)
class OrderLine:
    """Units of a variant in an order, at the price they were ordered for."""

    order_id: UUID
    variant_id: UUID
    location_id: UUID
    quantity: int
    price_minor: int
    title: str
    sku: str
    slug: str
    category: str


@dataclass(frozen=True, slots=True)
class Taken:
    """The order is in the books; `replayed` when this id had asked before."""

    order_id: UUID
    number: int
    state: str
    payment_state: str
    total_minor: int
    currency: str
    reason: str | None = None
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class OutOfStock:
    """Nothing was written: `left` gives, for each variant that has too little, what can still be bought."""

    order_id: UUID
    left: Mapping[UUID, int]


@dataclass(frozen=True, slots=True)
class NotSold:
    """Nothing was written: we do not sell these variants."""

    order_id: UUID
    variant_ids: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class KeyReused:
    """The order id was used before for something else; nothing was changed."""

    order_id: UUID


Answer = Taken | OutOfStock | NotSold | KeyReused

CancelReason = Literal[
    "payment_declined", "payment_unfinished", "sold_out_while_paying", "cancelled_by_shop"
]  # fmt: skip
