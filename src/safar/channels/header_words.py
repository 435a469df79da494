"""The words of a header: encoded ones (RFC 2047) as mail programs really write them.

Encoded words are joined before they are decoded: Outlook and PHP cut them within a character. They are
decoded after addresses were told apart, so that a name cannot become an address.
"""

import binascii
import re
from base64 import b64decode
from contextlib import suppress
from email.utils import parseaddr
from unicodedata import normalize

import idna

from safar.channels.charsets import decoded

_WORD = re.compile(r"=\?([^?\s*]{1,40})(?:\*[^?\s]{0,20})?\?([bBqQ])\?([^?]{0,2900})\?=")


def header_words(value: str) -> str:
    """Return a header's value as a person reads it."""
    said: list[str] = []
    held, held_charset = b"", ""
    at = 0
    for word in _WORD.finditer(value):
        between = value[at : word.start()]
        charset = word[1].lower()
        joined = bool(held_charset) and not between.strip()
        if held and not (joined and charset == held_charset):
            said.append(decoded(held, held_charset))
            held = b""
        if not joined:
            said.append(between)
        held += _content(word[2].lower(), word[3])
        held_charset = charset
        at = word.end()
    if held:
        said.append(decoded(held, held_charset))
    said.append(value[at:])
    return " ".join("".join(said).split())


def name_and_address(value: str) -> tuple[str, str]:
    """Return who a header names. Nested comments may be deeper than the library's parser can go."""
    try:
        name, address = parseaddr(" ".join(value.split()))
    except RecursionError:
        return "", ""
    return header_words(name), address


def read_address(address: str) -> str:
    """Return an address in the one form that it is known by: small letters, its domain as people write it."""
    local, at, domain = address.lower().rpartition("@")
    if "xn--" in domain:
        with suppress(idna.IDNAError, UnicodeError):
            domain = idna.decode(domain)
    return normalize("NFC", f"{local}{at}{domain}")


def _content(how: str, text: str) -> bytes:
    if how == "q":
        plain = _bytes(text.replace("_", " "))
        return re.sub(rb"=([0-9A-Fa-f]{2})", lambda found: bytes.fromhex(found[1].decode()), plain)
    bare = re.sub(r"[^A-Za-z0-9+/]", "", text)
    bare = bare[:-1] if len(bare) % 4 == 1 else bare
    try:
        return b64decode(bare + "=" * (-len(bare) % 4))
    except (binascii.Error, ValueError):
        return _bytes(text)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
