"""The events that this room writes, as staff read them."""

from safar.journal.kinds import EventKind
from safar.kernel.i18n import N_

EVENTS = (
    EventKind("failure.retried", N_("Had event %(event)s taken again by %(reader)s")),
    EventKind("failure.dismissed", N_("Dismissed event %(event)s, which %(reader)s could not take")),
)
