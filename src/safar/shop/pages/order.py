"""The page of an order, for whoever has its signed link: how it stands, its documents, cancelling it."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from safar.cart.cookie import cart_of
from safar.customers.visitor import visitor_of
from safar.kernel import clock
from safar.kernel.errors import NotFound
from safar.kernel.i18n import _
from safar.kernel.ids import new_id
from safar.kernel.web.access import PublicRoute
from safar.kernel.web.forms import read_fields
from safar.kernel.web.pages import context_of, error_text, page, wants_json
from safar.kernel.web.requests import see_other
from safar.orders.address import address_of, billing_lines
from safar.orders.cancel import Cancellation
from safar.orders.errors import NotNow, OnItsWay
from safar.orders.links import order_link, path_of
from safar.orders.model import Goods, Order, OrderLine, OrderState, PaymentState
from safar.orders.opening import Opened, opened, opened_whole
from safar.orders.reading import goods_of, order_lines_of, orders_by_id, something_left
from safar.orders.show import awaited_words, money_note, next_step_text, steps_of, sums_of
from safar.orders.way import Step, after, is_partly_shipped
from safar.owner.reading import shop_of
from safar.payments.books.names import TOLD
from safar.payments.refunds import refund_cancelled
from safar.payments.show import Box, box
from safar.pricing.rules import rules_of
from safar.returns import public as return_public
from safar.returns.cancel_order import cancel_with_exchanges_many
from safar.returns.decide import within_window
from safar.returns.give_up import GivenUp, given_up_of
from safar.returns.model import Return, ReturnLine
from safar.returns.reading import Origin, Progress, exchanged_from, progress_of, return_lines_of, returns_of
from safar.returns.request import can_return
from safar.returns.show import REASONS, RETURN_STATES, RETURN_TONES, WISHES, payment_word
from safar.shipments.model import Sent, Shipment
from safar.shipments.prints import invoice_of, pdf_response
from safar.shipments.reading import sent_in, shipments_of
from safar.shipments.show import expected_of
from safar.shop.pages.chat import ChatLine, chat_of

_THANKED_FOR = timedelta(hours=1)
_UNPAID = ("payment_declined", "payment_unfinished", "cancelled_by_customer")
_WITH_INVOICE = frozenset(OrderState) - {OrderState.PLACED, OrderState.CANCELLED}


@dataclass(frozen=True, slots=True)
class _Found:
    """An order with everything that its page tells."""

    order: Order
    lines: list[OrderLine]
    goods: list[Goods]
    shipments: list[Shipment]
    content: dict[UUID, list[Sent]]
    returns: list[Return]
    return_lines: dict[UUID, list[ReturnLine]]
    returnable: dict[UUID, int]
    origin: Origin | None
    given_up: list[GivenUp]
    chat: list[ChatLine]
    progress: Progress | None


async def _order(request: Request) -> Response:
    return await order_page(request, await opened(request))


async def order_page(
    request: Request, order_: Opened, *, problem: str | None = None, status: int = 200
) -> Response:
    """Show how an order stands, its parcels, returns and money, and what can be done with it."""
    context = context_of(request)
    view = await _find(request, order_.order_id)
    order, whole = view.order, order_.whole
    partly = is_partly_shipped(view.goods)
    sent_back = view.progress is not None and view.progress.is_sent_back
    settings = context.settings
    shop = await shop_of(context)
    days, way_days = shop.return_days, settings.delivery_days_max
    window = within_window(order, days, way_days, clock.now(), settings.timezone)
    cancelled = order.state == OrderState.CANCELLED
    payment = await box(context, order)
    values = {
        "order": order,
        "lines": view.lines,
        "sums": sums_of(order, view.lines),
        "problem": problem,
        "signed": request.path_params["signed"],
        "whole": whole,
        "payment": payment,
        "steps": steps_of(order, partly_shipped=partly, sent_back=sent_back),
        "next": next_step_text(order, partly_shipped=partly, sent_back=sent_back),
        "expected": expected_of(order, shop, await rules_of(context), zone=context.settings.timezone),
        "money_note": money_note(
            order,
            came_minor=payment.came_minor,
            back_minor=payment.back_minor,
            return_state=view.origin.state if view.origin else None,
        ),
        "payment_word": awaited_words(order) or payment_word(order, view.progress),
        "cancelled": cancelled,
        "waiting": order.state == OrderState.PLACED,
        "address": address_of(order),
        "billing": billing_lines(order) if order.billing else "",
        "shown": {line.variant_id: line.customer_title for line in view.lines},
        "thanks": whole and not cancelled and clock.now() - order.placed_at < _THANKED_FOR,
        "told": _told(order, payment),
        "pays_otherwise": whole and _may_pay_otherwise(request, order),
        "may_cancel": whole
        and after(order.state, Step.CANCEL_BY_CUSTOMER, partly_shipped=partly) is not None,
        "was_paid": order.payment_state == PaymentState.PAID,
        "may_return": whole and window and any(view.returnable.values()),
        "return_days": shop.return_days,
        "has_invoice": whole and order.state in _WITH_INVOICE,
        "shipments": [(shipment, view.content[shipment.id]) for shipment in view.shipments],
        "returns": [(return_, view.return_lines[return_.id]) for return_ in view.returns],
        "exchanges": {
            return_.id: path_of(context, return_.exchange_order_id)
            for return_ in view.returns
            if return_.exchange_order_id
        },
        "origin": view.origin,
        "given_up": view.given_up,
        "origin_path": path_of(context, view.origin.order_id) if view.origin else "",
        "return_states": RETURN_STATES,
        "return_tones": RETURN_TONES,
        "wishes": WISHES,
        "return_reasons": REASONS,
        "chat": view.chat,
        "chat_id": new_id(),
    }
    return page(request, "shop/order.html", values, status=status)


def _told(order: Order, payment: Box) -> str:
    """Return what the mail tells that goes to the customer now, "" while none does."""
    if payment.open and payment.provider in TOLD:
        return _("We’ve e-mailed the payment details to %(address)s.", address=order.email)
    if order.state == OrderState.CONFIRMED:
        return _("We’ve e-mailed a confirmation to %(address)s.", address=order.email)
    return ""


def _may_pay_otherwise(request: Request, order: Order) -> bool:
    """Tell whether this browser can order the same again to pay in another way: it still has the cart."""
    cart = cart_of(request)
    mine = cart is not None and cart.cart_id == order.cart_id and cart.units == 0
    return mine and (order.state == OrderState.PLACED or order.reason in _UNPAID)


async def _state(request: Request) -> Response:
    """Tell a page that waits for the money whether there is something new on it."""
    order_id = (await opened(request)).order_id
    async with context_of(request).database.connection() as connection:
        order = (await orders_by_id(connection, [order_id])).get(order_id)
    if order is None:
        raise NotFound
    return JSONResponse({"state": order.state, "payment_state": order.payment_state})


async def _find(request: Request, order_id: UUID) -> _Found:
    async with context_of(request).database.connection() as connection:
        order = (await orders_by_id(connection, [order_id])).get(order_id)
        if order is None:
            raise NotFound
        shipments = (await shipments_of(connection, [order_id]))[order_id]
        returns = (await returns_of(connection, [order_id]))[order_id]
        return _Found(
            order=order,
            lines=(await order_lines_of(connection, [order_id]))[order_id],
            goods=(await goods_of(connection, [order_id]))[order_id],
            shipments=shipments,
            content=await sent_in(connection, [shipment.id for shipment in shipments]),
            returns=returns,
            return_lines=await return_lines_of(connection, [return_.id for return_ in returns]),
            returnable=await can_return(connection, order_id) if shipments else {},
            origin=await exchanged_from(connection, order_id),
            given_up=await given_up_of(connection, order_id),
            chat=await chat_of(connection, visitor_of(request).visitor_id),
            progress=(await progress_of(connection, [order_id])).get(order_id),
        )


async def _cancel(request: Request) -> Response:
    """Cancel an order that is not packed yet; what was paid goes back at once."""
    context, order_ = context_of(request), await opened_whole(request)
    order_id, fields = order_.order_id, await read_fields(request)
    link = order_link(context, order_id)
    cancellation = Cancellation(order_id, link, "cancelled_by_customer", may_still_arrive=True)
    standing = await context.batched(cancel_with_exchanges_many, cancellation)
    if standing.state is None:
        raise NotFound
    if standing.state != OrderState.CANCELLED:
        refused = OnItsWay() if await something_left(context, order_id) else NotNow()
        if wants_json(request):
            raise refused
        return await order_page(request, order_, problem=error_text(refused), status=refused.status)
    if standing.changed and standing.payment_state == PaymentState.OWED:
        await refund_cancelled(context, order_id)
    if fields.values.get("then") == "checkout":
        return see_other("/checkout")
    return see_other(path_of(context, order_id))


async def _invoice(request: Request) -> Response:
    context, order_id = context_of(request), (await opened_whole(request)).order_id
    async with context.database.connection() as connection:
        order = (await orders_by_id(connection, [order_id])).get(order_id)
    if order is None or order.state not in _WITH_INVOICE:
        raise NotFound
    return pdf_response(await invoice_of(context, order), f"{order.number}.pdf")


async def _order_to_change(request: Request) -> UUID:
    return (await opened_whole(request)).order_id


routes: list[BaseRoute] = [
    PublicRoute("/orders/{signed}", _order, why="whoever has the signed link"),
    PublicRoute(
        "/orders/{signed}/cancellation", _cancel, why="whoever has the signed link", methods=["POST"]
    ),
    PublicRoute("/orders/{signed}/state", _state, why="whoever has the signed link"),
    PublicRoute("/orders/{signed}/invoice.pdf", _invoice, why="whoever has the signed link"),
    *return_public.routes(_order_to_change),
]
