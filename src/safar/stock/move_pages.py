"""The books of the stock room in the console: every move, and what expires soon."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from safar.kernel.database import rows
from safar.kernel.ids import new_id, parse_id
from safar.kernel.keyset import LAST_ID, LAST_MOMENT, cut, key_moment, page_key, parse_page_key
from safar.kernel.web.access import StaffRoute
from safar.kernel.web.actor import Actor, actor_of
from safar.kernel.web.forms import Fields
from safar.kernel.web.pages import context_of, page, today_of
from safar.kernel.web.post import NOTHING, Wrong, posted
from safar.stock import forms
from safar.stock.actions import QUERIES
from safar.stock.expiry import date_lot
from safar.stock.lots import expiring

PAGE_SIZE = 50
_DAYS = (7, 30, 90, 365)


@dataclass(frozen=True, slots=True)
class MoveLine:
    """A move with what moved."""

    id: UUID
    at: datetime
    variant_id: UUID
    sku: str
    title: str
    from_name: str
    from_kind: str
    to_name: str
    to_kind: str
    quantity: int
    reason: str
    document: str | None


async def _moves(request: Request) -> Response:
    before = parse_page_key(request.query_params.get("before"), key_moment, UUID)
    at, id_ = before or (LAST_MOMENT, LAST_ID)
    params = {"before_at": at, "before_id": id_, "limit": PAGE_SIZE + 1}
    async with context_of(request).database.connection() as connection:
        moves, last = cut(await rows(MoveLine, connection, QUERIES["all_moves"], params), PAGE_SIZE)
    values = {
        "moves": moves,
        "first": before is None,
        "place_name": forms.place_name,
        "older": forms.at("", before=page_key(last.at, last.id)) if last else None,
    }
    return page(request, "stock/moves.html", values)


async def _lots(request: Request, wrong: Wrong = NOTHING) -> Response:
    """Show what has expired and what will within so many days, the first to expire first."""
    actor = actor_of(request)
    text = request.query_params.get("days", "30")
    days = int(text) if text in {str(number) for number in _DAYS} else 30
    after = parse_page_key(request.query_params.get("after"), date.fromisoformat, UUID, UUID)
    async with context_of(request).database.connection() as connection:
        expiring_lots = await expiring(connection, days=days, after=after, limit=PAGE_SIZE + 1)
    lots, last = cut(expiring_lots, PAGE_SIZE)
    key = page_key(last.expires_on, last.lot_id, last.location_id) if last else ""
    values = {
        "lots": lots,
        "days": days,
        "choices": _DAYS,
        "today": today_of(request),
        "first": after is None,
        "more": forms.at("", days=days, after=key) if last else None,
        "place_name": forms.place_name,
        "may_move": actor.may("manager"),
        "new_id": new_id,
        **wrong.values(),
    }
    return page(request, "stock/lots.html", values, status=wrong.status)


@posted(_lots, "date")
async def _date(request: Request, actor: Actor, fields: Fields) -> str:
    """Correct the last day on which a lot may be sold."""
    lot_id, expires_on = parse_id(request.path_params["id"]), fields.day("expires_on")
    fields.done()
    async with context_of(request).database.transaction() as connection:
        await date_lot(connection, lot_id, expires_on, staff_id=actor.id)
    return "/stock/lots"


routes: list[BaseRoute] = [
    StaffRoute("/stock/moves", _moves, role="agent"),
    StaffRoute("/stock/lots", _lots, role="agent"),
    StaffRoute("/stock/lots/{id}/date", _date, role="manager", methods=["POST"]),
]
