"""The events that this room writes, as staff read them."""

from safar.journal.kinds import EventKind
from safar.kernel.i18n import N_

EVENTS = (EventKind("setback.retried", N_("Had an item tried again that had failed: %(queue)s")),)
