"""Today shows how everything stands, and goes on showing it while things happen."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

import safar.team.layer
from safar.console.board import QUERIES
from safar.console.build import build_console
from safar.journal.actions import append_many
from safar.journal.line import LineKeeper
from safar.journal.model import Event
from safar.kernel import clock
from safar.kernel.context import Context
from safar.kernel.database import execute
from safar.kernel.ids import new_id
from safar.watch.beats import note_beats
from tests.stage.console import figure
from tests.stage.filled import fill
from tests.stage.people import signed_in
from tests.stage.serving import Serve


@pytest.fixture
async def base(context: Context, serve: Serve) -> str:
    return await serve(build_console(context))


async def record(context: Context, *events: Event) -> None:
    async with context.database.transaction() as connection:
        await append_many(connection, events)
    await LineKeeper(context.database).step()


async def test_with_nothing_in_the_books_it_says_so(base: str, context: Context) -> None:
    async with context.database.connection() as connection:  # money can be taken, and not only pretended
        await execute(connection, "UPDATE payment_ways SET enabled = provider = 'cod'")
    async with await signed_in(context, base) as client:
        await note_beats(context, "worker")()
        text = (await client.get("/")).text
    assert "No campaign is running" in text
    assert "everyone has been answered" in text
    assert figure(text, "Orders today") == "0"
    assert "This needs attention" not in text


async def test_it_shows_campaign_capacities_orders_and_what_needs_somebody(
    base: str, context: Context
) -> None:
    await fill(context)
    async with await signed_in(context, base) as client:
        text = (await client.get("/")).text
    assert "Spring &lt;b&gt;" in text
    assert "Offer: Paper lamp" in text
    assert re.search(r'sold <span class="num">8<', text)
    assert re.search(r'sent <span class="num">1<', text)
    assert "40 of 40 free" in text
    assert figure(text, "Orders today") == "1"
    assert figure(text, "Revenue today") == "£12.50"
    assert figure(text, "Customers waiting for a reply") == "1"
    assert "the longest for 5 minutes" in text
    assert "connection refused" in text
    assert "1 message could not be delivered" in text
    assert "1 event failed" in text


async def test_the_last_campaign_is_named_when_none_runs(base: str, context: Context) -> None:
    await fill(context)
    async with context.database.connection() as connection:
        await execute(connection, "UPDATE campaigns SET closed_at = now(), state = 'sent'")
    async with await signed_in(context, base) as client:
        text = (await client.get("/")).text
    assert "No campaign is running" in text
    assert "The last one, Spring &lt;b&gt;, ended on" in text


async def test_the_list_shows_the_last_thirty_events_the_newest_first(base: str, context: Context) -> None:
    await record(context, *(Event(name="product.viewed", properties={"sku": f"S{n:02}"}) for n in range(40)))
    async with await signed_in(context, base) as client:
        text = (await client.get("/")).text
    assert re.findall(r"Looked at (S\d\d)", text) == [f"S{n:02}" for n in range(39, 9, -1)]


@asynccontextmanager
async def stream(
    client: httpx.AsyncClient, **headers: str
) -> AsyncIterator[AsyncIterator[tuple[str, str, str]]]:
    """Open Today's stream; yields (id, event, data) as they come."""

    async def events(lines: AsyncIterator[str]) -> AsyncIterator[tuple[str, str, str]]:
        fields: dict[str, list[str]] = {}
        async for line in lines:
            if line:
                name, _sep, text = line.partition(": ")
                fields.setdefault(name, []).append(text)
            else:
                if "data" in fields:
                    yield fields["id"][0], fields["event"][0], "\n".join(fields["data"])
                fields = {}

    accept = {"accept": "text/event-stream", **headers}
    async with client.stream("GET", "/today/stream", headers=accept, timeout=10) as answer:
        assert answer.status_code == 200
        yield events(answer.aiter_lines())


async def following(events: AsyncIterator[tuple[str, str, str]], name: str, text: str) -> str:
    """Return the first fragment `name` that contains `text`."""
    async with asyncio.timeout(30):
        async for _id, event, data in events:
            if event == name and text in data:
                return data
    raise AssertionError("the stream ended")


async def test_what_happens_appears_without_reloading_and_equals_a_fresh_page(
    base: str, context: Context
) -> None:
    async with await signed_in(context, base) as client, stream(client) as events:
        await following(events, "events", "Quiet so far")
        await record(context, Event(name="cart.created", customer_id=new_id()))
        fragment = await following(events, "events", "Started a cart")
        await fill(context)
        await record(context, Event(name="order.confirmed", properties={"total_minor": 1, "currency": "GBP"}))
        figures = await following(events, "figures", "Paper lamp")
        fresh = (await client.get("/")).text
    squeezed = re.sub(r"\s+", " ", fresh)
    assert re.sub(r"\s+", " ", figures).strip() in squeezed
    assert fragment.count("<li") == 1


async def test_many_events_are_few_fragments(base: str, context: Context) -> None:
    async with await signed_in(context, base) as client, stream(client) as events:
        await following(events, "events", "Quiet so far")

        async def busy() -> None:
            for number in range(60):
                await record(context, Event(name="product.viewed", properties={"sku": f"S{number:02}"}))
                await asyncio.sleep(0.02)
            await record(context, Event(name="product.viewed", properties={"sku": "LAST"}))

        writing = asyncio.create_task(busy())
        began, fragments = asyncio.get_running_loop().time(), 0
        async with asyncio.timeout(30):
            async for _id, event, data in events:
                fragments += event == "events"
                if "LAST" in data:
                    break
        await writing
    assert fragments <= asyncio.get_running_loop().time() - began + 2


async def test_a_browser_that_comes_back_is_right_again_at_once(base: str, context: Context) -> None:
    async with await signed_in(context, base) as client:
        async with stream(client) as events:
            await following(events, "events", "Quiet so far")
        await record(context, Event(name="cart.created", customer_id=new_id()))
        async with stream(client, **{"last-event-id": "0"}) as events:
            await following(events, "events", "Started a cart")


async def test_the_stream_speaks_the_language_of_the_page(base: str, context: Context) -> None:
    await record(context, Event(name="cart.created", customer_id=new_id()))
    async with (
        await signed_in(context, base, **{"accept-language": "fa"}) as client,
        stream(client) as events,
    ):
        async with asyncio.timeout(30):
            async for _id, event, data in events:
                if event == "figures":
                    assert "٫" in data  # the decimal separator of Persian
                    return


async def test_a_stream_ends_with_its_session(
    base: str, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(safar.team.layer, "_STREAM_CHECK_S", 0.0)
    async with await signed_in(context, base) as client, stream(client) as events:
        await following(events, "events", "Quiet so far")
        async with context.database.connection() as connection:
            await execute(connection, "DELETE FROM staff_sessions")
        await record(context, Event(name="cart.created", customer_id=new_id()))
        async with asyncio.timeout(30):
            assert [data async for _id, _event, data in events if "Started a cart" in data] == []


async def test_navigation_marks_the_room_of_the_page(base: str, context: Context) -> None:
    async with await signed_in(context, base) as client:
        for path, href in (("/", "/"), ("/customers?q=x", "/customers"), ("/staff", "/staff")):
            text = (await client.get(path)).text
            active = re.findall(r'nav-item active"><a class="nav-link" href="([^"]+)"', text)
            assert active == [href]


@pytest.mark.parametrize("name", ["campaigns", "sends", "figures", "best_sellers", "latest_events"])
async def test_no_query_of_today_reads_a_growing_table_whole(context: Context, name: str) -> None:
    params = {
        "ids": [new_id()],
        "until": 1,
        "limit": 30,
        "day_start": clock.now(),
        "yesterday_start": clock.now(),
        "yesterday_until": clock.now(),
        "failed_since": clock.now(),
    }
    async with context.database.transaction() as connection:
        await execute(connection, "SET LOCAL enable_seqscan = off")  # left: where there is no other way
        cursor = await connection.execute(b"EXPLAIN " + QUERIES[name].encode(), params)
        plan = "\n".join(line[0] for line in await cursor.fetchall())
    grows = "messages|conversations|journal_events|sends|orders|channel_envelopes|stock_levels"
    assert not re.search(rf"Seq Scan on ({grows})", plan), plan
