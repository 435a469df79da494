"""Subscribers: each event takes effect once, because the position moves with the effects."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import psycopg

from safar.journal.actions import QUERIES, line, read
from safar.journal.model import Recorded
from safar.kernel import clock
from safar.kernel.database import Connection, Database, connection_lost, execute, rows, value
from safar.kernel.errors import Overloaded
from safar.kernel.log import log

Take = Callable[[Connection, Sequence[Recorded]], Awaitable[None]]
_BATCH_MAX = 500
_TRIES_MAX = 3


@dataclass(frozen=True, slots=True)
class Failure:
    """An event that a subscriber could not take, and why: its effect has not happened."""

    subscriber: str
    event_id: int
    error: str
    failed_at: datetime


@dataclass(slots=True)
class Subscriber:
    """A named reader: `take` gets events of `names`, in order, in the transaction that moves its position."""

    name: str
    names: tuple[str, ...]
    take: Take
    tries: int = field(default=0, init=False)

    async def step(self, database: Database) -> bool:
        """Take what is new, at most 500 events; return whether there is more."""
        try:
            more = await self._advance(database)
        except Exception as error:
            if _passes(error):
                raise
            self.tries += 1
            log.warning("subscriber.error", subscriber=self.name, tries=self.tries, error=repr(error))
            if self.tries < _TRIES_MAX:
                raise
            self.tries = 0
            return await self._advance_one_by_one(database)
        self.tries = 0
        return more

    async def _advance(self, database: Database) -> bool:
        async with database.transaction() as connection:
            return await self._advance_with(connection, self.take)

    async def _advance_one_by_one(self, database: Database) -> bool:
        """Take each event in a savepoint of its own; those that fail are recorded, and the others happen."""

        async def take_each(connection: Connection, events: Sequence[Recorded]) -> None:
            for event in events:
                try:
                    async with connection.transaction():
                        await self.take(connection, [event])
                except Exception as error:
                    if _passes(error):
                        raise
                    await self._record_failure(connection, event, error)

        async with database.transaction() as connection:
            return await self._advance_with(connection, take_each)

    async def _advance_with(self, connection: Connection, take: Take) -> bool:
        position = await value(connection, QUERIES["take_subscriber"], {"name": self.name})
        if position is None:
            return False
        until = await line(connection)
        if until <= position:
            return False
        events = await read(connection, after=position, until=until, limit=_BATCH_MAX, names=self.names)
        full = len(events) == _BATCH_MAX
        if events:
            await take(connection, events)
        reached = events[-1].id if full else until
        await execute(connection, QUERIES["move_subscriber"], {"name": self.name, "position": reached})
        return full

    async def _record_failure(self, connection: Connection, event: Recorded, error: Exception) -> None:
        log.error("subscriber.event_failed", subscriber=self.name, event_id=event.id, error=repr(error))
        params = {
            "subscriber": self.name,
            "event_id": event.id,
            "error": repr(error)[:1000],
            "at": clock.now(),
        }
        await execute(connection, QUERIES["record_failure"], params)


def _passes(error: Exception) -> bool:
    """Tell an error of the moment, tried again for ever, from one that the event itself brings about.

    A statement that runs into its time limit is the event's: it would hold up all those behind it.
    """
    return connection_lost(error) or isinstance(
        error,
        Overloaded
        | psycopg.errors.LockNotAvailable
        | psycopg.errors.DeadlockDetected
        | psycopg.errors.SerializationFailure,
    )


async def register(connection: Connection, subscriber: Subscriber, *, from_start: bool = True) -> None:
    """Make the subscriber known; it begins at the journal's start, or at the line."""
    position = 0 if from_start else await line(connection)
    await execute(connection, QUERIES["register_subscriber"], {"name": subscriber.name, "position": position})


async def failures(connection: Connection, *, limit: int = 50) -> list[Failure]:
    """Return the events that subscribers could not take, the latest failure first."""
    return await rows(Failure, connection, QUERIES["failures"], {"limit": limit})
