"""Tables that people exchange: CSV and XLSX, read with limits and written without traps.

openpyxl is loaded by those who use it only: it takes 20 MB, numpy included, of every process.
"""

import base64
import csv
import io
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import orjson

BYTES_MAX = 16 * 2**20
ROWS_MAX = 60_000
COLUMNS_MAX = 80
CELL_MAX = 10_000
_UNPACKED_BYTES_MAX = 400 * 2**20
_PARTS_MAX = 2_000
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
# What Windows writes in the west, the middle and east of Europe, Arabic and Persian; and old Macs.
_CODE_PAGES = ("cp1252", "cp1250", "cp1251", "cp1256", "mac_roman")
_GUESSED_FROM_BYTES = 64 * 2**10
_DELIMITERS = ",;\t"
CSV_TYPE = "text/csv; charset=utf-8"
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

Value = str | int | Decimal | None
Table = list[list[str]]


class UnreadableSheet(Exception):
    """Says by its argument what is wrong: a code of PROBLEMS of the page that shows it."""


def read_table(body: bytes) -> Table:
    """Return the rows of a CSV or XLSX file as texts, the header first, without empty rows at the end.

    Raises UnreadableSheet with one of: not_a_sheet, too_many_rows, too_many_columns, too_large, empty.
    """
    if len(body) > BYTES_MAX:
        raise UnreadableSheet("too_large")
    rows = _xlsx_rows(body) if body[:4] == b"PK\x03\x04" else _csv_rows(body)
    table: Table = []
    empty = 0
    for row in rows:
        texts = [_plain(text) for text in row]
        while texts and not texts[-1]:
            texts.pop()
        if not texts:
            empty += 1
            if empty + len(table) > ROWS_MAX + 1:
                break
            continue
        if len(texts) > COLUMNS_MAX:
            raise UnreadableSheet("too_many_columns")
        table.extend([] for _gap in range(empty))  # so that a row keeps its number
        empty = 0
        table.append(texts)
        if len(table) > ROWS_MAX + 1:
            raise UnreadableSheet("too_many_rows")
    if not table:
        raise UnreadableSheet("empty")
    return table


def write_csv(rows: Iterable[Sequence[Value]], *, mark: bool = True) -> Iterator[bytes]:
    """Return a CSV file in pieces: UTF-8 with its mark, so that Excel reads every script.

    A text that a spreadsheet would run as a formula is written with an apostrophe before it, which
    `read_table` takes off again (OWASP, CSV injection).
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    if mark:
        buffer.write("\ufeff")
    for number, row in enumerate(rows, 1):
        writer.writerow([_inert(value) for value in row])
        if number % 500 == 0:
            yield buffer.getvalue().encode()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue().encode()


def write_xlsx(rows: Iterable[Sequence[Value]], title: str) -> bytes:
    """Return an XLSX file: its texts are texts whatever they begin with, its first row stays in sight."""
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font

    book = Workbook(write_only=True)
    sheet: Any = book.create_sheet(title[:31])
    sheet.freeze_panes = "B2"
    for number, row in enumerate(rows):
        cells = []
        for value in row:
            cell = WriteOnlyCell(sheet)
            if isinstance(value, str):
                cell.value = "".join(letter for letter in value if letter >= " " or letter in "\t\n")[:32_000]
                cell.data_type = "s"  # never "f": what begins with "=" is a text here
            else:
                cell.value = value
            if number == 0:
                cell.font = Font(bold=True)
            cells.append(cell)
        sheet.append(cells)
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def xlsx_of_json(body: bytes, title: str) -> str:
    """Return the XLSX file of rows that come as JSON, in base64: for `kernel.apart`, since it takes its time.

    A number comes as {"number": "4.95"}, so that it stays one.
    """
    rows = ([_from_json(value) for value in row] for row in orjson.loads(body))
    return base64.b64encode(write_xlsx(rows, title)).decode()


def json_of_rows(rows: Iterable[Sequence[Value]]) -> bytes:
    """Return rows as `xlsx_of_json` reads them."""
    return orjson.dumps(list(rows), default=lambda number: {"number": str(number)})


def _from_json(value: Any) -> Value:
    return Decimal(value["number"]) if isinstance(value, dict) else value


def _inert(value: Value) -> Value:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def _plain(text: str) -> str:
    """Return a cell as it was meant: trimmed, without the apostrophe before what looks like a formula."""
    plain = text.strip().replace("\r\n", "\n")
    if plain.startswith("'") and plain[1:].startswith(_FORMULA):
        return plain[1:]
    return plain[: CELL_MAX + 1]


def _csv_rows(body: bytes) -> Iterator[list[str]]:
    text = _decoded(body)
    if "\x00" in text:
        raise UnreadableSheet("not_a_sheet")
    head = text.lstrip().split("\n", 1)[0]
    delimiter = max(_DELIMITERS, key=head.count)
    csv.field_size_limit(10 * CELL_MAX)
    try:
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    except csv.Error:
        raise UnreadableSheet("not_a_sheet") from None


def _decoded(body: bytes) -> str:
    """Return the text of a CSV file: UTF-8, UTF-16 as Excel's "Unicode text", else the code page it is in."""
    if body[:2] in (b"\xff\xfe", b"\xfe\xff"):
        encodings = ["utf-16"]
    else:
        encodings = ["utf-8-sig"]
        if not body.isascii():
            encodings += [*_code_page(body), "cp1252"]
    for encoding in encodings:
        try:
            return body.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise UnreadableSheet("not_a_sheet")


def _code_page(body: bytes) -> list[str]:
    """Return the code page in which the letters beyond ASCII make most sense, by lines that have some."""
    from charset_normalizer import from_bytes

    lines = [line for line in body[:_GUESSED_FROM_BYTES].splitlines() if not line.isascii()]
    if not lines:
        return []
    guesses: Any = from_bytes(b"\n".join(lines), cp_isolation=list(_CODE_PAGES))
    # Few letters fit several pages as well: then it is the most frequent one, the first.
    likely = sorted(guesses, key=lambda guess: (guess.chaos, _CODE_PAGES.index(guess.encoding)))
    return [guess.encoding for guess in likely[:1]]


def _xlsx_rows(body: bytes) -> Iterator[list[str]]:
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        with zipfile.ZipFile(io.BytesIO(body)) as packed:
            parts = packed.infolist()
            if len(parts) > _PARTS_MAX or sum(part.file_size for part in parts) > _UNPACKED_BYTES_MAX:
                raise UnreadableSheet("too_large")
        book = load_workbook(io.BytesIO(body), read_only=True, data_only=True, keep_links=False)
        sheet = book.worksheets[0]
        for row in sheet.iter_rows(max_col=COLUMNS_MAX + 1, values_only=True):
            yield [_text(value) for value in row]
    except (zipfile.BadZipFile, InvalidFileException, KeyError, ValueError, IndexError, OSError, SyntaxError):
        raise UnreadableSheet("not_a_sheet") from None


def _text(value: object) -> str:
    """Return a cell's value as it would be typed: whole numbers without a point, yes and no for booleans."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 10**15 else repr(round(value, 9))
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value)
