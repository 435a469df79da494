"""The events that this room writes, as staff read them."""

from safar.journal.kinds import EventKind
from safar.kernel.i18n import N_

EVENTS = (
    EventKind("order.placed", N_("Placed an order"), "receipt"),
    EventKind("order.confirmed", N_("Order confirmed: %(total)s"), "receipt"),
    EventKind("order.refused", N_("Wanted to order, but could not: %(reason)s"), "receipt"),
    EventKind("order.cancelled", N_("Order cancelled: %(reason)s"), "receipt"),
    EventKind("order.link_renewed", N_("Got a new link to the order"), "receipt"),
    EventKind("payment.failed", N_("Payment failed: %(reason)s"), "cash"),
    EventKind("payment.refunded", N_("Money returned: %(reason)s"), "cash"),
)
