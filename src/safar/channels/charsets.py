"""What bytes of a mail say, whatever their label claims: wrong and missing ones are common in mail.

Labels are read as browsers read them (a mail that says ISO-8859-1 means Windows-1252). What is well-formed
UTF-8 is UTF-8, under any label: text of another charset looks like it by chance next to never. Names that
Python knows and that are no charsets of mail (utf-7, idna, undefined, unicode_escape) are no labels.
"""

import codecs
import re

_READ_AS = {
    "us-ascii": "cp1252", "ascii": "cp1252", "ansi_x3.4-1968": "cp1252", "ansi": "cp1252",
    "iso8859-1": "cp1252", "latin-1": "cp1252", "latin1": "cp1252", "l1": "cp1252", "8bit": "cp1252",
    "iso8859-9": "cp1254", "latin5": "cp1254", "iso8859-11": "cp874", "tis-620": "cp874",
    "gb2312": "gb18030", "gbk": "gb18030", "gb_2312-80": "gb18030", "x-gbk": "gb18030", "hz-gb-2312": "hz",
    "ks_c_5601-1987": "cp949", "ks_c_5601": "cp949", "euc-kr": "cp949", "euc_kr": "cp949", "ksc5601": "cp949",
    "shift_jis": "cp932", "shift-jis": "cp932", "sjis": "cp932", "x-sjis": "cp932", "windows-31j": "cp932",
    "iso-2022-jp": "iso2022_jp_2", "big5": "big5hkscs", "x-mac-roman": "mac_roman", "macintosh": "mac_roman",
    "iso8859-8-i": "iso8859-8", "iso8859-6-e": "iso8859-6", "iso8859-6-i": "iso8859-6",
    "x-unknown": "", "unknown": "", "unknown-8bit": "", "default": "", "none": "", "binary": "",
    "utf8": "utf-8", "utf-8": "utf-8", "unicode": "utf-16", "utf8mb4": "utf-8", "utf-8-sig": "utf-8",
}  # fmt: skip
_NO_CHARSETS = frozenset({"utf_7", "idna", "punycode", "undefined", "unicode_escape", "raw_unicode_escape"})
_STATEFUL = ("iso2022", "hz")  # all their bytes are ASCII
_WIDE = ("utf-16", "utf-32")
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_NAME = re.compile(r"[a-z0-9_.:+-]{2,40}")
_META = re.compile(
    rb"""<meta[^>]{0,200}?charset\s{0,5}=\s{0,5}["']?\s{0,5}([a-z0-9_.:-]{2,40})""", re.IGNORECASE
)
_XML = re.compile(rb"""<\?xml[^>]{0,100}?encoding\s{0,5}=\s{0,5}["']([a-z0-9_.:-]{2,40})""", re.IGNORECASE)
_META_BYTES = 4096
_LEAST, _LEAST_LABELLED = 3, 6  # letters that have to show it, against a label more
_GUESSED_BYTES = 20_000
_WORDS = re.compile(rb"[A-Za-z\x80-\xff]+")
# The letters that make up most of what is written in Persian, Urdu and Arabic; and in Russian.
_ARABIC = frozenset("ابتدرسشعفقکكگلمنهةویيىئأإآپچخحجزصضطظغذثژءؤ\u200c\u200d،؛؟")
_CYRILLIC = frozenset("абвгдежзийклмнопрстуфхцчшщъыьэюя")


def decoded(body: bytes, label: str | None = None, *, markup: bool = False) -> str:
    """Return what `body` says. `label`: what its headers claim; `markup`: it is HTML, which may name one."""
    for mark, charset in _MARKS:
        if body.startswith(mark):
            return body[len(mark) :].decode(charset, "replace")
    charset = charset_of(label) or (_named_within(body) if markup else "")
    if charset.startswith(_STATEFUL) or (charset.startswith(_WIDE) and b"\x00" in body):
        return body.decode(charset, "replace")
    if _is_utf8(body):
        return body.decode("utf-8", "replace")
    if not charset or charset.startswith(("utf", "cp1252")):
        charset = _guessed(body, least=_LEAST_LABELLED if charset else _LEAST)
    return _read(body, charset)


def charset_of(label: str | None) -> str:
    """Return the codec that a label means, "" when it is none that mail may be written in."""
    name = (label or "").strip().strip("\"'").lower()
    if not _NAME.fullmatch(name):
        return ""
    name = re.sub(r"^iso[-_]?8859[-_]", "iso8859-", name)
    name = _READ_AS.get(name, name)
    try:
        codec = codecs.lookup(name) if name else None
    except (LookupError, ValueError):
        return ""
    if codec is None or codec.name.replace("-", "_") in _NO_CHARSETS or not codec._is_text_encoding:
        return ""
    return name


def _named_within(body: bytes) -> str:
    head = body[:_META_BYTES]
    found = _META.search(head) or _XML.search(head)
    charset = charset_of(found[1].decode("ascii")) if found else ""
    return "" if charset.startswith(_WIDE) else charset  # that it could be read shows that it is not


def _is_utf8(body: bytes) -> bool:
    """Tell whether it is UTF-8; a last character that was cut off (we read so much and no more) may be."""
    try:
        body.decode("utf-8")
    except UnicodeDecodeError as error:
        cut = error.reason == "unexpected end of data" and error.end == len(body)
        return cut and not body[: error.start].isascii()
    return True


def _guessed(body: bytes, *, least: int) -> str:
    """Return the charset that bytes without a useful label are likely in.

    In languages with Latin letters few letters of a word are beyond ASCII; where nearly all of them are, the
    words are of another script, and its most frequent letters show which. Fewer than `least` show nothing.
    """
    head = body[:_GUESSED_BYTES]
    words = [word for word in _WORDS.findall(head) if any(byte > 0x7F for byte in word)]
    beyond = sum(byte > 0x7F for word in words for byte in word)
    inside = sum(map(len, words)) - beyond
    if beyond <= 2 * inside or beyond < least:
        return "cp1252"
    # A few bytes of UTF-8 were broken on the way, or it is cut: most of it still reads as UTF-8.
    broken = head.decode("utf-8", "replace").count("\ufffd")
    if broken * 8 < beyond:
        return "utf-8"
    likely = {
        "cp1256": _share(head.decode("cp1256", "replace"), _ARABIC),
        "cp1251": _share(head.decode("cp1251", "replace").lower(), _CYRILLIC),
    }
    best = max(likely, key=lambda charset: likely[charset])
    return best if likely[best] > 0.6 else "cp1252"


def _share(text: str, letters: frozenset[str]) -> float:
    beyond = [letter for letter in text if ord(letter) > 0x7F]
    return sum(letter in letters for letter in beyond) / max(len(beyond), 1)


def _read(body: bytes, charset: str) -> str:
    try:
        return body.decode(charset, "replace")
    except (LookupError, ValueError):
        return body.decode("cp1252", "replace")
