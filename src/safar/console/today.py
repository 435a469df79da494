"""Today: the running campaign and its capacities, what needs somebody, and what happens; live."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from safar.console.board import RunningBoard, Snapshot
from safar.console.running import said
from safar.console.sentences import SENTENCES
from safar.customers.sentences import tone_of
from safar.journal.live import LiveFeed
from safar.journal.model import Recorded
from safar.kernel import clock
from safar.kernel.i18n import _
from safar.kernel.web.access import StaffRoute
from safar.kernel.web.actor import actor_of
from safar.kernel.web.pages import context_of, page, render
from safar.kernel.web.sse import ServerEvent, event_stream

# Two fragments at most every second, however much happens; and what changes without an event (an estimate,
# a queue that moves) is looked at again after a while.
_PERIOD_S = 1.0
_IDLE_REFRESH_S = 5.0
_AGE_S_MAX = 0.5
_FRAGMENTS = {"figures": "console/today_figures.html", "events": "console/today_events.html"}


@dataclass(frozen=True, slots=True)
class EventLine:
    """One event as the live list shows it; `href` only for customers who have a page."""

    id: int
    at: datetime
    text: str
    icon: str
    tone: str
    who: str
    href: str | None


async def today_page(request: Request) -> Response:
    snapshot = await _board(request).snapshot()
    steps = await request.app.state.checklist.steps() if actor_of(request).may("owner") else ()
    values = {"live_url": "/today/stream", "steps": steps, **_values(request, snapshot)}
    return page(request, "console/today.html", values)


async def today_stream(request: Request) -> Response:
    return event_stream(_fragments(request))


async def _fragments(request: Request) -> AsyncIterator[ServerEvent]:
    """Yield the parts of the page that changed: at once (after a gap, too), then as things happen.

    Each part is rendered whole from how things stand, so a browser that missed any number of them is right
    again with the next one.
    """
    board, feed = _board(request), request.app.state.live
    news = _News(feed)
    sent: dict[str, str] = {}
    try:
        await asyncio.sleep(0)  # so that the feed is followed before the first reading
        snapshot = await board.snapshot()
        while not news.over:
            news.taken(snapshot.read_at)
            values = _values(request, snapshot)
            for name, template in _FRAGMENTS.items():
                text = render(template, values)
                if sent.get(name) != text:
                    sent[name] = text
                    yield ServerEvent(text, name, snapshot.position)
            await asyncio.sleep(_PERIOD_S)
            await news.wait(_IDLE_REFRESH_S)
            snapshot = await board.snapshot(age_s_max=_AGE_S_MAX)
    finally:
        await news.close()


class _News:
    """Tells that something happened since a reading began; many events are one piece of news."""

    def __init__(self, feed: LiveFeed) -> None:
        self._feed = feed
        self._event = asyncio.Event()
        self._heard_at = 0.0
        self._following = asyncio.create_task(self._follow())

    @property
    def over(self) -> bool:
        """The feed has let go of us: the browser comes again and starts afresh."""
        return self._following.done()

    async def _follow(self) -> None:
        async for _event in self._feed.events(None):
            self._heard_at = asyncio.get_running_loop().time()
            self._event.set()

    def taken(self, read_at: float) -> None:
        """Forget the news that a reading begun at `read_at` includes."""
        if self._heard_at < read_at:
            self._event.clear()

    async def wait(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._event.wait()

    async def close(self) -> None:
        self._following.cancel()
        await asyncio.gather(self._following, return_exceptions=True)


def _board(request: Request) -> RunningBoard:
    board: RunningBoard = request.app.state.board
    return board


def _values(request: Request, snapshot: Snapshot) -> dict[str, Any]:
    """Return what the templates of this page take."""
    entries = request.app.state.entries
    return {
        "today": snapshot,
        "wrong": [said(finding) for finding in snapshot.wrong],
        "currency": context_of(request).settings.currency,
        "rooms": {entry.href for entry in entries if actor_of(request).may(entry.role)},
        "waiting_s": _seconds_since(snapshot.figures.waiting_since),
        "lines": _lines(snapshot.events, snapshot.names),
    }


def _seconds_since(at: datetime | None) -> float | None:
    """Return how long ago `at` was, in steps of ten seconds: the page is not sent again for each second."""
    return None if at is None else (clock.now() - at).total_seconds() // 10 * 10


def _lines(events: Sequence[Recorded], names: dict[UUID, str] | Any) -> list[EventLine]:
    return [
        EventLine(
            event.id,
            event.at,
            SENTENCES.sentence(event),
            SENTENCES.icon_of(event),
            tone_of(event),
            who=_who(event, names),
            href=f"/customers/{event.customer_id}" if event.customer_id in names else None,
        )
        for event in events
    ]


def _who(event: Recorded, names: dict[UUID, str]) -> str:
    if event.customer_id is None:
        return _("staff") if event.staff_id else ""
    return names.get(event.customer_id) or _("Visitor %(id)s", id=event.customer_id.hex[-6:])


routes: list[BaseRoute] = [
    StaffRoute("/", today_page, role="agent"),
    StaffRoute("/today/stream", today_stream, role="agent"),
]
