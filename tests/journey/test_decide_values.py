"""The funnel's money and windows, calculated by hand."""

import math
from dataclasses import replace

import pytest

from safar.journey.decide import USUAL, WINDOWS_S, bottleneck, funnel, windows_of
from safar.journey.model import Stage
from tests.stage.journeys import NOW, journey

HOUR, DAY = 3600.0, 86_400.0
NEVER = math.inf


def test_the_windows_are_three_days_half_an_hour_a_day_an_hour_and_two_weeks() -> None:
    assert WINDOWS_S == {
        "discover": 3 * DAY,
        "visit": HOUR / 2,
        "ask": DAY,
        "buy": HOUR,
        "receive": 14 * DAY,
        "stay": NEVER,
    }
    assert windows_of(1.5)["buy"] == HOUR / 1.5
    assert windows_of(0.5) == WINDOWS_S
    assert (USUAL["discover"], USUAL["stay"]) == (0.18, 1.0)


def test_a_loss_costs_what_usually_comes_of_it_while_nobody_went_on() -> None:
    """Orders of 1 and 14.99 and one that was free: 7.50 on average; 30 % of questions and of carts go on."""
    bought = [journey(NEVER, NEVER, NEVER, NEVER, NOW - 1, value=value) for value in (1, 1499, 0)]
    lost = [
        *[journey(NOW - 4 * DAY)] * 10,
        *[journey(NEVER, NOW - 2 * HOUR)] * 10,
        *[journey(NEVER, NEVER, NOW - 2 * DAY)] * 10,
    ]
    found = funnel([*bought, *lost], now=NOW, price_minor=10**9)
    discover, visit, ask, _buy, receive, _stay = found.stages
    assert (found.customers, found.orders_minor, receive.inside) == (33, 1500, 3)
    assert ask.loss_minor == round(10 * 750 * 0.3)
    assert visit.loss_minor == round(10 * 750 * 0.3 * 0.3)
    assert discover.loss_minor == round(10 * 750 * 0.1 * 0.3 * 0.3)
    assert funnel(lost, now=NOW).stages[2].loss_minor == 0, "no order and no price: worth nothing"
    assert funnel(lost, now=NOW, price_minor=750).stages[2].loss_minor == 2250


@pytest.mark.parametrize(
    ("went_on", "dropped", "failed", "avoidable"),
    [
        (10, 90, 0, 20),  # 30 % of those who ask go on anywhere: 70 of the 100 would have gone
        (10, 90, 30, 30),  # an account failed 30
        (90, 10, 0, 0),  # fewer were lost than usual
    ],
)
def test_avoidable_is_what_is_lost_above_the_usual_or_to_an_account(
    went_on: int, dropped: int, failed: int, avoidable: int
) -> None:
    asked = NOW - 2 * DAY
    gone_on = [journey(NEVER, NEVER, asked, asked + 60, asked + 90, value=900)] * went_on
    lost = [journey(NEVER, NEVER, asked)] * (dropped - failed)
    refused = [journey(NEVER, NEVER, asked, causes=6)] * failed
    ask = funnel([*gone_on, *lost, *refused], now=NOW).stages[2]
    assert (ask.arrivals, ask.went_on, ask.dropped) == (went_on + dropped, went_on, dropped)
    assert ask.loss_minor == dropped * 900
    assert ask.avoidable_minor == avoidable * 900
    assert ask.causes == ({"visitors": failed} if failed else {}), "the first account that failed"
    assert ask.median_wait_s == 60
    assert ask.time_s == went_on * 60 + dropped * DAY


@pytest.mark.parametrize(
    ("causes", "names"), [(1, ["units"]), (2, ["visitors"]), (4, ["staff"]), (5, ["units"])]
)
def test_a_loss_is_put_down_to_the_account_that_failed(causes: int, names: list[str]) -> None:
    ask = funnel([journey(NEVER, NEVER, NOW - 2 * DAY, causes=causes)], now=NOW).stages[2]
    assert list(ask.causes) == names


def test_who_has_paid_and_gets_nothing_takes_back_what_they_paid() -> None:
    lost = [journey(NEVER, NEVER, NEVER, NEVER, NOW - 15 * DAY, value=value) for value in (700, 300)]
    receive = funnel(lost, now=NOW).stages[4]
    assert (receive.dropped, receive.loss_minor) == (2, 1000)
    # Of two parcels 0.04 are lost in the field: the rest was avoidable.
    assert receive.avoidable_minor == round((2 - 0.02 * 2) / 2 * 1000)


def test_in_one_instant_a_later_id_comes_later() -> None:
    both = journey(NEVER, 5.0, 5.0)
    assert [stage.arrivals for stage in funnel([both], now=NOW).stages] == [0, 1, 1, 0, 0, 0]
    assert funnel([both], now=NOW).stages[1].median_wait_s == 0


def test_a_moment_after_now_has_lasted_no_time() -> None:
    visit = funnel([journey(NEVER, NOW + 10)], now=NOW).stages[1]
    assert (visit.inside, visit.time_s) == (1, 0)


def test_the_bottleneck_is_what_was_avoidable_then_what_was_lost() -> None:
    stage = Stage("visit", 1, 0, 0, 1, 0, None, 1.0, 1.0, loss_minor=10, avoidable_minor=5)
    dearer, better = replace(stage, loss_minor=11), replace(stage, loss_minor=99, avoidable_minor=4)
    assert bottleneck([stage, better, dearer]) is dearer
    assert bottleneck([replace(dearer, dropped=0), stage]) is stage
