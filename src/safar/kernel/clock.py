"""The only place where time is read, so that a test can freeze it, and where a moment becomes a day.

Decisions about rows follow one clock, the database's: each process measures how far its own is from it.
"""

import time as machine
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

AHEAD_S_MAX = 2.0  # beyond it people are told that this machine's clock is wrong
_KNOWN_S_MAX = 300.0


@dataclass(frozen=True, slots=True)
class _Measured:
    at: datetime
    ticks: float
    error_s: float


class Clock:
    """The database's time, carried on by a clock that never jumps; until it is measured this machine's."""

    def __init__(self) -> None:
        self._measured: _Measured | None = None
        self._confirmed_ticks = 0.0

    def now(self) -> datetime:
        measured = self._measured
        if measured is None:
            return self.wall()
        return measured.at + timedelta(seconds=self.ticks() - measured.ticks)

    def wall(self) -> datetime:
        """Return the time by this machine's own clock: aware, UTC."""
        return datetime.now(UTC)

    def ticks(self) -> float:
        """Return seconds of a monotonic clock that also runs while the machine is suspended."""
        return machine.clock_gettime(machine.CLOCK_BOOTTIME)

    def measured(self, at: datetime, *, asked_ticks: float, answered_ticks: float) -> None:
        """Take down that it was `at` in the database at a moment between the two ticks."""
        new = _Measured(at, (asked_ticks + answered_ticks) / 2, (answered_ticks - asked_ticks) / 2)
        old = self._measured
        if old is not None:
            apart_s = (new.at - old.at).total_seconds() - (new.ticks - old.ticks)
            if abs(apart_s) <= new.error_s + old.error_s and new.error_s >= old.error_s:
                new = old  # no better than what we have: a clock that does not tremble is worth more
        self._measured, self._confirmed_ticks = new, answered_ticks

    def ahead_s(self) -> float | None:
        """Return how many seconds this machine's clock is ahead of the database's; None: not measured."""
        return None if self._measured is None else (self.wall() - self.now()).total_seconds()

    def is_known(self) -> bool:
        """Tell whether the database's time is known; a process that never asked has only its own."""
        return self._measured is None or self.ticks() - self._confirmed_ticks < _KNOWN_S_MAX


class HeldClock(Clock):
    """A clock that moves only when it is told to."""

    def __init__(self, at: datetime) -> None:
        super().__init__()
        self._at = at

    def now(self) -> datetime:
        return self._at

    def wall(self) -> datetime:
        return self._at

    def ticks(self) -> float:
        return self._at.timestamp()

    def measured(self, at: datetime, *, asked_ticks: float, answered_ticks: float) -> None:
        """Stay held."""

    def advance(self, *, seconds: float) -> None:
        self._at += timedelta(seconds=seconds)


_REAL = Clock()
_current: ContextVar[Clock] = ContextVar("safar_clock", default=_REAL)


def now() -> datetime:
    """Return the current time by the clock in force, the database's: aware, UTC."""
    return _current.get().now()


def ticks() -> float:
    """Return the seconds of a monotonic clock: for intervals within this process."""
    return _current.get().ticks()


def measured(at: datetime, *, asked_ticks: float, answered_ticks: float) -> None:
    """Take down that it was `at` in the database at a moment between two readings of `ticks`."""
    _current.get().measured(at, asked_ticks=asked_ticks, answered_ticks=answered_ticks)


def ahead_s() -> float | None:
    """Return how many seconds this machine's clock is ahead of the database's; None: not measured."""
    return _current.get().ahead_s()


def is_known() -> bool:
    """Tell whether the database's time was measured lately; if not, nothing may be declared expired."""
    return _current.get().is_known()


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
    with using(clock):
        yield clock


@contextmanager
def using(clock: Clock) -> Iterator[None]:
    """Let `clock` be the clock in force for this context and the tasks started from it."""
    token = _current.set(clock)
    try:
        yield
    finally:
        _current.reset(token)
