"""How a message stands by all that its provider told of it: a set, whatever the order. Without I/O."""

from collections.abc import Collection
from dataclasses import dataclass

from safar.channels.kinds.port import What

_OPEN = frozenset({"queued", "sending", "unknown"})


@dataclass(frozen=True, slots=True)
class MessageStanding:
    """A message's state, and what is known of its arrival (None, delivered, read)."""

    state: str
    delivery: str | None


def standing(state: str, told: Collection[What], delivery: str | None = None) -> MessageStanding:
    """Return how an outgoing message stands, given its state and all that was told of it.

    What arrived has arrived: delivered and read outweigh a failure, whenever that comes. A failure outweighs
    sent. Nothing makes a message that was skipped, or one that came in, into another.
    """
    if state not in _OPEN and state not in ("sent", "failed"):
        return MessageStanding(state, delivery)
    if What.READ in told or delivery == "read":
        return MessageStanding("sent", "read")
    if What.DELIVERED in told or delivery == "delivered":
        return MessageStanding("sent", "delivered")
    if What.FAILED in told:
        return MessageStanding("failed", None)
    if What.SENT in told and state in _OPEN:
        return MessageStanding("sent", None)
    return MessageStanding(state, None)
