"""The gate's figures, calculated by hand: who is still coming, whom to call, how long the rest will wait."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safar.gate.line.decide import (
    Call,
    Estimate,
    bounded,
    estimate,
    full_allowance,
    grown_allowance,
    learned_rate,
    learned_show_up,
    next_called,
    place_of,
    places,
    poll_after_s,
    poll_before_opening_s,
    progress,
    room_for_newcomers,
    still_coming,
)

TEN_OF_WHOM_FOUR_CAME = Call(1, 10, 4, 2.0)
THREE_JUST_CALLED = Call(8, 10, 0, 0.0)


def test_a_call_is_over_after_half_a_minute_and_finished_when_all_have_come() -> None:
    assert TEN_OF_WHOM_FOUR_CAME.size == 10
    assert not TEN_OF_WHOM_FOUR_CAME.finished
    assert (Call(1, 10, 0, 29.9).over, Call(1, 10, 0, 30.0).over) == (False, True)
    assert [Call(1, 10, came, 1.0).finished for came in (9, 10)] == [False, True]
    assert Call(1, 10, 0, 30.0).finished


def test_who_is_still_expected_follows_bayes() -> None:
    # Six are missing after one mean time (2 s); of ten, eight come at all: 6 · 0.8/e / (0.2 + 0.8/e).
    assert still_coming(TEN_OF_WHOM_FOUR_CAME, 0.8) == pytest.approx(6 * 0.8 / math.e / (0.2 + 0.8 / math.e))
    assert still_coming(Call(1, 10, 4, 30.0), 0.8) == 0
    assert [bounded(share) for share in (0.0, 0.5, 1.0)] == [0.1, 0.5, 0.98]


@pytest.mark.parametrize(
    ("free", "show_up", "other", "called"),
    [
        (5, 0.5, {}, 17),  # five places, every second one comes: ten more than the seven
        (5, 0.8, {}, 13),  # 6.25 is six
        (5, 0.8, {"allowance": 2.0}, 10),  # the pace lets in two: 2.5 is three
        (5, 0.5, {"calls": [THREE_JUST_CALLED]}, 14),  # 1.5 of the three come; 3.5 places are seven
        (5, 0.5, {"issued": 9}, 9),
        (1, 0.98, {}, 8),
        (0, 0.98, {}, 7),
    ],
)
def test_as_many_are_called_as_fill_the_places(
    free: int, show_up: float, other: dict[str, object], called: int
) -> None:
    given_: dict[str, object] = {"issued": 100, "calls": [], **other}
    assert next_called(called=7, free=free, show_up=show_up, **given_) == called  # type: ignore[arg-type]


def test_newcomers_get_the_places_that_nobody_was_called_for() -> None:
    def room(free: int, **other: float) -> int:
        return room_for_newcomers(waiting=0, free=free, calls=[THREE_JUST_CALLED], show_up=0.5, **other)

    assert room(5) == 3
    assert room(5, allowance=2.9) == 2
    assert room(1) == room(-3) == 0
    assert room_for_newcomers(waiting=1, free=5, calls=[], show_up=0.5) == 0


def test_the_pace_a_minute_lets_in_its_share_of_each_second_and_keeps_five_seconds() -> None:
    assert grown_allowance(1.0, 60, 2.0) == 3.0
    assert grown_allowance(4.5, 60, 2.0) == full_allowance(60) == 5.0
    assert full_allowance(24) == 2.0
    assert full_allowance(6) == 1.0, "one at least, or nobody would ever come in"


@pytest.mark.parametrize(
    ("inside", "invited_inside", "shares"),
    [
        (0, 0, (80, 20)),
        (90, 0, (90, 10)),  # ten who were there before the invitations stay
        (0, 30, (70, 30)),  # more are inside by invitation than places are kept for them
        (90, 20, (90, 20)),  # over capacity, and still nobody is put out
    ],
)
def test_places_for_everybody_and_for_invitations(
    inside: int, invited_inside: int, shares: tuple[int, int]
) -> None:
    assert places(capacity=100, invited_places=20, inside=inside, invited_inside=invited_inside) == shares


@given(st.integers(0, 500), st.integers(0, 500), st.integers(0, 500), st.integers(0, 500))
def test_both_shares_are_at_most_the_capacity_and_nobody_inside_is_put_out(
    capacity: int, invited_places: int, inside: int, invited_inside: int
) -> None:
    everybody, invited = places(
        capacity=capacity, invited_places=invited_places, inside=inside, invited_inside=invited_inside
    )
    assert everybody >= inside
    assert invited >= invited_inside
    assert everybody + invited <= max(capacity, inside + invited_inside)


def test_the_show_up_rate_moves_by_two_per_cent_for_each_who_was_called() -> None:
    assert learned_show_up(0.9, [Call(1, 1, 0, 30.0)]) == pytest.approx(0.98 * 0.9)
    assert learned_show_up(0.9, [Call(1, 10, 5, 30.0)]) == pytest.approx(0.5 + 0.98**10 * 0.4)


def test_the_rate_of_admissions_fades_by_a_part_e_in_two_minutes() -> None:
    kept = 120 * math.exp(-10 / 120)
    assert learned_rate(2.0, 120.0, 30, 10.0) == pytest.approx(((2 * kept + 30) / (kept + 10), kept + 10))
    assert learned_rate(0.0, 0.0, 1, 0.5) == (2.0, 0.5)
    assert learned_rate(1.5, 0.0, 0, 0.0) == (1.5, 0.0)


def test_an_estimate_is_the_mean_over_and_times_its_spread() -> None:
    # 45 of the 50 before come; a hundred were seen, one a second.
    spread = math.exp(1.28 * math.sqrt(1 / 45 + 1 / 100))
    expected = estimate(place=50, rate=1.0, observed_s=100.0, show_up=0.9)
    assert expected is not None
    assert expected.least_s == pytest.approx(45 / spread)
    assert expected.most_s == pytest.approx(45 * spread + 1)
    # One at least is needed, and four admissions are enough to say it.
    spread = math.exp(1.28 * math.sqrt(1 + 1 / 4))
    expected = estimate(place=1, rate=0.4, observed_s=10.0, show_up=0.5)
    assert expected is not None
    assert expected.least_s == pytest.approx(2.5 / spread)


@pytest.mark.parametrize(
    ("place", "rate", "seen", "told"),
    [
        (1, 1 / 30, 5, True),  # half a minute: the claim window covers what is not known
        (1, 1 / 30.5, 5, False),  # spread² = e^(2.56·√1.2) = 16.5
        (2, 0.01, 4.897, False),  # spread² = e^(2.56·√(1/1.3 + 1/4.897)) = 12.5
        (2, 0.01, 7.09, True),  # 11.5
        (1, 0.35, 3.5, False),  # fewer than four admissions tell nothing
    ],
)
def test_a_range_of_more_than_one_to_twelve_is_not_told(
    place: int, rate: float, seen: float, told: bool
) -> None:
    expected = estimate(place=place, rate=rate, observed_s=seen / rate, show_up=0.65)
    assert (expected is not None) is told


def test_a_place_in_the_queue_is_never_negative() -> None:
    assert [place_of(number, 5) for number in (7, 5, 3)] == [2, 0, 0]
    assert [progress(15, 10), progress(1, 1), progress(0, 10)] == [0, 0, 100]


@pytest.mark.parametrize(
    ("place", "least_s", "after_s"),
    [
        (0, None, 1.0), (1, None, 2.01), (100, None, 3.0), (5000, None, 10.0), (500, 100.0, 20.0),
        (500, 20.0, 10.0), (500, 1.0, 2.0), (5000, 1.0, 4.0),
    ],
)  # fmt: skip
def test_who_waits_asks_again_at_half_the_least_wait(
    place: int, least_s: float | None, after_s: float
) -> None:
    expected = None if least_s is None else Estimate(least_s, 2 * least_s)
    assert poll_after_s(place, expected) == pytest.approx(after_s)


def test_at_an_opening_two_thousand_ask_in_each_second() -> None:
    assert poll_before_opening_s(10.0, 4000, 0.5) == 12.0
    assert poll_before_opening_s(-5.0, 4000, 1.0) == 3.0
    assert poll_before_opening_s(40.0, 4000, 0.5) == 30.0
