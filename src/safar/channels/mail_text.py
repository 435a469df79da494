"""The words of a mail: which of its parts are said by the sender, as lines, without what cannot be stored."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from safar.channels.enclosures import Winmail, invitation_lines, opened_winmail
from safar.channels.header_words import header_words
from safar.channels.html_text import lines_of_html
from safar.channels.mime import PARTS_MAX, Part, attempt, read_parts
from safar.channels.quotes import MailLine, plain_lines

READ_BYTES_MAX = 200_000  # of all text parts together, decoded
_LINES_MAX = 5_000
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f]")
_TEXT_KINDS = ("text/plain", "text/html")
_TNEF = ("application/ms-tnef", "application/vnd.ms-tnef")
_SUBJECT_BYTES_MAX = 20_000


def cleaned(text: str) -> str:
    """Return `text` as the database can store it: no NUL, no control characters, no half characters."""
    return _CONTROL.sub("", text.encode("utf-8", "replace").decode("utf-8"))


@dataclass(slots=True)
class MailText:
    """The lines of a mail and the names of what is attached. `cut`: there is more than is read."""

    lines: list[MailLine] = field(default_factory=list)
    attached: list[str] = field(default_factory=list)
    cut: bool = False
    left: int = READ_BYTES_MAX

    def add(self, lines: Sequence[MailLine]) -> None:
        """Add lines, a blank one before them."""
        if lines and self.lines and self.lines[-1].text.strip():
            self.lines.append(MailLine(""))
        self.lines += lines


def mail_text_of(mail: Part) -> MailText:
    """Return what the sender says. An attached mail is somebody else's words: it is only named."""
    words = MailText()
    _take(mail, words)
    words.cut = words.cut or len(words.lines) > _LINES_MAX or sum(1 for _part in mail.walk()) > PARTS_MAX
    del words.lines[_LINES_MAX:]
    return words


def fingerprint(mail: Part, subject: str) -> str:
    """Return what tells mails with one Message-ID apart: the same for copies that came another way.

    Servers on the way write other headers and encode anew; they leave what the parts hold.
    """
    digest = sha256(subject.encode("utf-8", "replace"))
    for part in mail.walk():
        if not part.parts:
            held = part.decoded(len(part.body))
            digest.update(part.kind.encode() + b"\n" + b"\n".join(held.split()) + b"\n")
    return digest.hexdigest()[:32]


def _take(part: Part, words: MailText) -> None:
    if part.kind == "multipart/alternative" and part.parts:
        _take_best(part.parts, words)
    elif part.parts:
        for inner in part.parts:
            _take(inner, words)
    elif part.kind in _TEXT_KINDS and not part.is_attachment:
        words.add(_lines_of(part, words))
    elif part.kind == "text/calendar":
        _take_invitation(part, words)
    elif is_winmail(part) and (winmail := opened_winmail(part.decoded(len(part.body)))) is not None:
        _take_winmail(winmail, words)
    elif part.body.strip():
        words.attached.append(name_of(part))


def is_winmail(part: Part) -> bool:
    """Tell whether it is what Outlook sends instead of the parts of a mail."""
    return part.kind in _TNEF or (part.file_name or "").lower() == "winmail.dat"


def _take_winmail(winmail: Winmail, words: MailText) -> None:
    if not any(line.text.strip() for line in words.lines):
        text = cleaned(winmail.text)[: words.left]
        lines = plain_lines(text) if text.strip() else lines_of_html(cleaned(winmail.html)[: words.left])
        words.left -= sum(len(line.text) for line in lines)
        words.add(lines)
    words.attached += [one_line(name) for name, _content in winmail.files]


def _take_invitation(part: Part, words: MailText) -> None:
    lines = invitation_lines(part.decoded(len(part.body)))
    words.add([MailLine(cleaned(line)) for line in lines])
    if not lines or part.is_attachment:
        words.attached.append(name_of(part))


def _take_best(choices: Sequence[Part], words: MailText) -> None:
    """Take the plain text, or the HTML when that is empty; what only the other has attached is named too."""
    readable = [part for part in choices if any(inner.kind in _TEXT_KINDS for inner in part.walk())]
    readable.sort(key=lambda part: part.kind != "text/plain")
    taken: Part | None = None
    for part in readable:
        tried = MailText(left=words.left)
        _take(part, tried)
        words.left = tried.left
        if any(line.text.strip(" >") for line in tried.lines) or part is readable[-1]:
            words.lines += tried.lines
            words.attached += tried.attached
            words.cut = words.cut or tried.cut
            taken = part
            break
    for part in choices:
        if part is not taken:
            for inner in _files_of(part):
                if inner.kind == "text/calendar":
                    _take_invitation(inner, words)
                else:
                    words.attached.append(name_of(inner))


def _files_of(part: Part) -> Iterator[Part]:
    for inner in part.walk():
        if not inner.parts and inner.kind not in _TEXT_KINDS and inner.body.strip():
            yield inner


def name_of(part: Part) -> str:
    name = part.file_name
    if name is None and part.kind == "message/rfc822":
        name = _subject_of(part)
    return one_line(name or part.kind)


def one_line(text: str) -> str:
    """Return a name as one line within its limit."""
    return " ".join(cleaned(text)[:200].split())


def _subject_of(part: Part) -> str | None:
    inner = read_parts(part.decoded(_SUBJECT_BYTES_MAX)).headers.raw_items()
    subject = next((header_words(str(value)) for key, value in inner if key.lower() == "subject"), "")
    return f"{subject}.eml" if subject else None


def _lines_of(part: Part, words: MailText) -> list[MailLine]:
    body = part.decoded(words.left + 1)
    words.cut = words.cut or len(body) > words.left
    body = body[: words.left]
    words.left -= len(body)
    text = cleaned(part.text_of(body).replace("\r\n", "\n").replace("\r", "\n"))
    if part.kind == "text/html":
        return lines_of_html(text)
    flowed = attempt(lambda: str(part.headers.get_param("format", ""))) or ""
    if flowed.lower() == "flowed":
        delsp = attempt(lambda: str(part.headers.get_param("delsp", ""))) or ""
        text = unflowed(text, joins_words=delsp.lower() == "yes")
    return plain_lines(text)


def unflowed(text: str, *, joins_words: bool = False) -> str:
    """Return text of format=flowed (RFC 3676) with its paragraphs joined; a stuffed space taken off."""
    lines: list[str] = []
    depth_before = -1
    for line in text.split("\n"):
        bare = line.lstrip(">")
        depth = len(line) - len(bare)
        bare = bare.removeprefix(" ")
        if lines and depth == depth_before and lines[-1].endswith(" ") and bare != "-- ":
            lines[-1] = (lines[-1][:-1] if joins_words else lines[-1]) + bare
        else:
            lines.append(">" * depth + (" " if depth else "") + bare)
        depth_before = depth if bare != "-- " else -1
    return "\n".join(lines)
