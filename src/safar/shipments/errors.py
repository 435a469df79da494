"""What cannot be sent."""

from safar.kernel.errors import Conflict, SafarError


class NothingToShip(Conflict):
    """Everything of this order has left that location already. Reload the page to see what has."""

    code = "nothing_to_ship"


class MoreThanOrdered(SafarError):
    """More would be sent than was ordered: of %(title)s only %(left)s are still to go from there."""

    status = 422
    code = "more_than_ordered"


class CarrierTaken(Conflict):
    """There is a carrier of this name already. Choose another name, or change that one."""

    code = "carrier_taken"
