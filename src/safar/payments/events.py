"""The events that this room writes, as staff read them."""

from safar.journal.kinds import EventKind
from safar.kernel.i18n import N_

EVENTS = (
    EventKind("payment.started", N_("Payment started"), "cash"),
    EventKind("payment.received", N_("Payment received: %(amount)s"), "cash"),
    EventKind("payment.refund_asked", N_("Refund requested: %(amount)s"), "cash"),
    EventKind("payment.refund_failed", N_("Refund failed: %(amount)s"), "cash"),
    EventKind("payment.receipt_closed", N_("Closed a payment that belongs to no order"), "cash"),
    EventKind("payments.exported", N_("Exported payments as CSV"), "download"),
    EventKind("payment.way_changed", N_("Changed a way to pay: %(provider)s"), "cash"),
)
