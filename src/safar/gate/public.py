"""The waiting room: a page that works without scripts, its poll, and the ways out."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from safar.gate.door.board import Room, SiteBoard, board_of
from safar.gate.door.door import DoorOutcome, DoorVerdict, door_of
from safar.gate.door.draw_ticket import checkable, drawn_ticket
from safar.gate.door.first_request import is_first
from safar.gate.door.forward import forward_auth, redirect_to_external
from safar.gate.door.here import here
from safar.gate.door.layer import answer_of
from safar.gate.door.polls import POLL_PATH, answer, before_opening, poll
from safar.gate.door.previews import preview_of
from safar.gate.door.proof_pages import post_work, work_page
from safar.gate.door.rooms import page_after, pass_of, query_of, room_of, tag_of
from safar.gate.door.texts import opens_text, paused_text
from safar.gate.line.visits import MovedVisit, leave_many, leave_soon_many, take_along_many
from safar.gate.tickets.errors import QueueEnded, TicketExpired, TicketRefused, UsedFromManyNetworks
from safar.gate.tickets.model import SHOP, Caller, Mode, Pass, Ticket
from safar.gate.tickets.seal import client_tag
from safar.kernel import clock
from safar.kernel.web.access import PublicRoute
from safar.kernel.web.headers import list_of
from safar.kernel.web.networks import routed_network
from safar.kernel.web.pages import context_of, error_response, page, wants_json
from safar.kernel.web.requests import client_address, see_other

_LEAVING_PASS = timedelta(minutes=1)  # so short that the next page renews it, which takes the leaving back


async def _wait_page(request: Request) -> Response:
    board = board_of(request)
    room = room_of(request, board)
    if room.external:
        return await _wait_for_other(request, board, room)
    if _pass(request, room) is not None:
        return see_other(page_after(request, room))
    caller = door_of(request).caller_of(request.scope)
    if room.cookies.ticket_name in request.cookies or room.ended or is_first(request, caller):
        return await _waiting(request, board, room)
    verdict = await door_of(request).judge(request, board, room)
    if verdict.outcome is DoorOutcome.INSIDE:
        response: Response = see_other(page_after(request, room))
    elif verdict.outcome is DoorOutcome.REFUSED:
        response = answer_of(request, room, verdict) or error_response(request, QueueEnded())
    else:
        response = await _waiting(request, board, room, _new_ticket(room, verdict), verdict.work_bits)
    return _with_cookies(response, verdict.cookies)


async def _wait_for_other(request: Request, board: SiteBoard, room: Room) -> Response:
    """Do for a site of others what the gate's layer does before our own pages."""
    if is_first(request, door_of(request).caller_of(request.scope)):
        if "seen" in request.query_params:
            return await _no_ticket(request, room)
        return see_other(f"/wait?{urlencode({**request.query_params, 'seen': '1'})}")
    verdict = await door_of(request).judge(request, board, room)
    if verdict.outcome is DoorOutcome.INSIDE and verdict.entry_pass is not None:
        entry_pass = await _taken_along(request, room, verdict.entry_pass)
        if entry_pass is not verdict.entry_pass:
            verdict.cookies.append(room.cookies.of_pass(entry_pass))
        response = redirect_to_external(request, room, entry_pass, page_after(request, room))
    elif verdict.outcome is DoorOutcome.REFUSED or wants_json(request):
        response = answer_of(request, room, verdict) or error_response(request, QueueEnded())
    else:
        response = await _waiting(request, board, room, _new_ticket(room, verdict), verdict.work_bits)
    return _with_cookies(response, verdict.cookies)


async def _taken_along(request: Request, room: Room, entry_pass: Pass) -> Pass:
    """Return the pass for the network that its browser is in now. Raises UsedFromManyNetworks.

    Asked also of who has just come in: that may be the same visit again, by our cookie from another network.
    """
    tag = tag_of(request, room, door_of(request).caller_of(request.scope))
    moved = MovedVisit(entry_pass.visit_id, routed_network(client_address(request)))
    if not await context_of(request).batched(take_along_many, moved):
        raise UsedFromManyNetworks
    return entry_pass if entry_pass.tag == tag else replace(entry_pass, tag=tag)


def _new_ticket(room: Room, verdict: DoorVerdict) -> Ticket | None:
    """Return the ticket that goes out with this page."""
    start = f"{room.cookies.ticket_name}="
    given = [cookie[len(start) :].split(";")[0] for cookie in verdict.cookies if cookie.startswith(start)]
    return room.cookies.seal.ticket(given[-1]) if given and given[-1] else None


async def _waiting(
    request: Request, board: SiteBoard, room: Room, ticket: Ticket | None = None, work_bits: int = 0
) -> Response:
    """Show how it stands: the end, the queue, the draw, the proof of work, or no place at all."""
    context, site, cookies = context_of(request), room.site, room.cookies
    if room.ended:
        return _ended(request, room, site.ended_reason if site else None)
    caller = door_of(request).caller_of(request.scope)
    try:
        ticket = ticket or cookies.ticket_of(request, client_tag(caller.client_id))
        drawn = await drawn_ticket(context, room, ticket) if ticket and not ticket.number else None
    except (TicketRefused, TicketExpired) as error:
        return _with_cookies(error_response(request, error), [cookies.without(cookies.ticket_name)])
    ticket = drawn or ticket
    if ticket is None:
        return await _without_ticket(request, room, caller, work_bits)
    if ticket.number and room.place(ticket.number) == 0 and not room.external:
        response: Response = see_other(page_after(request, room))
    else:
        response = _ticket_page(request, board, room, ticket)
    return _with_cookies(response, [cookies.of_ticket(drawn)] if drawn else [])


def _ticket_page(request: Request, board: SiteBoard, room: Room, ticket: Ticket) -> Response:
    context, site = context_of(request), room.site
    query = query_of(request, room)
    values: dict[str, Any] = {
        "poll": f"{POLL_PATH}?{query}",
        "room_query": query,
        "site_title": site.title if site and site.key != SHOP else "",
        "draw": checkable(context, room, ticket),
    }
    if ticket.number:
        standing = answer(room, ticket, board.units_left(room, request.scope))
        return page(request, "gate/wait.html", {**values, "answer": standing, "paused": paused_text(site)})
    values["answer"] = before_opening(context, room, ticket)
    values["opens_text"] = opens_text(site.opens_at) if site and site.opens_at else ""
    return page(request, "gate/early.html", values)


def _ended(request: Request, room: Room, reason: str | None) -> Response:
    """Say that waiting is over, and the way back: from a product's room, into the shop."""
    in_shop = room.site is not None and room.site.path is not None
    home = "/" if in_shop else f"/wait?{query_of(request, room)}"
    return page(request, "gate/ended.html", {"reason": reason, "home": home})


async def _without_ticket(request: Request, room: Room, caller: Caller, work_bits: int) -> Response:
    site = room.site
    if site is not None and site.mode == Mode.DRAINING:
        return _ended(request, room, "draining")
    if not is_first(request, caller) and (work_bits or (site is not None and site.work)):
        return work_page(request, room, work_bits)
    return await _no_ticket(request, room)


async def _no_ticket(request: Request, room: Room) -> Response:
    """Say what is missing, a cookie; and for previews of the link, what it leads to."""
    following = page_after(request, room)
    values = {"next": following, "preview": await preview_of(request, urlsplit(following).path)}
    return page(request, "gate/no_ticket.html", values)


def _pass(request: Request, room: Room) -> Pass | None:
    return pass_of(request, room, door_of(request).caller_of(request.scope))


async def _poll(request: Request) -> Response:
    """Answer a poll that did not come through the gate's layer, which answers them first."""
    return await poll(request, board_of(request), door_of(request).caller_of(request.scope))


async def _leave(request: Request) -> Response:
    """Give the places back: at once by the button, soon by the beacon of a tab that was closed."""
    context, closed = context_of(request), request.query_params.get("tab") == "closed"
    cookies: list[str] = []
    for room in board_of(request).rooms.values():
        entry_pass = _pass(request, room)
        if entry_pass is not None and closed:
            await context.batched(leave_soon_many, entry_pass.visit_id)
            until = min(entry_pass.expires_at, clock.now() + _LEAVING_PASS)
            cookies.append(room.cookies.of_pass(replace(entry_pass, expires_at=until)))
        elif entry_pass is not None:
            await context.batched(leave_many, entry_pass.visit_id)
            board_of(request).left.note([entry_pass.visit_id])
        names = () if closed else (room.cookies.pass_name, room.cookies.ticket_name)
        cookies += [room.cookies.without(name) for name in names if name in request.cookies]
    quiet = closed or wants_json(request) or "text/html" not in list_of(request.headers, "accept")
    return _with_cookies(Response(status_code=204) if quiet else page(request, "gate/left.html"), cookies)


async def _stay(request: Request) -> Response:
    """Take back that a tab was closed: another one is open."""
    door, cookies = door_of(request), []
    for room in board_of(request).rooms.values():
        entry_pass = _pass(request, room)
        if entry_pass is not None and not door.lasts(entry_pass):
            valid_pass = await door.renewed(entry_pass)
            cookies += [room.cookies.of_pass(valid_pass)] if valid_pass is not None else []
    return _with_cookies(Response(status_code=204), cookies)


async def _invited(request: Request) -> Response:
    """Keep the invitation in the browser and go where it leads: the gate lets its holder past the queue."""
    for room in board_of(request).rooms.values():
        try:
            invitation = room.cookies.seal.invitation(request.path_params["token"])
        except TicketRefused:
            continue
        if invitation.expires_at <= clock.now():
            raise TicketExpired
        following = f"/wait?{query_of(request, room)}" if room.external else page_after(request, room)
        return _with_cookies(see_other(following), [room.cookies.of_invitation(invitation)])
    raise TicketRefused


def _with_cookies(response: Response, cookies: list[str]) -> Response:
    for cookie in cookies:
        response.headers.append("set-cookie", cookie)
    return response


routes: list[BaseRoute] = [
    PublicRoute("/wait", _wait_page, why="the queue, with the signed ticket"),
    PublicRoute(POLL_PATH, _poll, why="the queue, with the signed ticket"),
    PublicRoute(
        "/wait/work",
        post_work,
        why="gives a place for the proof of work of the signed challenge",
        methods=["POST"],
    ),
    PublicRoute("/here", here, why="gives a place to whoever's cookie has come back"),
    PublicRoute("/leave", _leave, why="gives back the place of the signed pass", methods=["POST"]),
    PublicRoute("/stay", _stay, why="keeps the place of the signed pass", methods=["POST"]),
    PublicRoute("/invited/{token}", _invited, why="whoever has the signed link"),
    PublicRoute(
        "/forward-auth/{site}",
        forward_auth,
        why="says where a visitor of another site may go, by the signed pass",
    ),
]
