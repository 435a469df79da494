"""When to buy and how much: never late by the figures, never a part of a pack, never for nothing."""

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from safar.kernel.ids import derived_id
from safar.stock.replenish.decide import (
    days_left,
    levels_of,
    night_due,
    purchase_suggestion,
    quantity_of,
    watchers_of,
)
from tests.stage.replenish import MUG, NOW, TERMS


def test_the_reorder_point_is_the_demand_of_the_lead_time_and_a_safety_stock() -> None:
    # Six days of delivery and one until the next look: a week of 14, and 1.645 deviations of 7.
    levels = levels_of(MUG, TERMS)
    assert levels.reorder_point == math.ceil(14 + 1.6449 * 7)
    assert levels.order_up_to == levels.reorder_point + 56


def test_a_longer_delivery_needs_more_demand_but_not_as_much_more_safety() -> None:
    week, four = levels_of(MUG, TERMS), levels_of(replace(MUG, lead_days=27), TERMS)
    assert four.reorder_point == math.ceil(56 + 1.6449 * 14)
    assert four.reorder_point < 4 * week.reorder_point


def test_what_staff_keep_back_is_the_least_safety_stock() -> None:
    assert levels_of(replace(MUG, reserve=30), TERMS).reorder_point == 14 + 30


def test_figures_that_staff_gave_replace_the_calculated_ones() -> None:
    levels = levels_of(replace(MUG, fixed_point=5, fixed_up_to=50), TERMS)
    assert (levels.reorder_point, levels.order_up_to) == (5, 50)


def test_nothing_is_suggested_while_enough_is_there_or_on_its_way() -> None:
    assert purchase_suggestion(MUG, TERMS, now=NOW) is None
    short = replace(MUG, on_hand=10)
    assert purchase_suggestion(short, TERMS, now=NOW) is not None
    assert purchase_suggestion(replace(short, incoming=50), TERMS, now=NOW) is None


def test_units_that_are_promised_do_not_count() -> None:
    assert purchase_suggestion(replace(MUG, held=80), TERMS, now=NOW) is not None


def test_what_nobody_wants_is_not_bought_again_unless_staff_say_so() -> None:
    dead = replace(MUG, week_mean=0.0, week_deviation=0.0, on_hand=0)
    assert purchase_suggestion(dead, TERMS, now=NOW) is None
    wanted = purchase_suggestion(replace(dead, fixed_point=2, fixed_up_to=6), TERMS, now=NOW)
    assert wanted is not None
    assert wanted.quantity == 6
    assert wanted.days_left is None


def test_a_purchase_comes_in_whole_packs_and_not_below_the_least_order() -> None:
    levels = levels_of(MUG, TERMS)
    assert quantity_of(replace(MUG, on_hand=levels.order_up_to - 5, pack_size=12), levels) == 12
    assert quantity_of(replace(MUG, on_hand=levels.order_up_to - 5, minimum_units=30), levels) == 30
    assert quantity_of(replace(MUG, on_hand=0, pack_size=12), levels) % 12 == 0


def test_days_left_are_those_of_what_is_free() -> None:
    assert days_left(replace(MUG, on_hand=10, held=4)) == 3.0
    assert days_left(replace(MUG, on_hand=-2)) == 0.0


@given(
    st.floats(0, 5000),
    st.floats(0, 5000),
    st.integers(0, 120),
    st.integers(-500, 5000),
    st.integers(0, 500),
    st.integers(0, 5000),
    st.integers(1, 144),
    st.integers(1, 200),
)
def test_a_suggestion_always_lifts_the_position_above_the_reorder_point(
    mean: float, deviation: float, lead: int, on_hand: int, held: int, incoming: int, pack: int, least: int
) -> None:
    standing = replace(
        MUG,
        week_mean=mean,
        week_deviation=deviation,
        lead_days=lead,
        on_hand=on_hand,
        held=held,
        incoming=incoming,
        pack_size=pack,
        minimum_units=least,
    )
    levels = levels_of(standing, TERMS)
    found = purchase_suggestion(standing, TERMS, now=NOW)
    assert (found is not None) == (mean > 0 and standing.position <= levels.reorder_point)
    if found is not None:
        assert found.quantity % pack == 0
        assert found.quantity >= least
        assert standing.position + found.quantity >= levels.order_up_to
        assert found.safety_units >= 0


@given(st.floats(0.1, 500), st.floats(0, 500), st.floats(50, 99), st.floats(0, 0.9))
def test_more_service_never_means_less_stock(
    mean: float, deviation: float, service: float, more: float
) -> None:
    standing = replace(MUG, week_mean=mean, week_deviation=deviation)
    lower = levels_of(replace(standing, service_percent=service), TERMS)
    higher = levels_of(replace(standing, service_percent=service + more), TERMS)
    assert higher.reorder_point >= lower.reorder_point


def test_who_looks_after_a_supplier_is_told_and_else_all_managers() -> None:
    potter, ada, bob, eve = (derived_id(name) for name in ("potter", "ada", "bob", "eve"))
    one, two, three = (derived_id("variant", n) for n in range(3))
    lows: list[tuple[UUID, UUID | None]] = [(one, potter), (two, None), (three, derived_id("weaver"))]
    assert watchers_of(lows, {potter: ada}, [bob, eve]) == {ada: [one], bob: [two, three], eve: [two, three]}
    assert watchers_of(lows, {}, [bob]) == {bob: [one, two, three]}
    assert watchers_of(lows, {}, []) == {}


def test_a_night_is_due_once_and_made_up_for_when_it_was_slept_through() -> None:
    at_three = datetime(2026, 3, 2, 3, tzinfo=UTC)
    late = {"hour": 3, "zone": "UTC"}
    assert night_due(at_three - timedelta(hours=20), NOW, **late) == at_three  # type: ignore[arg-type]
    assert night_due(at_three, NOW, **late) is None  # type: ignore[arg-type]
    before = at_three - timedelta(minutes=5)
    assert night_due(before - timedelta(hours=23), before, hour=3, zone="UTC") is None
    assert night_due(before - timedelta(hours=25), before, hour=3, zone="UTC") == at_three - timedelta(days=1)


def test_a_new_installation_waits_for_its_first_night() -> None:
    assert night_due(None, NOW, hour=3, zone="UTC") is None
    at_three = datetime(2026, 3, 3, 3, 10, tzinfo=UTC)
    assert night_due(None, at_three, hour=3, zone="UTC") == at_three.replace(minute=0)


def test_the_hour_of_the_night_is_the_hour_of_the_shop() -> None:
    in_brazil = datetime(2026, 3, 2, 6, 30, tzinfo=UTC)  # 03:30 in São Paulo
    assert night_due(None, in_brazil, hour=3, zone="America/Sao_Paulo") is not None
    assert night_due(None, in_brazil, hour=3, zone="UTC") is None
