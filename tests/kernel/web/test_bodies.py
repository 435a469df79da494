"""Bodies that never come: they count for nothing, end in time, and are in nobody's way."""

import asyncio
from contextlib import AsyncExitStack

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Message

from safar.front.shed import ShedLayer
from safar.kernel.context import Context, make_context
from safar.kernel.errors import BodyTooLarge, BodyTooSlow
from safar.kernel.web.access import PublicRoute
from safar.kernel.web.bodies import Bodies, replayed
from safar.kernel.web.surface import Surface, build_surface
from tests.stage.serving import Serve

_VALUES = {"shop_name": "Safar", "cart_count": 0, "query": "", "people_answer": ""}

AT_ONCE = 8


async def _echo(request: Request) -> PlainTextResponse:
    return PlainTextResponse(str(len(await request.body())))


def build(context: Context) -> Starlette:
    return build_surface(
        context,
        Surface("front", lambda _request: _VALUES),
        [
            PublicRoute("/p/tea", _echo, why="a test"),
            PublicRoute("/checkout", _echo, why="a test", methods=["POST"]),
        ],
        inside=[lambda app: ShedLayer(app, at_once_max=AT_ONCE)],
    )


async def unfinished(port: int, stack: AsyncExitStack, head: bytes) -> asyncio.StreamReader:
    """Open a connection that begins a request and does not go on."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    stack.callback(writer.close)
    writer.write(head)
    await writer.drain()
    return reader


HEAD = b"POST /checkout HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n"
CHUNKED = b"POST /checkout HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n"
BEGUN = HEAD + b"name="


@pytest.mark.finding("security-30")
@pytest.mark.parametrize("head", [HEAD, CHUNKED, BEGUN], ids=["nothing", "chunked", "begun"])
async def test_hundreds_of_unfinished_posts_shed_nobody(context: Context, serve: Serve, head: bytes) -> None:
    limits = {"unfinished_max": 30, "unfinished_network_max": 1000, "body_timeout_s": 600.0}
    few = make_context(context.settings.model_copy(update=limits), context.database.url)
    base = await serve(build(few))
    port = int(base.rpartition(":")[2])
    async with AsyncExitStack() as stack, httpx.AsyncClient(base_url=base) as client:
        readers = [await unfinished(port, stack, head) for _connection in range(200)]
        for _request in range(20):
            assert (await client.get("/p/tea")).status_code == 200
            assert (await client.post("/checkout", content=b"x" * 1000)).text == "1000"
        # Past the limit those who have waited longest are told so; nobody else is.
        answers = [await reader.readuntil(b"\r\n") for reader in readers[:100]]
        assert all(b" 408 " in answer for answer in answers)


@pytest.mark.finding("security-30")
async def test_a_body_that_stops_ends_in_time(context: Context, serve: Serve) -> None:
    soon = make_context(context.settings.model_copy(update={"body_timeout_s": 0.05}), context.database.url)
    base = await serve(build(soon))
    async with AsyncExitStack() as stack:
        reader = await unfinished(int(base.rpartition(":")[2]), stack, BEGUN)
        assert b" 408 " in await reader.readuntil(b"\r\n")
        assert b"connection: close" in (await reader.readuntil(b"\r\n\r\n")).lower()


async def _never() -> Message:
    await asyncio.Event().wait()
    raise AssertionError


def bodies(**limits: int) -> Bodies:
    return Bodies(
        **{
            "seconds": 600,
            "bytes_per_s_least": 1,
            "unfinished_max": 100,
            "network_max": 100,
            **limits,
        }
    )


@pytest.mark.finding("security-30")
async def test_one_network_ends_its_own_and_nobody_elses() -> None:
    reading = bodies(network_max=3)
    neighbour = asyncio.create_task(reading.read(_never, "192.0.2.0/24", 10))
    flood = [asyncio.create_task(reading.read(_never, "198.51.100.0/24", 10)) for _ in range(10)]
    done, _pending = await asyncio.wait(flood, timeout=5, return_when=asyncio.FIRST_COMPLETED)
    while len(done) < 7:
        more, _pending = await asyncio.wait(set(flood) - done, timeout=5, return_when=asyncio.FIRST_COMPLETED)
        done |= more
    assert done == set(flood[:7])  # those that had waited longest
    assert all(isinstance(task.exception(), BodyTooSlow) for task in done)
    assert not neighbour.done()
    for task in (neighbour, *flood):
        task.cancel()
    await asyncio.gather(neighbour, *flood, return_exceptions=True)
    assert len(reading) == 0


async def test_a_body_in_pieces_is_read_whole_and_bounded() -> None:
    pieces: list[Message] = [
        {"type": "http.request", "body": b"ab", "more_body": True},
        {"type": "http.request", "body": b"cd", "more_body": False},
        {"type": "http.disconnect"},
    ]

    def receiver() -> asyncio.Queue[Message]:
        queue: asyncio.Queue[Message] = asyncio.Queue()
        for piece in pieces:
            queue.put_nowait(piece)
        return queue

    queue = receiver()
    body = await bodies().read(queue.get, None, 4)
    assert body == b"abcd"
    again = replayed(body, queue.get)
    assert await again() == {"type": "http.request", "body": b"abcd", "more_body": False}
    assert (await again())["type"] == "http.disconnect"
    with pytest.raises(BodyTooLarge):
        await bodies().read(receiver().get, None, 3)
    gone: asyncio.Queue[Message] = asyncio.Queue()
    gone.put_nowait({"type": "http.disconnect"})
    assert await bodies().read(gone.get, None, 3) is None
