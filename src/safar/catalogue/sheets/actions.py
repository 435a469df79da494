"""The catalogue as a file: given out, handed in, looked at row by row, and taken over in one go."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any
from uuid import UUID

from safar.catalogue.articles import Article, ProductDraft, articles_after, articles_by_id, variant_id_of
from safar.catalogue.categories import categories_listed
from safar.catalogue.choices import Choosable, told_apart
from safar.catalogue.decide import changed_fields
from safar.catalogue.errors import TooManyVariants, UnknownPart
from safar.catalogue.names import CATEGORIES
from safar.catalogue.prices import currencies
from safar.catalogue.saving import check_choices, choosable, write_articles
from safar.catalogue.sheets.rows import PLAIN_COLUMNS, Note, cells_of, changes_between, merged, prices_of
from safar.catalogue.sheets.uploads import (
    CHUNK,
    Outcome,
    SheetRow,
    Upload,
    join_rows,
    lock_upload,
    mark_until,
    mark_written,
    mark_wrong,
    next_products,
    open_upload,
    save_rows,
    upload_of,
)
from safar.journal.actions import append_many
from safar.journal.model import Event
from safar.kernel.database import Connection, Database, rows, transaction, tuples
from safar.kernel.errors import Conflict
from safar.kernel.i18n import LANGUAGES
from safar.kernel.queries import queries_beside
from safar.kernel.sheets import Value

QUERIES = queries_beside(__file__)
KIND = "products"
_EXPORT_SIZE = 1000
_CATEGORIES_SHOWN = 20


class CatalogueMoved(Conflict):
    """The catalogue has changed since this file was looked at. Hand it in again."""

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
    leads: dict[str, int] = field(default_factory=dict)  # by SKU
    given_on: list[tuple[str, str]] = field(
        default_factory=list
    )  # SKUs: a barcode goes from one to the other

    def joined(self) -> dict[int, int]:
        """Return which rows lead those of others: articles that give a barcode on are written together."""
        leads = {leads: leads for leads in self.leads.values()}

        def first(one: int) -> int:
            while leads[one] != one:
                leads[one] = one = leads[leads[one]]
            return one

        for sku, other in self.given_on:
            if other in self.leads:
                one, two = sorted((first(self.leads[sku]), first(self.leads[other])))
                leads[two] = one
        return {lead: first(lead) for lead in leads}


async def catalogue_rows(
    database: Database, own_currency: str, own_language: str
) -> AsyncIterator[list[Sequence[Value]]]:
    """Give the whole catalogue as rows, the header first, a thousand articles at a time.

    Between two of them no connection is kept: whoever reads may be slow.
    """
    async with database.connection() as connection:
        others = [
            currency for currency in await currencies(connection, own_currency) if currency != own_currency
        ]
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
        yield [[cell.get(column, "") for column in columns] for cell in cells]


async def review_catalogue(
    connection: Connection,
    upload_id: UUID,
    name: str,
    table: Mapping[str, Any],
    currency: str,
    *,
    staff_id: UUID,
) -> None:
    """Keep a file with what each of its rows would do; nothing of the catalogue changes."""
    known = {category.key for category in await categories_listed(connection)}
    named = {record["category"] for _number, record, _problems in table["rows"] if record.get("category")}
    columns = {
        "known": table["columns"],
        "ignored": table["ignored"],
        "from": [table["from"]] if table.get("from") else [],
        "new_categories": sorted(named - known - CATEGORIES.keys())[:_CATEGORIES_SHOWN],
    }
    await open_upload(connection, upload_id, KIND, name, columns, staff_id=staff_id)
    lines = table["rows"]
    records = [record for _number, record, _problems in lines]
    seen = _Review(
        currency,
        frozenset(record["sku"] for record in records if "sku" in record),
        frozenset(record["sku"] for record in records if "sku" in record and record.get("parts")),
    )
    for start in range(0, len(lines), CHUNK):
        reviewed = await _review_chunk(connection, lines[start : start + CHUNK], seen)
        await save_rows(connection, upload_id, reviewed)
    await join_rows(connection, upload_id, seen.joined())


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
        leads = seen.leads[sku] = seen.products[after.product.id][0]
        reviewed.append(SheetRow(number, sku, outcome, record, changes, leads))
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
        elif owner and owner.id != variant.id:
            seen.given_on.append((variant.sku, owner.sku))
        if seen.barcodes.setdefault(variant.barcode, number) != number:
            notes.append(("barcode", "barcode_twice", str(seen.barcodes[variant.barcode])))
    return notes


async def _know_choices(connection: Connection, product_ids: Collection[UUID], seen: _Review) -> None:
    """Note what customers choose between in these products, but for what the file itself is about."""
    seen.choosable |= {product_id: [] for product_id in product_ids}
    for variant in await choosable(connection, product_ids):
        if variant.sku not in seen.skus:
            seen.choosable[variant.product_id].append(variant)


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


async def write_catalogue(database: Database, upload_id: UUID, currency: str, *, staff_id: UUID) -> int:
    """Take over the rows of a file that are right, some hundred in each transaction; return how many.

    Rows of one product stand in one transaction; what kits consist of comes last. Asked again after a break
    it goes on where it stopped. A product that cannot be written as it is said by now (the catalogue has
    changed) is marked as wrong, the others go on. Writes price.changed, and catalogue.imported at the end.
    Raises AlreadyWritten, NotFound.
    """
    for kits in (False, True):
        while await _write_some(database, upload_id, currency, staff_id, kits=kits):
            pass
    async with database.transaction() as connection:
        await lock_upload(connection, upload_id)
        upload = await upload_of(connection, upload_id, KIND)
        await mark_written(connection, upload_id, upload.written)
        imported = Event(
            name="catalogue.imported",
            staff_id=staff_id,
            subject_id=upload_id,
            properties={"quantity": upload.written},
        )
        await append_many(connection, [imported])
    return upload.written


async def _write_some(
    database: Database, upload_id: UUID, currency: str, staff_id: UUID, *, kits: bool
) -> bool:
    """Write the next products; False when there are none."""
    async with database.transaction() as connection:
        await lock_upload(connection, upload_id)
        upload = await upload_of(connection, upload_id, KIND)
        lines = await next_products(connection, upload_id, kits=kits)
        if lines:
            booked, events = await _write(connection, upload, lines, currency, staff_id, kits=kits)
            until = lines[-1].leads or lines[-1].number
            await mark_until(connection, upload_id, until, upload.written + booked, kits=kits)
            await append_many(connection, events)
    return bool(lines)


async def _write(
    connection: Connection,
    upload: Upload,
    lines: Sequence[SheetRow],
    currency: str,
    staff_id: UUID,
    *,
    kits: bool,
) -> tuple[int, list[Event]]:
    """Write rows, product by product when they are refused together; return how many were, and the events.

    A kit's row is counted once it has its parts.
    """
    # What a kit consists of now stays until its own turn: it is never sold as if it had no parts.
    wanted = [
        {name: value for name, value in line.record.items() if kits or name != "parts" or not value}
        for line in lines
    ]
    try:
        async with transaction(connection):
            articles = await _articles_of(connection, wanted, currency)
            _saved, events = await write_articles(connection, articles, staff_id=staff_id, one_by_one=False)
            await check_choices(connection, {article.product.id for article in articles})
        return sum(kits or not line.record.get("parts") for line in lines), events
    except (Conflict, UnknownPart, TooManyVariants):
        products = [list(some) for _leads, some in groupby(lines, key=lambda line: line.leads)]
        if len(products) == 1:
            for line in lines:
                await mark_wrong(connection, upload.id, line.number, ("sku", "moved", ""))
            return 0, []
    booked, written = 0, []
    for some in products:
        booked_here, events = await _write(connection, upload, some, currency, staff_id, kits=kits)
        booked += booked_here
        written += events
    return booked, written


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
    return dict(await tuples(connection, QUERIES["products_of_slugs"], {"slugs": slugs}))


async def _owners(connection: Connection, records: Sequence[Mapping[str, Any]]) -> dict[str, _Owner]:
    codes = list({record["barcode"] for record in records if record.get("barcode")})
    owners = await rows(_Owner, connection, QUERIES["codes_of_others"], {"codes": codes})
    return {owner.code: owner for owner in owners}


async def _parts(connection: Connection, records: Sequence[Mapping[str, Any]]) -> dict[str, _Part]:
    skus = {sku for record in records for sku in (record.get("parts") or ())}
    skus |= {record["sku"] for record in records if record.get("parts")}
    parts = await rows(_Part, connection, QUERIES["part_skus"], {"skus": list(skus)})
    return {part.sku: part for part in parts}
