"""Finished pages kept for a moment: what many visitors ask for at once is made once.

Only for pages that are the same for everyone with the same key. What has to differ each time, the request id
in their forms, is printed as a placeholder and filled in for each answer. They go out as gzip where the
browser takes it: nothing in them is a secret that could be guessed by how well it packs. Others do not.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from safar.kernel import clock
from safar.kernel.ids import new_id
from safar.kernel.web.headers import list_of
from safar.kernel.web.packed import Packed, joined, pack

# What a form prints as its request id while its page is being made to be kept.
PLACEHOLDER = str(new_id())
_PLACEHOLDER = PLACEHOLDER.encode()
_STATE = "page_cache"
_PACKED_LEAST = 1000

Key = Callable[[Scope], Hashable | None]
Noted = Callable[[Scope, Any], None]


def request_id_of(scope: Scope) -> str:
    """Return what a page prints as the request id of its forms."""
    return PLACEHOLDER if _STATE in scope.get("state", {}) else str(new_id())


def tell_when_sent(scope: Scope, what: object) -> bool:
    """Have `what` told each time this page is sent from now on; False when no cache keeps it."""
    making: _Making | None = scope.get("state", {}).get(_STATE)
    if making is None:
        return False
    making.note = what
    return True


@dataclass(slots=True)
class _Page:
    start: Message
    parts: list[bytes]
    made_at: float
    note: object = None
    packed: Packed | None = None

    @property
    def size(self) -> int:
        return sum(map(len, self.parts))


@dataclass(slots=True)
class _Making:
    """An answer that is being made and may be kept."""

    start: Message | None = None
    body: list[bytes] = field(default_factory=list)
    complete: bool = False
    note: object = None


class PageCache:
    """Pure ASGI layer, the innermost: answers from memory what it made in the last `fresh_s` seconds.

    `key` returns what a page depends on, None for one that is not kept. One request makes a page; meanwhile
    others get the one before it, if it is younger than `stale_s`, else they wait for the new one. `noted` is
    called with what the page's handler has noted, for every answer.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        key: Key,
        noted: Noted,
        fresh_s: float = 1.0,
        stale_s: float = 5.0,
        bytes_max: int = 64 * 1024 * 1024,
    ) -> None:
        self._app = app
        self._key = key
        self._noted = noted
        self._fresh_s, self._stale_s = fresh_s, stale_s
        self._bytes_max = bytes_max
        self._pages: OrderedDict[Hashable, _Page] = OrderedDict()
        self._bytes = 0
        self._being_made: dict[Hashable, asyncio.Future[None]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        key = self._key(scope) if scope["type"] == "http" and scope["method"] == "GET" else None
        if key is None:
            await self._app(scope, receive, send)
            return
        cached = self._kept(key)
        if cached is None and key in self._being_made:
            await asyncio.wait({self._being_made[key]})
            cached = self._kept(key)
        if cached is not None:
            await self._answer(cached, scope, send)
            return
        await self._make(key, scope, receive, send)

    def _kept(self, key: Hashable) -> _Page | None:
        """Return a page that may be sent: a fresh one, or an older one while a new one is being made."""
        page = self._pages.get(key)
        if page is None:
            return None
        age_s = clock.ticks() - page.made_at
        if age_s < self._fresh_s or (key in self._being_made and age_s < self._stale_s):
            self._pages.move_to_end(key)
            return page
        return None

    async def _answer(self, page: _Page, scope: Scope, send: Send) -> None:
        if page.note is not None:
            self._noted(scope, page.note)
        headers, fresh_id = list(page.start["headers"]), str(new_id()).encode()
        if page.size >= _PACKED_LEAST:
            headers.append((b"vary", b"accept-encoding"))
        if page.size >= _PACKED_LEAST and "gzip" in list_of(Headers(scope=scope), "accept-encoding"):
            page.packed = page.packed or pack(page.parts)
            body = joined(page.packed, page.parts, fresh_id)
            headers = [header for header in headers if header[0] != b"content-length"]
            headers += [(b"content-encoding", b"gzip"), (b"content-length", str(len(body)).encode())]
        else:
            body = fresh_id.join(page.parts)
        await send({**page.start, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _make(self, key: Hashable, scope: Scope, receive: Receive, send: Send) -> None:
        making = _Making()
        scope["state"] = {**scope.get("state", {}), _STATE: making}
        made: asyncio.Future[None] | None = None
        if key not in self._being_made:
            made = self._being_made[key] = asyncio.get_running_loop().create_future()

        async def collect(message: Message) -> None:
            if message["type"] == "http.response.start":
                making.start = message
            elif message["type"] == "http.response.body":
                making.body.append(message.get("body", b""))
                making.complete = not message.get("more_body", False)

        try:
            await self._app(scope, receive, collect)
            page = self._page_of(making)
            if page is not None:
                self._keep(key, page)
        finally:
            if made is not None:
                del self._being_made[key]
                made.set_result(None)
        if page is not None:
            await self._answer(page, scope, send)

    def _page_of(self, making: _Making) -> _Page | None:
        if making.start is None or not making.complete:
            return None
        parts = b"".join(making.body).split(_PLACEHOLDER)
        start = {**making.start, "headers": list(making.start["headers"])}
        return _Page(start, parts, clock.ticks(), making.note)

    def _keep(self, key: Hashable, page: _Page) -> None:
        """Keep a page that is right for the next one too: found, and with no cookie of its own."""
        personal = any(name == b"set-cookie" for name, _value in page.start["headers"])
        if page.start["status"] != 200 or personal:
            return
        before = self._pages.pop(key, None)
        self._bytes += page.size - (before.size if before else 0)
        self._pages[key] = page
        while self._bytes > self._bytes_max and len(self._pages) > 1:
            _oldest, gone = self._pages.popitem(last=False)
            self._bytes -= gone.size
