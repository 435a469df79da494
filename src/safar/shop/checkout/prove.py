"""The page, and the answer to programs, that ask for a proof of work before something is done."""

from collections.abc import Mapping

import orjson
from starlette.requests import Request
from starlette.responses import Response

from safar.gate.tickets.proof import PATIENCE
from safar.kernel.errors import SafarError
from safar.kernel.web.pages import error_text, page, wants_json
from safar.shop.checkout.buyer import asked_patience, order_proof

_PROOF = ("challenge", "answers", "patience")


def to_prove(request: Request, sent: Mapping[str, str], bits: int, refused: SafarError) -> Response:
    """Ask for a proof of work: programs send it along, a browser's script does it and goes on."""
    proof = order_proof(request, bits)
    if wants_json(request):
        body = {"error": refused.code, "message": error_text(refused), **proof}
        return Response(orjson.dumps(body), refused.status, media_type="application/json")
    typed = {name: text for name, text in sent.items() if name not in _PROOF}
    values = {
        **proof,
        "typed": typed,
        "patience": asked_patience(request, sent),
        "why": error_text(refused),
        "patience_s": round(PATIENCE.total_seconds()),
        "action": request.url.path,
    }
    return page(request, "shop/prove.html", values, status=refused.status)
