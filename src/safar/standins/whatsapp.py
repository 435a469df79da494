"""A stand-in of the WhatsApp Cloud API: checks what it is asked as documented, and tells of statuses."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from starlette.responses import JSONResponse, Response

from safar.kernel.ids import new_id
from safar.standins.base import RateScope
from safar.standins.graph import GraphStandIn
from safar.standins.heard import Heard
from safar.standins.meta_samples import BUSINESS_ID, NUMBER_ID, USER_ID, whatsapp_post, whatsapp_value
from safar.standins.whatsapp_rules import RuleBroken, check_message

_WINDOW = timedelta(hours=24)
_PAGE_MAX = 100
# What every template has, unless it says so itself.
_WITH_ALL = {"id": "1", "parameter_format": "POSITIONAL"}
_SENT = ("sent", "delivered", "read")


def _number(heard: Heard) -> str | None:
    return heard.path if heard.method == "POST" and heard.path.endswith("/messages") else None


def _pair(heard: Heard) -> str | None:
    if _number(heard) is None:
        return None
    try:
        body = heard.json()
    except ValueError:
        return None
    if not isinstance(body, dict) or "status" in body:
        return None
    return str(body.get("to") or body.get("recipient") or "")


class WhatsAppStandIn(GraphStandIn):
    """One number, its templates and its media. `statuses`: what is told of each message that is taken."""

    # A pair has one message in 6 s; bursts are borrowed against later.
    rates = (RateScope("130429", 80, 1.0, _number), RateScope("131056", 45, 270.0, _pair))

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        self.number_id, self.business_id = NUMBER_ID, BUSINESS_ID
        self.statuses: Sequence[str] = _SENT
        self.templates: list[dict[str, Any]] = []
        self.media: dict[str, tuple[bytes, str]] = {}
        self.wrote_at: dict[str, datetime] = {}
        self.failures: dict[str, str] = {}
        self.taken: list[dict[str, Any]] = []

    async def asked(self, heard: Heard, path: tuple[str, ...]) -> Response:
        match (heard.method, *path):
            case ("POST", self.number_id, "messages"):
                return self._message(heard)
            case ("POST", self.number_id, "media"):
                return self._upload(heard)
            case ("GET", self.number_id):
                said = {
                    "id": self.number_id,
                    "display_phone_number": "+1 555-078-3881",
                    "verified_name": "Shop",
                }
                return JSONResponse(said | {"quality_rating": "GREEN", "status": "CONNECTED"})
            case ("GET", self.business_id, "message_templates"):
                return self._templates(heard)
            case ("GET", self.business_id, "subscribed_apps"):
                return JSONResponse({"data": [{"whatsapp_business_api_data": {"id": "670843887433847"}}]})
            case ("GET", "file", media_id) if media_id in self.media:
                content, mime = self.media[media_id]
                return Response(content, media_type=mime)
            case ("GET", media_id) if media_id in self.media:
                return JSONResponse(self._place(media_id, heard))
        return self.problem("100/33", heard, "Object does not exist")

    def _message(self, heard: Heard) -> Response:
        try:
            body = heard.json()
            to = check_message(body, self.media, self.templates)
        except ValueError:
            return self.problem("100", heard, "The body is no JSON object.")
        except RuleBroken as wrong:
            return self.problem(wrong.code, heard, wrong.details)
        if body.get("status") == "read":
            return JSONResponse({"success": True})
        external_id = f"wamid.{new_id().hex}"
        self.taken.append({**body, "id": external_id})
        heard.later(lambda: self._follow(body, external_id, to))
        contact = (
            {"input": to, "wa_id": to.lstrip("+")}
            if to.lstrip("+").isdigit()
            else {"input": to, "user_id": to}
        )
        said = {"messaging_product": "whatsapp", "contacts": [contact], "messages": [{"id": external_id}]}
        return JSONResponse(said)

    async def _follow(self, body: Mapping[str, Any], external_id: str, to: str) -> None:
        """Tell what becomes of a message: outside the window it is taken, and fails afterwards."""
        heard_at = self.wrote_at.get(to.lstrip("+"))
        closed = heard_at is not None and self.clock.now() - heard_at >= _WINDOW
        code = self.failures.get(to) or ("131047" if closed and body["type"] != "template" else "")
        for status in ("failed",) if code else self.statuses:
            told: dict[str, Any] = {
                "id": external_id,
                "status": status,
                "timestamp": str(self.stamp()),
                "recipient_id" if to.lstrip("+").isdigit() else "recipient_user_id": to.lstrip("+"),
            }
            if "biz_opaque_callback_data" in body:
                told["biz_opaque_callback_data"] = body["biz_opaque_callback_data"]
            if code:
                told["errors"] = [
                    {
                        "code": int(code),
                        "title": "failed",
                        "message": "failed",
                        "error_data": {"details": f"#{code}"},
                    }
                ]
            value = {
                key: value for key, value in whatsapp_value(statuses=[told]).items() if key != "contacts"
            }
            await self.tell(whatsapp_post({"field": "messages", "value": value}))

    async def write(self, *messages: Mapping[str, Any]) -> None:
        """Have somebody write: all in one change."""
        for message in messages:
            self.wrote_at[str(message.get("from") or message.get("from_user_id"))] = self.clock.now()
        await self.tell(
            whatsapp_post({"field": "messages", "value": whatsapp_value(messages=list(messages))})
        )

    def text_from(self, phone: str, text: str, user_id: str = USER_ID) -> dict[str, Any]:
        """Return a text that somebody writes now."""
        at = str(self.stamp())
        writer = {"from": phone, "from_user_id": user_id}
        return {
            **writer,
            "id": f"wamid.{new_id().hex}",
            "timestamp": at,
            "type": "text",
            "text": {"body": text},
        }

    def keep(self, content: bytes, mime: str) -> str:
        """Keep a file; return its id."""
        media_id = str(1000 + len(self.media))
        self.media[media_id] = (content, mime)
        return media_id

    def _upload(self, heard: Heard) -> Response:
        upload = heard.uploads.get("file")
        if (
            upload is None
            or heard.fields.get("messaging_product") != "whatsapp"
            or not heard.fields.get("type")
        ):
            return self.problem("131008", heard, "file, type and messaging_product are needed")
        return JSONResponse({"id": self.keep(upload.content, upload.mime)})

    def _place(self, media_id: str, heard: Heard) -> dict[str, Any]:
        content, mime = self.media[media_id]
        version = heard.path.lstrip("/").partition("/")[0]
        return {
            "messaging_product": "whatsapp",
            "url": f"{self.url}/{version}/file/{media_id}",
            "mime_type": mime,
            "sha256": hashlib.sha256(content).hexdigest(),
            "file_size": len(content),
            "id": media_id,
        }

    def _templates(self, heard: Heard) -> Response:
        after = heard.query.get("after", "0")
        limit = heard.query.get("limit", "25")
        if not (re.fullmatch(r"[0-9]{1,6}", after) and re.fullmatch(r"[0-9]{1,4}", limit)):
            return self.problem("100", heard, "after or limit")
        start, count = int(after), min(int(limit), _PAGE_MAX)
        page = [_WITH_ALL | template for template in self.templates[start : start + count]]
        paging: dict[str, Any] = {"cursors": {"before": str(start), "after": str(start + len(page))}}
        if start + count < len(self.templates):
            paging["next"] = f"{self.url}{heard.path}?after={start + count}"
        said: dict[str, Any] = {"data": page, "paging": paging}
        if "summary" in heard.query:
            said["summary"] = {
                "total_count": len(self.templates),
                "message_template_count": len(self.templates),
            }
            said["summary"] |= {"message_template_limit": 250, "are_translations_complete": False}
        return JSONResponse(said)
