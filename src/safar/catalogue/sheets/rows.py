"""Products as rows of a file: its columns, what a row says, what is wrong with it. No I/O.

A column that a file does not have leaves what it stands for as it is; an empty cell empties it.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from babel.numbers import is_currency

from safar.catalogue.articles import Article, new_article
from safar.catalogue.decide import (
    barcode_of,
    options_of_text,
    parts_of_text,
    sku_of,
    text_of_options,
    text_of_parts,
)
from safar.catalogue.limits import CATEGORY_MAX, DESCRIPTION_MAX, ORDER_MOST, TITLE_MAX, WEIGHT_G_MAX
from safar.catalogue.model import TAX_CLASSES, Price, ProductWords
from safar.catalogue.names import category_of_name
from safar.catalogue.sheets.foreign import ALIASES, as_ours
from safar.kernel import sheets
from safar.kernel.i18n import LANGUAGES
from safar.kernel.money import Money, NotAnAmount, TooFine, TwoReadings, read_amount
from safar.kernel.sheets import UnreadableSheet, Value
from safar.kernel.text import fold, whole_number

PLAIN_COLUMNS = (
    "sku", "product", "title", "description", "category", "price", "was_price", "barcode", "weight_g",
    "tax_class", "published", "variant_published", "tracks_lots", "options", "parts",
    "order_max",
)  # fmt: skip
_YES = frozenset(
    map(fold, ("yes", "y", "true", "1", "x", "sim", "verdadeiro", "بله", "آری", "हाँ", "हां", "सही"))
)
_NO = frozenset(map(fold, ("no", "n", "false", "0", "não", "falso", "خیر", "نه", "नहीं", "ग़लत")))

_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,119}")

Record = dict[str, Any]
Note = tuple[str, str, str]


class WrongCell(Exception):
    """A cell cannot be read: `code` is one of words.CELLS, `value` what is shown, "" for what was written."""

    def __init__(self, code: str, value: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.value = value


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of a file by their place; those that are none of ours are left out."""

    known: Mapping[int, str]
    ignored: Sequence[str]


def read_catalogue_rows(body: bytes, currency: str, language: str) -> dict[str, Any]:
    """Return a file as JSON-able {"columns", "ignored", "rows": [[number, record, problems], …]}.

    `currency` and `language` are the shop's own. Of a file that cannot be used: {"problem": code}.
    """
    try:
        table = sheets.read_table(body)
    except UnreadableSheet as refused:
        return {"problem": str(refused)}
    top = next(number for number, cells in enumerate(table) if cells)
    table, whose = as_ours(table, top)
    columns = columns_of(table[top], language)
    names = list(columns.known.values())
    if "sku" not in names:
        return {"problem": "no_sku_column"}
    if len(names) != len(set(names)):
        return {"problem": "column_twice"}
    seen: dict[str, int] = {}
    rows = []
    for number, cells in enumerate(table[top + 1 :], top + 2):
        if not cells:
            continue
        record, problems = record_of(cells, columns, currency)
        sku = record.get("sku")
        if sku and seen.setdefault(sku, number) != number:
            problems.append(("sku", "sku_twice", str(seen[sku])))
        rows.append([number, record, problems])
    if not rows:
        return {"problem": "empty"}
    return {"columns": names, "ignored": list(columns.ignored), "rows": rows, "from": whose}


def columns_of(header: Sequence[str], language: str) -> Columns:
    """Return which of our columns stands where; names are taken in any case, with spaces for underscores."""
    known, ignored = {}, []
    for place, text in enumerate(header):
        name = _column(text, language)
        if name:
            known[place] = name
        elif text:
            ignored.append(text[:60])
    return Columns(known, ignored)


def _column(text: str, language: str) -> str | None:
    name, colon, of = (part.strip() for part in text.partition(":"))
    name = fold(name).replace(" ", "_")
    if not colon:
        name = ALIASES.get(name, name)
        return name if name in PLAIN_COLUMNS else None
    if name in ("title", "description"):
        spoken = next((code for code in LANGUAGES if code.lower() == of.lower()), language)
        return f"{name}:{spoken}" if spoken != language else None
    if name in ("price", "was_price") and is_currency(of.upper()):
        return f"{name}:{of.upper()}"
    return None


def record_of(cells: Sequence[str], columns: Columns, currency: str) -> tuple[Record, list[Note]]:
    """Return what a row says, and (column, code, what was written) for each cell that cannot be read."""
    record: Record = {}
    problems: list[Note] = []
    for place, name in columns.known.items():
        text = cells[place] if place < len(cells) else ""
        try:
            record[name] = _cell(name, text, currency)
        except WrongCell as wrong:
            problems.append((name, wrong.code, (wrong.value or text)[:90]))
    for name in list(record):
        if name.startswith("was_price"):
            price = record.get(name.removeprefix("was_"))
            if record[name] is not None and price is not None and record[name] <= price:
                problems.append((name, "was_not_more", ""))
    return record, problems


def _cell(name: str, text: str, currency: str) -> Any:
    column, _colon, of = name.partition(":")
    if any(letter < " " and letter not in "\t\r\n" for letter in text):
        raise WrongCell("not_text")
    if column in ("price", "was_price"):
        return _price(text, of or currency, empty=column == "was_price" or bool(of))
    if column == "title" and of:
        return _text(TITLE_MAX)(text)
    return _READERS[column](text)


def _price(text: str, currency: str, *, empty: bool) -> int | None:
    if not text:
        if empty:
            return None
        raise WrongCell("needed")
    try:
        return read_amount(text, currency)
    except TwoReadings as wrong:
        raise WrongCell("two_readings", f"{text}: {' / '.join(wrong.ways)}") from None
    except TooFine:
        raise WrongCell("too_fine", text) from None
    except NotAnAmount:
        raise WrongCell("not_a_price") from None


def _text(length_max: int, *, needed: bool = False) -> Callable[[str], str]:
    def read(text: str) -> str:
        if needed and not text:
            raise WrongCell("needed")
        if len(text) > length_max:
            raise WrongCell("too_long")
        return text

    return read


def _sku(text: str) -> str:
    sku = sku_of(text)
    if sku is None:
        raise WrongCell("not_a_sku" if text else "needed")
    return sku


def _product(text: str) -> str:
    if text and not _SLUG.fullmatch(text):
        raise WrongCell("not_an_address")
    return text


def _category(text: str) -> str:
    if not text or len(text) > CATEGORY_MAX:
        raise WrongCell("too_long" if text else "needed")
    return category_of_name(text) or text


def _barcode(text: str) -> str | None:
    code = barcode_of(text) if text else None
    if text and code is None:
        raise WrongCell("barcode_rounded" if "e+" in text.lower() else "not_a_barcode")
    return code


def _weight(text: str) -> int:
    grams = whole_number(text) if text else 0
    if grams is None or grams > WEIGHT_G_MAX:
        raise WrongCell("not_a_weight")
    return grams


def _order_max(text: str) -> int | None:
    if not text:
        return None
    most = whole_number(text)
    if not most or most > ORDER_MOST:
        raise WrongCell("not_a_most")
    return most


def _tax_class(text: str) -> str:
    if text and text.lower() not in TAX_CLASSES:
        raise WrongCell("not_a_tax_class")
    return text.lower() or "standard"


def _yes_or_no(otherwise: bool) -> Callable[[str], bool]:
    def read(text: str) -> bool:
        word = fold(text)
        if word and word not in _YES | _NO:
            raise WrongCell("not_yes_or_no")
        return word in _YES if word else otherwise

    return read


def _options(text: str) -> dict[str, str]:
    options = options_of_text(text)
    if options is None:
        raise WrongCell("not_options")
    return options


def _parts(text: str) -> dict[str, int]:
    parts = parts_of_text(text)
    if parts is None:
        raise WrongCell("not_parts")
    return parts


_READERS: Mapping[str, Callable[[str], Any]] = {
    "sku": _sku, "product": _product, "title": _text(TITLE_MAX, needed=True),
    "description": _text(DESCRIPTION_MAX), "category": _category, "barcode": _barcode, "weight_g": _weight,
    "tax_class": _tax_class, "published": _yes_or_no(True), "variant_published": _yes_or_no(True),
    "tracks_lots": _yes_or_no(False), "options": _options, "parts": _parts,
    "order_max": _order_max,
}  # fmt: skip


def merged(
    record: Record, before: Article | None, product_ids: Mapping[str, UUID], currency: str
) -> tuple[Article | None, list[Note]]:
    """Return the article as it is after this row, or what a new one lacks. `product_ids` by address."""
    problems: list[Note] = []
    if before is None:
        problems += [
            (name, "needed_when_new", "") for name in ("title", "category", "price") if name not in record
        ]
        if problems:
            return None, problems
        before = new_article(record["sku"], record["title"], currency)
        handle = record.get("product")
        if handle:
            product = replace(before.product, id=product_ids.get(handle, before.product.id), slug=handle)
            before = Article(product, replace(before.variant, product_id=product.id))
    elif record.get("product") and record["product"] != before.product.slug:
        problems.append(("product", "other_product", before.product.slug))
    words = _words(record, before.product.words)
    product = replace(
        before.product,
        title=record.get("title", before.product.title),
        description=record.get("description", before.product.description),
        category=record.get("category", before.product.category),
        published=record.get("published", before.product.published),
        words=words,
        order_max=record.get("order_max", before.product.order_max),
    )
    current = before.variant
    price = record.get("price", current.price_minor)
    was = record.get("was_price", current.was_minor)
    variant = replace(
        current,
        price_minor=price,
        was_minor=was if was is None or was > price else None,
        barcode=record.get("barcode", current.barcode),
        weight_g=record.get("weight_g", current.weight_g),
        tax_class=record.get("tax_class", current.tax_class),
        options=record.get("options", current.options),
        tracks_lots=record.get("tracks_lots", current.tracks_lots),
        parts=record.get("parts", current.parts),
        published=record.get("variant_published", current.published),
        prices=_prices(record, current.prices),
    )
    if current.sku in variant.parts:
        problems.append(("parts", "part_of_itself", ""))
    return Article(product, variant), problems


def _words(record: Record, before: Mapping[str, ProductWords]) -> dict[str, ProductWords]:
    words = dict(before)
    for language in LANGUAGES:
        title, description = record.get(f"title:{language}"), record.get(f"description:{language}")
        if title is None and description is None:
            continue
        current = words.get(language, ProductWords("", ""))
        changed = ProductWords(
            current.title if title is None else title,
            current.description if description is None else description,
            current.options,
        )
        words[language] = changed
        if not (changed.title or changed.description):
            del words[language]
    return words


def _prices(record: Record, before: Mapping[str, Price]) -> dict[str, Price]:
    prices = dict(before)
    for name in record:
        column, _colon, currency = name.partition(":")
        if column not in ("price", "was_price") or not currency:
            continue
        current = before.get(currency)
        price = record.get(f"price:{currency}", current.price_minor if current else None)
        was = record.get(f"was_price:{currency}", current.was_minor if current else None)
        prices.pop(currency, None)
        if price is not None:
            prices[currency] = Price(price, was if was is not None and was > price else None)
    return prices


def cells_of(article: Article) -> dict[str, Value]:
    """Return an article as the cells of its row, by column: what `record_of` reads again."""
    product, variant = article.product, article.variant
    money = variant.currency
    cells: dict[str, Value] = {
        "sku": variant.sku,
        "product": product.slug,
        "title": product.title,
        "description": product.description,
        "category": product.category,
        "price": Money(variant.price_minor, money).major(),
        "was_price": "" if variant.was_minor is None else Money(variant.was_minor, money).major(),
        "barcode": variant.barcode or "",
        "weight_g": variant.weight_g,
        "tax_class": variant.tax_class,
        "published": _word(product.published),
        "variant_published": _word(variant.published),
        "tracks_lots": _word(variant.tracks_lots),
        "options": text_of_options(variant.options),
        "parts": text_of_parts(variant.parts),
        "order_max": product.order_max or "",
    }
    for language, words in product.words.items():
        cells[f"title:{language}"] = words.title
        cells[f"description:{language}"] = words.description
    for currency, price in variant.prices.items():
        cells[f"price:{currency}"] = Money(price.price_minor, currency).major()
        if price.was_minor is not None:
            cells[f"was_price:{currency}"] = Money(price.was_minor, currency).major()
    return cells


def prices_of(article: Article) -> list[Note]:
    """Return (column, "", after) for each price of a new article, so that a person sees how it was read."""
    return [
        (name, "", str(value))
        for name, value in cells_of(article).items()
        if value != "" and name.partition(":")[0] in ("price", "was_price")
    ]


def changes_between(before: Article, after: Article) -> list[Note]:
    """Return (column, before, after) for each cell that differs."""
    old, new = cells_of(before), cells_of(after)
    return [
        (name, str(old.get(name, ""))[:80], str(new.get(name, ""))[:80])
        for name in dict.fromkeys([*old, *new])
        if old.get(name, "") != new.get(name, "")
    ]


def _word(yes: bool) -> str:
    return "yes" if yes else "no"
