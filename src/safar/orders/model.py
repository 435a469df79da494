"""Orders: the request, the rows as they stand, and the answer."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from functools import cached_property
from uuid import UUID

import orjson


@dataclass(slots=True)  # not frozen: made for every order
class Buyer:
    """Who orders, as far as they have proven it.

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
class OrderLimits:
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
    `taken_by`: who of the staff took it down; None: the customer ordered in the shop.
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
    taken_by: UUID | None = None
    region: str = ""
    note: str = ""
    billing: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OrderLine:
    """Units of a variant in an order, at the price they were ordered for; discount and tax of the line.

    `image`: the digest of the picture that the article has now. `tax_rate`: the one that was used, in parts
    per 100,000. `parts`: of a kit its parts as it was sold. `given_up`: units that will not be sent.
    `title_shown`: the title in the language of the order, "" where it has no other one there.
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
    title_shown: str = ""

    @property
    def customer_title(self) -> str:
        """Return the title as the customer reads it."""
        return self.title_shown or self.title

    @property
    def made_of(self) -> Sequence[tuple[UUID, int]]:
        """Return what leaves a shelf for one unit: the article itself, or a kit's parts."""
        return self.parts or ((self.variant_id, 1),)


@dataclass(frozen=True, slots=True)
class Goods:
    """What an order takes from one location: of a kit its parts. `shipped`: so many of the quantity.

    `shelf_id`: where the units lie, and leave from: what is set aside for a campaign lies in a warehouse.
    `customer_title`: the title as the customer reads it.
    """

    order_id: UUID
    variant_id: UUID
    location_id: UUID
    quantity: int
    shipped: int
    sku: str
    title: str
    shelf_id: UUID
    customer_title: str = ""


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


@dataclass(slots=True)  # not frozen: made for every order
class CartWanted:
    """What is taken for granted of the cart whose contents are to be ordered.

    `code`: the discount code that is to be in it, None for whichever is. `titled`: its lines are called as
    the order's language has it.
    """

    code: str | None
    titled: bool


@dataclass  # not frozen: made for every order; no slots, so that what is derived is kept
class OrderRequest:
    """What a customer orders; `order_id` is the idempotency key and names the hold.

    `customer_id`: the browser's own. `email` is what was typed: a claim until a mail to it comes back.
    `link`: the order's page, for mails to it. `link_id`: the send whose link brought the browser. `cart_id`:
    the cart that is closed with it. `currency` None: the shop's own. `shipping`: the key of a method, "" for
    the cheapest. With `expected_total_minor` an order that costs something else is refused.
    `total_minor_max`: the most that is paid in this way, `total_minor_step`: what its amounts are multiples
    of. `hold_minutes_unproven`: how long units are kept instead until the customer has shown to read the
    mailbox. `taken_by`: who of the staff asks for the customer, whom no waiting room stops then.
    `titles`: what the variants are called in the customer's language, where that is known.
    `billing`: who is billed where, as far as that differs; see `Billing`. `open_cart`: the lines, the code
    and the titles are those of the cart, as it is when the order is taken.
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
    link_id: UUID | None = None
    limits: OrderLimits = OrderLimits()
    total_minor_max: int | None = None
    total_minor_step: int = 1
    taken_by: UUID | None = None
    region: str = ""
    note: str = ""
    billing: Mapping[str, str] = field(default_factory=dict)
    titles: Mapping[UUID, str] = field(default_factory=dict)
    open_cart: CartWanted | None = None

    @cached_property
    def fingerprint(self) -> bytes:
        """What makes the request the same as another with its id; the caller's cookies do not count."""
        parts = [
            sorted(self.units.items()),
            self.email,
            self.name,
            self.address,
            self.provider,
            self.method,
            self.currency,
            self.country,
            self.postcode,
            self.city,
            self.phone,
            self.shipping,
            self.discount_code,
            self.expected_total_minor,
            self.region,
            self.note,
            sorted(self.billing.items()),
        ]
        return hashlib.sha256(orjson.dumps(parts)).digest()

    @cached_property
    def units(self) -> dict[UUID, int]:
        """Units of each variant, several lines of one summed."""
        units: dict[UUID, int] = {}
        for variant_id, quantity in self.lines:
            units[variant_id] = units.get(variant_id, 0) + quantity
        return units
