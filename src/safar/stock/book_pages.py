"""The books of the stock room in the console: every move, and what expires soon."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from safar.kernel.database import rows
from safar.kernel.ids import new_id, parse_id
from safar.kernel.web.actor import Actor, actor_of
from safar.kernel.web.forms import Fields
from safar.kernel.web.pages import context_of, page, today_of
from safar.stock import forms
from safar.stock.actions import QUERIES
from safar.stock.lots.book import expiring
from safar.stock.lots.expiry import date_lot
from safar.stock.posting import NOTHING, Wrong, posted

PAGE_SIZE = 50
_DAYS = (7, 30, 90, 365)
_LATEST = datetime(9000, 1, 1, tzinfo=UTC)
_HIGHEST = UUID(int=2**128 - 1)


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
    actor_of(request)
    before = _moment_before(request.query_params.get("before", ""))
    params = {
        "before_at": before[0] if before else _LATEST, "before_id": before[1] if before else _HIGHEST,
        "limit": PAGE_SIZE + 1,
    }  # fmt: skip
    async with context_of(request).database.connection() as connection:
        found = await rows(MoveLine, connection, QUERIES["all_moves"], params)
    last = found[PAGE_SIZE - 1] if found[PAGE_SIZE:] else None
    values = {
        "moves": found[:PAGE_SIZE],
        "first": before is None,
        "place_name": forms.place_name,
        "older": forms.at("", before=f"{last.at.isoformat()}~{last.id}") if last else None,
    }
    return page(request, "stock/moves.html", values)


async def _lots(request: Request, wrong: Wrong = NOTHING) -> Response:
    """Show what has expired and what will within so many days, the first to expire first."""
    actor = actor_of(request)
    text = request.query_params.get("days", "30")
    days = int(text) if text in {str(number) for number in _DAYS} else 30
    after = _lot_after(request.query_params.get("after", ""))
    async with context_of(request).database.connection() as connection:
        found = await expiring(connection, days=days, after=after, limit=PAGE_SIZE + 1)
    last = found[PAGE_SIZE - 1] if found[PAGE_SIZE:] else None
    key = f"{last.expires_on.isoformat()}~{last.lot_id}~{last.location_id}" if last else ""
    values = {
        "lots": found[:PAGE_SIZE], "days": days, "choices": _DAYS, "today": today_of(request),
        "first": after is None, "more": forms.at("", days=days, after=key) if last else None,
        "place_name": forms.place_name, "may_move": actor.may("manager"), "new_id": new_id,
        **wrong.values(),
    }  # fmt: skip
    return page(request, "stock/lots.html", values, status=wrong.status)


def _moment_before(text: str) -> tuple[datetime, UUID] | None:
    at, _sep, id_ = text.partition("~")
    try:
        moment = datetime.fromisoformat(at)
        return (moment, UUID(id_)) if moment.tzinfo else None
    except ValueError:
        return None


def _lot_after(text: str) -> tuple[date, UUID, UUID] | None:
    try:
        on, lot, location = text.split("~")
        return date.fromisoformat(on), UUID(lot), UUID(location)
    except ValueError:
        return None


@posted(_lots, "date")
async def _date(request: Request, actor: Actor, fields: Fields) -> str:
    """Correct the last day on which a lot may be sold."""
    lot_id, expires_on = parse_id(request.path_params["id"]), forms.day_of(fields, "expires_on")
    fields.done()
    async with context_of(request).database.transaction() as connection:
        await date_lot(connection, lot_id, expires_on, staff_id=actor.id)
    return "/stock/lots"


routes: list[BaseRoute] = [
    Route("/stock/moves", _moves),
    Route("/stock/lots", _lots),
    Route("/stock/lots/{id}/date", _date, methods=["POST"]),
]
