"""Which products a query means: by words, their stems and synonyms, else by words spelt nearly so."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson

from safar.catalogue.actions import patterns_of
from safar.journal.actions import append_many
from safar.journal.model import Event
from safar.kernel.database import Connection, execute, rows, send, transaction, values
from safar.kernel.queries import queries_beside
from safar.storefront.decide import SYNONYMS_MAX, meanings, nearness, words_of

QUERIES = queries_beside(__file__, "search.sql")

MATCHES_MAX = 500
WORDS_MAX = 8
_NEAR_MAX = 300
# So few are not all that somebody wants to see: others that come near are shown beside them.
_FEW = 4
_ALIKE_MAX = 8
_LETTERS_TO_GUESS_MIN, _LETTERS_BESIDE_MIN = 3, 4


@dataclass(frozen=True, slots=True)
class _Near:
    id: UUID
    letters: str
    asked: list[str]


@dataclass(frozen=True, slots=True)
class _Synonyms:
    words: list[str]


@dataclass(frozen=True, slots=True)
class Matches:
    """Products that a query means, the best first; `near`: others that have its words nearly as spelt."""

    ids: list[UUID]
    near: list[UUID]

    @property
    def best(self) -> list[UUID]:
        """What a query means, or else what comes near to it."""
        return self.ids or self.near


async def matching_products(connection: Connection, query: str, category: str | None = None) -> Matches:
    """Return the products that a query means, and what comes near where that is nothing or little."""
    words = words_of(query)[:WORDS_MAX]
    if not words:
        return Matches([], [])
    exact = await _exact(connection, query, words, category)
    letters = min(map(len, words)) if exact else max(map(len, words))
    if len(exact) >= _FEW or letters < (_LETTERS_BESIDE_MIN if exact else _LETTERS_TO_GUESS_MIN):
        return Matches(exact, [])
    near = await _near(connection, words, category, whole=bool(exact))
    others = [id_ for id_ in near if id_ not in exact]
    return Matches(exact, others[:_ALIKE_MAX] if exact else others)


async def _exact(
    connection: Connection, query: str, words: Sequence[str], category: str | None
) -> list[UUID]:
    """Return what has every word; where that is little, also what has them inside of others."""
    terms = meanings(words, await synonyms(connection))
    params: dict[str, Any] = {
        "category": category,
        "words": " ".join(words),
        "terms": orjson.dumps(terms).decode(),
        "limit": MATCHES_MAX,
    }
    whole: list[UUID] = await values(connection, QUERIES["matches"], params)
    if len(whole) >= _FEW:
        return whole
    patterns = patterns_of(query)
    params |= {"patterns": patterns, "longest": max(patterns, key=len)}
    inside = await values(connection, QUERIES["matches_inside"], params)
    return [*whole, *(id_ for id_ in inside if id_ not in whole)]


async def _near(
    connection: Connection, words: Sequence[str], category: str | None, *, whole: bool
) -> list[UUID]:
    """Return those that have the most of the words with the fewest slips: half of them, or all if `whole`."""
    async with transaction(connection):
        send(connection, QUERIES["look_far"])
        params = {"words": list(words), "category": category, "limit": _NEAR_MAX}
        candidates = await rows(_Near, connection, QUERIES["near_matches"], params)
    scored = [(nearness(candidate.asked, candidate.letters), candidate.id) for candidate in candidates]
    if whole:
        return [id_ for score, id_ in sorted(scored, key=lambda entry: entry[0][1]) if score[0] == len(words)]
    best = max((score for score, _id in scored), key=lambda score: (score[0], -score[1]), default=(0, 0))
    if best[0] * 2 < len(words):
        return []
    return [id_ for score, id_ in scored if score == best]


async def synonyms(connection: Connection) -> list[list[str]]:
    """Return the groups of words that mean the same, as they were typed."""
    return [group.words for group in await rows(_Synonyms, connection, QUERIES["synonyms"])]


async def save_synonyms(connection: Connection, groups: Sequence[Sequence[str]], *, staff_id: UUID) -> bool:
    """Set all groups of words that mean the same; False when they were so. Writes search_words.changed."""
    if [list(group) for group in groups] == await synonyms(connection):
        return False
    await execute(connection, QUERIES["forget_synonyms"])
    params = {"groups": orjson.dumps(groups[:SYNONYMS_MAX]).decode()}
    await execute(connection, QUERIES["save_synonyms"], params)
    event = Event(name="search_words.changed", staff_id=staff_id, properties={"count": len(groups)})
    await append_many(connection, [event])
    return True
