"""What staff do with one order: pack, ship, deliver, cancel, give up, print."""

from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from safar.kernel.context import Context
from safar.kernel.errors import NotFound
from safar.kernel.i18n import _
from safar.kernel.ids import parse_id
from safar.kernel.web.access import StaffRoute
from safar.kernel.web.actor import Actor
from safar.kernel.web.forms import Fields
from safar.kernel.web.pages import context_of
from safar.kernel.web.post import Page, posted
from safar.kernel.web.requests import request_key
from safar.orders.cancel import Cancellation
from safar.orders.errors import NotNow, PartlySent
from safar.orders.links import order_link
from safar.orders.model import OrderState, PaymentState
from safar.orders.new_link import renew_link
from safar.orders.reading import goods_of, something_left
from safar.payments.refunds import refund_cancelled
from safar.returns.cancel_order import cancel_with_exchanges_many
from safar.returns.give_up import GiveUp, give_up_many
from safar.shipments.actions import deliver_many, pack_many, ship_many
from safar.shipments.model import OrderDelivery, OrderMoved, Pack, Shipping
from safar.shipments.prints import (
    invoice_of,
    packing_slip_of,
    pdf_response,
)
from safar.shop.console.desk_pages import order_here
from safar.stock.model import MAIN

REASON_CHARACTERS_MAX = 500


def routes(order_page: Page) -> list[BaseRoute]:
    """Return the routes; `order_page` shows an order again with the problem there was."""
    on_page = posted(order_page)
    return [
        StaffRoute("/orders/{id}/packed", on_page(_pack), role="agent", methods=["POST"]),
        StaffRoute("/orders/{id}/shipped", on_page(_ship), role="agent", methods=["POST"]),
        StaffRoute("/orders/{id}/delivered", on_page(_deliver), role="agent", methods=["POST"]),
        StaffRoute("/orders/{id}/cancelled", on_page(_cancel), role="manager", methods=["POST"]),
        StaffRoute("/orders/{id}/link", on_page(_new_link), role="agent", methods=["POST"]),
        StaffRoute("/orders/{id}/given-up", on_page(_give_up), role="manager", methods=["POST"]),
        StaffRoute("/orders/{id}/packing-slip.pdf", _packing_slip, role="agent"),
        StaffRoute("/orders/{id}/invoice.pdf", _invoice, role="agent"),
    ]


async def _pack(request: Request, actor: Actor, _fields: Fields) -> str:
    order_id = parse_id(request.path_params["id"])
    return _done(await context_of(request).batched(pack_many, Pack(order_id, actor.id)))


async def _ship(request: Request, actor: Actor, fields: Fields) -> str:
    """Ship what the form says, or everything that is still to go from one location."""
    context, order_id = context_of(request), parse_id(request.path_params["id"])
    key = request_key(request, fields, "parcel", order_id)
    location_id = parse_id(fields.values.get("location_id") or str(MAIN))
    units = tuple(fields.units(required=True).items()) or None
    carrier = fields.text("carrier", length_max=80, required=False)
    code = fields.text("tracking_code", length_max=80, required=False)
    fields.done()
    if not fields.values.get("location_id"):
        location_id = await _where_it_lies(context, order_id) or location_id
    shipping = Shipping(
        key, order_id, location_id, order_link(context, order_id), units, carrier, code, actor.id
    )
    return _done(await context.batched(ship_many, shipping))


async def _deliver(request: Request, actor: Actor, _fields: Fields) -> str:
    order_id = parse_id(request.path_params["id"])
    return _done(await context_of(request).batched(deliver_many, OrderDelivery(order_id, actor.id)))


async def _cancel(request: Request, actor: Actor, _fields: Fields) -> str:
    """Cancel an order of which nothing has left; what was paid goes back at once."""
    context, order_id = context_of(request), parse_id(request.path_params["id"])
    link = order_link(context, order_id)
    cancellation = Cancellation(order_id, link, "cancelled_by_shop", may_still_arrive=True, staff_id=actor.id)
    standing = await context.batched(cancel_with_exchanges_many, cancellation)
    if standing.state is None:
        raise NotFound
    if standing.state != OrderState.CANCELLED:
        raise PartlySent if await something_left(context, order_id) else NotNow
    if standing.changed and standing.payment_state == PaymentState.OWED:
        await refund_cancelled(context, order_id)
    return f"/orders/{order_id}"


async def _new_link(request: Request, actor: Actor, _fields: Fields) -> str:
    """Let no link to the order open it any more, and mail the customer a new one."""
    context, order_id = context_of(request), parse_id(request.path_params["id"])
    async with context.database.transaction() as connection:
        await renew_link(connection, order_id, order_link(context, order_id), staff_id=actor.id)
    return f"/orders/{order_id}"


async def _give_up(request: Request, actor: Actor, fields: Fields) -> str:
    """Give up units of lines (line-ID), or with `rest` all that is still to go."""
    context, order_id = context_of(request), parse_id(request.path_params["id"])
    key = request_key(request, fields, "given up", order_id)
    reason = fields.text("reason", length_max=REASON_CHARACTERS_MAX)
    rest = fields.ticked("rest")
    units = None if rest else tuple(fields.units("line-").items())
    if units is not None and not any(quantity for _id, quantity in units):
        fields.problems["units"] = _("Say how many units will not be sent.")
    fields.done()
    give_up = GiveUp(
        key,
        order_id,
        actor.id,
        order_link(context, order_id),
        reason,
        units,
        with_shipping=fields.ticked("with_shipping"),
    )
    return _done(await context.batched(give_up_many, give_up))


async def _packing_slip(request: Request) -> Response:
    context = context_of(request)
    order = await order_here(context, parse_id(request.path_params["id"]))
    shipment = request.query_params.get("shipment")
    body = await packing_slip_of(context, order, parse_id(shipment) if shipment else None)
    return pdf_response(body, f"{order.number}-packing.pdf")


async def _invoice(request: Request) -> Response:
    context = context_of(request)
    order = await order_here(context, parse_id(request.path_params["id"]))
    return pdf_response(await invoice_of(context, order), f"{order.number}.pdf")


async def _where_it_lies(context: Context, order_id: UUID) -> UUID | None:
    """Return the first shelf from which something of the order is still to go."""
    async with context.database.connection() as connection:
        goods = (await goods_of(connection, [order_id]))[order_id]
    return next((piece.shelf_id for piece in goods if piece.quantity > piece.shipped), None)


def _done(outcome: OrderMoved) -> str:
    """Return the order's page. Raises NotFound, NotNow."""
    if outcome.state is None:
        raise NotFound
    if not outcome.done:
        raise NotNow
    return f"/orders/{outcome.order_id}"
