"""What the first page of a visit asks for in the background: the cookie is back, so it gets its place.

front/static/stay.js does it once, when the mark of a first page is there; without scripts a picture in the
layout does. The page itself has been shown already, so nobody waits for this. A place that costs a proof of
work is got by the same script in a worker; who gets none now comes to the waiting room with their next page.
"""

from urllib.parse import urlsplit

import orjson
from starlette.requests import Request
from starlette.responses import Response

from safar.gate.door.board import board_of
from safar.gate.door.door import DoorOutcome, door_of
from safar.gate.door.first_request import is_first, without_mark
from safar.gate.door.proof_pages import site_proof
from safar.gate.door.rooms import query_of
from safar.gate.tickets.model import SHOP
from safar.kernel.web.static import static_url

_SHOWN_FROM = "at"


async def here(request: Request) -> Response:
    """Let the browser in that shows its cookie; 204, or what proof of work it would take."""
    board, door = board_of(request), door_of(request)
    response = Response(status_code=204)
    caller = door.caller_of(request.scope)
    if is_first(request, caller):
        return response
    for room in [room for room in (board.room(SHOP), board.room_before(_page(request))) if room]:
        verdict = await door.judge(request, board, room, queue=False)
        for cookie in verdict.cookies:
            response.headers.append("set-cookie", cookie)
        if verdict.needs_work:
            asked = site_proof(request, room, verdict.work_bits)
            asked |= {
                "worker": static_url("front/work.js"),
                "library": static_url("kernel/vendor/sha256.min.js"),
                "to": f"/wait/work?{query_of(request, room)}",
            }
            working = Response(orjson.dumps(asked), media_type="application/json")
            working.raw_headers += [header for header in response.raw_headers if header[0] == b"set-cookie"]
            response = working
        if verdict.outcome is not DoorOutcome.INSIDE:
            break
    board.came(caller.client_id)  # who gets no place for now has looked all the same
    response.headers.append("set-cookie", without_mark())
    return response


def _page(request: Request) -> str:
    """Return the path of the page that asks: scripts say it in the address, browsers in a header."""
    return request.query_params.get(_SHOWN_FROM) or urlsplit(request.headers.get("referer", "")).path
