"""Products, orders and payments: the words of the shop."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Literal
from uuid import UUID


class OrderState(StrEnum):
    """Placed orders wait for their payment; cancelled ones have a reason."""

    PLACED = "placed"
    CONFIRMED = "confirmed"
    PACKED = "packed"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    CLOSED = "closed"
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
class Order:
    """An order with its payment, as it stands.

    `longer_until`: until when its units are kept once it is proven, where that is longer than `held_until`.
    """

    id: UUID
    number: int
    state: str
    reason: str | None
    fingerprint: bytes
    customer_id: UUID
    visitor_id: UUID | None
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
    country: str = ""
    postcode: str = ""
    city: str = ""
    phone: str = ""
    subtotal_minor: int = 0
    discount_minor: int = 0
    shipping_minor: int = 0
    tax_minor: int = 0
    tax_included: bool = True
    shipping_key: str = ""
    discount_code: str = ""
    promised_on: date | None = None
    packed_at: datetime | None = None
    closed_at: datetime | None = None
    proven: bool = False
    credit_minor: int = 0
    waived_minor: int = 0
    delivery_back_minor: int = 0
    shipping_tax_minor: int = 0
    shipping_tax_rate: int = 0
    longer_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class OrderLine:
    """Units of a variant in an order, at the price they were ordered for; discount and tax of the line.

    `image`: the digest of the picture that the article has now. `tax_rate`: the one that was used, in parts
    per 100,000. `parts`: of a kit its parts as it was sold. `given_up`: units that will not be sent.
    """

    order_id: UUID
    variant_id: UUID
    quantity: int
    price_minor: int
    discount_minor: int
    tax_minor: int
    title: str
    sku: str
    slug: str
    category: str
    image: str | None = None
    tax_class: str = "standard"
    tax_rate: int = 0
    parts: Sequence[tuple[UUID, int]] = ()
    given_up: int = 0

    @property
    def made_of(self) -> Sequence[tuple[UUID, int]]:
        """Return what leaves a shelf for one unit: the article itself, or a kit's parts."""
        return self.parts or ((self.variant_id, 1),)


@dataclass(frozen=True, slots=True)
class Goods:
    """What an order takes from one location: of a kit its parts. `shipped`: so many of the quantity.

    `shelf_id`: where the units lie, and leave from: what is set aside for a campaign lies in a warehouse.
    """

    order_id: UUID
    variant_id: UUID
    location_id: UUID
    quantity: int
    shipped: int
    sku: str
    title: str
    shelf_id: UUID


@dataclass(slots=True)  # not frozen: made for every order
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
class PriceChanged:
    """Nothing was written: the order costs something else than the customer was shown."""

    order_id: UUID
    total_minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class DiscountRefused:
    """Nothing was written: the code is not taken, for one of pricing's DiscountReasons."""

    order_id: UUID
    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class NotDelivered:
    """Nothing was written: we do not send there, or not in this way."""

    order_id: UUID
    country: str
    shipping: str


@dataclass(frozen=True, slots=True)
class NoCookie:
    """Nothing was written: the browser has not shown that it keeps our cookie."""

    order_id: UUID


@dataclass(frozen=True, slots=True)
class RoomBefore:
    """Nothing was written: there is a waiting room before these goods, at `path`, and no place in it."""

    order_id: UUID
    path: str


@dataclass(frozen=True, slots=True)
class TooManyUnits:
    """Nothing was written: at most `units` of one article, or of the named product, go into an order."""

    order_id: UUID
    units: int
    title: str = ""
    product_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class TooMuchUnpaid:
    """Nothing was written: this customer has as much on order without paying as one may."""

    order_id: UUID


@dataclass(frozen=True, slots=True)
class ProveFirst:
    """Nothing was written: a proof of work of at least `bits` comes first."""

    order_id: UUID
    bits: int


@dataclass(frozen=True, slots=True)
class TotalNotTaken:
    """Nothing was written: such a total is not paid in this way."""

    order_id: UUID


@dataclass(frozen=True, slots=True)
class KeyReused:
    """The order id was used before for something else; nothing was changed."""

    order_id: UUID


Refusal = (
    OutOfStock | NotSold | PriceChanged | DiscountRefused | NotDelivered | NoCookie | RoomBefore
    | TooManyUnits | TooMuchUnpaid | ProveFirst | TotalNotTaken
)  # fmt: skip
Answer = Taken | Refusal | KeyReused

CancelReason = Literal[
    "payment_declined", "payment_unfinished", "sold_out_while_paying", "cancelled_by_shop",
    "cancelled_by_customer",
]  # fmt: skip
