"""Gradient2 by hand: limit ← 0.8 · limit + 0.2 · (1.5 · average / latency · limit + room)."""

import pytest

from safar.gate.site.adapt import Bounds, Limit, gradient_of, next_limit

BOUNDS = Bounds(10, 1000)


def test_a_limit_that_is_used_grows_by_a_fifth_of_its_root_or_of_its_tenth() -> None:
    assert next_limit(Limit(100), BOUNDS, latency_ms=80, in_use=100) == Limit(102.0, 80)
    assert next_limit(Limit(25), BOUNDS, latency_ms=80, in_use=25).value == pytest.approx(26)
    assert next_limit(Limit(400), BOUNDS, latency_ms=80, in_use=400).value == pytest.approx(408)


def test_a_latency_of_twice_its_average_cuts_the_limit_by_the_gradient() -> None:
    average = 300 + (600 - 300) * 2 / 601  # exponential, over 600 measurements
    after = next_limit(Limit(400, 300), BOUNDS, latency_ms=600, in_use=400)
    assert after.long_ms == pytest.approx(average, rel=1e-12)
    assert after.value == pytest.approx(0.8 * 400 + 0.2 * (400 * 1.5 * average / 600 + 40))


def test_up_to_the_floor_nothing_queues_whatever_the_ratio() -> None:
    assert next_limit(Limit(100, 10), BOUNDS, latency_ms=200, in_use=100).value == pytest.approx(102)
    assert next_limit(Limit(100, 10), BOUNDS, latency_ms=200.5, in_use=100).value == pytest.approx(92)
    assert gradient_of(10, 200, 200) == 1
    assert gradient_of(1000, 201, 200) == 1
    assert gradient_of(1, 10_000, 200) == 0.5
    assert gradient_of(100, 300, 200) == 0.5
    assert gradient_of(100, 250, 200) == pytest.approx(0.6)


def test_an_average_of_more_than_twice_the_latency_drifts_down_by_a_tenth() -> None:
    def average(long_ms: float, latency_ms: float) -> float:
        return next_limit(Limit(100, long_ms), BOUNDS, latency_ms=latency_ms, in_use=0).long_ms

    assert average(250, 100) == pytest.approx(0.9 * (250 - 150 * 2 / 601), rel=1e-12)
    assert average(180, 100) == pytest.approx(180 - 80 * 2 / 601, rel=1e-12)
    assert average(0.5, 0.4) == pytest.approx(0.5 - 0.1 * 2 / 601, rel=1e-12)


def test_less_than_half_in_use_tells_nothing() -> None:
    assert next_limit(Limit(100, 100), BOUNDS, latency_ms=80, in_use=50).value == pytest.approx(102)
    assert next_limit(Limit(100, 100), BOUNDS, latency_ms=80, in_use=49.9).value == 100


def test_with_more_inside_than_it_allows_it_falls_no_further_and_rises_to_what_is_carried() -> None:
    def value(latency_ms: float, in_use: float) -> float:
        return next_limit(Limit(100, 100), BOUNDS, latency_ms=latency_ms, in_use=in_use).value

    assert value(2000, 101) == pytest.approx(92)  # 80 + 0.2 · (50 + 10): within one whole place
    assert value(2000, 101.001) == 100
    assert value(80, 150) == 150
    assert value(80, 101.5) == pytest.approx(102)
