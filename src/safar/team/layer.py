"""The door of the console: who of the staff makes each request, and nobody else comes in."""

import asyncio
from collections.abc import Collection
from urllib.parse import quote, urlsplit

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from safar.kernel.context import Context
from safar.kernel.database import CONNECTION_LOST
from safar.kernel.errors import Forbidden, Overloaded, SafarError, SignInNeeded
from safar.kernel.web.actor import Actor
from safar.kernel.web.cookies import cookie_of
from safar.kernel.web.headers import list_of
from safar.kernel.web.pages import context_of, error_response, wants_json
from safar.kernel.web.requests import see_other
from safar.settings import Settings
from safar.team.model import Session
from safar.team.sessions import session_of

COOKIE = "staff"
_OPEN_FOLDERS = ("/static/",)
_UNTIL_PASSWORD_CHANGED = ("/password", "/sign-out")
_TOKEN_CHARACTERS_MAX = 100
_STREAM_CHECK_S = 20.0  # a live stream outlives the end of its session by no more than this and a heartbeat


class _SessionEnded(Exception):
    """Ends a live stream whose session is over."""


def token_of(request: Request) -> str | None:
    """Return the session token that the browser sent."""
    return _token(request.scope, context_of(request).settings)


def _token(scope: Scope, settings: Settings) -> str | None:
    token = cookie_of(scope, settings, COOKIE) or ""
    return token if 0 < len(token) <= _TOKEN_CHARACTERS_MAX else None


class StaffLayer:
    """Pure ASGI layer of the console: `request.state.staff` is an Actor, or None where anybody may look."""

    def __init__(self, app: ASGIApp, context: Context, *, open_paths: Collection[str] = ()) -> None:
        """Ask for a session everywhere but at the `open_paths`, which are those of the public routes."""
        self._app = app
        self._open_paths = open_paths
        self._database = context.database
        self._settings = context.settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(_OPEN_FOLDERS):
            await self._app(scope, receive, send)
            return
        # A dictionary of this request's own: the server may hand the same one to all of them.
        scope["state"] = {**scope.get("state", {}), "staff": None}
        token = _token(scope, self._settings)
        try:
            session = await self._session(token)
        except (SafarError, *CONNECTION_LOST):
            await error_response(Request(scope), Overloaded())(scope, receive, send)
            return
        if session is not None:
            scope["state"]["staff"] = Actor(session.staff_id, session.email, session.name, session.role)
            scope["state"]["password_due"] = session.must_change_password
        if refusal := self._refusal(Request(scope), session):
            await refusal(scope, receive, send)
            return
        try:
            await self._app(scope, receive, self._watched(token, send))
        except _SessionEnded:
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    def _refusal(self, request: Request, session: Session | None) -> Response | None:
        """Return the answer to somebody who may not come in here, or None to let them."""
        path = request.url.path
        if path in self._open_paths:
            return None
        if session is None:
            return _to_page(request, f"/sign-in?next={quote(_next(request))}", SignInNeeded())
        if session.must_change_password and path not in _UNTIL_PASSWORD_CHANGED:
            return _to_page(request, password_path(_next(request)), Forbidden())
        return None

    async def _session(self, token: str | None) -> Session | None:
        if token is None:
            return None
        async with self._database.connection() as connection:
            return await session_of(connection, token)

    def _watched(self, token: str | None, send: Send) -> Send:
        """Return a `send` that ends a live stream when its session has ended meanwhile."""
        stream = False
        checked = asyncio.get_running_loop().time()

        async def watched_send(message: Message) -> None:
            nonlocal stream, checked
            if message["type"] == "http.response.start":
                stream = MutableHeaders(scope=message).get("content-type", "").startswith("text/event-stream")
            elif stream and asyncio.get_running_loop().time() - checked > _STREAM_CHECK_S:
                checked = asyncio.get_running_loop().time()
                if await self._session(token) is None:
                    raise _SessionEnded
            await send(message)

        return watched_send


def password_path(onward: str) -> str:
    """Return where one's password is chosen, and where one goes on from there."""
    return "/password" if onward == "/" else f"/password?next={quote(onward)}"


def _to_page(request: Request, page: str, error: SafarError) -> Response:
    """Send a person to `page`; tell a program, a stream or a part of a page that loads itself."""
    if "hx-request" in request.headers:
        return Response(status_code=error.status, headers={"hx-redirect": page})
    if "text/event-stream" in list_of(request.headers, "accept"):
        return Response(status_code=error.status)
    return error_response(request, error) if wants_json(request) else see_other(page)


def _next(request: Request) -> str:
    """Return where to go on after signing in: the page asked for, or the one that a part belongs to."""
    if "hx-request" in request.headers:
        return urlsplit(request.headers.get("hx-current-url", "")).path or "/"
    if request.method not in ("GET", "HEAD"):
        return "/"
    query = request.url.query
    return request.url.path + (f"?{query}" if query else "")
