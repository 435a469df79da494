"""The chat gives attention only to browsers that have shown their cookie, a share to each network."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import httpx
import pytest

from safar.customers.visitor import COOKIE, new_visitor, signed
from safar.front.build import build_front
from safar.inbox.public import STREAMS_OF_VISITOR
from safar.kernel.context import Context, make_context
from safar.kernel.errors import Overloaded
from safar.kernel.ids import new_id
from safar.kernel.web.sse import Streams
from tests.stage.chat import Browser
from tests.stage.inbox import conversations, stream
from tests.stage.serving import Serve

NETWORK_MAX, ALL_MAX = 4, 6


@pytest.fixture
async def base(shop: Context, line: None, serve: Serve) -> AsyncIterator[str]:
    """A front with few streams, behind a proxy."""
    few = {"proxies_trusted": 1, "streams_max": ALL_MAX, "streams_network_max": NETWORK_MAX}
    context = make_context(
        shop.settings.model_copy(update={**few, "chat_messages_per_minute": 5}), shop.database.url
    )
    await context.database.open()
    yield await serve(build_front(context))
    await context.batchers.drained()
    await context.database.close()


def visitor(shop: Context, base: str, address: str) -> httpx.AsyncClient:
    client = httpx.AsyncClient(base_url=base, timeout=10, headers={"x-forwarded-for": address})
    client.cookies.set(COOKIE, signed(shop.vault, new_visitor()))
    return client


async def brief(client: httpx.AsyncClient) -> str:
    """Return all of a stream that ends by itself."""
    answer = await client.get("/chat/stream")
    assert answer.status_code == 200
    return answer.text


@pytest.mark.finding("security-12")
async def test_past_its_share_a_network_is_answered_slowly_and_past_the_whole_nobody(
    shop: Context, base: str
) -> None:
    async with AsyncExitStack() as stack:
        here = [visitor(shop, base, f"198.51.100.{number}") for number in range(NETWORK_MAX + 2)]
        there = [visitor(shop, base, f"203.0.113.{number}") for number in range(NETWORK_MAX)]
        for client in (*here, *there):
            stack.push_async_callback(client.aclose)
        for client in here[:NETWORK_MAX]:
            await stack.enter_async_context(stream(client, "/chat/stream"))
        said = await brief(here[NETWORK_MAX])
        assert "retry: 15000" in said
        assert "event: later" in said
        for client in there[: ALL_MAX - NETWORK_MAX]:
            await stack.enter_async_context(stream(client, "/chat/stream"))
        refused = await there[-1].get("/chat/stream")
        assert (refused.status_code, "retry-after" in refused.headers) == (503, True)


@pytest.mark.finding("security-12")
async def test_one_visitor_has_a_few_streams_and_what_is_missed_comes_slowly_then(
    shop: Context, base: str
) -> None:
    client = visitor(shop, base, "198.51.100.7")
    async with AsyncExitStack() as stack:
        stack.push_async_callback(client.aclose)
        for _stream in range(STREAMS_OF_VISITOR):
            await stack.enter_async_context(stream(client, "/chat/stream"))
        first = await brief(client)
        last_id = first.split("id: ")[1].split("\n")[0]
        body = {"id": str(new_id()), "text": "Is the mug in stock?"}
        live = await stack.enter_async_context(stream(client, "/chat/stream", last_id=last_id))
        assert (await client.post("/chat/messages", json=body)).status_code == 201
        await live.next("later")
    # Streams that have ended count no more.
    async with visitor(shop, base, "198.51.100.7") as other, stream(other, "/chat/stream"):
        pass


@pytest.mark.finding("security-12")
async def test_a_network_writes_at_its_pace_however_many_visitors_it_has(shop: Context, base: str) -> None:
    statuses = []
    for number in range(7):
        async with visitor(shop, base, f"198.51.100.{number}") as client:
            sent = await client.post("/chat/messages", json={"id": str(new_id()), "text": "hello"})
            statuses.append(sent.status_code)
    assert statuses == [201] * 5 + [429] * 2
    async with visitor(shop, base, "203.0.113.1") as client:
        sent = await client.post("/chat/messages", json={"id": str(new_id()), "text": "hello"})
        assert sent.status_code == 201


@pytest.mark.finding("security-12")
async def test_without_the_cookie_nobody_chats_and_nothing_is_written(
    shop: Context, browser: Browser
) -> None:
    stranger = browser()
    stranger.cookies.clear()
    body = {"id": str(new_id()), "text": "hello"}
    refused = await stranger.post("/chat/messages", json=body)
    assert (refused.status_code, refused.json()["error"]) == (403, "cookies_needed")
    assert await conversations(shop) == []
    assert (await stranger.post("/chat/messages", json=body)).status_code == 201  # the cookie has come back
    stranger.cookies.clear()
    assert (await stranger.get("/chat/stream")).status_code == 403


def test_streams_are_counted_and_given_back() -> None:
    streams = Streams(3, of_visitor=1, of_network=2)
    one, two = streams.open("a", "n"), streams.open("b", "n")
    assert one is not None
    assert two is not None
    assert streams.open("a", "other") is None
    assert streams.open("c", "n") is None
    three = streams.open("c", None)
    assert three is not None
    with pytest.raises(Overloaded):
        streams.open("d", "other")
    for ended in (one, two, three):
        ended()
    assert (len(streams), streams._open) == (0, {})
