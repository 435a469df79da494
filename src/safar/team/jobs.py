"""What the team room does in the background."""

from datetime import timedelta

from safar.kernel import clock
from safar.kernel.context import Context
from safar.kernel.database import execute
from safar.kernel.loops import Loop
from safar.team.attempts import QUERIES, WINDOW_MINUTES

_SWEEP_S = 300.0
_SWEPT_MAX = 1000


async def sweep(context: Context) -> bool:
    """Delete sessions that are over and attempts that no longer count; True while there are more."""
    now = clock.now()
    before = now - timedelta(minutes=WINDOW_MINUTES)
    async with context.database.connection() as connection:
        sessions = await execute(connection, QUERIES["sweep_sessions"], {"now": now})
        attempts = await execute(connection, QUERIES["sweep_attempts"], {"before": before})
    return max(sessions, attempts) >= _SWEPT_MAX


def loops(context: Context) -> list[Loop]:
    """Return the room's loops for the worker."""
    return [Loop("team.sweep", lambda: sweep(context), _SWEEP_S)]
