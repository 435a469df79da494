"""Each process says in the database that it lives, and which of its loops fail again and again."""

from collections.abc import Awaitable, Callable

from psycopg.types.json import Jsonb

from safar.kernel import clock
from safar.kernel.context import Context
from safar.kernel.database import execute
from safar.kernel.ids import new_id
from safar.kernel.queries import queries_beside
from safar.watch.model import CLOCK

QUERIES = queries_beside(__file__)
BEAT_S = 2.0


def note_beats(context: Context, role: str) -> Callable[[], Awaitable[bool]]:
    """Return the step that writes this process's sign of life."""
    process_id = new_id()

    async def step() -> bool:
        lapsed = [
            {"loop": beat.name, "errors": beat.errors, "error": beat.error} for beat in context.pulse.lapsed()
        ]
        ahead_s = clock.ahead_s()
        if ahead_s is not None and abs(ahead_s) > clock.AHEAD_S_MAX:
            lapsed.append({"loop": CLOCK, "errors": round(abs(ahead_s)), "error": ""})
        params = {"id": process_id, "role": role, "lapsed": Jsonb(lapsed)}
        async with context.database.transaction() as connection:
            # A sign of life that a crash takes away was not one: no wait for the disk.
            await execute(connection, "SET LOCAL synchronous_commit = off")
            await execute(connection, QUERIES["beat"], params)
        return False

    return step
