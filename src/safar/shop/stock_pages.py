"""The stock room's pages for staff. They live here because only the shop knows what a variant is called."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from safar.kernel.database import Connection, rows
from safar.kernel.errors import SafarError
from safar.kernel.i18n import _
from safar.kernel.ids import new_id, parse_id
from safar.kernel.text import ascii_digits
from safar.kernel.web.actor import actor_of
from safar.kernel.web.forms import Fields, read_fields
from safar.kernel.web.pages import context_of, error_text, page
from safar.kernel.web.requests import see_other
from safar.shop.catalogue import QUERIES, patterns_of, variants_by_id
from safar.shop.errors import UnknownProduct
from safar.stock import actions as stock
from safar.stock.decide import LOW_UNITS, state_of
from safar.stock.model import LevelState, Location

_PAGE_SIZE = 50
_PAGES_MAX = 1000
_MOVES_SIZE = 30
_UNITS_MAX = 1_000_000


@dataclass(frozen=True, slots=True)
class Shelf:
    """A level with what lies there."""

    variant_id: UUID
    sku: str
    title: str
    location_id: UUID
    location: str
    location_kind: str
    on_hand: int
    held: int
    found: int

    @property
    def free(self) -> int:
        return self.on_hand - self.held

    @property
    def state(self) -> LevelState:
        return state_of(self.free)


_MOST_FREE = {"out": 0, "low": LOW_UNITS}


async def _levels(request: Request) -> Response:
    """Show what is on hand, held and free everywhere, the emptiest first."""
    actor_of(request)
    query = request.query_params.get("q", "").strip()[:100]
    only = request.query_params.get("only")
    number = _page_number(request)
    params = {
        "patterns": patterns_of(query), "most_free": _MOST_FREE.get(only or ""), "limit": _PAGE_SIZE,
        "offset": (number - 1) * _PAGE_SIZE,
    }  # fmt: skip
    async with context_of(request).database.connection() as connection:
        shelves = await rows(Shelf, connection, QUERIES["shelf"], params)
    found = shelves[0].found if shelves else 0
    values = {
        "shelves": shelves, "query": query, "only": only if only in _MOST_FREE else None, "found": found,
        "newer": _at(request, number - 1) if number > 1 else None,
        "older": _at(request, number + 1) if number * _PAGE_SIZE < found else None,
    }  # fmt: skip
    return page(request, "shop/console_stock.html", values)


async def _variant(request: Request) -> Response:
    return await _variant_page(request)


async def _variant_page(
    request: Request,
    *,
    form: str = "",
    typed: Mapping[str, str] | None = None,
    problems: Mapping[str, str] | None = None,
    problem: str | None = None,
    status: int = 200,
) -> Response:
    actor = actor_of(request)
    variant_id = parse_id(request.path_params["id"])
    before = _moves_before(request.query_params.get("before"))
    async with context_of(request).database.connection() as connection:
        variant = (await variants_by_id(connection, [variant_id])).get(variant_id)
        if variant is None:
            raise UnknownProduct
        levels = await stock.levels(connection, [variant_id])
        locations = await stock.own_locations(connection)
        moves = await stock.moves_of_variant(connection, variant_id, before=before, limit=_MOVES_SIZE + 1)
    older = None
    if len(moves) > _MOVES_SIZE:
        last = moves[_MOVES_SIZE - 1]
        older = "?" + urlencode({"before": f"{last.at.isoformat()}~{last.id}"})
    values = {
        "variant": variant, "moves": moves[:_MOVES_SIZE], "older": older, "first": before is None,
        "levels": [(p, levels[variant_id, p.id]) for p in locations if (variant_id, p.id) in levels],
        "locations": [(p.id, _location_name(p)) for p in locations if p.kind != "allocation"],
        "location_name": _location_name, "state_of": state_of, "may_move": actor.may("manager"),
        "form": form, "typed": typed or {}, "problems": problems or {}, "problem": problem,
        "move_id": (typed or {}).get("move_id") or new_id(), "other_move_id": new_id(),
    }  # fmt: skip
    return page(request, "shop/console_variant.html", values, status=status)


async def _receive(request: Request) -> Response:
    return await _move(request, "receive")


async def _adjust(request: Request) -> Response:
    return await _move(request, "adjust")


async def _move(request: Request, form: str) -> Response:
    """Take units in, or correct a count; the form's move id makes a second click harmless."""
    actor = actor_of(request, "manager")
    variant_id = parse_id(request.path_params["id"])
    fields = await read_fields(request)
    move_id = _uuid(fields, "move_id")
    location_id = _uuid(fields, "location_id")
    least = 1 if form == "receive" else -_UNITS_MAX
    quantity = fields.integer("quantity", least=least, most=_UNITS_MAX)
    if quantity == 0 and "quantity" not in fields.problems:
        fields.problems["quantity"] = _("Zero changes nothing: give the difference, such as -2.")
    reason = fields.text("reason", length_max=200)
    document = fields.text("document", length_max=100, required=False) or None
    if not fields.problems:
        try:
            async with context_of(request).database.transaction() as connection:
                await _check(connection, variant_id, location_id)
                if form == "receive":
                    receipt = stock.Receipt(
                        move_id, variant_id, location_id, quantity, reason, document, actor.id
                    )  # fmt: skip
                    await stock.receive_many(connection, [receipt])
                else:
                    adjustment = stock.Adjustment(
                        move_id, variant_id, location_id, quantity, reason, document, actor.id
                    )
                    await stock.adjust_many(connection, [adjustment])
        except UnknownProduct:
            raise
        except SafarError as refused:
            return await _variant_page(
                request, form=form, typed=fields.values, problem=error_text(refused), status=refused.status
            )
        return see_other(f"/stock/{variant_id}")
    return await _variant_page(request, form=form, typed=fields.values, problems=fields.problems, status=422)


async def _check(connection: Connection, variant_id: UUID, location_id: UUID) -> None:
    """Raise UnknownProduct for a variant that is not sold or a location that is not ours."""
    known = await variants_by_id(connection, [variant_id])
    ours = {location.id for location in await stock.own_locations(connection)}
    if variant_id not in known or location_id not in ours:
        raise UnknownProduct


def _location_name(location: Location) -> str:
    return _("Main warehouse") if location.id == stock.MAIN else location.name


def _uuid(fields: Fields, name: str) -> UUID:
    try:
        return UUID(fields.text(name, length_max=36))
    except ValueError:
        fields.problems.setdefault(name, _("Choose one of the options."))
        return new_id()


def _page_number(request: Request) -> int:
    text = ascii_digits(request.query_params.get("page", "1"))
    return min(max(int(text), 1), _PAGES_MAX) if text.isdecimal() and len(text) < 5 else 1


def _at(request: Request, number: int) -> str:
    return f"?{request.url.include_query_params(page=number).query}"


def _moves_before(text: str | None) -> tuple[datetime, UUID] | None:
    at, _sep, move_id = (text or "").partition("~")
    try:
        moment = datetime.fromisoformat(at)
        return (moment, UUID(move_id)) if moment.tzinfo else None
    except ValueError:
        return None


routes: list[BaseRoute] = [
    Route("/stock", _levels),
    Route("/stock/{id}", _variant),
    Route("/stock/{id}/receive", _receive, methods=["POST"]),
    Route("/stock/{id}/adjust", _adjust, methods=["POST"]),
]
