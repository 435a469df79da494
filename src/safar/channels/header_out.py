"""Header fields as they go out: words of any script encoded (RFC 2047) in pieces of at most 75 characters.

The standard library's folding takes an address or a link that does not fit for words and encodes it, which
nobody reads; here only words are encoded, and nothing within a word, an address or a link is broken.
"""

import binascii
import re
from base64 import b64encode

import idna

LINE_MAX = 76  # RFC 2047: of a line with an encoded word in it
_WORD_MAX = 75
_HEAD = "=?utf-8?"
_ROOM = _WORD_MAX - len(_HEAD) - len("q?") - len("?=")
_SPARE = 8  # for signs that are shown with the letter before
_PLAIN = re.compile(r"[\x20-\x7e]*")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]*")
_AS_IT_IS = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!*+-/")


def field(name: str, *pieces: str) -> bytes:
    """Return a header field; between the pieces, which stay whole, its lines may end."""
    lines = [f"{name}:"]
    for piece in pieces:
        if len(lines[-1]) + 1 + len(piece) > LINE_MAX and lines[-1].strip() and lines[-1] != f"{name}:":
            lines.append("")
        lines[-1] += f" {piece}"
    return "\r\n".join(lines).encode() + b"\r\n"


def words_field(name: str, text: str) -> bytes:
    """Return a field that holds words, as Subject does."""
    return field(name, *_words(text, taken=len(name) + 2))


def address_field(name: str, shown: str, address: str) -> bytes:
    """Return a field with one address and the name shown for it."""
    if not shown:
        return field(name, address)
    if _ATOMS.fullmatch(shown) and "=?" not in shown and len(shown) <= LINE_MAX - len(name) - 3:
        return field(name, *shown.split(), f"<{address}>")
    if _PLAIN.fullmatch(shown) and "=?" not in shown and len(shown) < LINE_MAX - len(name) - 10:
        quoted = shown.replace("\\", "\\\\").replace('"', '\\"')
        return field(name, f'"{quoted}"', f"<{address}>")
    return field(name, *_encoded(shown, taken=len(name) + 2), f"<{address}>")


def wire_address(address: str) -> str:
    """Return an address as servers know it: its domain in ASCII (IDNA). Raises ValueError for none."""
    local, at, domain = address.rpartition("@")
    if not at or not local or not domain or re.search(r"[\s<>,;:\"()\\\[\]\x00-\x1f\x7f]", address):
        raise ValueError("not an address")
    if domain.isascii():
        return address
    try:
        return f"{local}@{idna.encode(domain, uts46=True).decode()}"
    except idna.IDNAError:
        raise ValueError("not an address") from None


def _words(text: str, *, taken: int) -> list[str]:
    plain = _PLAIN.fullmatch(text) and "=?" not in text
    if plain and all(len(word) < LINE_MAX - 2 for word in text.split()):
        return text.split()
    return _encoded(text, taken=taken)


def _encoded(text: str, *, taken: int) -> list[str]:
    """Return a text as encoded words, in whichever of both ways is shorter; no character is cut."""
    raw = text.encode("utf-8", "replace")
    quoted = sum(1 if byte in _AS_IT_IS or byte == 0x20 else 3 for byte in raw)
    as_base64 = len(raw) * 4 / 3 < quoted
    room = max(_ROOM - taken, 12)  # the first one stands beside the field's name
    words: list[str] = []
    held = ""
    for character in text:
        size = _size(held + character, as_base64)
        if held and (size > room or (size > room - _SPARE and not _belongs(character))):
            words.append(_word(held, as_base64))
            held, room = "", _ROOM
        held += character
    return [*words, _word(held, as_base64)]


def _belongs(character: str) -> bool:
    """Tell whether it is shown with the one before it: signs above letters, joiners, variants."""
    code = ord(character)
    return (
        code in (0x200C, 0x200D, 0x94D)
        or 0x300 <= code <= 0x36F
        or 0x64B <= code <= 0x65F
        or 0xFE00 <= code <= 0xFE0F
        or 0x1F3FB <= code <= 0x1F3FF
    )


def _size(text: str, as_base64: bool) -> int:
    raw = text.encode("utf-8", "replace")
    if as_base64:
        return (len(raw) + 2) // 3 * 4
    return sum(1 if byte in _AS_IT_IS or byte == 0x20 else 3 for byte in raw)


def _word(text: str, as_base64: bool) -> str:
    raw = text.encode("utf-8", "replace")
    if as_base64:
        return f"{_HEAD}b?{b64encode(raw).decode()}?="
    held = "".join(
        chr(byte) if byte in _AS_IT_IS else "_" if byte == 0x20 else f"={byte:02X}" for byte in raw
    )
    return f"{_HEAD}q?{held}?="


def encoded_body(text: str) -> tuple[str, bytes]:
    """Return how a text is encoded for its way, and its lines: none longer than 76."""
    lines = text.splitlines()
    if text.isascii() and all(len(line) <= LINE_MAX for line in lines):
        return "7bit", "\r\n".join(lines).encode()
    raw = "\n".join(lines).encode("utf-8", "replace")
    beyond = sum(byte > 0x7E for byte in raw[:20_000])
    if beyond * 6 < min(len(raw), 20_000):
        return "quoted-printable", binascii.b2a_qp(raw, istext=True).replace(b"\n", b"\r\n")
    encoded = b"".join(
        binascii.b2a_base64(raw[at : at + 57]).rstrip(b"\n") + b"\r\n" for at in range(0, len(raw), 57)
    )
    return "base64", encoded.removesuffix(b"\r\n")
