"""Reading what changes rarely: from what this process keeps, as long as nobody has changed it.

Who needs it reads its version in the statement that reads what changes often (levels, say): as long as the
version is the one at which something was kept, that is what this statement's snapshot would have read, too.
"""

from collections.abc import Awaitable, Callable, Hashable, Iterable, Mapping, Sequence
from typing import Generic, TypeVar

from safar.kernel.database import Connection, in_one_trip, value
from safar.kernel.queries import queries_beside

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

QUERIES = queries_beside(__file__)


class Rare(Generic[K, V]):
    """One kind of what changes rarely, and how it is read: by keys, those that are not there left out.

    Triggers of the tables that `read` asks note each change of them (`rare_changes`).
    """

    __slots__ = ("read",)

    def __init__(self, read: Callable[[Connection, Sequence[K]], Awaitable[Mapping[K, V]]]) -> None:
        self.read = read


async def version_now(connection: Connection) -> str:
    """Return the version of all that changes rarely, as this moment's snapshot has it."""
    version: str = await value(connection, QUERIES["version_of_rare"])
    return version


async def known(connection: Connection, version: str, kind: Rare[K, V], keys: Iterable[K]) -> dict[K, V]:
    """Return those of a kind that are there, as they were at `version` or are by now."""
    wanted = list(dict.fromkeys(keys))
    kept = connection.kept.of(version, kind)
    things = {key: kept[key] for key in wanted if key in kept}
    if len(things) < len(wanted):
        missing = [key for key in wanted if key not in things]
        # The version first: what is read after it is never older than what is kept under it.
        now, read = await in_one_trip(connection, version_now(connection), kind.read(connection, missing))
        fresh = {key: read.get(key) for key in missing}
        connection.kept.keep(now, kind, fresh)
        things |= fresh
    return {key: thing for key in wanted if (thing := things[key]) is not None}
