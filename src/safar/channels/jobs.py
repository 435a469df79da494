"""What the worker runs for the channels."""

from safar.channels.outbox import Outbox
from safar.kernel.context import Context
from safar.kernel.loops import Loop

_IDLE_S = 0.2


def loops(context: Context) -> list[Loop]:
    """Return the dispatcher of the outbox."""
    return [Loop("outbox", Outbox(context).step, _IDLE_S)]
