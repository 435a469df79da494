"""Long texts leave in pieces that the channel takes, parted where a reader would part them."""

import time
import unicodedata

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from safar.channels.kinds.limits import TextLimit
from safar.channels.kinds.splitting import size_of, split

pieces = st.sampled_from([*"ab .\n!؟", "é", "e\u0301", "क्षि", "👨\u200d👩\u200d👧", "🇧🇷", "می\u200cروم"])
texts = st.lists(pieces, max_size=400).map("".join)
limits = st.builds(TextLimit, st.integers(40, 90), st.sampled_from(["characters", "utf16", "bytes"]))


@given(texts, limits)
def test_every_piece_fits_and_nothing_but_spaces_is_lost(text: str, limit: TextLimit) -> None:
    pieces = split(text, limit)
    assert all(piece.strip() and size_of(piece, limit.unit) <= limit.most for piece in pieces)
    assert "".join("".join(pieces).split()) == "".join(text.split())


@given(texts, limits)
def test_no_character_that_a_reader_sees_is_parted(text: str, limit: TextLimit) -> None:
    seen = regex.findall(r"\X", text)
    parted = [character for piece in split(text, limit) for character in regex.findall(r"\X", piece)]
    assert [c for c in parted if not c.isspace()] == [c.strip() for c in seen if not c.isspace()]


def test_paragraphs_are_parted_before_sentences_and_sentences_before_words() -> None:
    limit = TextLimit(30)
    assert split("One and two.\n\nThree. Four and five are here.", limit) == [
        "One and two.",
        "Three. Four and five are here.",
    ]
    assert split("One is here. Two comes after that one.", limit) == [
        "One is here.",
        "Two comes after that one.",
    ]
    assert split("कितने दिन लगेंगे? बताइए कृपया जल्दी से", limit)[0] == "कितने दिन लगेंगे?"


def test_a_text_that_fits_stays_as_it_is() -> None:
    assert split("  as it is \n", TextLimit(20)) == ["  as it is \n"]
    assert split("   ", TextLimit(20)) == []


@pytest.mark.parametrize(
    "text", ["a" * 100_000, "\n " * 50_000, "e" + "\u0301" * 100_000, "می\u200c" * 33_000]
)
def test_a_hundred_thousand_characters_are_parted_in_bounded_time(text: str) -> None:
    started = time.perf_counter()
    pieces = split(text, TextLimit(4096))
    assert time.perf_counter() - started < 3
    assert all(size_of(piece, "characters") <= 4096 for piece in pieces)
    assert unicodedata.normalize("NFC", "".join(pieces)).split() == unicodedata.normalize("NFC", text).split()
