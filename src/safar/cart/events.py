"""The events that this room writes, as staff read them."""

from safar.journal.kinds import EventKind
from safar.kernel.i18n import N_

EVENTS = (
    EventKind("cart.created", N_("Started a cart"), "shopping-cart"),
    EventKind("cart.changed", N_("Changed the cart"), "shopping-cart"),
    EventKind("cart.code_set", N_("Tried the discount code %(code)s"), "shopping-cart"),
)
