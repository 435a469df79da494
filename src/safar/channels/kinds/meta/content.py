"""What a message of Instagram or Messenger says."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from safar.channels.kinds.port import MessagePart, PartKind
from safar.channels.kinds.reading import Misread, elements_of, flat, object_of, short, text_of

_FILES = {
    "image": PartKind.IMAGE,
    "video": PartKind.VIDEO,
    "audio": PartKind.AUDIO,
    "file": PartKind.DOCUMENT,
    "sticker": PartKind.STICKER,
    "animated_image": PartKind.IMAGE,
}
# What is shown elsewhere: told of, with its link, and not stored (of stories Meta forbids it).
_SHOWN = frozenset({
    "share", "story_mention", "story_share", "reel", "ig_reel", "ig_post", "post", "ig_story", "template",
    "fallback", "product_template", "appointment_booking", "unsupported_type", "ephemeral",
})  # fmt: skip
_ATTACHMENTS_MAX = 100


@dataclass(frozen=True, slots=True)
class MetaContent:
    """What was said. `unknown`: types of attachments that nobody has documented yet."""

    text: str
    parts: tuple[MessagePart, ...]
    unknown: tuple[str, ...] = ()


def meta_content(message: Mapping[str, Any]) -> MetaContent:
    """Read a message. What is in it and not known becomes a placeholder."""
    attachments = elements_of(message.get("attachments"), "attachments")[:_ATTACHMENTS_MAX]
    parts, unknown = [], []
    for attachment in map(object_of, attachments):
        kind = text_of(attachment.get("type"))[:80]
        parts.append(_part(kind, object_of(attachment.get("payload"))))
        if kind not in _FILES and kind not in _SHOWN and kind != "location":
            unknown.append(kind or "untyped")
    if message.get("is_unsupported") is True:
        parts.append(MessagePart(kind=PartKind.OTHER, data={"type": "unsupported"}))
    text = text_of(message.get("text"))
    if not (text or parts) and not message.get("sticker_id"):
        if message.get("text") is not None or "attachments" not in message:
            raise Misread("a message says nothing")
        parts.append(MessagePart(kind=PartKind.OTHER, data={"type": "empty"}))
    return MetaContent(text, tuple(parts), tuple(unknown))


def _part(kind: str, payload: Mapping[str, Any]) -> MessagePart:
    url = text_of(payload.get("url"))
    url = url if url.startswith(("https://", "http://127.0.0.1:")) and len(url) <= 4000 else ""
    if kind in _FILES:
        what = PartKind.STICKER if payload.get("sticker_id") else _FILES[kind]
        data = {} if url else {"type": kind, "reason": "no address"}
        return MessagePart(kind=what, source=url, name=short(payload.get("title")), data=data)
    if kind == "location":
        place = object_of(payload.get("coordinates"))
        spot = {"latitude": place.get("lat"), "longitude": place.get("long")}
        if all(isinstance(value, int | float) and abs(value) <= 180 for value in spot.values()):
            return MessagePart(kind=PartKind.LOCATION, data=spot)
    return MessagePart(kind=PartKind.OTHER, data={"type": kind, **flat(payload, most=10)})


def flags_of(message: Mapping[str, Any]) -> dict[str, Any]:
    """Return what stands beside what was said: the story that it answers, an own link to it."""
    data: dict[str, Any] = {}
    reply = object_of(message.get("reply_to"))
    if isinstance(reply.get("story"), dict):
        data["story"] = {"id": short(reply["story"].get("id"))}
    if referral := flat(message.get("referral")):
        data["referral"] = referral
    return data
