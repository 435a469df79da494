"""Which room a request is about, where it leads to, and what its browser may show there."""

from urllib.parse import quote

from starlette.requests import Request
from starlette.types import Scope

from safar.gate.board import Board, Room
from safar.gate.errors import TicketRefused, UnknownSite
from safar.gate.model import SHOP, Caller, Pass
from safar.gate.seal import agent_tag, client_tag
from safar.kernel.web.cookies import cookies_of
from safar.kernel.web.requests import local_path

_ADDRESS_MAX = 2000


def room_of(request: Request, board: Board) -> Room:
    """Return the room that the address names, the shop's without a name. Raises UnknownSite."""
    named = b"site=" in request.scope["query_string"]  # to parse it takes longer than to answer
    room = board.room(request.query_params.get("site", SHOP) if named else SHOP)
    if room is None:
        raise UnknownSite
    return room


def next_of(request: Request, room: Room) -> str:
    """Return the page to go to once inside: of this site, or of the external site that the room is for."""
    wanted = request.query_params.get("next")
    site = room.site
    if site is not None and room.external:
        good = wanted is not None and wanted.startswith(f"{site.url}/") and wanted.isprintable()
        return wanted if wanted and good and len(wanted) <= _ADDRESS_MAX else f"{site.url}/"
    default = site.path if site is not None and site.path else "/"
    path = local_path(wanted, default)
    return default if path.startswith("/wait") else path  # the waiting room itself would be a circle


def query_of(request: Request, room: Room) -> str:
    """Return the query of the waiting room's addresses: which room, and where to go afterwards."""
    site = "" if room.key == SHOP else f"site={room.key}&"
    return f"{site}next={quote(next_of(request, room), safe='')}"


def has_pass(scope: Scope) -> bool:
    """Tell whether the request carries a good pass to the shop: enough to be answered before newcomers."""
    room: Room | None = scope["app"].state.board.room(SHOP)
    return room is not None and room.cookies.has_pass(scope)


def tag_of(request: Request, room: Room, caller: Caller) -> bytes:
    """Return what a pass of this browser is bound to: on sites of others we see the kind of browser only."""
    if room.external:
        return agent_tag(request.headers.get("user-agent", ""))
    return client_tag(caller.client_id)


def pass_of(request: Request, room: Room, caller: Caller) -> Pass | None:
    """Return the pass if it opens; a false one is the business of the gate's layer."""
    if room.cookies.pass_name not in cookies_of(request.scope):
        return None
    try:
        return room.cookies.pass_of(request, tag_of(request, room, caller))
    except TicketRefused:
        return None
