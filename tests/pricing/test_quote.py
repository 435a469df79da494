"""What a basket costs: pure, to the minor unit, whatever the order of its lines."""

from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safar.catalogue.model import Rate
from safar.pricing.model import (
    Destination,
    Discount,
    DiscountReason,
    NoShipping,
    Priced,
    Quote,
    Rules,
    Tax,
)
from safar.pricing.money import converted, half_up
from safar.pricing.quote import discount_refusal, quote, spread
from safar.pricing.shipping import is_within, zone_of
from tests.stage.quotes import HOME, NOW, A, B, C, line, method, quoted, taxed, zone

lines_of_any = st.lists(
    st.builds(
        Priced,
        variant_id=st.uuids(version=4),
        unit_minor=st.integers(0, 10_000_000),
        quantity=st.integers(1, 999),
        tax_class=st.sampled_from(["standard", "reduced", "zero"]),
        weight_g=st.integers(0, 5000),
        category=st.sampled_from(["kitchen", "home"]),
    ),
    min_size=1,
    max_size=8,
    unique_by=lambda one: one.variant_id,
)
discounts_of_any = st.none() | st.builds(
    Discount,
    code=st.just("SAVE"),
    kind=st.sampled_from(["percent", "fixed", "free_shipping"]),
    value=st.integers(0, 10_000),
    currency=st.sampled_from(["GBP", "EUR"]),
    category=st.sampled_from(["", "kitchen"]),
)
rules_of_any = st.builds(
    lambda included, standard, reduced, price, free: Rules(
        {"GB": Tax(included, {"standard": standard, "reduced": reduced})},
        (zone(method("post", (1000, price), (None, price * 2), free_from=free), method("van", (None, 999))),),
        {"EUR": Rate("EUR", Decimal("1.17"), 5)},
    ),
    st.booleans(),
    st.integers(0, 40_000),
    st.integers(0, 20_000),
    st.integers(0, 5000),
    st.none() | st.integers(0, 100_000),
)


@given(lines_of_any, rules_of_any, discounts_of_any, st.randoms())
def test_totals_do_not_depend_on_the_order_of_the_lines(
    lines: list[Priced], rules: Rules, discount: Discount | None, random: object
) -> None:
    there = quote(lines, rules, HOME, currency="EUR", discount=discount)
    shuffled = list(lines)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    back = quote(shuffled, rules, HOME, currency="EUR", discount=discount)
    assert isinstance(there, Quote)
    assert isinstance(back, Quote)
    assert {one.variant_id: one for one in there.lines} == {one.variant_id: one for one in back.lines}
    assert (there.total_minor, there.tax_minor, there.shipping_minor) == (
        back.total_minor,
        back.tax_minor,
        back.shipping_minor,
    )


@given(lines_of_any, rules_of_any, discounts_of_any)
def test_the_parts_sum_to_the_total_and_nothing_is_negative(
    lines: list[Priced], rules: Rules, discount: Discount | None
) -> None:
    found = quote(lines, rules, HOME, currency="GBP", discount=discount)
    assert isinstance(found, Quote)
    assert sum(one.discount_minor for one in found.lines) == found.discount_minor
    assert found.subtotal_minor == sum(one.unit_minor * one.quantity for one in lines)
    for one in found.lines:
        assert 0 <= one.discount_minor <= one.unit_minor * one.quantity
        assert one.tax_minor >= 0
    assert sum(one.tax_minor for one in found.lines) <= found.tax_minor
    on_top = 0 if found.tax_included else found.tax_minor
    assert found.total_minor == (found.subtotal_minor - found.discount_minor + found.shipping_minor + on_top)
    assert found.methods[0].price_minor == found.shipping_minor


@given(st.integers(0, 10**9), st.integers(1, 40_000), st.booleans())
def test_tax_of_a_line_is_the_exact_share_rounded_half_up(amount: int, rate: int, included: bool) -> None:
    tax = quoted([line(unit=amount)], taxed(rate, included=included)).tax_minor
    share = Fraction(rate, 100_000 + rate if included else 100_000)
    exact = amount * share
    assert abs(tax - exact) <= Fraction(1, 2)
    assert tax - exact != Fraction(-1, 2)  # a half goes up


@given(
    st.lists(st.tuples(st.integers(0, 10**7), st.uuids(version=4)), min_size=1, max_size=10),
    st.fractions(0, 1),
)
def test_a_sum_is_spread_to_the_unit_each_part_within_one_of_its_share(
    weights: list[tuple[int, UUID]], share: Fraction
) -> None:
    whole = sum(weight for weight, _id in weights)
    total = int(whole * share)
    parts = spread(total, weights)
    assert sum(parts) == total
    for part, (weight, _id) in zip(parts, weights, strict=True):
        assert part <= weight
        if whole:
            assert abs(part - Fraction(total * weight, whole)) < 1


def test_tax_included_is_inside_the_price_and_tax_added_on_top_of_it() -> None:
    inside = quoted([line(unit=1200)], taxed(20_000, included=True))
    assert (inside.total_minor, inside.tax_minor, inside.tax_included) == (1200, 200, True)
    on_top = quoted([line(unit=1000)], taxed(20_000, included=False))
    assert (on_top.total_minor, on_top.tax_minor, on_top.tax_included) == (1200, 200, False)


def test_tax_is_rounded_for_each_line_not_for_the_sum() -> None:
    # 8.875 % of 6 is 0.53, so one of each line; of the sum, 18, it would be 1.6, so two.
    found = quoted([line(one, 6) for one in (A, B, C)], taxed(8_875, included=False))
    assert found.tax_minor == 3


def test_classes_have_their_own_rates_and_a_class_without_one_is_not_taxed() -> None:
    rules = taxed(20_000, included=False)
    found = quoted([line(A), line(B, tax_class="reduced"), line(C, tax_class="zero")], rules)
    assert [one.tax_minor for one in found.lines] == [200, 50, 0]


def test_a_country_without_rates_has_those_of_everywhere_else_or_no_tax() -> None:
    rules = Rules({"GB": Tax(True, {"standard": 20_000}), "": Tax(False, {"standard": 10_000})})
    assert quoted([line()], rules, Destination("BR")).total_minor == 1100
    assert quoted([line()], Rules({"GB": Tax()}), Destination("BR")).tax_minor == 0


def test_shipping_is_taxed_by_the_class_the_country_gives_it() -> None:
    zones = (zone(method("post", (None, 500))),)
    standard = Rules({"GB": Tax(False, {"standard": 20_000})}, zones)
    assert quoted([line()], standard).tax_minor == 300
    untaxed = Rules({"GB": Tax(False, {"standard": 20_000}, "zero")}, zones)
    assert quoted([line()], untaxed).tax_minor == 200


@pytest.mark.parametrize(
    ("weight", "prices"),
    [(0, {"post": 300, "van": 900}), (1000, {"post": 300, "van": 900}), (1001, {"post": 500, "van": 900}),
     (5001, {"van": 900})],
)  # fmt: skip
def test_a_parcel_costs_what_its_weight_band_says_and_a_heavy_one_goes_another_way(
    weight: int, prices: dict[str, int]
) -> None:
    rules = Rules(zones=(zone(method("post", (1000, 300), (5000, 500)), method("van", (None, 900))),))
    found = quoted([line(weight_g=weight)], rules)
    assert {one.key: one.price_minor for one in found.methods} == prices
    assert found.shipping_key == min(prices, key=lambda key: prices[key])


def test_weights_of_all_units_of_all_lines_are_summed() -> None:
    rules = Rules(zones=(zone(method("post", (1000, 300), (None, 900))),))
    assert quoted([line(A, quantity=2, weight_g=300), line(B, weight_g=400)], rules).shipping_minor == 300
    assert quoted([line(A, quantity=2, weight_g=301), line(B, weight_g=400)], rules).shipping_minor == 900


def test_shipping_is_free_from_an_amount_after_the_discount() -> None:
    rules = Rules(zones=(zone(method("post", (None, 300), free_from=1000)),))
    ten_percent = Discount("TEN", "percent", 1000, "GBP")
    assert quoted([line(unit=999)], rules).shipping_minor == 300
    assert quoted([line(unit=1000)], rules).shipping_minor == 0
    assert quoted([line(unit=1000)], rules, discount=ten_percent).shipping_minor == 300
    assert quoted([line(unit=1112)], rules, discount=ten_percent).shipping_minor == 0


def test_where_we_do_not_send_and_ways_that_there_are_not_are_answered_with_the_ways_that_there_are() -> None:
    rules = Rules(zones=(zone(method("post", (2000, 300)), countries="GB IE"),))
    assert quote([line()], rules, Destination("BR"), currency="GBP") == NoShipping("BR", "", ())
    other = quote([line()], rules, HOME, currency="GBP", shipping="drone")
    assert isinstance(other, NoShipping)
    assert [one.key for one in other.methods] == ["post"]
    assert isinstance(quote([line(weight_g=2001)], rules, HOME, currency="GBP"), NoShipping)


def test_without_any_zone_shipping_is_free() -> None:
    found = quoted([line()], Rules(), shipping="whatever")
    assert (found.shipping_minor, found.shipping_key, found.methods) == (0, "", ())


def test_the_most_exact_zone_counts() -> None:
    everywhere, britain = zone(name="everywhere"), zone(countries="GB", name="britain")
    islands = zone(countries="GB", postcodes="HS ZE KW15..KW17", name="islands")
    zones = (everywhere, britain, islands)
    found = {
        place: (zone_of(zones, Destination(*place)) or everywhere).name
        for place in [
            ("GB", "YO1 7HH"),
            ("GB", "ze1 0aa"),
            ("GB", "KW16 3AA"),
            ("GB", "KW14 7AA"),
            ("GB", ""),
            ("FR", "HS1"),
        ]
    }
    assert list(found.values()) == ["britain", "islands", "islands", "britain", "britain", "everywhere"]
    assert zone_of((britain,), Destination("FR")) is None


@pytest.mark.parametrize(
    ("postcode", "pattern", "within"),
    [("01310100", "01000-000..05999-999", True), ("06000000", "01000-000..05999-999", False),
     ("05999999", "01000-000..05999-999", True), ("110001", "11", True), ("SW1A1AA", "SW1", True),
     ("1", "10..19", False), ("15", "10..19", True), ("1999", "10..19", True), ("20", "10..19", False)],
)  # fmt: skip
def test_postcodes_are_beginnings_or_ranges(postcode: str, pattern: str, within: bool) -> None:
    assert is_within(postcode, pattern) is within


def test_postcodes_match_however_they_are_written() -> None:
    islands = zone(countries="IR", postcodes="79")
    for written in ("79141-46157", "۷۹۱۴۱۴۶۱۵۷", " 79141 46157 "):
        assert zone_of((islands,), Destination("IR", written)) is islands


def test_a_discount_of_so_many_per_cent_is_spread_over_its_lines() -> None:
    ten = Discount("TEN", "percent", 1000, "GBP")
    found = quoted([line(A, 333), line(B, 333), line(C, 335)], Rules(), discount=ten)
    assert found.discount_minor == 100
    assert [one.discount_minor for one in found.lines] == [33, 33, 34]
    assert found.total_minor == 901


def test_a_fixed_discount_takes_off_at_most_what_the_goods_cost() -> None:
    tenner = Discount("TENNER", "fixed", 1000, "GBP")
    assert quoted([line(unit=400), line(B, 1100)], Rules(), discount=tenner).total_minor == 500
    assert quoted([line(unit=400)], Rules(), discount=tenner).total_minor == 0


def test_a_discount_for_a_category_leaves_other_goods_alone() -> None:
    half = Discount("HALF", "percent", 5000, "GBP", category="kitchen")
    found = quoted([line(A, category="kitchen"), line(B, category="home")], Rules(), discount=half)
    assert [one.discount_minor for one in found.lines] == [500, 0]


def test_free_shipping_pays_the_cheapest_way_and_so_much_of_the_others() -> None:
    rules = Rules(zones=(zone(method("post", (None, 300)), method("express", (None, 900))),))
    free = Discount("FREE", "free_shipping", 0, "GBP")
    found = quoted([line()], rules, discount=free)
    assert {one.key: one.price_minor for one in found.methods} == {"post": 0, "express": 600}
    assert quoted([line()], rules, shipping="express", discount=free).shipping_minor == 600


def test_amounts_of_another_currency_are_converted_and_rounded_as_it_is() -> None:
    rates = {"EUR": Rate("EUR", Decimal("1.17"), 5), "JPY": Rate("JPY", Decimal("190.5"), 10)}
    assert converted(499, "GBP", "EUR", rates) == 585  # 583.83 to the next 5
    assert converted(499, "GBP", "JPY", rates) == 950  # 950.6 yen, which have no hundredths
    assert converted(190_500, "JPY", "GBP", rates) == 100_000
    assert converted(5, "GBP", "GBP", rates) == 5
    rules = Rules(zones=(zone(method("post", (None, 499), free_from=10_000)),), rates=rates)
    found = quote([line(unit=11_699)], rules, HOME, currency="EUR")
    assert isinstance(found, Quote)
    assert found.shipping_minor == 585
    found = quote([line(unit=11_700)], rules, HOME, currency="EUR")
    assert isinstance(found, Quote)
    assert found.shipping_minor == 0


@given(st.integers(0, 10**12), st.integers(1, 10**6))
def test_half_up_is_the_nearest_integer(numerator: int, denominator: int) -> None:
    exact = Fraction(numerator, denominator)
    assert -Fraction(1, 2) < half_up(numerator, denominator) - exact <= Fraction(1, 2)


@pytest.mark.parametrize(
    ("other", "reason"),
    [({}, None), ({"active": False}, DiscountReason.UNKNOWN),
     ({"starts_at": NOW + timedelta(seconds=1)}, DiscountReason.NOT_YET),
     ({"starts_at": NOW}, None), ({"ends_at": NOW}, DiscountReason.OVER),
     ({"minimum_minor": 1001}, DiscountReason.TOO_LITTLE), ({"minimum_minor": 1000}, None),
     ({"category": "home"}, DiscountReason.NOT_FOR_THESE)],
)  # fmt: skip
def test_a_code_is_taken_in_its_time_for_its_goods_and_from_its_amount(
    other: dict[str, object], reason: DiscountReason | None
) -> None:
    code = Discount("TEN", "percent", 1000, "GBP", **other)  # type: ignore[arg-type]
    found = discount_refusal(code, [line(category="kitchen")], Rules(), currency="GBP", now=NOW)
    assert found == reason
    assert discount_refusal(None, [line()], Rules(), currency="GBP", now=NOW) == DiscountReason.UNKNOWN
