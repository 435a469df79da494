"""The live feed of one process: new events, handed to the streams that want them, with resume by id.

Streams are looked up by what they want (a visitor, kinds of events, everything), never asked one by one: an
event that nobody waits for wakes nobody, however many streams are open.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from uuid import UUID

import psycopg
from starlette.applications import Starlette

from safar.journal.actions import line, listen, read_events
from safar.journal.model import Recorded
from safar.kernel.database import Database
from safar.kernel.errors import SafarError
from safar.kernel.log import log

_QUEUE_MAX = 2000
_READ_MAX = 500
_POLL_S = 1.0  # the floor, should a notification be lost
_RECONNECT_S = 1.0


# What a stream wants: everything, a kind of event ("message" of "message.sent"), a visitor's id as the
# journal has it, or a campaign.
EVERYTHING = "*"
Topic = str | UUID


def kind_of(name: str) -> str:
    """Return the first word of an event's name."""
    return name.partition(".")[0]


class _Listener:
    """One open stream and what waits to be sent on it."""

    def __init__(self, topics: Sequence[Topic]) -> None:
        self.topics = topics
        self.waiting: deque[Recorded] = deque()
        self.news = asyncio.Event()
        self.over = False


class LiveFeed:
    """Reads the journal once for all streams of this process; `wake_ups` counts how often one was woken."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._position: int | None = None
        self._started = asyncio.Event()
        self._listeners: dict[Topic, set[_Listener]] = {}
        self.wake_ups = 0

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
            while self._position < until and self._listeners:
                events = await read_events(connection, after=self._position, until=until, limit=_READ_MAX)
                self._hand_out(events)
                self._position = events[-1].id if len(events) == _READ_MAX else until
            self._position = until

    def _hand_out(self, events: Sequence[Recorded]) -> None:
        """Give events to those who want them; each is woken once, however many are for it."""
        woken: set[_Listener] = set()
        slow: set[_Listener] = set()
        for event in events:
            for listener in self._wanting(event):
                if len(listener.waiting) >= _QUEUE_MAX:  # too slow: end its stream, it comes back and resumes
                    listener.waiting.clear()
                    listener.over = True
                    slow.add(listener)
                elif not listener.over:
                    listener.waiting.append(event)
                woken.add(listener)
        for listener in slow:
            self._forget(listener)
        for listener in woken:
            listener.news.set()
        self.wake_ups += len(woken)

    def _wanting(self, event: Recorded) -> Iterator[_Listener]:
        for topic in (EVERYTHING, kind_of(event.name), event.campaign_id, event.properties.get("visitor_id")):
            if topic is not None:
                yield from self._listeners.get(topic, ())

    async def events(
        self, after: int | None, topics: Sequence[Topic] = (EVERYTHING,)
    ) -> AsyncIterator[Recorded]:
        """Yield every event with id > `after` (None: from now on), in order, none twice, for ever.

        New events are filtered by `topics`; events that were missed before (a resume) come unfiltered.
        """
        # What happens between a reading of the past and the feed's own start would reach nobody.
        await self._started.wait()
        with self._listening(_Listener(topics)) as listener:
            seen = after
            if seen is not None:
                async for event in self._past(seen):
                    seen = event.id
                    yield event
            while not listener.over:
                await listener.news.wait()
                listener.news.clear()
                while listener.waiting:
                    event = listener.waiting.popleft()
                    if seen is None or event.id > seen:
                        seen = event.id
                        yield event

    @contextmanager
    def _listening(self, listener: _Listener) -> Iterator[_Listener]:
        for topic in listener.topics:
            self._listeners.setdefault(topic, set()).add(listener)
        try:
            yield listener
        finally:
            self._forget(listener)

    def _forget(self, listener: _Listener) -> None:
        for topic in listener.topics:
            others = self._listeners.get(topic)
            if others is not None:
                others.discard(listener)
                if not others:
                    del self._listeners[topic]

    @property
    def streams(self) -> int:
        """How many streams are open."""
        return len(set().union(*self._listeners.values()))

    async def _past(self, after: int) -> AsyncIterator[Recorded]:
        while True:
            async with self._database.connection() as connection:
                until = await line(connection)
                events = await read_events(connection, after=after, until=until, limit=_READ_MAX)
            for event in events:
                yield event
            if len(events) < _READ_MAX:
                return
            after = events[-1].id


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
