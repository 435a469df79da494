"""The ledger's work in the background: ending holds whose time has passed."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from uuid import UUID

from safar.capacity.actions import EXPIRE_MAX, due_holds, expire_many
from safar.kernel.context import Context
from safar.kernel.database import Database
from safar.kernel.loops import Loop
from safar.kernel.setbacks import work_off

QUEUE = "capacity.expire"
_SWEEP_S = 0.5


def sweeper(database: Database, *, limit: int = EXPIRE_MAX) -> Callable[[], Awaitable[bool]]:
    """Return the step that ends what is due, `limit` holds at a time; True while there are more.

    It goes on where it was, and from the start when it has come to the end: holds whose account is locked, or
    that fail, however many and however long due, keep none behind them.
    """
    after: tuple[datetime, UUID] | None = None

    async def sweep() -> bool:
        nonlocal after
        async with database.connection() as connection:
            due = await due_holds(connection, after=after, limit=limit)
        after = due[-1] if len(due) == limit else None
        await work_off(database, QUEUE, [hold_id for _expires_at, hold_id in due], expire_many)
        return after is not None

    return sweep


def loops(context: Context) -> list[Loop]:
    return [Loop("capacity.expire", sweeper(context.database), _SWEEP_S)]
