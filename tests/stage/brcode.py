"""A BR Code as whoever pays reads it."""

from collections.abc import Iterator

from safar.payments.providers.pix.brcode import crc


def fields_of(code: str) -> dict[str, str]:
    """Return the fields of a code by id. Raises ValueError when it is cut short or its CRC is wrong."""
    if len(code) < 8 or code[-8:-4] != "6304" or crc(code[:-4]) != code[-4:].upper():
        raise ValueError("this is not a whole BR Code")
    return dict(parts_of(code))


def parts_of(text: str) -> Iterator[tuple[str, str]]:
    """Give the (id, value) pairs of a code, or of a field that has fields inside."""
    at = 0
    while at < len(text):
        length = text[at + 2 : at + 4]
        value = text[at + 4 : at + 4 + int(length)] if length.isdecimal() else ""
        if not length.isdecimal() or len(value) != int(length):
            raise ValueError("a field of this code is cut short")
        yield text[at : at + 2], value
        at += 4 + len(value)
