"""Changes of a cart."""

from safar.cart.decide import CartChange
from safar.customers.visitor import new_visitor
from safar.kernel.ids import new_id


def change(**other: object) -> CartChange:
    values = {
        "key": new_id(),
        "cart_id": new_id(),
        "visitor": new_visitor(),
        "sku": "MUG",
        "quantity": 1,
        "how": "add",
        "currency": "GBP",
    }
    return CartChange(**{**values, **other})  # type: ignore[arg-type]
