"""Taking back the links to an order: none that was made before opens it, and the customer gets a new one."""

from uuid import UUID

from safar.channels.actions import queue_many
from safar.journal.actions import append_many
from safar.kernel import clock
from safar.kernel.database import Connection, execute
from safar.kernel.errors import NotFound
from safar.kernel.i18n import _, speaking
from safar.kernel.ids import derived_id
from safar.orders.changes import event_of
from safar.orders.mail import letter
from safar.orders.reading import QUERIES, orders_by_id


async def renew_link(connection: Connection, order_id: UUID, link: str, *, staff_id: UUID) -> None:
    """Take back all links and mail `link`, made just now. Raises NotFound. Writes order.link_renewed."""
    order = (await orders_by_id(connection, [order_id])).get(order_id)
    if order is None:
        raise NotFound
    now = clock.now()
    await execute(connection, QUERIES["renew_link"], {"id": order_id, "now": now})
    with speaking(order.language):
        news = _("this is the new link to your order. Those that you had do not open it any more.")
        subject = _("A new link to your order %(number)s", number=order.number)
        mail = letter(order, derived_id("new link", order_id, now), subject, [news], link)
    await queue_many(connection, [mail])
    await append_many(connection, [event_of("order.link_renewed", order, {}, staff_id=staff_id)])
