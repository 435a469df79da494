"""Monthly partitions, made ahead, so that old months can be moved away whole."""

from datetime import date

from safar.kernel import clock
from safar.kernel.database import Connection, Database, value

_MONTHS_AHEAD = 3


def month_starts(first: date, count: int) -> list[date]:
    """Return the first days of `count` months, beginning with the month of `first`."""
    index = first.year * 12 + first.month - 1
    return [date((index + step) // 12, (index + step) % 12 + 1, 1) for step in range(count)]


async def make_ahead(database: Database) -> bool:
    """Make the partitions of this month and the next three that are missing."""
    starts = month_starts(clock.now().date(), _MONTHS_AHEAD + 2)
    async with database.transaction() as connection:
        for start, end in zip(starts, starts[1:], strict=False):
            await _make(connection, start, end)
    return False


async def _make(connection: Connection, start: date, end: date) -> None:
    name = f"journal_events_{start:%Y_%m}"
    if await value(connection, "SELECT to_regclass(%(name)s) IS NOT NULL", {"name": name}):
        return
    # Days from the calendar above, never from input; a partition's bounds cannot be parameters.
    await connection.execute(
        f"CREATE TABLE {name} PARTITION OF journal_events FOR VALUES FROM ('{start}') TO ('{end}')".encode()
    )
