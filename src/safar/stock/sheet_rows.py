"""Stock figures as rows of a file: what was counted, or what came in. No I/O."""

from collections.abc import Sequence
from typing import Any

from safar.catalogue.decide import barcode_of, sku_of
from safar.catalogue.sheets.rows import Note, WrongCell
from safar.kernel import sheets
from safar.kernel.sheets import UnreadableSheet
from safar.kernel.text import fold, whole_number
from safar.kernel.web.forms import UNITS_MAX

COLUMNS = ("sku", "barcode", "title", "location", "on_hand", "held", "free", "received")
EXPORTED = ("sku", "barcode", "title", "location", "on_hand", "held", "free")


def read_stock_rows(body: bytes) -> dict[str, Any]:
    """Return a file as JSON-able {"columns", "ignored", "figure", "rows": [[number, record, problems], …]}.

    Of a file that cannot be used: {"problem": code}. A row without a figure says nothing and is left out.
    """
    try:
        table = sheets.read_table(body)
    except UnreadableSheet as refused:
        return {"problem": str(refused)}
    top = next(number for number, cells in enumerate(table) if cells)
    header = [fold(text).replace(" ", "_") for text in table[top]]
    known = {place: name for place, name in enumerate(header) if name in COLUMNS}
    names = list(known.values())
    if len(names) != len(set(names)):
        return {"problem": "column_twice"}
    if "sku" not in names and "barcode" not in names:
        return {"problem": "no_sku_column"}
    figures = [name for name in ("on_hand", "received") if name in names]
    if len(figures) != 1:
        return {"problem": "both_figures_columns" if figures else "no_figures_column"}
    rows = [
        [number, *_record({name: _at(cells, place) for place, name in known.items()}, figures[0])]
        for number, cells in enumerate(table[top + 1 :], top + 2)
        if any(_at(cells, place) for place, name in known.items() if name == figures[0])
    ]
    if not rows:
        return {"problem": "empty"}
    ignored = [text[:60] for place, text in enumerate(table[top]) if text and place not in known]
    return {"columns": names, "ignored": ignored, "figure": figures[0], "rows": rows}


def _record(texts: dict[str, str], figure: str) -> tuple[dict[str, Any], list[Note]]:
    record: dict[str, Any] = {"location": texts.get("location", "")[:100]}
    problems: list[Note] = []
    for name, read in (("sku", _sku), ("barcode", _barcode), (figure, _units)):
        text = texts.get(name, "")
        try:
            if text:
                record[name] = read(text)
        except WrongCell as wrong:
            problems.append((name, str(wrong), text[:60]))
    if not problems and "sku" not in record and "barcode" not in record:
        problems.append(("sku", "needed", ""))
    return record, problems


def _sku(text: str) -> str:
    sku = sku_of(text)
    if sku is None:
        raise WrongCell("not_a_sku")
    return sku


def _barcode(text: str) -> str:
    code = barcode_of(text)
    if code is None:
        raise WrongCell("barcode_rounded" if "e+" in text.lower() else "not_a_barcode")
    return code


def _units(text: str) -> int:
    units = whole_number(text)
    if units is None or units > UNITS_MAX:
        raise WrongCell("not_a_quantity")
    return units


def _at(cells: Sequence[str], place: int) -> str:
    return cells[place] if place < len(cells) else ""
