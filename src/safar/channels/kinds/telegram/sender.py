"""Sending by the Bot API. Words go as they are: never with a parse_mode, which would read them as markup."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import orjson

from safar.channels.kinds.asking import ApiAnswer, NoAnswer, NotAsked, TooLarge, ask_api, timeout_of, together
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
from safar.channels.kinds.reading import object_of, short, text_of
from safar.channels.kinds.splitting import size_of, split
from safar.channels.kinds.telegram.codes import MIGRATED, NO_SUCH_REPLY, code_of, verdict_of_error
from safar.channels.kinds.telegram.limits import (
    CALLBACK_BYTES_MAX,
    CAPTION,
    DOWNLOAD_BYTES_MAX,
    PHOTO_BYTES_MAX,
    TEXT,
)
from safar.channels.kinds.telegram.reader import UPDATES

if TYPE_CHECKING:
    import httpx

API_URL = "https://api.telegram.org"
_UPLOAD_S = 60.0
# Others are sent as documents: Telegram takes a picture or a sound in few forms only.
_METHODS = {
    "image/jpeg": ("sendPhoto", "photo"), "image/png": ("sendPhoto", "photo"),
    "audio/ogg": ("sendVoice", "voice"), "audio/mpeg": ("sendAudio", "audio"),
    "audio/mp4": ("sendAudio", "audio"), "video/mp4": ("sendVideo", "video"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Call:
    """One call of a method. `file`: by the name of its parameter."""

    method: str
    parameters: Mapping[str, Any]
    file: tuple[str, File] | None = None


class TelegramSender:
    """The Bot API with one bot's token."""

    def __init__(self, account: ChannelAccount, client: "httpx.AsyncClient") -> None:
        self._account, self._client = account, client
        self._base = (account.details.get("api_url") or API_URL).rstrip("/")
        self._timeout_s = timeout_of(account.details)
        self._token = account.secrets.get("bot_token", "")

    async def send(self, letter: OutboundMessage) -> SendResult:
        if any(size_of(choice.id, "bytes") > CALLBACK_BYTES_MAX for choice in letter.choices):
            return SendResult(verdict=Verdict.OUR_FAULT, code="400 button_data_invalid", reason="too long")
        calls = _calls(letter)
        if not calls:
            return SendResult(verdict=Verdict.REFUSED, code="400 message text is empty", reason="empty")
        results: list[SendResult] = []
        moved_to: str | None = None
        for call in calls:
            result = await self._sent(call, moved_to)
            moved_to = result.moved_to or moved_to
            results.append(result)
            if result.verdict is not Verdict.SENT:
                break
        whole = together(results)
        return SendResult(
            verdict=whole.verdict,
            external_ids=whole.external_ids,
            code=whole.code,
            reason=whole.reason,
            pause_s=whole.pause_s,
            pair=whole.pair,
            moved_to=moved_to,
        )

    async def _sent(self, call: _Call, moved_to: str | None) -> SendResult:
        """Make a call, and once more where Telegram says what to change in it: it took nothing yet."""
        parameters = dict(call.parameters)
        if moved_to is not None:
            parameters["chat_id"] = moved_to
        result, moved = await self._once(_Call(call.method, parameters, call.file))
        if result.code == NO_SUCH_REPLY and "reply_parameters" in parameters:
            del parameters["reply_parameters"]
            result, moved = await self._once(_Call(call.method, parameters, call.file))
        if result.code == MIGRATED and moved is not None:
            parameters["chat_id"] = moved
            result, _again = await self._once(_Call(call.method, parameters, call.file))
            return SendResult(
                verdict=result.verdict,
                external_ids=result.external_ids,
                code=result.code,
                reason=result.reason,
                pause_s=result.pause_s,
                moved_to=moved,
            )
        return result

    async def _once(self, call: _Call) -> tuple[SendResult, str | None]:
        """Make one call; return how it ended, and where the chat has moved."""
        try:
            answer = await self._call(call)
        except NotAsked as wrong:
            return SendResult(verdict=Verdict.AGAIN, code="unreachable", reason=str(wrong), pause_s=5.0), None
        except (NoAnswer, TooLarge) as wrong:
            return SendResult(verdict=Verdict.UNKNOWN, code="no_answer", reason=str(wrong)), None
        if answer.status == 200 and answer.said.get("ok") is True:
            result = object_of(answer.said.get("result"))
            return _taken(result, call.parameters), None
        return self._refused(answer, call.parameters)

    def _refused(self, answer: ApiAnswer, parameters: Mapping[str, Any]) -> tuple[SendResult, str | None]:
        if not isinstance(answer.said.get("error_code"), int) and answer.status < 500:
            # No answer of Telegram's: something between us and it.
            reason = f"HTTP {answer.status} that is not Telegram's"
            verdict = Verdict.UNKNOWN if answer.status < 400 else Verdict.AGAIN
            code = f"http_{answer.status}"
            return SendResult(verdict=verdict, code=code, reason=reason, pause_s=30.0), None
        description = short(answer.said.get("description"), 300)
        code = code_of(answer.status, description)
        hints = object_of(answer.said.get("parameters"))
        pause_s = 0.0
        if verdict_of_error(code) in (Verdict.AGAIN, Verdict.SLOWER):
            wait = hints.get("retry_after")
            told = isinstance(wait, int) and 0 < wait < 86_400
            pause_s = float(wait or 0) if told else answer.retry_after_s or 1.0
        result = SendResult(
            verdict=verdict_of_error(code),
            code=code,
            reason=description,
            pause_s=pause_s,
            # Groups have a rate of their own; elsewhere it is not told whose was overstepped.
            pair=str(parameters.get("chat_id", "")).startswith("-"),
        )
        return result, text_of(hints.get("migrate_to_chat_id")) or None

    async def _call(self, call: _Call) -> ApiAnswer:
        url = f"{self._base}/bot{self._token}/{call.method}"
        if call.file is None:
            return await ask_api(
                self._client, "POST", url, json=dict(call.parameters), timeout_s=self._timeout_s
            )
        name, file = call.file
        fields = {
            key: value if isinstance(value, str) else orjson.dumps(value).decode()
            for key, value in call.parameters.items()
        }
        files = {name: (file.name, file.content, file.mime)}
        return await ask_api(self._client, "POST", url, data=fields, files=files, timeout_s=_UPLOAD_S)

    async def fetch(self, part: MessagePart, *, bytes_max: int) -> Fetched:
        try:
            answer = await self._call(_Call("getFile", {"file_id": part.source}))
            path = text_of(object_of(answer.said.get("result")).get("file_path"))
            if answer.status != 200 or not path:
                code = code_of(answer.status, short(answer.said.get("description"), 300))
                again = answer.status in (429, 500, 502, 504) or "temporarily" in code
                raise CannotFetch(code, again=again)
            if path.startswith("/") or ".." in path.split("/"):
                raise CannotFetch("The file lies elsewhere than Telegram says.")
            url = f"{self._base}/file/bot{self._token}/{quote(path)}"
            limit = min(bytes_max, DOWNLOAD_BYTES_MAX)
            file = await ask_api(self._client, "GET", url, bytes_max=limit, timeout_s=_UPLOAD_S)
        except TooLarge as wrong:
            raise CannotFetch(str(wrong)) from None
        except (NotAsked, NoAnswer) as wrong:
            raise CannotFetch(str(wrong), again=True) from None
        if file.status != 200:
            raise CannotFetch(f"HTTP {file.status}", again=file.status >= 500 or file.status == 429)
        name = part.name or path.rsplit("/", 1)[-1]
        return Fetched(file.content, part.mime or file.headers.get("content-type", ""), name)

    async def health(self) -> AccountHealth:
        """Ask who the bot is, and where Telegram posts what it hears."""
        try:
            me = await self._call(_Call("getMe", {}))
            if me.status in (401, 404):
                return AccountHealth("Telegram does not know this token.", sign_in=True)
            hook = await self._call(_Call("getWebhookInfo", {}))
        except (NotAsked, NoAnswer, TooLarge) as wrong:
            return AccountHealth(f"Telegram did not answer: {wrong}")
        if me.status != 200 or hook.status != 200:
            return AccountHealth(f"Telegram answered {me.status} and {hook.status}.")
        name = short(object_of(me.said.get("result")).get("username"), 64)
        info = object_of(hook.said.get("result"))
        subscribed = text_of(info.get("url")) == self._account.webhook_url
        waiting, error = info.get("pending_update_count"), short(info.get("last_error_message"), 300)
        problem = None
        if not subscribed:
            problem = "Telegram posts elsewhere." if info.get("url") else "Telegram posts nowhere yet."
        elif error and waiting:
            problem = f"Telegram cannot deliver: {error}"
        return AccountHealth(problem, subscribed=subscribed, detail=f"@{name}, {waiting or 0} waiting")

    async def connect(self) -> AccountHealth:
        """Have Telegram post to us, everything that we read and nothing else; return how it stands then."""
        parameters = {
            "url": self._account.webhook_url,
            "secret_token": self._account.secrets.get("secret_token", ""),
            "allowed_updates": list(UPDATES),
        }
        try:
            answer = await self._call(_Call("setWebhook", parameters))
        except (NotAsked, NoAnswer, TooLarge) as wrong:
            return AccountHealth(f"Telegram did not answer: {wrong}")
        if answer.status != 200:
            description = short(answer.said.get("description"), 300)
            return AccountHealth(description or f"HTTP {answer.status}", sign_in=answer.status in (401, 404))
        return await self.health()

    async def seen(self, address: str, external_id: str, *, typing: bool = False) -> None:
        """Stop the clock on a button that was pressed; show that somebody types."""
        calls = []
        if external_id.startswith("callback:"):
            query = external_id.removeprefix("callback:")
            calls.append(_Call("answerCallbackQuery", {"callback_query_id": query}))
        if typing:
            calls.append(_Call("sendChatAction", {**_chat(address), "action": "typing"}))
        for call in calls:
            try:
                await self._call(call)
            except (NotAsked, NoAnswer, TooLarge):
                return

    async def close(self) -> None:
        """Nothing is held: the client is the caller's."""


def _chat(address: str) -> dict[str, Any]:
    """Return where an address is, as the API wants it."""
    chat, _at, connection = address.partition("@")
    return {"chat_id": chat, **({"business_connection_id": connection} if connection else {})}


def _taken(result: Mapping[str, Any], parameters: Mapping[str, Any]) -> SendResult:
    chat = text_of(object_of(result.get("chat")).get("id")) or text_of(parameters.get("chat_id"))
    connection = text_of(parameters.get("business_connection_id"))
    number = text_of(result.get("message_id"))
    if not number:
        return SendResult(
            verdict=Verdict.UNKNOWN, code="no_id", reason="Telegram took it and gave no number."
        )
    address = f"{chat}@{connection}" if connection else chat
    return SendResult(verdict=Verdict.SENT, external_ids=(f"{address}:{number}",))


def _calls(letter: OutboundMessage) -> list[_Call]:
    """Return the calls by which a letter goes: its text, then its files; a short text goes below a file."""
    chat = _chat(letter.address)
    as_caption = len(letter.files) == 1 and size_of(letter.text, "utf16") <= CAPTION.most
    pieces = [] if as_caption else split(letter.text, TEXT)
    calls = [_Call("sendMessage", {**chat, "text": piece}) for piece in pieces]
    for file in letter.files:
        method, name = _METHODS.get(file.mime, ("sendDocument", "document"))
        if name == "photo" and len(file.content) > PHOTO_BYTES_MAX:
            method, name = "sendDocument", "document"
        caption = {"caption": letter.text} if as_caption and letter.text.strip() else {}
        calls.append(_Call(method, {**chat, **caption}, (name, file)))
    if not calls:
        return []
    answered, _colon, number = (letter.answers or "").rpartition(":")
    if answered == letter.address and number.isascii() and number.isdigit():
        reply = {"message_id": int(number), "allow_sending_without_reply": True}
        first = calls[0]
        calls[0] = _Call(first.method, {**first.parameters, "reply_parameters": reply}, first.file)
    if letter.choices:
        rows = [[{"text": choice.title, "callback_data": choice.id}] for choice in letter.choices]
        last = calls[-1]
        calls[-1] = _Call(
            last.method, {**last.parameters, "reply_markup": {"inline_keyboard": rows}}, last.file
        )
    return calls
