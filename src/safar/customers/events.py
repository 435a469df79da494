"""The events that this room writes, as staff read them."""

from safar.journal.kinds import EventKind
from safar.kernel.i18n import N_

EVENTS = (
    EventKind("customer.created", N_("Became known to the shop"), "user"),
    EventKind("customer.identified", N_("Proved an address: %(kind)s"), "user"),
    EventKind("customer.joined", N_("Proved to be a visitor seen before"), "user"),
    EventKind("consent.given", N_("Allowed messages by %(channel)s (%(source)s)"), "check"),
    EventKind("consent.withdrawn", N_("Asked for no more messages by %(channel)s (%(source)s)"), "check"),
)
