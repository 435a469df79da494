"""The events that this room writes, as staff read them."""

from safar.journal.kinds import EventKind
from safar.kernel.i18n import N_

EVENTS = (
    EventKind("tax.changed", N_("Changed taxes")),
    EventKind("shipping.changed", N_("Changed delivery")),
    EventKind("discount.created", N_("Made the discount code %(code)s")),
    EventKind("discount.changed", N_("Changed the discount code %(code)s")),
)
