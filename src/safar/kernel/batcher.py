"""Combine concurrent requests into one transaction.

A hot row takes 500 to 1,500 ordinary transactions a second, however many clients there are. Calls that
arrive while a batch is being committed wait for the next one and are committed together. A lone call is a
batch of one and waits for nobody.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from safar.kernel.database import CONNECTION_LOST, Connection, Database
from safar.kernel.errors import DeadlinePassed, Overloaded
from safar.kernel.log import log

Request = TypeVar("Request")
Outcome = TypeVar("Outcome")

# A plural verb: writes all requests in the caller's transaction and returns one outcome for each, in order.
# Running it again with requests that were already committed must return the same outcomes (idempotency).
Plural = Callable[[Connection, Sequence[Request]], Awaitable[Sequence[Outcome]]]

_LOST_TRIES_MAX = 40
_LOST_PAUSE_S = 0.25


@dataclass(slots=True, eq=False)
class _Call(Generic[Request, Outcome]):
    request: Request
    answer: asyncio.Future[Outcome]
    deadline: float  # loop time, seconds


class Batcher(Generic[Request, Outcome]):
    """Runs one plural verb for many callers, in order of arrival, one transaction a batch.

    * every caller gets its own outcome, or its own error: a failing batch is halved until the guilty
      request is alone with its error;
    * at most `queue_max` calls wait; one more raises Overloaded at once;
    * a call that has waited longer than `deadline_s` is dropped before its batch begins, never after;
    * a cancelled caller does not disturb the others; its request is dropped if its batch has not begun;
    * when the connection is lost, the batch runs again on a new one: whether the lost commit happened is
      settled by the verb's idempotency.
    """

    def __init__(
        self,
        database: Database,
        verb: Plural[Request, Outcome],
        *,
        size_max: int = 1024,
        queue_max: int = 8192,
        deadline_s: float = 5.0,
    ) -> None:
        self._database = database
        self._verb = verb
        self._size_max = size_max
        self._queue_max = queue_max
        self._deadline_s = deadline_s
        self._waiting: deque[_Call[Request, Outcome]] = deque()
        self._running: asyncio.Task[None] | None = None
        self.batches = 0
        self.calls = 0

    async def submit(self, request: Request) -> Outcome:
        """Return the outcome of `request` once it is committed.

        Raises Overloaded (queue full), DeadlinePassed (dropped unwritten), or what the verb raised for it.
        """
        if len(self._waiting) >= self._queue_max:
            raise Overloaded
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Outcome] = loop.create_future()
        call = _Call(request, answer, loop.time() + self._deadline_s)
        self._waiting.append(call)
        if self._running is None:
            self._running = loop.create_task(self._run())
        return await answer

    async def drained(self) -> None:
        """Return when nothing waits and nothing runs."""
        while self._running is not None:
            await asyncio.wait({self._running})

    async def _run(self) -> None:
        try:
            while self._waiting:
                if batch := self._next_batch():
                    await self._settle(batch)
        finally:
            self._running = None

    def _next_batch(self) -> list[_Call[Request, Outcome]]:
        """Take the calls that are next, leaving out the cancelled and refusing the overdue."""
        batch: list[_Call[Request, Outcome]] = []
        now = asyncio.get_running_loop().time()
        while self._waiting and len(batch) < self._size_max:
            call = self._waiting.popleft()
            if call.answer.done():
                continue
            if call.deadline < now:
                call.answer.set_exception(DeadlinePassed())
                continue
            batch.append(call)
        return batch

    async def _settle(self, batch: list[_Call[Request, Outcome]]) -> None:
        """Commit `batch`; on an error commit its halves, so that only the guilty request fails."""
        try:
            outcomes = await self._commit([call.request for call in batch])
        except Exception as error:
            if len(batch) == 1:
                if not batch[0].answer.done():
                    batch[0].answer.set_exception(error)
                return
            middle = len(batch) // 2
            await self._settle(batch[:middle])
            await self._settle(batch[middle:])
            return
        self.batches += 1
        self.calls += len(batch)
        for call, outcome in zip(batch, outcomes, strict=True):
            if not call.answer.done():
                call.answer.set_result(outcome)

    async def _commit(self, requests: list[Request]) -> Sequence[Outcome]:
        for attempt in range(1, _LOST_TRIES_MAX + 1):
            try:
                async with self._database.transaction() as connection:
                    outcomes = await self._verb(connection, requests)
                    if len(outcomes) != len(requests):
                        raise RuntimeError(f"{len(requests)} requests got {len(outcomes)} outcomes")
                return outcomes
            except CONNECTION_LOST as error:
                if not _is_lost(error) or attempt == _LOST_TRIES_MAX:
                    raise
                log.warning("batch.connection_lost", attempt=attempt, error=type(error).__name__)
                await asyncio.sleep(_LOST_PAUSE_S)
        raise AssertionError("unreachable")


def _is_lost(error: Exception) -> bool:
    """Tell a lost connection from an error the server answered with (a lock time-out, say)."""
    state: Any = getattr(error, "sqlstate", None)
    return state is None or str(state).startswith(("08", "57P"))


class Batchers:
    """The batchers of one process: one for each plural verb, made when it is first used."""

    def __init__(self, database: Database, *, size_max: int, queue_max: int, deadline_s: float) -> None:
        self._database = database
        self._limits = {"size_max": size_max, "queue_max": queue_max}
        self._deadline_s = deadline_s
        self._by_verb: dict[Any, Batcher[Any, Any]] = {}

    def of(self, verb: Plural[Request, Outcome]) -> Batcher[Request, Outcome]:
        """Return the batcher of `verb`; pass the plural function itself, not a lambda."""
        batcher = self._by_verb.get(verb)
        if batcher is None:
            batcher = Batcher(self._database, verb, deadline_s=self._deadline_s, **self._limits)
            self._by_verb[verb] = batcher
        return batcher

    async def drained(self) -> None:
        for batcher in list(self._by_verb.values()):
            await batcher.drained()
