"""The one place where time is read, so that a test can hold it still, and where a moment becomes a day."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


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


def today(zone: str) -> date:
    """Return the day that it is now in `zone`, an IANA name: the shop's day is `Settings.timezone`'s."""
    return shop_day(now(), zone)


def shop_day(moment: datetime, zone: str) -> date:
    """Return the day on which `moment` falls in `zone`."""
    return moment.astimezone(ZoneInfo(zone)).date()


def day_start(day: date, zone: str) -> datetime:
    """Return the moment, in UTC, at which `day` begins in `zone`."""
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)


@contextmanager
def held(at: datetime) -> Iterator[HeldClock]:
    """Hold the clock at `at` for this context and the tasks started from it."""
    clock = HeldClock(at)
    token = _current.set(clock)
    try:
        yield clock
    finally:
        _current.reset(token)
