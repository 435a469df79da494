"""The events that this room writes, as staff read them."""

from safar.journal.kinds import EventKind
from safar.kernel.i18n import N_

EVENTS = (
    EventKind("customer.created", N_("First contact with the shop"), "user"),
    EventKind("customer.identified", N_("Confirmed an address: %(kind)s"), "user"),
    EventKind("customer.joined", N_("Recognised as an earlier visitor"), "user"),
    EventKind("consent.given", N_("Subscribed to %(channel)s (%(source)s)"), "check"),
    EventKind("consent.withdrawn", N_("Unsubscribed from %(channel)s (%(source)s)"), "check"),
)
