"""A connection to PostgreSQL that closes itself when the server stops answering.

When a host vanishes without a word (fail-over, a router that forgets), a statement under way would wait for
TCP's own patience, a quarter of an hour: the server's time-outs are the server's.
"""

import asyncio
import contextlib
import os
import socket
from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen
from psycopg.adapt import Transformer
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import TupleRow

from safar.kernel.kept import Kept
from safar.kernel.trip import Trips

R = TypeVar("R")

_SILENT_S_MIN = 3.0  # a connection that is lost after so long a wait was silent, not closed
# What the kernel does by itself, for idle connections, too. Seconds; the last in milliseconds.
_LIVING = {
    "connect_timeout": 5,
    "keepalives": 1,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15000,
}


class Connection(psycopg.AsyncConnection[TupleRow]):
    """A connection whose every exchange with the server ends in bounded time.

    An answer that does not come within `silence_s` (None: wait for ever) ends the connection: the caller gets
    an OperationalError without a state, as for any lost connection.
    """

    zone = "UTC"  # the shop's, so that a verb can tell what day it is there: an IANA name
    silence_s: float | None = None
    proved_at = 0.0  # loop time of the last answer, seconds
    silent_at: float | None = None  # loop time at which it turned out to be silent
    hurried = False  # waits for locks as short as a lane does
    runs_again = False  # a verb whose row another transaction has just written is run again as a whole
    past_locks = False  # the ledger leaves out what another transaction has locked, and says so

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.trips = Trips(self, Transformer(self))
        self.kept = Kept()  # a pool's connections share one

    async def wait(self, gen: PQGen[R], *args: Any, **kwargs: Any) -> R:
        """Wait for an exchange of the driver's own as it does, and no longer than `silence_s`."""
        await self.trips.let_driver()
        try:
            return await self._wait(gen, *args, **kwargs)
        finally:
            self.trips.driver_done()

    async def _wait(self, gen: PQGen[R], *args: Any, **kwargs: Any) -> R:
        loop = asyncio.get_running_loop()
        began = loop.time()
        watch = None if self.silence_s is None else loop.call_later(self.silence_s, self.hang_up)
        try:
            result = await super().wait(gen, *args, **kwargs)
        except psycopg.OperationalError as error:
            if error.sqlstate is None and loop.time() - began >= min(_SILENT_S_MIN, self.silence_s or 60.0):
                self.silent_at = loop.time()
            raise
        finally:
            if watch is not None:
                watch.cancel()
        self.proved_at = loop.time()
        return result

    def hang_up(self) -> None:
        """Close our end of the socket: whoever waits for an answer gets the error of a lost connection."""
        self.silent_at = asyncio.get_running_loop().time()
        with contextlib.suppress(OSError, psycopg.Error), socket.socket(fileno=os.dup(self.fileno())) as wire:
            wire.shutdown(socket.SHUT_RDWR)


def reachable(url: str) -> str:
    """Return a connection string for `url` with the keep-alive settings that notice a vanished server.

    What `url` says itself holds. Of several hosts the one that can be written to is taken.
    """
    given = conninfo_to_dict(url)
    parameters: dict[str, Any] = {**_LIVING, **given}
    if "," in str(given.get("host") or ""):
        parameters.setdefault("target_session_attrs", "read-write")
    return make_conninfo("", **parameters)
