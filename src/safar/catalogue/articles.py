"""An article: all that the catalogue knows of one variant and its product, as forms and files carry it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from uuid import UUID

from safar.catalogue.decide import slug_of
from safar.catalogue.model import Price, ProductWords
from safar.kernel.database import Connection, rows
from safar.kernel.ids import derived_id
from safar.kernel.queries import queries_beside

QUERIES = queries_beside(__file__)
_SKUS_MAX = 8192


@dataclass(frozen=True, slots=True)
class ProductDraft:
    """A product as it is to be; `words` are those in the other languages, `order_max` as in Variant."""

    id: UUID
    title: str
    category: str
    description: str = ""
    published: bool = True
    words: Mapping[str, ProductWords] = field(default_factory=dict)
    slug: str = ""
    order_max: int | None = None


@dataclass(frozen=True, slots=True)
class VariantDraft:
    """A variant as it is to be; `prices` are those in other currencies, `parts` make it a kit (by SKU)."""

    id: UUID
    product_id: UUID
    sku: str
    price_minor: int
    currency: str
    was_minor: int | None = None
    barcode: str | None = None
    weight_g: int = 0
    tax_class: str = "standard"
    options: Mapping[str, str] = field(default_factory=dict)
    tracks_lots: bool = False
    published: bool = True
    position: int = 0
    image: str | None = None
    prices: Mapping[str, Price] = field(default_factory=dict)
    parts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Article:
    """A variant with its product as they are."""

    product: ProductDraft
    variant: VariantDraft


@dataclass(frozen=True, slots=True)
class _ProductRow:
    id: UUID
    slug: str
    title: str
    description: str
    category: str
    published: bool
    order_max: int | None
    words: dict[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class _Row:
    id: UUID
    product_id: UUID
    slug: str
    title: str
    description: str
    category: str
    product_published: bool
    order_max: int | None
    words: dict[str, dict[str, Any]]
    sku: str
    price_minor: int
    was_minor: int | None
    currency: str
    barcode: str | None
    weight_g: int
    tax_class: str
    options: dict[str, str]
    tracks_lots: bool
    published: bool
    position: int
    image: str | None
    prices: dict[str, tuple[int, int | None]]
    parts: dict[str, int]


@lru_cache(maxsize=_SKUS_MAX)
def variant_id_of(sku: str) -> UUID:
    """Return the id of the variant with this SKU, whether or not there is one: it follows from the SKU."""
    return derived_id("variant", sku.strip().upper())


def new_article(sku: str, title: str, currency: str) -> Article:
    """Return an article that is not there yet, a product of its own; ids and address follow from its SKU."""
    variant_id = variant_id_of(sku)
    product_id = derived_id("product", variant_id)
    return Article(
        ProductDraft(id=product_id, title=title, category="", slug=slug_of(title, sku)),
        VariantDraft(variant_id, product_id, sku.strip().upper(), price_minor=0, currency=currency),
    )


async def products_by_id(connection: Connection, product_ids: Iterable[UUID]) -> dict[UUID, ProductDraft]:
    """Return those of the products that there are."""
    params = {"ids": list(dict.fromkeys(product_ids))}
    product_rows = await rows(_ProductRow, connection, QUERIES["product_drafts"], params)
    return {
        row.id: ProductDraft(
            row.id,
            row.title,
            row.category,
            row.description,
            row.published,
            _words(row.words),
            row.slug,
            row.order_max,
        )
        for row in product_rows
    }


async def articles_by_id(connection: Connection, variant_ids: Iterable[UUID]) -> dict[UUID, Article]:
    """Return those of the articles that there are, by the id of the variant."""
    params = {"ids": list(dict.fromkeys(variant_ids))}
    records = await rows(_Row, connection, QUERIES["articles"], params)
    return {row.id: _article(row) for row in records}


async def articles_of_product(connection: Connection, product_id: UUID) -> list[Article]:
    """Return the articles of a product, published or not, in the order in which staff see them."""
    records = await rows(_Row, connection, QUERIES["articles_of_product"], {"product_id": product_id})
    return [_article(row) for row in records]


async def articles_after(connection: Connection, sku: str, *, limit: int) -> list[Article]:
    """Return the articles after this SKU, in the order of their SKUs."""
    records = await rows(_Row, connection, QUERIES["articles_after"], {"sku": sku, "limit": limit})
    return [_article(row) for row in records]


def _article(row: _Row) -> Article:
    product = ProductDraft(
        id=row.product_id,
        title=row.title,
        category=row.category,
        description=row.description,
        published=row.product_published,
        slug=row.slug,
        words=_words(row.words),
        order_max=row.order_max,
    )
    variant = VariantDraft(
        id=row.id,
        product_id=row.product_id,
        sku=row.sku,
        price_minor=row.price_minor,
        currency=row.currency,
        was_minor=row.was_minor,
        barcode=row.barcode,
        weight_g=row.weight_g,
        tax_class=row.tax_class,
        options=row.options,
        tracks_lots=row.tracks_lots,
        published=row.published,
        position=row.position,
        image=row.image,
        prices={currency: Price(*price) for currency, price in row.prices.items()},
        parts=row.parts,
    )
    return Article(product, variant)


def _words(words: Mapping[str, Mapping[str, Any]]) -> dict[str, ProductWords]:
    return {language: ProductWords(**texts) for language, texts in words.items()}
