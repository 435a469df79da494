"""What paying refuses, and what it tells."""

from safar.kernel.errors import Conflict, SafarError


class WayNotOffered(SafarError):
    """This way to pay is not offered. Choose another one."""

    status = 422
    code = "way_not_offered"


class TooMuchBack(Conflict):
    """At most %(amount)s can be refunded for this order."""

    code = "too_much_back"


class AlreadySettled(Conflict):
    """Somebody has settled this in the meantime. Reload the page to see how it stands."""

    code = "not_open"
