"""One open cart becomes one order: decided under the cart's lock, in the transaction that takes the order."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from safar.kernel.database import Connection, as_json, execute, rows, send, value
from safar.kernel.errors import SameKeyOtherBody
from safar.orders.decide import taken_of
from safar.orders.errors import Answer
from safar.orders.model import Order, OrderRequest, Taken
from safar.orders.reading import QUERIES, orders_by_id


@dataclass(frozen=True, slots=True)
class _Cart:
    id: UUID
    order_id: UUID | None


async def lock_carts(connection: Connection, requests: Iterable[OrderRequest]) -> dict[UUID, UUID | None]:
    """Lock the carts that are to be ordered, before any account; return the order that each has become."""
    ids = [request.cart_id for request in requests if request.cart_id]
    if not ids:
        return {}
    carts = await rows(_Cart, connection, QUERIES["lock_carts_to_order"], {"ids": ids})
    return {cart.id: cart.order_id for cart in carts}


def one_a_cart(requests: Sequence[OrderRequest]) -> tuple[list[OrderRequest], dict[UUID, UUID]]:
    """Return the first request of each cart, and for each later one the id of the request it follows."""
    first: dict[UUID, UUID] = {}
    going, following = [], {}
    for request in requests:
        leader = first.setdefault(request.cart_id, request.order_id) if request.cart_id else request.order_id
        if leader == request.order_id:
            going.append(request)
        else:
            following[request.order_id] = leader
    return going, following


def as_replayed(answer: Answer) -> Answer:
    """Return the answer to the order that a cart became, for one who asked to order the cart once more."""
    return replace(answer, replayed=True) if isinstance(answer, Taken) else answer


def answer_of_cart(order: Order | None) -> Answer:
    """Return the answer for a cart that has become `order` already."""
    return taken_of(order, replayed=True) if order else SameKeyOtherBody()


def close_carts(connection: Connection, orders: Mapping[UUID, UUID], now: datetime) -> None:
    """Write which order each cart has become, by cart; the caller has them locked and seen them open."""
    records = [{"id": cart_id, "order_id": order_id} for cart_id, order_id in orders.items()]
    send(connection, QUERIES["close_carts"], {"carts": as_json(records), "now": now})


async def reopen_carts(connection: Connection, orders: Sequence[Order]) -> None:
    """Open the carts of orders that came to nothing; before the accounts, which are locked after carts."""
    carts = [order.cart_id for order in orders if order.cart_id]
    if carts:
        params = {"ids": carts, "orders": [order.id for order in orders]}
        await execute(connection, QUERIES["open_carts_again"], params)


async def order_of_cart(connection: Connection, cart_id: UUID) -> Order | None:
    """Return the order that a cart has become."""
    order_id: UUID | None = await value(connection, QUERIES["order_of_cart"], {"id": cart_id})
    return (await orders_by_id(connection, [order_id])).get(order_id) if order_id else None
