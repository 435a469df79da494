"""Products that are no longer wanted: archived, restored, or deleted while nothing refers to them."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from uuid import UUID

import psycopg

from safar.catalogue.actions import QUERIES as CATALOGUE
from safar.catalogue.articles import articles_of_product
from safar.catalogue.errors import ProductInUse, UnknownProduct
from safar.catalogue.images import forget_pictures
from safar.journal.actions import append_many
from safar.journal.model import Event
from safar.kernel import clock
from safar.kernel.database import Connection, execute, value, values
from safar.kernel.i18n import N_, _
from safar.kernel.queries import queries_beside

QUERIES = queries_beside(__file__, "retire.sql")

# Asked of rooms above the catalogue whose tables do not hold on to its rows: does one of these variants
# stand in your books?
Keeper = Callable[[Connection, Sequence[UUID]], Awaitable[bool]]

_ORDERED = N_("it has been ordered")
_WANTED = N_("customers have put it on a wish list or asked to be told when it is back")
_REASONS = {
    "order_lines": _ORDERED,
    "order_goods": _ORDERED,
    "cart_lines": N_("it is in a customer’s cart"),
    "kit_parts": N_("it is part of a kit"),
    "wishlist_items": _WANTED,
    "back_in_stock_requests": _WANTED,
}
KEEPER_REASONS = {
    "stock": N_("it has stock, or the stock records name it"),
    "campaigns": N_("a campaign offers it"),
}


async def archived_at(connection: Connection, product_id: UUID) -> datetime | None:
    """Return since when a product is archived."""
    at: datetime | None = await value(connection, QUERIES["archived_at"], {"id": product_id})
    return at


async def archive_product(connection: Connection, product_id: UUID, *, staff_id: UUID) -> bool:
    """Take a product out of the shop and the list of staff; False when it was. Writes product.archived."""
    return await _put(connection, "archive", "product.archived", product_id, staff_id)


async def restore_product(connection: Connection, product_id: UUID, *, staff_id: UUID) -> bool:
    """Bring a product back as it was when it was archived; False when it is not. Writes product.restored."""
    return await _put(connection, "restore", "product.restored", product_id, staff_id)


async def delete_product(
    connection: Connection, product_id: UUID, keepers: dict[str, Keeper], *, staff_id: UUID
) -> None:
    """Delete a product with its variants, words and pictures, while nothing refers to them.

    `keepers` by their key in KEEPER_REASONS. Writes product.deleted. Raises UnknownProduct, ProductInUse.
    """
    await execute(connection, CATALOGUE["lock_products"], {"ids": [product_id]})
    articles = await articles_of_product(connection, product_id)
    if not articles:
        raise UnknownProduct
    ids = [article.variant.id for article in articles]
    for key, keeps in keepers.items():
        if await keeps(connection, ids):
            raise ProductInUse(reason=_(KEEPER_REASONS[key]))
    digests = await values(connection, QUERIES["digests_of_product"], {"id": product_id})
    try:
        for name in ("parts", "prices", "words", "images", "variants", "product"):
            await execute(connection, QUERIES[f"delete_{name}"], {"id": product_id, "ids": ids})
    except psycopg.errors.ForeignKeyViolation as error:
        reason = _REASONS.get(error.diag.table_name or "", N_("other records refer to it"))
        raise ProductInUse(reason=_(reason)) from error
    await forget_pictures(connection, digests)
    properties = {"product": articles[0].product.slug, "skus": [article.variant.sku for article in articles]}
    event = Event(name="product.deleted", staff_id=staff_id, subject_id=product_id, properties=properties)
    await append_many(connection, [event])


async def _put(connection: Connection, query: str, name: str, product_id: UUID, staff_id: UUID) -> bool:
    slug = await value(connection, QUERIES[query], {"id": product_id, "now": clock.now()})
    if slug is None:
        return False
    event = Event(name=name, staff_id=staff_id, subject_id=product_id, properties={"product": slug})
    await append_many(connection, [event])
    return True
