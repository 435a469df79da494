"""The forecast of a series: sensible where the answer is known, and better than a naive one on real sales.

What is tested takes seconds to load: only these tests do it, not every worker that collects them.
"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from safar.bench.forecast import data_file, evaluate, weeks_of_articles
from tests.stage.thorough import long_form

_EVERY = long_form(60, 20)  # of the articles in the real sales


@pytest.mark.parametrize(
    ("weeks", "demand"),
    [
        ([10, 11, 9, 10, 12, 10, 9, 11, 10], "smooth"),
        ([1, 30, 2, 1, 45, 3, 1, 2, 60], "erratic"),
        ([0, 5, 0, 0, 5, 0, 5, 0, 0, 5], "intermittent"),
        ([0, 1, 0, 0, 40, 0, 2, 0, 0, 60], "lumpy"),
        ([3, 4], "new"),
        ([0, 0, 0, 0, 0, 0, 0, 0, 7], "new"),
        ([0] * 20, "none"),
        ([], "none"),
    ],
)
def test_demand_is_classed_by_how_often_it_comes_and_how_much_it_varies(
    weeks: list[int], demand: str
) -> None:
    from safar.stock.replenish.forecast import demand_class

    assert demand_class(np.array(weeks, dtype=float)) == demand


def test_what_sells_the_same_every_week_is_expected_to_go_on() -> None:
    from safar.stock.replenish.forecast import judge

    judged = judge([12.0] * 40)
    assert judged.week_mean == pytest.approx(12, rel=0.01)
    assert judged.error == pytest.approx(0, abs=0.5)
    assert judged.week_deviation == pytest.approx(12**0.5, rel=0.01), "single buyers still vary"


def test_what_sells_now_and_then_is_expected_in_parts() -> None:
    from safar.stock.replenish.forecast import judge

    judged = judge([0.0, 0.0, 0.0, 8.0] * 12)
    assert judged.demand == "intermittent"
    assert 1.2 < judged.week_mean < 2.8, "eight in four weeks"


def test_what_sold_long_ago_is_expected_less_and_less() -> None:
    from safar.stock.replenish.forecast import judge

    judged = judge([20.0] * 20 + [0.0] * 30)
    assert judged.week_mean < 2


def test_a_short_past_is_its_mean_and_claims_no_error() -> None:
    from safar.stock.replenish.forecast import judge

    judged = judge([4.0, 6.0])
    assert (judged.demand, judged.week_mean, judged.error) == ("new", 5.0, None)


def test_another_model_needs_a_clear_margin_over_enough_of_the_past() -> None:
    from safar.stock.replenish.forecast import DEFAULT, choose_model

    errors: dict[str, float | None] = {DEFAULT: 10.0, "SES": 7.5, "Mean": 9.0}
    assert choose_model(errors, 12) == "SES"
    assert choose_model(errors, 5) == DEFAULT
    assert choose_model({**errors, "SES": 8.5}, 12) == DEFAULT
    assert choose_model({**errors, DEFAULT: None}, 12) == DEFAULT


def test_a_look_back_knows_nothing_of_what_came_after_it() -> None:
    from safar.stock.replenish.forecast import origins_of

    assert origins_of(11) == []
    assert origins_of(12) == [8]
    assert origins_of(104) == list(range(75, 101))


@given(st.lists(st.integers(0, 500).map(float), max_size=60))
def test_every_series_has_a_forecast_that_can_be_bought_by(weeks: list[float]) -> None:
    from safar.stock.replenish.forecast import CANDIDATES, judge

    judged = judge(weeks)
    assert judged.model in CANDIDATES
    assert 0 <= judged.week_mean <= max(weeks, default=0) * 1.05
    assert np.isfinite(judged.week_deviation)
    assert judged.week_deviation >= judged.week_mean**0.5 - 1e-9


def test_the_forecasts_are_better_than_naive_ones_on_real_sales() -> None:
    """On some articles of the data; docs/replenishment.md has the figures of all."""
    if not data_file().exists():
        pytest.skip(f"the real sales are not on this machine: {data_file()}")
    articles = weeks_of_articles(data_file())
    figures = evaluate({sku: articles[sku] for sku in sorted(articles)[::_EVERY]})
    assert figures["articles"] > 2000 / _EVERY
    for score in ("mase", "rmsse", "wape"):
        assert figures["chosen"][score] < figures["naive"][score], figures
    assert figures["chosen"]["wape"] < 0.85 * figures["naive"]["wape"], figures
    assert figures["lasted_percent"]["95% for 1 weeks"] > 90, figures
