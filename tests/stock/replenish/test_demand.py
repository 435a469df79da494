"""Weeks of demand: days on which nobody could buy say nothing about what they wanted."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from safar.stock.replenish.demand import weekly
from safar.stock.replenish.model import Day

UNTIL = date(2026, 3, 2)  # a Monday: the weeks end on Sundays


def back(days: int) -> date:
    return UNTIL - timedelta(days=days)


def test_units_fall_into_their_weeks_the_last_one_ending_yesterday() -> None:
    days = [
        Day(back(14), 0, 0, 100),
        Day(back(13), 3, 0, -3),
        Day(back(8), 1, 0, -1),
        Day(back(7), 5, 0, -5),
        Day(back(1), 2, 0, -2),
    ]
    assert weekly(days, on_hand=89, until=UNTIL) == [4.0, 7.0]


def test_what_comes_back_is_taken_off_and_no_week_is_below_nothing() -> None:
    days = [Day(back(14), 0, 0, 50), Day(back(10), 4, 1, -3), Day(back(2), 0, 3, 3)]
    assert weekly(days, on_hand=50, until=UNTIL) == [3.0, 0.0]


def test_what_moves_today_is_not_a_week_yet_but_its_units_are_known() -> None:
    days = [Day(back(7), 0, 0, 5), Day(back(6), 4, 0, -4), Day(UNTIL, 0, 0, 20)]
    assert weekly(days, on_hand=21, until=UNTIL) == [4.0]


def test_a_week_half_sold_out_counts_for_the_days_on_the_shelf() -> None:
    # Ten units came eight days before the end; the last of them went on the fourth day of the last week.
    days = [Day(back(14), 0, 0, 10), Day(back(10), 2, 0, -2), Day(back(4), 8, 0, -8)]
    assert weekly(days, on_hand=0, until=UNTIL) == [2.0, 8 * 7 / 4]


def test_a_week_without_stock_is_not_a_week_without_demand() -> None:
    days = [
        Day(back(28), 0, 0, 12),
        Day(back(25), 6, 0, -6),
        Day(back(15), 6, 0, -6),
        Day(back(7), 0, 0, 12),
        Day(back(3), 6, 0, -6),
    ]
    first, second, empty, last = weekly(days, on_hand=6, until=UNTIL)
    assert (first, second, last) == (6.0, 6.0, 6.0)
    assert empty == 6.0, "nobody could buy: the weeks around it say what was wanted"


def test_days_before_the_first_delivery_were_not_days_without_demand() -> None:
    days = [Day(back(4), 0, 0, 40), Day(back(3), 4, 0, -4)]
    assert weekly(days, on_hand=36, until=UNTIL) == [7.0]


def test_what_was_never_on_the_shelf_before_today_has_no_weeks() -> None:
    assert weekly([], on_hand=0, until=UNTIL) == []
    assert weekly([Day(UNTIL, 1, 0, 5)], on_hand=5, until=UNTIL) == []


histories = st.lists(
    st.builds(Day, st.dates(back(120), UNTIL), st.integers(0, 50), st.integers(0, 5), st.integers(-60, 60)),
    max_size=40,
    unique_by=lambda day: day.day,
).map(lambda days: sorted(days, key=lambda day: day.day))


@given(histories, st.integers(-20, 200))
def test_every_week_is_there_once_and_none_is_negative(days: list[Day], on_hand: int) -> None:
    weeks = weekly(days, on_hand=on_hand, until=UNTIL, weeks_max=10)
    assert all(week >= 0 for week in weeks)
    past = [day for day in days if day.day < UNTIL]
    span = (UNTIL - past[0].day).days if past else 0
    assert len(weeks) == min(-(-span // 7), 10)


@given(histories)
def test_demand_seen_while_there_is_always_plenty_is_what_was_sold(days: list[Day]) -> None:
    stocked = [Day(back(119), 0, 0, 100_000), *(day for day in days if day.day > back(119))]
    weeks = weekly(stocked, on_hand=90_000, until=UNTIL)
    sold = [0] * 17
    for day in stocked:
        if day.day < UNTIL:
            sold[16 - ((UNTIL - day.day).days - 1) // 7] += day.sold - day.returned
    assert weeks == [float(max(units, 0)) for units in sold]
