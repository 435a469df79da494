"""The gate before sites that are not ours: what nginx, Caddy and Traefik ask us about each request.

A visitor without a pass waits on our waiting page and comes back with the pass in the address
(`gate_pass=…`), signed and good for a minute; the next answer turns it into a cookie of that site. Under a
shared parent domain the cookie alone is enough.
"""

from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from starlette.requests import Request
from starlette.responses import Response

from safar.gate.door.board import Room, board_of
from safar.gate.door.door import door_of
from safar.gate.door.rooms import OUTSIDE, OWN, tags_of
from safar.gate.line.visits import MovedVisit, take_along_many
from safar.gate.tickets.errors import TicketRefused, UnknownSite, Waiting
from safar.gate.tickets.model import Pass
from safar.kernel import clock
from safar.kernel.web.headers import added_last, list_of
from safar.kernel.web.networks import routed_network
from safar.kernel.web.pages import context_of, error_response, page, wants_json
from safar.kernel.web.requests import client_address, see_other

HANDOVER = "gate_pass"
_HANDOVER_LIFE = timedelta(minutes=1)
_URI_MAX = 4000


async def forward_auth(request: Request) -> Response:
    """Answer 200 for who may pass, else where to go: by redirect, or as 401 for nginx (`?answer=401`)."""
    room = board_of(request).room(request.path_params["site"])
    if room is None or room.site is None or not room.external:
        raise UnknownSite
    address = _address(request, room)
    clean, handed = _without_handover(address)
    if handed is not None:
        taken = await _taken_over(request, room, handed)
        return _sent(request, clean, room.cookies.of_pass(taken) if taken else None)
    entry_pass = _pass(request, room)
    if entry_pass is None:
        return _away(request, room, clean)
    door = door_of(request)
    if door.lasts(entry_pass):
        return Response(status_code=200)
    valid_pass = await door.renewed(entry_pass)
    if valid_pass is None:
        return _away(request, room, clean)
    if valid_pass is entry_pass:
        return Response(status_code=200)
    return _with_renewed(request, clean, room.cookies.of_pass(valid_pass))


def redirect_to_external(request: Request, room: Room, entry_pass: Pass, following: str) -> Response:
    """Return the way from our waiting page to the site of others, the pass in the address where needed."""
    site = room.site
    assert site is not None
    if site.cookie_domain:
        return see_other(following)
    until = clock.now() + _HANDOVER_LIFE
    parts = urlsplit(following)
    carried = replace(entry_pass, tag=_agent_tags(request, room, entry_pass)[0])
    handed = urlencode({HANDOVER: room.cookies.seal.handover_text(carried, until)})
    query = f"{parts.query}&{handed}" if parts.query else handed
    address = urlunsplit(parts._replace(query=query))
    if room.cookies.handed_name in request.cookies:
        # It came back without the pass: that site's cookies are off. A person may try again by hand.
        return page(request, "gate/handed.html", {"next": address, "site_title": site.title or site.url})
    response = see_other(address)
    response.headers.append("set-cookie", room.cookies.of_handover())
    return response


def _address(request: Request, room: Room) -> str:
    """Return what the visitor asked that site for; the proxy says it in a header of its own kind."""
    assert room.site is not None
    names = ("x-original-uri", "x-forwarded-uri")  # nginx sends the one, and what a caller wrote of the other
    first, second = names if _for_nginx(request) else names[::-1]
    uri = added_last(request.headers, first) or added_last(request.headers, second) or "/"
    if not uri.startswith("/") or uri.startswith("//") or len(uri) > _URI_MAX or not uri.isprintable():
        uri = "/"
    return f"{room.site.url}{uri}"


def _without_handover(address: str) -> tuple[str, str | None]:
    if HANDOVER not in address:
        return address, None
    parts = urlsplit(address)
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    handed = next((value for name, value in pairs if name == HANDOVER), None)
    if handed is None:
        return address, None
    query = "&".join(part for part in parts.query.split("&") if not part.startswith(f"{HANDOVER}="))
    return urlunsplit(parts._replace(query=query)), handed


def _agent_tags(request: Request, room: Room, entry_pass: Pass) -> list[bytes]:
    """Return the tags of a pass on its way: bound to the kind of browser, not yet to its network there."""
    seen = room.cookies.seal.outside_tags(request.headers.get("user-agent", ""), "")
    return [entry_pass.tag[OWN] + tag for tag in seen]


async def _taken_over(request: Request, room: Room, text: str) -> Pass | None:
    """Return the pass, bound to the network that this site's proxy sees its browser in."""
    try:
        entry_pass, until = room.cookies.seal.handover(text)
    except TicketRefused:
        return None
    fits = entry_pass.tag in _agent_tags(request, room, entry_pass)
    if not (fits and until > clock.now() and room.cookies.lasts(entry_pass)):
        return None
    moved = MovedVisit(entry_pass.visit_id, routed_network(client_address(request)))
    if not await context_of(request).batched(take_along_many, moved):
        return None
    return replace(entry_pass, tag=entry_pass.tag[OWN] + _tags(request, room)[0][OUTSIDE])


def _pass(request: Request, room: Room) -> Pass | None:
    try:
        passes = (room.cookies.pass_of(request, tag, OUTSIDE) for tag in _tags(request, room))
        return next((entry_pass for entry_pass in passes if entry_pass is not None), None)
    except TicketRefused:
        return None


def _tags(request: Request, room: Room) -> list[bytes]:
    return tags_of(request, room, door_of(request).caller_of(request.scope))


def _away(request: Request, room: Room, address: str) -> Response:
    if wants_json(request) and not _for_nginx(request):
        return error_response(request, Waiting())
    public = context_of(request).settings.public_url.rstrip("/")
    return _sent(request, f"{public}/wait?site={room.key}&next={quote(address, safe='')}", None)


def _with_renewed(request: Request, address: str, cookie: str) -> Response:
    """Give a new pass out. Caddy and Traefik drop the cookies of a 200, so a page is asked for once more."""
    method = added_last(request.headers, "x-forwarded-method") or "GET"
    if _for_nginx(request) or method != "GET" or "text/html" not in list_of(request.headers, "accept"):
        return Response(status_code=200, headers={"set-cookie": cookie})
    return _sent(request, address, cookie)


def _sent(request: Request, address: str, cookie: str | None) -> Response:
    response = see_other(address)
    if _for_nginx(request):
        response.status_code = 401
    if cookie:
        response.headers.append("set-cookie", cookie)
    return response


def _for_nginx(request: Request) -> bool:
    return request.query_params.get("answer") == "401"
