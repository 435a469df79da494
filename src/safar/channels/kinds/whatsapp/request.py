"""The bodies of what is asked of the Cloud API."""

import re
from collections.abc import Mapping
from typing import Any

from safar.channels.kinds.port import Choice, File, OutboundMessage, Template

TEXT_MAX, CAPTION_MAX, BODY_MAX = 4096, 1024, 1024
BUTTONS_MAX, ROWS_MAX = 3, 10
_TITLE_MAX, _ROW_MAX = 20, 24
_MEGABYTE = 1024 * 1024
MEDIA_BYTES = {
    "image": 5 * _MEGABYTE,
    "audio": 16 * _MEGABYTE,
    "video": 16 * _MEGABYTE,
    "sticker": 500 * 1024,
    "document": 100 * _MEGABYTE,
}
_KINDS = {
    "image/jpeg": "image",
    "image/png": "image",
    "audio/aac": "audio",
    "audio/amr": "audio",
    "audio/mpeg": "audio",
    "audio/mp4": "audio",
    "audio/ogg": "audio",
    "video/mp4": "video",
    "video/3gpp": "video",
}
_SPACES = re.compile(r"\s+")


class WrongTemplate(ValueError):
    """What fills a template cannot be its variables."""


def addressed(letter: OutboundMessage, kind: str, *, quote: bool = True) -> dict[str, Any]:
    """Return what every message has: to whom, of what kind, our id (which comes back in its statuses)."""
    body: dict[str, Any] = {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "type": kind,
        "biz_opaque_callback_data": str(letter.id),
    }
    body["to" if letter.address.lstrip("+").isdigit() else "recipient"] = letter.address
    if letter.answers and quote:
        body["context"] = {"message_id": letter.answers}
    return body


def text_message(letter: OutboundMessage, text: str, *, quote: bool) -> dict[str, Any]:
    links = "http://" in text or "https://" in text
    return {**addressed(letter, "text", quote=quote), "text": {"body": text, "preview_url": links}}


def choices_fit(letter: OutboundMessage) -> bool:
    """Tell whether the offered answers can be buttons or a list as they are; they cannot be cut."""
    most = _TITLE_MAX if len(letter.choices) <= BUTTONS_MAX else _ROW_MAX
    titles, ids = {c.title for c in letter.choices}, {c.id for c in letter.choices}
    return (
        0 < len(letter.choices) <= ROWS_MAX
        and len(titles) == len(ids) == len(letter.choices)
        and all(0 < len(c.title) <= most and 0 < len(c.id) <= 200 for c in letter.choices)
    )


def choice_message(letter: OutboundMessage, text: str, *, quote: bool) -> dict[str, Any]:
    """Return a text with up to three buttons, or a list of up to ten rows."""
    if len(letter.choices) <= BUTTONS_MAX:
        buttons = [{"type": "reply", "reply": _titled(choice)} for choice in letter.choices]
        action: dict[str, Any] = {"buttons": buttons}
        kind = "button"
    else:
        action = {"button": "☰", "sections": [{"rows": [_titled(choice) for choice in letter.choices]}]}
        kind = "list"
    interactive = {"type": kind, "body": {"text": text}, "action": action}
    return {**addressed(letter, "interactive", quote=quote), "interactive": interactive}


def _titled(choice: Choice) -> dict[str, str]:
    return {"id": choice.id, "title": choice.title}


def media_kind(file: File) -> str:
    """Return as what a file is sent: what is too large or no picture of WhatsApp's is a document."""
    kind = _KINDS.get(file.mime.partition(";")[0].strip().lower(), "document")
    if kind == "audio" and file.mime.startswith("audio/ogg") and b"OpusHead" not in file.content[:200]:
        return "document"
    return kind if len(file.content) <= MEDIA_BYTES[kind] else "document"


def media_message(
    letter: OutboundMessage, file: File, media_id: str, caption: str, *, quote: bool
) -> dict[str, Any]:
    kind = media_kind(file)
    media = {"id": media_id}
    if caption:
        media["caption"] = caption
    if kind == "document":
        media["filename"] = file.name
    return {**addressed(letter, kind, quote=quote), kind: media}


def template_message(
    letter: OutboundMessage, template: Template, header: dict[str, Any] | None
) -> dict[str, Any]:
    """Return an approved template, in its language exactly as approved. Raises WrongTemplate."""
    components = _components(template.variables)
    if header is not None:
        components.insert(0, {"type": "header", "parameters": [header]})
    body: dict[str, Any] = {"name": template.name, "language": {"code": template.language}}
    if components:
        body["components"] = components
    return {**addressed(letter, "template", quote=False), "template": body}


def header_media(file: File, media_id: str) -> dict[str, Any]:
    kind = media_kind(file)
    kind = kind if kind in ("image", "video") else "document"
    media = {"id": media_id, "filename": file.name} if kind == "document" else {"id": media_id}
    return {"type": kind, kind: media}


def _components(variables: Mapping[str, str]) -> list[dict[str, Any]]:
    header = {k.removeprefix("header."): v for k, v in variables.items() if k.startswith("header.")}
    buttons = {k.removeprefix("button."): v for k, v in variables.items() if k.startswith("button.")}
    body = {k: v for k, v in variables.items() if not k.startswith(("header.", "button."))}
    if {k.isdigit() for k in (*header, *body)} == {True, False}:
        raise WrongTemplate("Its variables are numbered and named at the same time.")
    found = [
        {"type": kind, "parameters": _parameters(values)}
        for kind, values in (("header", header), ("body", body))
        if values
    ]
    for index in sorted(buttons):
        if not (index.isascii() and index.isdigit() and int(index) < 10):
            raise WrongTemplate("A button has a number from 0.")
        text = {"type": "text", "text": _line(buttons[index])}
        found.append({"type": "button", "sub_type": "url", "index": index, "parameters": [text]})
    return found


def _parameters(values: Mapping[str, str]) -> list[dict[str, str]]:
    if all(key.isascii() and key.isdigit() for key in values):
        numbers = sorted(values, key=int)
        if [int(number) for number in numbers] != list(range(1, len(numbers) + 1)):
            raise WrongTemplate("Its numbered variables have a gap.")
        return [{"type": "text", "text": _line(values[number])} for number in numbers]
    return [{"type": "text", "parameter_name": name, "text": _line(value)} for name, value in values.items()]


def _line(value: str) -> str:
    """Return a value as a template takes it: in one line, never empty."""
    text = _SPACES.sub(" ", value).strip()
    if not text:
        raise WrongTemplate("One of its variables is empty.")
    return text
