"""Load shedding: past what this process can carry, a light answer at once instead of a slow one for all.

Who is not in the shop yet is shed first, then who only looks, who searches, who starts a cart, then the rest;
who is buying never, as far as they prove it (front/proof.py): their requests have a count of their own, with
a limit for each network past which they are like others. Requests of machines (health) have a small count of
their own, too; a live stream counts until it is open, and then among the streams. Nothing is uncounted. How
much can be carried follows the latency of this process's own pages (safar.gate.site.adapt); each kind of
request may use its share of it.
"""

import base64
import hashlib
import random
import time
from collections import Counter
from collections.abc import Callable
from enum import StrEnum
from functools import cache

from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from safar.gate.site.adapt import REQUESTS_FLOOR_MS, Bounds, Limit, next_limit
from safar.kernel.errors import Overloaded
from safar.kernel.i18n import current_language
from safar.kernel.web.pages import error_text, render

AT_ONCE_MAX = 2000
_AT_ONCE_START, _AT_ONCE_LEAST = 512, 64
_MEASURE_S = 0.25
_SAMPLES_LEAST = 5
RETRY_S_LEAST, RETRY_S_MOST = 4, 10  # each its own, or those who were shed together would return together
_RETURNS_PER_S = 500  # when more are shed, newcomers come back later: to refuse costs something, too
_STREAM = b"text/event-stream; charset=utf-8"
_STRETCH_MOST, _STRETCH_EVERY_S = 6.0, 1.0
# One answer must be enough: the page brings its few rules along, and the policy allows exactly these.
_STYLE = (
    "body{font:1.1rem/1.6 system-ui,sans-serif;max-width:34rem;margin:15vh auto;padding:0 1.25rem}"
    "h1{font-size:1.6rem;line-height:1.3}p+p{opacity:.75}"
)
_POLICY = (
    "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; style-src 'sha256-"
    + base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
    + "'"
)


class Priority(StrEnum):
    """What a request is worth when not all can be answered, the least first."""

    OUTSIDE = "outside"
    BROWSING = "browsing"
    SEARCH = "search"
    NEW_CART = "new_cart"
    OTHER = "other"
    NEVER_SHED = "never_shed"


_SHARES = {
    Priority.OUTSIDE: 0.5, Priority.BROWSING: 0.7, Priority.SEARCH: 0.8, Priority.NEW_CART: 0.9,
    Priority.OTHER: 1.0,
}  # fmt: skip
# Must answer while we are busy, or we would be restarted for it; more at once are not those who watch us.
_OF_MACHINES = ("/health", "/ready")
_MACHINES_MAX = 32
_BUYING_OF_NETWORK_MAX = 100
_PAYING = frozenset({"checkout", "pay", "orders", "buy", "leave", "stay"})
_FOR_PLACES = frozenset({Priority.BROWSING, Priority.SEARCH, Priority.NEW_CART})
_BROWSING = frozenset({"", "p", "c", "wishlist", "images", "drawn", "info", "sitemap.xml"})


def priority_of(scope: Scope) -> Priority:
    """Return what the request of one who is inside is worth."""
    path: str = scope["path"]
    first = path.split("/", 2)[1] if path.startswith("/") else ""
    if first in _PAYING:
        return Priority.NEVER_SHED
    if first == "search" or (first == "" and b"q=" in scope.get("query_string", b"")):
        return Priority.SEARCH
    if first in _BROWSING:
        return Priority.BROWSING
    if path == "/cart/lines" and scope["method"] == "POST":
        return Priority.NEW_CART
    return Priority.OTHER


class ShedLayer:
    """Pure ASGI layer that refuses what goes beyond its priority's share of what can be carried at once."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        at_once_max: int = AT_ONCE_MAX,
        inside: Callable[[Scope], bool] = lambda _scope: True,
        buying: Callable[[Scope], bool] = lambda _scope: True,
        network: Callable[[Scope], str | None] = lambda _scope: None,
    ) -> None:
        """`inside` and `buying` read what a request proves; `network` says where it comes from."""
        self._app = app
        self._inside, self._buying, self._network = inside, buying, network
        self._bounds = Bounds(min(_AT_ONCE_LEAST, at_once_max), at_once_max, REQUESTS_FLOOR_MS)
        self.limit = Limit(min(_AT_ONCE_START, at_once_max))
        self._now = 0
        self._machines = 0
        self._buying_of: Counter[str | None] = Counter()
        self._most = 0
        self._pages = 0
        self._seconds = 0.0
        self._measured = time.monotonic()
        self._refused = 0
        self._refused_since = self._measured
        self._stretch = 1.0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if scope["path"].startswith(_OF_MACHINES):
            await self._machine(scope, receive, send)
            return
        priority = priority_of(scope)
        if priority is Priority.NEVER_SHED and self._buying(scope):
            network = self._network(scope)
            if network is None or self._buying_of[network] < _BUYING_OF_NETWORK_MAX:
                await self._buy(network, scope, receive, send)
                return
        if priority is Priority.NEVER_SHED:
            priority = Priority.OTHER
        if priority in _FOR_PLACES and not self._inside(scope):
            priority = Priority.OUTSIDE
        if not self.takes(priority):
            self._count_refusal()
            stretch = self._stretch if priority is Priority.OUTSIDE else 1.0
            await _refusal(scope, stretch)(scope, receive, send)
            return
        await self._counted(priority, scope, receive, send)

    async def _counted(self, priority: Priority, scope: Scope, receive: Receive, send: Send) -> None:
        self._now += 1
        self._most = max(self._most, self._now)
        began = time.monotonic()
        counted = True

        def done() -> None:
            nonlocal counted
            self._now -= counted
            counted = False

        async def send_and_let_streams_go(message: Message) -> None:
            if message["type"] == "http.response.start" and (b"content-type", _STREAM) in message["headers"]:
                done()
            await send(message)

        try:
            await self._app(scope, receive, send_and_let_streams_go)
        finally:
            done()
            if priority in (Priority.OUTSIDE, Priority.BROWSING, Priority.SEARCH):
                self.note(time.monotonic() - began)

    async def _buy(self, network: str | None, scope: Scope, receive: Receive, send: Send) -> None:
        self._buying_of[network] += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._buying_of[network] -= 1
            if not self._buying_of[network]:
                del self._buying_of[network]

    async def _machine(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._machines >= _MACHINES_MAX:
            await _refusal(scope, 1.0)(scope, receive, send)
            return
        self._machines += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._machines -= 1

    def _count_refusal(self) -> None:
        self._refused += 1
        passed = time.monotonic() - self._refused_since
        if passed >= _STRETCH_EVERY_S:
            self._stretch = min(max(self._refused / passed / _RETURNS_PER_S, 1.0), _STRETCH_MOST)
            self._refused, self._refused_since = 0, time.monotonic()

    def takes(self, priority: Priority) -> bool:
        """Tell whether one more request of this worth is answered."""
        return priority is Priority.NEVER_SHED or self._now < max(1.0, _SHARES[priority] * self.limit.value)

    def note(self, seconds: float) -> None:
        """Count what a page took; four times a second the limit follows."""
        self._pages += 1
        self._seconds += seconds
        now = time.monotonic()
        if now - self._measured < _MEASURE_S or self._pages < _SAMPLES_LEAST:
            return
        latency_ms = 1000 * self._seconds / self._pages
        self.limit = next_limit(self.limit, self._bounds, latency_ms=latency_ms, in_use=self._most)
        self._pages, self._seconds, self._most, self._measured = 0, 0.0, self._now, now


def _refusal(scope: Scope, stretch: float) -> Response:
    wanted = b"".join(value for name, value in scope["headers"] if name in (b"accept", b"content-type"))
    retry_s = round(random.uniform(RETRY_S_LEAST, RETRY_S_MOST) * stretch)
    headers = {"retry-after": str(retry_s)}
    if b"application/json" in wanted:
        body = {"error": Overloaded.code, "message": error_text(Overloaded())}
        return JSONResponse(body, Overloaded.status, headers)
    headers["content-security-policy"] = _POLICY
    back = scope["method"] not in ("GET", "HEAD")  # a form cannot be sent again by itself
    return HTMLResponse(_page(current_language(), retry_s, back), Overloaded.status, headers)


@cache
def _page(_language: str, retry_s: int, back: bool) -> str:
    values = {"message": error_text(Overloaded()), "retry_s": retry_s, "back": back, "style": _STYLE}
    return render("front/busy.html", values)
