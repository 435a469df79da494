"""The catalogue: products and their variants, found by what people type."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol
from uuid import UUID

from safar.journal.actions import append_many
from safar.journal.model import Event
from safar.kernel import clock
from safar.kernel.database import Connection, as_json, execute, row, rows, value
from safar.kernel.ids import derived_id
from safar.kernel.queries import queries_beside
from safar.kernel.text import fold
from safar.shop.errors import UnknownProduct
from safar.shop.model import Listed, Product, Variant

QUERIES = queries_beside(__file__)
PAGE_SIZE = 24
_WORDS_MAX = 8
_LETTERS_MIN = 4  # of fewer letters nearly every product has a similar word
_NOT_IN_SLUG = re.compile(r"[^a-z0-9]+")


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


def variant_id_of(sku: str) -> UUID:
    """Return the id of the variant with this SKU, whether or not there is one: it follows from the SKU."""
    return derived_id("variant", sku.strip().upper())


async def import_products(connection: Connection, records: Sequence[Record]) -> list[UUID]:
    """Write products by their SKU, new or changed; return the ids of their variants, in order."""
    once = {variant_id_of(record.sku): record for record in records}
    products = [
        {
            "id": derived_id("product", variant_id),
            "slug": _slug(record),
            "title": record.title,
            "description": getattr(record, "description", ""),
            "category": record.category,
            "searchable": fold(f"{record.title} {record.category} {record.sku}"),
        }
        for variant_id, record in once.items()
    ]
    variants = [
        {
            "id": variant_id,
            "product_id": derived_id("product", variant_id),
            "sku": record.sku.strip().upper(),
            "title": record.title,
            "price_minor": record.price_minor,
            "currency": record.currency,
        }
        for variant_id, record in once.items()
    ]
    params = {"products": as_json(products), "variants": as_json(variants), "now": clock.now()}
    await execute(connection, QUERIES["import_products"], params)
    await execute(connection, QUERIES["import_variants"], params)
    return [variant_id_of(record.sku) for record in records]


async def find_variant(connection: Connection, sku: str) -> Variant | None:
    """Return the variant with this SKU."""
    if not sku.isprintable():
        return None
    return await row(Variant, connection, QUERIES["variant_of_sku"], {"sku": sku.strip().upper()})


async def variants_by_id(connection: Connection, ids: Iterable[UUID]) -> dict[UUID, Variant]:
    """Return those of the variants that we sell."""
    found = await rows(Variant, connection, QUERIES["variants"], {"ids": list(dict.fromkeys(ids))})
    return {variant.id: variant for variant in found}


async def product_of(connection: Connection, slug: str) -> tuple[Product, list[Variant]]:
    """Return a product and its variants, the cheapest first. Raises UnknownProduct."""
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
    found = await (await connection.execute(QUERIES["categories"])).fetchall()
    return [category for (category,) in found]


async def find_products(
    connection: Connection, query: str, *, category: str | None = None, page: int = 1
) -> list[Listed]:
    """Return a page of the products that match; when none does, those that are written nearly so."""
    params: Mapping[str, object] = {
        "patterns": patterns_of(query),
        "words": _words(query),
        "category": category,
        "limit": PAGE_SIZE,
        "offset": (page - 1) * PAGE_SIZE,
    }
    found = await rows(Listed, connection, QUERIES["find_products"], params)
    if not found and len(_words(query)) >= _LETTERS_MIN:
        found = await rows(Listed, connection, QUERIES["find_similar_products"], params)
    return found


async def find_variants(
    connection: Connection, query: str, *, after: str = "", limit: int = 50
) -> list[Variant]:
    """Return variants that match, in the order of their SKUs, those after `after`."""
    params = {"patterns": patterns_of(query), "after": after, "limit": limit}
    return await rows(Variant, connection, QUERIES["find_variants"], params)


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
        name="price.changed", staff_id=staff_id, subject_id=variant_id,
        properties={"sku": variant.sku, **prices},
    )  # fmt: skip
    await append_many(connection, [event])
    return True


def patterns_of(query: str) -> list[str]:
    """Return a LIKE pattern for each word of a query; none of its characters means anything special."""
    words = _words(query).split()[:_WORDS_MAX] or [""]
    return ["%" + re.sub(r"([\\%_])", r"\\\1", word) + "%" for word in words]


def _words(query: str) -> str:
    return fold("".join(character for character in query if character.isprintable()))


def _slug(record: Record) -> str:
    title = _NOT_IN_SLUG.sub("-", fold(record.title)).strip("-")[:60]
    return "-".join(filter(None, [title, _NOT_IN_SLUG.sub("-", record.sku.strip().lower())]))
