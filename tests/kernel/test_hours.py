"""When people are here again, by the words in which a shop writes its hours."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safar.kernel.hours import away_until, read_hours

pytestmark = pytest.mark.finding("customer-side-6")
_WEEK = "Mon-Fri 09:00-18:00, Sat 10:00-14:00"


@pytest.mark.parametrize(
    ("text", "now", "back"),
    [
        (_WEEK, "2031-05-02 22:26", "2031-05-03 10:00"),
        (_WEEK, "2031-05-03 14:00", "2031-05-05 09:00"),
        (_WEEK, "2031-05-05 09:00", None),
        (_WEEK, "2031-05-05 08:59", "2031-05-05 09:00"),
        ("Sun-Thu 09:00-17:00", "2031-05-02 12:00", "2031-05-04 09:00"),
        ("Fri 20:00-02:00", "2031-05-03 01:59", None),
        ("Fri 20:00-02:00", "2031-05-03 02:00", "2031-05-09 20:00"),
        ("Mon-Sun 00:00-24:00", "2031-05-03 23:59", None),
        ("Mon–Fri 9:00–18:00", "2031-05-03 12:00", "2031-05-05 09:00"),
        ("by appointment", "2031-05-03 12:00", None),
        ("Mon 25:00-26:00", "2031-05-03 12:00", None),
        ("", "2031-05-03 12:00", None),
    ],
)
def test_examples(text: str, now: str, back: str | None) -> None:
    moment = datetime.fromisoformat(now).replace(tzinfo=UTC)
    wanted = datetime.fromisoformat(back).replace(tzinfo=UTC) if back else None
    assert away_until(moment, text, "UTC") == wanted


@given(
    now=st.datetimes(datetime(2031, 1, 1), datetime(2032, 1, 1), timezones=st.just(UTC)),
    zone=st.sampled_from(["UTC", "America/Sao_Paulo", "Asia/Tehran", "Europe/London"]),
)
def test_who_is_back_is_there_and_was_not_a_minute_before(now: datetime, zone: str) -> None:
    back = away_until(now, _WEEK, zone)
    if back is None:
        local = now.astimezone(ZoneInfo(zone))
        assert local.weekday() < 6
        return
    assert now < back <= now + timedelta(days=3)
    assert away_until(back, _WEEK, zone) is None
    assert away_until(back - timedelta(minutes=1), _WEEK, zone) == back


@given(st.text(max_size=600))
def test_any_words_are_read_without_a_fault(text: str) -> None:
    assert isinstance(read_hours(text), tuple)
