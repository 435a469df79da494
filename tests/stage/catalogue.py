"""Articles, pictures and files for the tests of the catalogue."""

import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from openpyxl import Workbook
from PIL import Image

from safar.catalogue.actions import import_products, patterns_of
from safar.catalogue.articles import Article, articles_by_id, new_article, variant_id_of
from safar.catalogue.saving import Saved, save_articles_many
from safar.kernel.database import Database
from safar.kernel.ids import new_id

STAFF = new_id()
EAN = "5012345678900"
OTHER_EAN = "4006381333931"


@dataclass(frozen=True)
class Item:
    sku: str
    title: str
    category: str = "kitchen"
    price_minor: int = 495
    currency: str = "GBP"


ITEMS = [Item("MUG", "Retrospot mug"), Item("CLOCK", "Alarm clock", "home", 375), Item("BOWL", "Bowl")]


def article(sku: str, title: str = "Lamp", *, of: Article | None = None, **changes: Any) -> Article:
    """A new article, a sister of `of` when given; `changes` by field of product or variant."""
    made = new_article(sku, title, "GBP")
    product = of.product if of else replace(made.product, category="lights")
    variant = replace(made.variant, product_id=product.id, price_minor=495)
    of_product = {name: value for name, value in changes.items() if name in _OF_PRODUCT}
    of_variant = {name: value for name, value in changes.items() if name not in _OF_PRODUCT}
    return Article(replace(product, **of_product), replace(variant, **of_variant))


_OF_PRODUCT = {"category", "description", "words", "slug"}


async def stocked(database: Database) -> None:
    async with database.transaction() as connection:
        await import_products(connection, ITEMS)


async def saved(database: Database, *articles: Article) -> list[Saved]:
    async with database.transaction() as connection:
        return await save_articles_many(connection, articles, staff_id=STAFF)


async def stored(database: Database, sku: str) -> Article:
    async with database.connection() as connection:
        return (await articles_by_id(connection, [variant_id_of(sku)]))[variant_id_of(sku)]


async def found(database: Database, query: str) -> list[str]:
    """The SKUs of what is in the shop and has every word of the query."""
    async with database.connection() as connection:
        cursor = await connection.execute(
            "SELECT v.sku FROM products AS p JOIN variants AS v ON v.product_id = p.id"
            " WHERE p.published AND p.searchable LIKE ALL(%s) ORDER BY v.sku",
            [patterns_of(query)],
        )
        return [sku for (sku,) in await cursor.fetchall()]


async def events(database: Database, *names: str) -> list[tuple[str, dict[str, Any]]]:
    async with database.connection() as connection:
        found = await connection.execute(
            "SELECT name, properties FROM journal_events WHERE name = ANY(%s) ORDER BY id", [list(names)]
        )
        return [(name, properties) for name, properties in await found.fetchall()]


def picture(width: int = 900, height: int = 600, kind: str = "JPEG", **how: Any) -> bytes:
    target = io.BytesIO()
    image = Image.linear_gradient("L").resize((width, height)).convert("RGB")
    image.save(target, kind, **how)
    return target.getvalue()


def workbook(rows: Sequence[Sequence[Any]]) -> bytes:
    book = Workbook()
    sheet: Any = book.active
    for row in rows:
        sheet.append(list(row))
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()
