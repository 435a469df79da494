"""A stand-in of somebody's own program: it takes signed posts, once under each key, and posts its own."""

import base64
import hashlib
import hmac
import itertools
from typing import Any

import orjson
from starlette.responses import JSONResponse, Response

from safar.standins.base import RateScope, StandIn
from safar.standins.clock import StandInClock
from safar.standins.heard import Heard, Posted

PROGRAM_SECRET = "whsec_" + base64.b64encode(b"a secret of a program's own, 32b").decode()


class ProgramStandIn(StandIn):
    """Keeps what was posted to it by its key. `webhook`: where its own events go."""

    def __init__(self, clock: StandInClock | None = None, *, secret: str = PROGRAM_SECRET) -> None:
        super().__init__(clock)
        self.secret, self.webhook = secret, ""
        self.taken: dict[str, dict[str, Any]] = {}
        self.files: dict[str, bytes] = {}
        self._numbers = itertools.count(1)

    async def answer(self, heard: Heard) -> Response:
        if heard.method == "GET":
            content = self.files.get(heard.path)
            return Response(content, 200) if content is not None else Response(status_code=404)
        given = [
            heard.headers.get(name, "") for name in ("webhook-id", "webhook-timestamp", "webhook-signature")
        ]
        if given[2] != signature(self.secret, given[0], given[1], heard.body):
            return JSONResponse({"code": "http_401", "reason": "not signed with our secret"}, 401)
        message = heard.json()
        if message.get("type") == "ping":
            return Response(status_code=204)
        key = heard.headers["idempotency-key"]
        known = key in self.taken
        self.taken.setdefault(key, message)
        if self.webhook and not known:
            status = {"type": "status", "status": "delivered", "message": f"p-{key}", "our_id": key}
            heard.later(lambda: self.tell(status))
        return JSONResponse({"id": f"p-{key}"}, 200 if known else 201)

    def problem(self, code: str, heard: Heard) -> Response:
        if code.startswith("http_"):
            return JSONResponse({"reason": "as planned"}, int(code.removeprefix("http_")))
        return JSONResponse({"code": code, "reason": "as planned"}, 422)

    def too_many(self, rate: RateScope, wait_s: float, heard: Heard) -> Response:
        return JSONResponse({}, 429, headers={"retry-after": str(max(1, round(wait_s)))})

    async def tell(self, event: dict[str, Any]) -> Posted:
        """Post an event of the program's own."""
        body, id_ = orjson.dumps(event), f"evt_{next(self._numbers)}"
        seconds = str(int(self.clock.now().timestamp()))
        headers = {
            "content-type": "application/json",
            "webhook-id": id_,
            "webhook-timestamp": seconds,
            "webhook-signature": signature(self.secret, id_, seconds, body),
        }
        return await self.post(self.webhook, body, headers)


def signature(secret: str, id_: str, seconds: str, body: bytes) -> str:
    """Sign as the Standard Webhooks text says."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    digest = hmac.new(key, f"{id_}.{seconds}.".encode() + body, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"
