"""Load shedding: past what this process can carry, a light answer at once instead of a slow one for all.

Who is not in the shop yet is shed first, then who only looks, who searches, who starts a cart, then the rest;
who is paying never, nor health. How much can be carried follows the latency of this process's own pages
(safar.gate.adapt); each kind of request may use its share of it.
"""

import base64
import hashlib
import random
import time
from collections.abc import Callable
from enum import StrEnum
from functools import cache

from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from safar.gate.adapt import REQUESTS_FLOOR_MS, Bounds, Limit, next_limit
from safar.kernel.errors import Overloaded
from safar.kernel.i18n import current_language
from safar.kernel.web.pages import error_text, render

AT_ONCE_MAX = 2000
_AT_ONCE_START, _AT_ONCE_LEAST = 512, 64
_MEASURE_S = 0.25
_SAMPLES_LEAST = 5
RETRY_S_LEAST, RETRY_S_MOST = 4, 10  # each its own, or those who were shed together would return together
_RETURNS_PER_S = 500  # when more are shed, newcomers come back later: to refuse costs something, too
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
# Streams stay open by design; health must answer while we are busy, or we would be restarted for it.
_NOT_COUNTED = ("/health", "/ready", "/chat/stream")
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
    ) -> None:
        self._app = app
        self._inside = inside
        self._bounds = Bounds(min(_AT_ONCE_LEAST, at_once_max), at_once_max, REQUESTS_FLOOR_MS)
        self.limit = Limit(min(_AT_ONCE_START, at_once_max))
        self._now = 0
        self._most = 0
        self._pages = 0
        self._seconds = 0.0
        self._measured = time.monotonic()
        self._refused = 0
        self._refused_since = self._measured
        self._stretch = 1.0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(_NOT_COUNTED):
            await self._app(scope, receive, send)
            return
        priority = priority_of(scope)
        if priority in _FOR_PLACES and not self._inside(scope):
            priority = Priority.OUTSIDE
        if not self.takes(priority):
            self._count_refusal()
            stretch = self._stretch if priority is Priority.OUTSIDE else 1.0
            await _refusal(scope, stretch)(scope, receive, send)
            return
        self._now += 1
        self._most = max(self._most, self._now)
        began = time.monotonic()
        try:
            await self._app(scope, receive, send)
        finally:
            self._now -= 1
            if priority in (Priority.OUTSIDE, Priority.BROWSING, Priority.SEARCH):
                self.note(time.monotonic() - began)

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
