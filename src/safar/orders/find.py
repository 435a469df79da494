"""Finding an order again by its number and e-mail address: the link to it goes to that mailbox only."""

from datetime import timedelta

from safar.channels.actions import queue_many
from safar.channels.letters import LetterPart, MailKind
from safar.journal.actions import append_many
from safar.kernel import clock
from safar.kernel.context import Context
from safar.kernel.database import Connection
from safar.kernel.i18n import N_, _, speaking
from safar.kernel.ids import derived_id
from safar.orders.changes import event_of
from safar.orders.links import order_link
from safar.orders.mail import CLOSING, letter
from safar.orders.reading import order_of_number, orders_by_id

# One mail for all that is asked within it: asking again does not fill a stranger's mailbox.
_ONE_MAIL_IN = timedelta(minutes=10)


KIND = MailKind(
    "order-found",
    N_("Link to an order, asked for"),
    N_("The link to your order %(number)s"),
    N_("You asked for the link to your order %(number)s. Here it is."),
    ("number",),
    CLOSING,
)


async def mail_link(context: Context, connection: Connection, number: int, email: str) -> None:
    """Mail the order's link, if there is one of this number that was placed with this address.

    Nobody is told whether there is. Writes order.link_asked.
    """
    order_id = await order_of_number(connection, number)
    order = (await orders_by_id(connection, [order_id])).get(order_id) if order_id else None
    if order is None or not email or order.email.lower() != email.lower():
        return
    now = clock.now()
    slot = int(now.timestamp() // _ONE_MAIL_IN.total_seconds())
    with speaking(order.language):
        named = {"number": str(order.number)}
        message_id = derived_id("order-found", order.id, slot)
        note = LetterPart("note", _("If it wasn’t you who asked, you can ignore this e-mail."))
        mail = letter(order, message_id, KIND, named, [note], order_link(context, order.id))
    await queue_many(connection, [mail])
    await append_many(connection, [event_of("order.link_asked", order, {})])
