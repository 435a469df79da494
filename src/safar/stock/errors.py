"""What the stock room refuses."""

from safar.capacity.errors import BelowPromised
from safar.kernel.errors import Conflict, SafarError

__all__ = ["BelowPromised", "NoSuchMove", "NotThere"]


class NoSuchMove(SafarError):
    """A move needs at least one unit and two different locations."""

    status = 422
    code = "no_such_move"


class NotThere(Conflict):
    """More would leave than lies there: some of these units have not come in yet. Ship what is there."""

    code = "not_there"
