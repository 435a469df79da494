"""What the shop refuses, and what it tells."""

from safar.kernel.errors import Conflict, NotFound, SafarError


class UnknownProduct(NotFound):
    """We do not sell this. Look for something else in the shop."""

    code = "unknown_product"


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


class NotNow(Conflict):
    """The order is in another state by now, so this cannot be done. Reload the page to see how it stands."""

    code = "not_now"
