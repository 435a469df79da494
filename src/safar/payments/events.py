"""The events that this room writes, as staff read them."""

from safar.journal.kinds import EventKind
from safar.kernel.i18n import N_

EVENTS = (
    EventKind("payment.started", N_("Began to pay"), "cash"),
    EventKind("payment.received", N_("Money arrived: %(amount)s"), "cash"),
    EventKind("payment.refund_asked", N_("Money is to go back: %(amount)s"), "cash"),
    EventKind("payment.refund_failed", N_("Money could not be given back: %(amount)s"), "cash"),
    EventKind("payment.receipt_closed", N_("Dealt with money that belongs to no order"), "cash"),
    EventKind("payment.way_changed", N_("Changed a way to pay: %(provider)s"), "cash"),
)
