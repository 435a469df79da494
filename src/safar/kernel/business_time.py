"""Time as a desk counts it: only while it is open, by its hours, holidays and zone. Without I/O.

A stretch of opening is half-open, from its first moment up to, not with, its end: 09:00-12:00 and 12:00-18:00
are nine hours, 00:00-24:00 is a whole day. A day has as many hours as it has where the desk is.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from safar.kernel.clock import shop_day
from safar.kernel.hours import Hours

_DAYS_MAX = 800  # further ahead nothing is due
Stretch = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class OpeningCalendar:
    """When a desk is open. Without `hours` it always is, but on days that are `closed`."""

    hours: Hours
    zone: str
    closed: Collection[date] = field(default_factory=frozenset)


def open_seconds(start: datetime, end: datetime, calendar: OpeningCalendar) -> float:
    """Return for how many seconds the desk was open from `start` up to `end`; none when it ends before."""
    start, end = (
        start.astimezone(UTC),
        end.astimezone(UTC),
    )  # of one zone they would be told apart by the wall
    total = 0.0
    for opens, closes in _stretches(start, calendar):
        if opens >= end:
            break
        total += max((min(closes, end) - max(opens, start)).total_seconds(), 0.0)
    return total


def open_after(start: datetime, seconds: float, calendar: OpeningCalendar) -> datetime | None:
    """Return when the desk will have been open for so many seconds since `start`; None: not for two years."""
    start, left = start.astimezone(UTC), timedelta(seconds=seconds)
    for opens, closes in _stretches(start, calendar):
        begins = max(opens, start)
        if closes - begins >= left:
            return begins + left
        left -= max(closes - begins, timedelta())
    return None


def _stretches(start: datetime, calendar: OpeningCalendar) -> Iterator[Stretch]:
    """Yield when the desk is open, from the one that `start` is in on, one after the other in UTC."""
    last: Stretch | None = None
    day = shop_day(start, calendar.zone) - timedelta(days=1)
    for _step in range(_DAYS_MAX):
        for opens, closes in _of_day(day, calendar):
            if last is not None and opens <= last[1]:
                last = (last[0], max(last[1], closes))
                continue
            if last is not None and last[1] > start:
                yield last
            last = (opens, closes)
        day += timedelta(days=1)
        if last is not None and last[1] < _moment(day, time.min, calendar.zone):
            if last[1] > start:
                yield last
            last = None
    if last is not None and last[1] > start:
        yield last


def _of_day(day: date, calendar: OpeningCalendar) -> list[Stretch]:
    if day in calendar.closed:
        return []
    if not calendar.hours:
        return [
            (_moment(day, time.min, calendar.zone), _moment(day + timedelta(days=1), time.min, calendar.zone))
        ]
    found = []
    for weekday, begin, end in calendar.hours:
        if weekday == day.weekday():
            over = time.min if end == time.max else end
            until = day + timedelta(days=1) if end == time.max or end <= begin else day
            stretch = (_moment(day, begin, calendar.zone), _moment(until, over, calendar.zone))
            if stretch[0] < stretch[1]:
                found.append(stretch)
    return sorted(found)


def _moment(day: date, at: time, zone: str) -> datetime:
    return datetime.combine(day, at, ZoneInfo(zone)).astimezone(UTC)
