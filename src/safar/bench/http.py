"""A load generator's HTTP client: one keep-alive connection, one request at a time, little Python.

httpx costs more than the server it would measure; this speaks only what the benches need.
"""

import asyncio
from typing import cast

import httptools


class _Answer(asyncio.Protocol):
    """Collects one response at a time."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.waiting: asyncio.Future[tuple[int, bytes]] | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._body: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's is one without saying so

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        status, body = self._parser.get_status_code(), b"".join(self._body)
        self._body = []
        self._parser = httptools.HttpResponseParser(self)
        if self.waiting is not None and not self.waiting.done():
            self.waiting.set_result((status, body))

    def connection_lost(self, exc: Exception | None) -> None:
        if self.waiting is not None and not self.waiting.done():
            self.waiting.set_exception(ConnectionResetError("the server closed the connection"))


class HttpClient:
    """One client of the server at `host`:`port`."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._answer = _Answer()

    async def open(self) -> None:
        await asyncio.get_running_loop().create_connection(lambda: self._answer, self._host, self._port)

    def close(self) -> None:
        if self._answer.transport is not None:
            self._answer.transport.close()

    async def post_json(self, path: str, body: bytes, headers: str = "") -> tuple[int, bytes]:
        """Return (status, body) of a POST of JSON; `headers` as for `get`.

        Raises ConnectionResetError when the server goes.
        """
        head = (
            f"POST {path} HTTP/1.1\r\nHost: {self._host}:{self._port}\r\nContent-Type: application/json\r\n"
            f"{headers}Content-Length: {len(body)}\r\n\r\n"
        )
        return await self._exchange(head.encode() + body)

    async def get(self, path: str, headers: str = "") -> tuple[int, bytes]:
        """Return (status, body) of a GET; `headers` are whole lines ending in CRLF."""
        head = f"GET {path} HTTP/1.1\r\nHost: {self._host}:{self._port}\r\n{headers}\r\n"
        return await self._exchange(head.encode())

    async def _exchange(self, data: bytes) -> tuple[int, bytes]:
        answer = self._answer
        if answer.transport is None:
            raise ConnectionResetError("not connected")
        answer.waiting = asyncio.get_running_loop().create_future()
        answer.transport.write(data)
        return await answer.waiting
