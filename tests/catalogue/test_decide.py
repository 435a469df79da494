"""Prices, barcodes and texts of the catalogue, for any input."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import ean

from safar.catalogue.decide import (
    barcode_of,
    converted_price,
    options_of_text,
    parts_of_text,
    sku_of,
    slug_of,
    text_of_options,
    text_of_parts,
)
from safar.catalogue.drawn_pictures import drawing_of, svg_of
from safar.kernel.money import Money

CURRENCIES = st.sampled_from(["GBP", "JPY", "BRL", "INR", "KWD"])


@given(
    st.integers(0, 10**11),
    CURRENCIES,
    CURRENCIES,
    st.decimals("0.0001", "90000", places=4),
    st.integers(1, 1000),
)
def test_a_converted_price_is_the_nearest_multiple_and_never_free(
    minor: int, own: str, other: str, rate: Decimal, step: int
) -> None:
    price = converted_price(Money(minor, own), other, rate, step)
    exact = Money(minor, own).major() * rate / Money(1, other).major()
    assert price % step == 0
    assert (price == 0) == (minor == 0)
    assert price == step or abs(price - exact) <= Decimal(step) / 2


@given(st.text("0123456789", min_size=7, max_size=13).filter(lambda digits: len(digits) in (7, 11, 12, 13)))
def test_a_barcode_is_taken_with_its_check_digit_and_with_no_other(digits: str) -> None:
    check = ean.calc_check_digit(digits)
    good = digits + check
    stored = barcode_of(good)
    assert stored is not None
    assert barcode_of(stored) == stored, "what is stored is found again"
    assert barcode_of(good[:-1] + str((int(check) + 1) % 10)) is None
    assert barcode_of(f" {good[:4]} {good[4:]}") == stored


@given(st.text())
def test_any_text_is_read_without_a_crash(text: str) -> None:
    for read in (barcode_of, sku_of, options_of_text, parts_of_text):
        read(text)
    assert set(slug_of(text, text)) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")


LETTERS = st.characters(exclude_characters=":;", exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp"])
WORD = st.text(LETTERS, min_size=1, max_size=20)


@given(st.dictionaries(WORD, WORD, max_size=5))
def test_options_are_read_as_they_were_written(options: dict[str, str]) -> None:
    assert options_of_text(text_of_options(options)) == options


@given(
    st.dictionaries(
        st.from_regex(r"[A-Z0-9][A-Z0-9._-]{0,10}", fullmatch=True), st.integers(1, 999), max_size=9
    )
)
def test_parts_are_read_as_they_were_written(parts: dict[str, int]) -> None:
    assert parts_of_text(text_of_parts(parts)) == parts


@pytest.mark.parametrize("sku", ["", "a/b", "<script>", "a\x00b", "x" * 41, "..", "-a", "a?b", "%2e"])
def test_an_article_number_that_cannot_stand_in_an_address_is_none(sku: str) -> None:
    assert sku_of(sku) is None


@given(st.text(), st.text())
def test_every_product_has_a_picture_and_always_the_same_one(slug: str, title: str) -> None:
    drawing = drawing_of(slug, title)
    assert drawing == drawing_of(slug, title)
    svg = svg_of(drawing).decode()
    assert svg.startswith("<svg ")
    assert "class=" not in svg
    assert "style" not in svg


def test_a_drawing_shows_what_the_title_names_and_nothing_that_the_goods_are_not() -> None:
    named = {"Caneca azul": "cup", "فنجان چای": "cup", "Red retrospot MUG": "cup", "नीला कप": "cup"}
    assert {title: drawing_of("x", title).motif for title in named} == named
    for title in (
        "Milk bottle crate",
        "Teacup suction hook",
        "Mug cosy",
        "Apron for a party",
        "Bath",
        "",
        "…",
    ):
        drawing = drawing_of("x", title)
        assert drawing.motif is None, title
        assert f">{drawing.letter}</text>".encode() in svg_of(drawing)
    assert drawing_of("x", "<b>").letter == "B"
