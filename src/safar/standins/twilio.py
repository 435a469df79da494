"""A stand-in of Twilio: messages, statuses, media, the list of messages, and posts that it signs.

Source: twilio.com/docs: messaging/api, usage/security, usage/webhooks/webhooks-connection-overrides.
"""

import base64
import hashlib
import hmac
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from starlette.responses import JSONResponse, Response

from safar.standins.base import RateScope, StandIn
from safar.standins.clock import StandInClock
from safar.standins.heard import Heard, Posted

ACCOUNT_SID = "AC" + "0" * 31 + "1"
AUTH_TOKEN = "f" * 32
NUMBER = "+15005550006"
# Numbers that fail as Twilio's own for tests do.
_MAGIC = {"+15005550001": "21211", "+15005550002": "21612", "+15005550003": "21408", "+15005550009": "21614"}
_STOP = frozenset({"STOP", "UNSUBSCRIBE", "END", "QUIT", "STOPALL", "REVOKE", "OPTOUT", "CANCEL"})
_STATUS = {"20003": 401, "20404": 404, "20429": 429, "20500": 500, "20503": 503, "20001": 503}
_RETRIED_FOR_S = 15.0


@dataclass(frozen=True, slots=True)
class Media:
    """A picture or sound that came with a message."""

    mime: str
    content: bytes


class TwilioStandIn(StandIn):
    """One account with one number. `webhook`: where what comes in is posted, with its fragment.

    `ends`: the statuses that a message gets, in this order; `problem_form`: errors as RFC 9457 has them.
    """

    rates = (RateScope("account", 100, 1.0, lambda heard: "all" if heard.method == "POST" else None),)
    webhook_timeout_s = 15.0

    def __init__(self, clock: StandInClock | None = None) -> None:
        super().__init__(clock)
        self.webhook = ""
        self.advanced_opt_out = False
        self.problem_form = False
        self.ends: tuple[str, ...] = ("sent", "delivered")
        self.status_error = ""
        self.opted_out: set[str] = set()
        self.messages: list[dict[str, Any]] = []
        self.media: dict[str, Media] = {}
        self._numbers = itertools.count(1)

    def write(self, number: str, text: str, media: Sequence[Media] = ()) -> dict[str, str]:
        """Have somebody write to the number; return the form that is posted."""
        message = self._message("inbound", number, NUMBER, text, "received")
        word = text.strip().upper()
        fields = {
            "ToCountry": "US", "SmsMessageSid": message["sid"], "NumMedia": str(len(media)),
            "SmsSid": message["sid"],
            "SmsStatus": "received", "FromCountry": "IR", "Body": text, "To": NUMBER, "From": number,
            "NumSegments": "1", "MessageSid": message["sid"], "AccountSid": ACCOUNT_SID,
            "ApiVersion": "2010-04-01",
        }  # fmt: skip
        for position, one in enumerate(media):
            sid = f"ME{next(self._numbers):032x}"
            self.media[sid] = one
            fields[f"MediaUrl{position}"] = f"{self._path()}/Messages/{message['sid']}/Media/{sid}"
            fields[f"MediaContentType{position}"] = one.mime
        if word in _STOP or word in ("START", "UNSTOP", "YES"):
            (self.opted_out.add if word in _STOP else self.opted_out.discard)(number)
            if self.advanced_opt_out:
                fields["OptOutType"] = "STOP" if word in _STOP else "START"
        if self.webhook:
            self.start(lambda: self.post_form(self.webhook, fields))
        return fields

    async def post_form(self, url: str, fields: dict[str, str]) -> Posted:
        """Post a form, and again as the fragment of the address asks for: `#rc=5&rp=all`."""
        bare, _hash, fragment = url.partition("#")
        asked = dict(parse_qsl(fragment))
        body = urlencode(fields).encode()
        headers = {
            "content-type": "application/x-www-form-urlencoded; charset=utf-8",
            "x-twilio-signature": twilio_signature(AUTH_TOKEN, bare, tuple(fields.items())),
            "i-twilio-idempotency-token": f"{next(self._numbers):032x}",
        }
        posted = await self.post(bare, body, headers)
        for _time in range(min(int(asked.get("rc", "0")), 5)):
            refused = posted.status == 0 or posted.status >= (
                400 if asked.get("rp") in ("all", "4xx") else 500
            )
            if not refused:
                break
            posted = await self.post(bare, body, headers)
        return posted

    async def answer(self, heard: Heard) -> Response:
        path = heard.path.removeprefix(f"/2010-04-01/Accounts/{ACCOUNT_SID}")
        basic = base64.b64encode(f"{ACCOUNT_SID}:{AUTH_TOKEN}".encode()).decode()
        if path == heard.path or heard.headers.get("authorization") != f"Basic {basic}":
            return self.problem("20003", heard)
        if "/Media/" in path:
            media = self.media.get(path.rpartition("/")[2])
            return Response(media.content, media_type=media.mime) if media else self.problem("20404", heard)
        if path == ".json":
            return JSONResponse({"sid": ACCOUNT_SID, "status": "active", "friendly_name": "Shop"})
        if path == "/Messages.json" and heard.method == "POST":
            return self._create(heard)
        if path == "/Messages.json":
            return self._list(heard)
        return self.problem("20404", heard)

    def problem(self, code: str, heard: Heard) -> Response:
        status = _STATUS.get(code, 400)
        words = f"Error {code}"
        if self.problem_form:
            said = {"type": f"https://www.twilio.com/docs/errors/{code}", "title": words, "status": status}
            return JSONResponse(said, status, media_type="application/problem+json")
        more = f"https://www.twilio.com/docs/errors/{code}"
        said = {"code": int(code), "message": words, "more_info": more, "status": status}
        return JSONResponse(said, status)

    def too_many(self, rate: RateScope, wait_s: float, heard: Heard) -> Response:
        return self.problem("20429", heard)

    def _create(self, heard: Heard) -> Response:
        fields = heard.fields
        to, text = fields.get("To", ""), fields.get("Body", "")
        wrong = _MAGIC.get(to) or ("21211" if not to.startswith("+") or not to[1:].isdigit() else "")
        if not wrong and to in self.opted_out:
            wrong = "21610"
        if not wrong and not fields.get("From") and not fields.get("MessagingServiceSid"):
            wrong = "21603"
        if not wrong and not text:
            wrong = "21602"
        if not wrong and len(text) > 1600:
            wrong = "21617"
        if wrong:
            return self.problem(wrong, heard)
        message = self._message("outbound-api", fields.get("From", NUMBER), to, text, "queued")
        if callback := fields.get("StatusCallback"):
            heard.later(lambda: self._report(callback, message))
        return JSONResponse(message, 201)

    async def _report(self, callback: str, message: dict[str, Any]) -> None:
        for status in self.ends:
            message["status"] = status
            fields = {
                "SmsSid": message["sid"], "SmsStatus": status, "MessageStatus": status, "To": message["to"],
                "MessageSid": message["sid"], "AccountSid": ACCOUNT_SID, "From": message["from"],
                "ApiVersion": "2010-04-01",
            }  # fmt: skip
            if self.status_error and status in ("failed", "undelivered"):
                message["error_code"] = int(self.status_error)
                fields["ErrorCode"] = self.status_error
            await self.post_form(callback, fields)

    def _message(self, direction: str, sender: str, to: str, text: str, status: str) -> dict[str, Any]:
        now = format_datetime(self.clock.now())
        message = {
            "sid": f"SM{next(self._numbers):032x}", "account_sid": ACCOUNT_SID, "direction": direction,
            "from": sender, "to": to, "body": text, "status": status, "num_segments": "1", "num_media": "0",
            "error_code": None, "error_message": None, "date_created": now, "date_sent": now,
        }  # fmt: skip
        self.messages.append(message)
        return message

    def _list(self, heard: Heard) -> Response:
        page, size = int(heard.query.get("Page", "0")), 2  # pages are small, so that there are several
        some = self.messages[page * size : (page + 1) * size]
        following = None
        if len(self.messages) > (page + 1) * size:
            following = f"{heard.path}?{urlencode({**heard.query, 'Page': page + 1})}"
        return JSONResponse({"messages": some, "page": page, "next_page_uri": following})

    def _path(self) -> str:
        return f"{self.url}/2010-04-01/Accounts/{ACCOUNT_SID}"


def twilio_signature(
    token: str,
    url: str,
    pairs: Sequence[tuple[str, str]] = (),
    *,
    port: int | None = None,
    body: bytes | None = None,
) -> str:
    """Sign as Twilio does. `port`: written into the address first; `body`: by its SHA-256 in the address."""
    parts = urlsplit(url)
    if port is not None:
        parts = parts._replace(netloc=f"{parts.hostname}:{port}")
    if body is not None:
        digest = f"bodySHA256={hashlib.sha256(body).hexdigest()}"
        parts = parts._replace(query=f"{parts.query}&{digest}" if parts.query else digest)
    text = urlunsplit(parts)
    for name in sorted({name for name, _value in pairs}):
        for value in sorted({value for key, value in pairs if key == name}):
            text += name + value
    return base64.b64encode(hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()).decode()
