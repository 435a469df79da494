"""What providers post, read without trust: JSON of any shape, text that can be stored, moments that can be.

Every function takes whatever stands in the post and either returns what it should have been or raises
Misread, which loses one element of the post and no other.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from safar.channels.kinds.port import Happened, NotUnderstood, Unreadable

ID_CHARACTERS_MAX = 500
RAW_CHARACTERS_MAX = 4000
_EARLIEST = datetime(2009, 1, 1, tzinfo=UTC)
_AHEAD = timedelta(minutes=5)
_NOTHING: Mapping[str, Any] = {}


class Misread(ValueError):
    """One element of a post is not what the provider documents."""


def parsed(body: bytes) -> Mapping[str, Any]:
    """Return the object that a body is. Raises Unreadable for everything else.

    What is nested deeper than a parser goes (1,024 levels) is unreadable; half a character (a lone surrogate)
    and bytes that are no UTF-8 are not.
    """
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        value = _leniently(body)
    if not isinstance(value, dict):
        raise Unreadable("The body is no JSON object.")
    return value


def _leniently(body: bytes) -> Any:
    try:
        return json.loads(body.decode("utf-8", "replace"))
    except (ValueError, RecursionError) as wrong:
        raise Unreadable(f"The body is no JSON: {str(wrong)[:200]}") from None


def clean(text: str) -> str:
    """Return `text` as it can be stored: what PostgreSQL or UTF-8 has no place for as U+FFFD."""
    if "\x00" in text:
        text = text.replace("\x00", "\ufffd")
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def text_of(value: object) -> str:
    """Return a text, or a number written out; empty for everything else."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value) if abs(value) < 10**30 else ""
    if isinstance(value, float):
        return str(value)
    return ""


def short(value: object, most: int = 200) -> str:
    """Return a text of which so many characters are of use."""
    return text_of(value)[:most].strip()


def id_of(value: object, name: str) -> str:
    """Return an id. Raises Misread for what can be none."""
    text = text_of(value)
    if not text or len(text) > ID_CHARACTERS_MAX:
        raise Misread(f"{name} is missing" if not text else f"{name} is too long")
    return text


def object_of(value: object) -> Mapping[str, Any]:
    """Return an object; an empty one for everything else."""
    return value if isinstance(value, dict) else _NOTHING


def elements_of(value: object, name: str) -> list[Any]:
    """Return a list, empty when there is none. Raises Misread for something else."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise Misread(f"{name} is no list")
    return value


def flat(value: object, *, most: int = 40) -> dict[str, str]:
    """Return the texts, numbers and yes or no of an object: what stands on its first level."""
    found: dict[str, str] = {}
    for key, part in object_of(value).items():
        if len(found) == most:
            break
        text = str(part).lower() if isinstance(part, bool) else short(part, 1000)
        if text:
            found[short(key, 80)] = text
    return found


def moment_of(value: object, now: datetime, *, per_second: int = 1) -> datetime:
    """Return when something was; what cannot be a moment of the past is `now`."""
    try:
        seconds = float(text_of(value)) / per_second
        at = datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return now
    return at if _EARLIEST <= at <= now + _AHEAD else now


def each_of(
    elements: Iterable[object],
    read: Callable[[Mapping[str, Any]], Iterable[Happened]],
) -> Iterator[Happened]:
    """Yield what all elements say; one that cannot be read is told of, and no other is lost with it."""
    for element in elements:
        try:
            if not isinstance(element, dict):
                raise Misread("an element is no object")
            yield from list(read(element))
        except Misread as wrong:
            yield NotUnderstood(str(wrong), raw_of(element))
        # A mistake of ours in one element must not keep its neighbours out, nor have all of them sent again.
        except Exception as wrong:
            yield NotUnderstood(f"A mistake of ours: {wrong!r}"[:300], raw_of(element))


def raw_of(element: object) -> str:
    """Return an element as it came, as far as it is of use to somebody who looks for the reason."""
    try:
        text = orjson.dumps(element).decode()
    except (TypeError, ValueError):
        text = f"({type(element).__name__} that cannot be written down)"
    return clean(text[:RAW_CHARACTERS_MAX])
