"""Files of other shops: what Shopify and WooCommerce give out, turned into rows of ours. No I/O.

Each row keeps its number; rows that are about no article (a picture of Shopify's, the parent of WooCommerce's
variations) become empty ones.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from html import unescape

from safar.catalogue.decide import slug_of
from safar.kernel.text import fold

Table = list[list[str]]
_TAGS = re.compile(r"<[^<>]{0,2000}>")
_BREAKS = re.compile(r"<(br|/p|/li|/h\d|/div)\b[^<>]{0,2000}>", re.IGNORECASE)
_OPTIONS = 3
_ATTRIBUTES = 5

# Names that people and programs give to our columns.
ALIASES: Mapping[str, str] = {
    "article_number": "sku", "item_number": "sku", "product_code": "sku", "name": "title",
    "product_name": "title", "ean": "barcode", "gtin": "barcode", "upc": "barcode",
    "compare_at_price": "was_price", "product_category": "category",
    "weight_(g)": "weight_g", "body": "description", "handle": "product",
}  # fmt: skip


def as_ours(table: Table, top: int) -> tuple[Table, str]:
    """Return a table with our columns, and whose it was: "shopify", "woocommerce" or "" for neither."""
    header = [fold(text) for text in table[top]]
    for name, wanted, read in (
        ("shopify", {"handle", "variant sku", "variant price"}, _shopify),
        ("woocommerce", {"sku", "regular price", "type", "name"}, _woocommerce),
    ):
        if wanted <= set(header):
            columns = {text: place for place, text in reversed(list(enumerate(header)))}
            rows = [_Row(columns, cells) for cells in table[top + 1 :]]
            return [*table[:top], *read(rows)], name
    return table, ""


class _Row:
    """A row whose cells are read by the names of their columns."""

    def __init__(self, columns: Mapping[str, int], cells: Sequence[str]) -> None:
        self._columns = columns
        self._cells = cells

    def __bool__(self) -> bool:
        return bool(self._cells)

    def get(self, name: str) -> str:
        place = self._columns.get(name, len(self._cells))
        return self._cells[place] if place < len(self._cells) else ""


_COLUMNS = (
    "sku", "product", "title", "description", "category", "price", "was_price", "barcode", "weight_g",
    "published", "options",
)  # fmt: skip


def _shopify(rows: Sequence[_Row]) -> Table:
    """What is said of a product stands in the first of its rows only."""
    heads: dict[str, _Row] = {}
    table: Table = [list(_COLUMNS)]
    for row in rows:
        handle = row.get("handle")
        head = heads.setdefault(handle, row)
        if not row or not (row.get("variant sku") or row.get("variant price")):
            table.append([])
            continue
        options = []
        for number in range(1, _OPTIONS + 1):
            name, value = head.get(f"option{number} name"), row.get(f"option{number} value")
            if name and value and value != "Default Title":
                options.append((name, value))
        price, was = row.get("variant price"), row.get("variant compare at price")
        status = head.get("status") or "active"
        shown = head.get("published").lower() != "false" and status.lower() == "active"
        table.append([
            row.get("variant sku"), slug_of(handle, ""), head.get("title"), _plain(head.get("body (html)")),
            head.get("type") or head.get("product category").split(">")[-1].strip(),
            price, "" if _same(was, price) else was, row.get("variant barcode").lstrip("'"),
            row.get("variant grams").partition(".")[0], "yes" if shown else "no", _options(options),
        ])  # fmt: skip
    return table


def _woocommerce(rows: Sequence[_Row]) -> Table:
    """A variation has its product by the SKU or "id:7" of its parent, which is itself no article."""
    parents = {
        key: row for row in rows for key in (row.get("sku"), f"id:{row.get('id')}") if key != "id:" and key
    }
    table: Table = [list(_COLUMNS)]
    for row in rows:
        kind = row.get("type").lower()
        if not row or "variable" in kind or "grouped" in kind or "external" in kind:
            table.append([])
            continue
        head = parents.get(row.get("parent"), row) if row.get("parent") else row
        attributes = []
        for number in range(1, _ATTRIBUTES + 1):
            name, value = row.get(f"attribute {number} name"), row.get(f"attribute {number} value(s)")
            if "variation" in kind and name and value:
                attributes.append((name, value))
        regular, sale = row.get("regular price"), row.get("sale price")
        table.append([
            row.get("sku"), slug_of(head.get("name"), head.get("id")), head.get("name"),
            _plain(head.get("description") or head.get("short description")),
            head.get("categories").split(",")[0].split(">")[-1].strip(),
            sale or regular, regular if sale else "", row.get("gtin, upc, ean, or isbn"), _grams(row),
            "yes" if head.get("published") in ("1", "") else "no", _options(attributes),
        ])  # fmt: skip
    return table


def _grams(row: _Row) -> str:
    """Return the weight in grams: WooCommerce names its unit in the head of the column."""
    units: Mapping[str, Callable[[float], float]] = {
        "weight (kg)": lambda size: size * 1000,
        "weight (g)": lambda size: size,
        "weight (lbs)": lambda size: size * 453.59237,
        "weight (oz)": lambda size: size * 28.349523125,
    }
    for name, grams in units.items():
        if text := row.get(name).replace(",", "."):
            try:
                return str(round(grams(float(text))))
            except (ValueError, OverflowError):
                return text
    return ""


def _options(options: Sequence[tuple[str, str]]) -> str:
    return "; ".join(f"{name}: {value}" for name, value in options)


def _plain(html: str) -> str:
    """Return the text of a description, a line for each paragraph."""
    text = unescape(_TAGS.sub("", _BREAKS.sub("\n", html)))
    return "\n".join(line for line in (line.strip() for line in text.splitlines()) if line)


def _same(one: str, other: str) -> bool:
    try:
        return float(one) <= float(other)
    except ValueError:
        return not one
