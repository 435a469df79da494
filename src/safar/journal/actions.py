"""Writing and reading the journal."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any
from uuid import UUID
from weakref import WeakKeyDictionary

from psycopg import AsyncConnection, sql
from psycopg.rows import TupleRow

from safar.journal.model import Event, Recorded
from safar.kernel.database import Connection, as_json, rows, send, value
from safar.kernel.keyset import LAST_NUMBER
from safar.kernel.queries import queries_beside

QUERIES = queries_beside(__file__)
LINE_CLASS = 0x5AFA10
_gathering: WeakKeyDictionary[Connection, list[Event]] = WeakKeyDictionary()


async def append_many(connection: Connection, events: Sequence[Event]) -> None:
    """Write `events` in the caller's transaction, in order; they exist if and only if it commits.

    Call it last in a transaction: the line cannot move past these ids until the transaction ends.
    """
    if (gathered := _gathering.get(connection)) is not None:
        gathered += events
    elif events:
        records = as_json([_record(event) for event in events])
        send(connection, QUERIES["append"], {"classid": LINE_CLASS, "events": records})


@asynccontextmanager
async def events_last(connection: Connection) -> AsyncIterator[None]:
    """Keep the events that are appended in the block, and write all of them at its end, in one statement."""
    if connection in _gathering:
        yield
        return
    gathered = _gathering[connection] = []
    try:
        yield
    finally:
        del _gathering[connection]
    await append_many(connection, gathered)


def _record(event: Event) -> dict[str, Any]:
    record: dict[str, Any] = {"at": event.at, "name": event.name, "properties": event.properties}
    # What an event does not have is left out: the database reads a null as slowly as a value.
    if event.customer_id is not None:
        record["customer_id"] = event.customer_id
    if event.campaign_id is not None:
        record["campaign_id"] = event.campaign_id
    if event.staff_id is not None:
        record["staff_id"] = event.staff_id
    if event.subject_id is not None:
        record["subject_id"] = event.subject_id
    return record


async def record_many(connection: Connection, events: Sequence[Event]) -> list[None]:
    """Write events that accompany no other change, such as a page view; the plural verb for a batcher."""
    await append_many(connection, events)
    return [None] * len(events)


async def line(connection: Connection) -> int:
    """Return the line: every event up to this id is final."""
    return int(await value(connection, QUERIES["line"]))


async def listen(connection: AsyncConnection[TupleRow]) -> None:
    """LISTEN on this connection for moves of this schema's line; several shops may share a database."""
    ((channel,),) = await (await connection.execute(QUERIES["channel"])).fetchall()
    await connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))


async def read_events(
    connection: Connection, *, after: int, until: int, limit: int, names: Sequence[str] | None = None
) -> list[Recorded]:
    """Return events with after < id <= until, in order; pass an `until` that the line has reached."""
    params = {"after": after, "until": until, "limit": limit, "names": list(names) if names else None}
    return await rows(Recorded, connection, QUERIES["read"], params)


async def of_customer(
    connection: Connection, customer_ids: Sequence[UUID], *, before: int | None = None, limit: int = 50
) -> list[Recorded]:
    """Return a customer's events, newest first, those of holds left out; several ids for merged profiles."""
    params = {"customer_ids": list(customer_ids), "before": before or LAST_NUMBER, "limit": limit}
    return await rows(Recorded, connection, QUERIES["of_customer"], params)


async def of_staff(
    connection: Connection,
    *,
    before: int | None = None,
    limit: int = 50,
    who: UUID | None = None,
    area: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> list[Recorded]:
    """Return what staff did, newest first: the audit log.

    `area`: the object in the events' names, such as "order". `until` itself is left out.
    """
    params = {
        "before": before or LAST_NUMBER,
        "limit": limit,
        "who": who,
        "area": area,
        "since": since,
        "until": until,
    }
    return await rows(Recorded, connection, QUERIES["of_staff"], params)
