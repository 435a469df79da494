"""Sends by the Cloud API, and asks it how the account stands."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from safar.channels.kinds.abilities import ListedTemplate
from safar.channels.kinds.asking import NoAnswer, NotAsked, TooLarge, together
from safar.channels.kinds.graph import GraphApi, base_of, graph_error, verdict_of
from safar.channels.kinds.limits import TextLimit
from safar.channels.kinds.port import (
    AccountHealth,
    CannotFetch,
    ChannelAccount,
    Fetched,
    File,
    MessagePart,
    OutboundMessage,
    SendResult,
    Template,
    Verdict,
)
from safar.channels.kinds.reading import object_of, short, text_of
from safar.channels.kinds.splitting import split
from safar.channels.kinds.whatsapp import media
from safar.channels.kinds.whatsapp.codes import CODES
from safar.channels.kinds.whatsapp.request import (
    BODY_MAX,
    CAPTION_MAX,
    TEXT_MAX,
    WrongTemplate,
    choice_message,
    choices_fit,
    header_media,
    media_kind,
    media_message,
    template_message,
    text_message,
)
from safar.channels.kinds.whatsapp.templates import listed
from safar.kernel import clock

if TYPE_CHECKING:
    import httpx

WINDOW = timedelta(hours=24)


class WhatsAppSender:
    """One number of the Cloud API."""

    def __init__(self, account: ChannelAccount, client: "httpx.AsyncClient") -> None:
        self._account = account
        self._number = account.details.get("phone_number_id", "")
        self._api = GraphApi(client, base_of(account), account.value("token"))

    async def send(self, letter: OutboundMessage) -> SendResult:
        if letter.template is not None:
            return await self._template(letter, letter.template)
        if letter.last_heard_at is not None and clock.now() - letter.last_heard_at >= WINDOW:
            reason = "More than 24 hours have passed since they wrote."
            return SendResult(verdict=Verdict.WINDOW, code="131047", reason=reason)
        uploaded: list[tuple[File, str]] = []
        for file in letter.files:
            media_id = await media.upload(self._api, self._number, file)
            if isinstance(media_id, SendResult):
                return media_id
            uploaded.append((file, media_id))
        results: list[SendResult] = []
        for body in _bodies(letter, uploaded):
            results.append(await self._hand_over(body))
            if results[-1].verdict is not Verdict.SENT:
                break
        if not results:
            return SendResult(verdict=Verdict.REFUSED, reason="There is nothing in it.")
        return together(results)

    async def _template(self, letter: OutboundMessage, template: Template) -> SendResult:
        header = None
        if letter.files:
            media_id = await media.upload(self._api, self._number, letter.files[0])
            if isinstance(media_id, SendResult):
                return media_id
            header = header_media(letter.files[0], media_id)
        try:
            body = template_message(letter, template, header)
        except WrongTemplate as wrong:
            return SendResult(verdict=Verdict.TEMPLATE, code="132000", reason=str(wrong))
        return await self._hand_over(body)

    async def _hand_over(self, body: dict[str, Any]) -> SendResult:
        answer = await self._api.send(f"{self._number}/messages", CODES, json=body)
        if isinstance(answer, SendResult):
            return answer
        # Where it went (`contacts[].wa_id`) may be another form of the number: addresses are never rewritten.
        messages = answer.said.get("messages")
        message = object_of(messages[0]) if isinstance(messages, list) and messages else {}
        external_id = short(message.get("id"), 500)
        if not external_id:
            return SendResult(verdict=Verdict.UNKNOWN, reason="The answer names no message.")
        held = text_of(message.get("message_status"))
        reason = f"{held} by WhatsApp" if held in ("held_for_quality_assessment", "paused") else None
        return SendResult(verdict=Verdict.SENT, external_ids=(external_id,), reason=reason)

    async def seen(self, address: str, external_id: str, *, typing: bool = False) -> None:
        """Mark a message, and all before it, as read; `typing` shows until the answer, 25 s at most."""
        body: dict[str, Any] = {"messaging_product": "whatsapp", "status": "read", "message_id": external_id}
        if typing:
            body["typing_indicator"] = {"type": "text"}
        await self._api.send(f"{self._number}/messages", CODES, json=body)

    async def fetch(self, part: MessagePart, *, bytes_max: int) -> Fetched:
        return await media.fetch(self._api, self._number, part, bytes_max)

    async def templates(self) -> Sequence[ListedTemplate]:
        business_account_id = self._account.details.get("business_account_id", "")
        if not business_account_id:
            raise CannotFetch("The id of the WhatsApp Business account is not set up.")
        return await listed(self._api, business_account_id)

    async def health(self) -> AccountHealth:
        fields = "display_phone_number,verified_name,quality_rating,status,throughput,name_status"
        business_account_id = self._account.details.get("business_account_id", "")
        subscribed = None
        try:
            answer = await self._api.ask("GET", self._number, params={"fields": fields})
            if answer.status == 200 and business_account_id:
                apps = await self._api.ask("GET", f"{business_account_id}/subscribed_apps")
                data = apps.said.get("data")
                subscribed = bool(data) if apps.status == 200 and isinstance(data, list) else None
        except (NotAsked, NoAnswer, TooLarge) as wrong:
            return AccountHealth(problem=str(wrong))
        if answer.status != 200:
            error = graph_error(answer.said.get("error"))
            dead = verdict_of(CODES, error, answer.status) is Verdict.SIGN_IN
            return AccountHealth(problem=error.reason or f"HTTP {answer.status}", sign_in=dead)
        said = answer.said
        words = [
            short(said.get(name)) for name in ("display_phone_number", "verified_name", "quality_rating")
        ]
        status = short(said.get("status"))
        problem = f"WhatsApp says of the number: {status}" if status in _DOWN else None
        return AccountHealth(problem=problem, subscribed=subscribed, detail=", ".join(filter(None, words)))

    async def close(self) -> None:
        """The client belongs to whoever gave it."""


_DOWN = frozenset(
    {"BANNED", "FLAGGED", "RESTRICTED", "DISCONNECTED", "RATE_LIMITED", "DELETED", "UNVERIFIED"}
)


def _bodies(letter: OutboundMessage, uploaded: Sequence[tuple[File, str]]) -> Iterator[dict[str, Any]]:
    """Yield the messages that a letter becomes; only the first of them quotes what it answers."""
    caption = ""
    texts = split(letter.text, TextLimit(TEXT_MAX))
    if uploaded and len(letter.text) <= CAPTION_MAX and media_kind(uploaded[0][0]) != "audio":
        caption, texts = letter.text.strip(), []
    quote = True
    for number, text in enumerate(texts, 1):
        offers = number == len(texts) and choices_fit(letter) and len(text) <= BODY_MAX
        body = choice_message if offers else text_message
        yield body(letter, text, quote=quote)
        quote = False
    for file, media_id in uploaded:
        yield media_message(letter, file, media_id, caption, quote=quote)
        caption, quote = "", False
