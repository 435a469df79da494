"""The pace: never more than quota, units, site or what is known allow."""

import math
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from safar.campaigns.decide import Pace, PaceFigures, Responses, ShopFlow, pace, wants_offer
from safar.campaigns.learn import ORDER, VISIT, Silence, learn, still_to_come
from tests.stage.pace import ages, figures, silences


@given(figures)
def test_a_step_never_exceeds_any_of_its_bounds(given_: PaceFigures) -> None:
    decided = pace(given_)
    assert 0 <= decided.sends <= min(given_.planned, given_.quota_free, 500)


@given(figures)
def test_expected_buyers_of_open_mails_and_of_new_ones_never_exceed_the_units_free(
    given_: PaceFigures,
) -> None:
    decided = pace(given_)
    if decided.sends:
        assert decided.pending_units + decided.sends * decided.per_send <= given_.units_free + 1e-6


@given(figures)
def test_the_visits_to_come_never_exceed_what_the_site_takes(given_: PaceFigures) -> None:
    decided = pace(given_)
    if decided.sends and given_.site is not None:
        carried = given_.site.places_free + given_.site.admitted_per_s * decided.response_s
        visits = decided.pending_visits + decided.sends * decided.p_visit
        assert visits + given_.site.waiting <= carried + 1e-6


@given(st.integers(0, 100_000), st.integers(1, 100_000))
def test_before_anyone_has_answered_only_a_small_part_is_reached(units: int, audience: int) -> None:
    decided = pace(PaceFigures(audience=audience, planned=audience, units_free=units, quota_free=10**6))
    assert decided.sends <= max(20, math.ceil(0.02 * audience))


def test_staff_may_have_the_rest_sent_but_never_more_than_the_units_allow() -> None:
    waiting = PaceFigures(
        audience=120,
        planned=80,
        units_free=400,
        quota_free=1000,
        visits=Responses(0, 0.0, [Silence(60.0, 40)]),
    )
    assert (pace(waiting).sends, pace(waiting).bound) == (0, "trial")
    assert pace(replace(waiting, waits_for_answers=False)).sends == 80
    assert pace(replace(waiting, waits_for_answers=False, units_free=3)).bound == "units"


@given(figures)
def test_with_nothing_left_nothing_goes_out(given_: PaceFigures) -> None:
    nothing = PaceFigures(given_.audience, given_.planned, 0, given_.quota_free, given_.visits, given_.orders)
    assert pace(nothing).sends == 0


@given(st.integers(1, 200), st.integers(1, 10_000), st.integers(1, 40))
def test_with_units_left_and_every_answer_in_it_goes_on_until_they_are_sold(
    units: int, planned: int, per_order: int
) -> None:
    known = Responses(50, 500.0, [Silence(1e7, 50)])
    orders = Responses(40, 400.0, [Silence(1e7, 10)])
    left = PaceFigures(planned + 100, planned, units, 10**6, known, orders, units=40 * per_order)
    assert pace(left).sends >= 1


def test_it_names_what_bounds_it() -> None:
    answered = Responses(200, 2000.0, [Silence(1e6, 800)])
    free = PaceFigures(
        audience=9000,
        planned=8000,
        units_free=9000,
        quota_free=9000,
        visits=answered,
        orders=Responses(20, 200.0, [Silence(1e6, 180)]),
        units=20,
    )

    def bound(**changes: object) -> str:
        values = {name: getattr(free, name) for name in PaceFigures.__slots__} | changes
        return pace(PaceFigures(**values)).bound

    assert bound() == "step"
    assert bound(units_free=3) == "units"
    assert bound(quota_free=2) == "quota"
    assert bound(planned=0) == "audience"
    assert bound(site=ShopFlow(places_free=0, waiting=40, admitted_per_s=0.1)) == "site"
    assert bound(visits=Responses(0, 0.0, [Silence(1.0, 900)]), orders=Responses()) == "trial"


@given(st.integers(0, 3000), st.floats(1, 5000), silences)
def test_what_is_learned_stays_a_share_and_a_time(
    responded: int, delay: float, silent: list[Silence]
) -> None:
    for prior in (VISIT, ORDER):
        learned = learn(responded, responded * delay, silent, prior)
        assert 0 < learned.p <= learned.p_upper <= 0.95
        assert 0 < learned.delay_s < math.inf
        assert 0 <= learned.pending <= sum(group.count for group in silent)
        assert learned.responded <= learned.known <= learned.reached + 1e-6


def test_it_learns_the_share_and_the_delay_that_there_are() -> None:
    # 2,000 people reached an hour ago, 30 % respond after 5 minutes on average.
    learned = learn(600, 600 * 300.0, [Silence(3600.0, 1400)], VISIT)
    assert abs(learned.p - 0.3) < 0.01
    assert abs(learned.delay_s - 300) < 15
    assert learned.pending < 1


def test_quick_first_answers_are_not_taken_for_all() -> None:
    # 20 seconds after 1,000 mails that will be answered within an hour by 18 %: one answer so far.
    learned = learn(1, 10.0, [Silence(10.0, 999)], VISIT)
    assert learned.pending > 50


@given(ages, st.floats(0.01, 0.95), st.floats(1, 1e5))
def test_the_longer_the_silence_the_less_is_to_come(age: float, p: float, delay: float) -> None:
    assert 0 <= still_to_come(age + 1, p, delay) <= still_to_come(age, p, delay) <= p


def test_units_wanted_of_the_offer_are_read_from_an_orders_lines() -> None:
    assert wants_offer([["a", "x", 2], ["b", None, 7], ["a", "y", 1]], "a") == 3
    assert wants_offer([["b", "x", 2]], "a") == 0
    assert wants_offer(None, "a") == wants_offer("a", "a") == wants_offer([[]], "a") == 0


def test_a_pace_says_all_that_the_page_shows() -> None:
    decided = pace(PaceFigures(audience=10, planned=10, units_free=10, quota_free=10))
    assert isinstance(decided, Pace)
    assert decided.bound == "audience"
    assert decided.sends == 10
