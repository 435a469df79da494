"""Subscribers: each event takes effect once, because the position moves with the effects."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

import psycopg

from safar.journal.actions import QUERIES, append_many, line, read_events
from safar.journal.model import Event, Recorded
from safar.kernel import clock
from safar.kernel.database import (
    Connection,
    Database,
    connection_lost,
    execute,
    row,
    rows,
    transaction,
    value,
)
from safar.kernel.errors import Overloaded
from safar.kernel.log import error_kind, error_origin, log

Take = Callable[[Connection, Sequence[Recorded]], Awaitable[None]]
_BATCH_MAX = 500
_TRIES_MAX = 3
_AGAIN_MAX = 50


@dataclass(frozen=True, slots=True)
class Failure:
    """An event that a subscriber could not take, and why: its effect has not happened.

    `event` is the event's name (None: its month has gone); `asked_at` when staff asked for another try.
    """

    subscriber: str
    event_id: int
    error: str
    failed_at: datetime
    tries: int
    asked_at: datetime | None
    event: str | None


class NotRegistered(RuntimeError):
    """A subscriber was run without having been registered at start-up: it would silently read nothing."""


@dataclass(frozen=True, slots=True)
class _Turn:
    position: int
    asked: bool


@dataclass(slots=True)
class Subscriber:
    """A named reader: `take` gets events of `names`, in order, in the transaction that moves its position.

    `events_max`: fewer at once where what strangers wrote is read.
    """

    name: str
    names: tuple[str, ...]
    take: Take
    events_max: int = _BATCH_MAX
    tries: int = field(default=0, init=False)

    async def step(self, database: Database) -> bool:
        """Take what is new, at most `events_max` events; return whether there is more."""
        try:
            more = await self._advance(database)
        except Exception as error:
            if _passes(error):
                raise
            self.tries += 1
            log.warning("subscriber.error", subscriber=self.name, tries=self.tries, error=error_kind(error))
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
                await self._taken(connection, event)

        async with database.transaction() as connection:
            return await self._advance_with(connection, take_each)

    async def _advance_with(self, connection: Connection, take: Take) -> bool:
        turn = await row(_Turn, connection, QUERIES["take_subscriber"], {"name": self.name})
        if turn is None:
            if not await value(connection, QUERIES["is_registered"], {"name": self.name}):
                raise NotRegistered(self.name)
            return False  # another worker has it at this moment
        if turn.asked:
            await self._take_again(connection)
        until = await line(connection)
        if until <= turn.position:
            return False
        events = await read_events(
            connection, after=turn.position, until=until, limit=self.events_max, names=self.names
        )
        full = len(events) == self.events_max
        if events:
            await take(connection, events)
        reached = events[-1].id if full else until
        await execute(connection, QUERIES["move_subscriber"], {"name": self.name, "position": reached})
        return full

    async def _take_again(self, connection: Connection) -> None:
        """Take events again that staff asked for; what fails once more waits to be asked for again."""
        params = {"subscriber": self.name, "limit": _AGAIN_MAX}
        for event in await rows(Recorded, connection, QUERIES["asked_again"], params):
            if await self._taken(connection, event):
                key = {"subscriber": self.name, "event_id": event.id}
                await execute(connection, QUERIES["end_failure"], key)

    async def _taken(self, connection: Connection, event: Recorded) -> bool:
        """Take one event in a savepoint of its own; one that fails is recorded."""
        try:
            async with transaction(connection):
                await self.take(connection, [event])
        except Exception as error:
            if _passes(error):
                raise
            await self._record_failure(connection, event, error)
            return False
        return True

    async def _record_failure(self, connection: Connection, event: Recorded, error: Exception) -> None:
        log.error("subscriber.event_failed", subscriber=self.name, event_id=event.id, error=error_kind(error))
        params = {
            "subscriber": self.name,
            "event_id": event.id,
            # What the database says of an error holds the values: nobody's data belongs here.
            "error": f"{error_kind(error)} {error_origin(error)}"[:1000],
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


async def ask_again(connection: Connection, subscriber: str, event_id: int, *, staff_id: UUID) -> bool:
    """Have the worker retry a failed event for its subscriber. False: there is no such failure."""
    params = {"subscriber": subscriber, "event_id": event_id, "at": clock.now()}
    return await _audited(connection, "failure.retried", QUERIES["ask_again"], params, staff_id)


async def dismiss(connection: Connection, subscriber: str, event_id: int, *, staff_id: UUID) -> bool:
    """Drop a failed event for good, without its effect. False: there is no such failure any more."""
    params = {"subscriber": subscriber, "event_id": event_id}
    return await _audited(connection, "failure.dismissed", QUERIES["end_failure"], params, staff_id)


async def _audited(
    connection: Connection, name: str, query: LiteralString, params: Mapping[str, Any], staff_id: UUID
) -> bool:
    if not await execute(connection, query, params):
        return False
    properties = {"reader": params["subscriber"], "event": params["event_id"]}
    await append_many(connection, [Event(name=name, staff_id=staff_id, properties=properties)])
    return True
