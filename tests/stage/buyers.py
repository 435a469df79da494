"""Customers for tests of other things: their cookie came back, and no limit holds for them."""

from typing import Any

from safar.kernel.ids import new_id
from safar.orders.model import Buyer, OrderLimits

NO_LIMITS = OrderLimits(0, 0, 0, 0)


def anybody() -> dict[str, Any]:
    """Return who asks, as an OrderRequest takes it."""
    return {"buyer": Buyer(new_id(), returned=True), "limits": NO_LIMITS}
