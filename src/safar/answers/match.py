"""Words in a message: split, and recognised in spite of a typing error."""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from rapidfuzz import process
from rapidfuzz.distance import OSA

from safar.kernel.text import fold

_WORD = re.compile(r"[\w\u0900-\u097f]+")
_APOSTROPHES = re.compile(r"[’'`´]")
_PERSIAN_PREFIXES = frozenset({"می", "نمی"})
_PERSIAN_SUFFIXES = frozenset({"ها", "های", "ام", "ای", "ایم", "اید", "اند"})
_WORDS_MAX = 80
_READINGS_MAX = 20_000
_LETTERS_MAX = 40
_ERRORS_MAX = 2

Phrase = tuple[str, ...]


def folded_words(text: str) -> list[str]:
    """Return the folded words of a text, at most 80; Persian verbs written apart are joined."""
    found = _WORD.findall(_APOSTROPHES.sub("", fold(text[:2000])))[:_WORDS_MAX]
    joined: list[str] = []
    for word in found:
        if joined and (joined[-1] in _PERSIAN_PREFIXES or word in _PERSIAN_SUFFIXES):
            joined[-1] += word
        else:
            joined.append(word)
    return joined


def errors_max(word: str, known: str) -> int:
    """Return how many typing errors are forgiven: one from five letters, two from ten.

    In Persian and Devanagari, where short words differ by one letter, one from six letters.
    """
    if word.isdigit() or known.isdigit():
        return 0
    length = min(len(word), len(known))
    return 0 if length < (5 if known.isascii() else 6) else 1 if length < 10 else 2


class Spellings:
    """Known words, found by how they are spelt or misspelt. "track*" stands for every word that begins so.

    Kept by their length, so that a word is held against those only that could be meant (two letters more or
    less), by a library that does it in microseconds; words of more than _LETTERS_MAX letters are nobody's.
    """

    def __init__(self, words: Iterable[str]) -> None:
        self._by_length: dict[int, list[str]] = {}
        self._whole: set[str] = set()
        self._beginnings: set[str] = set()
        for word in words:
            if word.endswith("*"):
                self._beginnings.add(word[:-1])
            elif word not in self._whole:
                self._whole.add(word)
                self._by_length.setdefault(len(word), []).append(word)

    def __contains__(self, word: str) -> bool:
        return word in self._whole

    def like(self, word: str) -> list[str]:
        """Return the known words that this may be: itself, those that it begins with, and near ones."""
        begun = [
            f"{word[:end]}*"
            for end in range(1, min(len(word), _LETTERS_MAX) + 1)
            if word[:end] in self._beginnings
        ]
        return begun + ([word] if word in self._whole else self.near(word))

    def near(self, word: str) -> list[str]:
        """Return the known words that are this one give or take typing errors, the nearest first."""
        if len(word) > _LETTERS_MAX:
            return []
        found: list[tuple[float, str]] = []
        for length in range(len(word) - _ERRORS_MAX, len(word) + _ERRORS_MAX + 1):
            known = self._by_length.get(length, ())
            close = process.extract(word, known, scorer=OSA.distance, score_cutoff=_ERRORS_MAX, limit=None)
            found += [(errors, text) for text, errors, _at in close if errors <= errors_max(word, text)]
        return [text for _errors, text in sorted(found)]


class Lexicon:
    """Phrases by concept, found in messages in spite of typing errors."""

    def __init__(self, concepts: Mapping[str, Iterable[Phrase]]) -> None:
        self.concepts = tuple(concepts)
        self._by_first: dict[str, list[tuple[str, Phrase]]] = {}
        for concept, phrases in concepts.items():
            for phrase in phrases:
                self._by_first.setdefault(phrase[0], []).append((concept, phrase))
        self._spellings = Spellings(
            word for phrases in concepts.values() for phrase in phrases for word in phrase
        )
        self._readings = lru_cache(maxsize=_READINGS_MAX)(self._read)

    def _read(self, word: str) -> frozenset[str]:
        """Return the words of the lexicon that this may be."""
        return frozenset(self._spellings.like(word))

    def __contains__(self, word: str) -> bool:
        return word in self._spellings

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
