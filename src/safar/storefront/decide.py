"""Pure decisions of the storefront: what an option leads to, what a query means, whom to tell."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from safar.kernel.text import fold
from safar.storefront.model import ProductOption, Value

SYNONYMS_MAX = 200
PHRASE_MAX = 3
_PLURAL_FROM = 4
_SIGNS = str.maketrans(dict.fromkeys("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", " "))
_SLIPS_LONG_FROM = 6
_LETTERS_MIN = 3


class Optioned(Protocol):
    """A variant as the choice of options sees it."""

    @property
    def sku(self) -> str: ...
    @property
    def options(self) -> Mapping[str, str]: ...


def product_options(
    variants: Sequence[Optioned], selected: Optioned, gone: frozenset[str]
) -> tuple[ProductOption, ...]:
    """Return every option that tells the variants apart, in the order in which they bring them.

    A value leads to the variant that has it and else differs least from the selected one: of two, to one
    that is not `gone` (their SKUs). It is shown as gone when no variant with it is left.
    """
    names = list(dict.fromkeys(name for variant in variants for name in variant.options))
    options = []
    for name in names:
        values = list(dict.fromkeys(v.options[name] for v in variants if name in v.options))
        if len(values) > 1 or len(variants) > 1:
            options.append(
                ProductOption(name, tuple(_value(name, text, variants, selected, gone) for text in values))
            )
    return tuple(options)


def _value(
    name: str, text: str, variants: Sequence[Optioned], selected: Optioned, gone: frozenset[str]
) -> Value:
    having = [variant for variant in variants if variant.options.get(name) == text]

    def unlike(variant: Optioned) -> tuple[int, bool]:
        others = {*variant.options, *selected.options} - {name}
        differing = sum(variant.options.get(key) != selected.options.get(key) for key in others)
        return differing, variant.sku in gone

    nearest = min(having, key=unlike)
    return Value(
        text, nearest.sku, selected.options.get(name) == text, all(variant.sku in gone for variant in having)
    )


def words_of(text: str) -> list[str]:
    """Return the words of a text folded: what stands between its spaces and the signs of ASCII."""
    printable = "".join(character if character.isprintable() else " " for character in text)
    return fold(printable).translate(_SIGNS).split()


def meanings(words: Sequence[str], synonyms: Iterable[Sequence[str]]) -> list[list[list[str]]]:
    """Return what each part of a query may mean: the words themselves, or all that mean the same.

    A part is as many words as a synonym has, three at most, the longest first; an s at the end makes no
    difference.
    """
    groups: dict[tuple[str, ...], list[list[str]]] = {}
    for group in synonyms:
        phrases = [phrase for text in group if (phrase := words_of(text))]
        for phrase in phrases:
            others = groups.setdefault(_key(phrase), [])
            others += [other for other in phrases if other not in others]
    terms, place = [], 0
    while place < len(words):
        for length in range(min(PHRASE_MAX, len(words) - place), 0, -1):
            part = list(words[place : place + length])
            alike = groups.get(_key(part), [])
            if alike or length == 1:
                terms.append([part, *(other for other in alike if other != part)])
                place += length
                break
    return terms


def _key(phrase: Sequence[str]) -> tuple[str, ...]:
    return tuple(word[:-1] if word.endswith("s") and len(word) >= _PLURAL_FROM else word for word in phrase)


def nearness(asked: Sequence[str], text: str) -> tuple[int, int]:
    """Return how many of the words are in `text`, as a part of a word or misspelt, and the slips in all.

    Both in letters of one script. A word of fewer than six letters may have one slip (a letter too many, too
    few, another, or two exchanged), a longer one two; one of one or two letters none.
    """
    words = text.split()
    least_slips = [least for word in asked if (least := _least_slips(word, words)) is not None]
    return len(least_slips), sum(least_slips)


def _least_slips(word: str, others: Sequence[str]) -> int | None:
    """Return the slips between a word and the nearest of the others; None when there are too many."""
    if any(word in other for other in others):
        return 0
    if len(word) < _LETTERS_MIN:
        return None
    most = 1 if len(word) < _SLIPS_LONG_FROM else 2
    least = min((slips(word, other, most) for other in others), default=most + 1)
    return least if least <= most else None


def slips(one: str, other: str, most: int) -> int:
    """Return how many slips turn one word into the other (optimal string alignment), or more than `most`."""
    if abs(len(one) - len(other)) > most:
        return most + 1
    before: list[int] = []
    last = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        row = [i]
        for j, wanted in enumerate(other, 1):
            cost = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (letter != wanted))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == wanted:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        if min(row) > most:
            return most + 1
        before, last = last, row
    return last[-1]


def to_tell(free: int, mailed: int, waiting: int) -> int:
    """Return how many of those who wait can be told: as many as units are free.

    `mailed` had their mail lately and have not bought yet: a unit is still for each of them.
    """
    return max(min(free - mailed, waiting), 0)


def blocks(text: str) -> list[tuple[str, list[str]]]:
    """Return plain text as parts to show: ("heading" | "list" | "text", its lines).

    A line that begins with # is a heading; lines that begin with - are a list; an empty line ends a part.
    """
    parts: list[tuple[str, list[str]]] = []
    going_on = False
    for line in text.splitlines():
        stripped = line.strip()
        kind = "heading" if stripped.startswith("#") else "list" if stripped.startswith("- ") else "text"
        content = stripped.lstrip("#").strip() if kind == "heading" else stripped.removeprefix("- ")
        if not content:
            going_on = False
            continue
        if going_on and kind != "heading" and parts[-1][0] == kind:
            parts[-1][1].append(content)
        else:
            parts.append((kind, [content]))
        going_on = kind != "heading"
    return parts
