"""What cannot come back or be given up."""

from safar.kernel.errors import Conflict, SafarError


class TooManyGivenUp(SafarError):
    """Of %(title)s only %(left)s are still to go from here, so no more can be given up."""

    status = 422
    code = "too_many_given_up"


class NothingSent(Conflict):
    """Nothing of this order has left yet. Cancel the order instead."""

    code = "nothing_sent"


class NotReturnable(Conflict):
    """This cannot be sent back: it has not left us yet, came back already, or the time for it is over."""

    code = "not_returnable"


class NothingReturned(SafarError):
    """Say of at least one product how many you send back."""

    status = 422
    code = "nothing_returned"


class MoreThanSent(SafarError):
    """More would come back than was sent: of %(title)s at most %(left)s."""

    status = 422
    code = "more_than_sent"


class NothingToExchange(Conflict):
    """There are not enough units left for the exchange: %(left)s. Nothing was set aside."""

    code = "nothing_to_exchange"


class RefundTooLarge(Conflict):
    """At most %(most)s can still be given back for this order."""

    code = "refund_too_large"
