"""Money, dates, numbers and languages, as a person reads them."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safar.kernel import i18n
from safar.kernel.i18n import LANGUAGES, language_of_header, set_language, set_zone, speaking
from safar.kernel.money import Money, minor_of
from safar.kernel.text import ascii_digits
from safar.kernel.web.pages import environment

_SPACES = re.compile(r"[\s\u200e\u200f\u2068\u2069\u061c]+")


def _plain(text: str) -> str:
    """Drop what is there for layout: spaces of every kind and marks of direction."""
    return _SPACES.sub("", text)


@pytest.mark.parametrize(
    ("language", "minor", "currency", "shown"),
    [
        ("en", 123456, "GBP", "£1,234.56"),
        ("pt-BR", 123456, "BRL", "R$1.234,56"),
        ("hi", 1234567, "INR", "₹12,345.67"),
        ("hi", 123456700, "INR", "₹12,34,567.00"),
        ("fa", 123456, "GBP", "۱٬۲۳۴٫۵۶£"),
        ("en", 1234, "JPY", "JP¥1,234"),
        ("en", -5, "GBP", "-£0.05"),
    ],
)
def test_money_is_written_as_the_language_writes_it(
    language: str, minor: int, currency: str, shown: str
) -> None:
    with speaking(language):
        assert _plain(i18n.money(minor, currency)) == shown


@given(st.integers(-(10**15), 10**15), st.sampled_from(["GBP", "JPY", "KWD", "BRL", "INR", "IRR"]))
def test_money_keeps_every_minor_unit(minor: int, currency: str) -> None:
    assert minor_of(Money(minor, currency).major(), currency) == minor


@given(st.lists(st.integers(-(10**9), 10**9), min_size=1), st.integers(0, 1000))
def test_money_adds_and_multiplies_exactly(amounts: list[int], quantity: int) -> None:
    total = Money(0, "GBP")
    for amount in amounts:
        total += Money(amount, "GBP")
    assert total == Money(sum(amounts), "GBP")
    assert total * quantity == Money(sum(amounts) * quantity, "GBP")


def test_currencies_are_never_mixed_and_halves_go_to_the_even_side() -> None:
    with pytest.raises(ValueError, match="cannot add BRL to GBP"):
        Money(1, "GBP") + Money(1, "BRL")
    assert minor_of(Decimal("0.125"), "GBP") == 12
    assert minor_of(Decimal("0.135"), "GBP") == 14
    assert minor_of(Decimal("19.99"), "GBP") == 1999


@pytest.mark.parametrize(
    ("day", "shown"),
    [
        ((2026, 3, 21), "۱ فروردین ۱۴۰۵"),
        ((2026, 3, 20), "۲۹ اسفند ۱۴۰۴"),
        ((2025, 3, 20), "۳۰ اسفند ۱۴۰۳"),  # a leap year
        ((2024, 9, 22), "۱ مهر ۱۴۰۳"),
        ((1979, 2, 11), "۲۲ بهمن ۱۳۵۷"),
    ],
)
def test_persian_dates_are_jalali(day: tuple[int, int, int], shown: str) -> None:
    with speaking("fa"):
        assert i18n.date(datetime(*day, 12, tzinfo=UTC)) == shown


def test_a_day_begins_in_the_zone_in_force() -> None:
    set_zone("Asia/Tehran")
    try:
        with speaking("fa"):
            assert i18n.date(datetime(2026, 3, 20, 20, 29, tzinfo=UTC)) == "۲۹ اسفند ۱۴۰۴"
            assert i18n.date(datetime(2026, 3, 20, 20, 30, tzinfo=UTC)) == "۱ فروردین ۱۴۰۵"
            assert i18n.datetime_text(datetime(2026, 3, 20, 20, 30, tzinfo=UTC)) == "۱ فروردین ۱۴۰۵، ۰:۰۰"
    finally:
        set_zone("UTC")


@pytest.mark.parametrize("language", list(LANGUAGES))
def test_every_format_speaks_every_language(language: str) -> None:
    at = datetime(2026, 11, 22, 15, 4, 5, tzinfo=UTC)
    with speaking(language):
        texts = [
            i18n.number(1234567),
            i18n.date(at),
            i18n.time_of_day(at),
            i18n.datetime_text(at),
            i18n.duration(200),
            i18n.money(100, "GBP"),
        ]
        assert all(texts)
        digits = [character for text in texts for character in text if character.isdecimal()]
        if language == "fa":
            assert all(character in "۰۱۲۳۴۵۶۷۸۹" for character in digits), texts
        else:
            assert all(character.isascii() for character in digits), texts
        assert int(re.sub(r"\D", "", ascii_digits(texts[0]))) == 1234567
        assert i18n.duration(None) == "–"
        assert i18n.duration(-5) == i18n.duration(0)


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("fa", "fa"),
        ("fa-IR,fa;q=0.9,en;q=0.8", "fa"),
        ("pt", "pt-BR"),
        ("pt-PT,pt;q=0.9", "pt-BR"),
        ("de,hi;q=0.5,en;q=0.1", "hi"),
        ("en;q=0.2, hi ; q=0.9", "hi"),
        ("HI-Deva-IN", "hi"),
        ("en;q=0, fa;q=0.1", "fa"),
        ("en;q=0", None),
        ("de, fr", None),
        ("*", None),
        ("", None),
        ("fas", None),
        ("en;q=nan", None),
        ("fa;q=1.000,en", "fa"),
    ],
)
def test_the_browsers_wish_is_read_as_the_standard_says(header: str, language: str | None) -> None:
    assert language_of_header(header) == language


@given(st.one_of(st.text(max_size=700), st.from_regex(r"([a-zA-Z*-]{0,9}(;\s?q=[0-9.einf]{0,6})?,?){0,9}")))
def test_no_header_breaks_the_reading(header: str) -> None:
    assert language_of_header(header) in {None, *LANGUAGES}


@pytest.mark.parametrize(
    ("language", "context", "word", "meant", "otherwise"),
    [
        ("fa", "person", "To", "گیرنده", "مقصد"),
        ("fa", "person", "From", "فرستنده", "مبدأ"),
        ("pt-BR", "gate", "closed", "encerrada", "fechada"),
        ("en", "gate", "closed", "closed", "closed"),
    ],
)
def test_a_word_that_means_two_things_has_two_translations(
    language: str, context: str, word: str, meant: str, otherwise: str
) -> None:
    template = environment().from_string("{{ pgettext(context, word) }}, {{ _(word) }}")
    with speaking(language):
        assert (i18n.pgettext(context, word), i18n._(word)) == (meant, otherwise)
        assert template.render(context=context, word=word) == f"{meant}, {otherwise}"
        assert i18n.pgettext("none", "%(count)s of them", count=2) == "2 of them"


def test_an_unknown_language_falls_back_to_english_and_a_block_ends() -> None:
    set_language("fa")
    with speaking("xx"):
        assert i18n.current_language() == "en"
        with speaking("hi"):
            assert i18n.current_language() == "hi"
        assert i18n.current_language() == "en"
    assert i18n.current_language() == "fa"
    set_language("en")
    assert [i18n.direction(language) for language in LANGUAGES] == ["ltr", "ltr", "rtl", "ltr"]


@given(st.timedeltas(timedelta(0), timedelta(days=400)))
def test_a_length_of_time_is_never_negative_and_never_empty(length: timedelta) -> None:
    assert "-" not in i18n.duration(length.total_seconds())
