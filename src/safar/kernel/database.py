"""PostgreSQL: a pool, transactions, and typed reading. Every write of a room happens in `transaction()`."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, LiteralString, TypeVar
from uuid import UUID

import orjson
import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from safar.kernel import clock, statements
from safar.kernel.connection import Connection as Connection  # noqa: PLC0414 - everybody takes it from here
from safar.kernel.connection import reachable
from safar.kernel.errors import Overloaded
from safar.kernel.kept import Kept
from safar.kernel.log import log
from safar.kernel.statements import Params

if (
    TYPE_CHECKING
):  # pydantic: processes that read one file of a stranger know of statements, and have no settings
    from safar.settings import Settings

T = TypeVar("T")
K = TypeVar("K")

CONNECTION_LOST = (psycopg.OperationalError, psycopg.InterfaceError)  # may be: ask `connection_lost`
_LOST_STATES = ("08", "57P")  # connection exceptions; the server was told to shut down, or crashed
_POOL_WAIT_S = 5.0
# The pool tries again after 1, 3 and 4 s, then leaves it to the next caller: by default its pauses double for
# five minutes, and after a long outage callers would be refused for as long again.
_RECONNECT_S_MAX = 4.0
_SILENCE_S = 5.0  # more than the server's own time-out for a statement: then it is not there any more
_MEASURED_EVERY_S = 60.0
HURRIED_MS = 250
_SET_PATIENCE = "SELECT set_config('lock_timeout', %(milliseconds)s, false)"


class Database:
    """A pool of connections to one PostgreSQL; open it inside the running event loop."""

    def __init__(self, url: str, settings: "Settings") -> None:
        self.url = reachable(url)
        own = conninfo_to_dict(url).get("options") or "" if url else ""  # a shop's schema is named there
        options = (
            f"{own} -c lock_timeout={settings.lock_timeout_ms}"
            f" -c statement_timeout={settings.statement_timeout_ms}"
            " -c idle_in_transaction_session_timeout=60000 -c timezone=UTC"
        )
        self.zone = settings.timezone
        self.kept = Kept()
        self._silence_s = settings.statement_timeout_ms / 1000 + _SILENCE_S
        self._lock_timeout_ms = settings.lock_timeout_ms
        self._silent_at = 0.0  # loop time at which a server was found to have vanished
        self._watch: asyncio.Task[None] | None = None
        self._pool = AsyncConnectionPool(
            self.url,
            connection_class=Connection,
            configure=self._configure,
            min_size=settings.pool_min,
            max_size=settings.pool_max,
            timeout=_POOL_WAIT_S,
            reconnect_timeout=_RECONNECT_S_MAX,
            open=False,
            kwargs={"autocommit": True, "options": options, "prepare_threshold": None},
        )
        self._tries_max = settings.pool_max + 2

    async def _configure(self, connection: Connection) -> None:
        connection.kept = self.kept
        connection.silence_s = self._silence_s
        connection.proved_at = asyncio.get_running_loop().time()
        await _ask_time(connection)

    async def open(self) -> None:
        await self._pool.open(wait=True, timeout=30)
        self._watch = asyncio.create_task(self._watch_clock())

    async def close(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
        await self._pool.close()

    async def _watch_clock(self) -> None:
        """Ask the database for the time every minute; say when this machine's clock is another."""
        while True:
            ahead_s = clock.ahead_s()
            if ahead_s is not None and abs(ahead_s) > clock.AHEAD_S_MAX:
                log.warning("clock.off", ahead_s=round(ahead_s, 1))
            await asyncio.sleep(_MEASURED_EVERY_S)
            try:
                async with self.connection() as connection:
                    await _ask_time(connection)
            except (psycopg.Error, OSError, Overloaded) as error:
                log.warning("clock.not_measured", error=type(error).__name__)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """Lend a connection in autocommit, for single reads.

        Raises Overloaded when none becomes free in five seconds.
        """
        try:
            connection = await self._living_connection()
        except PoolTimeout:
            raise Overloaded from None
        connection.zone = self.zone
        try:
            yield connection
        finally:
            if connection.trips.busy:
                await connection.trips.come_back()
            if connection.silent_at is not None:
                self._silent_at = max(self._silent_at, connection.silent_at)
            await self._pool.putconn(connection)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """Lend a connection inside one transaction: committed on leaving, rolled back on any error."""
        async with self.connection() as connection:
            if connection.hurried:
                await self._be_patient(connection)
            async with transaction(connection):
                yield connection

    async def be_hurried(self, connection: Connection) -> None:
        """Set a short lock time-out on a connection, so that one locked row does not delay a whole batch."""
        if not connection.hurried:
            patience_ms = min(HURRIED_MS, self._lock_timeout_ms)
            await execute(connection, _SET_PATIENCE, {"milliseconds": str(patience_ms)})
            connection.hurried = True

    async def _be_patient(self, connection: Connection) -> None:
        await execute(connection, _SET_PATIENCE, {"milliseconds": str(self._lock_timeout_ms)})
        connection.hurried = False

    async def _living_connection(self) -> Connection:
        """Return a connection that answers; after a restart of the server the pool may hold dead ones."""
        for attempt in range(self._tries_max):
            connection = await self._pool.getconn()
            vanished = connection.proved_at <= self._silent_at
            if not connection.closed and not vanished and not _hung_up(connection):
                return connection
            await connection.close()
            await self._pool.putconn(connection)
            await asyncio.sleep(0.01 * attempt)
        raise Overloaded


async def _ask_time(connection: Connection) -> None:
    """Let the clock in force know what time it is in the database."""
    asked = clock.ticks()
    at = await value(connection, "SELECT clock_timestamp()")
    clock.measured(at, asked_ticks=asked, answered_ticks=clock.ticks())


def goes_past_locks(connection: Connection) -> bool:
    """Tell whether a verb has to skip rows that other transactions have locked, and raise Busy for them."""
    return getattr(connection, "past_locks", False)


def runs_again(connection: Connection) -> bool:
    """Tell whether a verb is run again as a whole when another transaction has just written its row."""
    return getattr(connection, "runs_again", False)


def connection_lost(error: BaseException) -> bool:
    """Tell a lost connection from an error the server answered with (a lock time-out, say)."""
    if not isinstance(error, CONNECTION_LOST):
        return False
    if isinstance(error, psycopg.errors.PipelineAborted):  # the consequence of another statement's error
        return False
    return error.sqlstate is None or error.sqlstate.startswith(_LOST_STATES)


def no_room(error: BaseException) -> bool:
    """Tell whether the error means that the server is out of disk space, which fails every request alike."""
    return isinstance(error, psycopg.Error) and (error.sqlstate or "").startswith("53")


def _hung_up(connection: Connection) -> bool:
    """Tell whether the server has closed its end, without a round trip.

    A server that shuts down says so before it hangs up: the first reading takes its farewell off the socket,
    the second finds the end.
    """
    try:
        for _reading in range(2):
            connection.pgconn.consume_input()
            connection.pgconn.is_busy()
    except psycopg.OperationalError:
        return True
    return connection.pgconn.status != psycopg.pq.ConnStatus.OK


@asynccontextmanager
async def transaction(connection: Connection) -> AsyncIterator[None]:
    """Run what is in the block in one transaction, or, within another, under a savepoint.

    Committed on leaving, undone on any error. BEGIN goes with the first statement, COMMIT with the last.
    """
    trips = connection.trips
    if trips.in_transaction:
        async with connection.transaction():
            yield
        return
    trips.begin()
    try:
        yield
        await trips.commit()
    except BaseException:
        await trips.roll_back()
        raise


async def execute(connection: Connection, query: LiteralString, params: Params = None) -> int:
    """Run one statement; return how many rows it touched."""
    touched: int = await connection.trips.ask(query, params, statements.load_count)
    return touched


def send(connection: Connection, query: LiteralString, params: Params = None) -> None:
    """Queue a write: it is sent with the next statement of this transaction, at the latest with its COMMIT.

    Nobody awaits its result; an error of it is raised by the statement that it was sent with.
    """
    if not connection.trips.in_transaction:
        raise RuntimeError("outside a transaction nothing would follow it")
    connection.trips.send(query, params)


async def value(connection: Connection, query: LiteralString, params: Params = None) -> Any:
    """Return the first column of the first row, or None."""
    return next(iter(await connection.trips.ask(query, params, statements.load_firsts)), None)


async def values(connection: Connection, query: LiteralString, params: Params = None) -> list[Any]:
    """Return the first column of every row."""
    column: list[Any] = await connection.trips.ask(query, params, statements.load_firsts)
    return column


async def tuples(
    connection: Connection, query: LiteralString, params: Params = None
) -> list[tuple[Any, ...]]:
    """Return every row as it is."""
    records: list[tuple[Any, ...]] = await connection.trips.ask(query, params, statements.load_tuples)
    return records


async def row(kind: type[T], connection: Connection, query: LiteralString, params: Params = None) -> T | None:
    """Return the first row as a `kind` (its fields named as the columns), or None."""
    return next(iter(await rows(kind, connection, query, params)), None)


async def rows(kind: type[T], connection: Connection, query: LiteralString, params: Params = None) -> list[T]:
    """Return every row as a `kind` (its fields named as the columns)."""
    records: list[T] = await connection.trips.ask(query, params, statements.load_kind(kind))
    return records


async def in_one_trip(connection: Connection, *calls: Awaitable[Any]) -> Sequence[Any]:
    """Run calls on one connection in one round trip (pipelined); return their results, in order.

    For calls that do not depend on each other; their first statements run in the order of the calls.
    Raises the first error of a statement.
    """
    connection.trips.wait_a_turn()  # within another trip these calls begin a turn later
    results = await asyncio.gather(*calls, return_exceptions=True)
    errors = [result for result in results if isinstance(result, BaseException)]
    if errors:  # those after the guilty statement were only not run
        raise next((e for e in errors if not isinstance(e, psycopg.errors.PipelineAborted)), errors[0])
    return results


async def each(connection: Connection, keys: Iterable[K], read: Callable[[K], Awaitable[T]]) -> dict[K, T]:
    """Read for each of the keys, in one trip; return what was found by key."""
    asked = list(dict.fromkeys(keys))
    return dict(zip(asked, await in_one_trip(connection, *map(read, asked)), strict=True))


def as_array(ids: Iterable[UUID]) -> str:
    """Return ids as one parameter for `ANY(...::uuid [])`: the driver would write them one by one."""
    return "{" + ",".join([id_.hex for id_ in ids]) + "}"


def as_json(records: Sequence[Any]) -> str:
    """Return many records (dicts, dataclasses) as one parameter for `json_to_recordset`.

    One document parses several times faster on both sides than a dozen arrays do.
    """
    return orjson.dumps(records).decode()
