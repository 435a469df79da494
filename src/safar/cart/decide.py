"""What a cart can hold and how it changes, without I/O."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID

from safar.cart.available import Available
from safar.catalogue.actions import variant_id_of
from safar.catalogue.model import Variant
from safar.customers.visitor import Visitor

UNITS_MAX = 999
LINES_MAX = 100

Refusal = Literal["unknown_product", "out_of_stock", "too_many", "too_many_of_product", "not_in_cart"]


@dataclass(frozen=True, slots=True)
class CartChange:
    """Put units of a SKU into a cart ("add"), or set its line to so many ("set"; 0 takes it out).

    `currency`: that of the price that the customer saw.
    """

    key: UUID
    cart_id: UUID
    visitor: Visitor
    sku: str
    quantity: int
    how: Literal["add", "set"]
    currency: str

    @property
    def variant_id(self) -> UUID:
        return variant_id_of(self.sku)

    @property
    def body(self) -> list[object]:
        return ["cart", str(self.visitor.visitor_id), self.sku.strip().upper(), self.quantity, self.how]


@dataclass(frozen=True, slots=True)
class CartCode:
    """Put a discount code into a cart, or take it out with ""; `code` in its plain form."""

    key: UUID
    cart_id: UUID
    visitor: Visitor
    code: str

    @property
    def body(self) -> list[object]:
        return ["cart code", str(self.visitor.visitor_id), self.code]


@dataclass(frozen=True, slots=True)
class CartChanged:
    """`cart_id` is a new one when the old cart had been ordered; `units` are all that is in it then."""

    cart_id: UUID
    units: int


@dataclass(frozen=True, slots=True)
class CartRefused:
    """Nothing was written; `left`: so many units can be bought, or go into one order of `title`."""

    reason: Refusal
    left: int = 0
    title: str = ""


Answer = CartChanged | CartRefused


@dataclass(slots=True)
class OpenCart:
    """A cart while a batch works on it."""

    id: UUID
    units: dict[UUID, int] = field(default_factory=dict)
    opened: bool = False


def refusal_of_change(
    change: CartChange,
    variants: Mapping[UUID, Variant],
    available: Mapping[UUID, Available],
    cart: OpenCart | None,
) -> CartRefused | None:
    """Return why a change is not carried out, or None."""
    variant = variants.get(change.variant_id)
    if change.how == "set":
        there = cart is not None and change.variant_id in cart.units
        return None if there else CartRefused("not_in_cart" if variant else "unknown_product")
    if variant is None or not variant.published:
        return CartRefused("unknown_product")
    left = available[variant.id].buyable if variant.id in available else 0
    if change.quantity > left:
        return CartRefused("out_of_stock", left)
    before = cart.units if cart else {}
    wanted = before.get(variant.id, 0) + change.quantity
    if variant.order_max is not None and wanted > variant.order_max:
        return CartRefused("too_many_of_product", variant.order_max, variant.title)
    if wanted > UNITS_MAX:
        return CartRefused("too_many")
    return CartRefused("too_many") if variant.id not in before and len(before) >= LINES_MAX else None


def apply(change: CartChange, cart: OpenCart) -> None:
    """Carry out a change that is not refused."""
    units = change.quantity + (cart.units.get(change.variant_id, 0) if change.how == "add" else 0)
    if units:
        cart.units[change.variant_id] = units
    else:
        del cart.units[change.variant_id]
