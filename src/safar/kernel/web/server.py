"""The HTTP server: granian inside this process's own event loop."""

import asyncio
from collections.abc import Awaitable, Callable

from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.server.embed import Server
from starlette.types import ASGIApp

_BACKLOG = 1024
_CONNECTIONS_MAX = 8192  # live streams count: each open page of the console holds one
_HEADER_TIMEOUT_MS = 30_000


def http_server(app: ASGIApp, host: str, port: int) -> Server:
    """Return a server of `app`; several processes may listen on the same port (SO_REUSEPORT)."""
    return Server(
        app,
        address=host,
        port=port,
        interface=Interfaces.ASGI,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=_HEADER_TIMEOUT_MS),
        backlog=_BACKLOG,
        backpressure=_CONNECTIONS_MAX,
        websockets=False,
        log_enabled=False,
    )


async def run_until(server: Server, stop: asyncio.Event, *, ready: Callable[[], Awaitable[None]]) -> None:
    """Serve until `stop` is set; call `ready` once the first request can be answered."""
    serving = asyncio.create_task(server.serve())
    try:
        await ready()
        await asyncio.wait({serving, asyncio.create_task(stop.wait())}, return_when=asyncio.FIRST_COMPLETED)
        if serving.done():
            serving.result()
            raise RuntimeError("the HTTP server stopped by itself; is its port taken?")
    finally:
        server.stop()  # type: ignore[no-untyped-call]  # granian's, which has no types
        await asyncio.wait({serving}, timeout=3)
