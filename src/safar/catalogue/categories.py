"""The categories of the shop: their names in four languages and their order."""

from collections.abc import Mapping
from uuid import UUID

import orjson

from safar.catalogue.actions import QUERIES
from safar.catalogue.errors import CategoryInUse
from safar.catalogue.index import index_many
from safar.catalogue.model import Category
from safar.journal.actions import append_many
from safar.journal.model import Event
from safar.kernel import clock
from safar.kernel.database import Connection, rows, value, values


async def categories_listed(connection: Connection) -> list[Category]:
    """Return every category, also one that only its products know, in the order of the shop."""
    return await rows(Category, connection, QUERIES["categories_listed"])


async def save_category(
    connection: Connection, key: str, names: Mapping[str, str], position: int, *, staff_id: UUID
) -> bool:
    """Name a category, new or known; False when it was so already. Writes category.changed."""
    params = {
        "key": key,
        "names": orjson.dumps(dict(names)).decode(),
        "position": position,
        "now": clock.now(),
    }
    if await value(connection, QUERIES["save_category"], params) is None:
        return False
    await index_many(connection, await values(connection, QUERIES["products_in_category"], {"key": key}))
    await append_many(connection, [_changed(key, staff_id)])
    return True


async def remove_category(connection: Connection, key: str, *, staff_id: UUID) -> None:
    """Forget a category that has no products. Writes category.changed. Raises CategoryInUse."""
    if await value(connection, QUERIES["category_in_use"], {"key": key}):
        raise CategoryInUse
    if await value(connection, QUERIES["remove_category"], {"key": key}) is not None:
        await append_many(connection, [_changed(key, staff_id)])


def _changed(key: str, staff_id: UUID) -> Event:
    return Event(name="category.changed", staff_id=staff_id, properties={"category": key})
