"""Of how many SMS a text is: what is billed, and what a handset puts together again.

Source: 3GPP TS 23.038 (the alphabet and its extension) and 23.040 (6 octets of header in each part).
"""

from dataclasses import dataclass

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("\f^{}\\[~]|€")
_GSM, _UCS = "GSM-7", "UCS-2"
_ROOM = {_GSM: (160, 153), _UCS: (70, 67)}  # alone, and in each of several


@dataclass(frozen=True, slots=True)
class Segments:
    """`count` SMS of a text in `encoding`; `units` of it, and how many more fit into the last one."""

    count: int
    encoding: str
    units: int
    left: int


def segments_of(text: str) -> Segments:
    """Return of how many SMS a text is. One character outside the alphabet (a curly quote, any Persian) makes
    all of it UCS-2; a character of two units is never parted between two SMS."""
    encoding = _GSM if all(c in _BASIC or c in _EXTENDED for c in text) else _UCS
    sizes = [_size(character, encoding) for character in text]
    alone, each = _ROOM[encoding]
    units = sum(sizes)
    if units <= alone:
        return Segments(1 if text else 0, encoding, units, alone - units)
    count, used = 1, 0
    for size in sizes:
        if used + size > each:
            count, used = count + 1, 0
        used += size
    return Segments(count, encoding, units, each - used)


def _size(character: str, encoding: str) -> int:
    if encoding == _GSM:
        return 2 if character in _EXTENDED else 1
    return 2 if ord(character) > 0xFFFF else 1
