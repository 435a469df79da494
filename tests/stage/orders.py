"""Orders that were bought in the small shop."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from safar.kernel.context import Context
from safar.kernel.database import Database, value
from safar.kernel.ids import derived_id, new_id
from safar.kernel.refusals import Plural
from safar.orders.errors import REFUSALS, Refusal
from safar.orders.model import Buyer, Order, OrderLine, OrderRequest, OrderState, Taken
from safar.orders.place import buy_many
from safar.orders.reading import orders_by_id
from safar.shipments.actions import deliver_many, ship_many
from safar.shipments.model import OrderDelivery, Shipping
from safar.stock.model import CUSTOMER, MAIN
from tests.stage.shop import request

SAM = new_id()
PLACED_AT = datetime(2026, 1, 1, tzinfo=UTC)
ORDERED_AT = datetime(2026, 11, 22, tzinfo=UTC)
IDS = [derived_id("v", number) for number in range(4)]
LINK = "https://shop.example/orders/x"


async def answered(
    context: Context, verb: Plural[OrderRequest, Taken], order: OrderRequest
) -> Taken | Refusal:
    """Ask for an order; return what came of it, be it a refusal."""
    try:
        return await context.batched(verb, order)
    except REFUSALS as refusal:
        return refusal


async def bought(context: Context, *lines: tuple[UUID, int], **other: object) -> UUID:
    """Buy, to be paid on delivery; return the order."""
    answer = await context.batched(buy_many, request(lines=lines, **other))
    assert isinstance(answer, Taken), answer
    return answer.order_id


async def delivered(context: Context, *lines: tuple[UUID, int], **other: object) -> UUID:
    """Buy, and have it all sent and delivered."""
    order_id = await bought(context, *lines, **other)
    await context.batched(ship_many, Shipping(new_id(), order_id, MAIN, LINK, staff_id=SAM))
    await context.batched(deliver_many, OrderDelivery(order_id, SAM))
    return order_id


async def order_of(database: Database, order_id: UUID) -> Order:
    async with database.connection() as connection:
        return (await orders_by_id(connection, [order_id]))[order_id]


async def sent_units(database: Database, variant_id: UUID) -> int:
    """Return how many units are with customers, by the moves."""
    async with database.connection() as connection:
        found = await value(
            connection,
            "SELECT coalesce(sum(CASE WHEN to_location_id = %(c)s THEN quantity ELSE -quantity END), 0)"
            " FROM stock_moves WHERE variant_id = %(v)s AND %(c)s IN (to_location_id, from_location_id)",
            {"c": CUSTOMER, "v": variant_id},
        )
    return int(found)


def an_order(**other: Any) -> Order:
    """Return an order of Ada's that was delivered and paid, with what `other` says instead."""
    plain: dict[str, Any] = {
        "id": new_id(), "number": 10001, "state": OrderState.DELIVERED, "reason": None, "fingerprint": b"",
        "customer_id": new_id(), "visitor_id": None, "cart_id": None, "campaign_id": None,
        "hold_id": new_id(), "held_until": PLACED_AT, "email": "a@b.example", "name": "Ada",
        "address": "1 Mill Lane",
        "language": "en", "total_minor": 0, "currency": "GBP", "placed_at": PLACED_AT,
        "confirmed_at": PLACED_AT, "shipped_at": PLACED_AT, "delivered_at": PLACED_AT, "cancelled_at": None,
        "provider": "cod", "method": "", "payment_state": "paid", "payment_reason": None,
    }  # fmt: skip
    return Order(**{**plain, **other})


def a_line(quantity: int, price: int, discount: int = 0, tax: int = 0) -> OrderLine:
    return OrderLine(new_id(), new_id(), quantity, price, discount, tax, "Mug", "MUG", "mug", "kitchen")


def a_request(*lines: tuple[UUID, int], **other: Any) -> OrderRequest:
    """Return the one request for these lines: each time under the same ids, from the same browser."""
    plain = {
        "order_id": derived_id("order"),
        "customer_id": derived_id("customer"),
        "buyer": Buyer(derived_id("visitor"), returned=True),
        "email": "a@b.example",
    }
    return request(lines=lines, **{**plain, **other})


def the_order(state: str, payment_state: str, *, cancelled_at: datetime | None = None) -> Order:
    """Return the order that such a request for one unit led to, of which nothing was sent."""
    return an_order(
        id=derived_id("order"),
        number=1,
        state=state,
        fingerprint=a_request((IDS[0], 1)).fingerprint,
        customer_id=derived_id("customer"),
        hold_id=derived_id("order"),
        held_until=ORDERED_AT,
        total_minor=5,
        placed_at=ORDERED_AT,
        confirmed_at=None,
        shipped_at=None,
        delivered_at=None,
        cancelled_at=cancelled_at,
        provider="test",
        method="ok",
        payment_state=payment_state,
    )
