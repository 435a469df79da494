"""The catalogue: products and their variants, found by what people type."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Protocol
from uuid import UUID

from safar.catalogue.articles import Article, articles_by_id, new_article, variant_id_of
from safar.catalogue.errors import UnknownProduct
from safar.catalogue.model import Product, Variant
from safar.catalogue.saving import save_articles_many
from safar.journal.actions import append_many
from safar.journal.model import Event
from safar.kernel.database import Connection, row, rows, value, values
from safar.kernel.queries import queries_beside
from safar.kernel.rare import Rare
from safar.kernel.text import fold

__all__ = ["import_products", "variant_id_of"]

QUERIES = queries_beside(__file__)
_WORDS_MAX = 8
_IMPORT_SIZE = 1000


class Record(Protocol):
    """A product of an import: one SKU; `price_minor` in minor units of `currency`."""

    @property
    def sku(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def category(self) -> str: ...
    @property
    def price_minor(self) -> int: ...
    @property
    def currency(self) -> str: ...


async def import_products(connection: Connection, records: Sequence[Record]) -> list[UUID]:
    """Write products by their SKU, new or changed; return the ids of their variants, in order."""
    once = list({variant_id_of(record.sku): record for record in records}.values())
    for start in range(0, len(once), _IMPORT_SIZE):
        await _import(connection, once[start : start + _IMPORT_SIZE])
    return [variant_id_of(record.sku) for record in records]


async def _import(connection: Connection, records: Sequence[Record]) -> None:
    known = await articles_by_id(connection, [variant_id_of(record.sku) for record in records])
    articles = []
    for record in records:
        id_ = variant_id_of(record.sku)
        before = known.get(id_) or new_article(record.sku, record.title, record.currency)
        description = getattr(record, "description", before.product.description)
        product = replace(
            before.product, title=record.title, category=record.category, description=description
        )
        variant = replace(before.variant, price_minor=record.price_minor, currency=record.currency)
        articles.append(Article(product, variant))
    await save_articles_many(connection, articles, staff_id=None, one_by_one=False)


async def find_variant(connection: Connection, sku: str) -> Variant | None:
    """Return the variant with this SKU."""
    if not sku.isprintable():
        return None
    return await row(Variant, connection, QUERIES["variant_of_sku"], {"sku": sku.strip().upper()})


async def variants_by_id(connection: Connection, ids: Iterable[UUID]) -> dict[UUID, Variant]:
    """Return those of the variants that we sell."""
    variants = await rows(Variant, connection, QUERIES["variants"], {"ids": list(dict.fromkeys(ids))})
    return {variant.id: variant for variant in variants}


VARIANTS: Rare[UUID, Variant] = Rare(variants_by_id)


async def product_of(connection: Connection, slug: str) -> tuple[Product, list[Variant]]:
    """Return a product and its variants in the order in which they were given. Raises UnknownProduct."""
    if not slug.isprintable():
        raise UnknownProduct
    product = await row(Product, connection, QUERIES["product"], {"slug": slug})
    if product is None:
        raise UnknownProduct
    variants = await rows(Variant, connection, QUERIES["variants_of_product"], {"product_id": product.id})
    if not variants:
        raise UnknownProduct
    return product, variants


async def categories(connection: Connection) -> list[str]:
    return await values(connection, QUERIES["categories"])


async def set_price(connection: Connection, variant_id: UUID, price_minor: int, *, staff_id: UUID) -> bool:
    """Change a price; False when it was that already. Writes price.changed. Raises UnknownProduct."""
    variant = (await variants_by_id(connection, [variant_id])).get(variant_id)
    if variant is None:
        raise UnknownProduct
    params = {"id": variant_id, "price_minor": price_minor}
    if await value(connection, QUERIES["set_price"], params) is None:
        return False
    prices = {"from_minor": variant.price_minor, "to_minor": price_minor, "currency": variant.currency}
    event = Event(
        name="price.changed",
        staff_id=staff_id,
        subject_id=variant_id,
        properties={"sku": variant.sku, **prices},
    )
    await append_many(connection, [event])
    return True


def patterns_of(query: str) -> list[str]:
    """Return a LIKE pattern for each word of a query; none of its characters means anything special."""
    words = _words(query).split()[:_WORDS_MAX] or [""]
    return ["%" + re.sub(r"([\\%_])", r"\\\1", word) + "%" for word in words]


def _words(query: str) -> str:
    return fold("".join(character for character in query if character.isprintable()))
