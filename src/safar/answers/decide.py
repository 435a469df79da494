"""What a message asks, without I/O: by the words it has, how much of it they explain, and what it names.

A rule finds an intent; the confidence is the share of the message's telling words (those that are not empty
like "the" or "please") that the rule's words and the named product explain. A message about something else
has words that nothing explains, so it goes to a person: a wrong answer costs more than a hand-over.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from safar.answers.catalogue import NOTHING, Catalogue, Named
from safar.answers.match import folded_words
from safar.answers.model import Intent, Understood
from safar.answers.words import EMPTY, EMPTY_PREFIXES, LEXICON

CONFIDENCE_MIN = 0.65
_ORDER_DIGITS = range(4, 12)
_TELLING_MAX = 20


@dataclass(frozen=True, slots=True)
class _Reading:
    """Where each concept's words are in a message."""

    words: list[str]
    places: dict[str, frozenset[int]]
    named: Named

    def has(self, *concepts: str) -> bool:
        return any(self.places[concept] for concept in concepts)

    def explained(self, concepts: Iterable[str], *, also: frozenset[int] = frozenset()) -> float:
        """Return the share of telling words that these concepts account for; 1 when none is telling."""
        known = also.union(*(self.places[concept] for concept in concepts))
        telling = {place for place, word in enumerate(self.words) if not is_empty(word)}
        return len(known & telling) / len(telling) if telling else 1.0


def understand(text: str, catalogue: Catalogue = NOTHING) -> Understood:
    """Return what a message wants. Below CONFIDENCE_MIN, or by two rules at once, it is for a person.

    So is a message of more telling words than questions to a shop have: nobody has to read it to know.
    """
    words = folded_words(text)
    if len({word for word in words if not is_empty(word)}) > _TELLING_MAX:
        return Understood(Intent.UNKNOWN, 0.0, "not_understood")
    reading = _read(words, catalogue)
    number = _order_number(reading)
    candidates = list(_candidates(reading, number))
    if not candidates:
        reason = "about_order" if reading.has("order") and reading.has("beyond") else "not_understood"
        return _understood(reading, Intent.UNKNOWN, 0.0, reason)
    ranked = sorted(candidates, key=lambda candidate: -candidate[1])
    intent, confidence = ranked[0]
    tied = len(ranked) > 1 and ranked[1][1] > confidence - 0.01
    if confidence < CONFIDENCE_MIN or tied:
        return _understood(reading, Intent.UNKNOWN, confidence, "unsure")
    return _understood(reading, intent, confidence, None)


def _understood(reading: _Reading, intent: Intent, confidence: float, reason: str | None) -> Understood:
    named = reading.named
    kind = None
    if named.mention is None and named.shared:
        kind = " ".join(reading.words[place] for place in sorted(named.shared))
    return Understood(
        intent, confidence, reason, named.mention, named.ambiguous, _order_number(reading), kind, named.titles
    )


def _read(words: list[str], catalogue: Catalogue) -> _Reading:
    """Find the concepts and the product; the words of a title ("birthday card") speak of the product only."""
    named = catalogue.named_in(words)
    places = LEXICON.places(words)
    if named.mention is not None or named.ambiguous:
        places = {concept: found - named.words for concept, found in places.items()}
    return _Reading(words, places, named)


def _candidates(reading: _Reading, number: int | None) -> Iterable[tuple[Intent, float]]:
    """Yield the intents whose rule holds; a call for a person leaves no other."""
    asks_hours = reading.has("open") and reading.has("place")
    calls = reading.has("certain_person") or (reading.has("person") and reading.has("talk"))
    if calls and not asks_hours:
        person = ("person", "certain_person", "talk", "greeting", "us", "place")
        yield Intent.HUMAN, max(reading.explained(person), CONFIDENCE_MIN)
        return
    beyond = reading.has("beyond")
    courtesy = ("greeting", "thanks")
    if not beyond and not reading.has("buying"):
        if reading.has("order") and (reading.has("status") or number is not None):
            share = _with_number(reading.explained(("order", "status", *courtesy)), reading, number)
            # "My parcel arrived empty": one word in three that nothing explains is what it is about.
            yield Intent.ORDER_STATUS, share if share == 1 else 0.9 * share
        yield from _hours(reading)
    asks_hours = reading.has("hours_phrase") or (reading.has("certain_hours") and reading.has("us", "place"))
    if not beyond and not asks_hours and not reading.has("order"):
        yield from _stock(reading, courtesy)
    if not reading.has("order", "status", "stock", "open", "beyond", "person", "buying"):
        yield from _courtesies(reading)


def _stock(reading: _Reading, courtesy: tuple[str, ...]) -> Iterable[tuple[Intent, float]]:
    """Whether something is there: words of stock, or "do you have" with goods, or with only "this".

    A yes is about the thing that was named: every telling word must be its title's or the question's. "Do you
    have it in blue", "in XL", "… for the garden" ask for something that no title here says.
    """
    concepts = ("stock", "have", "buying", "this", *courtesy)
    named = reading.named
    one = named.mention is not None or named.ambiguous
    goods = named.words if one else frozenset() if reading.has("this") else named.shared
    whole = reading.explained(concepts, also=goods) == 1
    this_only = reading.has("this") and not named.shared
    if not one and goods and not named.titles:
        whole = False  # words of several titles, and no title with all of them
    asks = reading.has("stock") or (reading.has("have") and (bool(goods) or this_only))
    if asks and whole:
        sure = named.mention.sure if named.mention is not None else 1.0
        yield Intent.IN_STOCK, max(sure, CONFIDENCE_MIN)
    elif asks:
        yield Intent.IN_STOCK, CONFIDENCE_MIN / 2


def _hours(reading: _Reading) -> Iterable[tuple[Intent, float]]:
    """Whose hours are asked must be clear: ours, not those of trains and theatres."""
    ours = reading.has("us", "place", "hours_phrase") or len(reading.words) <= 3
    if (reading.has("certain_hours") and ours) or (reading.has("open") and reading.has("place")):
        concepts = (
            "open",
            "certain_hours",
            "hours_phrase",
            "us",
            "place",
            "day",
            "talk",
            "person",
            "greeting",
            "thanks",
        )
        yield Intent.OPENING_HOURS, reading.explained(concepts)


def _courtesies(reading: _Reading) -> Iterable[tuple[Intent, float]]:
    for intent, concept in ((Intent.THANKS, "thanks"), (Intent.GREETING, "greeting")):
        if reading.has(concept):
            yield intent, reading.explained(("greeting", "thanks", "us", "place"))
            return


def _with_number(share: float, reading: _Reading, number: int | None) -> float:
    """A number that is the order's own is no unexplained word."""
    if number is None:
        return share
    telling = sum(not is_empty(word) for word in reading.words)
    return min(share + 1 / telling, 1.0) if telling else share


def _order_number(reading: _Reading) -> int | None:
    """Return the number of the order that a message speaks of, when it is one."""
    numbers = [word for word in reading.words if word.isdecimal() and len(word) in _ORDER_DIGITS]
    return int(numbers[0]) if len(numbers) == 1 and reading.has("order") else None


def is_empty(word: str) -> bool:
    """Tell whether a word says nothing about what is asked."""
    return word in EMPTY or word.startswith(EMPTY_PREFIXES)
