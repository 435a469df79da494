"""Prices, numbers and texts of the catalogue at their limits."""

from dataclasses import dataclass
from decimal import Decimal

import pytest

from safar.catalogue.decide import (
    barcode_of,
    changed_fields,
    converted_price,
    options_of_text,
    parts_of_text,
    sku_of,
    slug_of,
    text_of_parts,
    variant_title,
)
from safar.kernel.money import Money


@pytest.mark.parametrize(
    ("minor", "currency", "rate", "step", "price"),
    [
        (1_000, "EUR", "1.175", 1, 1_175), (1_000, "EUR", "1.1755", 1, 1_176),
        (1_000, "EUR", "1.17549", 1, 1_175),
        (1_000, "EUR", "1.175", 50, 1_200), (1_000, "EUR", "1.174", 50, 1_150), (1, "EUR", "0.001", 1, 1),
        (1, "EUR", "0.001", 99, 99), (0, "EUR", "1.2", 5, 0), (1_000, "JPY", "190", 10, 1_900),
        (1_050, "JPY", "190", 10, 2_000),
    ],
)  # fmt: skip
def test_a_price_is_rounded_half_up_to_a_multiple(
    minor: int, currency: str, rate: str, step: int, price: int
) -> None:
    assert converted_price(Money(minor, "GBP"), currency, Decimal(rate), step) == price


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("036000291452", "0036000291452"),  # UPC-A
        ("4006381333931", "4006381333931"), ("04006381333931", "4006381333931"),
        ("14006381333938", "14006381333938"), ("96385074", "96385074"), ("4006381333932", None),
    ],
)  # fmt: skip
def test_a_barcode_is_stored_in_one_form(typed: str, stored: str | None) -> None:
    assert barcode_of(typed) == stored


def test_numbers_and_names_have_their_longest() -> None:
    assert (sku_of("a" * 40), sku_of("a" * 41)) == ("A" * 40, None)
    assert slug_of("m" * 61, "A-1") == "m" * 60 + "-a-1"
    assert slug_of("Red mug!", "A 1") == "red-mug-a-1"
    for name, value, taken in (("n" * 60, "v" * 60, True), ("n" * 61, "v", False), ("n", "v" * 61, False)):
        assert options_of_text(f"{name}: {value}") == ({name: value} if taken else None)


def test_a_variant_has_five_options_and_a_kit_thirty_parts_at_most() -> None:
    def options(count: int) -> dict[str, str] | None:
        return options_of_text("; ".join(f"n{n}: v" for n in range(count)))

    def parts(count: int) -> dict[str, int] | None:
        return parts_of_text("; ".join(f"s{n}" for n in range(count)))

    assert (options(5), options(6)) == ({f"n{n}": "v" for n in range(5)}, None)
    assert (parts(30), parts(31)) == ({f"S{n}": 1 for n in range(30)}, None)


@pytest.mark.parametrize("text", ["a", "a:", ":b", "a: b; a: c", "a b"])
def test_what_is_no_option_is_refused(text: str) -> None:
    assert options_of_text(text) is None


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a * 2; b", {"A": 2, "B": 1}), ("a*9999", {"A": 9999}), ("a*10000", None), ("a*0", None),
        ("a*", None), ("a*x", None), ("a; a", None), ("*2", None), ("a*1", {"A": 1}), ("a*٣", {"A": 3}),
        ("", {}),
    ],
)  # fmt: skip
def test_parts_of_a_kit_are_numbers_and_units(text: str, parts: dict[str, int] | None) -> None:
    assert parts_of_text(text) == parts
    if parts:
        assert parts_of_text(text_of_parts(parts)) == parts
    assert text_of_parts({"A": 1, "B": 2}) == "A; B * 2"


@dataclass
class Draft:
    sku: str
    title: str


def test_the_fields_that_changed_are_named() -> None:
    draft = Draft("A", "Mug")
    assert changed_fields(draft, Draft("A", "Cup")) == ("title",)
    assert changed_fields(draft, draft) == ()
    assert changed_fields(draft, None) == ("sku", "title")
    assert changed_fields(draft, None, ignoring=["sku"]) == ("title",)
    assert variant_title("Mug", {"Colour": "Red", "Size": "L"}) == "Mug · Red / L"
