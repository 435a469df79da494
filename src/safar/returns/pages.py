"""Returns for staff: the list, one return, and what is decided about it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from safar.catalogue.kits import demand_of
from safar.kernel.database import Connection, rows
from safar.kernel.errors import NotFound
from safar.kernel.i18n import _
from safar.kernel.ids import parse_id
from safar.kernel.keyset import LAST_NUMBER, cut
from safar.kernel.money import plain_amount
from safar.kernel.text import ascii_digits, whole_number
from safar.kernel.web.access import StaffRoute
from safar.kernel.web.actor import actor_of
from safar.kernel.web.pages import context_of, page
from safar.kernel.web.post import NOTHING, Wrong
from safar.orders.model import Order
from safar.orders.reading import order_lines_of, orders_by_id
from safar.payments.books.credits import purses_of
from safar.returns import step_pages as return_actions
from safar.returns.decide import return_after
from safar.returns.model import OPEN_RETURNS, Return, ReturnState, ReturnStep
from safar.returns.money import delivery_worth
from safar.returns.reading import QUERIES, other_variants, return_goods_of, return_lines_of, returns_by_id
from safar.returns.receive import worth
from safar.returns.show import REASONS, RETURN_STATES, RETURN_TONES, WISHES
from safar.returns.step_pages import ANSWER_CHARACTERS_MAX
from safar.stock.actions import own_locations
from safar.stock.model import MAIN
from safar.team.actions import staff_names

_PAGE_SIZE = 50
_OPEN = "open"
_SHELVES = ("warehouse", "store")


@dataclass(frozen=True, slots=True)
class ReturnRow:
    """A return as the list shows it."""

    id: UUID
    number: int
    state: str
    wish: str
    requested_at: datetime
    order_id: UUID
    order_number: int
    name: str
    email: str
    units: int


async def _returns(request: Request) -> Response:
    """Show returns, newest first, those that wait for us unless others are asked for."""
    state = request.query_params.get("state", _OPEN)
    state = state if state in {*RETURN_STATES, "all"} else _OPEN
    states = {_OPEN: list(OPEN_RETURNS), "all": None}.get(state, [state])
    wanted = ascii_digits(request.query_params.get("q", "").strip())[:18]
    params = {
        "states": None if wanted else states,
        "before": whole_number(request.query_params.get("before", "")) or LAST_NUMBER,
        "number": whole_number(wanted),
        "limit": _PAGE_SIZE + 1,
    }
    async with context_of(request).database.connection() as connection:
        return_rows = await rows(ReturnRow, connection, QUERIES["returns_listed"], params)
    shown, last = cut(return_rows, _PAGE_SIZE)
    older = f"?{request.url.include_query_params(before=last.number).query}" if last else None
    tabs = [
        (_("Waiting for us"), "/returns", state == _OPEN),
        (_("All"), "/returns?state=all", state == "all"),
    ]
    tabs += [(_(name), f"/returns?state={key.value}", state == key) for key, name in RETURN_STATES.items()]
    values = {
        "returns": shown,
        "tabs": tabs,
        "older": older,
        "first": "before" not in request.query_params,
        "states": RETURN_STATES,
        "tones": RETURN_TONES,
        "wishes": WISHES,
        "query": wanted,
    }
    return page(request, "returns/returns.html", values)


async def _return(request: Request, wrong: Wrong = NOTHING) -> Response:
    """Show one return to staff: what comes, why, and what is to be decided."""
    actor, context, return_id = actor_of(request), context_of(request), parse_id(request.path_params["id"])
    async with context.database.connection() as connection:
        return_, order = await _return_with_order(connection, return_id)
        lines = (await return_lines_of(connection, [return_id]))[return_id]
        sold = {line.variant_id: line for line in (await order_lines_of(connection, [order.id]))[order.id]}
        parts = {id_: tuple(line.made_of) for id_, line in sold.items()}
        expected = demand_of({line.variant_id: line.quantity for line in lines}, parts)
        exchange = return_.exchange_order_id and (await orders_by_id(connection, [return_.exchange_order_id]))
        values: dict[str, Any] = {
            "one": return_,
            "order": order,
            "lines": lines,
            "expected": await _titles(connection, expected),
            "goods": await return_goods_of(connection, return_id),
            "exchange": exchange[return_.exchange_order_id]
            if exchange and return_.exchange_order_id
            else None,
            "names": await staff_names(connection, [return_.staff_id] if return_.staff_id else []),
            "locations": [
                (place.id, place.name) for place in await own_locations(connection) if place.kind in _SHELVES
            ],
            "worth": await _worths(connection, order, return_),
        }
    values |= {
        "states": RETURN_STATES,
        "tones": RETURN_TONES,
        "wishes": WISHES,
        "reasons": REASONS,
        "problem": wrong.sentence,
        "may_manage": actor.may("manager"),
        "answer_max": ANSWER_CHARACTERS_MAX,
        "may": {step.value for step in ReturnStep if return_after(return_.state, step) is not None},
        "main": MAIN,
    }
    return page(request, "returns/return.html", values, status=wrong.status)


async def _worths(connection: Connection, order: Order, return_: Return) -> tuple[str, str] | None:
    """Return what the goods of a return that is here come to, and their delivery, as they are typed."""
    if return_.state != ReturnState.RECEIVED:
        return None
    purse = (await purses_of(connection, [order.id]))[order.id]
    goods = await worth(connection, order, return_, purse)
    delivery = delivery_worth(order, purse.total_minor - goods)
    return plain_amount(goods, order.currency), plain_amount(delivery, order.currency)


async def _titles(connection: Connection, units: dict[UUID, int]) -> list[tuple[UUID, str, str, int]]:
    """Return (variant, SKU, title, units) of the goods that are expected."""
    others = await other_variants(connection, list(units))
    named = {return_.id: return_ for same in others.values() for return_ in same}
    return [
        (id_, named[id_].sku if id_ in named else "–", named[id_].title if id_ in named else "–", quantity)
        for id_, quantity in units.items()
    ]


async def _return_with_order(connection: Connection, return_id: UUID) -> tuple[Return, Order]:
    return_ = (await returns_by_id(connection, [return_id])).get(return_id)
    if return_ is None:
        raise NotFound
    return return_, (await orders_by_id(connection, [return_.order_id]))[return_.order_id]


routes: list[BaseRoute] = [
    StaffRoute("/returns", _returns, role="agent"),
    StaffRoute("/returns/{id}", _return, role="agent"),
    *return_actions.routes(_return),
]
