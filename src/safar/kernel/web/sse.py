"""Server-sent events: one text stream a browser keeps open and resumes by the last id it saw."""

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from safar.kernel.database import CONNECTION_LOST
from safar.kernel.errors import Overloaded, SafarError
from safar.kernel.log import log
from safar.kernel.text import whole_number

_HEARTBEAT_S = 15.0
_LINE_END = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class ServerEvent:
    """One event: `id` is what the browser sends back as Last-Event-ID when it reconnects."""

    data: str
    event: str | None = None
    id: int | None = None

    def encoded(self) -> bytes:
        lines = [f"id: {self.id}"] if self.id is not None else []
        if self.event:
            lines.append(f"event: {self.event}")
        # A browser takes a lone carriage return for the end of a line, too.
        lines += [f"data: {line}" for line in _LINE_END.split(self.data)]
        return ("\n".join(lines) + "\n\n").encode()


def last_event_id(request: Request) -> int | None:
    """Return the id a reconnecting browser has seen last, or None for a first connection."""
    text = request.headers.get("last-event-id") or request.query_params.get("after", "")
    return whole_number(text)


class Streams:
    """Counts the open streams of a process: at most `most`, and of one visitor or network some of them.

    Past the whole, one more is refused (Overloaded). Who has their share already is not: they are to be
    answered at once and for a moment only, and to come again later (`briefly`).
    """

    def __init__(self, most: int, *, of_visitor: int, of_network: int) -> None:
        self._most = most
        self._shares = {"visitor": of_visitor, "network": of_network}
        self._open: Counter[tuple[str, object]] = Counter()
        self._all = 0

    def __len__(self) -> int:
        return self._all

    def open(self, visitor: object, network: object | None) -> Callable[[], None] | None:
        """Count one more stream and return what ends it; None for who has their share. Raises Overloaded."""
        keys = [(kind, key) for kind, key in (("visitor", visitor), ("network", network)) if key is not None]
        if any(self._open[key] >= self._shares[key[0]] for key in keys):
            return None
        if self._all >= self._most:
            raise Overloaded
        self._all += 1
        self._open.update(keys)

        def ended() -> None:
            self._all -= 1
            self._open.subtract(keys)
            for key in keys:
                if not self._open[key]:
                    del self._open[key]

        return ended


class _EventStream(StreamingResponse):
    """A stream that says when it has ended, however it did."""

    def __init__(self, content: AsyncIterator[bytes], ended: Callable[[], None]) -> None:
        super().__init__(content, media_type="text/event-stream", headers={"x-accel-buffering": "no"})
        self._ended = ended

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._ended()


def event_stream(
    events: AsyncIterator[ServerEvent], ended: Callable[[], None] = lambda: None
) -> StreamingResponse:
    """Return a response that sends `events` as they come, and a comment when nothing does; then `ended`."""
    return _EventStream(_with_heartbeats(events), ended)


def briefly(events: AsyncIterator[ServerEvent], again_s: int) -> StreamingResponse:
    """Return a response that sends what there is, ends, and has the browser come again after `again_s`."""

    async def said() -> AsyncIterator[bytes]:
        yield f"retry: {1000 * again_s}\n\n".encode()
        async for event in events:
            yield event.encoded()

    return _EventStream(said(), lambda: None)


async def _with_heartbeats(events: AsyncIterator[ServerEvent]) -> AsyncIterator[bytes]:
    yield b"retry: 1500\n\n"
    following = asyncio.ensure_future(anext(events))
    try:
        while True:
            done, _pending = await asyncio.wait({following}, timeout=_HEARTBEAT_S)
            if not done:
                yield b": still here\n\n"
                continue
            try:
                event = following.result()
            except StopAsyncIteration:
                return
            except (SafarError, *CONNECTION_LOST) as error:  # the browser comes back, and resumes
                log.warning("stream.ended", error=type(error).__name__)
                return
            yield event.encoded()
            following = asyncio.ensure_future(anext(events))
    finally:
        following.cancel()
