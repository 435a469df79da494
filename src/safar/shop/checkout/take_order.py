"""Taking an order: placed, its payment started, and told how it stands then."""

from typing import Any
from uuid import UUID

from safar.kernel.context import Context
from safar.orders.links import path_of, path_to_pay
from safar.orders.model import OrderRequest, OrderState, Taken
from safar.orders.place import buy_many, place_many
from safar.orders.reading import orders_by_id
from safar.payments.books.names import CASH
from safar.payments.errors import WayNotOffered
from safar.payments.registry import KINDS
from safar.payments.start import pay
from safar.payments.ways import serves, total_minor_max, total_minor_step, ways_of
from safar.shop.checkout.errors import OrderCancelled, PaymentDeclined

_LANES = 2  # an order takes about as long to decide as to write


def path_after(context: Context, order_id: UUID, provider: str) -> str:
    """Return where a customer goes after ordering: to the provider's page, else to the order's."""
    kind = KINDS.get(provider)
    return path_to_pay(context, order_id) if kind and kind.has_page else path_of(context, order_id)


async def take_order(context: Context, request: OrderRequest) -> Taken:
    """Take one order: at once when it is paid on delivery, else placed, paid and settled.

    It may be cancelled by then: see `is_kept`. Raises one of orders.errors.REFUSALS when it is not taken, and
    WayNotOffered for a new order by a way that is switched off, or not for its currency or country.
    """
    await _set_way(context, request)
    if request.provider == CASH:
        return await context.batched(buy_many, request, lanes=_LANES)
    return await pay(context, await context.batched(place_many, request, lanes=_LANES))


def is_kept(taken: Taken) -> bool:
    return taken.state != OrderState.CANCELLED


def not_kept(taken: Taken) -> PaymentDeclined | OrderCancelled:
    """Return what to tell a customer whose order was taken and has been cancelled since."""
    return PaymentDeclined() if taken.reason == "payment_declined" else OrderCancelled()


def taken_json(taken: Taken, url: str) -> dict[str, Any]:
    """Return an order that was taken, for programs: `total_minor` in minor units of `currency`."""
    return {
        "order": taken.order_id,
        "number": taken.number,
        "state": taken.state,
        "payment_state": taken.payment_state,
        "total_minor": taken.total_minor,
        "currency": taken.currency,
        "url": url,
    }


async def _set_way(context: Context, request: OrderRequest) -> None:
    """Set what the way to pay allows; refuse one that is not offered."""
    way = (await ways_of(context)).get(request.provider)
    currency, own = request.currency or context.settings.currency, context.settings.currency
    if way is not None and serves(way, currency, request.country):
        request.total_minor_max = total_minor_max(way, currency, own)
        request.total_minor_step = total_minor_step(way, currency)
        return
    async with context.database.connection() as connection:
        known = await orders_by_id(connection, [request.order_id])
    if not known:  # else the same key is answered the same again
        raise WayNotOffered
