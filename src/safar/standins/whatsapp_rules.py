"""What the Cloud API documents of a message, checked."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

_MEDIA = frozenset({"image", "audio", "video", "document", "sticker"})
_VARIABLE = re.compile(r"\{\{\s{0,20}([A-Za-z0-9_]{1,100})\s{0,20}\}\}")


class RuleBroken(Exception):
    """The request is refused with a code."""

    def __init__(self, code: str, details: str) -> None:
        super().__init__(f"{code}: {details}")
        self.code, self.details = code, details


def check_message(body: Any, media: Mapping[str, object], templates: Sequence[Mapping[str, Any]]) -> str:
    """Return to whom a message goes. Raises RuleBroken, ValueError for what is no object."""
    if not isinstance(body, dict):
        raise ValueError("no object")
    if body.get("messaging_product") != "whatsapp":
        _refuse("131008", "messaging_product is needed")
    if body.get("status") == "read":
        _needed(body, "message_id")
        return ""
    to = body.get("to") or body.get("recipient")
    if not isinstance(to, str) or not re.fullmatch(r"\+?[0-9]{5,20}|[A-Z]{2}\.[A-Za-z0-9.]{1,140}", to):
        _refuse("131009", "to or recipient is needed")
    if body.get("to") and not str(body["to"]).lstrip("+").isdigit():
        _refuse("131009", "an id of a user goes into recipient")
    if len(str(body.get("biz_opaque_callback_data", ""))) > 512:
        _refuse("131009", "biz_opaque_callback_data is too long")
    kind = body.get("type", "text")
    if kind == "text":
        _length(_needed(body, "text"), "body", 4096)
    elif kind in _MEDIA:
        _file(kind, _needed(body, kind), media)
    elif kind == "interactive":
        _interactive(_needed(body, "interactive"))
    elif kind == "template":
        _template(_needed(body, "template"), templates, media)
    elif kind == "reaction":
        _needed(_needed(body, "reaction"), "message_id")
    elif kind not in ("location", "contacts"):
        _refuse("131051", f"type {kind}")
    return str(to)


def _refuse(code: str, details: str) -> None:
    raise RuleBroken(code, details)


def _needed(body: Mapping[str, Any], name: str) -> Any:
    value = body.get(name)
    if not value:
        raise RuleBroken("131008", f"{name} is needed")
    return value


def _length(body: Mapping[str, Any], name: str, most: int) -> str:
    text = _needed(body, name)
    if not isinstance(text, str) or len(text) > most:
        raise RuleBroken("131009", f"{name} has more than {most} characters")
    return text


def _file(kind: str, file: Mapping[str, Any], media: Mapping[str, object]) -> None:
    if not file.get("link") and str(file.get("id")) not in media:
        _refuse("131009", "no such media")
    if file.get("caption"):
        if kind in ("audio", "sticker"):
            _refuse("131009", f"{kind} has no caption")
        _length(file, "caption", 1024)


def _interactive(body: Mapping[str, Any]) -> None:
    _length(_needed(body, "body"), "text", 1024)
    action = _needed(body, "action")
    if body.get("type") == "button":
        buttons = [_needed(button, "reply") for button in _needed(action, "buttons")]
        _titled(buttons, 3, 20, 256)
    elif body.get("type") == "list":
        _length(action, "button", 20)
        sections = _needed(action, "sections")
        _titled([row for section in sections for row in _needed(section, "rows")], 10, 24, 200)
    else:
        _refuse("131009", f"interactive type {body.get('type')}")


def _titled(things: Sequence[Mapping[str, Any]], most: int, title_most: int, id_most: int) -> None:
    if not 1 <= len(things) <= most or len({thing.get("id") for thing in things}) < len(things):
        _refuse("131009", f"at most {most}, each with an id of its own")
    for thing in things:
        _length(thing, "title", title_most)
        _length(thing, "id", id_most)


def _template(
    body: Mapping[str, Any], templates: Sequence[Mapping[str, Any]], media: Mapping[str, object]
) -> None:
    code = _needed(_needed(body, "language"), "code")
    named = [one for one in templates if one["name"] == body.get("name") and one["language"] == code]
    if not named or named[0]["status"] not in ("APPROVED", "PAUSED", "DISABLED"):
        raise RuleBroken("132001", "no such template in that language")
    template = named[0]
    if template["status"] == "PAUSED":
        _refuse("132015", "paused")
    if template["status"] == "DISABLED":
        _refuse("132016", "disabled")
    given = {str(part.get("type")).upper(): part.get("parameters", []) for part in body.get("components", [])}
    for component in template.get("components", ()):
        wanted = list(dict.fromkeys(_VARIABLE.findall(component.get("text", ""))))
        if component["type"] == "HEADER" and component.get("format") in ("IMAGE", "VIDEO", "DOCUMENT"):
            wanted = [component["format"].lower()]
            _header_file(given.get("HEADER", ()), wanted[0], media)
        elif component["type"] in ("HEADER", "BODY"):
            _parameters(given.get(component["type"], ()), wanted)


def _header_file(parameters: Sequence[Mapping[str, Any]], kind: str, media: Mapping[str, object]) -> None:
    if len(parameters) != 1 or parameters[0].get("type") != kind:
        raise RuleBroken("132012", f"the header needs a {kind}")
    _file(kind, _needed(parameters[0], kind), media)


def _parameters(parameters: Sequence[Mapping[str, Any]], wanted: Iterable[str]) -> None:
    names = [parameter.get("parameter_name") for parameter in parameters]
    expected = list(wanted)
    if len(names) != len(expected):
        _refuse("132000", f"{len(names)} parameters instead of {len(expected)}")
    numbered = all(name.isdigit() for name in expected)
    if any(name is None for name in names) != numbered and expected:
        _refuse("132012", "named and numbered parameters do not mix")
    if not numbered and set(names) != set(expected):
        _refuse("132012", "parameters of other names")
    for parameter in parameters:
        text = parameter.get("text")
        if not text or "\n" in text or "\t" in text or "     " in text:
            _refuse("132018", "a parameter is empty or has more than one line")
