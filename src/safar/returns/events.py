"""The events that this room writes, as staff read them."""

from safar.journal.kinds import EventKind
from safar.kernel.i18n import N_

EVENTS = (
    EventKind("order.given_up", N_("Given up, not sent: %(quantity)s units"), "receipt"),
    EventKind("return.requested", N_("Asked to send something back"), "refresh"),
    EventKind("return.approved", N_("May send it back"), "refresh"),
    EventKind("return.refused", N_("Return refused"), "refresh"),
    EventKind("return.received", N_("Sent back: %(quantity)s units"), "refresh"),
    EventKind("return.refunded", N_("Gets %(total)s back for a return"), "refresh"),
    EventKind("return.exchanged", N_("Sent back and exchanged: %(quantity)s units"), "refresh"),
)
