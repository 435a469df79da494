"""Time as a desk counts it, in zones whose clocks change, change no more, or stand at half hours."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from safar.kernel.business_time import OpeningCalendar, open_after, open_seconds
from safar.kernel.hours import read_hours

WEEK = "Mon-Fri 09:00-18:00"
DAYS = "Mon-Sun 00:00-24:00"
NIGHT = "Mon-Sun 22:00-06:00"
SPLIT = "Mon-Fri 09:00-12:00, Mon-Fri 12:00-18:00"
OVER = "Mon-Fri 09:00-14:00, Mon-Fri 12:00-18:00"
TEHRAN, PAULO, LISBON, KOLKATA = "Asia/Tehran", "America/Sao_Paulo", "Europe/Lisbon", "Asia/Kolkata"
NOWRUZ = tuple(f"2026-03-{day}" for day in range(20, 28))
XMAS = ("2026-12-25",)
ROWS = [
    # Within one day, over an evening, over a weekend. 2026-11-25 is a Wednesday.
    (WEEK, LISBON, (), "2026-11-25T09:00", "2026-11-25T10:00", 60),
    (WEEK, LISBON, (), "2026-11-25T08:00", "2026-11-25T09:00", 0),
    (WEEK, LISBON, (), "2026-11-25T08:00", "2026-11-25T10:00", 60),
    (WEEK, LISBON, (), "2026-11-25T18:00", "2026-11-25T23:00", 0),
    (WEEK, LISBON, (), "2026-11-25T17:59", "2026-11-25T18:01", 1),
    (WEEK, LISBON, (), "2026-11-25T17:00", "2026-11-26T10:00", 120),
    (WEEK, LISBON, (), "2026-11-27T17:00", "2026-11-30T10:00", 120),
    (WEEK, LISBON, (), "2026-11-28T10:00", "2026-11-29T20:00", 0),
    (WEEK, LISBON, (), "2026-11-28T10:00", "2026-11-30T09:30", 30),
    (WEEK, LISBON, (), "2026-11-23T00:00", "2026-11-30T00:00", 2700),
    (WEEK, LISBON, (), "2026-11-25T10:00", "2026-11-25T10:00", 0),
    (WEEK, LISBON, (), "2026-11-25T11:00", "2026-11-25T10:00", 0),
    # Half-open stretches: what touches counts once, what overlaps counts once.
    (SPLIT, LISBON, (), "2026-11-25T00:00", "2026-11-26T00:00", 540),
    (SPLIT, LISBON, (), "2026-11-25T11:59", "2026-11-25T12:01", 2),
    (OVER, LISBON, (), "2026-11-25T00:00", "2026-11-26T00:00", 540),
    (OVER, LISBON, (), "2026-11-25T13:00", "2026-11-25T15:00", 120),
    # 24:00 is the end of the day: not a minute is lost.
    (DAYS, LISBON, (), "2026-11-25T00:00", "2026-11-26T00:00", 1440),
    (DAYS, LISBON, (), "2026-11-25T23:59", "2026-11-26T00:01", 2),
    (DAYS, KOLKATA, (), "2026-11-01T00:00", "2026-12-01T00:00", 43200),
    ("Mon-Sun 09:00-24:00", LISBON, (), "2026-11-25T20:00", "2026-11-26T10:00", 300),
    ("", LISBON, (), "2026-11-25T00:00", "2026-11-26T00:00", 1440),
    ("", LISBON, ("2026-11-25",), "2026-11-25T00:00", "2026-11-26T00:00", 0),
    ("at times", KOLKATA, (), "2026-11-28T10:00", "2026-11-28T11:00", 60),
    # Over midnight; a holiday ends nothing that began the evening before.
    (NIGHT, LISBON, (), "2026-11-25T22:00", "2026-11-26T06:00", 480),
    (NIGHT, LISBON, (), "2026-11-26T00:00", "2026-11-26T01:00", 60),
    (NIGHT, LISBON, (), "2026-11-26T06:00", "2026-11-26T22:00", 0),
    (NIGHT, LISBON, ("2026-11-26",), "2026-11-26T00:00", "2026-11-26T06:00", 360),
    (NIGHT, LISBON, ("2026-11-26",), "2026-11-26T20:00", "2026-11-27T06:00", 0),
    # Holidays, one, several, at a weekend, a whole week.
    (WEEK, LISBON, XMAS, "2026-12-24T17:00", "2026-12-28T10:00", 120),
    (WEEK, LISBON, XMAS, "2026-12-25T09:00", "2026-12-25T18:00", 0),
    (WEEK, LISBON, ("2026-12-26",), "2026-12-25T09:00", "2026-12-28T09:00", 540),
    (WEEK, PAULO, ("2026-12-24", "2026-12-25"), "2026-12-23T17:30", "2026-12-28T09:30", 60),
    (WEEK, TEHRAN, NOWRUZ, "2026-03-20T00:00", "2026-03-28T00:00", 0),
    # Lisbon: 2026-03-29 has 23 hours, 2026-10-25 has 25. The hours of the desk are those on the wall.
    (DAYS, LISBON, (), "2026-03-29T00:00", "2026-03-30T00:00", 1380),
    (DAYS, LISBON, (), "2026-10-25T00:00", "2026-10-26T00:00", 1500),
    (DAYS, LISBON, (), "2026-03-29T00:30", "2026-03-29T02:30", 60),
    (DAYS, LISBON, (), "2026-10-25T00:30", "2026-10-25T02:30", 180),
    ("Sun 09:00-18:00", LISBON, (), "2026-03-28T00:00", "2026-03-30T00:00", 540),
    ("Sun 09:00-18:00", LISBON, (), "2026-10-24T00:00", "2026-10-26T00:00", 540),
    ("Sun 00:00-06:00", LISBON, (), "2026-03-28T00:00", "2026-03-30T00:00", 300),
    ("Sun 00:00-06:00", LISBON, (), "2026-10-24T00:00", "2026-10-26T00:00", 420),
    (NIGHT, LISBON, (), "2026-03-28T12:00", "2026-03-29T12:00", 420),
    (NIGHT, LISBON, (), "2026-10-24T12:00", "2026-10-25T12:00", 540),
    (WEEK, LISBON, (), "2026-03-27T17:00", "2026-03-30T10:00", 120),
    (WEEK, LISBON, (), "2026-10-23T17:00", "2026-10-26T10:00", 120),
    # Tehran: no summer time since 2022; before, clocks went forward on 2022-03-22 and back on 2022-09-22.
    (DAYS, TEHRAN, (), "2026-03-22T00:00", "2026-03-23T00:00", 1440),
    (DAYS, TEHRAN, (), "2022-03-22T00:00", "2022-03-23T00:00", 1380),
    (DAYS, TEHRAN, (), "2022-09-21T00:00", "2022-09-23T00:00", 2940),
    ("Sat-Wed 08:30-16:30", TEHRAN, (), "2026-11-25T16:00", "2026-11-28T09:00", 60),
    ("Sat-Wed 08:30-16:30", TEHRAN, (), "2026-11-26T00:00", "2026-11-28T00:00", 0),
    ("Sat-Wed 08:30-16:30, Thu 08:30-12:30", TEHRAN, (), "2026-11-21T00:00", "2026-11-28T00:00", 2640),
    ("Sat-Wed 08:30-16:30", TEHRAN, ("2026-11-28",), "2026-11-25T16:00", "2026-11-29T09:00", 60),
    # São Paulo: no summer time since 2019; before, midnight of 2018-11-04 was not there.
    (DAYS, PAULO, (), "2026-11-01T00:00", "2026-11-02T00:00", 1440),
    (DAYS, PAULO, (), "2018-11-04T01:00", "2018-11-05T00:00", 1380),
    (DAYS, PAULO, (), "2018-02-17T00:00", "2018-02-18T00:00", 1500),
    ("Sun 00:00-06:00", PAULO, (), "2018-11-03T00:00", "2018-11-05T00:00", 300),
    (WEEK, PAULO, (), "2018-11-02T17:00", "2018-11-05T10:00", 120),
    (WEEK, PAULO, (), "2026-02-13T12:00", "2026-02-18T12:00", 1620),
    # Kolkata: half an hour, no summer time.
    ("Mon-Sat 09:30-18:30", KOLKATA, (), "2026-11-28T18:00", "2026-11-30T10:00", 60),
    ("Mon-Sat 09:30-18:30", KOLKATA, (), "2026-11-23T00:00", "2026-11-30T00:00", 3240),
    ("Mon-Sat 09:30-18:30", KOLKATA, ("2026-11-24",), "2026-11-23T18:00", "2026-11-25T10:00", 60),
    ("Mon-Sun 00:00-00:30", KOLKATA, (), "2026-11-25T00:00", "2026-11-27T00:00", 60),
    # Long waits.
    (WEEK, LISBON, (), "2026-01-01T00:00", "2027-01-01T00:00", 261 * 540),
    (DAYS, LISBON, (), "2026-01-01T00:00", "2027-01-01T00:00", 365 * 1440),
]  # fmt: skip


def local(text: str, zone: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


@pytest.mark.parametrize(("hours", "zone", "closed", "start", "end", "minutes"), ROWS)
def test_fault_52_waiting_is_counted_in_the_hours_of_the_desk(
    hours: str, zone: str, closed: tuple[str, ...], start: str, end: str, minutes: int
) -> None:
    calendar = OpeningCalendar(read_hours(hours), zone, frozenset(map(date.fromisoformat, closed)))
    begins, ends = local(start, zone), local(end, zone)
    assert open_seconds(begins, ends, calendar) == minutes * 60
    if minutes:
        due = open_after(begins, minutes * 60, calendar)
        assert due is not None
        assert due <= ends
        assert open_seconds(begins, due, calendar) == minutes * 60, (
            "what is due is due when it has waited so long"
        )


def test_the_table_is_long_enough() -> None:
    assert len(ROWS) >= 60


def test_a_desk_that_never_opens_owes_nothing() -> None:
    closed = OpeningCalendar(read_hours("Mon 09:00-10:00"), LISBON, frozenset())
    assert open_after(local("2026-11-25T09:00", LISBON), 3600 * 1000, closed) is None
