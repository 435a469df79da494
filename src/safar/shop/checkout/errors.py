"""What cart and checkout refuse, and what they tell."""

from safar.kernel.errors import Conflict, SafarError


class PaymentDeclined(SafarError):
    """The payment was declined and you haven’t been charged. Try another way to pay."""

    status = 402
    code = "payment_declined"


class OrderCancelled(Conflict):
    """This order was cancelled. Order again if you still want it."""

    code = "order_cancelled"


class TooManyInCart(SafarError):
    """A cart holds at most %(units)s of one item and %(lines)s different items."""

    status = 422
    code = "too_many_in_cart"


class NotInCart(Conflict):
    """This item is no longer in your cart."""

    code = "not_in_cart"


class TooManySearches(SafarError):
    """You have searched many times. Please try again in an hour."""

    status = 429
    code = "too_many_searches"


class CodeProofNeeded(SafarError):
    """Many wrong discount codes were tried from here, so your browser has to do a short check first."""

    status = 429
    code = "proof_needed"
