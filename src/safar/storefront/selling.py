"""What sells and what is bought together, counted now and then by the worker."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from safar.kernel import clock
from safar.kernel.context import Context
from safar.kernel.database import Connection, execute, rows
from safar.kernel.queries import queries_beside
from safar.kernel.text import fold

QUERIES = queries_beside(__file__, "selling.sql")
_SOLD_LATELY = timedelta(days=28)
_BOUGHT_LATELY = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class RelatedProduct:
    """A product that goes with another: `together`, since orders had both."""

    id: UUID
    together: bool


async def related_products(
    connection: Connection, product_id: UUID, category: str, title: str, *, limit: int
) -> Sequence[RelatedProduct]:
    """Return what was bought together with a product, then what is like it."""
    params = {"product_id": product_id, "category": category, "letters": fold(title), "limit": limit}
    return await rows(RelatedProduct, connection, QUERIES["related"], params)


async def count_popularity(context: Context) -> None:
    """Count the units that each product has sold in four weeks."""
    params = {"now": clock.now(), "since": clock.now() - _SOLD_LATELY}
    async with context.database.transaction() as connection:
        await execute(connection, QUERIES["count_popularity"], params)
        await execute(connection, QUERIES["forget_popularity"], params)


async def count_pairs(context: Context) -> None:
    """Count in how many orders of three months two products were together; once says nothing."""
    params = {"now": clock.now(), "since": clock.now() - _BOUGHT_LATELY}
    async with context.database.transaction() as connection:
        await execute(connection, QUERIES["count_pairs"], params)
        await execute(connection, QUERIES["forget_pairs"], params)
