"""The events that this room writes, as staff read them."""

from safar.journal.kinds import EventKind
from safar.kernel.i18n import N_

EVENTS = (
    EventKind("customer.exported", N_("Handed out all that is kept of a customer"), "user"),
    EventKind("customer.erased", N_("Took away who a customer is"), "user"),
)
