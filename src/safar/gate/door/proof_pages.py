"""The proof of work as a page: by script in the background, without scripts by waiting a little."""

from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from safar.gate.door.board import Room, SiteBoard, board_of
from safar.gate.door.door import DoorOutcome, door_of
from safar.gate.door.layer import answer_of
from safar.gate.door.rooms import page_after, query_of, room_of
from safar.gate.tickets import proof as work
from safar.gate.tickets.errors import TooManyVisitors, WorkWrong
from safar.kernel.web.forms import Fields, read_fields
from safar.kernel.web.pages import page, wants_json
from safar.kernel.web.requests import client_address, see_other


def site_proof(request: Request, room: Room, bits_least: int) -> dict[str, Any]:
    """Return the proof that is asked for now: challenge, bits and number of puzzles."""
    client_id = door_of(request).caller_of(request.scope).client_id
    bits = max(bits_least, work.bits_for(room.arrivals_per_s))
    challenge = work.challenge(room.cookies.seal, client_id, bits, again="again" in request.query_params)
    return {"challenge": challenge, "bits": bits, "puzzles": work.PUZZLES}


def work_page(request: Request, room: Room, bits_least: int = 0) -> Response:
    """Show what is asked for; scripts do it at once and send it."""
    client_id = door_of(request).caller_of(request.scope).client_id
    seal = room.cookies.seal
    values = {
        "room_query": query_of(request, room),
        **site_proof(request, room, bits_least),
        "patience": work.patience(seal, client_id),
        "patience_s": round(work.PATIENCE.total_seconds()),
    }
    return page(request, "gate/work.html", values)


async def post_work(request: Request) -> Response:
    """Take the proof, and give a place for it."""
    board, door = board_of(request), door_of(request)
    room = room_of(request, board)
    visit_id, bits = _proved(request, board, room, await read_fields(request))
    verdict = await door.enter(request, board, room, visit_id, bits)
    waiting = f"/wait?{query_of(request, room)}"
    response: Response
    if verdict.error is not None or wants_json(request):
        if isinstance(verdict.error, WorkWrong) and not wants_json(request):
            response = see_other(f"{waiting}&again=1")  # this proof had its visit before: do another
        else:
            response = answer_of(request, room, verdict) or Response(status_code=204)
    else:
        inside = verdict.outcome is DoorOutcome.INSIDE and not room.external
        response = see_other(page_after(request, room) if inside else waiting)
    for cookie in verdict.cookies:
        response.headers.append("set-cookie", cookie)
    return response


def _proved(request: Request, board: SiteBoard, room: Room, fields: Fields) -> tuple[UUID, int]:
    """Return (the visit that was worked or waited for, the bits it is worth).

    Raises WorkWrong, NotPatientYet, TooManyVisitors.
    """
    client_id = door_of(request).caller_of(request.scope).client_id
    seal = room.cookies.seal
    answers, patience = fields.values.get("answers", ""), fields.values.get("patience", "")
    if answers or not patience:
        done = work.checked(seal, client_id, fields.values.get("challenge", ""), _numbers(answers))
        return work.proven_visit(room.key, client_id, done), done.bits
    work.check_patience(seal, client_id, patience)
    if not board.patient.take(client_address(request)):
        raise TooManyVisitors(seconds=board.patient.wait_s())
    return work.visit_of_patience(room.key, client_id, patience), work.PATIENCE_BITS


def _numbers(text: str) -> list[int]:
    parts = text.split(",")[: work.PUZZLES + 1]
    if not all(part.isascii() and part.isdecimal() and len(part) < 12 for part in parts):
        raise WorkWrong
    return [int(part) for part in parts]
