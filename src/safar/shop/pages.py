"""The shop's pages for staff: orders, one order, the catalogue. The shelves are in `stock_pages`."""

from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from safar.customers.actions import cards
from safar.kernel.errors import NotFound
from safar.kernel.i18n import _
from safar.kernel.ids import parse_id
from safar.kernel.money import Money, minor_of
from safar.kernel.text import ascii_digits
from safar.kernel.web.actor import actor_of
from safar.kernel.web.forms import read_fields
from safar.kernel.web.pages import context_of, error_text, page
from safar.kernel.web.requests import see_other
from safar.shop import stock_pages
from safar.shop.catalogue import find_variants, set_price, variants_by_id
from safar.shop.errors import NotNow, UnknownProduct
from safar.shop.model import OrderState
from safar.shop.orders import lines_of, list_orders, order_of_number, orders_by_id
from safar.shop.pay import give_back, link_of
from safar.shop.settle import Advance, Cancellation, Standing, advance_many, cancel_many
from safar.shop.show import PAYMENT_STATES, STATES, category_name, money_note, steps_of

_PAGE_SIZE = 50
_PRICE_MINOR_MAX = 10**11


async def _orders(request: Request) -> Response:
    """Show orders, newest first; a number in the search goes straight to its order."""
    actor_of(request)
    wanted = ascii_digits(request.query_params.get("q", "").strip())
    state = request.query_params.get("state")
    state = state if state in STATES else None
    before = _whole(request.query_params.get("before"))
    async with context_of(request).database.connection() as connection:
        if (number := _whole(wanted)) and (order_id := await order_of_number(connection, number)):
            return see_other(f"/orders/{order_id}")
        found = await list_orders(connection, state=state, before=before, limit=_PAGE_SIZE + 1)
    shown = found[:_PAGE_SIZE]
    older = None
    if len(found) > _PAGE_SIZE:
        older = f"?{request.url.include_query_params(before=shown[-1].number).query}"
    values = {
        "orders": shown, "state": state, "states": STATES, "payments": PAYMENT_STATES, "older": older,
        "first": before is None, "missed": wanted,
    }  # fmt: skip
    return page(request, "shop/console_orders.html", values)


async def _order(request: Request) -> Response:
    return await _order_page(request, parse_id(request.path_params["id"]))


async def _order_page(
    request: Request, order_id: UUID, *, problem: str | None = None, status: int = 200
) -> Response:
    actor = actor_of(request)
    context = context_of(request)
    async with context.database.connection() as connection:
        order = (await orders_by_id(connection, [order_id])).get(order_id)
        if order is None:
            raise NotFound
        lines = (await lines_of(connection, [order_id]))[order_id]
        customer = (await cards(connection, [order.customer_id])).get(order.customer_id)
    values = {
        "order": order, "lines": lines, "customer": customer, "steps": steps_of(order),
        "money_note": money_note(order), "states": STATES, "payments": PAYMENT_STATES, "problem": problem,
        "public_link": link_of(context, order_id), "may_cancel": actor.may("manager"),
    }  # fmt: skip
    return page(request, "shop/console_order.html", values, status=status)


async def _ship(request: Request) -> Response:
    return await _advance(request, OrderState.SHIPPED)


async def _deliver(request: Request) -> Response:
    return await _advance(request, OrderState.DELIVERED)


async def _advance(request: Request, to: OrderState) -> Response:
    actor, context = actor_of(request), context_of(request)
    order_id = parse_id(request.path_params["id"])
    advance = Advance(order_id, link_of(context, order_id), to, actor.id)
    standing = await context.batched(advance_many, advance)
    return await _after(request, standing, done=standing.changed or standing.state == to)


async def _cancel(request: Request) -> Response:
    """Cancel an order that was not shipped; what was paid goes back at once."""
    actor, context = actor_of(request, "manager"), context_of(request)
    order_id = parse_id(request.path_params["id"])
    cancellation = Cancellation(
        order_id, link_of(context, order_id), "cancelled_by_shop", may_still_arrive=True, staff_id=actor.id
    )
    standing = await context.batched(cancel_many, cancellation)
    if standing.changed and standing.payment_state == "owed":
        async with context.database.connection() as connection:
            order = (await orders_by_id(connection, [order_id]))[order_id]
        await give_back(context, order_id, order.provider)
    return await _after(request, standing, done=standing.state == OrderState.CANCELLED)


async def _after(request: Request, standing: Standing, *, done: bool) -> Response:
    if standing.state is None:
        raise NotFound
    if not done:
        refused = NotNow()
        return await _order_page(
            request, standing.order_id, problem=error_text(refused), status=refused.status
        )  # fmt: skip
    return see_other(f"/orders/{standing.order_id}")


async def _catalogue(request: Request) -> Response:
    return await _catalogue_page(request)


async def _catalogue_page(
    request: Request, *, wrong: UUID | None = None, typed: str = "", problem: str | None = None
) -> Response:
    actor = actor_of(request)
    query = request.query_params.get("q", "").strip()[:100]
    after = request.query_params.get("after", "")[:64]
    async with context_of(request).database.connection() as connection:
        found = await find_variants(
            connection, query, after=after if after.isprintable() else "", limit=_PAGE_SIZE + 1
        )
        shown = found[:_PAGE_SIZE]
        if wrong and wrong not in {variant.id for variant in shown}:
            shown = [*(await variants_by_id(connection, [wrong])).values(), *shown]
    older = None
    if len(found) > _PAGE_SIZE:
        older = f"?{request.url.include_query_params(after=found[_PAGE_SIZE - 1].sku).query}"
    values: dict[str, Any] = {
        "variants": [(variant, _plain(variant.price_minor, variant.currency)) for variant in shown],
        "query": query, "older": older, "first": not after, "may_price": actor.may("manager"),
        "category_name": category_name, "wrong": wrong, "typed": typed, "problem": problem,
        "public_url": context_of(request).settings.public_url,
    }  # fmt: skip
    return page(request, "shop/console_catalogue.html", values, status=422 if problem else 200)


async def _price(request: Request) -> Response:
    """Change a price, given in major units with a point or a comma."""
    actor, context = actor_of(request, "manager"), context_of(request)
    variant_id = parse_id(request.path_params["id"])
    fields = await read_fields(request)
    text = fields.text("price", length_max=20)
    async with context.database.transaction() as connection:
        variant = (await variants_by_id(connection, [variant_id])).get(variant_id)
        if variant is None:
            raise UnknownProduct
        price_minor = None if fields.problems else _minor(text, variant.currency)
        if price_minor is not None:
            await set_price(connection, variant_id, price_minor, staff_id=actor.id)
    if price_minor is None:
        problem = fields.problems.get("price") or _("A price such as 4.95, not below zero.")
        return await _catalogue_page(request, wrong=variant_id, typed=text, problem=problem)
    return see_other(f"/catalogue?q={variant.sku}")


def _minor(text: str, currency: str) -> int | None:
    try:
        amount = Decimal(ascii_digits(text).replace("٫", ".").replace(",", "."))
    except InvalidOperation:
        return None
    if not amount.is_finite() or amount < 0 or amount > _PRICE_MINOR_MAX:
        return None
    minor = minor_of(amount, currency)
    return minor if Money(minor, currency).major() == amount else None


def _plain(minor: int, currency: str) -> str:
    return f"{Money(minor, currency).major():f}"


def _whole(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else None


routes: list[BaseRoute] = [
    Route("/orders", _orders),
    Route("/orders/{id}", _order),
    Route("/orders/{id}/shipped", _ship, methods=["POST"]),
    Route("/orders/{id}/delivered", _deliver, methods=["POST"]),
    Route("/orders/{id}/cancelled", _cancel, methods=["POST"]),
    Route("/catalogue", _catalogue),
    Route("/catalogue/{id}/price", _price, methods=["POST"]),
    *stock_pages.routes,
]
