"""The verbs of a cart. A cart is one visitor's own, so they are not combined; nothing is held by them."""

from dataclasses import dataclass
from uuid import UUID

from safar.customers.visitor import Visitor
from safar.journal.actions import append_many
from safar.journal.model import Event
from safar.kernel import clock
from safar.kernel.database import Connection, rows, value
from safar.kernel.ids import new_id
from safar.shop.errors import TooManyInCart
from safar.shop.model import CartLine, Variant
from safar.shop.orders import QUERIES

UNITS_MAX = 999
LINES_MAX = 100


@dataclass(frozen=True, slots=True)
class _Opened:
    opened: bool
    ordered: bool


async def add_line(
    connection: Connection, cart_id: UUID, visitor: Visitor, variant: Variant, quantity: int
) -> UUID:
    """Put units into a cart, opened at its first line; return its id: a new one when it was ordered before.

    Writes cart.created and cart.changed. Raises TooManyInCart.
    """
    now = clock.now()
    cart_id, opened = await _open(connection, cart_id, visitor)
    params = {
        "cart_id": cart_id, "variant_id": variant.id, "quantity": quantity, "now": now,
        "price_minor": variant.price_minor, "units_max": UNITS_MAX, "lines_max": LINES_MAX,
    }  # fmt: skip
    in_cart = await value(connection, QUERIES["add_line"], params)
    if in_cart is None:
        raise TooManyInCart(units=UNITS_MAX, lines=LINES_MAX)
    created = [_event("cart.created", cart_id, visitor)] if opened else []
    changed = _event("cart.changed", cart_id, visitor, variant_id=variant.id, quantity=in_cart)
    await append_many(connection, [*created, changed])
    return cart_id


async def set_line(
    connection: Connection, cart_id: UUID, visitor: Visitor, variant_id: UUID, quantity: int
) -> bool:
    """Set a line's units, none of them removes it; False when there is no such line. Writes cart.changed."""
    params = {"id": cart_id, "cart_id": cart_id, "variant_id": variant_id, "quantity": quantity}
    if await value(connection, QUERIES["touch_cart"], {**params, "now": clock.now()}) is None:
        return False
    query = QUERIES["set_line" if quantity else "remove_line"]
    if await value(connection, query, params) is None:
        return False
    event = _event("cart.changed", cart_id, visitor, variant_id=variant_id, quantity=quantity)
    await append_many(connection, [event])
    return True


async def lines_in_cart(connection: Connection, cart_id: UUID) -> list[CartLine]:
    """Return what is in a cart, at the prices of now; an ordered cart is empty."""
    return await rows(CartLine, connection, QUERIES["cart_lines"], {"cart_id": cart_id})


async def _open(connection: Connection, cart_id: UUID, visitor: Visitor) -> tuple[UUID, bool]:
    for id_ in (cart_id, new_id()):
        params = {
            "id": id_, "customer_id": visitor.customer_id, "campaign_id": visitor.campaign_id,
            "now": clock.now(),
        }  # fmt: skip
        found = (await rows(_Opened, connection, QUERIES["open_cart"], params))[0]
        if not found.ordered:
            return id_, found.opened
    raise AssertionError("a new cart is not ordered")


def _event(name: str, cart_id: UUID, visitor: Visitor, **properties: object) -> Event:
    return Event(
        name=name, customer_id=visitor.customer_id, campaign_id=visitor.campaign_id, subject_id=cart_id,
        properties=properties,
    )  # fmt: skip
