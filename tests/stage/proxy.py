"""A wire between client and PostgreSQL that can be cut at the moment a COMMIT passes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from typing import Literal
from urllib.parse import parse_qs, unquote, urlsplit

from safar.kernel.ports import reserve_port

Cut = Literal["before_commit", "after_commit"]
_COMMIT = b"COMMIT\x00"


class Wire:
    """Forwards every connection to the server at `url`; `url` of the wire itself goes to the client."""

    def __init__(self, url: str, kept: ExitStack) -> None:
        parts = urlsplit(url)
        self._socket = unquote(parse_qs(parts.query)["host"][0]) + "/.s.PGSQL.5432"
        self._database = parts.path.lstrip("/")
        self._server: asyncio.Server | None = None
        self._port = reserve_port(kept)  # its own also while it is stopped
        self._open: set[asyncio.StreamWriter] = set()
        self._pumps: set[asyncio.Task[None]] = set()
        self.cut_next: Cut | None = None
        self.cuts = 0
        self.stays_down = False
        self._hears = asyncio.Event()  # cleared: what is sent on open connections arrives nowhere
        self._hears.set()

    @property
    def url(self) -> str:
        return f"postgresql://postgres@127.0.0.1:{self._port}/{self._database}?sslmode=disable&gssencmode=disable"

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port)

    async def stop(self) -> None:
        """Refuse new connections and break those that are open."""
        assert self._server is not None
        self._server.close()
        for writer in list(self._open):
            writer.transport.abort()
        await asyncio.gather(*self._pumps, return_exceptions=True)

    def go_silent(self) -> None:
        """Swallow what is sent on the connections that are open, and keep them open; new ones are served."""
        self._hears.clear()
        self._hears = asyncio.Event()
        self._hears.set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.stays_down:
            writer.transport.abort()
            return
        server_reader, server_writer = await asyncio.open_unix_connection(self._socket)
        ends = (writer, server_writer)
        self._open.update(ends)
        cut, hears = asyncio.Event(), self._hears
        task = asyncio.current_task()
        assert task is not None
        self._pumps.add(task)
        try:
            await asyncio.gather(
                self._forward(reader, server_writer, cut, hears), self._backward(server_reader, writer, cut)
            )
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self._pumps.discard(task)
            for end in ends:
                end.transport.abort()
            self._open.difference_update(ends)

    async def _forward(
        self,
        reader: asyncio.StreamReader,
        server: asyncio.StreamWriter,
        cut: asyncio.Event,
        hears: asyncio.Event,
    ) -> None:
        while data := await reader.read(65536):
            if not hears.is_set():
                continue
            if _COMMIT in data and self.cut_next:
                kind, self.cut_next = self.cut_next, None
                self.cuts += 1
                if kind == "before_commit":
                    raise ConnectionResetError
                cut.set()
            server.write(data)
            await server.drain()
        raise ConnectionResetError

    async def _backward(
        self, server: asyncio.StreamReader, client: asyncio.StreamWriter, cut: asyncio.Event
    ) -> None:
        while data := await server.read(65536):
            if cut.is_set():  # the server has answered the commit: it is done, and nobody will hear of it
                raise ConnectionResetError
            client.write(data)
            await client.drain()
        raise ConnectionResetError


@asynccontextmanager
async def wire_to(url: str) -> AsyncIterator[Wire]:
    with ExitStack() as kept:
        wire = Wire(url, kept)
        await wire.start()
        try:
            yield wire
        finally:
            await wire.stop()
