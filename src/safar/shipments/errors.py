"""What cannot be sent."""

from safar.kernel.errors import Conflict, SafarError


class NothingToShip(Conflict):
    """Everything in this order has already been shipped from that location. Reload the page."""

    code = "nothing_to_ship"


class MoreThanOrdered(SafarError):
    """Only %(left)s of %(title)s are left to ship from there."""

    status = 422
    code = "more_than_ordered"


class CarrierTaken(Conflict):
    """There is already a carrier with this name. Choose another name, or edit that one."""

    code = "carrier_taken"
