"""What happened to an order, from the journal."""

from safar.customers.identify import finals
from safar.journal.model import Recorded
from safar.kernel.database import Connection, rows
from safar.kernel.queries import queries_beside
from safar.orders.model import Order

QUERIES = queries_beside(__file__)

_TIMELINE_MAX = 100


async def order_timeline(connection: Connection, order: Order) -> list[Recorded]:
    """Return what happened to an order, the newest first."""
    lead = await finals(connection, [order.customer_id])
    params = {
        "customer_ids": list({order.customer_id, *lead.values(), order.visitor_id or order.customer_id}),
        "since": order.placed_at,
        "order_id": order.id,
        "limit": _TIMELINE_MAX,
    }
    return await rows(Recorded, connection, QUERIES["timeline"], params)
