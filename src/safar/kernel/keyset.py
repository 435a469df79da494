"""Pages found by key, never by counting: where one begins stands in its address, its parts set apart by "~".

A list is read with one row more than a page holds; `cut` says whether there is another page.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from typing import TypeVar, overload
from uuid import UUID

T = TypeVar("T")
A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")

FIRST_ID, LAST_ID = UUID(int=0), UUID(int=2**128 - 1)
LAST_NUMBER = 2**63 - 1
COUNTED_MAX = 10_000  # the rows of a list are counted no further
_DIGITS_MAX = len(str(LAST_NUMBER))
LAST_MOMENT = datetime(9999, 12, 31, tzinfo=UTC)


def key_moment(text: str) -> datetime:
    """Read a moment from a key; a "+" that became a space on its way is one again. Raises ValueError."""
    at = datetime.fromisoformat(text.replace(" ", "+"))
    if at.tzinfo is None:
        raise ValueError("a moment without its zone")
    return at


def key_number(text: str) -> int:
    """Read a whole number from a key, one that a column can hold. Raises ValueError."""
    if len(text) > _DIGITS_MAX or abs(int(text)) > LAST_NUMBER:
        raise ValueError("more than a column holds")
    return int(text)


def page_key(*parts: object) -> str:
    """Return a page's key as its address has it."""
    return "~".join(part.isoformat() if isinstance(part, date) else str(part) for part in parts)


@overload
def parse_page_key(
    text: str | None, first: Callable[[str], A], second: Callable[[str], B], /
) -> tuple[A, B] | None: ...
@overload
def parse_page_key(
    text: str | None, first: Callable[[str], A], second: Callable[[str], B], third: Callable[[str], C], /
) -> tuple[A, B, C] | None: ...
def parse_page_key(text: str | None, *kinds: Callable[[str], object]) -> tuple[object, ...] | None:
    """Read a page's key; None, the first page, for anything else. Only the first part may have a "~"."""
    parts = (text or "").rsplit("~", len(kinds) - 1)
    try:
        return tuple(kind(part) for kind, part in zip(kinds, parts, strict=True))
    except (ValueError, OverflowError):
        return None


def cut(items: Sequence[T], size: int) -> tuple[Sequence[T], T | None]:
    """Return a page of what was read with one row more than it holds; and its last row, if more follow."""
    return items[:size], items[size - 1] if len(items) > size else None
