"""What the inbox's tests stand on: channels made, the line kept, the front and the console served."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import httpx
import pytest

from safar.channels.actions import ensure_channels
from safar.console.build import build_console
from safar.customers.visitor import COOKIE, new_visitor, signed
from safar.front.build import build_front
from safar.gate.site.sites import ensure_site
from safar.gate.tickets.model import SHOP
from safar.journal.line import LineKeeper
from safar.kernel.context import Context
from safar.kernel.loops import repeat
from tests.stage.serving import Serve


@pytest.fixture
async def shop(context: Context) -> Context:
    """The context of a shop that has its channels and its gate."""
    async with context.database.transaction() as connection:
        await ensure_channels(connection)
        await ensure_site(connection, SHOP, context.settings.site_capacity)
    return context


@pytest.fixture
async def line(shop: Context) -> AsyncIterator[None]:
    """Keep the line moving, as the worker does."""
    keeping = asyncio.create_task(repeat("line", LineKeeper(shop.database).step, idle_s=0.02))
    yield
    keeping.cancel()
    await asyncio.wait({keeping})


Browser = Callable[[], httpx.AsyncClient]


@pytest.fixture
async def browser(shop: Context, line: None, serve: Serve) -> AsyncIterator[Browser]:
    """Make new browsers of the front, each with cookies of its own: they have been here before."""
    base = await serve(build_front(shop))
    clients: list[httpx.AsyncClient] = []

    def make() -> httpx.AsyncClient:
        clients.append(httpx.AsyncClient(base_url=base, timeout=10, headers={"accept": "application/json"}))
        clients[-1].cookies.set(COOKIE, signed(shop.vault, new_visitor()))
        return clients[-1]

    yield make
    for client in clients:
        await client.aclose()


@pytest.fixture
async def console(shop: Context, line: None, serve: Serve) -> str:
    """Serve the console; return its address."""
    return await serve(build_console(shop))


Eventually = Callable[[Callable[[], Awaitable[bool]]], Awaitable[None]]


@pytest.fixture
def eventually() -> Eventually:
    """Wait until something is so, at most five seconds."""

    async def wait(check: Callable[[], Awaitable[bool]]) -> None:
        async with asyncio.timeout(30):
            while not await check():
                await asyncio.sleep(0.01)

    return wait
