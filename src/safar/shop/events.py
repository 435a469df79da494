"""The events that this room writes, as staff read them."""

from safar.journal.kinds import EventKind
from safar.kernel.i18n import N_

EVENTS = (
    EventKind("checkout.started", N_("Began to check out"), "credit-card"),
    EventKind("orders.exported", N_("Exported a list as CSV: %(list)s"), "download"),
)
