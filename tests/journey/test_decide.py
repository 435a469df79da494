"""The funnel: nobody inside is lost, nobody is counted twice, no wait is negative, Little's law holds."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safar.journey.decide import WINDOWS_S, bottleneck, funnel, windows_of
from safar.journey.model import STAGES, Journey, Map
from tests.stage.journeys import NOW, journey

# Few distinct times, so that ties happen; ids tell them apart.
times = st.one_of(st.just(math.inf), st.integers(0, 40).map(lambda n: NOW - n * 60.0), st.floats(0, NOW))


@st.composite
def journeys(draw: st.DrawFn) -> list[Journey]:
    found = []
    ids = draw(st.permutations(range(1, 61)))
    for customer in range(draw(st.integers(0, 10))):
        at = tuple(draw(times) for _stage in STAGES)
        seen = [moment for moment in at if moment != math.inf]
        if not seen:
            continue
        last_at = min(NOW, max(seen) + draw(st.floats(0, 5_000)))
        found.append(
            Journey(
                at,
                tuple(ids[customer * 6 : customer * 6 + 6]),
                last_at,
                draw(st.sampled_from([0, 0, 500, 12_000])),
                draw(st.integers(0, 7)),
            )
        )
    return found


def steps(journey: Journey) -> list[tuple[float, int, int]]:
    """The same walk, told forwards: each event in the order (time, id), a later stage leaves the earlier."""
    events = sorted(
        (at, id_, n) for n, (at, id_) in enumerate(zip(journey.at, journey.ids, strict=True)) if at < math.inf
    )
    reached: list[tuple[float, int, int]] = []
    for event in events:
        if not reached or event[2] > reached[-1][2]:
            reached.append(event)
    return reached


@given(journeys())
def test_everybody_who_came_went_on_is_inside_or_dropped(found: list[Journey]) -> None:
    for stage in funnel(found, now=NOW).stages:
        assert stage.arrivals == stage.went_on + stage.inside + stage.dropped
        assert 0 <= stage.avoidable_minor <= max(stage.loss_minor, 0) + 1
        assert sum(stage.causes.values()) <= stage.dropped


@given(journeys())
def test_it_is_the_walk_in_the_order_of_time_and_id(found: list[Journey]) -> None:
    result = funnel(found, now=NOW)
    walks = [steps(journey) for journey in found]
    for number, stage in enumerate(result.stages):
        assert stage.arrivals == sum(any(n == number for _at, _id, n in walk) for walk in walks)
        assert stage.went_on == sum(any(n == number for _at, _id, n in walk[:-1]) for walk in walks)
    assert result.customers == len(found)


@given(journeys())
def test_no_wait_is_negative(found: list[Journey]) -> None:
    for stage in funnel(found, now=NOW).stages:
        assert stage.median_wait_s is None or stage.median_wait_s >= 0
        assert stage.time_s >= 0


@given(journeys(), st.randoms())
def test_the_order_in_which_customers_are_read_changes_nothing(found: list[Journey], chance: object) -> None:
    shuffled = sorted(found, key=lambda _journey: chance.random())  # type: ignore[attr-defined]
    assert _rounded(funnel(found, now=NOW)) == _rounded(funnel(shuffled, now=NOW))


def _rounded(result: Map) -> list[tuple[object, ...]]:
    return [
        (s.arrivals, s.went_on, s.inside, s.dropped, s.median_wait_s, s.loss_minor) for s in result.stages
    ]


@given(journeys())
def test_littles_law_holds_at_every_stage(found: list[Journey]) -> None:
    # L, the mean number inside, swept over time; λ·W from the stage's account.
    result = funnel(found, now=NOW)
    for number, stage in enumerate(result.stages):
        changes: list[tuple[float, int]] = []
        for one in found:
            walk = steps(one)
            for place, (at, _id, n) in enumerate(walk):
                if n != number:
                    continue
                leaves = (
                    walk[place + 1][0] if place + 1 < len(walk) else max(one.last_at, at) + stage.window_s
                )
                changes += [(at, 1), (min(leaves, NOW), -1)]
        if not changes:
            continue
        changes.sort()
        start, span, inside, area = changes[0][0], NOW - changes[0][0], 0, 0.0
        for at, change in changes:
            area += inside * (at - start)
            start, inside = at, inside + change
        if span:
            arrival_rate, mean_time = stage.arrivals / span, stage.time_s / stage.arrivals
            assert area / span == pytest.approx(arrival_rate * mean_time, rel=1e-6, abs=1e-6)


def test_somebody_inside_is_not_lost_until_the_windows_very_end() -> None:
    window = WINDOWS_S["visit"]
    for silent, inside in ((window - 0.001, 1), (window, 0)):
        visit = funnel([journey(math.inf, NOW - silent)], now=NOW).stages[1]
        assert (visit.inside, visit.dropped) == (inside, 1 - inside)


def test_a_sign_of_life_keeps_somebody_inside() -> None:
    assert funnel([journey(math.inf, 0.0, last=NOW - 60)], now=NOW).stages[1].inside == 1


@pytest.mark.finding("console-16")
def test_nobody_is_lost_sooner_because_others_are_quick() -> None:
    quick = [journey(math.inf, t, math.inf, t + 4) for t in (0.0, 10.0, 20.0, 30.0, 40.0)]
    result = funnel([*quick, journey(NOW - 600)], now=NOW)
    assert (result.stages[0].inside, result.stages[0].dropped) == (1, 0), "a mail of ten minutes ago"


@pytest.mark.finding("console-16")
def test_only_a_rehearsal_in_time_lapse_shortens_what_its_customers_live_through() -> None:
    assert windows_of(1.0) == WINDOWS_S
    short = windows_of(8640.0)
    assert (short["discover"], short["visit"], short["buy"]) == (30.0, 10.0, 10.0)
    assert (short["receive"], short["stay"]) == (WINDOWS_S["receive"], math.inf)


@pytest.mark.finding("console-16")
@given(journeys())
def test_who_goes_past_a_stage_is_said_to_skip_it(found: list[Journey]) -> None:
    walks = [steps(journey) for journey in found]
    for number, stage in enumerate(funnel(found, now=NOW).stages):
        passed = sum(one[2] < number < other[2] for walk in walks for one, other in pairwise(walk))
        assert stage.skipped == passed


def test_in_one_instant_the_journals_order_decides() -> None:
    asked_first = Journey((math.inf, 5.0, 5.0, math.inf, math.inf, math.inf), (0, 9, 3, 0, 0, 0), 5.0, 0, 0)
    visit, ask = funnel([asked_first], now=NOW).stages[1:3]
    assert (visit.arrivals, ask.arrivals) == (0, 1)


def test_the_most_costly_stage_is_named_with_the_account_that_failed() -> None:
    bought = [journey(0.0, 1.0, math.inf, 2.0, 3.0, value=1000) for _n in range(30)]
    refused = [journey(0.0, 1.0, math.inf, 2.0, causes=1) for _n in range(20)]
    looked = [journey(0.0, 1.0) for _n in range(10)]
    result = funnel([*bought, *refused, *looked], now=NOW)
    assert result.bottleneck is not None
    assert (result.bottleneck.name, result.bottleneck.cause) == ("buy", "units")
    assert result.bottleneck.loss_minor == 20 * 1000
    assert result.bottleneck.avoidable_minor == 20 * 1000


def test_without_any_order_a_loss_is_worth_what_usually_comes_of_it() -> None:
    carts = [journey(math.inf, math.inf, math.inf, 0.0) for _n in range(10)]
    result = funnel(carts, now=NOW, price_minor=500)
    assert result.stages[3].loss_minor == 10 * 500


def test_where_nobody_was_lost_there_is_no_bottleneck() -> None:
    assert bottleneck(funnel([journey(math.inf, NOW - 1)], now=NOW).stages) is None
    assert funnel([], now=NOW).bottleneck is None
