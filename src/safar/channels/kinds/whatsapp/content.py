"""What a message of WhatsApp says: its text, its parts, the button that was pressed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from safar.channels.kinds.port import MessagePart, PartKind
from safar.channels.kinds.reading import Misread, elements_of, flat, id_of, object_of, short, text_of

_MEDIA = {
    "image": PartKind.IMAGE,
    "audio": PartKind.AUDIO,
    "voice": PartKind.AUDIO,
    "video": PartKind.VIDEO,
    "document": PartKind.DOCUMENT,
    "sticker": PartKind.STICKER,
}
_CARDS_MAX, _ITEMS_MAX = 50, 200


@dataclass(frozen=True, slots=True)
class WhatsAppContent:
    """What was said."""

    text: str = ""
    parts: tuple[MessagePart, ...] = ()
    pressed: str | None = None
    data: Mapping[str, Any] = field(default_factory=dict)


def whatsapp_content(message: Mapping[str, Any]) -> WhatsAppContent | None:
    """Return what a message says; None for a type that says nothing or is not known. Raises Misread."""
    kind = text_of(message.get("type"))
    if kind in _MEDIA:
        return _media(kind, message)
    read = _READERS.get(kind)
    return read(message) if read else None


def placeholder(kind: str, reason: str = "") -> WhatsAppContent:
    """Return what stands for something that cannot be shown: that somebody wrote must not be lost."""
    data = {"type": kind[:80], "reason": reason} if reason else {"type": kind[:80]}
    return WhatsAppContent(parts=(MessagePart(kind=PartKind.OTHER, data=data),))


def _body(message: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    body = message.get(kind)
    if not isinstance(body, dict):
        raise Misread(f"{kind} is missing")
    return body


def _text(message: Mapping[str, Any]) -> WhatsAppContent:
    body = _body(message, "text").get("body")
    if not isinstance(body, str):
        raise Misread("text has no body")
    return WhatsAppContent(text_of(body))


def _media(kind: str, message: Mapping[str, Any]) -> WhatsAppContent:
    media = _body(message, kind)
    size = media.get("file_size")
    part = MessagePart(
        kind=_MEDIA[kind],
        source=id_of(media.get("id"), "the id of the file"),
        mime=short(media.get("mime_type"), 100),
        name=short(media.get("filename"), 200),
        size=size if isinstance(size, int) and 0 <= size < 2**40 else None,
        sha256=short(media.get("sha256"), 100),
        data={"voice": True} if media.get("voice") is True or kind == "voice" else {},
    )
    return WhatsAppContent(text_of(media.get("caption")), (part,))


def _location(message: Mapping[str, Any]) -> WhatsAppContent:
    place = _body(message, "location")
    latitude, longitude = place.get("latitude"), place.get("longitude")
    if not (_degrees(latitude, 90) and _degrees(longitude, 180)):
        raise Misread("location has no place")
    data = {**flat(place), "latitude": latitude, "longitude": longitude}
    return WhatsAppContent(parts=(MessagePart(kind=PartKind.LOCATION, data=data),))


def _degrees(value: object, most: float) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and -most <= value <= most


def _contacts(message: Mapping[str, Any]) -> WhatsAppContent:
    """Read contact cards: what somebody says of somebody, never by whom the writer is known."""
    cards = elements_of(message.get("contacts"), "contacts")
    if not cards:
        raise Misread("there is no contact card")
    return WhatsAppContent(parts=tuple(map(_card, cards[:_CARDS_MAX])))


def _card(value: object) -> MessagePart:
    card = object_of(value)
    phones = [short(object_of(phone).get("phone"), 60) for phone in _some(card.get("phones"))]
    mails = [short(object_of(mail).get("email"), 254) for mail in _some(card.get("emails"))]
    name = short(object_of(card.get("name")).get("formatted_name"))
    data = {
        "name": name,
        "phones": [p for p in phones if p],
        "emails": [m for m in mails if m],
        "claim": True,
    }
    return MessagePart(kind=PartKind.CONTACT, name=name, data=data)


def _some(value: object) -> list[Any]:
    return value[:20] if isinstance(value, list) else []


def _order(message: Mapping[str, Any]) -> WhatsAppContent:
    order = _body(message, "order")
    items = [flat(item) for item in elements_of(order.get("product_items"), "product_items")[:_ITEMS_MAX]]
    data = {"order": {"catalog_id": short(order.get("catalog_id")), "items": items}}
    part = MessagePart(kind=PartKind.OTHER, data={"type": "order", **data})
    return WhatsAppContent(text_of(order.get("text")), (part,))


def _interactive(message: Mapping[str, Any]) -> WhatsAppContent:
    interactive = object_of(message.get("interactive"))
    kind = text_of(interactive.get("type"))
    reply = object_of(interactive.get(kind))
    if kind in ("button_reply", "list_reply"):
        data = {"description": short(reply.get("description"))} if reply.get("description") else {}
        return WhatsAppContent(
            text_of(reply.get("title")), pressed=id_of(reply.get("id"), "the pressed button"), data=data
        )
    if kind == "nfm_reply":
        form = {"name": short(reply.get("name")), "answers": short(reply.get("response_json"), 10_000)}
        return WhatsAppContent(text_of(reply.get("body")), data={"form": form})
    return placeholder(f"interactive {kind}".strip(), errors_of(message))


def _button(message: Mapping[str, Any]) -> WhatsAppContent:
    button = _body(message, "button")
    return WhatsAppContent(
        text_of(button.get("text")), pressed=id_of(button.get("payload"), "the pressed button")
    )


def _unsupported(message: Mapping[str, Any]) -> WhatsAppContent:
    kind = short(object_of(message.get("unsupported")).get("type"), 60)
    return placeholder(kind or "unsupported", errors_of(message))


def errors_of(message: Mapping[str, Any]) -> str:
    """Return what Meta says of a message that it could not hand over."""
    errors = [object_of(error) for error in _some(message.get("errors"))]
    words = (short(object_of(e.get("error_data")).get("details")) or short(e.get("title")) for e in errors)
    return "; ".join(word for word in words if word)[:500]


_READERS: Mapping[str, Callable[[Mapping[str, Any]], WhatsAppContent]] = {
    "text": _text,
    "location": _location,
    "contacts": _contacts,
    "order": _order,
    "interactive": _interactive,
    "button": _button,
    "unsupported": _unsupported,
}
