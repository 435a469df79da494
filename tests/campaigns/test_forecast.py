"""A forecast before the first mail: what will be wanted, what is sold, and which account runs out first."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safar.campaigns.forecast import HOURS_MOST, Accounts, Shown, forecast
from safar.console.build import build_console
from safar.kernel.context import Context
from tests.stage import campaigns as makers
from tests.stage.people import signed_in
from tests.stage.serving import Serve

_THOUSAND = Accounts(people=1000, units=40, units_free=100, mails_per_hour=500)
_MUCH = Shown(sent=100_000, opened=10_000, ordered=1_000, units=2_000)


def test_a_shop_that_has_sent_much_is_forecast_by_its_own_figures() -> None:
    expected = forecast(_THOUSAND, _MUCH, 1250)
    assert expected.visits.expected == pytest.approx(100, rel=0.01)
    assert expected.wanted.expected == pytest.approx(20, rel=0.02), "1 % order, two units each"
    assert expected.revenue_minor.expected == pytest.approx(20 * 1250, rel=0.02)
    assert expected.runs_out == "people"
    assert expected.left_free == 60
    assert expected.hours == 2.0
    assert expected.learned_from == 100_000


def test_what_runs_out_first_is_named() -> None:
    assert forecast(replace(_THOUSAND, units=10), _MUCH, 1).runs_out == "units"
    assert forecast(replace(_THOUSAND, units=10), _MUCH, 1).sold.expected == 10
    assert forecast(_THOUSAND, Shown(), 1).runs_out == "perhaps_units"
    short = forecast(replace(_THOUSAND, units=150), _MUCH, 1)
    assert (short.short, short.left_free) == (50, 0)


def test_a_shop_without_a_campaign_gets_the_figures_of_the_trade_with_wide_limits() -> None:
    expected = forecast(_THOUSAND, Shown(), 1)
    assert expected.learned_from == 0
    assert expected.visits.expected == pytest.approx(150)
    assert expected.wanted.low < 10 < 30 <= expected.wanted.expected < 80 < expected.wanted.high


def test_a_shop_that_lets_in_few_makes_sending_slow_and_a_closed_one_never_ends() -> None:
    slow = forecast(replace(_THOUSAND, site_free=10, site_per_s=0.01), _MUCH, 1)
    assert slow.slowest == "site"
    assert slow.hours == pytest.approx(90 / 0.01 / 3600, rel=0.02)
    assert forecast(replace(_THOUSAND, site_free=0), _MUCH, 1).hours == HOURS_MOST


_COUNT = st.integers(0, 10**6)


@given(people=_COUNT, units=st.integers(1, 10**6), free=_COUNT, figures=st.tuples(*[_COUNT] * 4))
def test_no_forecast_sells_more_than_is_offered_or_turns_its_limits_about(
    people: int, units: int, free: int, figures: tuple[int, int, int, int]
) -> None:
    sent, opened, ordered = sorted(figures[:3], reverse=True)
    shown = Shown(sent, opened, ordered, figures[3])
    expected = forecast(Accounts(people, units, free, 100), shown, 1)
    assert expected.sold.high <= units
    assert expected.visits.high <= people
    for range_ in (expected.visits, expected.wanted, expected.sold):
        assert 0 <= range_.low <= range_.expected <= range_.high


async def test_a_draft_and_its_form_say_what_to_expect_before_anything_is_sent(
    context: Context, serve: Serve
) -> None:
    variant_id = await makers.shop(context, units=60)
    await makers.customers(context, 100)
    campaign_id = await makers.campaign(context, variant_id, units=2)
    async with await signed_in(context, await serve(build_console(context)), "manager") as client:
        page = (await client.get(f"/campaigns/{campaign_id}")).text
        for said in ("Forecast", "The units run out first", "2 units; 58 stay on general sale", "£25.00"):
            assert said in page, said
        form = {"variant_id": str(variant_id), "units": "70", "language": "", "country": "", "limit": "50"}
        part = (await client.post("/campaigns/reach", data=form)).text
        assert "10 units more than are free in the warehouse" in part
        assert "<dd>50</dd>" in part, "no more people than the limit"
        assert "/customers?consent=given" in part
        part = (await client.post("/campaigns/reach", data=form | {"units": "many"})).text
        assert "Forecast" not in part
        assert "100 customers" in part
