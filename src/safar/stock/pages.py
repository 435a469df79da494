"""The stock room in the console: all levels, finding an article by its code, and every other page of it."""

from dataclasses import dataclass
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from safar.catalogue.actions import patterns_of
from safar.catalogue.codes import variant_of_code
from safar.kernel.database import rows, value
from safar.kernel.keyset import FIRST_ID, cut, key_number, page_key, parse_page_key
from safar.kernel.web.access import StaffRoute
from safar.kernel.web.actor import actor_of
from safar.kernel.web.pages import context_of, page
from safar.kernel.web.requests import see_other
from safar.stock import actions as stock
from safar.stock import documents, forms, location_pages, move_pages, variant_pages
from safar.stock.decide import LOW_UNITS, state_of
from safar.stock.model import LevelState

_PAGE_SIZE = 50
_PRODUCTS_MAX = 300
_UNITS_MOST = 2**62


@dataclass(frozen=True, slots=True)
class LevelRow:
    """A level with what lies there."""

    account_id: int
    variant_id: UUID
    sku: str
    title: str
    location: str
    location_kind: str | None
    on_hand: int
    held: int
    reserve: int

    @property
    def free(self) -> int:
        """What can leave now; less than none only while units are promised that have not come."""
        unheld = self.on_hand - self.held
        return max(unheld - self.reserve, min(unheld, 0))

    @property
    def state(self) -> LevelState:
        return state_of(self.free)


_MOST_FREE = {"out": 0, "low": LOW_UNITS}
_FIRST = (-_UNITS_MOST, 0, FIRST_ID)


async def _levels(request: Request) -> Response:
    """Show what is on hand, held and free everywhere, the emptiest first; also what was never there."""
    query = request.query_params.get("q", "").strip()[:100]
    only = request.query_params.get("only", "")
    only = only if only in _MOST_FREE else ""
    after = parse_page_key(request.query_params.get("after"), key_number, key_number, UUID) or _FIRST
    params = {
        "patterns": patterns_of(query),
        "most_free": _MOST_FREE.get(only, _UNITS_MOST),
        "after_free": after[0],
        "after_account": after[1],
        "after_variant": after[2],
        "bare": after[0] < 0 or after[:2] == (0, 0),
        "limit": _PAGE_SIZE + 1,
        "products_max": _PRODUCTS_MAX,
    }
    async with context_of(request).database.connection() as connection:
        level_rows = await rows(
            LevelRow, connection, stock.QUERIES["emptiest_found" if query else "emptiest"], params
        )
        many = bool(query) and await value(connection, stock.QUERIES["many_products"], params)
    shelves, last = cut(level_rows, _PAGE_SIZE)
    key = page_key(last.on_hand - last.held - last.reserve, last.account_id, last.variant_id) if last else ""
    values = {
        "shelves": shelves,
        "query": query,
        "only": only or None,
        "many": many,
        "place_name": forms.place_name,
        "may_move": actor_of(request).may("manager"),
        "begin": None if after == _FIRST else forms.at("/stock", q=query, only=only),
        "next": forms.at("/stock", q=query, only=only, after=key) if last else None,
    }
    return page(request, "stock/levels.html", values)


async def _find(request: Request) -> Response:
    """Lead to the article whose barcode or number was scanned or typed, or to all that match."""
    query = request.query_params.get("q", "").strip()[:100]
    async with context_of(request).database.connection() as connection:
        variant = await variant_of_code(connection, query) if query else None
    return see_other(f"/stock/{variant.id}" if variant else forms.at("/stock", q=query))


routes: list[BaseRoute] = [
    StaffRoute("/stock", _levels, role="agent"),
    StaffRoute("/stock/articles", documents.articles_part, role="agent"),
    StaffRoute("/stock/find", _find, role="agent"),
    *move_pages.routes,
    *location_pages.routes,
    *variant_pages.routes,  # last: /stock/{id} takes whatever the others have not
]
