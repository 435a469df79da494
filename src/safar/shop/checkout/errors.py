"""What cart and checkout refuse, and what they tell."""

from safar.kernel.errors import Conflict, SafarError


class OutOfStockError(Conflict):
    """We don’t have enough left: %(left)s still available."""

    code = "out_of_stock"


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


class TotalChanged(Conflict):
    """The total is now %(total)s. Please check it; nothing has been ordered yet."""

    code = "total_changed"


class NoDelivery(Conflict):
    """That delivery method isn’t available for this address. Choose another one."""

    code = "no_delivery"


class CodeRefused(Conflict):
    """The code couldn’t be applied. %(why)s"""

    code = "code_refused"


class TooManyOfOne(Conflict):
    """You can order at most %(units)s of one item."""

    code = "too_many_of_one"


class TooManyOfProduct(Conflict):
    """%(title)s: at most %(units)s per order. Please reduce the quantity."""

    code = "too_many_of_product"


class TooMuchOnOrder(Conflict):
    """You have orders that aren’t paid yet. Please pay for them first, or order less."""

    code = "too_much_unpaid"


class ProofNeeded(SafarError):
    """There are many unpaid orders from your network, so your browser has to do a short check first."""

    status = 429
    code = "proof_needed"


class CodeProofNeeded(SafarError):
    """Many wrong discount codes were tried from here, so your browser has to do a short check first."""

    status = 429
    code = "proof_needed"
