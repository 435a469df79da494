"""Applications over real HTTP, each at a port of its own; whoever answers there is who was started."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path

import pytest
from starlette.applications import Starlette

from safar.kernel.ports import reserve_port
from safar.kernel.web.server import http_server

Serve = Callable[[Starlette], Awaitable[str]]
_LISTENING = "0A"


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Serve an application over real HTTP on a loopback port of its own; returns its address."""
    async with AsyncExitStack() as running:

        async def start(app: Starlette) -> str:
            port = reserve_port(running.enter_context(ExitStack()))
            await serve_at(port, app, running)
            return f"http://127.0.0.1:{port}"

        yield start


async def serve_at(port: int, app: Starlette, running: AsyncExitStack) -> None:
    """Serve until `running` is closed; the port is reserved."""
    server = http_server(app, "127.0.0.1", port)
    task = asyncio.create_task(server.serve())

    async def end() -> None:
        server.stop()  # type: ignore[no-untyped-call]  # granian's, which has no types
        await asyncio.wait({task}, timeout=5)

    running.push_async_callback(end)
    await answering(port, os.getpid())


async def answering(port: int, pid: int) -> None:
    """Return once the process listens there; fails if it is another one that does."""
    async with asyncio.timeout(60):
        while not (listeners := _listeners(port)):
            await asyncio.sleep(0.01)
    assert listeners <= _sockets_of(pid), f"a stranger listens at port {port}"


def _listeners(port: int) -> set[str]:
    """Return the sockets that listen there, by the kernel's numbers."""
    tables = [Path(f"/proc/net/{table}").read_text() for table in ("tcp", "tcp6")]
    rows = [line.split() for table in tables for line in table.splitlines()[1:]]
    return {row[9] for row in rows if row[3] == _LISTENING and row[1].endswith(f":{port:04X}")}


def _sockets_of(pid: int) -> set[str]:
    links = []
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        try:
            links.append(os.readlink(entry))
        except OSError:  # it was closed meanwhile
            continue
    return {link.removeprefix("socket:[").removesuffix("]") for link in links if link.startswith("socket:[")}
