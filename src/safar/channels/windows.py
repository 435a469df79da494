"""Until when somebody may be answered freely on a channel. Without I/O."""

from datetime import datetime
from typing import Protocol

from safar.channels.kinds.kind import ChannelKind
from safar.channels.model import Author


class _ToAnswer(Protocol):
    @property
    def author(self) -> str: ...

    @property
    def last_heard_at(self) -> datetime | None: ...


def closes_at(kind: ChannelKind, heard_at: datetime | None, *, human: bool) -> datetime | None:
    """Return when the window closes that opened as they wrote last; None: it has none, or never opened."""
    if kind.window is None or heard_at is None:
        return None
    length = kind.window.people if human and kind.window.people else kind.window.anybody
    return heard_at + length


def may_write(kind: ChannelKind, heard_at: datetime | None, now: datetime, *, human: bool) -> bool:
    """Tell whether words of our own may be sent now; an approved template may at any time."""
    if kind.window is None:
        return True
    closing = closes_at(kind, heard_at, human=human)
    return closing is not None and now < closing


def is_open(kind: ChannelKind, message: _ToAnswer, now: datetime) -> bool:
    """Tell whether this message may be sent now."""
    return may_write(kind, message.last_heard_at, now, human=message.author == Author.STAFF)
