"""Weeks of demand from days of moves, without I/O: what could not be bought is not taken for unwanted."""

from collections.abc import Sequence
from datetime import date, timedelta

from safar.stock.replenish.model import WEEKS_MAX, Day

# A week on the shelf for fewer days than this says too little to be scaled up to seven.
_DAYS_LEAST = 3
_NEIGHBOURS = 8


def weekly(days: Sequence[Day], *, on_hand: int, until: date, weeks_max: int = WEEKS_MAX) -> list[float]:
    """Return the demand of each week up to `until` (exclusive), oldest first, from the first move on.

    `days` in order, those that had moves only; `on_hand` is what lies there now, after the last of them. The
    days on which nothing lay on the shelf are found by going back from it. A week that was on the shelf for
    three to six days is scaled up to seven; with fewer it counts as the mean of the weeks around it, or what
    was sold if that is more.
    """
    if not days or days[0].day >= until:
        return []
    count = min((until - days[0].day + timedelta(days=6)).days // 7, weeks_max)
    sold = [0] * count
    for day in days:
        if (week := _week(day.day, until, count)) is not None:
            sold[week] += day.sold - day.returned
    missing = _days_without(days, on_hand=on_hand, until=until, count=count)
    seen = [_scaled(max(units, 0), 7 - gone) for units, gone in zip(sold, missing, strict=True)]
    return [
        value if value is not None else max(_around(seen, week), float(max(sold[week], 0)))
        for week, value in enumerate(seen)
    ]


def _week(day: date, until: date, count: int) -> int | None:
    """Return the index of the week that `day` lies in, or None outside the window."""
    back = (until - day).days - 1
    return count - 1 - back // 7 if 0 <= back < 7 * count else None


def _days_without(days: Sequence[Day], *, on_hand: int, until: date, count: int) -> list[int]:
    """Return for each week on how many days nobody could buy: not yet stocked, or sold out all day."""
    missing = [0] * count
    end, after = until, on_hand  # the balance at the end of the days from `day` to `end`
    for day in reversed(days):
        if day.day >= until:
            after -= day.change
            continue
        if after <= 0:
            _mark(missing, day.day + timedelta(days=1), end, until)
        before = after - day.change
        if before <= 0 and after <= 0 and day.sold == 0:
            _mark(missing, day.day, day.day + timedelta(days=1), until)
        end, after = day.day, before
    _mark(missing, until - timedelta(days=7 * count), days[0].day, until)
    return missing


def _mark(missing: list[int], start: date, end: date, until: date) -> None:
    """Count the days from `start` to `end` (exclusive) in their weeks."""
    first = max(start, until - timedelta(days=7 * len(missing)))
    while first < end:
        week = _week(first, until, len(missing))
        assert week is not None
        week_end = until - timedelta(days=7 * (len(missing) - 1 - week))
        last = min(end, week_end)
        missing[week] += (last - first).days
        first = last


def _scaled(sold: int, days_there: int) -> float | None:
    if days_there >= 7:
        return float(sold)
    return sold * 7 / days_there if days_there >= _DAYS_LEAST else None


def _around(seen: Sequence[float | None], week: int) -> float:
    """Return the mean of the eight weeks on either side that are known, else of all that are."""
    near = [value for value in seen[max(week - _NEIGHBOURS, 0) : week + _NEIGHBOURS + 1] if value is not None]
    known = near or [value for value in seen if value is not None]
    return sum(known) / len(known) if known else 0.0
