"""The live feed wakes only the streams that want an event: counted, not timed."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from safar.journal.live import EVERYTHING, LiveFeed, Topic
from safar.journal.model import Event, Recorded
from safar.kernel.database import Database
from safar.kernel.ids import new_id
from tests.stage.journal import settled, write

STREAMS = 300


@asynccontextmanager
async def open_streams(
    feed: LiveFeed, wanted: Sequence[Sequence[Topic]]
) -> AsyncIterator[list[list[Recorded]]]:
    """Open a stream for each; yield what each has heard so far."""
    heard: list[list[Recorded]] = [[] for _topics in wanted]

    async def follow(number: int, topics: Sequence[Topic]) -> None:
        async for event in feed.events(None, topics):
            heard[number].append(event)

    tasks = [asyncio.create_task(follow(number, topics)) for number, topics in enumerate(wanted)]
    async with asyncio.timeout(10):
        while feed.streams != len(wanted):
            await asyncio.sleep(0)
    yield heard
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def chat(visitor: str) -> Event:
    return Event(name="message.received", properties={"visitor_id": visitor})


@pytest.mark.finding("security-12")
async def test_an_event_wakes_its_own_streams_and_nobody_else(database: Database) -> None:
    visitors = [str(new_id()) for _stream in range(STREAMS)]
    campaign = new_id()
    wanted: list[list[Topic]] = [[visitor] for visitor in visitors]
    wanted += [["message", "conversation"], [campaign], [EVERYTHING]]
    feed = LiveFeed(database)
    await feed._catch_up()
    async with open_streams(feed, wanted) as heard:
        for events, woken in (
            ([chat(visitors[7])], {7, STREAMS, STREAMS + 2}),
            ([Event(name="product.viewed") for _event in range(50)], {STREAMS + 2}),
            ([Event(name="order.placed", campaign_id=campaign)], {STREAMS + 1, STREAMS + 2}),
            ([chat(visitors[7]) for _event in range(20)], {7, STREAMS, STREAMS + 2}),
            ([Event(name="conversation.closed")], {STREAMS, STREAMS + 2}),
        ):
            for one in heard:
                one.clear()
            before = feed.wake_ups
            await write(database, events)
            await settled(database)
            await feed._catch_up()
            assert feed.wake_ups - before == len(woken)  # once each, however many events came together
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            assert {number for number, one in enumerate(heard) if one} == woken
            assert all(len(heard[number]) == len(events) for number in woken)
    assert feed.streams == 0
