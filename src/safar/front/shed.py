"""Load shedding: past a number of requests at once, a light answer at once instead of a slow one for all."""

from functools import cache

from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from safar.kernel.errors import Overloaded
from safar.kernel.i18n import current_language
from safar.kernel.web.pages import error_text, render

AT_ONCE_MAX = 2000
RETRY_S = 5
# Streams stay open by design; health must answer while we are busy, or we would be restarted for it.
_NOT_COUNTED = ("/health", "/ready", "/chat/stream")


class ShedLayer:
    """Pure ASGI layer that refuses while `at_once_max` requests of this process are being answered."""

    def __init__(self, app: ASGIApp, *, at_once_max: int = AT_ONCE_MAX) -> None:
        self._app = app
        self._at_once_max = at_once_max
        self._now = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(_NOT_COUNTED):
            await self._app(scope, receive, send)
            return
        if self._now >= self._at_once_max:
            await _refusal(scope)(scope, receive, send)
            return
        self._now += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._now -= 1


def _refusal(scope: Scope) -> Response:
    wanted = b"".join(value for name, value in scope["headers"] if name in (b"accept", b"content-type"))
    headers = {"retry-after": str(RETRY_S)}
    if b"application/json" in wanted:
        body = {"error": Overloaded.code, "message": error_text(Overloaded())}
        return JSONResponse(body, Overloaded.status, headers)
    return HTMLResponse(_page(current_language()), Overloaded.status, headers)


@cache
def _page(_language: str) -> str:
    return render("front/busy.html", {"message": error_text(Overloaded()), "retry_s": RETRY_S})
