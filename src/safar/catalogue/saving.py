"""Writing the catalogue: products and variants as they are to be, and the events of what that changes."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from safar.catalogue.articles import (
    Article,
    ProductDraft,
    VariantDraft,
    articles_by_id,
    products_by_id,
)
from safar.catalogue.choices import Choosable, alike, spelt_like
from safar.catalogue.decide import changed_fields, slug_of, variant_title
from safar.catalogue.errors import BarcodeTaken, KitOfKits, NotToldApart, TooManyVariants, UnknownPart
from safar.catalogue.index import index_many
from safar.journal.actions import append_many
from safar.journal.model import Event
from safar.kernel import clock
from safar.kernel.database import Connection, as_json, execute, rows, tuples, value, values
from safar.kernel.queries import queries_beside

QUERIES = queries_beside(__file__)
VARIANTS_MAX = 100


@dataclass(frozen=True, slots=True)
class Saved:
    """What a saving did to an article: nothing when no field of product or variant is named."""

    variant_id: UUID
    new: bool
    product_fields: tuple[str, ...]
    variant_fields: tuple[str, ...]

    @property
    def changed(self) -> bool:
        return self.new or bool(self.product_fields or self.variant_fields)


@dataclass(frozen=True, slots=True)
class _Owner:
    id: UUID
    sku: str
    code: str


async def save_articles_many(
    connection: Connection, articles: Sequence[Article], *, staff_id: UUID | None, one_by_one: bool = True
) -> list[Saved]:
    """Write articles by their ids, new or changed; of two drafts of one product the first counts.

    Writes product.created, product.changed and price.changed; with `one_by_one` off (an import that tells
    of itself in one event) price.changed only. Raises NotToldApart, BarcodeTaken, KitOfKits, UnknownPart,
    TooManyVariants.
    """
    saved, events = await write_articles(connection, articles, staff_id=staff_id, one_by_one=one_by_one)
    await check_choices(connection, {article.product.id for article in articles})
    await append_many(connection, events)
    return saved


async def write_articles(
    connection: Connection, articles: Sequence[Article], *, staff_id: UUID | None, one_by_one: bool
) -> tuple[list[Saved], list[Event]]:
    """Do what `save_articles_many` does, but leave what comes last in the transaction to the caller.

    That is `check_choices`, once all articles of its products are written, and the events.
    """
    products = list({article.product.id: article.product for article in reversed(articles)}.values())
    product_ids = [product.id for product in products]
    await execute(connection, QUERIES["lock_products"], {"ids": sorted(product_ids)})
    articles = await _spelt_alike(connection, articles)
    variants = [article.variant for article in articles]
    before = await articles_by_id(connection, [variant.id for variant in variants])
    known = await products_by_id(connection, product_ids)
    await _check_barcodes(connection, variants)
    await _write_products(connection, products, known, clock.now())
    await _write_variants(connection, articles, before)
    await _write_parts(connection, variants, before)
    await _check_counts(connection, product_ids)
    saved = [_compare(article, before.get(article.variant.id), known) for article in articles]
    pairs = list(zip(articles, saved, strict=True))
    await index_many(connection, {article.product.id for article, change in pairs if change.changed})
    events = [
        event
        for article, change in pairs
        for event in _events(article, before.get(article.variant.id), change, staff_id, one_by_one)
    ]
    return saved, events


async def choosable(connection: Connection, product_ids: Iterable[UUID]) -> list[Choosable]:
    """Return the variants of products that customers choose between, those of a product together."""
    return await rows(Choosable, connection, QUERIES["choosable"], {"ids": list(product_ids)})


async def check_choices(connection: Connection, product_ids: Iterable[UUID]) -> None:
    """Raise NotToldApart when customers could not choose between two variants of one of these products."""
    if pair := alike(await choosable(connection, product_ids)):
        raise NotToldApart(sku=pair[0].sku, other=pair[1].sku)


async def _spelt_alike(connection: Connection, articles: Sequence[Article]) -> list[Article]:
    """Return articles whose options are spelt as those of their product's other variants are."""
    others: dict[UUID, list[Mapping[str, str]]] = {}
    written = {article.variant.id for article in articles}
    for known in await choosable(connection, {article.product.id for article in articles}):
        if known.variant_id not in written:
            others.setdefault(known.product_id, []).append(known.options)
    spelt = []
    for article in articles:
        same = others.setdefault(article.product.id, [])
        options = spelt_like(article.variant.options, same)
        same.append(options)
        spelt.append(Article(article.product, replace(article.variant, options=options)))
    return spelt


async def set_published(connection: Connection, product_id: UUID, published: bool, *, staff_id: UUID) -> bool:
    """Put a product into the shop or take it out; False when it was so.

    Writes product.published or product.hidden.
    """
    params = {"id": product_id, "published": published, "now": clock.now()}
    slug = await value(connection, QUERIES["set_published"], params)
    if slug is None:
        return False
    name = "product.published" if published else "product.hidden"
    event = Event(name=name, staff_id=staff_id, subject_id=product_id, properties={"product": slug})
    await append_many(connection, [event])
    return True


async def _check_barcodes(connection: Connection, variants: Sequence[VariantDraft]) -> None:
    """Raise BarcodeTaken when a barcode is that of an article which is not written now."""
    wanted: dict[str, VariantDraft] = {}
    for variant in variants:
        if variant.barcode and wanted.setdefault(variant.barcode, variant).id != variant.id:
            raise BarcodeTaken(barcode=variant.barcode, sku=wanted[variant.barcode].sku)
    params = {"codes": list(wanted), "ids": [variant.id for variant in variants]}
    for owner in await rows(_Owner, connection, QUERIES["barcode_owners"], params):
        raise BarcodeTaken(barcode=owner.code, sku=owner.sku)


async def _write_products(
    connection: Connection,
    products: Sequence[ProductDraft],
    known: Mapping[UUID, ProductDraft],
    now: datetime,
) -> None:
    changed = [product for product in products if changed_fields(product, known.get(product.id), {"slug"})]
    if not changed:
        return
    slugs = await _free_slugs(connection, [product for product in changed if product.id not in known])
    records = [
        {**_plain(product, "words"), "slug": slugs.get(product.id) or known[product.id].slug}
        for product in changed
    ]
    await execute(connection, QUERIES["save_products"], {"products": as_json(records), "now": now})
    words = [
        {"product_id": product.id, "language": language, **asdict(texts)}
        for product in changed
        for language, texts in product.words.items()
    ]
    params = {"ids": [product.id for product in changed], "words": as_json(words)}
    await execute(connection, QUERIES["forget_words"], params)
    await execute(connection, QUERIES["save_words"], params)


async def _free_slugs(connection: Connection, products: Iterable[ProductDraft]) -> dict[UUID, str]:
    """Return an address for each new product: its own when it is free, else with a mark that makes it so."""
    wanted = {product.id: product.slug or slug_of(product.title, "") for product in products}
    taken = set(await values(connection, QUERIES["slugs_taken"], {"slugs": list(wanted.values())}))
    slugs = {}
    for product_id, slug in wanted.items():
        slugs[product_id] = slug if slug and slug not in taken else f"{slug or 'p'}-{product_id.hex[-8:]}"
        taken.add(slugs[product_id])
    return slugs


async def _write_variants(
    connection: Connection, articles: Sequence[Article], before: Mapping[UUID, Article]
) -> None:
    changed = [
        article
        for article in articles
        if changed_fields(article.variant, _variant_of(before, article.variant.id), {"parts"})
        or article.product.title != before[article.variant.id].product.title
    ]
    if changed:
        records = [_variant_record(article) for article in changed]
        await _place_new(connection, records, before)
        params = {"variants": as_json(records), "ids": [article.variant.id for article in changed]}
        await execute(connection, QUERIES["free_barcodes"], params)  # two articles may swap theirs
        await execute(connection, QUERIES["save_variants"], params)
        await execute(connection, QUERIES["forget_prices"], params)
        prices = [
            {"variant_id": article.variant.id, "currency": currency, **asdict(price)}
            for article in changed
            for currency, price in article.variant.prices.items()
        ]
        await execute(connection, QUERIES["save_prices"], {"prices": as_json(prices)})
    titles = {article.product.id: article.product for article in articles}
    await _retitle(connection, titles.values())


async def _place_new(
    connection: Connection, records: Sequence[dict[str, Any]], before: Mapping[UUID, Article]
) -> None:
    """Put new variants that say no place behind those of their product, in the order in which they came."""
    params = {"ids": list({record["product_id"] for record in records})}
    last = dict(await tuples(connection, QUERIES["last_places"], params))
    for record in records:
        product_id = record["product_id"]
        if record["id"] not in before and not record["position"] and product_id in last:
            record["position"] = last[product_id] + 1
        last[product_id] = max(last.get(product_id, 0), record["position"])


async def _retitle(connection: Connection, products: Iterable[ProductDraft]) -> None:
    """Carry the titles of products to those of their variants that were not written now."""
    records = [{"product_id": product.id, "title": product.title} for product in products]
    await execute(connection, QUERIES["retitle_variants"], {"products": as_json(records)})


async def _write_parts(
    connection: Connection, variants: Sequence[VariantDraft], before: Mapping[UUID, Article]
) -> None:
    """Write what kits consist of, after all variants are there; a kit is nowhere a part."""
    changed = [
        variant
        for variant in variants
        if variant.parts != (before[variant.id].variant.parts if variant.id in before else {})
    ]
    if not changed:
        return
    ids = [variant.id for variant in changed]
    parts = [
        {"kit_id": variant.id, "sku": sku, "units": units}
        for variant in changed
        for sku, units in variant.parts.items()
    ]
    await execute(connection, QUERIES["forget_parts"], {"ids": ids})
    if await execute(connection, QUERIES["save_parts"], {"parts": as_json(parts)}) != len(parts):
        raise UnknownPart
    await execute(connection, QUERIES["mark_kits"], {"ids": ids})
    nested = await value(connection, QUERIES["kits_in_kits"], {"ids": ids})
    if nested is not None:
        raise KitOfKits(sku=nested)


async def _check_counts(connection: Connection, product_ids: Collection[UUID]) -> None:
    params = {"ids": list(product_ids), "most": VARIANTS_MAX}
    if await tuples(connection, QUERIES["products_too_large"], params):
        raise TooManyVariants(most=VARIANTS_MAX)


def _variant_of(before: Mapping[UUID, Article], variant_id: UUID) -> VariantDraft | None:
    article = before.get(variant_id)
    return article.variant if article else None


def _variant_record(article: Article) -> dict[str, Any]:
    variant = article.variant
    return {
        **_plain(variant, "prices", "parts"),
        "title": variant_title(article.product.title, variant.options),
    }


def _plain(draft: ProductDraft | VariantDraft, *without: str) -> dict[str, Any]:
    values = asdict(draft)
    return {name: value for name, value in values.items() if name not in without}


def _compare(article: Article, before: Article | None, known: Mapping[UUID, ProductDraft]) -> Saved:
    return Saved(
        article.variant.id,
        before is None,
        changed_fields(article.product, known.get(article.product.id), {"slug"}),
        changed_fields(article.variant, before.variant if before else None),
    )


def _events(
    article: Article, before: Article | None, saved: Saved, staff_id: UUID | None, one_by_one: bool
) -> list[Event]:
    variant = article.variant
    events = []
    if saved.changed and one_by_one:
        name = "product.created" if saved.new else "product.changed"
        fields = sorted({*saved.product_fields, *saved.variant_fields})
        properties: dict[str, Any] = {"sku": variant.sku, "product_id": article.product.id}
        if not saved.new:
            properties["fields"] = fields
        events.append(Event(name=name, staff_id=staff_id, subject_id=variant.id, properties=properties))
    if before is not None and before.variant.price_minor != variant.price_minor:
        properties = {
            "sku": variant.sku,
            "from_minor": before.variant.price_minor,
            "to_minor": variant.price_minor,
            "currency": variant.currency,
        }
        events.append(
            Event(name="price.changed", staff_id=staff_id, subject_id=variant.id, properties=properties)
        )
    return events
