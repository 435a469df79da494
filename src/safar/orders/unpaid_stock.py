"""Articles that many have on order and nobody has paid: what Today tells before the shelf is empty."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from safar.kernel.database import Connection, rows
from safar.kernel.queries import queries_beside
from safar.settings import Settings

QUERIES = queries_beside(__file__, "limits.sql")
_SHOWN_MAX = 5


@dataclass(frozen=True, slots=True)
class UnpaidStock:
    """Of an article `units` are on order without being paid and `free` are left.

    `owner_units` of them come from one network, address or browser (`kind`), in `orders`; `order_id` is the
    newest of those.
    """

    variant_id: UUID
    title: str
    units: int
    free: int
    kind: Literal["network", "address", "browser"]
    owner_units: int
    orders: int
    order_id: UUID

    @property
    def percent(self) -> int:
        return self.units * 100 // (self.units + self.free)


async def unpaid_stock(connection: Connection, settings: Settings) -> Sequence[UnpaidStock]:
    """Return the articles of which more is unpaid than SAFAR_UNPAID_ALERT_PERCENT, the worst first."""
    if not settings.unpaid_alert_percent:
        return ()
    params = {
        "percent": settings.unpaid_alert_percent,
        "least": settings.unpaid_units_least,
        "limit": _SHOWN_MAX,
    }
    return await rows(UnpaidStock, connection, QUERIES["unpaid_stock"], params)
