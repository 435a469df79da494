"""The gate as an ASGI layer: who has a pass goes through, others get one or a place in the queue."""

import time
from collections.abc import Callable, Iterable, Sequence
from urllib.parse import quote
from uuid import UUID

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from safar.gate.door.board import Room, SiteBoard
from safar.gate.door.door import Door, DoorOutcome, DoorVerdict
from safar.gate.door.first_request import first_answer, is_first, mark
from safar.gate.door.polls import POLL_PATH, poll
from safar.gate.tickets.errors import QueueEnded, TicketRefused, TooManyVisitors, Waiting, WorkNeeded
from safar.gate.tickets.model import SHOP, CallerOf
from safar.gate.tickets.seal import client_tag
from safar.kernel.context import Context
from safar.kernel.errors import SafarError
from safar.kernel.web.pages import error_response, wants_json
from safar.kernel.web.requests import local_path, see_other

# Whoever pays is let through even when their place has run out: nobody loses an order to the gate.
_PAYING = frozenset({"/checkout"})


class GateLayer:
    """Pure ASGI layer. A valid pass is checked by its signature; only without one the database is asked."""

    def __init__(
        self,
        app: ASGIApp,
        context: Context,
        site_key: str,
        caller_of: CallerOf,
        exempt: Callable[[str], bool],
    ) -> None:
        self._app = app
        self._site_key = site_key
        self._exempt = exempt
        self._door = Door(context, caller_of)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path: str = scope["path"]
        state = scope["app"].state
        board: SiteBoard = state.board
        state.door = self._door
        if path == POLL_PATH and scope["method"] == "GET":
            answer = await poll(Request(scope), board, self._door.caller_of(scope))
            await answer(scope, receive, send)
            return
        if self._exempt(path) or (scope["method"] == "POST" and path in _PAYING):
            await self._app(scope, receive, send)
            return
        await self._gated(board, path, scope, receive, send)

    async def _gated(self, board: SiteBoard, path: str, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        rooms = [room for room in (board.room(self._site_key), board.room_before(path)) if room]
        response, cookies = await self._answer(request, board, rooms)

        async def send_with_cookies(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for cookie in cookies:
                    headers.append("set-cookie", cookie)
            await send(message)

        sending = send_with_cookies if cookies else send
        if response is not None:
            await response(scope, receive, sending)
            return
        began = time.perf_counter()
        await self._app(scope, receive, sending)
        board.meter.note(time.perf_counter() - began)

    async def _answer(
        self, request: Request, board: SiteBoard, rooms: list[Room]
    ) -> tuple[Response | None, list[str]]:
        """Return (what to say instead of the page, cookies that go out with either)."""
        caller = self._door.caller_of(request.scope)
        has_passes = all(room.cookies.has_pass(request.scope) for room in rooms)
        if is_first(request, caller) and not (caller.returned and has_passes):
            false = [
                room.cookies.without(n) for room in rooms for n in room.cookies.false_ones(request.scope)
            ]
            if false:
                return refusal(request, TicketRefused()), false
            answer = await first_answer(request, board, rooms)
            if isinstance(answer, Room):
                return to_waiting_room(request, answer, Waiting()), []
            return answer, [] if answer is not None or caller.returned else [mark()]
        cookies: list[str] = []
        for room in rooms:
            verdict = await self._door.judge(request, board, room)
            cookies += verdict.cookies
            response = answer_of(request, room, verdict)
            if response is not None:
                return response, cookies
        return None, cookies


def answer_of(request: Request, room: Room, verdict: DoorVerdict) -> Response | None:
    """Return the response for a visitor who is not admitted; None for one who is."""
    match verdict.outcome:
        case DoorOutcome.INSIDE:
            return None
        case DoorOutcome.REFUSED:
            assert verdict.error is not None
            return refusal(request, verdict.error)
        case DoorOutcome.ENDED:
            return to_waiting_room(request, room, QueueEnded())
        case DoorOutcome.WAIT:
            return to_waiting_room(request, room, WorkNeeded() if verdict.needs_work else Waiting())


def refusal(request: Request, error: SafarError) -> Response:
    response = error_response(request, error)
    if isinstance(error, TooManyVisitors):
        response.headers["retry-after"] = str(error.details["seconds"])
    return response


def to_waiting_room(request: Request, room: Room, error: SafarError) -> Response:
    """Redirect a person to the waiting page; answer a program with the error and a Retry-After header."""
    if wants_json(request):
        return error_response(request, error)
    site = "" if room.key == SHOP else f"site={room.key}&"
    return see_other(f"/wait?{site}next={quote(_wanted_path(request), safe='')}")


def open_rooms(request: Request) -> frozenset[str]:
    """Return the keys of the waiting rooms before goods in which the caller has a place."""
    board: SiteBoard | None = getattr(request.app.state, "board", None)
    door: Door | None = getattr(request.app.state, "door", None)
    if board is None or door is None:
        return frozenset()
    tag = client_tag(door.caller_of(request.scope).client_id)
    return frozenset(room.key for room in board.goods_rooms if _inside(request, room, tag))


def _inside(request: Request, room: Room, tag: bytes) -> bool:
    try:
        return room.cookies.pass_of(request, tag) is not None
    except SafarError:
        return False


def turned_away(request: Request, variant_ids: Iterable[UUID]) -> Response | None:
    """Return the redirect to the waiting room of these goods; None without one, or for who has a place in it.

    A hint, before a cart is filled in vain: the rule itself is asked where the order is taken (`open_rooms`).
    """
    board: SiteBoard | None = getattr(request.app.state, "board", None)
    door: Door | None = getattr(request.app.state, "door", None)
    if board is None or door is None:
        return None
    for room in board.rooms_of(_as_list(variant_ids)):
        tag = client_tag(door.caller_of(request.scope).client_id)
        if not _inside(request, room, tag) and room.site is not None and room.site.path:
            return error_response(request, Waiting()) if wants_json(request) else see_other(room.site.path)
    return None


def _as_list(variant_ids: Iterable[UUID]) -> Sequence[UUID]:
    return variant_ids if isinstance(variant_ids, Sequence) else list(variant_ids)


def _wanted_path(request: Request) -> str:
    """Return where to go once inside: this page, or for a form the page that it was on."""
    if request.method in ("GET", "HEAD"):
        query = request.url.query
        return local_path(request.url.path + (f"?{query}" if query else ""))
    referer = request.headers.get("referer", "")
    own = f"{request.url.scheme}://{request.url.netloc}"
    return local_path(referer.removeprefix(own)) if referer.startswith(own + "/") else "/"
