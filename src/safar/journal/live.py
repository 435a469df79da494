"""The live feed of one process: new events, fanned out to every open stream, with resume by id."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import psycopg
from starlette.applications import Starlette

from safar.journal.actions import line, listen, read
from safar.journal.model import Recorded
from safar.kernel.database import Database
from safar.kernel.errors import SafarError
from safar.kernel.log import log

_QUEUE_MAX = 2000
_READ_MAX = 500
_POLL_S = 1.0  # the floor, should a notification be lost
_RECONNECT_S = 1.0


class LiveFeed:
    """Reads the journal once for all streams of this process."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._position: int | None = None
        self._started = asyncio.Event()
        self._queues: set[asyncio.Queue[Recorded | None]] = set()

    async def run(self) -> None:
        """Follow the line for ever: woken by its notification, at the latest every second."""
        while True:
            try:
                await self._follow()
            except (psycopg.Error, OSError, SafarError) as error:  # SafarError: no connection became free
                log.warning("live.reconnect", error=type(error).__name__)
                await asyncio.sleep(_RECONNECT_S)

    async def _follow(self) -> None:
        async with await psycopg.AsyncConnection.connect(
            self._database.url, autocommit=True, connect_timeout=5
        ) as listener:
            await listen(listener)
            while True:
                await self._catch_up()
                async for _notice in listener.notifies(timeout=_POLL_S, stop_after=1):
                    pass

    async def _catch_up(self) -> None:
        async with self._database.connection() as connection:
            until = await line(connection)
            if self._position is None:
                self._position = until
                self._started.set()
            while self._position < until and self._queues:
                events = await read(connection, after=self._position, until=until, limit=_READ_MAX)
                for event in events:
                    self._hand_out(event)
                self._position = events[-1].id if len(events) == _READ_MAX else until
            self._position = until

    def _hand_out(self, event: Recorded) -> None:
        for queue in list(self._queues):
            if queue.qsize() >= _QUEUE_MAX:  # too slow: end its stream, it will come back and resume
                self._queues.discard(queue)
                _end(queue)
            else:
                queue.put_nowait(event)

    async def events(self, after: int | None) -> AsyncIterator[Recorded]:
        """Yield every event with id > `after` (None: from now on), in order, none twice, for ever."""
        # What happens between a reading of the past and the feed's own start would reach nobody.
        await self._started.wait()
        queue: asyncio.Queue[Recorded | None] = asyncio.Queue()
        self._queues.add(queue)
        try:
            seen = after
            if seen is not None:
                async for event in self._past(seen):
                    seen = event.id
                    yield event
            while (following := await queue.get()) is not None:
                if seen is None or following.id > seen:
                    yield following
        finally:
            self._queues.discard(queue)

    async def _past(self, after: int) -> AsyncIterator[Recorded]:
        while True:
            async with self._database.connection() as connection:
                until = await line(connection)
                events = await read(connection, after=after, until=until, limit=_READ_MAX)
            for event in events:
                yield event
            if len(events) < _READ_MAX:
                return
            after = events[-1].id


def _end(queue: asyncio.Queue[Recorded | None]) -> None:
    while not queue.empty():
        queue.get_nowait()
    queue.put_nowait(None)


def with_live_feed(database: Database) -> Callable[[Starlette], AbstractAsyncContextManager[None]]:
    """Return a lifespan that keeps a feed at `app.state.live` while the application runs."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        app.state.live = LiveFeed(database)
        following = asyncio.create_task(app.state.live.run())
        try:
            yield
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)

    return lifespan
