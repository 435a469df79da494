"""What the stock room refuses."""

from safar.capacity.errors import BelowPromised
from safar.kernel.errors import SafarError

__all__ = ["BelowPromised", "NoSuchMove"]


class NoSuchMove(SafarError):
    """A move needs at least one unit and two different locations."""

    status = 422
    code = "no_such_move"
