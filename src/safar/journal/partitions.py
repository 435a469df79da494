"""Monthly partitions, made ahead, so that old months can be moved away whole."""

from datetime import date
from itertools import pairwise

from safar.kernel import clock
from safar.kernel.database import Connection, Database, execute, value

_MONTHS_AHEAD = 3
_MAKER_CLASS = 0x5AFA12
_TAKE_OUT = "DELETE FROM journal_events_other WHERE at >= %(start)s AND at < %(end)s RETURNING *"


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
    if await value(connection, "SELECT to_regclass(%(name)s) IS NOT NULL", {"name": name}):
        return
    # The whole journal for a moment: a writer that has chosen its partition already would choose wrongly.
    await connection.execute("LOCK TABLE journal_events IN ACCESS EXCLUSIVE MODE")
    await connection.execute(f"CREATE TABLE {name} (LIKE journal_events INCLUDING DEFAULTS)".encode())
    moved = f"WITH moved AS ({_TAKE_OUT}) INSERT INTO {name} SELECT * FROM moved"  # noqa: S608
    await connection.execute(moved.encode(), {"start": start, "end": end})
    bounds = f"FOR VALUES FROM ('{start}') TO ('{end}')"
    await connection.execute(f"ALTER TABLE journal_events ATTACH PARTITION {name} {bounds}".encode())
