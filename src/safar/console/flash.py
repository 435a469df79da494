"""After every form of the console: one line on the next page that says it was done."""

from collections.abc import Collection

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from safar.kernel.context import Context
from safar.kernel.errors import BadRequest
from safar.kernel.i18n import _
from safar.kernel.web.cookies import cookie_of, cookie_set
from safar.kernel.web.requests import see_other

COOKIE = "told"
_LIFE_S = 60
_LENGTH_MAX = 500
# Whose pages show at once what was done: a line that says so would only be in the way.
_SILENT = ("/sign-out", "/inbox/")
# Pages that still say it themselves.
_OWN_WORDS = ("done=", "saved=", "imported=", "left=")


class FlashLayer:
    """Pure ASGI layer: carries what was told (or “Done.”) over a redirect, in a signed cookie."""

    def __init__(self, app: ASGIApp, context: Context, *, open_paths: Collection[str] = ()) -> None:
        self._app = app
        self._context = context
        self._open_paths = open_paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith("/static/"):
            await self._app(scope, receive, send)
            return
        scope["state"] = {**scope.get("state", {}), "told_before": self._told(scope)}

        async def send_with_words(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._add(scope, message)
            await send(message)

        await self._app(scope, receive, send_with_words)

    def _told(self, scope: Scope) -> str:
        cookie = cookie_of(scope, self._context.settings, COOKIE)
        if not cookie or scope["method"] != "GET" or "hx-request" in Headers(scope=scope):
            return ""  # a part of a page that loads itself is not the page that comes next
        try:
            return str(self._context.vault.unsign(COOKIE, cookie))[:_LENGTH_MAX]
        except (BadRequest, ValueError):
            return ""

    def _add(self, scope: Scope, message: Message) -> None:
        response_headers = MutableHeaders(scope=message)
        settings = self._context.settings
        if scope["method"] == "POST" and message["status"] == 303:
            if text := self._words(scope, response_headers.get("location", "")):
                signed = self._context.vault.sign(COOKIE, text[:_LENGTH_MAX])
                response_headers.append("set-cookie", cookie_set(settings, COOKIE, signed, life_s=_LIFE_S))
        elif scope["state"]["told_before"] and response_headers.get("content-type", "").startswith(
            "text/html"
        ):
            response_headers.append("set-cookie", cookie_set(settings, COOKIE, "", life_s=0))

    def _words(self, scope: Scope, location: str) -> str:
        text: str = scope["state"].get("told", "")
        path: str = scope["path"]
        if text:
            return text
        silent = path in self._open_paths or path.startswith(_SILENT) or "hx-request" in Headers(scope=scope)
        return "" if silent or any(word in location for word in _OWN_WORDS) else _("Done.")


class WayBackLayer:
    """Pure ASGI layer: who opens the address of a form's deed is brought to its page, not to an error."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        wants_page = (
            "text/html" in Headers(scope=scope).get("accept", "") if scope["type"] == "http" else False
        )
        if not wants_page or scope["method"] != "GET":
            await self._app(scope, receive, send)
            return
        refused = False

        async def send_or_lead_back(message: Message) -> None:
            nonlocal refused
            if message["type"] == "http.response.start" and message["status"] == 405:
                refused = True
                await see_other(scope["path"].rpartition("/")[0] or "/")(scope, receive, send)
            elif not refused:
                await send(message)

        await self._app(scope, receive, send_or_lead_back)
