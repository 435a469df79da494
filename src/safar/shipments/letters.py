"""What customers are written about parcels, in the language they ordered in."""

from collections.abc import Sequence
from uuid import UUID

from safar.channels.letters import LetterPart, MailKind
from safar.channels.model import Outgoing
from safar.kernel.i18n import N_, _, number, speaking
from safar.kernel.ids import derived_id
from safar.orders.mail import CLOSING, letter
from safar.orders.model import Order
from safar.shipments.model import Shipping

_LINES_MAX = 50
KIND = MailKind(
    "shipment-sent",
    N_("Order shipped"),
    N_("Your order %(number)s is on its way"),
    N_("Good news: your parcel has left our warehouse."),
    ("number", "carrier", "tracking"),
    CLOSING,
)
TRACKING_KIND = MailKind(
    "shipment-tracking",
    N_("Tracking added or corrected"),
    N_("Tracking for your order %(number)s"),
    N_("Here is how to follow your parcel."),
    ("number", "carrier", "tracking"),
    CLOSING,
)


def shipment_letter(
    order: Order,
    shipping: Shipping,
    lines: Sequence[tuple[int, str]],
    *,
    tracking_url: str,
    in_parts: bool,
    more_to_come: bool,
) -> Outgoing:
    """Return the mail that a parcel has left; `lines` are (units, title).

    `in_parts`: the order comes in several parcels, so this one's content is told.
    """
    with speaking(order.language):
        parts = []
        if more_to_come:
            parts.append(LetterPart("text", _("This is part of your order. The rest will follow.")))
        if in_parts:
            goods = [(title, "", "", number(units)) for units, title in lines[:_LINES_MAX]]
            parts.append(LetterPart("goods", _("In this parcel:"), rows=goods))
        parts += _followed_by(shipping.carrier, shipping.tracking_code, tracking_url)
        named = {"number": str(order.number), "carrier": shipping.carrier, "tracking": shipping.tracking_code}
        message_id = derived_id("order mail", order.id, "shipped", shipping.shipment_id)
        return letter(order, message_id, KIND, named, parts, shipping.link)


def tracking_letter(
    order: Order, message_id: UUID, *, carrier: str, code: str, tracking_url: str, link: str
) -> Outgoing:
    """Return the mail that says how a parcel that has left is followed."""
    with speaking(order.language):
        named = {"number": str(order.number), "carrier": carrier, "tracking": code}
        parts = _followed_by(carrier, code, tracking_url)
        return letter(order, message_id, TRACKING_KIND, named, parts, link)


def _followed_by(carrier: str, code: str, tracking_url: str) -> list[LetterPart]:
    parts = []
    if shown := [row for row in ((_("Carrier"), carrier), (_("Tracking number"), code)) if row[1]]:
        parts.append(LetterPart("facts", rows=shown))
    if tracking_url:
        parts.append(LetterPart("button", _("Track your parcel"), tracking_url))
    return parts
