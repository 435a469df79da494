"""How returns, and orders of which something came back, are shown."""

from safar.kernel.i18n import N_, _
from safar.orders.model import Order, OrderState, PaymentState
from safar.orders.words import PAYMENT_STATES, STATES
from safar.returns.model import ReturnState, ReturnWish
from safar.returns.reading import Progress

RETURN_STATES = {
    ReturnState.REQUESTED: N_("Requested"),
    ReturnState.APPROVED: N_("Approved"),
    ReturnState.REFUSED: N_("Rejected"),
    ReturnState.RECEIVED: N_("Received"),
    ReturnState.REFUNDED: N_("Refunded"),
    ReturnState.EXCHANGED: N_("Exchanged"),
}
RETURN_TONES = {
    ReturnState.REQUESTED: "warn",
    ReturnState.APPROVED: "info",
    ReturnState.REFUSED: "bad",
    ReturnState.RECEIVED: "brand",
    ReturnState.REFUNDED: "good",
    ReturnState.EXCHANGED: "good",
}
WISHES = {ReturnWish.REFUND: N_("Refund"), ReturnWish.EXCHANGE: N_("Exchange")}
REASONS = {
    "broken": N_("It arrived damaged or broken"),
    "wrong": N_("It’s not what I ordered"),
    "not_as_shown": N_("It’s not as described"),
    "does_not_fit": N_("It doesn’t fit"),
    "changed_mind": N_("I changed my mind"),
    "other": N_("Something else"),
}


def state_word(order: Order, progress: Progress | None) -> str:
    """Return how an order stands, in a word; one that has come back is delivered no longer."""
    return _("Sent back") if progress and progress.is_sent_back else _(STATES[OrderState(order.state)])


def payment_word(order: Order, progress: Progress | None) -> str:
    """Return how an order's payment stands, in a word: what has gone back is not just "Paid"."""
    if order.payment_state == PaymentState.PAID and progress and progress.refunding_minor:
        if progress.refunded_minor < progress.refunding_minor:
            return _("Refund in progress")
        whole = progress.refunded_minor >= progress.paid_minor
        return _("Refunded") if whole else _("Partly refunded")
    return _(PAYMENT_STATES[PaymentState(order.payment_state)])
