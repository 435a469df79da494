"""Taking back the links to an order: none that was made before opens it, and the customer gets a new one."""

from uuid import UUID

from safar.channels.actions import queue_many
from safar.channels.letters import MailKind
from safar.journal.actions import append_many
from safar.kernel import clock
from safar.kernel.database import Connection, execute
from safar.kernel.errors import NotFound
from safar.kernel.i18n import N_, speaking
from safar.kernel.ids import derived_id
from safar.orders.changes import event_of
from safar.orders.mail import CLOSING, letter
from safar.orders.reading import QUERIES, orders_by_id

KIND = MailKind(
    "order-new-link",
    N_("New link to an order"),
    N_("A new link to your order %(number)s"),
    N_("Here is a new link to your order. Earlier links no longer work."),
    ("number",),
    CLOSING,
)


async def renew_link(connection: Connection, order_id: UUID, link: str, *, staff_id: UUID) -> None:
    """Take back all links and mail `link`, made just now. Raises NotFound. Writes order.link_renewed."""
    order = (await orders_by_id(connection, [order_id])).get(order_id)
    if order is None:
        raise NotFound
    now = clock.now()
    await execute(connection, QUERIES["renew_link"], {"id": order_id, "now": now})
    with speaking(order.language):
        named = {"number": str(order.number)}
        mail = letter(order, derived_id("new link", order_id, now), KIND, named, [], link)
    await queue_many(connection, [mail])
    await append_many(connection, [event_of("order.link_renewed", order, {}, staff_id=staff_id)])
