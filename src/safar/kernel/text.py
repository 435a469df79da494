"""Folding: two spellings that a reader takes for the same word become the same string."""

import re
import unicodedata

_PERSIAN = str.maketrans({
    "ي": "ی", "ى": "ی", "ك": "ک", "ة": "ه", "ە": "ه", "ٱ": "ا",
    "\u0640": None,  # tatweel only stretches
    "\u200c": None, "\u200d": None, "\u200e": None, "\u200f": None, "\u00ad": None, "\ufeff": None,
})  # fmt: skip
_JOINERS = "\u200c\u200d"
_NUKTA = "\u093c"
# Of one word: a scheme, a mailbox, the beginning or the path of a page's address.
_FOLLOWED = re.compile(r"//|@|^[^\w]{0,100}www[.。]|[.。][^\W\d_]{2,63}[/?#:]", re.IGNORECASE)
_DOTTED = re.compile(r"[.。](?=\w)")
_SPACES = re.compile(r"\s+")


def ascii_digits(text: str) -> str:
    """Write every decimal digit (Persian, Arabic, Devanagari, full width …) as 0-9."""
    if text.isascii():
        return text
    return "".join(
        str(unicodedata.decimal(character)) if character.isdecimal() else character for character in text
    )


def printable(text: str) -> str:
    """Return `text` with a space for what does not print; what joins and parts letters (ZWNJ, ZWJ) stays."""
    return "".join(c if c.isprintable() or c in _JOINERS else " " for c in text)


def plain_words(text: str, length_max: int) -> str:
    """Return what somebody typed as it may stand in a mail of ours: one line, bounded, nothing to follow.

    Addresses of pages and mailboxes are taken out; a dot that a mail program could take for one of an address
    gets a space behind it, so that nothing becomes a link at the reader's either.
    """
    line = printable(unicodedata.normalize("NFKC", text[:2000]))
    words = [word for word in line.split() if not _FOLLOWED.search(word)]
    return _DOTTED.sub(". ", " ".join(words))[:length_max].strip()


def fold(text: str) -> str:
    """Return the form of `text` for searching and matching, never for showing.

    NFKC and case folding; Arabic ي ك as Persian ی ک; ZWNJ, tatweel and marks of direction dropped; vowel
    signs of Arabic script and accents of Latin dropped; the Devanagari nukta dropped (क़ = क) but its
    vowel signs kept, since they are letters; digits of every script as 0-9; one space between words.
    """
    if text.isascii():
        return _SPACES.sub(" ", text).strip().casefold()
    decomposed = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", text).casefold())
    bases = [
        character
        for character in decomposed
        if character != _NUKTA and not (unicodedata.combining(character) and not _is_devanagari(character))
    ]
    letters = unicodedata.normalize("NFC", "".join(bases)).translate(_PERSIAN)
    return _SPACES.sub(" ", ascii_digits(letters)).strip()


def _is_devanagari(character: str) -> bool:
    return "\u0900" <= character <= "\u097f"


def script_of(text: str) -> str:
    """Return the script most letters are in: "arabic", "devanagari" or "latin" (also when none are)."""
    # Letters only: marks that colour an emoji (U+FE0F) stand between the two blocks of Arabic forms.
    arabic = sum(c.isalpha() and ("\u0600" <= c <= "\u06ff" or "\ufb50" <= c <= "\ufefc") for c in text)
    devanagari = sum(map(_is_devanagari, text))
    latin = sum(c.isascii() and c.isalpha() for c in text)
    if max(arabic, devanagari) <= latin:
        return "latin"
    return "arabic" if arabic >= devanagari else "devanagari"


def shortened(text: str, length: int) -> str:
    """Return `text` on one line of at most `length` characters."""
    line = _SPACES.sub(" ", text).strip()
    return line if len(line) <= length else line[: length - 1].rstrip() + "…"


def whole_number(text: str, *, digits_max: int = 18) -> int | None:
    """Return the whole number that an address or a list says in the digits of any script, or None."""
    digits = ascii_digits(text).strip()
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= digits_max else None
