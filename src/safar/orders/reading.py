"""Orders as they stand, read by id, by number, by customer, or as a list."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from safar.kernel.context import Context
from safar.kernel.database import Connection, as_array, rows, value
from safar.kernel.queries import queries_beside
from safar.orders.model import Goods, Order, OrderLine, OrderRequest
from safar.orders.unpaid import Unpaid, owners_of

QUERIES = queries_beside(__file__)
_UNPAID_READ_MAX = 100  # newest orders of one owner that are looked at


@dataclass(frozen=True, slots=True)
class FoundOrder:
    """An order that was looked for."""

    id: UUID


async def orders_by_id(connection: Connection, ids: Iterable[UUID]) -> dict[UUID, Order]:
    orders = await rows(Order, connection, QUERIES["orders"], {"ids": as_array(ids)})
    return {order.id: order for order in orders}


async def order_lines_of(connection: Connection, ids: Iterable[UUID]) -> dict[UUID, list[OrderLine]]:
    """Return the lines of each order."""
    by_order: dict[UUID, list[OrderLine]] = {id_: [] for id_ in ids}
    for line in await rows(OrderLine, connection, QUERIES["order_lines"], {"ids": list(by_order)}):
        by_order[line.order_id].append(_with_parts(line) if line.parts else line)
    return by_order


def _with_parts(line: OrderLine) -> OrderLine:
    """Return a line whose kit's parts are read out of the database's JSON."""
    return replace(line, parts=tuple((UUID(str(id_)), units) for id_, units in line.parts))


async def goods_of(connection: Connection, ids: Iterable[UUID]) -> dict[UUID, list[Goods]]:
    """Return what each order takes from which shelf."""
    by_order: dict[UUID, list[Goods]] = {id_: [] for id_ in ids}
    for goods in await rows(Goods, connection, QUERIES["order_goods"], {"ids": list(by_order)}):
        by_order[goods.order_id].append(goods)
    return by_order


@dataclass(frozen=True, slots=True)
class _OpenUnits:
    owner: int
    order_id: UUID
    variant_id: UUID
    units: int


async def unpaid_of(connection: Connection, requests: Iterable[OrderRequest]) -> Unpaid:
    """Return what those who ask have on order without having paid, in one statement."""
    limited = [owners_of(request) for request in requests if request.limits.counts_unpaid]
    unpaid = Unpaid()
    if limited:
        params = {
            "visitors": list({owners.visitor for owners in limited}),
            "addresses": list({owners.address for owners in limited}),
            "networks": list({owners.network for owners in limited if owners.network is not None}),
            "limit": _UNPAID_READ_MAX,
        }
        for open_units in await rows(_OpenUnits, connection, QUERIES["unpaid"], params):
            unpaid.add(open_units.owner, open_units.order_id, {open_units.variant_id: open_units.units})
    return unpaid


async def orders_of_customer(
    connection: Connection, customer_ids: Sequence[UUID], *, limit: int = 20
) -> list[Order]:
    """Return a customer's orders, newest first; several ids when profiles were merged."""
    params = {"customer_ids": list(customer_ids), "limit": limit}
    return await rows(Order, connection, QUERIES["orders_of_customer"], params)


async def order_of_number(connection: Connection, number: int) -> UUID | None:
    """Return the id of the order that customers know by this number."""
    order_id: UUID | None = await value(connection, QUERIES["order_of_number"], {"number": number})
    return order_id


async def something_left(context: Context, order_id: UUID) -> bool:
    """Tell whether something of an order has left."""
    async with context.database.connection() as connection:
        return any(piece.shipped for piece in (await goods_of(connection, [order_id]))[order_id])
