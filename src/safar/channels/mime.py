"""The parts of a mail, with limits before the cost: what will not be read is not built.

The standard library's parser makes an object of every line, part and level before anybody can count them.
Here the bytes are searched once a level, and only headers within their limits are given to it.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from email.message import EmailMessage
from email.parser import HeaderParser
from email.policy import default

from safar.channels.charsets import decoded

HEADERS_BYTES_MAX = 64_000
FIELD_BYTES_MAX = 8_000
_CONTENT_FIELD_BYTES_MAX = 2_000  # the library takes the square of their length
PARTS_MAX = 50
DEPTH_MAX = 10
_SCANNED_BYTES_MAX = 256_000  # of lines that look like headers; a list of 6,000 recipients has 150,000
_NAME_MAX = 100
_BOUNDARY_MAX = 200
_FIELD_NAME = re.compile(rb"[!-9;-~]{1,100}[ \t]{0,20}:")
_GUESSED = re.compile(rb"^--([^\r\n]{1,200})\r?\ncontent-", re.MULTILINE | re.IGNORECASE)
_MARKUP = re.compile(rb"<(?:html|body|div|p|br|table)[\s/>]", re.IGNORECASE)
_PARSER = HeaderParser(policy=default)


@dataclass(frozen=True, slots=True)
class Part:
    """A part with the parts in it. `body`: as it came, still encoded; empty when it has parts."""

    headers: EmailMessage
    kind: str
    body: bytes
    parts: tuple["Part", ...] = ()

    def walk(self) -> Iterator["Part"]:
        """Yield this part and all that are in it, in order."""
        yield self
        for part in self.parts:
            yield from part.walk()

    @property
    def file_name(self) -> str | None:
        return attempt(self.headers.get_filename)

    @property
    def is_attachment(self) -> bool:
        return attempt(self.headers.get_content_disposition) == "attachment"

    def text_of(self, body: bytes) -> str:
        """Return what decoded bytes of this part say, whatever its headers claim about their charset."""
        label = attempt(lambda: str(self.headers.get_param("charset", "")))
        return decoded(body, label, markup=self.kind == "text/html")

    def decoded(self, bytes_max: int) -> bytes:
        """Return at most the first `bytes_max` bytes of what the part holds."""
        encoded = self.body[: 4 * bytes_max]
        self.headers.set_payload(encoded.decode("ascii", "surrogateescape"))
        try:
            payload = self.headers.get_payload(decode=True)
        except Exception:  # an encoding that is none
            payload = encoded
        finally:
            self.headers.set_payload("")
        return payload[:bytes_max] if isinstance(payload, bytes) else b""


def read_parts(raw: bytes) -> Part:
    """Return a mail as its parts: at most 50, at most 10 deep; deeper ones stay closed."""
    return _Reader(raw).part(0, len(raw), 1, "text/plain")


class _Reader:
    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self._left = PARTS_MAX

    def part(self, start: int, end: int, depth: int, usual: str) -> Part:
        fields, begins = _header_fields(self._raw, start, end)
        headers = _PARSER.parsestr("".join(map(decoded, fields)) + "\n")
        assert isinstance(headers, EmailMessage)
        headers.set_default_type(usual)
        kind = attempt(headers.get_content_type) or usual
        if not kind.startswith("multipart/"):
            return Part(headers, kind, self._raw[begins:end])
        if depth >= DEPTH_MAX:
            return Part(headers, "application/octet-stream", b"")
        boundary = attempt(headers.get_boundary) or ""
        spans = list(self._spans(begins, end, boundary.strip().encode("utf-8", "replace")))
        if not spans:
            return self._broken(headers, begins, end)
        usual = "message/rfc822" if kind == "multipart/digest" else "text/plain"
        parts = tuple(self.part(first, last, depth + 1, usual) for first, last in spans)
        return Part(headers, kind, b"", parts)

    def _broken(self, headers: EmailMessage, begins: int, end: int) -> Part:
        """Return what a multipart without its boundary holds: text, as far as can be seen."""
        body = self._raw[begins:end]
        kind = "text/html" if _MARKUP.search(body[:HEADERS_BYTES_MAX]) else "text/plain"
        return Part(headers, kind, body)

    def _spans(self, begins: int, end: int, boundary: bytes) -> Iterator[tuple[int, int]]:
        """Yield where the parts begin and end, as long as more are allowed."""
        marks = self._marks(begins, end, boundary) if boundary else []
        if not marks and (guessed := _GUESSED.search(self._raw[begins : min(end, begins + 64_000)])):
            marks = self._marks(begins, end, guessed.group(1).strip())
        ends = [mark for mark, _first, _closing in marks[1:]] + [end]
        for (_mark, first, closing), last in zip(marks, ends, strict=False):
            if closing or self._left <= 0:
                return
            self._left -= 1
            yield first, max(last, first)

    def _marks(self, begins: int, end: int, boundary: bytes) -> list[tuple[int, int, bool]]:
        """Return the boundary lines as (where it begins, where the part begins, whether it closes)."""
        raw, delimiter = self._raw, b"--" + boundary[:_BOUNDARY_MAX]
        marks: list[tuple[int, int, bool]] = []
        at = raw.find(delimiter, begins, end)
        while at >= 0 and len(marks) <= PARTS_MAX:
            after = at + len(delimiter)
            if at == begins or raw[at - 1 : at] == b"\n":
                newline = raw.find(b"\n", after, min(after + _NAME_MAX, end))
                stop = newline + 1 if newline >= 0 else min(after + _NAME_MAX, end)
                rest = raw[after:stop].strip()
                if rest in (b"", b"--"):
                    marks.append((at, stop, rest == b"--"))
            at = raw.find(delimiter, after, end)
        return marks


def _header_fields(raw: bytes, start: int, end: int) -> tuple[list[bytes], int]:
    """Return the header fields within their limits, each shortened to its own, and where the body begins."""
    kept: list[bytes] = []
    size = field_size = 0
    field_max = FIELD_BYTES_MAX
    at = start
    while at < end:
        newline = raw.find(b"\n", at, end)
        stop = newline + 1 if newline >= 0 else end
        line = raw[at : min(stop, at + FIELD_BYTES_MAX)]
        if not line.strip(b"\r\n"):
            return kept, stop
        if line[:1] in b" \t" and kept:
            field_size += len(line)
        elif _FIELD_NAME.match(line):
            field_size = len(line)
            is_content = line[:8].lower() == b"content-"
            field_max = _CONTENT_FIELD_BYTES_MAX if is_content else FIELD_BYTES_MAX
        elif not kept and line.startswith((b"From ", b">From ")):
            field_size = FIELD_BYTES_MAX + 1
        else:
            return kept, at
        if field_size <= field_max and size + len(line) <= HEADERS_BYTES_MAX:
            kept.append(line if line.endswith(b"\n") else line + b"\n")
            size += len(line)
        at = stop
        if at - start > _SCANNED_BYTES_MAX:
            blanks = [raw.find(blank, at - 1, end) for blank in (b"\n\r\n", b"\n\n")]
            return kept, min((blank + 2 for blank in blanks if blank >= 0), default=end)
    return kept, end


def attempt(read: Callable[[], str | None]) -> str | None:
    """Return what a header says; the parser of a broken one may raise nearly anything."""
    with suppress(Exception):
        return read()
    return None
