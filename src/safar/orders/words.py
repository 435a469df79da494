"""How an order and its payment stand, and why an order came to nothing, in the customer's words."""

from safar.kernel.i18n import N_
from safar.orders.model import OrderState, PaymentState

REASONS = {
    "payment_declined": N_("The payment was declined. Nothing was charged."),
    "payment_unfinished": N_("The payment wasn’t completed in time, so your items are back on sale."),
    "sold_out_while_paying": N_(
        "Your payment arrived after we had stopped holding your items, and they have since sold out."
    ),
    "cancelled_by_shop": N_("We had to cancel it."),
    "cancelled_by_customer": N_("You asked us to cancel it."),
}
STATES = {
    OrderState.PLACED: N_("Waiting for payment"),
    OrderState.CONFIRMED: N_("Confirmed"),
    OrderState.PACKED: N_("Packed"),
    OrderState.SHIPPED: N_("Shipped"),
    OrderState.DELIVERED: N_("Delivered"),
    OrderState.CLOSED: N_("Closed"),
    OrderState.CANCELLED: N_("Cancelled"),
}
PAYMENT_STATES = {
    PaymentState.STARTED: N_("Pending"),
    PaymentState.PAID: N_("Paid"),
    PaymentState.DUE: N_("Pay on delivery"),
    PaymentState.FAILED: N_("Not paid"),
    PaymentState.OWED: N_("Refund in progress"),
    PaymentState.REFUNDED: N_("Refunded"),
}
