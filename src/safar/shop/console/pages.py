"""The shop's pages for staff: one order with everything that happened to it; and the routes of the others."""

from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from safar.catalogue.images import picture_url
from safar.customers.actions import customer_cards
from safar.customers.sentences import sentences_of, tone_of
from safar.journal.model import Recorded
from safar.kernel.clock import today
from safar.kernel.context import Context
from safar.kernel.database import Connection
from safar.kernel.errors import NotFound
from safar.kernel.i18n import _
from safar.kernel.ids import new_id, parse_id
from safar.kernel.web.access import StaffRoute
from safar.kernel.web.actor import actor_of
from safar.kernel.web.pages import context_of, page
from safar.kernel.web.post import NOTHING, Wrong
from safar.orders.address import address_of
from safar.orders.desk import known_tags, may_readdress, notes_of, tags_on_order, whereabouts_of
from safar.orders.links import link_shown
from safar.orders.model import Order, OrderState, PaymentState
from safar.orders.reading import goods_of, order_lines_of, orders_by_id
from safar.orders.show import money_note, steps_of
from safar.orders.way import Step, after, is_partly_shipped
from safar.owner.reading import known_shop, shop_of
from safar.payments.books.decide import refundable
from safar.payments.books.reading import accounts_of
from safar.payments.show import box
from safar.pricing.rules import rules_of
from safar.returns import pages as return_pages
from safar.returns.decide import to_give_up
from safar.returns.give_up import given_up_of
from safar.returns.reading import Progress, exchanged_from, progress_of, return_lines_of, returns_of
from safar.returns.request import can_return
from safar.returns.show import REASONS, RETURN_STATES, RETURN_TONES, WISHES, payment_word, state_word
from safar.shipments import carrier_pages
from safar.shipments.decide import to_go_of
from safar.shipments.picking import lots_to_take
from safar.shipments.reading import carriers, sent_in, shipments_of
from safar.shipments.show import expected_of, is_late
from safar.shipments.tracking import tracking_digest
from safar.shop.console import bulk_pages, desk_pages, list_pages, new_pages, sales_pages
from safar.shop.console import step_pages as order_actions
from safar.shop.console.channel import channel_of
from safar.shop.console.history import order_timeline
from safar.stock.actions import own_locations
from safar.team.actions import staff_names

_QUERY_CHARACTERS_MAX = 100


async def _order(request: Request, wrong: Wrong = NOTHING) -> Response:
    """Show one order to staff: what is to be done with it, what was, and who did it."""
    actor, context, order_id = actor_of(request), context_of(request), parse_id(request.path_params["id"])
    async with context.database.connection() as connection:
        order = (await orders_by_id(connection, [order_id])).get(order_id)
        if order is None:
            raise NotFound
        lines = (await order_lines_of(connection, [order_id]))[order_id]
        goods = (await goods_of(connection, [order_id]))[order_id]
        shipments = (await shipments_of(connection, [order_id]))[order_id]
        returns = (await returns_of(connection, [order_id]))[order_id]
        happened = await order_timeline(connection, order)
        to_go = to_go_of(goods) if after(order.state, Step.SHIP) is not None else {}
        left = [(order_id, piece.variant_id, at, piece.units) for at, here in to_go.items() for piece in here]
        values: dict[str, Any] = {
            "order": order,
            "lines": lines,
            "pictures": {line.variant_id: picture_url(line.image, line.slug, 320) for line in lines},
            "customer": (await customer_cards(connection, [order.customer_id])).get(order.customer_id),
            "content": await sent_in(connection, [shipment.id for shipment in shipments]),
            "shipments": shipments,
            "returns": returns,
            "progress": (await progress_of(connection, [order_id])).get(order_id),
            "return_lines": await return_lines_of(connection, [return_.id for return_ in returns]),
            "returnable": await can_return(connection, order_id) if shipments else {},
            "origin": await exchanged_from(connection, order_id),
            "to_go": to_go,
            "may_give_up": to_give_up(lines, goods) if to_go else {},
            "given_up": await given_up_of(connection, order_id),
            "parcel_ids": {location_id: new_id() for location_id in to_go},
            "lots": await lots_to_take(connection, left),
            "carriers": [carrier for carrier in await carriers(connection) if carrier.active],
            "locations": {location.id: _(location.name) for location in await own_locations(connection)},
            "account": (await accounts_of(connection, [order_id]))[order_id],
            **await _noted(connection, order, happened),
        }
    payment = await box(context, order)
    sentences = sentences_of(request)
    values |= _standing(context, order, values["progress"], partly=is_partly_shipped(goods)) | {
        "events": [
            (event, sentences.sentence(event), sentences.icon_of(event), tone_of(event)) for event in happened
        ],
        "expected": expected_of(
            order, await shop_of(context), await rules_of(context), zone=context.settings.timezone
        ),
        "payment": payment,
        "refundable": refundable(values["account"]),
        "problem": wrong.sentence,
        "problems": wrong.problems,
        "typed": wrong.typed if wrong.form == "address" else None,
        "note_id": new_id(),
        "channel": channel_of(order),
        "money_note": money_note(
            order,
            came_minor=payment.came_minor,
            back_minor=payment.back_minor,
            return_state=values["origin"].state if values["origin"] else None,
        ),
        "may_manage": actor.may("manager"),
        "return_id": new_id(),
        "give_up_id": new_id(),
    }
    return page(request, "shop/console/order.html", values, status=wrong.status)


async def _noted(connection: Connection, order: Order, happened: Sequence[Recorded]) -> dict[str, Any]:
    """Return what staff wrote at an order, and the names of all who did something with it."""
    notes = await notes_of(connection, order.id)
    people = {event.staff_id for event in happened} | {note.staff_id for note in notes} | {order.taken_by}
    return {
        "notes": notes,
        "tags": await tags_on_order(connection, order.id),
        "all_tags": await known_tags(connection),
        "names": await staff_names(connection, {id_ for id_ in people if id_}),
    }


def _standing(context: Context, order: Order, progress: Progress | None, *, partly: bool) -> dict[str, Any]:
    """Return what follows from how an order stands: what may be done with it now, and words for it."""
    return {
        "partly": partly,
        "steps": steps_of(
            order, partly_shipped=partly, sent_back=progress is not None and progress.is_sent_back
        ),
        "may_pack": after(order.state, Step.PACK) is not None,
        "may_unpack": after(order.state, Step.UNPACK) is not None,
        "may_readdress": may_readdress(order),
        "whereabouts": whereabouts_of(order),
        "tracking_digest": tracking_digest,
        "may_deliver": after(order.state, Step.DELIVER) is not None,
        "may_cancel": after(order.state, Step.CANCEL, partly_shipped=partly) is not None,
        "late": is_late(
            order, known_shop(context), today(context.settings.timezone), zone=context.settings.timezone
        ),
        "state_word": state_word(order, progress),
        "payment_word": payment_word(order, progress),
        "return_states": RETURN_STATES,
        "return_tones": RETURN_TONES,
        "wishes": WISHES,
        "return_reasons": REASONS,
        "address": address_of(order),
        "public_link": link_shown(context, order.id),
        "has_invoice": order.state not in (OrderState.PLACED, OrderState.CANCELLED),
        "was_paid": order.payment_state == PaymentState.PAID,
    }


routes: list[BaseRoute] = [
    *list_pages.routes,
    *new_pages.routes,
    *sales_pages.routes,
    *bulk_pages.routes,
    *order_actions.routes(_order),
    *desk_pages.routes(_order),
    StaffRoute("/orders/{id}", _order, role="agent"),
    *return_pages.routes,
    *carrier_pages.routes,
]
