"""Polls of waiting visitors, answered from the board and the signed ticket, without the database."""

from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from safar.gate.door.board import Room, SiteBoard
from safar.gate.door.draw_ticket import drawn_ticket, share_of
from safar.gate.door.rooms import page_after, pass_of, room_of
from safar.gate.door.texts import (
    estimate_text,
    goods_text,
    left_text,
    paused_text,
    place_text,
    waiting_message,
)
from safar.gate.line.decide import poll_after_s, poll_before_opening_s, progress
from safar.gate.tickets.model import Caller, Mode, Site, Ticket
from safar.gate.tickets.seal import client_tag
from safar.kernel import clock
from safar.kernel.context import Context
from safar.kernel.errors import SafarError
from safar.kernel.i18n import _, number
from safar.kernel.web.pages import context_of, error_text

POLL_PATH = "/wait/poll"
_DRAWING_POLL_S = 3.0


class PollAnswer(Response):
    """A minimal JSON response: polls are most of the traffic of a full site."""

    def __init__(self, body: bytes, status: int = 200) -> None:
        self.body, self.status_code, self.background = body, status, None
        length = str(len(body)).encode("ascii")
        self.raw_headers = [(b"content-type", b"application/json"), (b"content-length", length)]


async def poll(request: Request, board: SiteBoard, caller: Caller) -> Response:
    """Answer one poll; wait.js documents the answer."""
    try:
        room = room_of(request, board)
        body, cookie = await _standing(request, board, room, caller)
    except SafarError as error:
        refused = {"error": error.code, "message": error_text(error), "state": "ended", "next": None}
        return _json(refused, error.status)
    response = _json(body, 200)
    if cookie:
        response.headers.append("set-cookie", cookie)
    return response


async def _standing(
    request: Request, board: SiteBoard, room: Room, caller: Caller
) -> tuple[dict[str, Any], str | None]:
    cookies = room.cookies
    if pass_of(request, room, caller) is not None:
        return _admitted(request, room), None
    if room.ended:
        return {"state": "ended", "next": None}, None
    ticket = cookies.ticket_of(request, client_tag(caller.client_id))
    if ticket is None:
        return {"state": "ended", "next": None}, None
    cookie = None
    if not ticket.number:
        drawn = await drawn_ticket(context_of(request), room, ticket)
        if drawn is None:
            return before_opening(context_of(request), room, ticket), None
        ticket, cookie = drawn, cookies.of_ticket(drawn)
    if room.place(ticket.number) == 0:
        return _admitted(request, room), cookie
    return answer(room, ticket, board.units_left(room, request.scope)), cookie


def _admitted(request: Request, room: Room) -> dict[str, Any]:
    """Tell where to go: to a page of ours, or to the waiting page, which hands over to another site."""
    return {"state": "admitted", "next": None if room.external else page_after(request, room)}


def answer(room: Room, ticket: Ticket, units_left: int | None) -> dict[str, Any]:
    """Return the body of a poll for a visitor who has a number."""
    place = room.place(ticket.number)
    paused = room.site is not None and room.site.mode == Mode.HELD
    expected = None if paused else room.estimate(place)  # nobody knows when staff go on
    body = {
        "state": "waiting",
        "place": place,
        "place_text": place_text(place),
        "estimate_s": round(expected.most_s) if expected else None,
        "estimate_text": estimate_text(expected),
        "units_left_text": number(units_left) if units_left is not None else None,
        "progress": progress(place, ticket.ahead),
        "retry_ms": round(1000 * poll_after_s(place, expected)),
    }
    if message := _message(room.site):
        body["message"] = message
    return body


def before_opening(context: Context, room: Room, ticket: Ticket) -> dict[str, Any]:
    """Return the body of a poll for a visitor in the draw, who has no number yet."""
    site = room.site
    if site is None or site.opens_at is None:
        return {"state": "early", "left_text": _("Any moment now"), "retry_ms": 1000 * _DRAWING_POLL_S}
    left_s = (site.opens_at - clock.now()).total_seconds()
    share = share_of(context, site, ticket)
    body = {
        "state": "early",
        "left_text": left_text(site.opens_at),
        "joined_text": number(site.joined),
        "retry_ms": round(1000 * poll_before_opening_s(left_s, site.joined, share)),
    }
    if message := waiting_message(site):
        body["message"] = message
    return body


def _message(site: Site | None) -> str | None:
    return " ".join(filter(None, (paused_text(site), goods_text(site), waiting_message(site)))) or None


def _json(body: dict[str, Any], status: int) -> Response:
    return PollAnswer(orjson.dumps(body), status)
