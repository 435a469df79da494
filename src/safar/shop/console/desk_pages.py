"""An order's page: where it goes, notes, tags, how its parcels are followed, packed or not after all."""

from uuid import UUID

from starlette.requests import Request
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
from safar.orders.desk import (
    TAG_CHARACTERS_MAX,
    Whereabouts,
    add_tag,
    change_address,
    remove_tag,
    write_note,
)
from safar.orders.errors import NotNow
from safar.orders.links import order_link
from safar.orders.model import Order
from safar.orders.reading import orders_by_id
from safar.pricing.places import POSTCODE_EXAMPLES, is_postcode, postcode_as_written
from safar.shipments.actions import unpack
from safar.shipments.model import Pack
from safar.shipments.tracking import Tracking, correct_tracking
from safar.shop.checkout.form import phone_in

NOTE_CHARACTERS_MAX = 2000


def routes(order_page: Page) -> list[BaseRoute]:
    """Return the routes; `order_page` shows an order again with the problem there was."""
    return [
        StaffRoute(
            "/orders/{id}/address", posted(order_page, "address")(_address), role="agent", methods=["POST"]
        ),
        StaffRoute("/orders/{id}/notes", posted(order_page)(_note), role="agent", methods=["POST"]),
        StaffRoute("/orders/{id}/tags", posted(order_page)(_tag), role="agent", methods=["POST"]),
        StaffRoute("/orders/{id}/tags/removed", posted(order_page)(_untag), role="agent", methods=["POST"]),
        StaffRoute("/orders/{id}/tracking", posted(order_page)(_tracking), role="agent", methods=["POST"]),
        StaffRoute("/orders/{id}/unpacked", posted(order_page)(_unpack), role="agent", methods=["POST"]),
    ]


async def _address(request: Request, actor: Actor, fields: Fields) -> str:
    """Correct where an order goes; the country stays, since taxes and delivery follow from it."""
    context, order_id = context_of(request), parse_id(request.path_params["id"])
    order = await order_here(context, order_id)
    postcode = postcode_as_written(fields.text("postcode", length_max=16, required=False))
    if postcode and not is_postcode(order.country, postcode):
        example = POSTCODE_EXAMPLES[order.country]
        fields.problems["postcode"] = _("A postcode of this country looks like %(example)s.", example=example)
    new = Whereabouts(
        name=fields.text("name", length_max=100),
        address=fields.text("address", length_max=500).replace("\r\n", "\n"),
        postcode=postcode,
        city=fields.text("city", length_max=100, required=False),
        phone=phone_in(fields, order.country),
    )
    seen = fields.text("seen", length_max=40)
    fields.done()
    async with context.database.transaction() as connection:
        await change_address(
            connection, order_id, new, seen=seen, link=order_link(context, order_id), staff_id=actor.id
        )
    return f"/orders/{order_id}"


async def _note(request: Request, actor: Actor, fields: Fields) -> str:
    context, order_id = context_of(request), parse_id(request.path_params["id"])
    text = fields.text("text", length_max=NOTE_CHARACTERS_MAX)
    note_id = request_key(request, fields, "note", order_id)
    fields.done()
    async with context.database.transaction() as connection:
        await write_note(connection, note_id, order_id, text, staff_id=actor.id)
    return f"/orders/{order_id}"


async def _tag(request: Request, actor: Actor, fields: Fields) -> str:
    context, order_id = context_of(request), parse_id(request.path_params["id"])
    tag = _tag_in(fields)
    async with context.database.transaction() as connection:
        await add_tag(connection, order_id, tag, staff_id=actor.id)
    return f"/orders/{order_id}"


async def _untag(request: Request, actor: Actor, fields: Fields) -> str:
    context, order_id = context_of(request), parse_id(request.path_params["id"])
    tag = _tag_in(fields)
    async with context.database.transaction() as connection:
        await remove_tag(connection, order_id, tag, staff_id=actor.id)
    return f"/orders/{order_id}"


def _tag_in(fields: Fields) -> str:
    tag = " ".join(fields.text("tag", length_max=TAG_CHARACTERS_MAX).split())
    fields.done()
    return tag


async def _tracking(request: Request, actor: Actor, fields: Fields) -> str:
    """Add or correct how a parcel is followed, and tell the customer where that is ticked."""
    context, order_id = context_of(request), parse_id(request.path_params["id"])
    new = Tracking(
        order_id=order_id,
        shipment_id=fields.uuid("shipment_id"),
        carrier=fields.text("carrier", length_max=80, required=False),
        tracking_code=fields.text("tracking_code", length_max=80, required=False),
        seen=fields.text("seen", length_max=40),
        tell=fields.ticked("tell"),
        link=order_link(context, order_id),
        staff_id=actor.id,
    )
    fields.done()
    async with context.database.transaction() as connection:
        await correct_tracking(connection, new)
    return f"/orders/{order_id}"


async def _unpack(request: Request, actor: Actor, _fields: Fields) -> str:
    order_id = parse_id(request.path_params["id"])
    async with context_of(request).database.transaction() as connection:
        outcome = await unpack(connection, Pack(order_id, actor.id))
    if outcome.state is None:
        raise NotFound
    if not outcome.done:
        raise NotNow
    return f"/orders/{order_id}"


async def order_here(context: Context, order_id: UUID) -> Order:
    """Return an order. Raises NotFound."""
    async with context.database.connection() as connection:
        order = (await orders_by_id(connection, [order_id])).get(order_id)
    if order is None:
        raise NotFound
    return order
