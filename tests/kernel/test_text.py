"""Folding: two spellings that a reader takes for the same word become the same string."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from safar.kernel.text import ascii_digits, fold, script_of, shortened

_LETTERS = st.text(
    st.one_of(
        st.characters(codec="utf-8"),
        st.characters(min_codepoint=0x0600, max_codepoint=0x06FF),
        st.characters(min_codepoint=0x0900, max_codepoint=0x097F),
        st.characters(min_codepoint=0xFB50, max_codepoint=0xFEFC),
        st.characters(min_codepoint=0x0300, max_codepoint=0x036F),
        st.characters(min_codepoint=0x00C0, max_codepoint=0x024F),
    ),
    max_size=20,
)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("كتابي", "کتابی"),  # Arabic and Persian letters
        ("على", "علی"),
        ("می‌روم", "میروم"),  # with and without ZWNJ
        ("کتـــاب", "کتاب"),  # tatweel
        ("مسؤول", "مسوول"),
        ("رئیس", "ریيس"),
        ("خانۀ", "خانه"),
        ("خانهٔ", "خانه"),
        ("مُحَمَّد", "محمد"),  # vowel signs
        ("آب", "اب"),
        ("ﻛﺘﺎﺏ", "کتاب"),  # presentation forms
        ("क़लम", "कलम"),  # nukta, combining and composed
        ("\u0958लम", "कलम"),
        ("ज़रूर", "जरूर"),
        ("São Paulo", "sao paulo"),
        ("coração", "CORACAO"),
        ("cafe\u0301", "café"),
        ("Straße", "STRASSE"),
        ("ＡＢＣ", "abc"),
        ("۱۲۳", "123"),  # Persian
        ("١٢٣", "123"),  # Arabic
        ("१२३", "123"),  # Devanagari
        ("１２３", "123"),  # full width
        ("  a \t b\u00a0c\n", "a b c"),
        ("\u200fسلام\u200e", "سلام"),
    ],
)
def test_spellings_of_the_same_word_fold_together(one: str, other: str) -> None:
    assert fold(one) == fold(other)


@pytest.mark.parametrize(("one", "other"), [("की", "का"), ("दिन", "दीन"), ("पल", "पाल"), ("बाد", "باد")])
def test_different_words_stay_apart(one: str, other: str) -> None:
    assert fold(one) != fold(other)


@given(_LETTERS)
@example("ئ")
@example("ۀ")
@example("ﷺ")
@example("İ")
@example("ΐ")
@example("ǰ\u0345")
def test_folding_twice_changes_nothing_more(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(_LETTERS)
def test_what_is_folded_has_no_case_no_digits_but_ascii_and_no_loose_spaces(text: str) -> None:
    folded = fold(text)
    assert folded == folded.strip()
    assert "  " not in folded
    assert all(character.isascii() for character in folded if character.isdecimal())


@given(
    st.integers(0, 10**12),
    st.sampled_from(["۰۱۲۳۴۵۶۷۸۹", "٠١٢٣٤٥٦٧٨٩", "०१२३४५६७८९", "０１２３４５６７８９"]),
)
def test_digits_of_every_script_are_read_as_the_same_number(number: int, digits: str) -> None:
    written = "".join(digits[int(digit)] for digit in str(number))
    assert ascii_digits(written) == str(number)
    assert int(fold(written)) == number


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("سلام، کی باز هستید؟", "arabic"),
        ("नमस्ते, ऑर्डर कहाँ है?", "devanagari"),
        ("Onde está meu pedido?", "latin"),
        ("سلام ok", "arabic"),
        ("order نه", "latin"),
        ("", "latin"),
        ("123 !?", "latin"),
        ("ﺳﻼﻡ", "arabic"),
    ],
)
def test_the_script_most_letters_are_in(text: str, script: str) -> None:
    assert script_of(text) == script


@given(st.text(max_size=60), st.integers(2, 30))
def test_a_shortened_text_is_one_line_no_longer_than_asked(text: str, length: int) -> None:
    line = shortened(text, length)
    assert len(line) <= length
    assert "\n" not in line
    if len(" ".join(text.split())) <= length:
        assert not line.endswith("…") or text.rstrip().endswith("…")
