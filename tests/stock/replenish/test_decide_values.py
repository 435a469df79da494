"""Reorder points and nights calculated by hand."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from safar.stock.replenish.decide import (
    days_left,
    lead_days_of,
    levels_of,
    night_due,
    purchase_suggestion,
    quantity_of,
    service_of,
)
from safar.stock.replenish.model import Levels
from tests.stage.replenish import MUG, NOW, TERMS


def test_the_levels_of_steady_demand_need_no_safety() -> None:
    # 14 a week, 6 days of delivery and one until the next look; an order lasts four weeks.
    steady = replace(MUG, week_deviation=0.0)
    assert levels_of(steady, TERMS) == Levels(14, 14 + 56)
    assert levels_of(replace(steady, lead_days=20), TERMS) == Levels(42, 42 + 56)
    assert levels_of(replace(steady, lead_days=None), TERMS) == Levels(
        30, 30 + 56
    )  # 14 days, as the shop says
    assert levels_of(replace(steady, week_mean=14.5), TERMS) == Levels(15, 15 + 58)
    assert levels_of(replace(steady, week_mean=0.0), TERMS) == Levels(0, 1)
    # A millionth of a unit is rounding, more is a unit.
    assert levels_of(replace(steady, week_mean=14 + 4e-7), TERMS).reorder_point == 14
    assert levels_of(replace(steady, week_mean=14 + 4e-6), TERMS).reorder_point == 15
    assert levels_of(replace(steady, fixed_point=90, fixed_up_to=50), TERMS) == Levels(90, 90)
    assert levels_of(replace(steady, week_mean=1e9), TERMS) == Levels(1_000_000, 2_000_000)
    # With a service level below a half z is negative, but nobody plans to run out.
    assert levels_of(replace(MUG, service_percent=10.0), TERMS).reorder_point == 14
    # 14 + 2.3263 · 7 = 30.3
    assert levels_of(replace(MUG, service_percent=99.0), TERMS).reorder_point == 31


def test_a_variant_is_bought_when_its_position_has_come_down_to_the_point() -> None:
    steady = replace(MUG, week_deviation=0.0)
    assert purchase_suggestion(replace(steady, on_hand=15), TERMS, now=NOW) is None
    found = purchase_suggestion(replace(steady, on_hand=20, held=8, incoming=2), TERMS, now=NOW)
    assert found is not None
    assert (found.quantity, found.reorder_point, found.order_up_to) == (56, 14, 70)
    assert (found.lead_days, found.service_percent, found.days_left) == (6, 95, 6.0)


@pytest.mark.parametrize(
    ("on_hand", "least", "pack", "quantity"),
    [(10, 1, 1, 60), (10, 1, 12, 60), (10, 1, 50, 100), (10, 61, 12, 72), (70, 0, 5, 5), (99, 0, 1, 1)],
)
def test_an_order_fills_up_in_whole_packs(on_hand: int, least: int, pack: int, quantity: int) -> None:
    standing = replace(MUG, on_hand=on_hand, minimum_units=least, pack_size=pack)
    assert quantity_of(standing, Levels(14, 70)) == quantity


def test_a_rule_of_its_own_stands_before_what_the_shop_says() -> None:
    own, shops = replace(MUG, lead_days=3, service_percent=90.0), replace(MUG, lead_days=None)
    assert (lead_days_of(own, TERMS), service_of(own, TERMS)) == (3, 90)
    assert (lead_days_of(shops, TERMS), service_of(shops, TERMS)) == (14, 95)


def test_days_left_are_counted_from_what_is_free() -> None:
    assert days_left(replace(MUG, on_hand=9, held=2)) == 3.5
    assert days_left(replace(MUG, on_hand=2, held=9)) == 0
    assert days_left(replace(MUG, week_mean=0.5, on_hand=1)) == 14
    assert days_left(replace(MUG, week_mean=0.0)) is None


def test_a_night_is_due_from_its_hour_and_a_first_one_for_an_hour() -> None:
    three = datetime(2026, 3, 2, 3, tzinfo=UTC)

    def due(latest: datetime | None, now: datetime) -> datetime | None:
        return night_due(latest, now, hour=3, zone="UTC")

    assert due(None, three) == three
    assert due(None, three + timedelta(minutes=59)) == three
    assert due(None, three + timedelta(hours=1)) is None
    assert due(None, three - timedelta(seconds=1)) is None
    assert due(three - timedelta(seconds=1), three) == three
    assert due(three, three + timedelta(hours=23)) is None
    assert due(three - timedelta(days=3), three - timedelta(hours=1)) == three - timedelta(days=1)
