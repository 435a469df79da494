"""What customers are written about parcels, in the language they ordered in."""

from collections.abc import Sequence

from safar.channels.model import Outgoing
from safar.kernel.i18n import _, number, speaking
from safar.kernel.ids import derived_id
from safar.orders.mail import letter
from safar.orders.model import Order
from safar.shipments.model import Shipping

_LINES_MAX = 50


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
        parts = [
            _("we have handed a part of your order to the carrier. The rest follows.")
            if more_to_come
            else _("we have handed your order to the carrier.")
        ]
        if in_parts:
            goods = [f"{number(units)} × {title}" for units, title in lines[:_LINES_MAX]]
            parts.append("\n".join([_("In this parcel:"), *goods]))
        tracking = []
        if shipping.carrier:
            tracking.append(_("Carrier: %(carrier)s", carrier=shipping.carrier))
        if shipping.tracking_code:
            tracking.append(_("Tracking code: %(code)s", code=shipping.tracking_code))
        if tracking_url:
            tracking.append(_("Follow your parcel: %(link)s", link=tracking_url))
        parts.append("\n".join(tracking))
        subject = _("Your order %(number)s is on its way", number=order.number)
        message_id = derived_id("order mail", order.id, "shipped", shipping.shipment_id)
        return letter(order, message_id, subject, parts, shipping.link)
