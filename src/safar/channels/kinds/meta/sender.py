"""Sends by Instagram and Messenger, and asks Meta how the account stands."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import orjson

from safar.channels.kinds.asking import NoAnswer, NotAsked, TooLarge, ask_api, together
from safar.channels.kinds.graph import GraphApi, base_of, graph_error, refusal_of, verdict_of
from safar.channels.kinds.limits import TextLimit
from safar.channels.kinds.meta.codes import CODES
from safar.channels.kinds.port import (
    AccountHealth,
    CannotFetch,
    ChannelAccount,
    Fetched,
    File,
    MessagePart,
    OutboundMessage,
    SendResult,
    Verdict,
)
from safar.channels.kinds.reading import short, text_of
from safar.channels.kinds.splitting import split
from safar.kernel import clock

if TYPE_CHECKING:
    import httpx

ANYBODY, PEOPLE = timedelta(hours=24), timedelta(days=7)
QUICK_REPLIES_MAX, _TITLE_MAX = 13, 20
MEDIA_BYTES = dict.fromkeys(("audio", "video", "document"), 25 * 1024 * 1024) | {"image": 8 * 1024 * 1024}
_FETCH_HOSTS = (".fbcdn.net", ".fbsbx.com", ".cdninstagram.com")
_TIMEOUT_S = 60.0


class MetaSender:
    """One page, or one Instagram account: with a page beside it by that page, else by itself."""

    def __init__(
        self, account: ChannelAccount, client: "httpx.AsyncClient", *, kind: str, text: TextLimit
    ) -> None:
        self._kind, self._text = kind, text
        self._page = account.details.get("page_id", "")
        self._sender_id = self._page or account.details.get("instagram_id", "")
        host = "graph.facebook.com" if self._page else "graph.instagram.com"
        self._api = GraphApi(client, base_of(account, host), account.value("token"))

    async def send(self, letter: OutboundMessage) -> SendResult:
        manner = _manner(letter)
        if manner is None:
            code = "10/2534022" if self._kind == "instagram" else "10/2018278"
            reason = "Too much time has passed since they wrote."
            return SendResult(verdict=Verdict.WINDOW, code=code, reason=reason)
        attachments: list[dict[str, Any]] = []
        for file in letter.files:
            uploaded = await self._upload(file)
            if isinstance(uploaded, SendResult):
                return uploaded
            attachments.append(uploaded)
        results: list[SendResult] = []
        for message in _messages(letter, attachments, self._text):
            body = {"recipient": {"id": letter.address}, **manner, "message": message}
            results.append(await self._hand_over(body))
            if results[-1].verdict is not Verdict.SENT:
                break
        if not results:
            return SendResult(verdict=Verdict.REFUSED, reason="There is nothing in it.")
        return together(results)

    async def _hand_over(self, body: dict[str, Any]) -> SendResult:
        answer = await self._api.send(f"{self._sender_id}/messages", CODES, json=body)
        if isinstance(answer, SendResult):
            return answer
        external_id = short(answer.said.get("message_id"), 500)
        if not external_id:
            return SendResult(verdict=Verdict.UNKNOWN, reason="The answer names no message.")
        return SendResult(verdict=Verdict.SENT, external_ids=(external_id,))

    async def _upload(self, file: File) -> dict[str, Any] | SendResult:
        """Hand a file over; return the attachment that it is then. Nothing is sent to anybody by it."""
        kind = attachment_kind(file)
        if len(file.content) > MEDIA_BYTES["document" if kind == "file" else kind]:
            return SendResult(verdict=Verdict.REFUSED, code="100/2018109", reason="The file is too large.")
        if not self._page:
            reason = "Instagram takes files only through a Facebook page: set up the page's id."
            return SendResult(verdict=Verdict.REFUSED, reason=reason)
        message = {"attachment": {"type": kind, "payload": {"is_reusable": True}}}
        params = {"platform": "instagram"} if self._kind == "instagram" else {}
        try:
            answer = await self._api.ask(
                "POST",
                f"{self._page}/message_attachments",
                params=params,
                data={"message": orjson.dumps(message).decode()},
                files={"filedata": (file.name, file.content, file.mime)},
                timeout_s=_TIMEOUT_S,
            )
        except (NotAsked, NoAnswer, TooLarge) as wrong:
            return SendResult(verdict=Verdict.AGAIN, reason=str(wrong), pause_s=5)
        attachment_id = short(answer.said.get("attachment_id"), 200)
        if answer.status == 200 and attachment_id:
            return {"type": kind, "payload": {"attachment_id": attachment_id}}
        result = refusal_of(answer, CODES)
        if result.verdict is Verdict.UNKNOWN:
            return SendResult(verdict=Verdict.AGAIN, code=result.code, reason=result.reason, pause_s=5)
        return result

    async def seen(self, address: str, external_id: str, *, typing: bool = False) -> None:
        """Mark the conversation as read, and show that somebody writes."""
        for action in ("mark_seen", "typing_on") if typing else ("mark_seen",):
            body = {"recipient": {"id": address}, "sender_action": action}
            await self._api.send(f"{self._sender_id}/messages", CODES, json=body)

    async def fetch(self, part: MessagePart, *, bytes_max: int) -> Fetched:
        """Return the bytes behind an address of Meta's; without a token, which no such address asks for."""
        parts = urlsplit(part.source)
        ours = part.source.startswith(self._api.base.rpartition("/")[0] + "/")
        if not ours and not (parts.scheme == "https" and f".{parts.netloc}".endswith(_FETCH_HOSTS)):
            raise CannotFetch(
                f"The file lies at {short(parts.netloc, 100)}, which is not Meta's place for files."
            )
        try:
            answer = await ask_api(
                self._api.client, "GET", part.source, bytes_max=bytes_max, timeout_s=_TIMEOUT_S
            )
        except TooLarge:
            raise CannotFetch(f"The file has more than {bytes_max} bytes.") from None
        except (NotAsked, NoAnswer) as wrong:
            raise CannotFetch(str(wrong), again=True) from None
        if answer.status != 200:
            raise CannotFetch(f"HTTP {answer.status}", again=answer.status >= 500)
        return Fetched(answer.content, answer.headers.get("content-type", ""), part.name)

    async def health(self) -> AccountHealth:
        fields = "id,name" if self._page else "user_id,username"
        subscribed = None
        try:
            answer = await self._api.ask("GET", self._sender_id, params={"fields": fields})
            if answer.status == 200:
                apps = await self._api.ask("GET", f"{self._sender_id}/subscribed_apps")
                data = apps.said.get("data")
                subscribed = bool(data) if apps.status == 200 and isinstance(data, list) else None
        except (NotAsked, NoAnswer, TooLarge) as wrong:
            return AccountHealth(problem=str(wrong))
        if answer.status != 200:
            error = graph_error(answer.said.get("error"))
            dead = verdict_of(CODES, error, answer.status) is Verdict.SIGN_IN
            return AccountHealth(problem=error.reason or f"HTTP {answer.status}", sign_in=dead)
        name = short(answer.said.get("name")) or short(answer.said.get("username"))
        return AccountHealth(subscribed=subscribed, detail=name)

    async def close(self) -> None:
        """The client belongs to whoever gave it."""


def _manner(letter: OutboundMessage) -> dict[str, str] | None:
    """Return in which manner a letter may leave now; None: in none.

    Within 24 hours anybody may answer; within seven days a person, and only for that there is a tag. All
    other tags are no more.
    """
    passed = clock.now() - letter.last_heard_at if letter.last_heard_at is not None else timedelta(0)
    if passed < ANYBODY:
        return {"messaging_type": "RESPONSE"}
    if letter.human and passed < PEOPLE:
        return {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}
    return None


def attachment_kind(file: File) -> str:
    kind = text_of(file.mime).partition("/")[0]
    too_large = kind == "image" and len(file.content) > MEDIA_BYTES["image"]
    return kind if kind in ("image", "audio", "video") and not too_large else "file"


def _messages(
    letter: OutboundMessage, attachments: Sequence[dict[str, Any]], limit: TextLimit
) -> Iterator[dict[str, Any]]:
    """Yield the messages that a letter becomes; each carries our id, and the first quotes what it answers."""
    texts = split(letter.text, limit)
    bodies: list[dict[str, Any]] = [{"text": text} for text in texts]
    if texts and _choices_fit(letter):
        bodies[-1]["quick_replies"] = [
            {"content_type": "text", "title": choice.title, "payload": choice.id} for choice in letter.choices
        ]
    bodies += [{"attachment": attachment} for attachment in attachments]
    for number, body in enumerate(bodies):
        quoted = {"reply_to": {"mid": letter.answers}} if letter.answers and number == 0 else {}
        yield {**body, **quoted, "metadata": str(letter.id)}


def _choices_fit(letter: OutboundMessage) -> bool:
    return 0 < len(letter.choices) <= QUICK_REPLIES_MAX and all(
        0 < len(choice.title) <= _TITLE_MAX and 0 < len(choice.id) <= 1000 for choice in letter.choices
    )
