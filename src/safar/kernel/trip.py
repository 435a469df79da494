"""Statements on one connection, as many in one message as are asked at once, and one wait for all of them.

A cursor of the driver sends one statement, waits, and runs a great deal of Python for it; in its pipeline it
still waits for each. Here what several coroutines ask in the same turn of the loop, what nobody waits for
(`send`), and BEGIN go out together, and COMMIT goes with what was written last.

This file and `statements` alone use the driver below its cursors: `psycopg.pq` (libpq as it is) and
`psycopg.adapt.Transformer` (what converts values). tests/kernel/test_trip.py holds what they rest on.
"""

import asyncio
import contextlib
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import psycopg
from psycopg import pq
from psycopg.errors import error_from_result

from safar.kernel.statements import Load, Params, Statement, load_command, load_count, statement

if TYPE_CHECKING:
    from psycopg.abc import Transformer as Converter


_PREPARED_AFTER = 5  # uses on one connection
_PREPARED_MAX = 100  # a connection's; each keeps some ten kB in the server
_COUNTED_MAX = 1000
_SILENT_S_MIN = 3.0  # a connection that is lost after so long a wait was silent, not closed
_ABANDON_S = 5.0
_SYNC = int(pq.ExecStatus.PIPELINE_SYNC)
_ABORTED = int(pq.ExecStatus.PIPELINE_ABORTED)
_GOOD = {int(pq.ExecStatus.COMMAND_OK), int(pq.ExecStatus.TUPLES_OK), int(pq.ExecStatus.EMPTY_QUERY)}
_IDLE = int(pq.TransactionStatus.IDLE)


_Key = tuple[bytes, tuple[int, ...]]  # a query and the types of its values: what the server prepares


class Wire(Protocol):
    """What a trip needs of the connection on which it goes."""

    silence_s: float | None
    silent_at: float | None
    proved_at: float

    @property
    def pgconn(self) -> pq.abc.PGconn: ...
    @property
    def closed(self) -> bool: ...
    def hang_up(self) -> None: ...
    async def cancel_safe(self, *, timeout: float = ...) -> None: ...  # noqa: ASYNC109 - the driver's
    async def close(self) -> None: ...


@dataclass(slots=True, eq=False)
class _Ask:
    """A statement on its way; without an answer nobody waits for it by itself."""

    statement: Statement
    values: Sequence[Any]
    types: tuple[int, ...]
    formats: Sequence[Any]
    load: Load
    answer: asyncio.Future[Any] | None


class Trips:
    """The trips of one connection.

    A trip sets out at the end of the turn of the loop in which it was asked for.
    """

    def __init__(self, connection: Wire, transformer: "Converter") -> None:
        self._connection = connection
        self._transformer = transformer
        self._asks: list[_Ask] = []
        self._begin = False
        self._scheduled = False
        self._more_to_come = False
        self._under_way = False
        self._driver_has_it = 0  # exchanges of the driver's own
        self._sent: list[_Ask | _Key | None] = []  # statements, what is prepared, what is forgotten
        self._results: list[Any] = []
        self._result: Any = None
        self._wire = -1
        self._writing = False
        self._began = 0.0
        self._watch: asyncio.TimerHandle | None = None
        self._back: asyncio.Future[None] | None = None
        self._uses: dict[_Key, int] = {}
        self._prepared: OrderedDict[_Key, bytes] = OrderedDict()
        self._names = 0

    @property
    def in_transaction(self) -> bool:
        """Whether what is asked now belongs to a transaction that is open, or will be with the next trip."""
        return self._begin or self._under_way or self._connection.pgconn.transaction_status != _IDLE

    @property
    def busy(self) -> bool:
        return self._under_way

    def ask(self, query: str, params: Params, load: Load) -> asyncio.Future[Any]:
        """Return the answer to come. Raises psycopg.Error at once for what cannot be sent at all."""
        answer = asyncio.get_running_loop().create_future()
        self._add(query, params, load, answer)
        self._set_out()
        return answer

    def send(self, query: str, params: Params) -> None:
        """Let a statement go with the next one, or with COMMIT; its error is theirs."""
        self._add(query, params, load_count, None)

    def wait_a_turn(self) -> None:
        """Let a trip that is about to set out wait for calls that begin in the next turn of the loop."""
        self._more_to_come = self._scheduled

    def begin(self) -> None:
        """Open a transaction with the next trip."""
        self._begin = True

    async def commit(self) -> None:
        """Send what still waits, with COMMIT; where nothing was asked since `begin`, nothing."""
        if self._begin and not self._asks:
            self._begin = False
        elif await self.ask("COMMIT", None, load_command) != b"COMMIT":
            raise psycopg.errors.InFailedSqlTransaction("the transaction had failed and was rolled back")

    async def roll_back(self) -> None:
        """Forget what was not sent and undo the rest."""
        for ask in self._asks:
            if ask.answer is not None:
                ask.answer.cancel()
        self._asks = []
        if self._begin:
            self._begin = False
            return
        await self.come_back()
        if not self._connection.closed and self._connection.pgconn.transaction_status != _IDLE:
            await self.ask("ROLLBACK", None, load_count)

    async def come_back(self) -> None:
        """End a trip for whose answers nobody waits any more, so that the connection can be lent again."""
        if not self._under_way:
            return
        with contextlib.suppress(psycopg.Error, TimeoutError):
            async with asyncio.timeout(_ABANDON_S):
                await self._connection.cancel_safe(timeout=_ABANDON_S)
                await self._home()
        if self._under_way:
            self._fail(psycopg.OperationalError("the statement did not end when it was cancelled"))
            await self._connection.close()

    async def let_driver(self) -> None:
        """Give way to an exchange of the driver's own: what was asked before it is answered before it."""
        while self._under_way or self._asks or self._begin:
            if self._under_way:
                await self._home()
            else:
                await self.ask("SELECT", None, load_count)
        self._driver_has_it += 1

    def driver_done(self) -> None:
        """Go on after an exchange of the driver's own."""
        self._driver_has_it -= 1
        if self._asks:
            self._set_out()

    async def _home(self) -> None:
        if self._back is None:
            self._back = asyncio.get_running_loop().create_future()
        await asyncio.shield(self._back)

    def _add(self, query: str, params: Params, load: Load, answer: asyncio.Future[Any] | None) -> None:
        parsed = statement(query, has_params=params is not None)
        if parsed.names:
            transformer = self._transformer
            values = transformer.dump_sequence(parsed.in_order(params), parsed.formats)
            ask = _Ask(parsed, values, transformer.types or (), transformer.formats or (), load, answer)
        else:
            ask = _Ask(parsed, (), (), (), load, answer)
        self._asks.append(ask)

    def _set_out(self) -> None:
        if not self._scheduled and not self._under_way and not self._driver_has_it:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._leave)

    def _leave(self) -> None:
        if self._more_to_come:
            self._more_to_come = False
            asyncio.get_running_loop().call_soon(self._leave)
            return
        self._scheduled = False
        if self._under_way or self._driver_has_it or not self._asks:
            return
        asks, self._asks = self._asks, []
        if self._begin:
            asks.insert(0, _Ask(statement("BEGIN", has_params=False), (), (), (), load_count, None))
            self._begin = False
        loop = asyncio.get_running_loop()
        connection, pgconn = self._connection, self._connection.pgconn
        self._under_way = True
        self._began = loop.time()
        self._sent, self._results, self._result = [], [], None
        try:
            self._wire = pgconn.socket
            pgconn.enter_pipeline_mode()
            for ask in asks:
                self._put(pgconn, ask)
            pgconn.pipeline_sync()
            self._writing = bool(pgconn.flush())
        except (psycopg.Error, OSError) as error:
            self._sent = list(asks)
            self._fail(error)
            return
        loop.add_reader(self._wire, self._readable)
        if self._writing:
            loop.add_writer(self._wire, self._writable)
        if connection.silence_s is not None:
            self._watch = loop.call_later(connection.silence_s, connection.hang_up)

    def _put(self, pgconn: pq.abc.PGconn, ask: _Ask) -> None:
        key = ask.statement.query, ask.types
        name = self._prepared.get(key)
        if name is not None:
            self._prepared.move_to_end(key)
        else:
            uses = self._uses[key] = self._uses.get(key, 0) + 1
            if uses <= _PREPARED_AFTER:
                pgconn.send_query_params(ask.statement.query, ask.values, ask.types, ask.formats)
                self._sent.append(ask)
                return
            name = self._prepare(pgconn, ask, key)
        pgconn.send_query_prepared(name, ask.values, ask.formats)
        self._sent.append(ask)

    def _prepare(self, pgconn: pq.abc.PGconn, ask: _Ask, key: _Key) -> bytes:
        if len(self._prepared) >= _PREPARED_MAX:
            oldest, gone = self._prepared.popitem(last=False)
            self._uses.pop(oldest, None)
            pgconn.send_query_params(b"DEALLOCATE " + gone, None)
            self._sent.append(None)
        if len(self._uses) > _COUNTED_MAX:
            self._uses = {known: uses for known, uses in self._uses.items() if known in self._prepared}
        self._names += 1
        name = self._prepared[key] = f"s{self._names}".encode()
        pgconn.send_prepare(name, ask.statement.query, ask.types)
        self._sent.append(key)
        return name

    def _writable(self) -> None:
        try:
            if not self._connection.pgconn.flush():
                asyncio.get_running_loop().remove_writer(self._wire)
                self._writing = False
        except (psycopg.Error, OSError) as error:
            self._fail(error)

    def _readable(self) -> None:
        """Take in what has come; the trip ends with its last answer."""
        pgconn = self._connection.pgconn
        try:
            pgconn.consume_input()
            while not pgconn.is_busy():
                result = pgconn.get_result()
                if result is None:
                    self._results.append(self._result)
                    self._result = None
                elif result.status == _SYNC:
                    self._arrive()
                    return
                else:
                    self._result = result
        except (psycopg.Error, OSError) as error:
            self._fail(error)

    def _leave_wire(self) -> None:
        """Leave the wire to whoever comes next."""
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._wire)
        if self._writing:
            loop.remove_writer(self._wire)
            self._writing = False
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None
        self._under_way = False
        if self._back is not None:
            if not self._back.done():
                self._back.set_result(None)
            self._back = None

    def _arrive(self) -> None:
        self._leave_wire()
        self._connection.pgconn.exit_pipeline_mode()
        self._connection.proved_at = asyncio.get_running_loop().time()
        guilty: Exception | None = None
        for ask, result in zip(self._sent, self._results, strict=True):
            if result is not None and result.status in _GOOD:
                if isinstance(ask, _Ask):
                    _give(ask, result, self._transformer)
                continue
            error = guilty if guilty and result.status == _ABORTED else error_from_result(result)
            guilty = guilty or error
            if isinstance(error, psycopg.errors.InvalidSqlStatementName):  # somebody said DEALLOCATE ALL
                self._prepared.clear()
            if isinstance(ask, _Ask):
                _give_error(ask, error)
            elif ask is not None:
                self._prepared.pop(ask, None)
        if self._asks:
            self._set_out()

    def _fail(self, error: Exception) -> None:
        """Give everybody the error with which the connection was lost."""
        connection = self._connection
        now = asyncio.get_running_loop().time()
        if now - self._began >= min(_SILENT_S_MIN, connection.silence_s or 60.0):
            connection.silent_at = now
        self._leave_wire()
        asks, self._asks = self._asks, []
        for ask in (*self._sent, *asks):
            if isinstance(ask, _Ask):
                _give_error(ask, psycopg.OperationalError(str(error)))


def _give(ask: _Ask, result: pq.abc.PGresult, transformer: "Converter") -> None:
    if ask.answer is None or ask.answer.done():
        return
    try:
        ask.answer.set_result(ask.load(ask.statement, result, transformer))
    except Exception as error:  # of what was asked: a row that its kind does not take
        ask.answer.set_exception(error)


def _give_error(ask: _Ask, error: Exception) -> None:
    if ask.answer is not None and not ask.answer.done():
        ask.answer.set_exception(error)
