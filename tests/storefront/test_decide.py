"""Options, spelling, the order of telling, and plain text: decisions without a database."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import QueryParams

from safar.storefront.decide import (
    blocks,
    meanings,
    nearness,
    product_options,
    slips,
    to_tell,
    words_of,
)
from safar.storefront.model import Look, ProductSearch, Sort
from safar.storefront.product_search import address, wanted_of
from tests.stage.storefront import Piece

WORD = st.text("abcdefg", min_size=4, max_size=9)


_NAMES = st.sampled_from(["Colour", "Size", "Wood"])
_OPTIONS = st.dictionaries(_NAMES, st.sampled_from(["a", "b", "c"]), max_size=3)


@given(st.lists(_OPTIONS, min_size=1, max_size=8), st.data())
def test_choosing_a_value_leads_to_a_variant_that_has_it_and_differs_least_else(
    options: list[dict[str, str]], data: st.DataObject
) -> None:
    pieces = [Piece(f"S{n}", one) for n, one in enumerate(options)]
    gone = frozenset(data.draw(st.sets(st.sampled_from([piece.sku for piece in pieces]))))
    selected = data.draw(st.sampled_from(pieces))
    by_sku = {piece.sku: piece for piece in pieces}

    def unlike(piece: Piece, name: str) -> int:
        names = {*piece.options, *selected.options} - {name}
        return sum(piece.options.get(key) != selected.options.get(key) for key in names)

    for choice in product_options(pieces, selected, gone):
        for value in choice.values:
            having = [piece for piece in pieces if piece.options.get(choice.name) == value.text]
            target = by_sku[value.sku]
            assert target in having
            assert unlike(target, choice.name) == min(unlike(piece, choice.name) for piece in having)
            assert value.selected == (selected.options.get(choice.name) == value.text)
            assert value.gone == all(piece.sku in gone for piece in having)
            if target.sku in gone:
                like = [p for p in having if unlike(p, choice.name) == unlike(target, choice.name)]
                assert all(piece.sku in gone for piece in like)


def test_a_product_with_one_variant_asks_for_no_choice() -> None:
    only = Piece("A", {"Colour": "Red"})
    assert product_options([only], only, frozenset()) == ()


@given(WORD, st.data())
def test_one_slip_of_the_keyboard_is_one_slip(word: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(word) - 2))
    wrong = data.draw(
        st.sampled_from(
            [
                word[:at] + word[at + 1 :],
                word[:at] + "z" + word[at:],
                word[:at] + "z" + word[at + 1 :],
                word[:at] + word[at + 1] + word[at] + word[at + 2 :],
            ]
        )
    )
    assert slips(wrong, word, 2) <= 1
    found, slipped = nearness([wrong], f"one {word} more")
    assert (found, slipped <= 1) == (1, True)


@given(WORD, WORD)
def test_slips_are_the_same_in_both_directions(one: str, other: str) -> None:
    assert min(slips(one, other, 3), 4) == min(slips(other, one, 3), 4)
    assert (slips(one, other, 3) == 0) == (one == other)


def test_short_words_are_not_guessed() -> None:
    assert nearness(["ab"], "cd ef") == (0, 0)
    assert nearness(["mgu"], "retro mug") == (1, 1)
    assert nearness(["lantren", "coper"], "copper lantern") == (2, 2)


@given(st.integers(-5, 50), st.integers(0, 50), st.integers(0, 50))
def test_as_many_are_told_as_units_are_free_for_them(free: int, told: int, waiting: int) -> None:
    now = to_tell(free, told, waiting)
    assert 0 <= now <= waiting
    assert now + told <= max(free, told)
    if free - told >= waiting:
        assert now == waiting


def test_plain_text_has_headings_lists_and_paragraphs() -> None:
    text = "One\ntwo\n\nthree\n# Head\n- a\n- b\nafter\n\n- c"
    assert blocks(text) == [
        ("text", ["One", "two"]),
        ("text", ["three"]),
        ("heading", ["Head"]),
        ("list", ["a", "b"]),
        ("text", ["after"]),
        ("list", ["c"]),
    ]
    assert blocks("") == blocks("\n \n#\n") == []


@given(st.text(max_size=200))
def test_no_text_is_lost_or_breaks_the_page(text: str) -> None:
    kept = "".join(line for _kind, lines in blocks(text) for line in lines)
    assert all(kind in ("heading", "list", "text") and lines for kind, lines in blocks(text))
    assert len(kept) <= len(text)


_PARAMS = st.dictionaries(
    st.sampled_from(["q", "sort", "min", "max", "stock", "reduced", "page", "o.Colour", "o.", "x"]),
    st.text(max_size=12) | st.sampled_from(["new", "1", "12.50", "۱۲٫۵", "-1", "1e9", "9" * 20]), max_size=8,
)  # fmt: skip


@given(_PARAMS)
def test_any_address_means_something_and_says_the_same_again(params: dict[str, str]) -> None:
    wanted = wanted_of(QueryParams(params), currency="GBP", category="home")
    again = wanted_of(QueryParams(address(wanted).removeprefix("?")), currency="GBP", category="home")
    assert again == wanted
    assert 1 <= wanted.page <= 500


@pytest.mark.parametrize(("typed", "minor"), [("12.50", 1250), ("12,5", 1250), ("۱۲٫۵", 1250), ("x", None)])
def test_a_price_is_understood_in_the_digits_of_any_script(typed: str, minor: int | None) -> None:
    assert wanted_of(QueryParams({"min": typed}), currency="GBP").least_minor == minor


def test_without_a_query_nothing_can_be_a_better_match() -> None:
    assert wanted_of(QueryParams({"sort": "best"}), currency="GBP").sort == Sort.POPULAR
    assert wanted_of(QueryParams({"q": "mug"}), currency="GBP").sort == Sort.BEST
    assert not ProductSearch(currency="GBP").narrowed


def test_the_shop_speaks_the_readers_language_else_its_own() -> None:
    look = Look({"hero_title": {"en": "Rugs", "pt-BR": "Tapetes"}, "phone": {"": "1"}}, language="pt-BR")
    assert (look.say("hero_title"), look.say("phone"), look.say("terms")) == ("Rugs", "1", "")
    assert Look({"terms": {"fa": "شرایط"}}, language="pt-BR").say("terms") == "شرایط"


def test_a_query_means_its_words_or_all_that_mean_the_same_longest_phrase_first() -> None:
    synonyms = [["fairy light", "lantern"], ["light", "lamp"], ["tee", "T-shirt"]]
    assert meanings(["mug"], synonyms) == [[["mug"]]]
    assert meanings(["fairy", "lights"], synonyms) == [[["fairy", "lights"], ["fairy", "light"], ["lantern"]]]
    assert meanings(["lights", "red"], synonyms) == [[["lights"], ["light"], ["lamp"]], [["red"]]]
    assert meanings(["t", "shirts"], synonyms) == [[["t", "shirts"], ["tee"], ["t", "shirt"]]]


def test_a_querys_words_stand_between_signs_and_are_folded() -> None:
    assert words_of("T-Shirt, (Algodão)") == ["t", "shirt", "algodao"]
    assert words_of("' OR 1=1 --") == ["or", "1", "1"]
    assert words_of("%\\ \x00") == []
