"""A sheet of A4 for documents in any of our languages: shaped text, mirrored where writing runs that way."""

from collections.abc import Callable, Sequence
from io import BytesIO
from pathlib import Path
from typing import cast

from fpdf import FPDF
from fpdf.enums import XPos, YPos

from safar.kernel.i18n import _, current_language, direction, number, speaking
from safar.kernel.text import script_of
from safar.owner.marks import Mark, mark_size
from safar.shipments.draft import Column, DocumentDraft

_FONTS = Path(__file__).parent / "fonts"
_FAMILIES = ("noto-sans", "vazirmatn")
_MARGIN_MM = 18.0
_MARK_MM = 11.0
_LINE = 1.45  # of the size of the letters; Persian and Devanagari reach higher and lower than Latin
_MM_A_POINT = 0.3528
_INK, _GREY, _RULE = (29, 26, 32), (110, 104, 112), (205, 199, 205)

BOX = "\x00"  # a cell with a box to tick


class Paper:
    """Pages that are written from top to bottom, in the language in force."""

    def __init__(self, title: str, *, foot: str = "") -> None:
        self._rtl = direction(current_language()) == "rtl"
        self._pdf = _Sheet(foot, rtl=self._rtl)
        self._pdf.set_title(title)
        self._pdf.add_page()

    def as_pdf(self) -> bytes:
        return bytes(self._pdf.output())

    def page(self) -> None:
        """Begin a new page."""
        self._pdf.add_page()

    def title(self, text: str, side: str = "") -> None:
        """Write the headline, and `side` at the other end of its line."""
        top = self._pdf.get_y()
        if side:
            self._write(side, 10, at=(0.5, 0.5), end=True, grey=True)
            self._pdf.set_y(top)
        self._write(text, 19, at=(0.0, 1.0), bold=True)
        self.gap(3)

    def mark(self, its: Mark) -> None:
        """Draw the shop's logo where the line begins."""
        size = mark_size(its.name)
        width, height = (pixels * _MARK_MM / size[1] for pixels in size)
        top = self._pdf.get_y()
        left = self._pdf.l_margin + (self._pdf.epw - width if self._rtl else 0)
        self._pdf.image(BytesIO(its.body), x=left, y=top, w=width, h=height)
        self._pdf.set_y(top + height + 4)

    def heading(self, text: str) -> None:
        self._write(text, 11, at=(0.0, 1.0), bold=True)
        self.gap(1)

    def text(self, text: str, *, size: float = 10, bold: bool = False, grey: bool = False) -> None:
        self._write(text, size, at=(0.0, 1.0), bold=bold, grey=grey)

    def gap(self, mm: float) -> None:
        self._pdf.ln(mm)

    def blocks(self, blocks: Sequence[tuple[str, str]]) -> None:
        """Write (heading, lines) side by side: addresses, dates."""
        top, low = self._pdf.get_y(), 0.0
        share = 1 / max(len(blocks), 1)
        for i, (heading, lines) in enumerate(blocks):
            self._pdf.set_y(top)
            self._write(heading, 8.5, at=(i * share, share - 0.03), grey=True)
            self._write(lines, 10, at=(i * share, share - 0.03))
            low = max(low, self._pdf.get_y())
        self._pdf.set_y(low)
        self.gap(6)

    def table(self, columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> None:
        """Write a table; its head is written again on every page that it runs over to."""
        self._row(columns, [column.title for column in columns], head=True)
        for row in rows:
            if self._pdf.will_page_break(self._height(columns, row, 10)):
                self._pdf.add_page()
                self._row(columns, [column.title for column in columns], head=True)
            self._row(columns, row)
        self.gap(4)

    def sums(self, rows: Sequence[tuple[str, str]], *, last_bold: bool = True) -> None:
        """Write labels with amounts at the end of the line, the last one as the total."""
        for i, (label, amount) in enumerate(rows):
            bold = last_bold and i == len(rows) - 1
            if self._pdf.will_page_break(8):
                self._pdf.add_page()
            top = self._pdf.get_y()
            self._write(label, 10.5 if bold else 10, at=(0.35, 0.4), end=True, bold=bold, grey=not bold)
            self._pdf.set_y(top)
            self._write(amount, 10.5 if bold else 10, at=(0.75, 0.25), end=True, bold=bold)
        self.gap(4)

    def _row(self, columns: Sequence[Column], cells: Sequence[str], *, head: bool = False) -> None:
        size = 8.5 if head else 10.0
        pdf, top = self._pdf, self._pdf.get_y() + 1.2
        height = self._height(columns, cells, size)
        start = 0.0
        for column, cell in zip(columns, cells, strict=True):
            pdf.set_y(top)
            if cell == BOX:
                self._box(start, column.share, top)
            else:
                self._write(cell, size, at=(start, column.text_share), end=column.end, grey=head)
            start += column.share
        pdf.set_draw_color(*(_GREY if head else _RULE))
        pdf.set_line_width(0.3 if head else 0.15)
        pdf.line(pdf.l_margin, top + height - 1.2, pdf.l_margin + pdf.epw, top + height - 1.2)
        pdf.set_y(top + height - 0.6)

    def _height(self, columns: Sequence[Column], cells: Sequence[str], size: float) -> float:
        """Return the height of a row in mm: that of its highest cell."""
        heights = [
            self._write(cell, size, at=(0, column.text_share), dry=True)
            for column, cell in zip(columns, cells, strict=True)
            if cell != BOX
        ]
        return max(heights, default=5.0) + 2.4

    def _box(self, start: float, share: float, top: float) -> None:
        pdf, side = self._pdf, 4.2
        left = self._left(start, share)
        pdf.set_draw_color(*_INK)
        pdf.set_line_width(0.3)
        pdf.rect(left + share * pdf.epw - side if self._rtl else left, top + 0.4, side, side)

    def _left(self, start: float, share: float) -> float:
        """Return where, in mm from the left, a part of the line begins that is `start` from its beginning."""
        pdf = self._pdf
        return pdf.l_margin + ((1 - start - share) if self._rtl else start) * pdf.epw

    def _write(
        self,
        text: str,
        size: float,
        *,
        at: tuple[float, float],
        end: bool = False,
        bold: bool = False,
        grey: bool = False,
        dry: bool = False,
    ) -> float:
        """Write text in a part of the line (start, share) and go below it; return its height in mm."""
        pdf = self._pdf
        pdf.set_font(_family(), "B" if bold else "", size)
        pdf.set_text_color(*(_GREY if grey else _INK))
        height = 0.0
        for line in text.split("\n"):
            pdf.set_x(self._left(*at))
            pdf.set_text_shaping(direction="rtl" if _runs_right_to_left(line, self._rtl) else "ltr")
            written = pdf.multi_cell(
                at[1] * pdf.epw,
                size * _MM_A_POINT * _LINE,
                line,
                align="R" if end != self._rtl else "L",
                new_x=XPos.LMARGIN,
                new_y=YPos.NEXT,
                padding=0,
                dry_run=dry,
                output="HEIGHT",
            )
            height += cast("float", written)
        return height


class _Sheet(FPDF):
    """A4 with our fonts, and a foot that counts the pages."""

    def __init__(self, foot: str, *, rtl: bool) -> None:
        super().__init__(format="A4")
        self._foot, self._rtl = foot, rtl
        self.set_margin(_MARGIN_MM)
        self.set_auto_page_break(auto=True, margin=_MARGIN_MM + 4)
        self.c_margin = 0
        for family in _FAMILIES:
            self.add_font(family, "", _FONTS / f"{family}-400.ttf")
            self.add_font(family, "B", _FONTS / f"{family}-700.ttf")
        self.set_fallback_fonts(list(_FAMILIES), exact_match=False)
        self.set_text_shaping(True)
        self.set_lang(current_language())
        self.set_creator("Safar")

    def footer(self) -> None:
        self.set_y(-_MARGIN_MM + 2)
        self.set_font(_family(), "", 8)
        self.set_text_color(*_GREY)
        line = _("Page %(page)s", page=number(self.page_no()))
        text = f"{self._foot} · {line}" if self._foot else line
        self.set_text_shaping(direction="rtl" if self._rtl else "ltr")
        self.cell(0, 5, text, align="R" if self._rtl else "L")


def _runs_right_to_left(text: str, sheet_does: bool) -> bool:
    """Tell the direction of a line by what it is written in: a Persian name keeps its order on any sheet."""
    if any("\u0590" <= letter <= "\u08ff" or "\ufb1d" <= letter <= "\ufefc" for letter in text):
        return sheet_does or script_of(text) == "arabic"
    return False


def _family() -> str:
    return "vazirmatn" if current_language() == "fa" else "noto-sans"


def printed(draft: DocumentDraft, mark: Mark | None = None) -> bytes:
    """Draw a document, in the direction and with the digits of its language; `mark` is its logo."""
    with speaking(draft.language):
        paper = Paper(draft.name, foot=draft.foot)
        for name, args in draft.strokes:
            if name == "table":
                columns, rows = args
                paper.table([Column(**column) for column in columns], rows)
            elif name == "mark":
                if mark is not None:
                    paper.mark(mark)
            else:
                _STROKES[name](paper, *args)
        return paper.as_pdf()


_STROKES: dict[str, Callable[..., None]] = {
    "title": Paper.title, "heading": Paper.heading, "text": Paper.text, "blocks": Paper.blocks,
    "sums": Paper.sums,
}  # fmt: skip
