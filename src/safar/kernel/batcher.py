"""Combine concurrent requests into one transaction.

A hot row takes 500 to 1,500 ordinary transactions a second, however many clients there are. Calls that
arrive while a batch is being committed wait for the next one and are committed together. A lone call is a
batch of one and waits for nobody.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Hashable, Sequence
from contextlib import nullcontext
from typing import Any, Generic, cast

import psycopg

from safar.kernel.calls import (
    BatchedCall,
    Lane,
    Outcome,
    Plural,
    Request,
    Unavailable,
    answer_all,
    key_of,
    refuse_all,
)
from safar.kernel.database import Database, connection_lost, no_room, transaction
from safar.kernel.errors import Busy, DeadlinePassed, Interrupted, Overloaded
from safar.kernel.log import log

# Below this many waiting calls the fixed cost of a transaction outweighs the callers' own work.
_SMALL = 24
_LOST_PAUSE_S = 0.25
_SETTLE_S_MAX = 20.0  # how long a commit whose outcome is unknown is pursued
_BATCH_BYTES_MAX = 8 * 1024 * 1024
_QUEUE_BYTES_MAX = 64 * 1024 * 1024
_GUILTY_MAX = 256
_PAST_LOCKS_S = 1.0  # how long locks of others are passed by once one was met
_BUSY_PAUSE_S = 0.05


class Batcher(Generic[Request, Outcome]):
    """Runs one plural verb for many callers, in order of arrival, one transaction a batch.

    * with many callers up to `lanes` batches are under way at a time: one is prepared while another is
      written. With more than one lane the order of arrival is only approximate;
    * every caller gets its own outcome, or its own error: what a verb refuses it returns; should it raise
      all the same, the batch is halved until the guilty request is alone with its error, and is asked alone
      from then on;
    * a call that needs a row which another transaction keeps locked waits alone, until `deadline_s`: after a
      quarter of a second the rest of its batch is committed without it;
    * at most `queue_max` calls wait, and 64 MB of what they bring (a request says its `size_bytes`); one more
      raises Overloaded at once;
    * a call that has waited longer than `deadline_s` is dropped before its batch begins, never after;
    * a cancelled caller does not disturb the others; its request is dropped if its batch has not begun;
    * when the connection is lost, the batch runs again on a new one: whether the lost commit happened is
      settled by the verb's idempotency. While the database stays away, calls that cannot have been written
      get Overloaded after `deadline_s`, the others Interrupted after 20 s.
    """

    def __init__(
        self,
        database: Database,
        verb: Plural[Request, Outcome],
        *,
        size_max: int = 1024,
        queue_max: int = 8192,
        deadline_s: float = 5.0,
        lanes: int = 1,
    ) -> None:
        self._database = database
        self._verb = verb
        self._only_reads = getattr(verb, "only_reads", False)
        self._size_max = size_max
        self._queue_max = queue_max
        self._deadline_s = deadline_s
        self._lanes_max = lanes
        self._waiting: deque[BatchedCall[Request, Outcome]] = deque()
        self._lanes: set[asyncio.Task[None]] = set()
        self._spare: list[Lane] = []  # of lanes that rest while another runs
        self._last_size = 0
        self._under_way = 0
        self._waiting_bytes = 0
        self._guilty: OrderedDict[Hashable, None] = OrderedDict()
        self._past_locks_until = 0.0  # loop time, seconds
        self._blocked: list[BatchedCall[Request, Outcome]] = []  # their rows are locked by others
        self._asking_again: asyncio.Task[None] | None = None
        self._later: set[asyncio.Task[None]] = set()
        self.batches = 0
        self.calls = 0

    async def submit(self, request: Request) -> Outcome:
        """Return the outcome of `request` once it is committed.

        Raises Overloaded (queue full), DeadlinePassed (dropped unwritten), or what the verb raised for it.
        """
        size_bytes: int = getattr(request, "size_bytes", 0)
        if len(self._waiting) >= self._queue_max or (
            self._waiting and self._waiting_bytes + size_bytes > _QUEUE_BYTES_MAX
        ):
            raise Overloaded
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Outcome] = loop.create_future()
        self._wait(BatchedCall(request, answer, loop.time() + self._deadline_s, size_bytes))
        return await answer

    def _wait(self, call: BatchedCall[Request, Outcome]) -> None:
        self._waiting.append(call)
        self._waiting_bytes += call.size_bytes
        if not self._lanes or (len(self._lanes) < self._lanes_now() and len(self._waiting) >= _SMALL):
            self._lanes.add(asyncio.get_running_loop().create_task(self._run()))

    def _lanes_now(self) -> int:
        """Return how many lanes may run: one while locks are passed by, as two would take each other's."""
        return 1 if asyncio.get_running_loop().time() < self._past_locks_until else self._lanes_max

    async def drained(self) -> None:
        """Return when nothing waits and nothing runs."""
        while running := self._lanes | self._later | ({self._asking_again} if self._asking_again else set()):
            await asyncio.wait(running)

    async def _run(self) -> None:
        lane = self._spare.pop() if self._spare else Lane(self._database)
        try:
            while self._waiting:
                if len(self._waiting) < _SMALL:
                    await asyncio.sleep(0)  # let the callers just answered ask again: one batch, not two
                if batch := self._next_batch():
                    await self._carry_out(batch, lane)
                if not self._waiting:
                    await asyncio.sleep(0)  # who asks again at once gets the same warm connection
                if len(self._lanes) > 1 and (len(self._waiting) < _SMALL or self._lanes_now() == 1):
                    break  # the other lane is enough
        finally:
            self._lanes.discard(cast("asyncio.Task[None]", asyncio.current_task()))
            self._spare.append(lane)
            if not self._lanes:
                resting, self._spare = self._spare, []
                for idle in resting:
                    await idle.return_connection()

    async def _carry_out(self, batch: list[BatchedCall[Request, Outcome]], lane: Lane) -> None:
        self._under_way += len(batch)
        try:
            await self._settle(batch, lane)
        finally:
            self._under_way -= len(batch)

    def _next_batch(self) -> list[BatchedCall[Request, Outcome]]:
        """Take the calls that are next, leaving out the cancelled and refusing the overdue."""
        batch: list[BatchedCall[Request, Outcome]] = []
        now = asyncio.get_running_loop().time()
        size = self._next_size()
        bytes_left = _BATCH_BYTES_MAX
        while self._waiting and len(batch) < size:
            call = self._waiting[0]
            guilty = bool(self._guilty) and key_of(call.request) in self._guilty
            if batch and (guilty or call.size_bytes > bytes_left):
                break
            self._waiting.popleft()
            self._waiting_bytes -= call.size_bytes
            bytes_left -= call.size_bytes
            if call.answer.done():
                continue
            if call.deadline < now and not call.maybe_written:
                refuse_all([call], DeadlinePassed)
                continue
            batch.append(call)
            if guilty:
                break
        return batch

    def _next_size(self) -> int:
        """Return how many calls to take: of many in circulation about half, a third with two lanes.

        The others are in the database meanwhile, or work on their answers and ask again; taking everything
        would let these wait for each other in turn.
        """
        circulating = len(self._waiting) + self._under_way + self._last_size
        return min(max(-(-circulating // (self._lanes_max + 1)), _SMALL), self._size_max)

    async def _settle(
        self, batch: list[BatchedCall[Request, Outcome]], lane: Lane, *, again: bool = False
    ) -> None:
        """Commit `batch`; on an error commit its halves, so that only the guilty request fails.

        `again`: the first try met a row that another transaction had just written; now it can be read.
        """
        try:
            outcomes = await self._commit(batch, lane, again=again)
        except Unavailable as error:
            refuse_all(batch, error.answer)
        except Busy as busy:
            await self._go_past(batch, busy, lane)
        except Exception as error:
            if isinstance(error, psycopg.errors.LockNotAvailable) and await self._met_a_lock(batch, lane):
                return
            if isinstance(error, psycopg.errors.UniqueViolation) and not again:
                await self._settle(batch, lane, again=True)
                return
            if len(batch) == 1:
                self._blame(batch[0], error)
                return
            middle = len(batch) // 2
            for half in (batch[:middle], batch[middle:]):
                if wanted := self._without_overdue(half):
                    await self._settle(wanted, lane)
        else:
            self.batches += 1
            self.calls += len(batch)
            self._last_size = len(batch)
            answer_all(batch, outcomes)

    def _blame(self, call: BatchedCall[Request, Outcome], error: Exception) -> None:
        """Give a call its error, and remember what it asked: the same again would cost the others as much."""
        self._guilty[key_of(call.request)] = None
        if len(self._guilty) > _GUILTY_MAX:
            self._guilty.popitem(last=False)
        if not call.answer.done():
            call.answer.set_exception(error)

    async def _met_a_lock(self, batch: list[BatchedCall[Request, Outcome]], lane: Lane) -> bool:
        """Deal with a batch that waited for another's lock; False: halve it, to find whose rows those are."""
        now = asyncio.get_running_loop().time()
        first = now >= self._past_locks_until and not lane.past_locks
        self._past_locks_until = now + _PAST_LOCKS_S
        if first and (wanted := self._without_overdue(batch)):
            await self._settle(wanted, lane)
            return True
        if len(batch) == 1:
            self._let_wait(batch)
            return True
        return first

    async def _go_past(self, batch: list[BatchedCall[Request, Outcome]], busy: Busy, lane: Lane) -> None:
        """Let the calls wait that need what others have locked, and commit the rest."""
        self._past_locks_until = asyncio.get_running_loop().time() + _PAST_LOCKS_S
        blocked = [call for call in batch if busy.concerns(call.request)]
        self._ask_later(blocked or batch)
        if blocked and len(blocked) < len(batch):
            await self._settle([call for call in batch if call not in blocked], lane)

    def _ask_later(self, calls: Sequence[BatchedCall[Request, Outcome]]) -> None:
        """Put calls in line again in a moment: they need accounts that others have locked."""

        async def later() -> None:
            await asyncio.sleep(_BUSY_PAUSE_S)
            for call in calls:
                self._wait(call)

        task = asyncio.get_running_loop().create_task(later())
        self._later.add(task)
        task.add_done_callback(self._later.discard)

    def _let_wait(self, calls: Sequence[BatchedCall[Request, Outcome]]) -> None:
        self._blocked += calls
        if self._asking_again is None:
            self._asking_again = asyncio.get_running_loop().create_task(self._ask_again())

    async def _ask_again(self) -> None:
        """Try calls whose rows others had locked, on a connection of their own, until their deadline."""
        lane = Lane(self._database, past_locks=True)
        try:
            while self._blocked:
                await asyncio.sleep(_BUSY_PAUSE_S)
                blocked, self._blocked = self._blocked, []
                if wanted := self._without_overdue(blocked):
                    await self._settle(wanted, lane)
        finally:
            self._asking_again = None
            await lane.return_connection()

    def _without_overdue(
        self, batch: list[BatchedCall[Request, Outcome]]
    ) -> list[BatchedCall[Request, Outcome]]:
        """Refuse the calls of a rolled-back batch whose time is up: each new try may wait for a lock."""
        now = asyncio.get_running_loop().time()
        overdue = [call for call in batch if call.deadline < now and not call.maybe_written]
        refuse_all(overdue, DeadlinePassed)
        return [call for call in batch if not call.answer.done()] if overdue else batch

    async def _commit(
        self, batch: list[BatchedCall[Request, Outcome]], lane: Lane, *, again: bool
    ) -> Sequence[Outcome]:
        """Run the verb in one transaction, again when the connection is lost.

        Raises Unavailable when the database stays away, or what the verb raised.
        """
        requests = [call.request for call in batch]
        unknown = any(call.maybe_written for call in batch)
        started = asyncio.get_running_loop().time()
        while True:
            connected = sent = False
            try:
                connection = await lane.connection()
                connection.past_locks = lane.past_locks or started < self._past_locks_until
                connection.runs_again = not again
                async with nullcontext() if self._only_reads else transaction(connection):
                    connected = True
                    try:
                        outcomes = await self._verb(connection, requests)
                    finally:
                        connection.past_locks = connection.runs_again = False
                    if len(outcomes) != len(requests):
                        raise RuntimeError(f"{len(requests)} requests got {len(outcomes)} outcomes")
                    sent = not self._only_reads
                return outcomes
            except Exception as error:
                if no_room(error):
                    raise Unavailable(Interrupted if unknown else Overloaded) from error
                if connected and not connection_lost(error):
                    raise
                if sent:
                    unknown = True
                    for call in batch:
                        call.maybe_written = True
                waited_s = asyncio.get_running_loop().time() - started
                if waited_s >= (_SETTLE_S_MAX if unknown else self._deadline_s):
                    raise Unavailable(Interrupted if unknown else Overloaded) from error
                log.warning("batch.connection_lost", waited_s=round(waited_s, 1), error=type(error).__name__)
                await lane.return_connection()
                await asyncio.sleep(_LOST_PAUSE_S)


class Batchers:
    """The batchers of one process: one for each plural verb, made when it is first used."""

    def __init__(self, database: Database, *, size_max: int, queue_max: int, deadline_s: float) -> None:
        self._database = database
        self._limits = {"size_max": size_max, "queue_max": queue_max}
        self._deadline_s = deadline_s
        self._by_verb: dict[Any, Batcher[Any, Any]] = {}

    def of(self, verb: Plural[Request, Outcome], *, lanes: int = 1) -> Batcher[Request, Outcome]:
        """Return the batcher of `verb`; pass the plural function itself, not a lambda.

        `lanes` counts only for the first caller; later ones get the batcher that is there.
        """
        batcher = self._by_verb.get(verb)
        if batcher is None:
            batcher = Batcher(self._database, verb, deadline_s=self._deadline_s, lanes=lanes, **self._limits)
            self._by_verb[verb] = batcher
        return batcher

    async def drained(self) -> None:
        for batcher in list(self._by_verb.values()):
            await batcher.drained()
