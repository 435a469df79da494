"""One open cart becomes one order: decided under the cart's lock, in the transaction that takes the order."""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from safar.cart.reading import CartLine
from safar.catalogue.actions import VARIANTS
from safar.catalogue.words import TITLES, title_in
from safar.kernel.database import Connection, as_json, execute, rows, send, value
from safar.kernel.errors import SameKeyOtherBody
from safar.kernel.rare import known
from safar.orders.decide import taken_of
from safar.orders.errors import Answer
from safar.orders.model import CartWanted, Order, OrderRequest, Taken
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


async def as_in_carts(
    connection: Connection,
    version: str,
    requests: Sequence[OrderRequest],
    lines: Mapping[UUID, list[CartLine]],
) -> list[OrderRequest | None]:
    """Return the requests, those for an open cart with what is in it; None where it is not as they say."""
    ids = {line.variant_id for in_cart in lines.values() for line in in_cart}
    variants = await known(connection, version, VARIANTS, ids)
    products = {variant.product_id for variant in variants.values()}
    languages = {request.language for request in requests if request.open_cart and request.open_cart.titled}
    words = await known(connection, version, TITLES, itertools.product(languages, products))

    def filled(request: OrderRequest, cart: CartWanted) -> OrderRequest | None:
        in_cart = lines.get(request.cart_id, []) if request.cart_id else []
        if not in_cart or cart.code not in (None, in_cart[0].discount_code):
            return None
        titles = {}
        if cart.titled:
            for line in in_cart:
                variant = variants[line.variant_id]
                said = words.get((request.language, variant.product_id))
                titles[variant.id] = title_in(variant.title, variant.options, said)
        return replace(
            request,
            lines=tuple((line.variant_id, line.quantity) for line in in_cart),
            discount_code=in_cart[0].discount_code,
            titles=titles,
            open_cart=None,
        )

    return [filled(one, one.open_cart) if one.open_cart else one for one in requests]


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
