"""Server-sent events: what goes in comes out in the browser, and nothing else."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from safar.kernel.web import sse
from safar.kernel.web.sse import ServerEvent, event_stream, last_event_id


def _browser(stream: str) -> list[dict[str, str]]:
    """Read a stream as the HTML standard says a browser does: lines end with CR, LF or CRLF."""
    found: list[dict[str, str]] = []
    data: list[str] = []
    event: dict[str, str] = {}
    for line in stream.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        name, _colon, text = line.partition(":")
        text = text.removeprefix(" ")
        if not line:
            if data:
                found.append({**event, "data": "\n".join(data)})
            data, event = [], {}
        elif name == "data":
            data.append(text)
        elif name:
            event[name] = text
    return found


@given(st.text(max_size=60), st.integers(0, 2**62))
def test_any_text_arrives_as_one_event_with_its_lines(text: str, id: int) -> None:
    sent = ServerEvent(text, event="message", id=id).encoded().decode()
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    assert _browser(sent) == [{"id": str(id), "event": "message", "data": lines}]


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"])
def test_a_customers_text_cannot_pass_for_a_field_of_the_stream(end: str) -> None:
    sent = ServerEvent(f"hello{end}event: logout{end}id: 7{end}{end}data: forged", id=1).encoded().decode()
    (event,) = _browser(sent)
    assert event["id"] == "1"
    assert "event" not in event


@pytest.mark.parametrize(
    ("header", "query", "id"),
    [
        ("12", "", 12), ("", "after=7", 7), ("12", "after=7", 12), ("", "", None), ("x", "", None),
        ("-1", "", None), ("²", "", None), ("9" * 19, "", None), ("1.5", "", None), ("", "after=", None),
        ("9" * 18, "", 999_999_999_999_999_999),
    ],
)  # fmt: skip
def test_where_to_go_on_is_read_from_the_browser(header: str, query: str, id: int | None) -> None:
    headers = [(b"last-event-id", header.encode("latin-1"))] if header else []
    scope = {"type": "http", "headers": headers, "query_string": query.encode(), "path": "/", "method": "GET"}
    assert last_event_id(Request(scope)) == id


async def test_a_silent_stream_shows_that_it_is_alive_and_a_closed_one_lets_go(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sse, "_HEARTBEAT_S", 0.01)
    go_on, closed = asyncio.Event(), asyncio.Event()

    async def events() -> AsyncIterator[ServerEvent]:
        try:
            yield ServerEvent("first", id=1)
            await go_on.wait()
            yield ServerEvent("second", id=2)
            await asyncio.Event().wait()
        finally:
            closed.set()

    response = event_stream(events())
    assert response.headers["content-type"].startswith("text/event-stream")
    parts: Any = response.body_iterator
    first = [await anext(parts) for _part in range(5)]
    assert first == [b"retry: 1500\n\n", b"id: 1\ndata: first\n\n", *[b": still here\n\n"] * 3]
    go_on.set()
    while (part := await anext(parts)) == b": still here\n\n":
        continue
    assert part == b"id: 2\ndata: second\n\n"
    assert await anext(parts) == b": still here\n\n"
    await parts.aclose()
    async with asyncio.timeout(30):
        await closed.wait()


async def test_a_stream_that_ends_ends() -> None:
    async def events() -> AsyncIterator[ServerEvent]:
        yield ServerEvent("only")

    assert [part async for part in event_stream(events()).body_iterator] == [
        b"retry: 1500\n\n",
        b"data: only\n\n",
    ]
