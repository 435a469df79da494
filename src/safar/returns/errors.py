"""What cannot come back or be given up."""

from safar.kernel.errors import Conflict, SafarError


class TooManyGivenUp(SafarError):
    """Only %(left)s of %(title)s are left to ship, so no more can be cancelled."""

    status = 422
    code = "too_many_given_up"


class NothingSent(Conflict):
    """Nothing in this order has been shipped yet. Cancel the order instead."""

    code = "nothing_sent"


class NotReturnable(Conflict):
    """This cannot be sent back: it has not left us yet, came back already, or the time for it is over."""

    code = "not_returnable"


class NothingReturned(SafarError):
    """Say of at least one product how many you send back."""

    status = 422
    code = "nothing_returned"


class MoreThanSent(SafarError):
    """Only %(left)s of %(title)s can still be returned."""

    status = 422
    code = "more_than_sent"


class NothingToExchange(Conflict):
    """There is not enough in stock for the exchange: %(left)s. Nothing was reserved."""

    code = "nothing_to_exchange"


class RefundTooLarge(Conflict):
    """At most %(most)s can still be refunded for this order."""

    code = "refund_too_large"
