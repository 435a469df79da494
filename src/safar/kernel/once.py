"""Idempotency keys of writes that no other id stands for: the same key is answered the same again."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, LiteralString
from uuid import UUID

import orjson

from safar.kernel import clock
from safar.kernel.database import Connection, as_array, as_json, execute, rows, send, tuples
from safar.kernel.errors import SameKeyOtherBody
from safar.kernel.queries import queries_beside

QUERIES = queries_beside(__file__)
_KEPT = timedelta(hours=48)


@dataclass(frozen=True, slots=True)
class Asked:
    """A write that is asked for under `key`; `body` is everything that makes it this write (JSON-able)."""

    key: UUID
    body: object

    @property
    def fingerprint(self) -> bytes:
        return hashlib.sha256(orjson.dumps(self.body, option=orjson.OPT_SORT_KEYS, default=str)).digest()


@dataclass(frozen=True, slots=True)
class Fresh:
    """Nobody has used this key: do it, then `keep_many` the answer in the same transaction."""

    key: UUID


@dataclass(frozen=True, slots=True)
class Known:
    """It was done before: answer this again."""

    key: UUID
    answer: Any


@dataclass(frozen=True, slots=True)
class Reused:
    """The key was used before for another body: nothing is done."""

    key: UUID


@dataclass(frozen=True, slots=True)
class _UsedKey:
    key: UUID
    fingerprint: bytes
    answer: Any


async def known_many(connection: Connection, asked: Sequence[Asked]) -> list[Fresh | Known | Reused]:
    """Return, in order, what is known under each key; the caller sees to it that a batch has each key once.

    No key is locked. Of two transactions that do the same key at once, the second fails in `keep_many` with
    a UniqueViolation, and a batcher runs it again; what runs outside a batcher asks with `known_alone`.
    """
    keys = as_array(request.key for request in asked)
    used = {key.key: key for key in await rows(_UsedKey, connection, QUERIES["used_keys"], {"keys": keys})}
    return [
        _again(request, used[request.key]) if request.key in used else Fresh(request.key) for request in asked
    ]


async def known_alone(connection: Connection, asked: Asked) -> Fresh | Known:
    """Return what is known under one key; another transaction that asks for it waits until this one ends.

    Raises SameKeyOtherBody.
    """
    await execute(connection, QUERIES["lock_key"], {"key": asked.key})
    (outcome,) = await known_many(connection, [asked])
    if isinstance(outcome, Reused):
        raise SameKeyOtherBody
    return outcome


def keep_many(connection: Connection, answers: Iterable[tuple[Asked, object]]) -> None:
    """Write fresh keys, each with what is answered under it (JSON-able); goes with the next statement."""
    records = [
        {"key": asked.key, "fingerprint": asked.fingerprint.hex(), "answer": answer}
        for asked, answer in answers
    ]
    if records:
        send(connection, QUERIES["keep_keys"], {"keys": as_json(records), "now": clock.now()})


def _again(asked: Asked, used: _UsedKey) -> Known | Reused:
    return Known(asked.key, used.answer) if used.fingerprint == asked.fingerprint else Reused(asked.key)


async def forget_old_keys(connection: Connection, *, limit: int = 5000) -> bool:
    """Forget keys two days after they were used; return whether there may be more."""
    params = {"before": clock.now() - _KEPT, "limit": limit}
    return await execute(connection, QUERIES["forget_keys"], params) == limit


async def check_same(connection: Connection, query: LiteralString, asked: Iterable[Asked]) -> set[UUID]:
    """Return which ids were used before. Raises SameKeyOtherBody when one stands for something else.

    `query` asks for the fingerprints that were written, by id. The caller has locked what they belong to.
    """
    requests = list(asked)
    pairs = await tuples(connection, query, {"ids": [request.key for request in requests]})
    written = {id_: bytes(fingerprint) for id_, fingerprint in pairs}
    first = dict(written)
    for request in requests:
        if first.setdefault(request.key, request.fingerprint) != request.fingerprint:
            raise SameKeyOtherBody
    return set(written)
