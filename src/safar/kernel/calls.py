"""What a batcher works with: calls that wait for their answer, and the connection of a lane."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from safar.kernel.database import Connection, Database
from safar.kernel.errors import Interrupted, Overloaded, SafarError

Request = TypeVar("Request")
Outcome = TypeVar("Outcome")

# A plural verb: writes all requests in the caller's transaction and returns one outcome for each, in order.
# A request that is wrong gets `refusals.refused(error)` as its outcome; the others are written.
# Running it again with requests that were already committed must return the same outcomes (idempotency).
Plural = Callable[[Connection, Sequence[Request]], Awaitable[Sequence[Outcome]]]

Verb = TypeVar("Verb", bound=Callable[..., Any])


def reading(verb: Verb) -> Verb:
    """Mark a plural verb that only reads: its batches need no transaction."""
    verb.only_reads = True  # type: ignore[attr-defined]  # a mark on a function
    return verb


@dataclass(slots=True, eq=False)
class BatchedCall(Generic[Request, Outcome]):
    """A request that waits for its outcome."""

    request: Request
    answer: asyncio.Future[Outcome]
    deadline: float  # loop time, seconds
    size_bytes: int = 0
    maybe_written: bool = False  # its commit was sent and no answer came


class Unavailable(Exception):
    """The database cannot be reached. No request is to blame, so the batch is not halved and tried again."""

    def __init__(self, answer: type[Overloaded | Interrupted]) -> None:
        self.answer = answer


class Lane:
    """The connection on which batches follow each other: its statements are prepared."""

    def __init__(self, database: Database, *, past_locks: bool = False) -> None:
        self._database = database
        self.past_locks = past_locks
        self._lent = AsyncExitStack()
        self._connection: Connection | None = None

    async def connection(self) -> Connection:
        if self._connection is None:
            self._connection = await self._lent.enter_async_context(self._database.connection())
            await self._database.be_hurried(self._connection)
        return self._connection

    async def return_connection(self) -> None:
        self._connection = None
        await self._lent.aclose()


def key_of(request: object) -> Hashable:
    """Return what identifies a request in sets and dicts: itself, or its repr when it is not hashable."""
    try:
        hash(request)
    except TypeError:
        return repr(request)
    return request


def answer_all(batch: Sequence[BatchedCall[Any, Any]], outcomes: Sequence[Any]) -> None:
    """Resolve each call with its outcome; an outcome that is a SafarError is raised in its caller."""
    for call, outcome in zip(batch, outcomes, strict=True):
        if call.answer.done():
            continue
        if isinstance(outcome, SafarError):
            call.answer.set_exception(outcome)
        else:
            call.answer.set_result(outcome)


def refuse_all(batch: Sequence[BatchedCall[Any, Any]], kind: type[SafarError]) -> None:
    """Raise an error of this kind in every caller of the batch that still waits."""
    for call in batch:
        if not call.answer.done():
            call.answer.set_exception(kind())
