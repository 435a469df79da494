"""Checkout on one page, for guests and returning customers, and the same for programs."""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from safar.cart.actions import set_codes_many
from safar.cart.cookie import cart_of, ordered
from safar.cart.decide import CartCode
from safar.cart.reading import PricedCart
from safar.catalogue.errors import UnknownProduct
from safar.customers.visitor import visitor_of
from safar.gate.tickets.errors import Waiting
from safar.journal.actions import record_many
from safar.journal.model import Event
from safar.kernel.errors import InvalidInput, SafarError, SameKeyOtherBody
from safar.kernel.i18n import _, current_language
from safar.kernel.ids import derived_id, new_id
from safar.kernel.web.access import PublicRoute
from safar.kernel.web.forms import Fields, read_fields
from safar.kernel.web.pages import context_of, error_text, wants_json
from safar.kernel.web.requests import see_other
from safar.orders.decide import taken_of
from safar.orders.errors import (
    REFUSALS,
    CartHasChanged,
    DiscountRefused,
    NotDelivered,
    PriceChanged,
    ProveFirst,
    Refusal,
    TotalNotTaken,
)
from safar.orders.from_cart import order_of_cart
from safar.orders.links import link_shown, path_of
from safar.orders.model import Buyer, CartWanted, OrderRequest
from safar.orders.reading import order_lines_of, orders_by_id
from safar.payments.errors import WayNotOffered
from safar.shop.checkout.address_cookie import forget_delivery, keep, prefilled
from safar.shop.checkout.bill import Bill, bill_json, bill_of
from safar.shop.checkout.buyer import buyer_of
from safar.shop.checkout.cart_now import cart_now, home_of
from safar.shop.checkout.errors import CodeProofNeeded, NotInCart
from safar.shop.checkout.form import (
    Choices,
    Details,
    choices_of,
    details_of,
    order_id_of,
    order_request,
    read_order_key,
)
from safar.shop.checkout.guesses import work_before_code
from safar.shop.checkout.prove import to_prove
from safar.shop.checkout.take_order import is_kept, not_kept, path_after, take_order, taken_json
from safar.shop.pages import buy
from safar.shop.pages.checkout_page import CheckoutShown, as_json_answer, checkout_page, refused_page
from safar.storefront.currency import currency_of
from safar.storefront.newsletter import pages as newsletter
from safar.storefront.newsletter.actions import PURPOSE as NEWSLETTER

# What a cart and its price are looked at for: nothing of it was written or reported.
_REFUSED_FOR_CART = (NotDelivered, PriceChanged, DiscountRefused, TotalNotTaken, UnknownProduct)
_LOOK_FIRST = (CartHasChanged, WayNotOffered, *_REFUSED_FOR_CART)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What was sent to be ordered."""

    key: UUID
    typed: Mapping[str, str]
    choices: Choices
    details: Details
    buyer: Buyer


async def _form(request: Request) -> Response:
    """Show the checkout, filled in for a returning customer; coming here is an event."""
    cart, visitor = cart_of(request), visitor_of(request)
    basket = await cart_now(request)
    if cart is None:
        return see_other("/cart")
    if not basket.lines:
        async with context_of(request).database.connection() as connection:
            order = await order_of_cart(connection, cart.cart_id)
        return see_other(path_of(context_of(request), order.id) if order else "/cart")
    event = Event(
        name="checkout.started",
        customer_id=visitor.customer_id,
        campaign_id=visitor.campaign_id,
        subject_id=cart.cart_id,
    )
    await context_of(request).batched(record_many, event)
    typed = prefilled(request)
    choices = choices_of(Fields(typed), home=home_of(request))
    bill = await bill_of(context_of(request), basket, choices.to)
    return checkout_page(request, CheckoutShown(bill, new_id(), typed))


async def _back_to_form(_request: Request) -> Response:
    """Lead whoever reloads a recomputed page, or changes its language, to the checkout."""
    return see_other("/checkout")


async def _quote(request: Request) -> Response:
    """Compute ways and prices anew for what is filled in so far; nothing is ordered."""
    fields = await read_fields(request)
    choices = choices_of(fields, home=home_of(request))
    if wants_json(request):
        fields.done()
    basket = await _basket(request, fields, choices)
    if isinstance(basket, Response):
        return basket
    if not basket.lines:
        if wants_json(request):
            raise NotInCart
        return see_other("/cart")
    bill = await bill_of(context_of(request), basket, choices.to, choices.shipping)
    if wants_json(request):
        return as_json_answer(bill_json(bill), 200)
    # A script that recomputes parts of the page wants them also while a field is wrong.
    status = 422 if fields.problems and "hx-request" not in request.headers else 200
    key = _key(request, fields)
    return checkout_page(request, CheckoutShown(bill, key, fields.values, fields.problems, status=status))


async def _order(request: Request) -> Response:
    """Order what is in the cart; with problems the form comes back as it was filled in."""
    fields = await read_fields(request)
    key = _key(request, fields)
    choices = choices_of(fields, home=home_of(request), required=True)
    details = details_of(fields, choices.to.country)
    asked = _Asked(key, fields.values, choices, details, buyer_of(request, fields))
    if not fields.problems and (response := await _order_at_once(request, asked)) is not None:
        return response
    basket = await _basket(request, fields, choices)
    if isinstance(basket, Response):
        return basket
    if not basket.lines:
        return await _ordered_before(request, asked)
    bill = await bill_of(context_of(request), basket, choices.to, choices.shipping)
    if details.provider not in {way.provider for way in bill.ways}:
        left_out = details.provider in {way.provider for way in bill.not_for_total}
        problem = error_text(TotalNotTaken()) if left_out else _("Choose how you would like to pay.")
        fields.problems.setdefault("provider", problem)
    if fields.problems:
        if wants_json(request):
            fields.done()
        return checkout_page(request, CheckoutShown(bill, key, fields.values, fields.problems, status=422))
    refused = _refusal_before(bill, details)
    if refused is None:
        return await _take(request, bill, asked)
    if await _is_known(request, key):
        return await _ordered_before(request, asked)
    return refused_page(request, CheckoutShown(bill, key, fields.values), refused)


async def _order_at_once(request: Request, asked: _Asked) -> Response | None:
    """Order what is in the cart in the one call that takes the order; None: look at the cart first.

    Nothing was written then: there is none any more, or its customer has to see what it costs now.
    """
    if cart_of(request) is None:
        return None
    order = _order_request(request, asked, {}, currency=currency_of(request), code="")
    order.open_cart = CartWanted(asked.choices.code, titled=order.language == current_language())
    try:
        return await _taken(request, asked, order)
    except _LOOK_FIRST:
        return None


async def _take(request: Request, bill: Bill, asked: _Asked) -> Response:
    basket = bill.basket
    lines = {line.variant_id: line.quantity for line in basket.lines}
    order = _order_request(request, asked, lines, currency=basket.currency, code=basket.code)
    if order.language == current_language():
        order.titles = {line.variant_id: line.title for line in basket.lines}
    try:
        return await _taken(request, asked, order)
    except _REFUSED_FOR_CART as refusal:
        return await _not_taken(request, asked, refusal)


async def _taken(request: Request, asked: _Asked, order: OrderRequest) -> Response:
    """Take an order and lead to it. Raises what its customer has to look at first."""
    context = context_of(request)
    try:
        taken = await take_order(context, order)
    except _LOOK_FIRST:
        raise
    except REFUSALS as refusal:
        return await _not_taken(request, asked, refusal)
    if not is_kept(taken):
        return await _again(request, asked, new_id(), not_kept(taken))
    await _sign_up(request, asked, taken.order_id)
    if wants_json(request):
        response = as_json_answer(taken_json(taken, link_shown(context, taken.order_id)), 201)
    elif taken.order_id != order.order_id:  # another tab was first
        response = see_other(path_of(context, taken.order_id))
    else:
        response = see_other(path_after(context, taken.order_id, order.provider))
        keep(request, response, asked.typed)
    ordered(request, response)
    return response


async def _not_taken(request: Request, asked: _Asked, refusal: Refusal) -> Response:
    """Lead on to what comes first, or back to the form: nothing was written, so its key may ask anew."""
    if isinstance(refusal, Waiting) and not wants_json(request):
        return see_other(refusal.path)
    if isinstance(refusal, ProveFirst):
        return to_prove(request, asked.typed, refusal.bits, refusal)
    next_key = new_id() if isinstance(refusal, SameKeyOtherBody) else asked.key
    return await _again(request, asked, next_key, refusal)


async def _again(request: Request, asked: _Asked, key: UUID, refused: SafarError) -> Response:
    """Show the form again, with what the cart costs now."""
    choices = asked.choices
    bill = await bill_of(context_of(request), await cart_now(request), choices.to, choices.shipping)
    return refused_page(request, CheckoutShown(bill, key, asked.typed), refused)


async def _sign_up(request: Request, asked: _Asked, order_id: UUID) -> None:
    """Take the wish for e-mails about offers, if the box was ticked; the order stands in any case."""
    if not Fields(asked.typed).ticked("offers"):
        return
    with contextlib.suppress(SafarError):
        key = derived_id(NEWSLETTER, order_id)
        await newsletter.sign_up_from(request, key, asked.details.email, "checkout")


def _order_request(
    request: Request, asked: _Asked, lines: Mapping[UUID, int], *, currency: str, code: str
) -> OrderRequest:
    cart = cart_of(request)
    return order_request(
        context_of(request),
        visitor_of(request),
        asked.buyer,
        asked.key,
        lines=lines,
        details=asked.details,
        choices=replace(asked.choices, code=code),
        currency=currency,
        cart_id=cart.cart_id if cart else None,
    )


async def _forget(request: Request) -> Response:
    """Let the browser forget where the goods went."""
    response = see_other("/checkout")
    forget_delivery(request, response)
    return response


def _refusal_before(bill: Bill, details: Details) -> SafarError | None:
    """Return why the order is not even tried: its customer has to look at something first."""
    if bill.quote is None or (bill.other_way and details.expected_total_minor is None):
        return NotDelivered()
    if bill.code_refused is not None:
        return bill.code_refused
    expected = details.expected_total_minor
    if bill.other_way or expected not in (None, bill.quote.total_minor):
        return PriceChanged(bill.quote.total_minor, bill.quote.currency)
    return None


async def _ordered_before(request: Request, asked: _Asked) -> Response:
    """Answer a form of a cart that is not open any more: with the order that it has become."""
    context, visitor, cart = context_of(request), visitor_of(request), cart_of(request)
    order_id = order_id_of(visitor, asked.key)
    async with context.database.connection() as connection:
        order = (await orders_by_id(connection, [order_id])).get(order_id)
        if order is not None and wants_json(request):
            lines = {
                order_line.variant_id: order_line.quantity
                for order_line in (await order_lines_of(connection, [order_id]))[order_id]
            }
            again = _order_request(request, asked, lines, currency=order.currency, code=order.discount_code)
            if again.fingerprint != order.fingerprint:
                raise SameKeyOtherBody
        if order is None and cart is not None:
            order = await order_of_cart(connection, cart.cart_id)
    if order is None:
        if wants_json(request):
            raise NotInCart
        return see_other("/cart")
    if wants_json(request):
        response = as_json_answer(
            taken_json(taken_of(order, replayed=True), link_shown(context, order.id)), 201
        )
    else:
        response = see_other(path_of(context, order.id))
    ordered(request, response)
    return response


async def _is_known(request: Request, key: UUID) -> bool:
    order_id = order_id_of(visitor_of(request), key)
    async with context_of(request).database.connection() as connection:
        return bool(await orders_by_id(connection, [order_id]))


async def _basket(request: Request, fields: Fields, choices: Choices) -> PricedCart | Response:
    """Return what is in the cart; a code that was typed goes into it first, or what comes before that."""
    basket, cart = await cart_now(request), cart_of(request)
    if cart is None or not basket.lines or choices.code in (None, basket.code) or fields.problems:
        return basket
    if bits := await work_before_code(request, fields, choices.code or ""):
        if "hx-request" not in request.headers:
            return to_prove(request, fields.values, bits, CodeProofNeeded())
        fields.problems["code"] = error_text(CodeProofNeeded())  # the form itself leads to the calculation
        return basket
    wanted = CartCode(new_id(), cart.cart_id, visitor_of(request), choices.code or "")
    await context_of(request).batched(set_codes_many, wanted)
    return await cart_now(request)


def _key(request: Request, fields: Fields) -> UUID:
    """Return the order's key: of the form, or of a program by its header."""
    if key := request.headers.get("idempotency-key"):
        fields = Fields({"order_id": key, **fields.values}) if "order_id" not in fields.values else fields
    before = dict(fields.problems)
    order_key = read_order_key(fields, "order_id")
    if "order_id" in fields.problems and "order_id" not in before:
        raise InvalidInput(**fields.problems)
    return order_key


routes: list[BaseRoute] = [
    *buy.routes,
    PublicRoute("/checkout", _form, why="the cart of the signed cookie"),
    PublicRoute("/checkout", _order, why="anybody may buy", methods=["POST"]),
    PublicRoute("/checkout/quote", _back_to_form, why="leads back to the checkout"),
    PublicRoute("/checkout/quote", _quote, why="the cart of the signed cookie", methods=["POST"]),
    PublicRoute("/checkout/forget", _forget, why="takes a cookie away", methods=["POST"]),
]
