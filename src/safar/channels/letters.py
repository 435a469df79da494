"""A letter: a mail of the shop part by part, of which its plain text and its designed page are made."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Row = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MailKind:
    """A kind of mail whose words staff may change: how it is called, and its words as they are built in.

    `subject`, `intro` and `closing` are in English, marked for translation; they may name `named` as
    `%(number)s`. What comes between intro and closing (goods, amounts, links) belongs to the mail.
    """

    key: str
    label: str
    subject: str
    intro: str
    named: tuple[str, ...] = ()
    closing: str = ""


@dataclass(frozen=True, slots=True)
class LetterPart:
    """One part of a letter. Its `kind` says what `text`, `url` and `rows` are:

    "text", "intro", "closing", "note": paragraphs in `text`. "button": the words and where they lead.
    "goods": rows of (title, amount, picture, quantity). "sums": rows of (label, amount), the last is the
    total. "facts": rows of (label, value), below the heading `text`. "lines": a heading and rows of one line
    each. "picture": `text` says what is on the one at `url`.
    Addresses of pictures begin with a slash: they are the shop's own.
    """

    kind: str
    text: str = ""
    url: str = ""
    rows: Sequence[Row] = ()


@dataclass(frozen=True, slots=True)
class ShopLetter:
    """What a mail says; `kind`: the key of its MailKind. `named`: what its words may speak of."""

    kind: str
    named: Mapping[str, str] = field(default_factory=dict)
    parts: Sequence[LetterPart] = ()


def letter_of(stored: Mapping[str, Any] | None) -> ShopLetter | None:
    """Return the letter as the database keeps it."""
    if stored is None:
        return None
    parts = [
        LetterPart(
            one["kind"], one.get("text", ""), one.get("url", ""), [tuple(row) for row in one.get("rows", ())]
        )
        for one in stored.get("parts", ())
    ]
    return ShopLetter(stored.get("kind", ""), stored.get("named", {}), parts)


def plain_text(parts: Sequence[LetterPart]) -> str:
    """Return a letter as plain text: paragraphs, one line between them."""
    text = ""
    before = ""
    for part in parts:
        lines = "\n".join(_lines(part))
        if not lines:
            continue
        between = "\n" if (before, part.kind) == ("goods", "sums") else "\n\n"
        text += (between if text else "") + lines
        before = part.kind
    return text + "\n"


def _lines(part: LetterPart) -> list[str]:
    heading = [part.text] if part.text else []
    match part.kind:
        case "button":
            return [f"{part.text}: {part.url}"]
        case "goods":
            return [*heading, *(_goods_line(*row) for row in part.rows)]
        case "sums" | "facts":
            return [*heading, *(f"{label}: {value}" for label, value in part.rows)]
        case "lines":
            return [*heading, *(row[0] for row in part.rows)]
        case _:
            return heading


def _goods_line(title: str, amount: str, _picture: str, quantity: str) -> str:
    return f"{quantity} × {title}" + (f"  {amount}" if amount else "")
