"""Items of a queue that could not be done: each rests for a growing time, and the others go on.

A queue whose oldest item fails for ever must not stop there. So what works one off asks `work_off`, or notes
a setback itself; and what looks for due items leaves out those that rest (see docs/operations.md). Staff see
what rests, and why, under *Running*.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

import psycopg

from safar.kernel import clock
from safar.kernel.database import Connection, Database, connection_lost, execute, rows, tuples
from safar.kernel.errors import Overloaded
from safar.kernel.log import error_kind, log
from safar.kernel.queries import queries_beside

K = TypeVar("K")

QUERIES = queries_beside(__file__)
_NO_ROOM = "53"  # SQLSTATE class: the disk is full, no memory, too many connections
_GUILTY_MAX = 20  # set aside in one round: each may have waited for a lock
_FORGOTTEN_AFTER = timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class Setback:
    """An item that failed `tries` times and rests until `next_try_at`."""

    queue: str
    item: str
    tries: int
    error: str
    first_at: datetime
    next_try_at: datetime


async def work_off(
    database: Database,
    queue: str,
    items: Sequence[K],
    work: Callable[[Connection, Sequence[K]], Awaitable[object]],
    *,
    together: bool = True,
) -> int:
    """Do `work` for items, in one transaction; if it fails, halves are tried, until the guilty one is alone.

    Each guilty item rests (5 s, 10 s, … an hour) and is left out until then; all others are done.
    `together=False`: each item in a transaction of its own from the start. Returns how many were done.
    Raises what is nobody's fault: a lost connection, no free one.
    """
    known = await _known(database, queue) if items else {}
    awake = [item for item in items if not known.get(str(item), False)]
    waiting = [awake] if together and awake else [[item] for item in reversed(awake)]
    done, guilty = 0, 0
    while waiting and guilty < _GUILTY_MAX:
        some = waiting.pop()
        try:
            async with database.transaction() as connection:
                await work(connection, some)
                if tried := [str(item) for item in some if str(item) in known]:
                    await execute(connection, QUERIES["end_setbacks"], {"queue": queue, "items": tried})
            done += len(some)
        except Exception as error:
            if nobodys_fault(error):
                raise
            if len(some) == 1:
                guilty += 1
                await note(database, queue, some[0], error)
            else:
                middle = len(some) // 2
                waiting += [some[middle:], some[:middle]]
    return done


async def note(database: Database, queue: str, item: object, error: BaseException) -> None:
    """Let an item rest that could not be done; each time longer."""
    params = {"queue": queue, "item": str(item), "error": error_kind(error), "now": clock.now()}
    async with database.transaction() as connection:
        await execute(connection, QUERIES["note_setback"], params)
    log.warning("queue.setback", queue=queue, item=str(item), error=params["error"])


async def end(database: Database, queue: str, items: Sequence[object]) -> None:
    """Items that had failed are done."""
    params = {"queue": queue, "items": [str(item) for item in items]}
    async with database.transaction() as connection:
        await execute(connection, QUERIES["end_setbacks"], params)


async def setbacks(connection: Connection, *, limit: int = 50) -> list[Setback]:
    """Return what could not be done, the oldest first."""
    return await rows(Setback, connection, QUERIES["setbacks"], {"limit": limit})


async def try_now(connection: Connection, queue: str, item: str) -> bool:
    """End an item's rest. False: it is not there any more."""
    params = {"queue": queue, "item": item, "now": clock.now()}
    return await execute(connection, QUERIES["try_now"], params) > 0


async def forget_setbacks(connection: Connection) -> None:
    """Forget items that nobody tried again although they were due: they are no longer in their queue."""
    await execute(connection, QUERIES["forget_setbacks"], {"before": clock.now() - _FORGOTTEN_AFTER})


def nobodys_fault(error: BaseException) -> bool:
    """Tell an error of the whole system, tried again by whoever runs the queue, from one of an item."""
    if isinstance(error, psycopg.Error) and (error.sqlstate or "").startswith(_NO_ROOM):
        return True
    return connection_lost(error) or isinstance(error, Overloaded)


async def _known(database: Database, queue: str) -> dict[str, bool]:
    """Return the items that failed before, and whether each still rests."""
    async with database.connection() as connection:
        return dict(await tuples(connection, QUERIES["tried"], {"queue": queue, "now": clock.now()}))
