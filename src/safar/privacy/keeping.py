"""Forgetting what is kept for days: a walk over the blocks of each table, a small transaction each.

No index is needed and nobody waits: a step looks at two megabytes, takes what nobody has locked, and rests.
A table that cannot be forgotten from rests longer, is shown under *Running*, and the walk goes on.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta

from psycopg import sql

from safar.journal.partitions import drop_old, partitions
from safar.kernel import clock, once, setbacks
from safar.kernel.context import Context
from safar.kernel.database import Connection, Database, value
from safar.kernel.loops import Loop
from safar.privacy.model import ForDays
from safar.privacy.tables import TABLES
from safar.settings import Settings

_BLOCK_BYTES = 8192
_BLOCKS = 256
_STEP_S = 1.0
_AGAIN_S = 6 * 3600.0
_ONCE_S = 600.0
_QUEUE = "privacy.keeping"
# Of the journal, what browsing and the ledger's bookkeeping leave behind goes before its month does.
_BROWSING = ForDays(
    lambda s: s.browsing_days, "at < %(before)s AND (name = 'product.viewed' OR name LIKE 'hold.%%')"
)
_DELETE = sql.SQL(
    "DELETE FROM {table} WHERE ctid = ANY(ARRAY("
    "SELECT ctid FROM {table} WHERE ctid >= %(start)s::tid AND ctid < %(end)s::tid AND ({over})"
    " FOR UPDATE SKIP LOCKED))"
)


async def forget_blocks(
    connection: Connection, settings: Settings, table: str, kept: ForDays, block: int
) -> int:
    """Delete rows of `table` whose time has passed, in 256 of its blocks from `block` on; return how many."""
    now = clock.now()
    params = {
        "now": now,
        "before": now - timedelta(days=kept.days(settings)),
        "start": f"({block},0)",
        "end": f"({block + _BLOCKS},0)",
    }
    query = _DELETE.format(table=sql.Identifier(table), over=sql.SQL(kept.over))
    return (await connection.execute(query, params)).rowcount


async def forget_all(database: Database, settings: Settings) -> dict[str, int]:
    """Walk over everything once, without a rest; return how many rows each table lost."""
    lost: dict[str, int] = {}
    for table, kept in await _walk(database):
        block = 0
        while block < await _blocks(database, table):
            async with database.transaction() as connection:
                gone = await forget_blocks(connection, settings, table, kept, block)
            lost[table] = lost.get(table, 0) + gone
            block += _BLOCKS
    return {table: count for table, count in lost.items() if count}


async def _walk(database: Database) -> Sequence[tuple[str, ForDays]]:
    """Return the tables to walk over, each with how long it is kept: in the order of the declarations."""
    async with database.connection() as connection:
        months = await partitions(connection)
    tables = [(table, kept) for table, kept in TABLES.items() if isinstance(kept, ForDays)]
    return [*tables, *((month, _BROWSING) for month in months)]


async def _blocks(database: Database, table: str) -> int:
    async with database.connection() as connection:
        return int(
            await value(
                connection, "SELECT pg_relation_size(to_regclass(%(table)s)) / 8192", {"table": table}
            )
        )


def keeper(context: Context) -> Callable[[], Awaitable[bool]]:
    """Return the step that goes on with the walk by 256 blocks; after the last it rests for six hours."""
    database, waiting = context.database, list[tuple[str, ForDays]]()
    block, rested = 0, _AGAIN_S

    async def step() -> bool:
        nonlocal block, rested
        if not waiting:
            rested += _STEP_S
            if rested < _AGAIN_S:
                return False
            rested, block = 0.0, 0
            waiting.extend(reversed(await _walk(database)))
        table, kept = waiting[-1]
        start = block

        async def forget(connection: Connection, _tables: Sequence[str]) -> None:
            await forget_blocks(connection, context.settings, table, kept, start)

        done = await setbacks.work_off(database, _QUEUE, [table], forget)
        block += _BLOCKS
        if not done or block >= await _blocks(database, table):
            waiting.pop()
            block = 0
        return False

    return step


def loops(context: Context) -> list[Loop]:
    """Return the loops that keep every table as long as it is declared, and no longer."""

    async def forget_keys() -> bool:
        async with context.database.transaction() as connection:
            await setbacks.forget_setbacks(connection)
            return await once.forget_old_keys(connection)

    async def drop_months() -> bool:
        settings = context.settings
        return await drop_old(
            context.database, months=settings.journal_months, archive=settings.journal_archive_dir
        )

    return [
        Loop("privacy.keeping", keeper(context), _STEP_S),
        Loop("privacy.request_keys", forget_keys, _ONCE_S),
        Loop("privacy.months", drop_months, _AGAIN_S),
    ]
