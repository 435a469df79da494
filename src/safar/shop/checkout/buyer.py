"""Who orders, as far as the request shows it: the cookie, the network, places in waiting rooms, work done."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from starlette.requests import Request

from safar.customers.visitor import visitor_of
from safar.gate.door.layer import open_rooms
from safar.gate.door.limits import bucket_of
from safar.gate.tickets import proof as work
from safar.gate.tickets.errors import NotPatientYet, WorkWrong
from safar.gate.tickets.seal import Seal
from safar.kernel.web.forms import Fields
from safar.kernel.web.pages import context_of
from safar.kernel.web.requests import client_address
from safar.orders.model import Buyer

_SITE = "orders"  # proofs of the gate do not count here, and the reverse
_ANSWERS_CHARACTERS_MAX = 400
_PATIENCE_BITS = 64  # as good as any proof


def buyer_of(request: Request, fields: Fields) -> Buyer:
    """Return who asks; a proof of work that does not hold is none."""
    visitor = visitor_of(request)
    return Buyer(
        visitor.visitor_id,
        visitor.returned,
        bucket_of(client_address(request)),
        open_rooms(request),
        _worked_bits(request, fields),
    )


def order_proof(request: Request, bits: int) -> dict[str, Any]:
    """Return the proof that is asked for: challenge, bits and number of puzzles."""
    seal, visitor_id = _seal(request), visitor_of(request).visitor_id
    challenge = work.challenge(seal, visitor_id, bits, again=True)
    return {"challenge": challenge, "bits": bits, "puzzles": work.PUZZLES}


def asked_patience(request: Request, typed: Mapping[str, str]) -> str:
    """Return what a browser without scripts sends instead when it has waited; the one it has goes on."""
    seal, visitor_id = _seal(request), visitor_of(request).visitor_id
    text = typed.get("patience", "")
    try:
        work.check_patience(seal, visitor_id, text)
    except NotPatientYet:
        return text
    except WorkWrong:
        pass
    return work.patience(seal, visitor_id)


def _worked_bits(request: Request, fields: Fields) -> int:
    if patience := fields.values.get("patience", ""):
        with suppress(NotPatientYet, WorkWrong):
            work.check_patience(_seal(request), visitor_of(request).visitor_id, patience)
            return _PATIENCE_BITS
    challenge, answers = fields.values.get("challenge", ""), fields.values.get("answers", "")
    if not challenge or not answers or len(answers) > _ANSWERS_CHARACTERS_MAX:
        return 0
    numbers = [int(part) for part in answers.split(",") if part.isascii() and part.isdecimal()]
    try:
        return work.checked(_seal(request), visitor_of(request).visitor_id, challenge, numbers).bits
    except WorkWrong:
        return 0


def _seal(request: Request) -> Seal:
    return Seal(context_of(request).vault, _SITE)
