"""What the worker runs for the channels."""

from collections.abc import Mapping

from safar.channels.outbox import Ask, Outbox
from safar.kernel.context import Context
from safar.kernel.loops import Loop

_IDLE_S = 0.2


def loops(context: Context, asks: Mapping[str, Ask]) -> list[Loop]:
    """Return the dispatcher of the outbox; `asks`: by author, who is asked before a message leaves."""
    return [Loop("outbox", Outbox(context, asks).step, _IDLE_S)]
