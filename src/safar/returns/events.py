"""The events that this room writes, as staff read them."""

from safar.journal.kinds import EventKind
from safar.kernel.i18n import N_

EVENTS = (
    EventKind("order.given_up", N_("Items cancelled: %(quantity)s"), "receipt"),
    EventKind("return.requested", N_("Return requested"), "refresh"),
    EventKind("return.approved", N_("Return approved"), "refresh"),
    EventKind("return.refused", N_("Return rejected"), "refresh"),
    EventKind("return.received", N_("Return received: %(quantity)s items"), "refresh"),
    EventKind("return.refunded", N_("Return refunded: %(total)s"), "refresh"),
    EventKind("return.exchanged", N_("Return exchanged: %(quantity)s items"), "refresh"),
)
