"""What a document says, word for word, before it is drawn: it can be kept, and drawn again as it was."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table; `share` of the width. `end`: figures, set at the end of the line."""

    title: str
    share: float
    end: bool = False

    @property
    def text_share(self) -> float:
        return self.share if self.end else self.share - 0.015


@dataclass(slots=True)
class DocumentDraft:
    """A document as the strokes of `paper.Paper` that draw it; `foot` stands on every page."""

    name: str
    foot: str
    language: str
    strokes: list[tuple[str, list[Any]]] = field(default_factory=list)

    def mark(self, name: str) -> None:
        """Begin with the shop's logo: its name only, the picture is kept beside."""
        self.strokes.append(("mark", [name]))

    def title(self, text: str, side: str) -> None:
        self.strokes.append(("title", [text, side]))

    def heading(self, text: str) -> None:
        self.strokes.append(("heading", [text]))

    def text(self, text: str) -> None:
        self.strokes.append(("text", [text]))

    def blocks(self, blocks: Sequence[tuple[str, str]]) -> None:
        self.strokes.append(("blocks", [[list(block) for block in blocks]]))

    def table(self, columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> None:
        self.strokes.append(("table", [[asdict(column) for column in columns], [list(row) for row in rows]]))

    def sums(self, rows: Sequence[tuple[str, str]]) -> None:
        self.strokes.append(("sums", [[list(row) for row in rows]]))

    def kept(self) -> dict[str, Any]:
        """Return it as JSON keeps it."""
        return {"name": self.name, "foot": self.foot, "language": self.language, "strokes": self.strokes}


def draft_of(stored: Mapping[str, Any]) -> DocumentDraft:
    """Return a document out of what was kept of it."""
    return DocumentDraft(
        stored["name"], stored["foot"], stored["language"], [(name, args) for name, args in stored["strokes"]]
    )
