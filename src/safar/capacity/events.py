"""The events that this room writes, as staff read them."""

from safar.journal.kinds import EventKind
from safar.kernel.i18n import N_

EVENTS = (
    EventKind("hold.placed", N_("Capacity set aside (%(purpose)s)"), "hourglass"),
    EventKind("hold.refused", N_("Too little was left to set aside (%(purpose)s)"), "hourglass"),
    EventKind("hold.claimed", N_("Held capacity was used (%(purpose)s)"), "hourglass"),
    EventKind("hold.released", N_("Held capacity was given back (%(purpose)s)"), "hourglass"),
    EventKind("hold.expired", N_("A hold ran out of time (%(purpose)s)"), "hourglass"),
)
