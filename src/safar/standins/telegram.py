"""A stand-in of Telegram's Bot API server, with its queues of updates, its limits and its errors.

Source: tdlib/telegram-bot-api (webhooks, retries, descriptions) and core.telegram.org/bots/api (methods).
"""

import itertools
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from starlette.responses import JSONResponse, Response

from safar.standins.base import RateScope, StandIn
from safar.standins.clock import StandInClock
from safar.standins.heard import Heard, SentFile
from safar.standins.telegram_queue import TelegramRefusal, UpdateQueues

BOT_TOKEN = "123456789:AAHstand-in-of-telegram-for-tests_0"  # noqa: S105 a made-up one
_DESCRIPTIONS = {400: "Bad Request: ", 403: "Forbidden: "}
_SENDS = {
    "sendPhoto": "photo", "sendDocument": "document", "sendVoice": "voice", "sendAudio": "audio",
    "sendVideo": "video", "sendSticker": "sticker", "sendAnimation": "animation",
}  # fmt: skip
_UPLOAD_BYTES_MAX = {"photo": 10_000_000}
_ANY_UPLOAD_BYTES_MAX = 50_000_000
_DOWNLOAD_BYTES_MAX = 20_000_000

Object = dict[str, Any]


@dataclass(slots=True)
class Chat:
    """A chat that the bot knows. `state`: "", or the words with which it refuses the bot."""

    id: int
    kind: str = "private"
    name: str = "Sara"
    language: str = "fa"
    state: str = ""
    moved_to: int | None = None
    messages: dict[int, Object] = field(default_factory=dict)
    numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def shown(self) -> Object:
        who = {"first_name": self.name} if self.kind == "private" else {"title": self.name}
        return {"id": self.id, "type": self.kind, **who}

    def user(self) -> Object:
        return {"id": self.id, "is_bot": False, "first_name": self.name, "language_code": self.language}


def _group(heard: Heard) -> str | None:
    chat = str(_parameters(heard).get("chat_id", ""))
    return chat if "/send" in heard.path and chat.startswith("-") else None


class TelegramStandIn(StandIn):
    """One bot, its chats, and the address that its updates are posted to."""

    rates = (
        RateScope("bot", 30, 1.0, lambda heard: "bot" if "/send" in heard.path else None),
        RateScope("group", 20, 60.0, _group),
    )

    def __init__(self, clock: StandInClock | None = None, *, token: str = BOT_TOKEN) -> None:
        super().__init__(clock)
        self.token = token
        self.me: Object = {
            "id": int(token.split(":", maxsplit=1)[0]), "is_bot": True, "first_name": "Shop",
            "username": "safar_shop_bot", "can_join_groups": True, "can_read_all_group_messages": False,
            "supports_inline_queries": False,
        }  # fmt: skip
        self.chats: dict[int, Chat] = {}
        self.files: dict[str, SentFile] = {}
        self.called: list[tuple[str, Object]] = []
        self.queues = UpdateQueues(self, self.clock)
        self._file_numbers = itertools.count(1)

    def chat(self, id_: int, **words: Any) -> Chat:
        """Return a chat, made when it is not there yet."""
        if id_ not in self.chats:
            self.chats[id_] = Chat(id_, **words)
        return self.chats[id_]

    def write(self, chat_id: int, text: str = "", **more: Any) -> Object:
        """Have somebody write to the bot; return the message."""
        chat = self.chat(chat_id)
        message = {
            "message_id": next(chat.numbers), "from": chat.user(), "chat": chat.shown(),
            "date": int(self.clock.now().timestamp()), **({"text": text} if text else {}), **more,
        }  # fmt: skip
        chat.messages[message["message_id"]] = message
        self.queues.put("message", message, chat_id)
        return message

    def edit(self, chat_id: int, message_id: int, text: str) -> None:
        """Have somebody change what they wrote."""
        message = self.chats[chat_id].messages[message_id]
        message |= {"text": text, "edit_date": int(self.clock.now().timestamp())}
        self.queues.put("edited_message", message, chat_id)

    def press(self, chat_id: int, message_id: int, value: str) -> None:
        """Have somebody press a button below one of the bot's messages."""
        chat = self.chats[chat_id]
        query = {
            "id": str(random.randrange(10**18)), "from": chat.user(), "chat_instance": "1",
            "message": chat.messages[message_id], "data": value,
        }  # fmt: skip
        self.queues.put("callback_query", query, chat_id)

    def block(self, chat_id: int, *, blocked: bool = True) -> None:
        """Have somebody block the bot, or let it in again."""
        chat = self.chat(chat_id)
        chat.state = "bot was blocked by the user" if blocked else ""
        status = ["member", "kicked"] if blocked else ["kicked", "member"]
        more = {"member": {}, "kicked": {"until_date": 0}}
        before, after = ({"user": self.me, "status": each, **more[each]} for each in status)
        change = {
            "chat": chat.shown(), "from": chat.user(), "date": int(self.clock.now().timestamp()),
            "old_chat_member": before, "new_chat_member": after,
        }  # fmt: skip
        self.queues.put("my_chat_member", change, chat_id)

    def keep(self, content: bytes, name: str = "file.bin", mime: str = "") -> Object:
        """Keep a file as if somebody had sent it; return what a message says of it."""
        file_id = f"AgAD{next(self._file_numbers):08d}"
        self.files[file_id] = SentFile(name, mime, content)
        return {"file_id": file_id, "file_unique_id": file_id[4:], "file_size": len(content)}

    async def answer(self, heard: Heard) -> Response:
        opening, file_opening = f"/bot{self.token}/", f"/file/bot{self.token}/"
        if heard.path.startswith(file_opening):
            name = heard.path.removeprefix(file_opening).rpartition("/")[2].partition(".")[0]
            file = self.files.get(name)
            return Response(file.content if file else b"", 200 if file else 404)
        if not heard.path.startswith(opening):
            return _error(TelegramRefusal(401 if heard.path.startswith("/bot") else 404, "Unauthorized"))
        method = heard.path.removeprefix(opening)
        try:
            return JSONResponse({"ok": True, "result": self.call(method, _parameters(heard), heard.uploads)})
        except TelegramRefusal as refusal:
            return _error(refusal)

    def call(
        self, method: str, parameters: Object, uploads: Mapping[str, SentFile] | None = None
    ) -> Object | bool | list[Object]:
        """Carry out a method. Raises TelegramRefusal."""
        self.called.append((method, parameters))
        if method in _SENDS:
            return self._send_file(method, parameters, uploads or {})
        methods: Mapping[str, Callable[[Object], Object | bool | list[Object]]] = {
            "getMe": lambda _parameters: self.me,
            "setWebhook": self.queues.set_webhook,
            "deleteWebhook": self.queues.delete_webhook,
            "getWebhookInfo": self.queues.webhook_info,
            "getUpdates": self.queues.get_updates,
            "sendMessage": self._send_message,
            "editMessageText": self._edit,
            "deleteMessage": self._delete,
            "sendChatAction": lambda parameters: bool(self._reached(parameters)),
            "answerCallbackQuery": lambda _parameters: True,
            "getFile": self._file,
        }
        if method not in methods:
            raise TelegramRefusal(404, "Not Found")
        return methods[method](parameters)

    def problem(self, code: str, heard: Heard) -> Response:
        """Refuse with a code of `channels.kinds.telegram.codes`."""
        status, _space, words = code.partition(" ")
        parameters = {}
        if status == "429":
            parameters = {"retry_after": 7}
        if "upgraded" in words:
            chat = self.chat(int(_parameters(heard).get("chat_id", 0)))
            parameters = {"migrate_to_chat_id": chat.moved_to or -1_001_000_000_001}
        return _error(TelegramRefusal(int(status), words[:1].upper() + words[1:], **parameters))

    def too_many(self, rate: RateScope, wait_s: float, heard: Heard) -> Response:
        wait = max(1, round(wait_s + 0.5))
        return _error(TelegramRefusal(429, f"Too Many Requests: retry after {wait}", retry_after=wait))

    def _reached(self, parameters: Object) -> Chat:
        """Return the chat that is written to. Raises TelegramRefusal."""
        try:
            chat = self.chats[int(parameters.get("chat_id", ""))]
        except (KeyError, ValueError):
            raise TelegramRefusal(400, "chat not found") from None
        if chat.moved_to is not None:
            words = "group chat was upgraded to a supergroup chat"
            raise TelegramRefusal(400, words, migrate_to_chat_id=chat.moved_to)
        if chat.state:
            raise TelegramRefusal(403, chat.state)
        return chat

    def _send_message(self, parameters: Object) -> Object:
        text = str(parameters.get("text", ""))
        chat = self._reached(parameters)
        if not text.strip():
            raise TelegramRefusal(400, "message text is empty")
        if _utf16(text) > 4096:
            raise TelegramRefusal(400, "message is too long")
        if parameters.get("parse_mode") and text.count("_") % 2 + text.count("*") % 2 + text.count("<") % 2:
            raise TelegramRefusal(400, "can't parse entities: Can't find end of the entity")
        return self._sent(chat, parameters, {"text": text})

    def _send_file(self, method: str, parameters: Object, uploads: Mapping[str, SentFile]) -> Object:
        name = _SENDS[method]
        chat, file = self._reached(parameters), uploads.get(name)
        if _utf16(str(parameters.get("caption", ""))) > 1024:
            raise TelegramRefusal(400, "message caption is too long")
        if file is None:
            file = self.files.get(str(parameters.get(name, "")))
        if file is None:
            raise TelegramRefusal(400, "wrong file identifier/HTTP URL specified")
        if len(file.content) > _UPLOAD_BYTES_MAX.get(name, _ANY_UPLOAD_BYTES_MAX):
            raise TelegramRefusal(413, "Request Entity Too Large")
        kept: Object = self.keep(file.content, file.name, file.mime)
        shown: Any = {**kept, "file_name": file.name, "mime_type": file.mime}
        if name == "photo":
            shown = [{**kept, "width": 90, "height": 90}]
        caption = {"caption": parameters["caption"]} if parameters.get("caption") else {}
        return self._sent(chat, parameters, {name: shown, **caption})

    def _sent(self, chat: Chat, parameters: Object, content: Object) -> Object:
        """Put a message of the bot's into its chat."""
        reply = parameters.get("reply_parameters") or {}
        number = reply.get("message_id")
        lost = number is not None and number not in chat.messages
        if lost and not reply.get("allow_sending_without_reply"):
            raise TelegramRefusal(400, "message to be replied not found")
        markup = parameters.get("reply_markup") or {}
        for row in markup.get("inline_keyboard", []):
            if any(not 1 <= len(str(button.get("callback_data", "")).encode()) <= 64 for button in row):
                raise TelegramRefusal(400, "BUTTON_DATA_INVALID")
        message = {
            "message_id": next(chat.numbers), "from": self.me, "chat": chat.shown(),
            "date": int(self.clock.now().timestamp()), **content,
            **({"reply_markup": markup} if markup else {}),
        }  # fmt: skip
        connection = parameters.get("business_connection_id")
        chat.messages[message["message_id"]] = message
        if number in chat.messages:
            message["reply_to_message"] = {**chat.messages[number], "reply_to_message": None}
        return {**message, "business_connection_id": connection} if connection else message

    def _edit(self, parameters: Object) -> Object:
        chat = self._reached(parameters)
        message = chat.messages.get(int(parameters.get("message_id", 0)))
        if message is None:
            raise TelegramRefusal(400, "message to edit not found")
        if message.get("text") == parameters.get("text"):
            raise TelegramRefusal(400, "message is not modified")
        message["text"] = parameters.get("text")
        return message

    def _delete(self, parameters: Object) -> bool:
        if self._reached(parameters).messages.pop(int(parameters.get("message_id", 0)), None) is None:
            raise TelegramRefusal(400, "message to delete not found")
        return True

    def _file(self, parameters: Object) -> Object:
        file_id = str(parameters.get("file_id", ""))
        if file_id not in self.files:
            raise TelegramRefusal(400, "wrong file_id or the file is temporarily unavailable")
        file = self.files[file_id]
        if len(file.content) > _DOWNLOAD_BYTES_MAX:
            raise TelegramRefusal(400, "file is too big")
        ending = file.name.rpartition(".")[2] or "bin"
        return {
            "file_id": file_id, "file_unique_id": file_id[4:], "file_size": len(file.content),
            "file_path": f"documents/{file_id}.{ending}",
        }  # fmt: skip


def _parameters(heard: Heard) -> Object:
    """Return a call's parameters: of its address, and of JSON or a form, where JSON may stand in a field."""
    if heard.headers.get("content-type", "").startswith("application/json") and heard.body:
        said = heard.json()
        return {**heard.query, **said} if isinstance(said, dict) else dict(heard.query)
    return {**heard.query, **{name: _field(value) for name, value in heard.fields.items()}}


def _field(value: str) -> Any:
    if value[:1] in ("{", "["):
        try:
            return orjson.loads(value)
        except orjson.JSONDecodeError:
            return value
    return value


def _utf16(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _error(refusal: TelegramRefusal) -> Response:
    description = _DESCRIPTIONS.get(refusal.status, "") + refusal.words
    body: Object = {"ok": False, "error_code": refusal.status, "description": description}
    headers = {}
    if refusal.parameters:
        body["parameters"] = refusal.parameters
    if "retry_after" in refusal.parameters:
        headers["Retry-After"] = str(refusal.parameters["retry_after"])
    return JSONResponse(body, status_code=refusal.status, headers=headers)
