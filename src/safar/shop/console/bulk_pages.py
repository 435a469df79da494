"""What staff do with many orders at once: picking, packing, and shipping after a look at the parcels."""

import asyncio
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from safar.kernel.errors import InvalidInput, NotFound, SafarError
from safar.kernel.i18n import _
from safar.kernel.ids import derived_id, new_id, parse_id
from safar.kernel.web.access import StaffRoute
from safar.kernel.web.actor import actor_of
from safar.kernel.web.forms import Fields
from safar.kernel.web.pages import context_of, page
from safar.kernel.web.requests import request_key, see_other
from safar.orders.links import order_link
from safar.orders.reading import goods_of, orders_by_id
from safar.orders.way import Step, after
from safar.shipments.actions import pack_many, ship_many
from safar.shipments.decide import to_go_of
from safar.shipments.model import OrderMoved, Pack, Shipping
from safar.shipments.prints import PICKED_AT_ONCE_MAX, pdf_response, picking_list_of
from safar.shipments.reading import carriers
from safar.shop.console.filters import known_filters
from safar.stock.actions import own_locations
from safar.stock.model import MAIN

_LABEL_MAX = 80


async def _picking_list(request: Request) -> Response:
    ids = _ids(request.query_params.getlist("id"))
    if not ids:
        raise NotFound
    return pdf_response(await picking_list_of(context_of(request), ids), "picking.pdf")


async def _pack_batch(request: Request) -> Response:
    actor, context = actor_of(request), context_of(request)
    form = await _form(request)
    ids = _chosen(form)
    outcomes = await asyncio.gather(
        *(context.batched(pack_many, Pack(order_id, actor.id)) for order_id in ids), return_exceptions=True
    )
    return await _batch_done(request, form, ids, outcomes)


async def _to_ship(request: Request) -> Response:
    """Show the parcels of the ticked orders before they leave: the customers are told at once."""
    context, ids = context_of(request), _ids(request.query_params.getlist("id"))
    if not ids:
        raise InvalidInput(id=_("Select at least one order first."))
    async with context.database.connection() as connection:
        orders = await orders_by_id(connection, ids)
        goods = await goods_of(connection, ids)
        known = [carrier for carrier in await carriers(connection) if carrier.active]
        locations = {location.id: location.name for location in await own_locations(connection)}
    parcels = [
        (orders[id_], shelf_id, to_go)
        for id_ in ids
        if id_ in orders and after(orders[id_].state, Step.SHIP) is not None
        for shelf_id, to_go in to_go_of(goods[id_]).items()
    ]
    values = {
        "parcels": parcels,
        "left_out": [orders[id_] for id_ in ids if id_ in orders and id_ not in {p[0].id for p in parcels}],
        "carriers": known,
        "locations": locations,
        "batch_id": new_id(),
        "filters": known_filters(request.query_params.get("back", "")),
    }
    return page(request, "shop/console/to_ship.html", values)


async def _ship_batch(request: Request) -> Response:
    """Ship all that is still to go of each order, a parcel from each location; those that cannot, stay.

    `carrier` is that of every parcel; `code-ORDER-LOCATION` the tracking code of one.
    """
    actor, context = actor_of(request), context_of(request)
    form = await _form(request)
    ids = _chosen(form)
    sent = Fields(dict(form))
    batch = request_key(request, sent, "parcels", actor.id)
    carrier = sent.text("carrier", length_max=_LABEL_MAX, required=False)
    codes = {
        name: sent.text(name, length_max=_LABEL_MAX, required=False)
        for name in sent.values
        if name.startswith("code-")
    }
    sent.done()
    async with context.database.connection() as connection:
        goods = await goods_of(connection, ids)

    async def ship(order_id: UUID) -> OrderMoved:
        places = sorted({piece.shelf_id for piece in goods[order_id] if piece.quantity > piece.shipped})
        outcome = OrderMoved(order_id, None)
        for place in places or [MAIN]:
            key = derived_id("batch", batch, order_id, place)
            link = order_link(context, order_id)
            code = codes.get(f"code-{order_id}-{place}", "")
            shipping = Shipping(
                key, order_id, place, link, carrier=carrier, tracking_code=code, staff_id=actor.id
            )
            outcome = await context.batched(ship_many, shipping)
        return outcome

    outcomes = await asyncio.gather(*map(ship, ids), return_exceptions=True)
    return await _batch_done(request, form, ids, outcomes)


async def _batch_done(
    request: Request, form: Sequence[tuple[str, str]], ids: Sequence[UUID], outcomes: Sequence[Any]
) -> Response:
    """Go back to the list as it was filtered, which tells what was done and which orders were not."""
    for outcome in outcomes:
        if isinstance(outcome, BaseException) and not isinstance(outcome, SafarError):
            raise outcome
    left = [
        order_id
        for order_id, outcome in zip(ids, outcomes, strict=True)
        if not (isinstance(outcome, OrderMoved) and outcome.done)
    ]
    async with context_of(request).database.connection() as connection:
        orders = await orders_by_id(connection, left) if left else {}
    parts = [f"done={len(ids) - len(left)}", f"left={len(left)}"]
    parts += [f"not={order.number}" for order in orders.values()]
    if filters := known_filters(dict(form).get("back", "")):
        parts.append(filters)
    return see_other("/orders?" + "&".join(parts))


async def _form(request: Request) -> Sequence[tuple[str, str]]:
    """Return what the form says, a name as often as it was ticked."""
    async with request.form(max_files=0) as form:
        return [(name, text) for name, text in form.multi_items() if isinstance(text, str)]


def _chosen(form: Sequence[tuple[str, str]]) -> list[UUID]:
    """Return the orders that were ticked. Raises InvalidInput when none was, NotFound for what is no id."""
    ids = _ids([text for name, text in form if name == "id"])
    if not ids:
        raise InvalidInput(id=_("Select at least one order first."))
    return ids


def _ids(texts: Sequence[str]) -> list[UUID]:
    """Return the orders that are named, at most 200. Raises NotFound for what is no id."""
    return [parse_id(text) for text in dict.fromkeys(texts)][:PICKED_AT_ONCE_MAX]


routes: list[BaseRoute] = [
    StaffRoute("/orders/picking.pdf", _picking_list, role="agent"),
    StaffRoute("/orders/packed", _pack_batch, role="agent", methods=["POST"]),
    StaffRoute("/orders/to-ship", _to_ship, role="agent"),
    StaffRoute("/orders/shipped", _ship_batch, role="agent", methods=["POST"]),
]
