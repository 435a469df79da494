"""What is done with the pages of the owner: written, removed, read."""

from collections.abc import Sequence
from uuid import UUID

from psycopg.types.json import Jsonb

from safar.journal.actions import append_many
from safar.journal.model import Event
from safar.kernel import clock
from safar.kernel.database import Connection, execute, row, rows, value, values
from safar.kernel.errors import NotFound
from safar.kernel.queries import queries_beside
from safar.storefront.errors import TooManyPages
from safar.storefront.own_pages.model import PAGES_MAX, OwnPage

QUERIES = queries_beside(__file__)


async def own_pages(connection: Connection) -> list[OwnPage]:
    """Return all pages in the order of the menu."""
    return await rows(OwnPage, connection, QUERIES["pages"])


async def own_page(connection: Connection, slug: str) -> OwnPage | None:
    return await row(OwnPage, connection, QUERIES["page"], {"slug": slug})


async def goods_of_page(connection: Connection, skus: Sequence[str]) -> list[UUID]:
    """Return the products of a page, in its order."""
    return await values(connection, QUERIES["goods_of_page"], {"skus": list(skus)}) if skus else []


async def save_own_page(connection: Connection, draft: OwnPage, *, staff_id: UUID) -> None:
    """Write a page, new or another version of one. Writes shop_page.saved. Raises TooManyPages."""
    params = {
        "slug": draft.slug,
        "place": draft.place,
        "position": draft.position,
        "titles": Jsonb(dict(draft.titles)),
        "texts": Jsonb(dict(draft.texts)),
        "skus": list(draft.skus),
        "now": clock.now(),
    }
    await execute(connection, QUERIES["save_page"], params)
    if await value(connection, QUERIES["count_pages"]) > PAGES_MAX:
        raise TooManyPages(most=PAGES_MAX)
    await _note(connection, "shop_page.saved", draft.slug, staff_id)


async def remove_own_page(connection: Connection, slug: str, *, staff_id: UUID) -> None:
    """Take a page away. Writes shop_page.removed. Raises NotFound."""
    if not await value(connection, QUERIES["remove_page"], {"slug": slug}):
        raise NotFound
    await _note(connection, "shop_page.removed", slug, staff_id)


async def _note(connection: Connection, name: str, slug: str, staff_id: UUID) -> None:
    await append_many(connection, [Event(name=name, staff_id=staff_id, properties={"slug": slug})])
