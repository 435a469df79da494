"""The waiting room: a page that works without scripts, its poll, and the way out."""

from functools import lru_cache
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from safar.capacity.actions import release_many
from safar.gate.board import Board
from safar.gate.cookies import ENTRY_COOKIE, TICKET_COOKIE
from safar.gate.decide import Estimate, poll_after_s, progress
from safar.gate.errors import TicketExpired, TicketRefused
from safar.gate.model import Pass, Ticket
from safar.kernel.errors import SafarError
from safar.kernel.i18n import _, current_language, duration, number
from safar.kernel.web.pages import context_of, error_response, error_text, page, wants_json
from safar.kernel.web.requests import local_path, see_other


def _next(request: Request) -> str:
    """Return the page to go to once inside; the waiting room itself would be a circle."""
    wanted = local_path(request.query_params.get("next"))
    return "/" if wanted.startswith("/wait") else wanted


def _pass(request: Request) -> Pass | None:
    """Return the pass if it opens; a false one is the gate's business, not the waiting room's."""
    board: Board = request.app.state.board
    try:
        return board.cookies.pass_of(request)
    except TicketRefused:
        return None


def answer(board: Board, ticket: Ticket, units_left: int | None) -> dict[str, Any]:
    """Return what the poll says to a waiting visitor, as wait.js documents it."""
    place = board.place(ticket.number)
    expected = board.estimate(place)
    return {
        "state": "waiting",
        "place": place,
        "place_text": number(place),
        "estimate_s": round(expected.most_s) if expected else None,
        "estimate_text": estimate_text(expected),
        "units_left_text": number(units_left) if units_left is not None else None,
        "progress": progress(place, ticket.ahead),
        "retry_ms": round(1000 * poll_after_s(place, expected)),
    }


def estimate_text(expected: Estimate | None) -> str:
    """Return the range in words, in round figures: more would pretend to know."""
    if expected is None:
        return _("Not known yet")
    return _range_text(current_language(), _rounded(expected.least_s), _rounded(expected.most_s))


@lru_cache(maxsize=4096)
def _range_text(_language: str, least_s: int, most_s: int) -> str:
    if most_s <= 60:
        return _("Less than a minute") if most_s > 15 else _("A few seconds")
    if least_s < 30:
        return _("Up to %(most)s", most=duration(most_s))
    if least_s == most_s:
        return _("About %(most)s", most=duration(most_s))
    return _("%(least)s to %(most)s", least=duration(least_s), most=duration(most_s))


def _rounded(seconds: float) -> int:
    for step_s in (5, 30, 60, 300):
        if seconds < step_s * 12:
            return step_s * round(seconds / step_s)
    return 900 * round(seconds / 900)


async def _wait_page(request: Request) -> Response:
    board: Board = request.app.state.board
    following = _next(request)
    if _pass(request) is not None:
        return see_other(following)
    if board.ended:
        return page(request, "gate/ended.html")
    try:
        ticket = board.cookies.ticket_of(request)
    except (TicketRefused, TicketExpired) as error:
        response = error_response(request, error)
        response.headers.append("set-cookie", board.cookies.without(TICKET_COOKIE))
        return response
    if ticket is None:
        return page(request, "gate/no_ticket.html", {"next": following})
    if board.place(ticket.number) == 0:
        return see_other(following)
    values = answer(board, ticket, board.units_left(request.scope))
    poll = f"/wait/poll?next={quote(following, safe='')}"
    return page(request, "gate/wait.html", {"poll": poll, "next": following, "answer": values})


async def _poll(request: Request) -> Response:
    """Answer from the board and the signatures alone: no database, however many ask."""
    board: Board = request.app.state.board
    following = _next(request)
    if _pass(request) is not None:
        return JSONResponse({"state": "admitted", "next": following})
    if board.ended:
        return JSONResponse({"state": "ended", "next": None})
    try:
        ticket = board.cookies.ticket_of(request)
    except (TicketRefused, TicketExpired) as error:
        return _refused_poll(request, error)
    if ticket is None:
        return JSONResponse({"state": "ended", "next": None})
    if board.place(ticket.number) == 0:
        return JSONResponse({"state": "admitted", "next": following})
    return JSONResponse(answer(board, ticket, board.units_left(request.scope)))


def _refused_poll(request: Request, error: SafarError) -> Response:
    body = {"error": error.code, "message": error_text(error), "state": "ended", "next": None}
    return JSONResponse(body, error.status)


async def _leave(request: Request) -> Response:
    """Give the place back; sent by a beacon, or by a button without scripts."""
    board: Board = request.app.state.board
    entry_pass = _pass(request)
    if entry_pass is not None:
        await context_of(request).batched(release_many, entry_pass.visit_id)
    quiet = wants_json(request) or "text/html" not in request.headers.get("accept", "")
    response = Response(status_code=204) if quiet else page(request, "gate/left.html")
    for name in (ENTRY_COOKIE, TICKET_COOKIE):
        if name in request.cookies:
            response.headers.append("set-cookie", board.cookies.without(name))
    return response


routes: list[BaseRoute] = [
    Route("/wait", _wait_page),
    Route("/wait/poll", _poll),
    Route("/leave", _leave, methods=["POST"]),
]
