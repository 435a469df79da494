"""A basket's price to the minor unit, calculated by hand: discounts, what travels free, what is taxed."""

from dataclasses import replace
from datetime import timedelta

import pytest

from safar.pricing.model import Discount, DiscountReason, NoShipping, Rules, Tax
from safar.pricing.quote import discount_refusal, quote, spread
from tests.stage.quotes import HOME, NOW, A, B, C, line, method, quoted, taxed, zone

TEN_PERCENT = Discount("SAVE", "percent", 1_000, "GBP")
FREE_FROM_50 = Rules(zones=(zone(method("post", (None, 300), free_from=5_000)),))


def test_a_discount_lowers_the_total_and_the_tax_of_the_line() -> None:
    found = quoted([line(unit=1_000, quantity=3)], taxed(20_000, included=False), discount=TEN_PERCENT)
    assert (found.subtotal_minor, found.discount_minor, found.tax_minor) == (3_000, 300, 540)
    assert found.total_minor == 3_240
    assert (found.lines[0].discount_minor, found.lines[0].tax_minor, found.lines[0].tax_rate) == (
        300,
        540,
        20_000,
    )


def test_what_travels_free_is_decided_after_the_discount() -> None:
    for unit, shipping in ((5_555, 300), (5_556, 0)):  # less ten per cent: 4,999 (rounded) and 5,000
        found = quoted([line(unit=unit)], FREE_FROM_50, discount=TEN_PERCENT)
        assert found.shipping_minor == shipping
        assert found.total_minor == found.subtotal_minor - found.discount_minor + shipping
    assert quoted([line(unit=5_000)], FREE_FROM_50).shipping_minor == 0


def test_a_discount_is_taken_of_its_category_only_and_never_more_than_the_goods_cost() -> None:
    lines = [line(A, category="kitchen"), line(B, category="home")]
    of_kitchen = replace(TEN_PERCENT, category="kitchen")
    assert [one.discount_minor for one in quoted(lines, Rules(), discount=of_kitchen).lines] == [100, 0]
    fifty = replace(of_kitchen, kind="fixed", value=5_000)
    assert [one.discount_minor for one in quoted(lines, Rules(), discount=fifty).lines] == [1_000, 0]
    assert [one.discount_minor for one in quoted(lines, Rules(), discount=TEN_PERCENT).lines] == [100, 100]
    five = replace(TEN_PERCENT, kind="fixed", value=500)
    assert [one.discount_minor for one in quoted(lines, Rules(), discount=five).lines] == [250, 250]
    large = quoted([line(unit=1_000_000)], Rules(), discount=TEN_PERCENT)
    assert large.discount_minor == 100_000


def test_free_shipping_takes_nothing_off_the_goods() -> None:
    free = replace(TEN_PERCENT, kind="free_shipping", value=0)
    rules = Rules(zones=(zone(method("post", (None, 300)), method("van", (None, 900))),))
    found = quoted([line()], rules, discount=free)
    assert (found.discount_minor, found.shipping_minor, found.total_minor) == (0, 0, 1_000)
    assert [one.price_minor for one in found.methods] == [0, 600]


def test_units_that_are_left_over_go_to_the_largest_remainders_then_by_id() -> None:
    assert spread(1, [(1, A), (2, B)]) == [0, 1]
    assert spread(1, [(1, B), (1, A)]) == [0, 1]
    assert spread(2, [(1, C), (1, A), (1, B)]) == [0, 1, 1]
    assert spread(5, [(5, A), (3, B), (3, C)]) == [2, 2, 1]  # 2.27, 1.36, 1.36
    assert spread(0, [(5, A)]) == spread(5, [(0, A)]) == spread(0, [(0, A)]) == [0]


def test_the_way_that_is_asked_for_is_taken_and_an_unknown_one_refused() -> None:
    rules = Rules(zones=(zone(method("post", (None, 300)), method("van", (None, 900))),))
    assert quoted([line()], rules).shipping_key == "post"
    van = quoted([line()], rules, shipping="van")
    assert (van.shipping_key, van.shipping_minor, van.total_minor) == ("van", 900, 1_900)
    refused = quote([line()], rules, HOME, currency="GBP", shipping="boat")
    assert isinstance(refused, NoShipping)
    assert refused.shipping == "boat"
    nowhere = quoted([line()], Rules())
    assert (nowhere.shipping_minor, nowhere.shipping_key) == (0, "")


def test_shipping_has_a_tax_of_its_own_and_a_rate_only_where_it_costs_something() -> None:
    rules = Rules({"GB": Tax(True, {"standard": 20_000, "sent": 5_000}, "sent")}, FREE_FROM_50.zones)
    paid = quoted([line(tax_class="none")], rules)
    assert (paid.shipping_tax_minor, paid.shipping_tax_rate, paid.tax_minor) == (14, 5_000, 14)
    assert (paid.total_minor, paid.lines[0].tax_rate, paid.lines[0].tax_minor) == (1_300, 0, 0)
    free = quoted([line(unit=6_000)], rules)
    assert (free.shipping_tax_minor, free.shipping_tax_rate, free.tax_minor) == (0, 0, 1_000)
    untaxed = quoted([line()], replace(rules, taxes={"GB": Tax(True, {"standard": 20_000}, "sent")}))
    assert (untaxed.shipping_tax_minor, untaxed.shipping_tax_rate) == (0, 0)


def test_a_class_without_a_rate_is_not_taxed_however_much_it_costs() -> None:
    for included in (True, False):
        dear = quoted([line(unit=10**9, tax_class="none")], taxed(20_000, included=included))
        assert (dear.tax_minor, dear.lines[0].tax_minor, dear.lines[0].tax_rate) == (0, 0, 0)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, None),
        ({"active": False}, DiscountReason.UNKNOWN),
        ({"starts_at": NOW}, None),
        ({"starts_at": NOW + timedelta(seconds=1)}, DiscountReason.NOT_YET),
        ({"ends_at": NOW + timedelta(seconds=1)}, None),
        ({"ends_at": NOW}, DiscountReason.OVER),
        ({"category": "kitchen"}, None),
        ({"category": "garden"}, DiscountReason.NOT_FOR_THESE),
        ({"minimum_minor": 3_500}, None),
        ({"minimum_minor": 3_501}, DiscountReason.TOO_LITTLE),
        ({"category": "kitchen", "minimum_minor": 3_000}, None),
        ({"category": "kitchen", "minimum_minor": 3_001}, DiscountReason.TOO_LITTLE),
    ],
)
def test_a_code_is_taken_within_its_time_for_its_goods_from_its_least_amount(
    changes: dict[str, object], reason: DiscountReason | None
) -> None:
    lines = [line(A, 1_000, 3, category="kitchen"), line(B, 500, category="home")]
    code = replace(TEN_PERCENT, **changes)  # type: ignore[arg-type]
    assert discount_refusal(code, lines, Rules(), currency="GBP", now=NOW) is reason
    assert discount_refusal(None, lines, Rules(), currency="GBP", now=NOW) is DiscountReason.UNKNOWN
