"""Orders that were bought in the small shop."""

from uuid import UUID

from safar.kernel.context import Context
from safar.kernel.database import Database, value
from safar.kernel.ids import new_id
from safar.orders.model import Order, Taken
from safar.orders.place import buy_many
from safar.orders.reading import orders_by_id
from safar.shipments.actions import deliver_many, ship_many
from safar.shipments.model import OrderDelivery, Shipping
from safar.stock.model import CUSTOMER, MAIN
from tests.stage.shop import request

SAM = new_id()
LINK = "https://shop.example/orders/x"


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
