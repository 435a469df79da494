"""Slips of the keyboard counted by hand, what an option leads to, how many are told."""

import pytest

from safar.storefront.decide import blocks, nearness, product_options, slips, to_tell
from tests.stage.storefront import Piece


@pytest.mark.parametrize(
    ("one", "other", "most", "count"),
    [
        ("kitten", "sitting", 3, 3), ("kitten", "sitting", 2, 3), ("mug", "mug", 2, 0), ("ab", "ba", 2, 1),
        ("mgu", "mug", 1, 1), ("ca", "abc", 3, 3), ("a", "abc", 2, 2), ("abc", "a", 2, 2),
        ("a", "abcd", 2, 3), ("abcd", "a", 2, 3), ("abcdef", "uvwxyz", 2, 3), ("abcdef", "uvwxyz", 9, 6),
        ("abcd", "badc", 2, 2), ("aabb", "abab", 2, 1), ("xabc", "abcx", 2, 2), ("abc", "abd", 1, 1),
        ("lantern", "lantren", 2, 1), ("", "ab", 2, 2), ("ab", "", 2, 2), ("abx", "bay", 2, 2),
        ("acb", "bca", 9, 2), ("abcabc", "abcacb", 1, 1), ("ab", "xy", 2, 2), ("abcd", "wxyz", 3, 4),
        ("ababb", "ab", 3, 3),
    ],
)  # fmt: skip
def test_slips_are_letters_too_many_too_few_others_or_exchanged(
    one: str, other: str, most: int, count: int
) -> None:
    assert slips(one, other, most) == count


@pytest.mark.parametrize(
    ("asked", "text", "found"),
    [
        (["mug"], "red mugs", (1, 0)),  # a part of a word
        (["mug"], "red mog", (1, 1)),  # three letters may have one slip
        (["mu"], "red mo", (0, 0)),  # two may not
        (["coper"], "copper", (1, 1)),
        (["cooer"], "cupper", (0, 0)),  # five letters, two slips
        (["ligxy"], "light", (0, 0)),
        (["copxyr"], "copper", (1, 2)),  # six letters may have two
        (["wxyper"], "copper", (0, 0)),  # not three
        (["mug"], "", (0, 0)),
        (["mug", "red", "blue"], "red mog", (2, 1)),
        (["mog"], "mug mog", (1, 0)),  # the nearest counts
    ],
)
def test_a_word_is_found_in_spite_of_as_many_slips_as_its_length_allows(
    asked: list[str], text: str, found: tuple[int, int]
) -> None:
    assert nearness(asked, text) == found


def test_as_many_are_told_as_units_are_free_and_not_for_those_told_before() -> None:
    assert [to_tell(10, 3, 20), to_tell(10, 3, 5), to_tell(2, 3, 5), to_tell(0, 0, 5)] == [7, 5, 0, 0]


def test_an_option_is_a_choice_when_there_is_more_than_one_value_or_variant() -> None:
    red, blue = Piece("R", {"Colour": "Red"}), Piece("B", {"Colour": "Blue"})
    large = Piece("L", {"Colour": "Red", "Size": "L"})
    found = product_options([red, blue], red, frozenset({"B"}))
    assert [(c.name, [(v.text, v.sku, v.selected, v.gone) for v in c.values]) for c in found] == [
        ("Colour", [("Red", "R", True, False), ("Blue", "B", False, True)])
    ]
    assert [choice.name for choice in product_options([red, large], red, frozenset())] == ["Colour", "Size"]
    assert product_options([red], red, frozenset()) == ()


def test_of_two_variants_as_near_the_one_that_is_there_is_chosen() -> None:
    small, wide = Piece("S", {"Colour": "Red", "Size": "S"}), Piece("W", {"Colour": "Red", "Size": "W"})
    other = Piece("O", {"Colour": "Blue", "Size": "O"})
    (red, _blue) = product_options([small, wide, other], other, frozenset({"S"}))[0].values
    assert (red.sku, red.gone) == ("W", False)
    (red, _blue) = product_options([small, wide, other], wide, frozenset({"W"}))[0].values
    assert red.sku == "W", "the one that differs least, though it is gone"


def test_a_heading_ends_with_its_line_and_stands_alone() -> None:
    assert blocks("# A\n# B\ntext\n-no list\n- one\n\n- two") == [
        ("heading", ["A"]),
        ("heading", ["B"]),
        ("text", ["text", "-no list"]),
        ("list", ["one"]),
        ("list", ["two"]),
    ]
