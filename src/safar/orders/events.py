"""The events that this room writes, as staff read them."""

from safar.journal.kinds import EventKind
from safar.kernel.i18n import N_

EVENTS = (
    EventKind("order.placed", N_("Order placed"), "receipt"),
    EventKind("order.confirmed", N_("Order confirmed: %(total)s"), "receipt"),
    EventKind("order.refused", N_("Order not possible: %(reason)s"), "receipt"),
    EventKind("order.cancelled", N_("Order cancelled: %(reason)s"), "receipt"),
    EventKind("order.link_asked", N_("Asked for the link to the order"), "receipt"),
    EventKind("order.address_changed", N_("Address of the order changed"), "map-pin"),
    EventKind("order.noted", N_("Note added to the order"), "file"),
    EventKind("order.tagged", N_("Tagged “%(tag)s”"), "tag"),
    EventKind("order.untagged", N_("Tag “%(tag)s” removed"), "tag"),
    EventKind("order.link_renewed", N_("New link to the order sent"), "receipt"),
    EventKind("payment.failed", N_("Payment failed: %(reason)s"), "cash"),
    EventKind("payment.refunded", N_("Refunded: %(reason)s"), "cash"),
)
