"""Articles, pictures and files for the tests of the catalogue."""

import io
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

import httpx
import pytest
from openpyxl import Workbook
from PIL import Image

from safar.catalogue.actions import import_products, patterns_of
from safar.catalogue.articles import Article, articles_by_id, new_article, variant_id_of
from safar.catalogue.saving import Saved, save_articles_many
from safar.catalogue.sheets import rows as sheet_rows
from safar.catalogue.sheets.actions import review_catalogue, write_catalogue
from safar.catalogue.sheets.uploads import SheetRow, rows_of
from safar.console.build import build_console
from safar.kernel.context import Context
from safar.kernel.database import Database
from safar.kernel.ids import new_id
from tests.stage.people import signed_in
from tests.stage.serving import Serve
from tests.stage.shop import Item

STAFF = new_id()
EAN = "5012345678900"
OTHER_EAN = "4006381333931"


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


@pytest.fixture
async def desk(context: Context, serve: Serve) -> AsyncIterator[httpx.AsyncClient]:
    """A manager's browser on the console, over a shop with three products."""
    await stocked(context.database)
    async with await signed_in(context, await serve(build_console(context)), "manager") as client:
        client.timeout = httpx.Timeout(60)  # files are read in a process of their own
        yield client


ALL = ["new", "changed", "same", "wrong"]


def table(text: str) -> dict[str, Any]:
    return sheet_rows.read_catalogue_rows(text.encode(), "GBP", "en")


async def looked_at(database: Database, text: str) -> tuple[UUID, list[SheetRow]]:
    upload_id, read = new_id(), table(text)
    assert "problem" not in read, read
    async with database.transaction() as connection:
        await review_catalogue(connection, upload_id, "goods.csv", read, "GBP", staff_id=STAFF)
        return upload_id, await rows_of(connection, upload_id, ALL, limit=1000)


async def taken_over(database: Database, upload_id: UUID) -> int:
    return await write_catalogue(database, upload_id, "GBP", staff_id=STAFF)
