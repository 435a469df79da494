"""The one place where time is read, so that a test can hold it still."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta


class Clock:
    """Wall time of this machine, aware and in UTC."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class HeldClock(Clock):
    """A clock that moves only when it is told to."""

    def __init__(self, at: datetime) -> None:
        self._at = at

    def now(self) -> datetime:
        return self._at

    def advance(self, *, seconds: float) -> None:
        self._at += timedelta(seconds=seconds)


_REAL = Clock()
_current: ContextVar[Clock] = ContextVar("safar_clock", default=_REAL)


def now() -> datetime:
    """Return the current time by the clock in force: aware, UTC."""
    return _current.get().now()


@contextmanager
def held(at: datetime) -> Iterator[HeldClock]:
    """Hold the clock at `at` for this context and the tasks started from it."""
    clock = HeldClock(at)
    token = _current.set(clock)
    try:
        yield clock
    finally:
        _current.reset(token)
