"""What the channels refuse."""

from safar.kernel.errors import Conflict


class NotFailed(Conflict):
    """This message is not a failed one any more. Reload the page to see how it stands."""

    code = "not_failed"


class NotUnknown(Conflict):
    """It is known by now how this message ended. Reload the page to see it."""

    code = "not_unknown"
