"""Words for money that goes back and for what providers told us, as staff read them."""

from safar.kernel.i18n import N_

REASONS = {
    "returned": N_("Return"),
    "goodwill": N_("Goodwill"),
    "given_up": N_("Items not sent"),
    "paid_too_much": N_("Overpayment"),
    "sold_out_while_paying": N_("Sold out during payment"),
    "cancelled_by_shop": N_("Cancelled by the shop"),
    "cancelled_by_customer": N_("Cancelled by the customer"),
    "order_cancelled": N_("The order was cancelled"),
    "payment_unfinished": N_("Payment incomplete"),
    "at_provider": N_("Made at the provider"),
}
REFUND_STATES = {
    "asked": ("info", N_("requested from the provider")),
    "by_hand": ("warn", N_("to be paid by hand")),
    "failed": ("bad", N_("refused by the provider")),
    "done": ("good", N_("refunded")),
}
NOTICE_OUTCOMES = {
    "taken": ("good", N_("recorded")),
    "ignored": ("calm", N_("ignored")),
    "unknown": ("warn", N_("no such order")),
    "to_check": ("warn", N_("to be checked")),
}
