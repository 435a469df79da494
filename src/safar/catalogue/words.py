"""The words of products in the languages of the customers."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from safar.catalogue.actions import QUERIES
from safar.catalogue.model import ProductWords
from safar.kernel.database import Connection, rows


@dataclass(frozen=True, slots=True)
class _Row:
    product_id: UUID
    title: str
    description: str
    options: dict[str, str]


async def words_in(
    connection: Connection, product_ids: Iterable[UUID], language: str
) -> dict[UUID, ProductWords]:
    """Return the words of products in `language`; those of a product without any in it are its own."""
    params = {"ids": list(dict.fromkeys(product_ids)), "language": language}
    found = await rows(_Row, connection, QUERIES["words_in"], params)
    return {row.product_id: ProductWords(row.title, row.description, row.options) for row in found}
