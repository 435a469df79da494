"""The page of an order, for whoever has its signed link."""

from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from safar.kernel.errors import BadRequest, NotFound
from safar.kernel.web.pages import context_of, page
from safar.shop.model import OrderState
from safar.shop.orders import lines_of, orders_by_id
from safar.shop.show import PAYMENT_STATES, money_note, next_of, steps_of

_SIGNED_CHARACTERS_MAX = 200


async def _order(request: Request) -> Response:
    context = context_of(request)
    order_id = _order_id(request)
    async with context.database.connection() as connection:
        order = (await orders_by_id(connection, [order_id])).get(order_id)
        lines = (await lines_of(connection, [order_id]))[order_id]
    if order is None:
        raise NotFound
    values = {
        "order": order,
        "lines": lines,
        "steps": steps_of(order),
        "next": next_of(order),
        "money_note": money_note(order),
        "payment": PAYMENT_STATES,
        "cancelled": order.state == OrderState.CANCELLED,
        "waiting": order.state == OrderState.PLACED,
    }
    return page(request, "shop/order.html", values)


def _order_id(request: Request) -> UUID:
    """Return the order of a signed link. Raises NotFound for a forged one."""
    signed = request.path_params["signed"]
    if len(signed) > _SIGNED_CHARACTERS_MAX:
        raise NotFound
    try:
        return UUID(context_of(request).vault.unsign("order", signed))
    except (BadRequest, ValueError):
        raise NotFound from None


routes: list[BaseRoute] = [Route("/orders/{signed}", _order)]
