"""What cart and checkout refuse, and what they tell."""

from safar.kernel.errors import Conflict, SafarError


class OutOfStockError(Conflict):
    """There are not enough units left: %(left)s can still be bought."""

    code = "out_of_stock"


class PaymentDeclined(SafarError):
    """The payment was declined and nothing was charged. Choose another way to pay."""

    status = 402
    code = "payment_declined"


class OrderCancelled(Conflict):
    """This order was cancelled; nothing was sold. Order again if you still want it."""

    code = "order_cancelled"


class TooManyInCart(SafarError):
    """A cart holds at most %(units)s units of one product and %(lines)s different products."""

    status = 422
    code = "too_many_in_cart"


class NotInCart(Conflict):
    """This is not in your cart any more."""

    code = "not_in_cart"


class TotalChanged(Conflict):
    """The total is %(total)s now. Have a look at it; nothing was ordered yet."""

    code = "total_changed"


class NoDelivery(Conflict):
    """We do not deliver there in this way. Choose another address or another way."""

    code = "no_delivery"


class CodeRefused(Conflict):
    """The discount code is not taken. %(why)s"""

    code = "code_refused"


class TooManyOfOne(Conflict):
    """At most %(units)s units of one article go into one order."""

    code = "too_many_of_one"


class TooManyOfProduct(Conflict):
    """%(title)s: at most %(units)s go into one order. Please take fewer."""

    code = "too_many_of_product"


class TooMuchOnOrder(Conflict):
    """You have orders that are not paid yet. Pay for them first, or order less."""

    code = "too_much_unpaid"


class ProofNeeded(SafarError):
    """Many unpaid orders come from your network, so a small calculation comes before the next one."""

    status = 429
    code = "proof_needed"


class CodeProofNeeded(SafarError):
    """Many unknown discount codes were tried from here, so a small calculation comes before the next one."""

    status = 429
    code = "proof_needed"
