"""Monthly partitions, made ahead, so that old months can be moved away whole."""

import re
from datetime import date
from itertools import pairwise
from pathlib import Path

from psycopg import sql

from safar.journal.archive import write_month
from safar.kernel import clock
from safar.kernel.database import Connection, Database, execute, value, values
from safar.kernel.log import log

_MONTHS_AHEAD = 3
_MONTH = re.compile(r"journal_events_\d{4}_\d{2}")
_MAKER_CLASS = 0x5AFA12
_TAKE_OVER = sql.SQL(
    "WITH moved AS (DELETE FROM journal_events_other WHERE at >= %(start)s AND at < %(end)s RETURNING *)"
    " INSERT INTO {month} SELECT * FROM moved"
)

# In the shop's own schema: `to_regclass` would find another shop's table further along the search path.
_IS_THERE = """SELECT EXISTS (
    SELECT FROM pg_class WHERE relname = %(name)s AND relnamespace = current_schema()::regnamespace
)"""

_ALL_READ = """SELECT
    (SELECT coalesce(max(id), 0) FROM journal_events WHERE at >= %(start)s AND at < %(end)s)
    <= (SELECT coalesce(min(position), 0) FROM journal_subscribers)"""


def month_starts(first: date, count: int) -> list[date]:
    """Return the first days of `count` months, beginning with the month of `first`."""
    index = first.year * 12 + first.month - 1
    return [date((index + step) // 12, (index + step) % 12 + 1, 1) for step in range(count)]


async def make_ahead(database: Database) -> bool:
    """Make the partitions of this month and the next three that are missing."""
    starts = month_starts(clock.today("UTC"), _MONTHS_AHEAD + 2)
    for start, end in pairwise(starts):
        async with database.transaction() as connection:
            # One maker at a time: two that both find a month missing would both make it.
            await execute(
                connection,
                "SELECT pg_advisory_xact_lock(%(classid)s, hashtext(current_schema()))",
                {"classid": _MAKER_CLASS},
            )
            await _make(connection, start, end)
    return False


async def _make(connection: Connection, start: date, end: date) -> None:
    """Make one month's partition, with the events of it that came before it was made.

    Days from the calendar above, never from input: a partition's bounds cannot be parameters.
    """
    name = f"journal_events_{start:%Y_%m}"
    if await value(connection, _IS_THERE, {"name": name}):
        return
    # The whole journal for a moment: a writer that has chosen its partition already would choose wrongly.
    await connection.execute("LOCK TABLE journal_events IN ACCESS EXCLUSIVE MODE")
    month = sql.Identifier(name)
    await connection.execute(f"CREATE TABLE {name} (LIKE journal_events INCLUDING DEFAULTS)".encode())
    await connection.execute(_TAKE_OVER.format(month=month), {"start": start, "end": end})
    bounds = f"FOR VALUES FROM ('{start}') TO ('{end}')"
    await connection.execute(f"ALTER TABLE journal_events ATTACH PARTITION {name} {bounds}".encode())


async def partitions(connection: Connection) -> list[str]:
    """Return the tables that the journal consists of, the oldest month first."""
    return await values(
        connection,
        "SELECT relname FROM pg_inherits JOIN pg_class ON oid = inhrelid"
        " WHERE inhparent = 'journal_events'::regclass ORDER BY relname",
    )


async def archive_month(database: Database, month: str, folder: Path) -> Path:
    """Write a month of the journal ("2031-05") to `folder`; it stays in the journal. Raises RuntimeError."""
    name = f"journal_events_{month.replace('-', '_')}"
    async with database.transaction() as connection:
        if not _MONTH.fullmatch(name) or not await value(connection, _IS_THERE, {"name": name}):
            raise RuntimeError(f"The journal has no month {month}.")
        await connection.execute(f"LOCK TABLE {name} IN SHARE ROW EXCLUSIVE MODE".encode())
        await connection.execute("SET LOCAL statement_timeout = 0")
        return await write_month(connection, name, folder)


async def drop_old(database: Database, *, months: int, archive: Path | None = None) -> bool:
    """Drop whole months before the last `months` ones, if every reader has read them; nothing is left to do.

    With a folder `archive` each is written there first, and dropped only when its file was read again and is
    right. A month that somebody reads at the moment is left for the next time. Raises Damaged, OSError.
    """
    today = clock.today("UTC")
    index = today.year * 12 + today.month - 1 - months
    oldest_kept = date(index // 12, index % 12 + 1, 1)
    async with database.connection() as connection:
        month_tables = [name for name in await partitions(connection) if _MONTH.fullmatch(name)]
    for name in month_tables:
        start, end = month_starts(date(int(name[-7:-3]), int(name[-2:]), 1), 2)
        if start >= oldest_kept:
            break
        async with database.transaction() as connection:
            if not await value(connection, _ALL_READ, {"start": start, "end": end}):
                break
            if archive is not None:  # nobody changes the month until its file is right and it is gone
                await connection.execute(f"LOCK TABLE {name} IN SHARE ROW EXCLUSIVE MODE".encode())
                await connection.execute("SET LOCAL statement_timeout = 0")
                await write_month(connection, name, archive)
            await connection.execute(f"ALTER TABLE journal_events DETACH PARTITION {name}".encode())
            await connection.execute(f"DROP TABLE {name}".encode())
        log.warning("journal.month_dropped", month=name)
    return False
