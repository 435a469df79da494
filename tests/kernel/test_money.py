"""A written amount is read in one way or not at all."""

import pytest
from babel.numbers import get_currency_precision
from hypothesis import assume, given
from hypothesis import strategies as st

from safar.kernel.money import (
    AMOUNT_MINOR_MAX,
    NotAnAmount,
    TooFine,
    TwoReadings,
    plain_amount,
    read_amount,
    read_number,
)

CURRENCIES = st.sampled_from(["GBP", "BRL", "EUR", "INR", "IRR", "JPY", "UGX", "ISK", "KWD", "TND", "CLF"])
MINOR = st.integers(0, AMOUNT_MINOR_MAX)


@pytest.mark.finding("goods-B")
@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("4.95", "GBP", 495), ("4,95", "GBP", 495), ("۴٫۹۵", "GBP", 495), ("५.५", "INR", 550),
        ("0", "GBP", 0),
        ("12.5", "BRL", 1250), (".50", "GBP", 50), ("49", "BRL", 4900), (" 49 ", "BRL", 4900),
        ("1 234,50", "BRL", 123450), ("1\u00a0234,50", "BRL", 123450), ("1\u202f234.50", "EUR", 123450),
        ("1'234.50", "EUR", 123450), ("1’234.50", "EUR", 123450), ("1 234", "BRL", 123400),
        ("1,234.50", "GBP", 123450), ("1.234,50", "BRL", 123450), ("1,234,567.89", "GBP", 123456789),
        ("1.234.567,89", "BRL", 123456789), ("1.250.000", "BRL", 125000000), ("1,250,000", "IRR", 1250000),
        ("12,34,567.50", "INR", 123456750), ("१२,३४,५६७", "INR", 123456700),
        ("۲۵۰٬۰۰۰", "IRR", 250000), ("۱٬۲۵۰٬۰۰۰", "IRR", 1250000), ("۲۵۰۰۰۰", "IRR", 250000),
        ("۱٬۲۳۴٫۵۰", "EUR", 123450), ("۱،۲۵۰،۰۰۰", "IRR", 1250000), ("\u200f۱۲٫۵۰", "EUR", 1250),
        ("12.345", "KWD", 12345), ("12,5", "KWD", 12500), ("1,234.500", "KWD", 1234500),
        ("1234,567", "TND", 1234567), ("0,500", "KWD", 500), ("1.2345", "CLF", 12345), ("250", "UGX", 250),
    ],
)  # fmt: skip
def test_an_amount_that_has_one_reading_is_read(text: str, currency: str, minor: int) -> None:
    assert read_amount(text, currency) == minor


@pytest.mark.finding("goods-B")
@pytest.mark.parametrize(
    ("text", "currency", "ways"),
    [
        ("2.500", "BRL", ("2500.00", "2.50")), ("12.000", "BRL", ("12000.00", "12.00")),
        ("1.290", "BRL", ("1290.00", "1.29")), ("2,500", "BRL", ("2500.00", "2.50")),
        ("250,000", "IRR", ("250000", "250")), ("250.000", "IRR", ("250000", "250")),
        ("۲۵۰,۰۰۰", "IRR", ("250000", "250")), ("۲۵۰،۰۰۰", "IRR", ("250000", "250")),
        ("1.049", "GBP", ("1049.00", "1.05")), ("1,234", "JPY", ("1234", "1")),
        ("५,०००", "INR", ("5000.00", "5.00")), ("12,345", "KWD", ("12345.000", "12.345")),
    ],
)  # fmt: skip
def test_an_amount_with_two_readings_is_refused_and_both_are_shown(
    text: str, currency: str, ways: tuple[str, str]
) -> None:
    with pytest.raises(TwoReadings) as refused:
        read_amount(text, currency)
    assert refused.value.ways == ways


@pytest.mark.finding("goods-B")
@pytest.mark.parametrize(
    ("text", "currency"),
    [
        ("2.5000", "BRL"), ("4.9500", "GBP"), ("0.500", "BRL"), ("12.0", "JPY"), ("12.00", "IRR"),
        ("1234.500", "GBP"), ("1,234.500", "GBP"), ("1 234,567", "BRL"), ("۲۵۰٫۰۰۰", "IRR"), ("1.5", "UGX"),
        ("12.3450", "KWD"), ("0.001", "EUR"), ("12.3", "ISK"),
    ],
)  # fmt: skip
def test_more_decimals_than_the_currency_has_are_refused_as_written(text: str, currency: str) -> None:
    with pytest.raises(TooFine):
        read_amount(text, currency)


@pytest.mark.finding("goods-B")
@pytest.mark.parametrize(
    "text",
    [
        "", " ", "-1", "+1", "NaN", "Infinity", "1e3", "£5", "12.", ".", "1.2.3", "1,23.4", "1.234,567,890",
        "12 34", "1,2345,678", "0,123,456", "1..5", "1,,5", "٫", "99999999999999999", "1" * 50, "1\n234", "½",
        "1_000", "0x10", "1٫234٫567",
    ],
)  # fmt: skip
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(NotAnAmount):
        read_amount(text, "EUR")


@given(MINOR, CURRENCIES)
def test_an_amount_that_is_written_is_read_as_the_same(minor: int, currency: str) -> None:
    assert read_amount(plain_amount(minor, currency), currency) == minor


@given(
    MINOR, CURRENCIES, st.sampled_from([",", ".", " ", "\u00a0", "'", "٬"]), st.sampled_from([".", ",", "٫"])
)
def test_an_amount_in_any_usual_form_is_read_as_what_it_is_or_refused(
    minor: int, currency: str, thousands: str, sign: str
) -> None:
    assume(thousands != sign)
    places = get_currency_precision(currency)
    whole, decimals = divmod(minor, 10**places)
    text = f"{whole:,}".replace(",", thousands)
    text += f"{sign}{decimals:0{places}d}" if places else ""
    try:
        assert read_amount(text, currency) == minor
    except TwoReadings:
        assert whole < 10**6


@given(st.text("0123456789.,' ٬٫۰۵५", max_size=14), CURRENCIES)
def test_any_text_is_an_amount_or_refused_and_never_another_amount(text: str, currency: str) -> None:
    try:
        minor = read_amount(text, currency)
    except NotAnAmount:
        return
    assert read_amount(plain_amount(minor, currency), currency) == minor


def test_rates_are_read_by_the_same_rule() -> None:
    assert str(read_number("1.085", 9)) == "1.085"
    assert read_number("1,150,000", 9) == 1150000
    with pytest.raises(TwoReadings):
        read_number("58,000", 9)
