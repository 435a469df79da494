"""Telling what somebody wrote from the mail that they answer, without I/O. Nobody's own words are cut.

What is quoted is folded only at the end of a mail, where nothing own follows; everything else stays as it
was sent. A forwarded mail is what the sender wants to show: it stays.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from safar.channels.quote_words import (
    ANSWER_SUBJECTS,
    CLOSINGS,
    DEVICES,
    FORWARDED,
    FORWARDED_SUBJECTS,
    HEADER_WORDS,
    LETTER_BEGINS,
    ORIGINAL,
    WROTE,
)

_LINE_MAX = 500  # a longer line is nobody's attribution or header
_SIGNATURE_LINES_MAX = 10
_ATTRIBUTION_LINES_MAX = 4
_HEADER_LINES_MAX = 14
_RULES = "_-=* \t"
_INVISIBLE = "\u200e\u200f\u202a\u202b\u202c\u2068\u2069\ufeff\u00a0*"


class LineMark(Enum):
    """What a mail program says of a line. SURE: marked as the mail that is answered, not as any quote.

    BEGINS: from here on all is the mail that is answered.
    """

    NONE = "none"
    QUOTED = "quoted"
    SURE = "sure"
    BEGINS = "begins"


@dataclass(frozen=True, slots=True)
class MailLine:
    """A line of a mail; a quoted one begins with ">"."""

    text: str
    mark: LineMark = LineMark.NONE


@dataclass(frozen=True, slots=True)
class Split:
    """The own words, and what is folded: the quote and the signature."""

    own: str
    folded: str = ""


def plain_lines(text: str) -> list[MailLine]:
    """Return the lines of a text; those that a mail program quoted are marked, ">40 cm" is not."""
    return [
        MailLine(line, LineMark.QUOTED if _is_quoted_text(line) else LineMark.NONE)
        for line in text.splitlines()
    ]


def split_quoted(lines: Sequence[MailLine], *, subject: str = "", is_answer: bool = False) -> Split:
    """Return own words and folded ones; together they are all lines. `is_answer`: it refers to a mail."""
    lines = _healed(lines)
    end = len(lines)
    cut = end if _is_forwarded(subject) else _own_end(lines, is_answer)
    if _forwards(lines[: min(cut + 4, end)]):
        cut = end
    own_end = _without_signature(lines, cut)
    own = _joined(lines[:own_end])
    if not own:
        return Split(_joined(lines))
    return Split(own, _joined(lines[own_end:]))


def is_answer_subject(subject: str) -> bool:
    """Tell whether a subject is the one of the mail that is answered ("Re: ...")."""
    return subject.lower().startswith(ANSWER_SUBJECTS)


def _healed(lines: Sequence[MailLine]) -> list[MailLine]:
    """Join an attribution that was broken within its address, which leaves a line like "> wrote:"."""
    healed: list[MailLine] = []
    for line in lines:
        rest = line.text.strip("> ").rstrip(":\uff1a ").lower()
        if (
            healed
            and line.text.startswith(">")
            and line.text.rstrip().endswith((":", "\uff1a"))
            and (not rest or rest in WROTE)
            and not _is_quote(healed[-1])
            and _is_open(healed[-1].text)
        ):
            healed[-1] = MailLine(healed[-1].text + line.text.lstrip())
        else:
            healed.append(line)
    return healed


def _is_open(text: str) -> bool:
    return text.count("<") > text.count(">")


def _joined(lines: Sequence[MailLine]) -> str:
    kept: list[str] = []
    for line in lines:
        text = line.text.rstrip()
        if text or (kept and kept[-1]):
            kept.append(text)
    return "\n".join(kept).strip()


def _own_end(lines: Sequence[MailLine], is_answer: bool) -> int:
    """Return where the mail that is answered begins; the end when there is none, or own words follow it."""
    begins = next((at for at in range(len(lines)) if _begins_unmarked(lines, at)), len(lines))
    return _without_rule(lines, min(begins, _tail_of_quotes(lines, is_answer)))


def _tail_of_quotes(lines: Sequence[MailLine], is_answer: bool) -> int:
    """Return where the quoted lines at the very end begin, with the line that says who wrote them."""
    last = _before_closing(lines)
    at = last
    while at > 0 and (_is_quote(lines[at - 1]) or not _visible(lines[at - 1])):
        at -= 1
    quoted = [line for line in lines[at:last] if _visible(line)]
    if not quoted:
        return len(lines)
    while not _visible(lines[at]):
        at += 1
    attribution = _attribution_before(lines, at)
    if attribution is not None:
        return attribution
    if any(line.mark is LineMark.SURE for line in quoted):
        return at
    introduced = next((_visible(line) for line in reversed(lines[:at]) if _visible(line)), "").endswith(":")
    by_program = all(line.mark is not LineMark.NONE for line in quoted)
    return at if is_answer and by_program and not introduced else len(lines)


def _before_closing(lines: Sequence[MailLine]) -> int:
    """Return the end of the lines without a signature that a mail program put below the quote."""
    end = len(lines)
    while end and not _visible(lines[end - 1]):
        end -= 1
    for at in range(end - 1, max(end - _SIGNATURE_LINES_MAX - 1, 0) - 1, -1):
        if lines[at].text == "-- " and not any("?" in line.text for line in lines[at:end]):
            return at
        if _is_quote(lines[at]):
            break
    while end and (not _visible(lines[end - 1]) or _is_device(_visible(lines[end - 1]))):
        end -= 1
    return end


def _begins_unmarked(lines: Sequence[MailLine], at: int) -> bool:
    """Tell whether all from this line on is the mail that is answered, though no line of it is marked."""
    line = lines[at]
    if line.mark is LineMark.BEGINS:
        return True
    text = _visible(line)
    if line.mark is not LineMark.NONE or not text or len(text) > _LINE_MAX:
        return False
    if _is_original(text):
        after = at + 1
    elif _header_block(lines, at):
        after = at + _header_block(lines, at)
    else:
        after = _strong_attribution(lines, at)
    return bool(after) and not any(_is_quote(line) for line in _next_visible(lines, after))


def _next_visible(lines: Sequence[MailLine], at: int) -> list[MailLine]:
    return [line for line in lines[at : at + 4] if _visible(line)][:1]


def _strong_attribution(lines: Sequence[MailLine], at: int) -> int:
    """Return the line after one that names when and from which address a mail came; 0 when it is none."""
    for count in range(1, _ATTRIBUTION_LINES_MAX + 1):
        text = _words_of(lines, at, at + count)
        if text and "@" in text and _digits(text) >= 4 and _is_attribution(text):
            return at + count
    return 0


def _attribution_before(lines: Sequence[MailLine], at: int) -> int | None:
    """Return where the line (up to four, as programs break it) begins that says who wrote the quote."""
    end = at
    while end and at - end < 3 and not _visible(lines[end - 1]):
        end -= 1
    if end and _is_original(_visible(lines[end - 1])):
        return end - 1
    counts = [
        count
        for count in range(1, min(_ATTRIBUTION_LINES_MAX, end) + 1)
        if _is_attribution(_words_of(lines, end - count, end))
    ]
    whole = [n for n in counts if _visible(lines[end - n]).lower().startswith(LETTER_BEGINS)] or counts
    if whole:
        first = end - whole[0]
        return first - 1 if first and _is_open(lines[first - 1].text) else first
    return next(
        (first for first in range(max(end - _HEADER_LINES_MAX, 0), end) if _header_block(lines, first)), None
    )


def _words_of(lines: Sequence[MailLine], first: int, end: int) -> str:
    """Return the lines as one, or nothing when one of them is blank, long or quoted."""
    texts = [_visible(line) for line in lines[first:end]]
    if not all(texts) or sum(map(len, texts)) > _LINE_MAX or any(map(_is_quote, lines[first:end])):
        return ""
    return " ".join(texts)


def _is_attribution(text: str) -> bool:
    """Tell whether this says who wrote a quoted mail, and when: "On Monday Ann wrote:"."""
    lower = text.lower().rstrip("<> ")
    if lower.startswith("--") and lower.endswith("--"):
        lower = lower.strip("- ") + ":"
    if not lower.endswith((":", "\uff1a")):
        return False
    bare = lower.rstrip(":\uff1a ")
    dated = _digits(bare) >= 4
    if bare.endswith(WROTE):
        return bare.startswith(LETTER_BEGINS) or "@" in bare or dated
    said_before = any(f" {word} " in bare for word in WROTE)
    return ("@" in bare and dated) or (said_before and bare.startswith(LETTER_BEGINS) and dated)


def _header_block(lines: Sequence[MailLine], at: int) -> int:
    """Return how many lines from here are the headers of an older mail: from, sent, to, subject; or 0."""
    if _label(lines[at]) not in ("from", "sent"):
        return 0
    found: set[str] = set()
    size, unlabelled, address, digits = 0, 0, False, 0
    for line in lines[at : at + _HEADER_LINES_MAX]:
        label = _label(line)
        unlabelled = 0 if label else unlabelled + 1
        if unlabelled > 1 or (not label and not _visible(line)):
            break
        found |= {label}
        size += 1
        address = address or "@" in line.text
        digits += _digits(line.text) if label == "sent" else 0
    whole = {"from", "sent"} <= found and bool({"to", "subject"} & found)
    return size if whole and (address or ("subject" in found and digits >= 4)) else 0


def _label(line: MailLine) -> str:
    """Return which header of a mail the line is like, or nothing."""
    if line.mark is not LineMark.NONE:
        return ""
    name, colon, _value = _visible(line)[:60].replace("*", "").partition(":")
    return HEADER_WORDS.get(name.strip().lower(), "") if colon else ""


def _is_original(text: str) -> bool:
    return text.startswith("--") and text.strip("- ").lower() in ORIGINAL


def _is_forwarded(subject: str) -> bool:
    return subject.lower().startswith(FORWARDED_SUBJECTS)


def _forwards(lines: Sequence[MailLine]) -> bool:
    """Tell whether somebody shows a mail here, under the line that mail programs put above it."""
    for line in lines:
        text = line.text.lstrip("> ").strip(_INVISIBLE).lower()
        dashed = text.startswith("--")
        if text.strip("-: ") in FORWARDED and (dashed or text.endswith(":")):
            return True
    return False


def _without_signature(lines: Sequence[MailLine], end: int) -> int:
    """Return where a signature as mail programs mark it ("-- ", a few lines, no question) begins."""
    while end and (not _visible(lines[end - 1]) or _is_device(_visible(lines[end - 1]))):
        end -= 1
    for at in range(end - 1, max(end - _SIGNATURE_LINES_MAX - 1, 0) - 1, -1):
        if lines[at].text == "-- ":
            return at if not any("?" in line.text for line in lines[at:end]) else end
    return end


def _is_device(text: str) -> bool:
    """Tell whether a telephone wrote this line ("Sent from my iPhone")."""
    lower = text.lower()
    return (
        len(text) <= 100
        and "?" not in text
        and (lower.startswith(CLOSINGS) or lower.endswith(CLOSINGS))
        and any(word in lower for word in DEVICES)
    )


def _without_rule(lines: Sequence[MailLine], at: int) -> int:
    """Take a ruled line above the quote along."""
    first = at
    while first and not lines[first - 1].text.strip(_RULES):
        first -= 1
    return first if at < len(lines) else at


def _is_quote(line: MailLine) -> bool:
    return line.mark in (LineMark.QUOTED, LineMark.SURE) or line.text.startswith(">")


def _is_quoted_text(line: str) -> bool:
    return line.rstrip() == ">" or line.startswith(("> ", ">>", ">\t"))


def _visible(line: MailLine) -> str:
    return line.text.strip().strip(_INVISIBLE).strip()


def _digits(text: str) -> int:
    return sum(letter.isdigit() for letter in text)
