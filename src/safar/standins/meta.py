"""A stand-in of the messaging API of Instagram and Messenger: checks what it is asked, and echoes."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import orjson
from starlette.responses import JSONResponse, Response

from safar.kernel.ids import new_id
from safar.standins.base import RateScope
from safar.standins.graph import GraphStandIn
from safar.standins.heard import Heard
from safar.standins.meta_samples import APP_ID, INSTAGRAM_ID, PAGE_ID, meta_post

_ANYBODY, _PEOPLE = timedelta(hours=24), timedelta(days=7)
_ACTIONS = frozenset({"typing_on", "typing_off", "mark_seen", "react", "unreact"})
_TEXT_BYTES, _TEXT_CHARACTERS = 1000, 2000


def _page(heard: Heard) -> str | None:
    return heard.path if heard.method == "POST" and heard.path.endswith("/messages") else None


class MetaStandIn(GraphStandIn):
    """A page (`about` page), or an Instagram account that is connected with one (`about` instagram).

    `echoes`: whether what it takes comes back, as Meta does it for whoever asked for it.
    """

    rates = (RateScope("613", 300, 1.0, _page),)

    def __init__(self, *, about: str = "page", echoes: bool = True, **more: Any) -> None:
        super().__init__(**more)
        self.about, self.echoes = about, echoes
        self.own_id = INSTAGRAM_ID if about == "instagram" else PAGE_ID
        self.wrote_at: dict[str, datetime] = {}
        self.attachments: set[str] = set()
        self.taken: list[dict[str, Any]] = []

    async def asked(self, heard: Heard, path: tuple[str, ...]) -> Response:
        match (heard.method, *path):
            case ("POST", str(own_id), "messages") if own_id in (PAGE_ID, self.own_id):
                return self._message(heard)
            case ("POST", str(own_id), "message_attachments") if own_id == PAGE_ID:
                return self._attachment(heard)
            case ("GET", str(own_id), "subscribed_apps") if own_id in (PAGE_ID, self.own_id):
                return JSONResponse({"data": [{"id": APP_ID}]})
            case ("GET", str(own_id)) if own_id in (PAGE_ID, self.own_id):
                return JSONResponse({"id": own_id, "name": "Shop", "username": "shop"})
        return self.problem("100/33", heard, "Object does not exist")

    def _message(self, heard: Heard) -> Response:
        try:
            body = heard.json()
        except ValueError:
            return self.problem("100", heard, "no JSON")
        to = body.get("recipient", {}).get("id") if isinstance(body, dict) else None
        if not isinstance(to, str):
            return self.problem("100", heard, "recipient is needed")
        if to not in self.wrote_at:
            return self.problem("100/2018001", heard, "No matching user found")
        if "sender_action" in body:
            known = body["sender_action"] in _ACTIONS
            return (
                JSONResponse({"recipient_id": to}) if known else self.problem("100", heard, "sender_action")
            )
        code = self._refusal(body, to)
        if code:
            return self.problem(code, heard)
        external_id = f"m_{new_id().hex}"
        self.taken.append({**body, "id": external_id})
        if self.echoes:
            heard.later(lambda: self._echo(to, body["message"], external_id))
        return JSONResponse({"recipient_id": to, "message_id": external_id})

    def _refusal(self, body: Mapping[str, Any], to: str) -> str:
        """Return the code of what is wrong with a message; empty when nothing is."""
        manner, tag = body.get("messaging_type"), body.get("tag")
        if manner not in ("RESPONSE", "UPDATE", "MESSAGE_TAG"):
            return "100"
        if manner == "MESSAGE_TAG" and tag != "HUMAN_AGENT":
            return "100/1893061"
        passed = self.clock.now() - self.wrote_at[to]
        if passed >= (_PEOPLE if manner == "MESSAGE_TAG" else _ANYBODY):
            return "10/2534022" if self.about == "instagram" else "10/2018278"
        message = body.get("message")
        if not isinstance(message, dict) or not (message.get("text") or message.get("attachment")):
            return "100/2018034"
        text = str(message.get("text") or "")
        too_long = (
            len(text.encode()) > _TEXT_BYTES if self.about == "instagram" else len(text) > _TEXT_CHARACTERS
        )
        payload = (message.get("attachment") or {}).get("payload", {})
        unknown = "attachment_id" in payload and payload["attachment_id"] not in self.attachments
        crowded = len(message.get("quick_replies", ())) > 13
        return "100" if too_long or unknown or crowded else ""

    async def _echo(self, to: str, message: Mapping[str, Any], external_id: str) -> None:
        echo: dict[str, Any] = {"mid": external_id, "is_echo": True, "app_id": int(APP_ID)}
        echo |= {key: message[key] for key in ("text", "metadata") if key in message}
        await self._happen({"sender": {"id": self.own_id}, "recipient": {"id": to}, "message": echo})

    async def write(self, sender: str, **event: Any) -> None:
        """Have somebody do something: `message`, `reaction`, `postback` …"""
        self.wrote_at[sender] = self.clock.now()
        await self._happen({"sender": {"id": sender}, "recipient": {"id": self.own_id}, **event})

    async def answer_in_app(self, to: str, text: str) -> None:
        """Have a colleague answer in Meta's own inbox."""
        message = {"mid": f"m_{new_id().hex}", "text": text, "is_echo": True, "app_id": 263902037430900}
        await self._happen({"sender": {"id": self.own_id}, "recipient": {"id": to}, "message": message})

    async def _happen(self, event: Mapping[str, Any]) -> None:
        event = {**event, "timestamp": self.stamp(1000)}
        await self.tell(meta_post(event, about=self.about, own_id=self.own_id))

    def _attachment(self, heard: Heard) -> Response:
        try:
            message = orjson.loads(heard.fields.get("message", ""))
            kind = message["attachment"]["type"]
        except (ValueError, KeyError, TypeError):
            return self.problem("100", heard, "message is needed")
        upload = heard.uploads.get("filedata")
        if upload is None or kind not in ("image", "audio", "video", "file"):
            return self.problem("100", heard, "filedata is needed")
        if len(upload.content) > (8 if kind == "image" else 25) * 1024 * 1024:
            return self.problem("100/2018109", heard)
        attachment_id = new_id().hex
        self.attachments.add(attachment_id)
        return JSONResponse({"attachment_id": attachment_id})
