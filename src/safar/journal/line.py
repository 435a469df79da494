"""The line keeper: finds the id below which nothing can appear any more.

Ids are handed out before commits, so "everything after id 41" can miss a late 40. A writer holds a shared
advisory lock from before its rows get ids until its transaction ends; the keeper takes the same lock alone
for a moment: then every id handed out belongs to a transaction that has ended.
"""

import psycopg

from safar.journal.actions import LINE_CLASS, QUERIES
from safar.kernel.database import Connection, Database, execute, transaction, value

_KEEPER_CLASS = 0x5AFA11
_LOCK_WAIT_MS = 40
_PERIOD_S = 0.05
_PERIOD_S_MAX = 0.2
_PERIOD_S_AFTER_TIMEOUT = 0.5


class LineKeeper:
    """Moves the line when there is news; several may run, one keeps at a time."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.period_s = _PERIOD_S

    async def step(self) -> bool:
        """Move the line once if there is news. Never raises for a busy lock: it comes again, less often."""
        async with self._database.connection() as connection:
            reached = await value(connection, QUERIES["line"])
            if await value(connection, QUERIES["highest_handed_out"]) <= reached:
                self.period_s = min(self.period_s * 1.5, _PERIOD_S_MAX)
                return False
            try:
                highest = await _highest_final(connection)
            except (psycopg.errors.LockNotAvailable, psycopg.errors.QueryCanceled):
                self.period_s = _PERIOD_S_AFTER_TIMEOUT
                return False
            self.period_s = _PERIOD_S
            if highest is None or highest <= reached:
                return False
            # Apart from the lock: its commit waits for the disk, and writers must not wait with it.
            async with transaction(connection):
                await execute(connection, QUERIES["move_line"], {"position": highest})
                await execute(connection, QUERIES["tell_listeners"])
        return False


async def _highest_final(connection: Connection) -> int | None:
    """Return the highest id handed out, read while no writer is between its ids and its end."""
    async with transaction(connection):
        if not await value(connection, QUERIES["try_keeper"], {"classid": _KEEPER_CLASS}):
            return None
        await execute(connection, f"SET LOCAL lock_timeout = {_LOCK_WAIT_MS}")
        await execute(connection, QUERIES["take_line_alone"], {"classid": LINE_CLASS})
        return int(await value(connection, QUERIES["highest_handed_out"]))
