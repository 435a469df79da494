"""Opening hours as a shop writes them, "Mon-Fri 09:00-18:00, Sat 10:00-14:00", and when they begin again."""

import re
from collections.abc import Collection
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from safar.kernel.clock import shop_day

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_PART = re.compile(
    r"(mon|tue|wed|thu|fri|sat|sun)(?:\s?[-–]\s?(mon|tue|wed|thu|fri|sat|sun))? "
    r"(\d{1,2}):(\d\d)\s?[-–]\s?(\d{1,2}):(\d\d)"
)
_TEXT_MAX = 500

Hours = tuple[tuple[int, time, time], ...]


@lru_cache(maxsize=64)
def read_hours(text: str) -> Hours:
    """Return (day of the week from Monday 0, from, to) of each stretch; nothing for words we cannot read.

    "24:00" is the end of the day. A stretch that ends before it begins goes on over midnight.
    """
    spans: list[tuple[int, time, time]] = []
    for part in re.split("[,;]", text[:_TEXT_MAX]):
        match = _PART.fullmatch(" ".join(part.lower().split()))
        if match is None:
            return ()
        first, last = _DAYS.index(match[1]), _DAYS.index(match[2] or match[1])
        try:
            start, end = time(int(match[3]), int(match[4])), _end(int(match[5]), int(match[6]))
        except ValueError:
            return ()
        spans += [((first + step) % 7, start, end) for step in range((last - first) % 7 + 1)]
    return tuple(spans)


def away_until(
    now: datetime, opening_hours: str, zone: str, closed: Collection[date] = ()
) -> datetime | None:
    """Return when people are here again; None while they are, and where nobody can tell from the words.

    On days that are `closed` nobody is here; a stretch that began the evening before goes on.
    """
    hours = read_hours(opening_hours)
    local = now.astimezone(ZoneInfo(zone))
    begins: list[datetime] = []
    for ahead in range(-1, 8 + len(closed)):
        day = shop_day(now, zone) + timedelta(days=ahead)
        for weekday, start, end in hours:
            if weekday != day.weekday() or day in closed:
                continue
            begin = datetime.combine(day, start, ZoneInfo(zone))
            over = datetime.combine(day, end, ZoneInfo(zone))
            if end <= start or end == time.max:
                over = datetime.combine(
                    day + timedelta(days=1), time.min if end == time.max else end, ZoneInfo(zone)
                )
            if begin <= local < over:
                return None
            if begin > local:
                begins.append(begin)
    return min(begins, default=None)


def _end(hour: int, minute: int) -> time:
    return time.max if (hour, minute) == (24, 0) else time(hour, minute)
