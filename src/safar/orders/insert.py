"""The only way to write a new order: for the checkout and for exchanges."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from safar.kernel.database import Connection, as_json, send
from safar.orders.model import OrderState, PaymentState
from safar.orders.reading import QUERIES


@dataclass(slots=True, kw_only=True)  # not frozen: made for every order
class NewOrder:
    """An order as it is written, with its payment; `number` None: the next one.

    `fingerprint` in hexadecimal. `by_…`: the owners that its unpaid money is counted on.
    """

    id: UUID
    number: int | None
    fingerprint: str
    customer_id: UUID
    visitor_id: UUID | None
    cart_id: UUID | None
    campaign_id: UUID | None
    email: str
    name: str
    address: str
    city: str
    postcode: str
    country: str
    phone: str
    language: str
    provider: str
    method: str
    currency: str
    subtotal_minor: int
    discount_minor: int
    shipping_minor: int
    tax_minor: int
    tax_included: bool
    shipping_tax_minor: int
    shipping_tax_rate: int
    credit_minor: int
    total_minor: int
    shipping_key: str
    discount_code: str
    held_until: datetime
    longer_until: datetime | None
    promised_on: date | None
    region: str = ""
    note: str = ""
    billing: Mapping[str, str] = field(default_factory=dict)
    by_visitor: int | None = None
    by_address: int | None = None
    by_network: int | None = None
    taken_by: UUID | None = None


@dataclass(slots=True)  # not frozen: made for every order
class NewOrderLine:
    """A line as it was sold; discount and tax are of the whole line. `parts`: of a kit."""

    order_id: UUID
    variant_id: UUID
    quantity: int
    price_minor: int
    discount_minor: int
    tax_minor: int
    title: str
    tax_class: str
    tax_rate: int
    parts: Sequence[tuple[UUID, int]]
    title_shown: str = ""


@dataclass(slots=True)  # not frozen: made for every order
class NewOrderGoods:
    """Units of an article that leave a location for an order."""

    order_id: UUID
    variant_id: UUID
    location_id: UUID
    quantity: int


def insert_orders(
    connection: Connection,
    orders: Sequence[NewOrder],
    lines: Sequence[NewOrderLine],
    goods: Sequence[NewOrderGoods],
    *,
    state: OrderState,
    payment_state: PaymentState,
    now: datetime,
) -> None:
    """Write orders with their lines, goods and payments, in one statement; it goes with the next (`send`)."""
    params = {
        "orders": as_json(orders),
        "lines": as_json(lines),
        "goods": as_json(goods),
        "state": state.value,
        "payment_state": payment_state.value,
        "now": now,
        "confirmed_at": now if state is OrderState.CONFIRMED else None,
    }
    send(connection, QUERIES["insert_orders"], params)
