"""What Telegram posts: one update, whose secret stands in a header.

Source: core.telegram.org/bots/api#update. An update's number may begin anew, so what is said is known by its
chat and message.
"""

import hmac
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime

from safar.channels.kinds.port import (
    AccountNews,
    ChannelAccount,
    Happened,
    MessageNotice,
    NotAuthentic,
    Person,
    Post,
    Reachability,
    Renamed,
    Said,
    Unreadable,
    What,
)
from safar.channels.kinds.reading import (
    Misread,
    clean,
    each_of,
    elements_of,
    id_of,
    moment_of,
    object_of,
    parsed,
    short,
    text_of,
)
from safar.channels.kinds.telegram.parts import SERVICE, Object, own_phone, telegram_parts

TELEGRAM = "telegram"
PROOF_HEADER = "x-telegram-bot-api-secret-token"
UPDATES = (
    "message", "edited_message", "callback_query", "my_chat_member", "message_reaction",
    "business_connection", "business_message", "edited_business_message", "deleted_business_messages",
)  # fmt: skip
# Read by nobody here: what is posted to channels, queries typed elsewhere, polls, payments, votes and boosts.
_UNHEARD = frozenset({
    "channel_post", "edited_channel_post", "inline_query", "chosen_inline_result", "shipping_query",
    "pre_checkout_query", "purchased_paid_media", "poll", "poll_answer", "chat_member", "chat_join_request",
    "chat_boost", "removed_chat_boost", "message_reaction_count", "managed_bot", "guest_message",
})  # fmt: skip
_CANNOT_BE_WRITTEN_TO = frozenset({"kicked", "left"})
_START = "/start"


class TelegramReader:
    """Reads the posts of a bot."""

    def handshake(self, account: ChannelAccount, query: Mapping[str, str]) -> str | None:
        return None

    def check(self, account: ChannelAccount, post: Post) -> None:
        expected, given = account.secrets.get("secret_token", ""), post.headers.get(PROOF_HEADER, "")
        if not expected or not hmac.compare_digest(given.encode(), expected.encode()):
            raise NotAuthentic("The secret token is missing or not ours.")

    def read(self, account: ChannelAccount, post: Post, now: datetime) -> Sequence[Happened]:
        update = parsed(post.body)
        if not isinstance(update.get("update_id"), int):
            raise Unreadable("An update has an update_id.")

        def read(element: Object) -> Iterator[Happened]:
            names = [name for name in element if name in _READERS]
            if not names and not _UNHEARD & set(element) and set(element) - {"update_id"}:
                raise Misread(f"an update of a new kind: {', '.join(sorted(map(short, element)))[:200]}")
            for name in names:
                if not isinstance(element[name], dict):
                    raise Misread(f"{name} is no object")
                yield from _READERS[name](element[name], now)

        return list(each_of([update], read))


def chat_address_of(message: Object) -> str:
    """Return where an answer goes: the chat, and the connection by which a bot writes for a business."""
    chat = id_of(object_of(message.get("chat")).get("id"), "chat.id")
    connection = short(message.get("business_connection_id"), 100)
    return f"{chat}@{connection}" if connection else chat


def _external_id(message: Object) -> str:
    return f"{chat_address_of(message)}:{id_of(message.get('message_id'), 'message_id')}"


def _message(message: Object, now: datetime) -> Iterator[Happened]:
    at = moment_of(message.get("date"), now)
    chat = object_of(message.get("chat"))
    if "migrate_to_chat_id" in message:
        after = id_of(message["migrate_to_chat_id"], "migrate_to_chat_id")
        yield Renamed(Person(TELEGRAM, id_of(chat.get("id"), "chat.id")), Person(TELEGRAM, after), at)
    if SERVICE & set(message) or chat.get("type") == "channel" or message.get("is_automatic_forward") is True:
        return
    # Of a business's chats each has the customer's id; what somebody else says there, the business says.
    writer = object_of(message.get("sender_chat") or message.get("from"))
    echo = "business_connection_id" in message and writer.get("id") != chat.get("id")
    people = [Person(TELEGRAM, id_of(chat.get("id") if echo else writer.get("id"), "from.id"))]
    if (phone := own_phone(message)) is not None and not echo:
        people.append(Person("phone", phone))
    text, data = _said(message)
    answered = object_of(message.get("reply_to_message"))
    in_chat = {"chat": chat, "business_connection_id": message.get("business_connection_id")}
    yield Said(
        external_id=_external_id(message),
        people=tuple(people),
        address=chat_address_of(message),
        text=text,
        at=at,
        name=None if echo else _name(writer),
        parts=telegram_parts(message),
        answers=_external_id({**answered, **in_chat}) if answered.get("message_id") is not None else None,
        hint=None if echo else short(writer.get("language_code"), 35) or None,
        echo=echo,
        automatic=object_of(message.get("from")).get("is_bot") is True and "sender_chat" not in message,
        data=data,
    )


def _said(message: Object) -> tuple[str, dict[str, object]]:
    """Return a message's words, and what is to be known of them."""
    text = text_of(message.get("text") or message.get("caption"))
    data: dict[str, object] = {}
    command, _blank, payload = text.partition(" ")
    if command.partition("@")[0] == _START and payload:
        # What a link to the bot carried along: for us, not for the thread.
        text, data["start"] = _START, payload.strip()[:64]
    chat = object_of(message.get("chat"))
    if chat.get("type") in ("group", "supergroup"):
        data["group"] = short(chat.get("title")) or "group"
    if "forward_origin" in message:
        data["forwarded"] = short(object_of(message["forward_origin"]).get("type"), 40) or "unknown"
    if message.get("media_group_id") is not None:
        data["album"] = short(message["media_group_id"], 100)
    entities = message.get("entities") or message.get("caption_entities")
    links = [short(object_of(entity).get("url"), 2000) for entity in elements_of(entities, "entities")]
    if any(links):
        data["links"] = [link for link in links if link][:20]
    return text, data


def _name(writer: Object) -> str | None:
    names = (short(writer.get(key), 100) for key in ("first_name", "last_name", "title"))
    return " ".join(filter(None, names)) or None


def _edited(message: Object, now: datetime) -> Iterator[Happened]:
    """Read an edit; a place that moves on is no new wording."""
    if "text" in message or "caption" in message:
        text, _data = _said(message)
        at = moment_of(message.get("edit_date") or message.get("date"), now)
        yield MessageNotice(what=What.EDITED, at=at, external_id=_external_id(message), text=text)


def _deleted(deleted: Object, now: datetime) -> Iterator[Happened]:
    for number in elements_of(deleted.get("message_ids"), "message_ids"):
        external_id = _external_id({**deleted, "message_id": number})
        yield MessageNotice(what=What.DELETED, at=now, external_id=external_id)


def _pressed(query: Object, now: datetime) -> Iterator[Happened]:
    writer, message = object_of(query.get("from")), object_of(query.get("message"))
    person = id_of(writer.get("id"), "from.id")
    value = text_of(query.get("data"))
    yield Said(
        external_id=f"callback:{id_of(query.get('id'), 'callback_query.id')}",
        people=(Person(TELEGRAM, person),),
        address=chat_address_of(message) if message else person,
        text=_title(message, value) or value,
        at=now,
        name=_name(writer),
        answers=_external_id(message) if message else None,
        pressed=value,
        hint=short(writer.get("language_code"), 35) or None,
    )


def _title(message: Object, value: str) -> str:
    """Return what stands on the button with this value."""
    markup = object_of(message.get("reply_markup"))
    for row in elements_of(markup.get("inline_keyboard"), "inline_keyboard"):
        for button in elements_of(row, "a row of buttons"):
            if text_of(object_of(button).get("callback_data")) == value:
                return short(object_of(button).get("text"))
    return ""


def _member(change: Object, _now: datetime) -> Iterator[Happened]:
    """Read that somebody has blocked the bot, or let it in again; in a group, that it is out or in."""
    chat = object_of(change.get("chat"))
    status = text_of(object_of(change.get("new_chat_member")).get("status"))
    if chat.get("type") == "channel":
        return
    address = id_of(chat.get("id"), "chat.id")
    private = chat.get("type") == "private"
    people = (Person(TELEGRAM, address),) if private else ()
    reachable = status not in _CANNOT_BE_WRITTEN_TO
    reason = "" if reachable else "blocked" if private else "removed"
    yield Reachability(people, address, reachable, reason)


def _reaction(reaction: Object, now: datetime) -> Iterator[Happened]:
    by = object_of(reaction.get("user") or reaction.get("actor_chat"))
    person = id_of(by.get("id"), "user.id")
    signs = [object_of(sign) for sign in elements_of(reaction.get("new_reaction"), "new_reaction")]
    # A sign of somebody's own making has only a number: a star stands for it.
    text = "".join(short(sign.get("emoji"), 20) or "⭐" for sign in signs[:3])
    yield MessageNotice(
        what=What.REACTED,
        at=moment_of(reaction.get("date"), now),
        external_id=_external_id(reaction),
        text=clean(text),
        key=person,
        people=(Person(TELEGRAM, person),),
    )


def _connection(connection: Object, _now: datetime) -> Iterator[Happened]:
    rights = object_of(connection.get("rights"))
    works = connection.get("is_enabled") is True and (
        rights.get("can_reply") is True or connection.get("can_reply") is True
    )
    name = _name(object_of(connection.get("user"))) or ""
    data = {"connection": id_of(connection.get("id"), "business_connection.id")}
    yield AccountNews("business_connection", name, not works, data)


_READERS: Mapping[str, Callable[[Object, datetime], Iterator[Happened]]] = {
    "message": _message,
    "business_message": _message,
    "edited_message": _edited,
    "edited_business_message": _edited,
    "deleted_business_messages": _deleted,
    "callback_query": _pressed,
    "my_chat_member": _member,
    "message_reaction": _reaction,
    "business_connection": _connection,
}
