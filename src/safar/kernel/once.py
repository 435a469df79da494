"""Idempotency keys of writes that no other id stands for: the same key is answered the same again."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, LiteralString
from uuid import UUID

import orjson

from safar.kernel import clock
from safar.kernel.database import Connection, as_array, as_json, execute, rows, send, tuples, values
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
    """Nobody asked under this key before: do it, then `keep_many` the answer in the same transaction."""

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
class _Kept:
    key: UUID
    fingerprint: bytes
    answer: Any


async def ask_many(connection: Connection, asked: Sequence[Asked]) -> list[Fresh | Known | Reused]:
    """Take keys for this transaction, in order; one that another transaction is using waits for its end.

    Within one call the first of two with the same key is Fresh; the caller sees to it that a batch has
    each key once.
    """
    records = [{"key": one.key, "fingerprint": one.fingerprint.hex()} for one in asked]
    params = {"keys": as_json(records), "now": clock.now()}
    taken = set(await values(connection, QUERIES["take_keys"], params))
    others = [one for one in asked if one.key not in taken]
    kept: dict[UUID, _Kept] = {}
    if others:
        params = {"keys": as_array(one.key for one in others)}
        written = await rows(_Kept, connection, QUERIES["kept"], params)
        kept = {one.key: one for one in written}
    return [Fresh(one.key) if one.key in taken else _again(one, kept[one.key]) for one in asked]


async def known_many(connection: Connection, asked: Sequence[Asked]) -> list[Fresh | Known | Reused]:
    """Tell what is known under these keys, without taking them; for a verb of a batcher, with `keep_fresh`.

    Two that do the same key at once: the second meets the first one's row when it commits, and is run again.
    """
    found = await rows(_Kept, connection, QUERIES["kept"], {"keys": as_array(one.key for one in asked)})
    kept = {one.key: one for one in found}
    return [_again(one, kept[one.key]) if one.key in kept else Fresh(one.key) for one in asked]


def keep_fresh(connection: Connection, answers: Iterable[tuple[Asked, object]]) -> None:
    """Write keys that were not known, with what is answered under them."""
    records = [{"key": a.key, "fingerprint": a.fingerprint.hex(), "answer": answer} for a, answer in answers]
    if records:
        send(connection, QUERIES["keep_fresh"], {"keys": as_json(records), "now": clock.now()})


async def ask_one(connection: Connection, asked: Asked) -> Fresh | Known:
    """As `ask_many`, for one. Raises SameKeyOtherBody."""
    (outcome,) = await ask_many(connection, [asked])
    if isinstance(outcome, Reused):
        raise SameKeyOtherBody
    return outcome


def _again(asked: Asked, kept: _Kept) -> Known | Reused:
    return Known(asked.key, kept.answer) if kept.fingerprint == asked.fingerprint else Reused(asked.key)


async def keep_many(connection: Connection, answers: Sequence[tuple[UUID, object]]) -> None:
    """Keep what was answered under fresh keys, for whoever asks again."""
    records = [{"key": key, "answer": answer} for key, answer in answers]
    await execute(connection, QUERIES["keep_answers"], {"answers": as_json(records)})


async def forget_old_keys(connection: Connection, *, limit: int = 5000) -> bool:
    """Forget keys two days after they were used; return whether there may be more."""
    params = {"before": clock.now() - _KEPT, "limit": limit}
    return await execute(connection, QUERIES["forget_keys"], params) == limit


async def check_same(connection: Connection, query: LiteralString, asked: Iterable[Asked]) -> set[UUID]:
    """Return which ids were used before. Raises SameKeyOtherBody when one stands for something else.

    `query` asks for the fingerprints that were written, by id. The caller has locked what they belong to.
    """
    requests = list(asked)
    found = await tuples(connection, query, {"ids": [request.key for request in requests]})
    written = {id_: bytes(fingerprint) for id_, fingerprint in found}
    first = dict(written)
    for request in requests:
        if first.setdefault(request.key, request.fingerprint) != request.fingerprint:
            raise SameKeyOtherBody
    return set(written)
