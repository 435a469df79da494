"""What a Telegram message holds besides its text."""

from collections.abc import Mapping
from typing import Any

from safar.channels.kinds.port import MessagePart, PartKind
from safar.channels.kinds.reading import Misread, elements_of, id_of, object_of, short, text_of

Object = Mapping[str, Any]

_FILES: Mapping[str, tuple[PartKind, str]] = {
    "voice": (PartKind.AUDIO, "audio/ogg"),
    "audio": (PartKind.AUDIO, "audio/mpeg"),
    "video": (PartKind.VIDEO, "video/mp4"),
    "video_note": (PartKind.VIDEO, "video/mp4"),
    "animation": (PartKind.VIDEO, "video/mp4"),
    "document": (PartKind.DOCUMENT, ""),
}
# What is sent and has no bytes that we could show; staff see what it is called.
_OTHERS = (
    "poll", "dice", "game", "story", "invoice", "paid_media", "checklist", "giveaway", "giveaway_winners",
    "gift", "unique_gift", "successful_payment", "passport_data", "users_shared", "chat_shared",
    "web_app_data",
)  # fmt: skip
# What happens in a chat without anybody saying anything.
SERVICE = frozenset({
    "new_chat_members", "left_chat_member", "new_chat_title", "new_chat_photo", "delete_chat_photo",
    "group_chat_created", "supergroup_chat_created", "channel_chat_created", "pinned_message",
    "message_auto_delete_timer_changed", "migrate_to_chat_id", "migrate_from_chat_id", "connected_website",
    "write_access_allowed", "proximity_alert_triggered", "boost_added", "chat_background_set",
    "forum_topic_created", "forum_topic_edited", "forum_topic_closed", "forum_topic_reopened",
    "general_forum_topic_hidden", "general_forum_topic_unhidden", "giveaway_created", "giveaway_completed",
    "video_chat_scheduled", "video_chat_started", "video_chat_ended", "video_chat_participants_invited",
    "refunded_payment", "direct_message_price_changed", "paid_message_price_changed",
})  # fmt: skip


def telegram_parts(message: Object) -> tuple[MessagePart, ...]:
    """Return the parts of a message. Raises Misread."""
    parts = [part for name in _FILES if (part := _file(message, name)) is not None]
    if "animation" in message:  # the same comes as a document, for old programs
        parts = [part for part in parts if part.kind is not PartKind.DOCUMENT]
    parts += _photo(message) + _sticker(message) + _place(message) + _contact(message)
    parts += [
        MessagePart(kind=PartKind.OTHER, data={"kind": name, **_words(message, name)})
        for name in _OTHERS
        if name in message
    ]
    return tuple(parts)


def _file(message: Object, name: str) -> MessagePart | None:
    if name not in message:
        return None
    kind, mime = _FILES[name]
    file = object_of(message[name])
    return MessagePart(
        kind=kind,
        source=id_of(file.get("file_id"), f"{name}.file_id"),
        mime=short(file.get("mime_type"), 100) or mime,
        name=short(file.get("file_name") or file.get("title")),
        size=_size(file),
    )


def _photo(message: Object) -> list[MessagePart]:
    """Return the largest of the sizes in which a picture comes."""
    sizes = [object_of(size) for size in elements_of(message.get("photo"), "photo")]
    if not sizes:
        return []
    largest = max(sizes, key=lambda size: _number(size.get("width")) * _number(size.get("height")))
    source = id_of(largest.get("file_id"), "photo.file_id")
    return [MessagePart(kind=PartKind.IMAGE, source=source, mime="image/jpeg", size=_size(largest))]


def _sticker(message: Object) -> list[MessagePart]:
    if "sticker" not in message:
        return []
    sticker = object_of(message["sticker"])
    mime = "image/webp"
    if sticker.get("is_video") is True:
        mime = "video/webm"
    elif sticker.get("is_animated") is True:
        mime = "application/x-tgsticker"
    return [
        MessagePart(
            kind=PartKind.STICKER,
            source=id_of(sticker.get("file_id"), "sticker.file_id"),
            mime=mime,
            size=_size(sticker),
            data={"emoji": short(sticker.get("emoji"), 20)},
        )
    ]


def _place(message: Object) -> list[MessagePart]:
    venue = object_of(message.get("venue"))
    place = object_of(venue.get("location") or message.get("location"))
    if not place:
        return []
    latitude, longitude = place.get("latitude"), place.get("longitude")
    if not isinstance(latitude, int | float) or not isinstance(longitude, int | float):
        raise Misread("a place without latitude and longitude")
    data = {"latitude": float(latitude), "longitude": float(longitude)}
    words = {name: short(venue.get(key)) for name, key in (("name", "title"), ("address", "address"))}
    return [
        MessagePart(
            kind=PartKind.LOCATION, data={**data, **{name: said for name, said in words.items() if said}}
        )
    ]


def _contact(message: Object) -> list[MessagePart]:
    """Return a contact card. `own`: the writer's, as Telegram says; every other card is somebody's claim."""
    if "contact" not in message:
        return []
    contact = object_of(message["contact"])
    own = own_phone(message) is not None
    name = " ".join(filter(None, (short(contact.get(key), 100) for key in ("first_name", "last_name"))))
    phone = short(contact.get("phone_number"), 40)
    return [MessagePart(kind=PartKind.CONTACT, data={"name": name, "phone": phone, "own": own})]


def own_phone(message: Object) -> str | None:
    """Return the number of a writer who has shared their own contact, in E.164, by Telegram's word for it."""
    contact, writer = object_of(message.get("contact")), object_of(message.get("from"))
    ours = contact.get("user_id") is not None and contact.get("user_id") == writer.get("id")
    digits = text_of(contact.get("phone_number")).lstrip("+")
    if not ours or "forward_origin" in message or not digits.isascii() or not digits.isdigit():
        return None
    return f"+{digits}" if 6 <= len(digits) <= 15 else None


def _words(message: Object, name: str) -> dict[str, str]:
    """Return the words of something else: a question, what was thrown."""
    thing = object_of(message[name])
    said = short(thing.get("question") or thing.get("emoji") or thing.get("title"))
    return {"text": said} if said else {}


def _size(file: Object) -> int | None:
    return _number(file.get("file_size")) or None


def _number(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53 else 0
