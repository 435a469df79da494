"""A text that is longer than a channel takes, in pieces that it does."""

import re
from collections.abc import Callable, Iterator

from safar.channels.kinds.limits import TextLimit

# Where a text may be parted, the best place first: paragraphs, lines, sentences, words.
_PLACES = (
    re.compile(r"\n[ \t]{0,100}\n"),
    re.compile(r"\n"),
    re.compile(r"(?<=[.!?…؟।۔。！？])\s"),
    re.compile(r"\s"),
)
_SIZES: dict[str, Callable[[str], int]] = {
    "characters": len,
    "utf16": lambda text: len(text.encode("utf-16-le", "surrogatepass")) // 2,
    "bytes": lambda text: len(text.encode("utf-8", "surrogatepass")),
}


def size_of(text: str, unit: str) -> int:
    """Return how long a text is in a channel's unit: characters, utf16 or bytes."""
    return _SIZES[unit](text)


def split(text: str, limit: TextLimit) -> list[str]:
    """Return `text` in pieces within the limit, in order: parted between paragraphs, else lines, else
    sentences, else words, and only where none of these is inside a word, between what readers see as
    characters. A single character that is too long is cut as a last resort."""
    if size_of(text, limit.unit) <= limit.most:
        return [text] if text.strip() else []
    return [piece for piece in _pieces(text, limit) if piece]


def _pieces(text: str, limit: TextLimit) -> Iterator[str]:
    start = 0
    while start < len(text):
        room = _fitting(text, start, limit)
        end = start + room
        if end < len(text):
            end = _place(text, start, end)
        yield text[start:end].strip()
        start = end


def _fitting(text: str, start: int, limit: TextLimit) -> int:
    """Return how many code points from `start` fit. No unit is smaller than a code point."""
    low, high = 1, min(limit.most, len(text) - start)
    while low < high:
        middle = (low + high + 1) // 2
        if size_of(text[start : start + middle], limit.unit) <= limit.most:
            low = middle
        else:
            high = middle - 1
    return low


def _place(text: str, start: int, end: int) -> int:
    # A separator right behind the last code point that fits still parts there.
    window = text[start : end + 1]
    for place in _PLACES:
        ends = [match.end() for match in place.finditer(window) if match.start() > len(window) // 4]
        if ends:
            return start + ends[-1]
    return _between_characters(text, start, end)


def _between_characters(text: str, start: int, end: int) -> int:
    import regex

    # Far enough behind `end` that the character over it is seen whole.
    edge = start
    for character in regex.finditer(r"\X", text[start : end + 64]):
        if start + character.end() > end:
            break
        edge = start + character.end()
    return edge if edge > start else end
