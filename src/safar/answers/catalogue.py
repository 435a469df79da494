"""Which product a message names: its title's words, the rarer the weightier, or its SKU."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from safar.answers.match import Spellings, folded_words
from safar.answers.model import Mention
from safar.answers.words import EMPTY

_NAMED_MIN = 0.55  # the share of a title, by weight, that must be named
_CLEARLY_BETTER = 1.12
_WORD_LETTERS_MIN = 3


@dataclass(frozen=True, slots=True)
class Named:
    """The product that a message names, if it is one; `words` are those that name it.

    `shared`: every word that is in some title, and `titles`, how many titles have them all.
    """

    mention: Mention | None
    ambiguous: bool
    words: frozenset[int]
    shared: frozenset[int] = frozenset()
    titles: int = 0


class Catalogue:
    """Titles and SKUs of what we sell, made for finding them in messages; built once, used by many."""

    def __init__(self, products: Iterable[tuple[UUID, str, str]]) -> None:
        """Take (variant id, SKU, title) of every variant."""
        self._titles: dict[UUID, frozenset[str]] = {}
        self._small: dict[UUID, frozenset[str]] = {}  # words of a title that do not tell it from others
        self._skus: dict[str, UUID] = {}
        self._of_word: dict[str, list[UUID]] = defaultdict(list)
        for variant_id, sku, title in products:
            spoken = frozenset(map(_stem, folded_words(title)))
            title_words = frozenset(word for word in spoken if _tells(word))
            self._small[variant_id] = spoken - title_words
            self._titles[variant_id] = title_words
            self._skus[" ".join(folded_words(sku))] = variant_id
            for word in title_words:
                self._of_word[word].append(variant_id)
        total = max(len(self._titles), 1)
        counts = Counter(word for title in self._titles.values() for word in title)
        self._weights = {word: math.log(1 + total / count) for word, count in counts.items()}
        self._spellings = Spellings(self._weights)

    def named_in(self, words: Sequence[str]) -> Named:
        """Return the product whose title or SKU these words contain."""
        for place, word in enumerate(words):
            if word in self._skus and any(letter.isdigit() for letter in word):
                return Named(Mention(self._skus[word], 1.0), False, frozenset({place}))
        places = {place: known for place, word in enumerate(words) if (known := self._known(_stem(word)))}
        found = frozenset(places.values())
        scores = {
            variant_id: self._share(self._titles[variant_id], found)
            for word in found
            for variant_id in self._of_word[word]
        }
        if not scores:
            return Named(None, False, frozenset())
        shared, all_in = frozenset(places), sum(found <= self._titles[variant_id] for variant_id in scores)
        ranked = sorted(scores.items(), key=lambda item: -item[1])
        best, share = ranked[0]
        title = self._titles[best]
        used = frozenset(place for place, known in places.items() if known in title)
        used |= {place for place, word in enumerate(words) if _stem(word) in self._small[best]}
        if share < _NAMED_MIN:
            used = used if share > _NAMED_MIN / 2 else frozenset()
            return Named(None, False, used, shared, all_in)
        alike = len(ranked) > 1 and share < ranked[1][1] * _CLEARLY_BETTER
        return Named(None if alike else Mention(best, share), alike, used, shared, all_in)

    def _share(self, title: frozenset[str], found: frozenset[str]) -> float:
        whole = sum(self._weights[word] for word in title)
        return sum(self._weights[word] for word in title & found) / whole if whole else 0.0

    def _known(self, word: str) -> str | None:
        """Return the title word that this is, give or take a typing error."""
        if word in self._weights:
            return word
        if not _tells(word):
            return None
        return next((known for known in self._spellings.near(word) if known[0] == word[0]), None)


def _stem(word: str) -> str:
    """Return an English word without its plural s: titles and customers use either."""
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def _tells(word: str) -> bool:
    return (len(word) >= _WORD_LETTERS_MIN or word.isdigit()) and word not in EMPTY


NOTHING = Catalogue(())
