"""The catalogue as a file: given out, handed in, looked at row by row, and taken over in one go."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from safar.catalogue.articles import Article, ProductDraft, articles_after, articles_by_id, variant_id_of
from safar.catalogue.choices import Choosable, told_apart
from safar.catalogue.decide import changed_fields
from safar.catalogue.prices import currencies
from safar.catalogue.saving import check_choices, choosable, write_articles
from safar.catalogue.sheets.rows import PLAIN_COLUMNS, Note, cells_of, changes_between, merged, prices_of
from safar.catalogue.sheets.uploads import (
    CHUNK,
    Outcome,
    SheetRow,
    chunks_to_write,
    lock_upload,
    mark_written,
    open_upload,
    save_rows,
)
from safar.journal.actions import append_many
from safar.journal.model import Event
from safar.kernel.database import Connection, Database, rows
from safar.kernel.errors import Conflict
from safar.kernel.i18n import LANGUAGES
from safar.kernel.queries import queries_beside
from safar.kernel.sheets import Value

QUERIES = queries_beside(__file__)
KIND = "products"
_EXPORT_SIZE = 1000


class CatalogueMoved(Conflict):
    """The catalogue has changed since this file was looked at: nothing was written. Hand it in again."""

    code = "catalogue_moved"


@dataclass(frozen=True, slots=True)
class _Part:
    sku: str
    is_kit: bool
    is_part: bool


@dataclass(frozen=True, slots=True)
class _Owner:
    id: UUID
    sku: str
    code: str


@dataclass(slots=True)
class _Review:
    """What the rows before have said: of products, of barcodes, and which SKUs the file has at all."""

    currency: str
    skus: frozenset[str]
    kits: frozenset[str]
    products: dict[UUID, tuple[int, ProductDraft]] = field(default_factory=dict)
    new_handles: dict[str, UUID] = field(default_factory=dict)
    barcodes: dict[str, int] = field(default_factory=dict)
    choosable: dict[UUID, list[Choosable]] = field(default_factory=dict)


async def export_rows(
    database: Database, own_currency: str, own_language: str
) -> AsyncIterator[list[Sequence[Value]]]:
    """Give the whole catalogue as rows, the header first, a thousand articles at a time.

    Between two of them no connection is kept: whoever reads may be slow.
    """
    async with database.connection() as connection:
        others = [one for one in await currencies(connection, own_currency) if one != own_currency]
    spoken = [language for language in LANGUAGES if language != own_language]
    columns = [
        *PLAIN_COLUMNS,
        *(f"{name}:{language}" for language in spoken for name in ("title", "description")),
        *(f"{name}:{currency}" for currency in others for name in ("price", "was_price")),
    ]
    yield [columns]
    after: str | None = ""
    while after is not None:
        async with database.connection() as connection:
            articles = await articles_after(connection, after, limit=_EXPORT_SIZE)
        after = articles[-1].variant.sku if articles else None
        cells = map(cells_of, articles)
        yield [[one.get(column, "") for column in columns] for one in cells]


async def review(
    connection: Connection,
    upload_id: UUID,
    name: str,
    table: Mapping[str, Any],
    currency: str,
    *,
    staff_id: UUID,
) -> None:
    """Keep a file with what each of its rows would do; nothing of the catalogue changes."""
    columns = {"known": table["columns"], "ignored": table["ignored"]}
    await open_upload(connection, upload_id, KIND, name, columns, staff_id=staff_id)
    lines = table["rows"]
    said = [record for _number, record, _problems in lines]
    seen = _Review(
        currency,
        frozenset(record["sku"] for record in said if "sku" in record),
        frozenset(record["sku"] for record in said if "sku" in record and record.get("parts")),
    )
    for start in range(0, len(lines), CHUNK):
        reviewed = await _review_chunk(connection, lines[start : start + CHUNK], seen)
        await save_rows(connection, upload_id, reviewed)


async def _review_chunk(
    connection: Connection, lines: Sequence[tuple[int, dict[str, Any], list[Note]]], seen: _Review
) -> list[SheetRow]:
    records = [record for _number, record, _problems in lines]
    known = await articles_by_id(connection, [variant_id_of(r["sku"]) for r in records if "sku" in r])
    handles = await _product_ids(connection, records)
    owners = await _owners(connection, records)
    parts = await _parts(connection, records)
    products = {article.product.id for article in known.values()} | set(handles.values())
    await _know_choices(connection, products - seen.choosable.keys(), seen)
    reviewed = []
    for number, record, problems in lines:
        sku = record.get("sku", "")
        before = known.get(variant_id_of(sku)) if sku else None
        notes = [*problems]
        after = None
        if not notes:
            after, more = merged(record, before, {**seen.new_handles, **handles}, seen.currency)
            notes += more
        if after is not None:
            notes += _clashes(number, after, owners, seen)
            notes += _choice_problems(after, seen)
            notes += _part_problems(after, record, parts, seen)
        if notes or after is None:
            reviewed.append(SheetRow(number, sku, "wrong", record, notes))
            continue
        changes = changes_between(before, after) if before else prices_of(after)
        outcome: Outcome = "new" if before is None else "changed" if changes else "same"
        reviewed.append(SheetRow(number, sku, outcome, record, changes))
    return reviewed


def _clashes(number: int, after: Article, owners: Mapping[str, _Owner], seen: _Review) -> list[Note]:
    """Return what an article says otherwise than a row before it, and a barcode that is another's."""
    notes: list[Note] = []
    product, variant = after.product, after.variant
    if product.slug and product.id not in seen.products:
        seen.new_handles.setdefault(product.slug, product.id)
    at, first = seen.products.setdefault(product.id, (number, product))
    notes += [
        ("published" if name == "product_published" else name, "product_differs", str(at))
        for name in changed_fields(product, first, {"slug", "id"})
    ]
    if variant.barcode:
        owner = owners.get(variant.barcode)
        if owner and owner.id != variant.id and owner.sku not in seen.skus:
            notes.append(("barcode", "barcode_taken", owner.sku))
        if seen.barcodes.setdefault(variant.barcode, number) != number:
            notes.append(("barcode", "barcode_twice", str(seen.barcodes[variant.barcode])))
    return notes


async def _know_choices(connection: Connection, product_ids: Collection[UUID], seen: _Review) -> None:
    """Note what customers choose between in these products, but for what the file itself is about."""
    seen.choosable |= {product_id: [] for product_id in product_ids}
    for one in await choosable(connection, product_ids):
        if one.sku not in seen.skus:
            seen.choosable[one.product_id].append(one)


def _choice_problems(after: Article, seen: _Review) -> list[Note]:
    """Return which variant a customer could not tell from this one: of the shop, or of a row before it."""
    product_id, variant = after.product.id, after.variant
    if not variant.published:
        return []
    others = seen.choosable.setdefault(product_id, [])
    for other in others:
        if not told_apart(variant.options, other.options):
            return [("options", "not_told_apart", other.sku)]
    others.append(Choosable(product_id, variant.id, variant.sku, variant.options))
    return []


def _part_problems(
    after: Article, record: Mapping[str, Any], parts: Mapping[str, _Part], seen: _Review
) -> list[Note]:
    notes: list[Note] = []
    for sku in set(record.get("parts") or ()) - {after.variant.sku}:
        if sku not in parts and sku not in seen.skus:
            notes.append(("parts", "unknown_part", sku))
        elif sku in seen.kits or (sku in parts and parts[sku].is_kit and sku not in seen.skus):
            notes.append(("parts", "kit_of_kits", sku))
    itself = parts.get(after.variant.sku)
    if record.get("parts") and itself and itself.is_part:
        notes.append(("parts", "kit_of_kits", after.variant.sku))
    return notes


async def write(database: Database, upload_id: UUID, currency: str, *, staff_id: UUID) -> int:
    """Take over the rows of a file that are right, all in one transaction; return how many.

    Writes catalogue.imported and price.changed. Raises AlreadyWritten, CatalogueMoved, BarcodeTaken,
    NotToldApart.
    """
    async with database.transaction() as connection:
        return await _write_all(connection, upload_id, currency, staff_id)


async def _write_all(connection: Connection, upload_id: UUID, currency: str, staff_id: UUID) -> int:
    await lock_upload(connection, upload_id)
    written = 0
    events: list[Event] = []
    kits: list[dict[str, Any]] = []
    product_ids: set[UUID] = set()
    async for chunk in chunks_to_write(connection, upload_id):
        kits += [line.record for line in chunk if line.record.get("parts")]
        # What kits consist of may stand below them in the file: their parts come last.
        records = [{**line.record, "parts": {}} if "parts" in line.record else line.record for line in chunk]
        articles = await _articles_of(connection, records, currency)
        saved, told = await write_articles(connection, articles, staff_id=staff_id, one_by_one=False)
        product_ids |= {article.product.id for article in articles}
        written += sum(one.changed for one in saved)
        events += told
    for start in range(0, len(kits), CHUNK):
        articles = await _articles_of(connection, kits[start : start + CHUNK], currency)
        await write_articles(connection, articles, staff_id=staff_id, one_by_one=False)
    await check_choices(connection, product_ids)
    await mark_written(connection, upload_id, written)
    imported = Event(
        name="catalogue.imported", staff_id=staff_id, subject_id=upload_id, properties={"quantity": written}
    )
    for start in range(0, len(events), _EXPORT_SIZE):
        await append_many(connection, events[start : start + _EXPORT_SIZE])
    await append_many(connection, [imported])
    return written


async def _articles_of(
    connection: Connection, records: Sequence[dict[str, Any]], currency: str
) -> list[Article]:
    """Return the articles as they are after these rows. Raises CatalogueMoved."""
    known = await articles_by_id(connection, [variant_id_of(record["sku"]) for record in records])
    handles = await _product_ids(connection, records)
    articles = []
    for record in records:
        article, problems = merged(record, known.get(variant_id_of(record["sku"])), handles, currency)
        if article is None or problems:
            raise CatalogueMoved
        handles.setdefault(article.product.slug, article.product.id)
        articles.append(article)
    return articles


async def _product_ids(connection: Connection, records: Sequence[Mapping[str, Any]]) -> dict[str, UUID]:
    slugs = list({record["product"] for record in records if record.get("product")})
    cursor = await connection.execute(QUERIES["products_of_slugs"], {"slugs": slugs})
    return dict(await cursor.fetchall())


async def _owners(connection: Connection, records: Sequence[Mapping[str, Any]]) -> dict[str, _Owner]:
    codes = list({record["barcode"] for record in records if record.get("barcode")})
    found = await rows(_Owner, connection, QUERIES["codes_of_others"], {"codes": codes})
    return {owner.code: owner for owner in found}


async def _parts(connection: Connection, records: Sequence[Mapping[str, Any]]) -> dict[str, _Part]:
    skus = {sku for record in records for sku in (record.get("parts") or ())}
    skus |= {record["sku"] for record in records if record.get("parts")}
    found = await rows(_Part, connection, QUERIES["part_skus"], {"skus": list(skus)})
    return {part.sku: part for part in found}
