"""Which room a request is about, where it leads to, and what its browser may show there."""

from urllib.parse import quote

from starlette.requests import Request
from starlette.types import Scope

from safar.gate.door.board import Room, SiteBoard
from safar.gate.tickets.errors import TicketRefused, UnknownSite
from safar.gate.tickets.model import SHOP, Caller, Pass
from safar.gate.tickets.seal import TAG_BYTES, client_tag
from safar.kernel.web.cookies import cookies_of
from safar.kernel.web.networks import routed_network
from safar.kernel.web.requests import client_address, local_path

OWN, OUTSIDE = slice(0, TAG_BYTES // 2), slice(TAG_BYTES // 2, TAG_BYTES)
_ADDRESS_MAX = 2000


def room_of(request: Request, board: SiteBoard) -> Room:
    """Return the room that the address names, the shop's without a name. Raises UnknownSite."""
    named = b"site=" in request.scope["query_string"]  # to parse it takes longer than to answer
    room = board.room(request.query_params.get("site", SHOP) if named else SHOP)
    if room is None:
        raise UnknownSite
    return room


def page_after(request: Request, room: Room) -> str:
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
    return f"{site}next={quote(page_after(request, room), safe='')}"


def has_pass(scope: Scope) -> bool:
    """Tell whether the request carries a good pass to the shop: enough to be answered before newcomers."""
    room: Room | None = scope["app"].state.board.room(SHOP)
    return room is not None and room.cookies.has_pass(scope)


def tag_of(request: Request, room: Room, caller: Caller) -> bytes:
    """Return what a pass of this browser is bound to: its cookie.

    A pass of a site of others has half of that, which is checked here, and half of what is seen there, where
    our cookie is not: the kind of browser and its network.
    """
    return tags_of(request, room, caller)[0]


def tags_of(request: Request, room: Room, caller: Caller) -> list[bytes]:
    """Return the tags of which a pass of this browser has one: the first is for a new pass."""
    own = client_tag(caller.client_id)
    if not room.external:
        return [own]
    network = routed_network(client_address(request)) or ""
    seen = room.cookies.seal.outside_tags(request.headers.get("user-agent", ""), network)
    return [own[OWN] + tag for tag in seen]


def checked_here(room: Room) -> slice:
    """Return the part of a pass's tag that is checked on our own pages."""
    return OWN if room.external else slice(None)


def pass_of(request: Request, room: Room, caller: Caller) -> Pass | None:
    """Return the pass if it opens; a false one is the business of the gate's layer."""
    if room.cookies.pass_name not in cookies_of(request.scope):
        return None
    try:
        return room.cookies.pass_of(request, tag_of(request, room, caller), checked_here(room))
    except TicketRefused:
        return None
