"""What the stand-ins of WhatsApp, Instagram and Messenger have in common: the Graph API and its posts."""

import hashlib
import hmac
import itertools
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

import orjson
from starlette.responses import JSONResponse, Response

from safar.kernel.ids import new_id
from safar.standins.base import RateScope, StandIn
from safar.standins.clock import StandInClock
from safar.standins.heard import Heard, Posted

# What a stand-in knows its only app by.
TOKEN, APP_SECRET = "EAAG-token", "secret-of-the-app"
_LIVES = timedelta(days=7)
_STATUS = {
    "0": 401, "190": 401, "10": 403, "368": 403, "3": 500, "1": 500, "2": 503, "131000": 500, "131016": 503,
    "131005": 403, "1200": 503,
}  # fmt: skip


class GraphStandIn(StandIn):
    """A Graph API of one app. `webhook_url`: where its posts go, the whole batch again until it is taken."""

    def __init__(
        self,
        *,
        token: str = TOKEN,
        app_secret: str = APP_SECRET,
        webhook_url: str = "",
        clock: StandInClock | None = None,
    ) -> None:
        super().__init__(clock)
        self.token, self.app_secret, self.webhook_url = token, app_secret, webhook_url

    async def answer(self, heard: Heard) -> Response:
        if heard.headers.get("authorization") != f"Bearer {self.token}":
            return self.problem("190", heard)
        version, _slash, path = heard.path.lstrip("/").partition("/")
        if not version.startswith("v"):
            return self.problem("100", heard)
        return await self.asked(heard, tuple(path.split("/")))

    async def asked(self, heard: Heard, path: tuple[str, ...]) -> Response:
        """Answer a request with a valid token; `path`: behind the version."""
        raise NotImplementedError

    def problem(self, code: str, heard: Heard, details: str = "") -> Response:
        number, _slash, subcode = code.partition("/")
        error: dict[str, Any] = {
            "message": f"(#{number}) {details or 'refused'}",
            "type": "OAuthException",
            "code": int(number),
            "error_data": {"messaging_product": "whatsapp", "details": details or f"refused with {code}"},
            "fbtrace_id": new_id().hex[:11],
        }
        if subcode:
            error["error_subcode"] = int(subcode)
        status = 403 if 200 <= int(number) < 300 else _STATUS.get(number, 400)
        return JSONResponse({"error": error}, status_code=status)

    def too_many(self, rate: RateScope, wait_s: float, heard: Heard) -> Response:
        return self.problem(rate.name, heard, f"again in {wait_s:.1f} s")

    def signed(self, body: bytes) -> dict[str, str]:
        """Return the headers of a post: the proof over its raw body."""
        digest = hmac.new(self.app_secret.encode(), body, hashlib.sha256).hexdigest()
        return {"content-type": "application/json", "x-hub-signature-256": f"sha256={digest}"}

    async def tell(self, envelope: Mapping[str, Any]) -> Posted | None:
        """Post a batch until it is answered with 200, the whole of it each time, for seven days at most."""
        if not self.webhook_url:
            return None
        body = orjson.dumps(envelope)
        dies_at = self.clock.now() + _LIVES
        return await self.post_until_taken(
            self.webhook_url, body, self.signed(body), pauses=_pauses(), dies_at=dies_at
        )

    def stamp(self, per_second: int = 1) -> int:
        return int(self.clock.now().timestamp() * per_second)


def _pauses() -> Iterator[float]:
    return (min(2.0**step, 3600.0) for step in itertools.count())
