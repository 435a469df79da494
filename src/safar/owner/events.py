"""The events that this room writes, as staff read them."""

from safar.journal.kinds import EventKind
from safar.kernel.i18n import N_

EVENTS = (EventKind("shop.changed", N_("Changed the settings of the shop")),)
