"""Words in a message: split, and recognised in spite of a typing error."""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from safar.kernel.text import fold

_WORD = re.compile(r"[\w\u0900-\u097f]+")
_APOSTROPHES = re.compile(r"[’'`´]")
_PERSIAN_PREFIXES = frozenset({"می", "نمی"})
_PERSIAN_SUFFIXES = frozenset({"ها", "های", "ام", "ای", "ایم", "اید", "اند"})
_WORDS_MAX = 80
_READINGS_MAX = 20_000

Phrase = tuple[str, ...]


def words_of(text: str) -> list[str]:
    """Return the folded words of a text, at most 80; Persian verbs written apart are joined."""
    found = _WORD.findall(_APOSTROPHES.sub("", fold(text[:2000])))[:_WORDS_MAX]
    joined: list[str] = []
    for word in found:
        if joined and (joined[-1] in _PERSIAN_PREFIXES or word in _PERSIAN_SUFFIXES):
            joined[-1] += word
        else:
            joined.append(word)
    return joined


def near(word: str, known: str) -> bool:
    """Tell whether `word` is `known`, give or take a typing error: one from five letters, two from ten.

    In Persian and Devanagari, where short words differ by one letter, one from six letters.
    """
    if word == known:
        return True
    if known.endswith("*"):
        return word.startswith(known[:-1])
    length = min(len(word), len(known))
    errors_max = 0 if length < (5 if known.isascii() else 6) else 1 if length < 10 else 2
    if not errors_max or abs(len(word) - len(known)) > errors_max or known.isdigit() or word.isdigit():
        return False
    return distance(word, known, errors_max) <= errors_max


def distance(one: str, other: str, limit: int) -> int:
    """Return how many letters to add, drop, change or swap with a neighbour; `limit` + 1 when more."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        earlier, before, row = before, row, [i]
        for j, target in enumerate(other, 1):
            cost = min(before[j] + 1, row[-1] + 1, before[j - 1] + (letter != target))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == target:
                cost = min(cost, earlier[j - 2] + 1)
            row.append(cost)
        if min(row) > limit:
            return limit + 1
    return row[-1]


class Lexicon:
    """Phrases by concept, found in messages in spite of typing errors."""

    def __init__(self, concepts: Mapping[str, Iterable[Phrase]]) -> None:
        self.concepts = tuple(concepts)
        self._by_first: dict[str, list[tuple[str, Phrase]]] = {}
        for concept, phrases in concepts.items():
            for phrase in phrases:
                self._by_first.setdefault(phrase[0], []).append((concept, phrase))
        self._vocabulary = {word for phrases in concepts.values() for phrase in phrases for word in phrase}
        self._readings = lru_cache(maxsize=_READINGS_MAX)(self._read)

    def _read(self, word: str) -> frozenset[str]:
        """Return the words of the lexicon that this may be."""
        if word in self._vocabulary:
            prefixes = {known for known in self._vocabulary if known.endswith("*") and near(word, known)}
            return frozenset({word} | prefixes)
        return frozenset(known for known in self._vocabulary if near(word, known))

    def places(self, words: Sequence[str]) -> dict[str, frozenset[int]]:
        """Return for each concept the places in the message of words that speak of it."""
        readings = [self._readings(word) for word in words]
        found: dict[str, set[int]] = {concept: set() for concept in self.concepts}
        for start, reading in enumerate(readings):
            for first in reading:
                for concept, phrase in self._by_first.get(first, ()):
                    end = start + len(phrase)
                    if end <= len(words) and all(map(_is_in, phrase[1:], readings[start + 1 : end])):
                        found[concept].update(range(start, end))
        return {concept: frozenset(places) for concept, places in found.items()}


def _is_in(word: str, reading: frozenset[str]) -> bool:
    return word in reading
