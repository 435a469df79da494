"""The live feed: a stream that resumes by id misses nothing and repeats nothing."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import Response

from safar.journal.live import LiveFeed, with_live_feed
from safar.journal.model import Recorded
from safar.kernel import database as database_module
from safar.kernel.context import Context
from safar.kernel.database import Database, execute
from safar.kernel.web import sse
from safar.kernel.web.access import PublicRoute
from safar.kernel.web.sse import ServerEvent, event_stream, last_event_id
from safar.kernel.web.surface import Surface, build_surface
from safar.settings import Settings
from tests.stage.journal import events, kept_line, settled, write
from tests.stage.serving import Serve


@asynccontextmanager
async def _running(database: Database) -> AsyncIterator[LiveFeed]:
    feed = LiveFeed(database)
    following = asyncio.create_task(feed.run())
    try:
        yield feed
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)


async def _take(stream: AsyncIterator[Recorded], count: int) -> list[int]:
    async with asyncio.timeout(10):
        return [(await anext(stream)).id for _number in range(count)]


async def _streaming(feed: LiveFeed, count: int) -> None:
    """Return when `count` streams are open."""
    async with asyncio.timeout(10):
        while feed.streams != count:
            await asyncio.sleep(0.005)


async def test_a_first_connection_gets_what_happens_from_now_on(database: Database) -> None:
    await write(database, events(3))
    await settled(database)
    async with kept_line(database), _running(database) as feed:
        first = asyncio.create_task(_take(feed.events(None), 2))
        second = asyncio.create_task(_take(feed.events(None), 2))
        await _streaming(feed, 2)
        await write(database, events(2))
        assert await first == await second == [4, 5]


async def test_a_stream_that_comes_back_gets_what_it_missed_then_what_happens(database: Database) -> None:
    await write(database, events(5))
    await settled(database)
    async with kept_line(database), _running(database) as feed:
        stream = feed.events(2)
        assert await _take(stream, 3) == [3, 4, 5]
        await write(database, events(2))
        assert await _take(stream, 2) == [6, 7]


async def test_a_stream_opened_before_the_feed_has_started_misses_nothing(database: Database) -> None:
    feed = LiveFeed(database)
    early = asyncio.create_task(_take(feed.events(0), 3))
    done, _pending = await asyncio.wait({early}, timeout=0.05)
    assert not done
    await write(database, events(3))
    await settled(database)  # after the stream's own look at the past, before the feed's first
    following = asyncio.create_task(feed.run())
    assert await early == [1, 2, 3]
    following.cancel()
    await asyncio.gather(following, return_exceptions=True)


async def test_streams_that_break_anywhere_miss_nothing_and_repeat_nothing(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("safar.journal.live._READ_MAX", 7)
    total, chance = 200, random.Random(3)

    async def browser(feed: LiveFeed) -> list[int]:
        seen: list[int] = [0]
        while seen[-1] < total:
            stream = feed.events(seen[-1])
            seen += await _take(stream, min(chance.randint(0, 12), total - seen[-1]))
            await stream.aclose()  # type: ignore[attr-defined]
            await asyncio.sleep(0)
        return seen[1:]

    async def writes() -> None:
        for _transaction in range(total // 4):
            await write(database, events(4))

    async with kept_line(database), _running(database) as feed:
        browsers = [asyncio.create_task(browser(feed)) for _browser in range(4)]
        await writes()
        for seen in await asyncio.gather(*browsers):
            assert seen == list(range(1, total + 1))
        assert not feed.streams, "a closed stream leaves nothing behind"


async def test_a_slow_stream_is_ended_and_can_resume(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("safar.journal.live._QUEUE_MAX", 10)
    async with kept_line(database), _running(database) as feed:
        slow, quick = feed.events(0), feed.events(0)
        starting = [asyncio.create_task(_take(stream, 1)) for stream in (slow, quick)]
        await _streaming(feed, 2)
        await write(database, events(1))
        assert [await task for task in starting] == [[1], [1]]
        for batch in range(10):
            await write(database, events(3))
            assert await _take(quick, 3) == [3 * batch + 2, 3 * batch + 3, 3 * batch + 4]
        await _streaming(feed, 1)  # the slow one holds no memory any more
        with pytest.raises(StopAsyncIteration):
            await _take(slow, 31)
        assert await _take(feed.events(1), 30) == list(range(2, 32))


async def test_the_feed_outlives_its_connection_and_a_full_pool(
    database: Database, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("safar.journal.live._RECONNECT_S", 0.01)
    monkeypatch.setattr("safar.journal.live._POLL_S", 0.02)
    monkeypatch.setattr(database_module, "_POOL_WAIT_S", 0.05)
    refused: list[str] = []
    monkeypatch.setattr(
        "safar.journal.live.log.warning", lambda event, **details: refused.append(details["error"])
    )
    narrow = Database(database_url, Settings(pool_min=1, pool_max=1))
    await narrow.open()
    async with kept_line(database), _running(narrow) as feed:
        stream = feed.events(0)
        taking = asyncio.create_task(_take(stream, 1))
        await _streaming(feed, 1)
        await write(database, events(1))
        assert await taking == [1]
        async with narrow.connection():  # every reading of the feed is refused meanwhile
            await write(database, events(1))
            async with asyncio.timeout(10):
                while not refused:
                    await asyncio.sleep(0.005)
        assert "Overloaded" in refused
        assert await _take(stream, 1) == [2]
        async with database.connection() as other:
            await execute(
                other,
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE query LIKE 'LISTEN%' AND datname = current_database()",
            )
        await write(database, events(1))
        assert await _take(stream, 1) == [3]
    await narrow.close()


async def _stream(request: Request) -> Response:
    feed: LiveFeed = request.app.state.live

    async def told() -> AsyncIterator[ServerEvent]:
        async for event in feed.events(last_event_id(request)):
            yield ServerEvent(event.name, id=event.id)

    return event_stream(told())


async def test_a_browser_resumes_over_http_by_the_last_id_it_saw(
    context: Context, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sse, "_HEARTBEAT_S", 0.05)
    app = build_surface(
        context,
        Surface("front", lambda request: {}),
        [PublicRoute("/stream", _stream, why="a test")],
        lifespan=with_live_feed(context.database),
    )
    base = await serve(app)
    await write(context.database, events(4))
    await settled(context.database)

    async def lines(headers: dict[str, str], count: int) -> list[str]:
        found: list[str] = []
        async with (
            asyncio.timeout(10),
            httpx.AsyncClient(base_url=base) as client,
            client.stream("GET", "/stream", headers=headers) as answer,
        ):
            assert answer.headers["content-type"].startswith("text/event-stream")
            async for line in answer.aiter_lines():
                found += [line] if line else []
                if len(found) == count:
                    return found
        return found

    assert await lines({"last-event-id": "2"}, 6) == [
        "retry: 1500",
        "id: 3",
        "data: test.happened",
        "id: 4",
        "data: test.happened",
        ": still here",
    ]
    assert await lines({}, 3) == ["retry: 1500", ": still here", ": still here"]
    await _streaming(app.state.live, 0)
