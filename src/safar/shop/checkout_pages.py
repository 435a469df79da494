"""Checkout on one page, and the same for programs in one request."""

from collections.abc import Mapping, Sequence
from uuid import UUID

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from safar.customers.visitor import Visitor, visitor_of
from safar.journal.actions import record_many
from safar.journal.model import Event
from safar.kernel.context import Context
from safar.kernel.errors import SafarError, SameKeyOtherBody
from safar.kernel.i18n import LANGUAGES, _, current_language, number
from safar.kernel.ids import new_id
from safar.kernel.web.forms import Fields, read_fields
from safar.kernel.web.pages import context_of, error_text, page
from safar.kernel.web.requests import see_other
from safar.shop.cart import cart_of, forget
from safar.shop.cart_lines import UNITS_MAX, lines_in_cart
from safar.shop.catalogue import variant_id_of
from safar.shop.decide import OrderRequest
from safar.shop.errors import OrderCancelled, OutOfStockError, PaymentDeclined, UnknownProduct
from safar.shop.model import Answer, CartLine, KeyReused, NotSold, OrderState, OutOfStock, Taken
from safar.shop.orders import orders_by_id
from safar.shop.pay import link_of, path_of, take_order
from safar.shop.payments import CASH, METHODS, TEST_CARD
from safar.shop.show import CartView, cart_views, total_of
from safar.stock import actions as stock

_PROVIDERS = frozenset({CASH, TEST_CARD})
_EMPTY = {"name": "", "email": "", "address": "", "provider": CASH, "method": "ok"}


async def _form(request: Request) -> Response:
    """Show the checkout; coming here is an event."""
    cart, visitor = cart_of(request), visitor_of(request)
    views = await _views(request)
    if not views or cart is None:
        return see_other("/cart")
    event = Event(
        name="checkout.started", customer_id=visitor.customer_id, campaign_id=visitor.campaign_id,
        subject_id=cart.cart_id,
    )  # fmt: skip
    await context_of(request).batched(record_many, event)
    return _page(request, views, new_id(), _EMPTY)


async def _order(request: Request) -> Response:
    """Order what is in the cart; with problems the form comes back as it was filled in."""
    context = context_of(request)
    fields = await read_fields(request)
    order_id = _uuid(fields, "order_id")
    views = await _views(request)
    if not views:
        return await _ordered_before(request, order_id)
    details = _details(fields)
    if fields.problems:
        return _page(request, views, order_id, fields.values, problems=fields.problems, status=422)
    cart = cart_of(request)
    lines = [(view.line.variant_id, view.line.quantity) for view in views]
    order = _request(
        context, visitor_of(request), order_id, lines, details, cart_id=cart.cart_id if cart else None
    )
    answer = await take_order(context, order)
    if isinstance(answer, Taken) and not _is_declined(answer):
        response = see_other(path_of(context, answer.order_id))
        forget(response)
        return response
    # What was refused before anything was written may be asked for again with the same id.
    next_id = order_id if isinstance(answer, OutOfStock | NotSold) else new_id()
    refused = _refusal(answer, [view.line for view in views])
    views = await _views(request)
    return _page(request, views, next_id, fields.values, notice=error_text(refused), status=refused.status)


async def _ordered_before(request: Request, order_id: UUID) -> Response:
    """Answer a form that was sent twice: the cart has become the order by now."""
    cart, visitor, context = cart_of(request), visitor_of(request), context_of(request)
    async with context.database.connection() as connection:
        order = (await orders_by_id(connection, [order_id])).get(order_id)
    mine = order and ((cart and order.cart_id == cart.cart_id) or order.customer_id == visitor.customer_id)
    response = see_other(path_of(context, order_id) if mine else "/cart")
    if mine:
        forget(response)
    return response


async def _buy(request: Request) -> Response:
    """Buy one variant in one request; the caller's `id` makes it safe to send again."""
    context = context_of(request)
    fields = await read_fields(request)
    order_id = _uuid(fields, "id")
    sku = fields.text("sku", length_max=64)
    quantity = fields.integer("quantity", least=1, most=UNITS_MAX)
    details = _details(fields)
    fields.done()
    lines = [(variant_id_of(sku), quantity)]
    order = _request(context, visitor_of(request), order_id, lines, details, cart_id=None)
    answer = await take_order(context, order)
    if isinstance(answer, Taken) and answer.state != OrderState.CANCELLED:
        return _json(
            {"order": answer.order_id, "number": answer.number, "state": answer.state, "url": order.link}, 201
        )
    refused = _refusal(answer, [])
    told: dict[str, object] = {"error": refused.code, "message": error_text(refused)}
    if isinstance(answer, OutOfStock):
        told["left"] = min(answer.left.values(), default=0)
    if isinstance(answer, Taken):
        told |= {"order": str(answer.order_id), "number": str(answer.number), "reason": answer.reason or ""}
    return _json(told, refused.status)


async def _views(request: Request) -> list[CartView]:
    cart = cart_of(request)
    if cart is None:
        return []
    async with context_of(request).database.connection() as connection:
        lines = await lines_in_cart(connection, cart.cart_id)
        levels = await stock.levels(connection, [line.variant_id for line in lines])
    return cart_views(lines, visitor_of(request).campaign_id, levels)


def _details(fields: Fields) -> dict[str, str]:
    """Read who orders and how it is paid; problems stay in `fields`."""
    details = {
        "name": fields.text("name", length_max=100),
        "email": fields.email("email"),
        "address": fields.text("address", length_max=500),
        "provider": fields.choice("provider", _PROVIDERS),
        "method": "",
    }
    for name in ("name", "address"):
        if "<" in details[name] or ">" in details[name]:
            fields.problems.setdefault(name, _("This has characters that cannot be used."))
    if details["provider"] == TEST_CARD:
        details["method"] = fields.choice("method", METHODS)
    language = fields.values.get("language", "")
    details["language"] = language if language in LANGUAGES else current_language()
    return details


def _request(
    context: Context,
    visitor: Visitor,
    order_id: UUID,
    lines: Sequence[tuple[UUID, int]],
    details: Mapping[str, str],
    *,
    cart_id: UUID | None,
) -> OrderRequest:
    return OrderRequest(
        order_id=order_id, customer_id=visitor.customer_id, campaign_id=visitor.campaign_id, cart_id=cart_id,
        lines=tuple(lines), link=link_of(context, order_id), hold_minutes=context.settings.hold_minutes,
        **details,
    )  # fmt: skip


def _refusal(answer: Answer, lines: Sequence[CartLine]) -> SafarError:
    """Return what to tell a customer whose order was not taken, or not kept."""
    if isinstance(answer, OutOfStock):
        titles = {line.variant_id: line.title for line in lines}
        parts = [
            f"{titles[variant_id]}: {number(left)}" if variant_id in titles else number(left)
            for variant_id, left in answer.left.items()
        ]
        return OutOfStockError(left=", ".join(parts))
    if isinstance(answer, NotSold):
        return UnknownProduct()
    if isinstance(answer, KeyReused):
        return SameKeyOtherBody()
    return PaymentDeclined() if _is_declined(answer) else OrderCancelled()


def _is_declined(answer: Taken) -> bool:
    return answer.state == OrderState.CANCELLED and answer.reason == "payment_declined"


def _uuid(fields: Fields, name: str) -> UUID:
    text = fields.text(name, length_max=36)
    try:
        return UUID(text)
    except ValueError:
        fields.problems[name] = _("This is not a request id (a UUID).")
        return new_id()


def _page(
    request: Request,
    views: Sequence[CartView],
    order_id: UUID,
    values: Mapping[str, str],
    *,
    problems: Mapping[str, str] | None = None,
    notice: str | None = None,
    status: int = 200,
) -> Response:
    lines = [view.line for view in views]
    shown = {
        "views": views,
        "total": total_of(lines),
        "currency": lines[0].currency if lines else context_of(request).settings.currency,
        "order_id": order_id,
        "typed": {**_EMPTY, **values},
        "problems": problems or {},
        "notice": notice,
        "methods": [(method, _(text)) for method, text in METHODS.items()],
        "hold_minutes": context_of(request).settings.hold_minutes,
    }
    return page(request, "shop/checkout.html", shown, status=status)


def _json(body: Mapping[str, object], status: int) -> Response:
    return Response(orjson.dumps(body), status, media_type="application/json")


routes: list[BaseRoute] = [
    Route("/checkout", _form),
    Route("/checkout", _order, methods=["POST"]),
    Route("/buy", _buy, methods=["POST"]),
]
