"""The events that this room writes, as staff read them."""

from safar.journal.kinds import EventKind
from safar.kernel.i18n import N_

EVENTS = (
    EventKind("order.packed", N_("Order packed"), "receipt"),
    EventKind("order.unpacked", N_("No longer marked as packed"), "receipt"),
    EventKind("order.shipped", N_("Order shipped"), "receipt"),
    EventKind("order.delivered", N_("Order delivered"), "receipt"),
    EventKind("order.closed", N_("Order closed"), "receipt"),
    EventKind("shipment.sent", N_("Parcel shipped: %(quantity)s items"), "truck"),
    EventKind("shipment.tracking_changed", N_("Tracking code changed: %(tracking_code)s"), "truck"),
    EventKind("carrier.changed", N_("Changed the carrier %(carrier)s"), "truck"),
)
