"""What staff decide about returns: approve, refuse, receive, give the money back."""

from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from safar.kernel.context import Context
from safar.kernel.errors import NotFound
from safar.kernel.ids import parse_id
from safar.kernel.web.access import StaffRoute
from safar.kernel.web.actor import Actor, actor_of
from safar.kernel.web.forms import Fields, read_fields
from safar.kernel.web.pages import context_of
from safar.kernel.web.post import Page, posted
from safar.kernel.web.requests import request_key, see_other
from safar.orders.errors import NotNow
from safar.orders.links import order_link
from safar.orders.reading import order_lines_of, orders_by_id
from safar.owner.reading import shop_of
from safar.returns.exchange import exchange_id
from safar.returns.model import (
    Approval,
    Arrived,
    Refusal,
    ReturnArrival,
    ReturnOutcome,
    ReturnRefund,
    ReturnRequest,
    ReturnWish,
)
from safar.returns.public import NOTE_CHARACTERS_MAX, read_return
from safar.returns.reading import other_variants, returns_by_id
from safar.returns.receive import approve_many, receive_returns_many, refund_return_many
from safar.returns.refuse import refuse_many
from safar.returns.request import request_many
from safar.stock.actions import own_locations
from safar.stock.model import LOSS, MAIN, QUARANTINE

ANSWER_CHARACTERS_MAX = 1000


def routes(return_page: Page) -> list[BaseRoute]:
    """Return the routes; `return_page` shows a return again with the problem there was."""
    on_page = posted(return_page)
    return [
        StaffRoute("/returns/{id}/approved", on_page(_approve), role="agent", methods=["POST"]),
        StaffRoute("/returns/{id}/refused", on_page(_refuse), role="agent", methods=["POST"]),
        StaffRoute("/returns/{id}/received", on_page(_receive), role="agent", methods=["POST"]),
        StaffRoute("/returns/{id}/refunded", on_page(_refund), role="manager", methods=["POST"]),
        StaffRoute("/orders/{id}/returns", _register, role="agent", methods=["POST"]),
    ]


async def _approve(request: Request, actor: Actor, fields: Fields) -> str:
    context, return_id = context_of(request), parse_id(request.path_params["id"])
    answer = fields.text("answer", length_max=ANSWER_CHARACTERS_MAX, required=False)
    fields.done()
    order_id = await _order_id(context, return_id)
    shop = await shop_of(context)
    approval = Approval(
        return_id,
        actor.id,
        order_link(context, order_id),
        order_link(context, exchange_id(return_id)),
        "\n".join([shop.name, *shop.address]) if shop.address else "",
        answer,
    )
    return _done(return_id, await context.batched(approve_many, approval))


async def _refuse(request: Request, actor: Actor, fields: Fields) -> str:
    context, return_id = context_of(request), parse_id(request.path_params["id"])
    answer = fields.text("answer", length_max=ANSWER_CHARACTERS_MAX)
    fields.done()
    order_id = await _order_id(context, return_id)
    refusal = Refusal(return_id, actor.id, order_link(context, order_id), answer)
    return _done(return_id, await context.batched(refuse_many, refusal))


async def _receive(request: Request, actor: Actor, fields: Fields) -> str:
    """Take goods in: stock-ID, quarantine-ID and loss-ID by article, line-ID by line that counts."""
    context, return_id = context_of(request), parse_id(request.path_params["id"])
    location_id = parse_id(fields.values.get("location_id") or str(MAIN))
    async with context.database.connection() as connection:
        if location_id not in {place.id for place in await own_locations(connection)}:
            raise NotFound
    order_id = await _order_id(context, return_id)
    places = {"stock": location_id, "quarantine": QUARANTINE, "loss": LOSS}
    goods = [
        Arrived(variant_id, place, units)
        for kind, place in places.items()
        for variant_id, units in fields.units(f"{kind}-", required=True).items()
        if units
    ]
    lines = fields.units("line-", required=True)
    fields.done()
    arrival = ReturnArrival(
        return_id, actor.id, order_link(context, order_id), tuple(lines.items()), tuple(goods)
    )
    return _done(return_id, await context.batched(receive_returns_many, arrival))


async def _refund(request: Request, actor: Actor, fields: Fields) -> str:
    context, return_id = context_of(request), parse_id(request.path_params["id"])
    async with context.database.connection() as connection:
        return_ = (await returns_by_id(connection, [return_id])).get(return_id)
        if return_ is None:
            raise NotFound
        order = (await orders_by_id(connection, [return_.order_id]))[return_.order_id]
    amount = fields.amount("amount", order.currency, required=False)
    fields.done()
    refund = ReturnRefund(
        return_id, actor.id, order_link(context, order.id), fields.ticked("with_shipping"), amount
    )
    return _done(return_id, await context.batched(refund_return_many, refund))


def _done(return_id: UUID, outcome: ReturnOutcome) -> str:
    """Return the return's page. Raises NotFound, NotNow."""
    if outcome.state is None:
        raise NotFound
    if not outcome.done:
        raise NotNow
    return f"/returns/{return_id}"


async def _register(request: Request) -> Response:
    """Take a return down for a customer who called or stands at the counter."""
    actor, context = actor_of(request), context_of(request)
    order_id = parse_id(request.path_params["id"])
    fields = await read_fields(request)
    async with context.database.connection() as connection:
        if order_id not in await orders_by_id(connection, [order_id]):
            raise NotFound
        lines = (await order_lines_of(connection, [order_id]))[order_id]
        others = await other_variants(connection, [line.variant_id for line in lines])
    wanted = read_return(fields, lines, others)
    key = request_key(request, fields, "return", order_id)
    fields.done()
    note = fields.values.get("note", "").strip()[:NOTE_CHARACTERS_MAX]
    return_ = await context.batched(
        request_many,
        ReturnRequest(
            key,
            order_id,
            wanted,
            fields.values.get("wish", ReturnWish.REFUND),
            (await shop_of(context)).return_days,
            order_link(context, order_id),
            note,
            actor.id,
        ),
    )
    return see_other(f"/returns/{return_.id}")


async def _order_id(context: Context, return_id: UUID) -> UUID:
    async with context.database.connection() as connection:
        return_ = (await returns_by_id(connection, [return_id])).get(return_id)
    if return_ is None:
        raise NotFound
    return return_.order_id
