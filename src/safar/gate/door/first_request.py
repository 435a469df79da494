"""The first request of a browser: the page at once where there is room, and nothing that lasts."""

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from safar.gate.door.board import Room, SiteBoard
from safar.gate.door.looks import is_browser, is_crawler, is_preview, only_looks
from safar.gate.door.previews import preview_of
from safar.gate.tickets.errors import QueueEnded, Waiting
from safar.gate.tickets.model import Caller, Mode
from safar.kernel import clock
from safar.kernel.errors import CookiesNeeded
from safar.kernel.web.pages import error_response, render, wants_json
from safar.kernel.web.requests import client_address

MARK = "first"
_MARK_S = 60
_SAFE = frozenset({"GET", "HEAD"})


def is_first(request: Request, caller: Caller) -> bool:
    """Tell whether nobody has shown yet that a browser is there who could hold a place."""
    return not caller.returned or is_crawler(request.headers) or only_looks(request.method, request.headers)


def mark() -> str:
    """Return the cookie that tells the page's script to show its browser's cookie (see here.py).

    It says nothing else and no request is judged by it, so it is the one that scripts read, of a plain name.
    """
    return f"{MARK}=1; Path=/; Max-Age={_MARK_S}; SameSite=Lax"


def without_mark() -> str:
    return f"{MARK}=; Path=/; Max-Age=0; SameSite=Lax"


async def first_answer(request: Request, board: SiteBoard, rooms: list[Room]) -> Response | Room | None:
    """Return None to show the page, the room to wait in, or another answer instead of the page."""
    if request.method not in _SAFE:
        return error_response(request, CookiesNeeded())
    program = not is_browser(request.headers)
    paced = board.first_pages.take(client_address(request))
    refusing = next((room for room in rooms if not _open(room, program)), None)
    if refusing is None and paced:
        refusing = next((room for room in rooms if not room.looks.take(_free(room), program=program)), None)
        if refusing is None:
            return None
    room = refusing or rooms[-1]
    if wants_json(request):
        return error_response(request, QueueEnded() if room.ended else Waiting())
    return room if not program else await _light(request, may_read=paced)


def _open(room: Room, program: bool) -> bool:
    """Tell whether pages are shown at all: not while those who come wait for something else than a place."""
    site = room.site
    if site is None or site.before_opening(clock.now()):
        return False
    return program or (site.ended_at is None and site.mode == Mode.OPEN and not site.waiting)


def _free(room: Room) -> int:
    return room.figures.free if room.figures is not None else 0


async def _light(request: Request, *, may_read: bool) -> Response:
    """Tell a program what the page is about; search engines come again later, previews have all they show."""
    preview = await preview_of(request, request.url.path, may_read=may_read)
    status = 200 if is_preview(request.headers) else 503
    html = render("gate/light.html", {"preview": preview})
    return HTMLResponse(html, status, {} if status == 200 else {"retry-after": "120"})
