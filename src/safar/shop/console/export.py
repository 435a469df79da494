"""Orders as a file: those that the list shows, a row each, with what a bookkeeper asks of them."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import date
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from safar.journal.actions import append_many
from safar.journal.model import Event
from safar.kernel.clock import today
from safar.kernel.context import Context
from safar.kernel.database import Connection
from safar.kernel.i18n import N_, _
from safar.kernel.keyset import cut
from safar.kernel.money import Money
from safar.kernel.web.actor import actor_of
from safar.kernel.web.csv_answer import Row, csv_answer, csv_moment
from safar.kernel.web.pages import context_of, today_of
from safar.orders.model import Order, OrderState, PaymentState
from safar.orders.reading import order_lines_of
from safar.orders.words import PAYMENT_STATES, STATES
from safar.owner.reading import shop_of
from safar.payments.books.reading import accounts_of
from safar.payments.registry import KINDS
from safar.shipments.reading import shipments_of
from safar.shop.console.channel import channel_of
from safar.shop.console.filters import order_search_of
from safar.shop.console.find import OrderSearch, find_orders

_ROWS_READ = 200
COLUMNS = (
    N_("Order"), N_("Ordered"), N_("State"), N_("Payment"), N_("Paid by"), N_("Sold through"), N_("Name"),
    N_("E-mail"), N_("Phone"), N_("Address"), N_("Postcode"), N_("City"), N_("Country"), N_("Items"),
    N_("Subtotal"), N_("Discount"), N_("Delivery"), N_("Tax"), N_("Total"), N_("Refunded"), N_("Currency"),
    N_("Discount code"), N_("Carrier"), N_("Tracking code"),
)  # fmt: skip


async def orders_csv(request: Request) -> Response:
    """Send the orders that the list would show, all pages of it."""
    context, wanted = context_of(request), order_search_of(request)
    ship_days = (await shop_of(context)).ship_days
    await note_export(context, "orders", actor_of(request).id)
    header = [_(name) for name in COLUMNS]
    pages = _pages(context, wanted, ship_days=ship_days, on=today_of(request))
    return csv_answer(f"orders-{today(context.settings.timezone)}", pages, header=header)


async def note_export(context: Context, what: str, staff_id: UUID) -> None:
    """Write down who took a list of orders or sales away. Writes orders.exported."""
    event = Event(name="orders.exported", staff_id=staff_id, properties={"list": what})
    async with context.database.transaction() as connection:
        await append_many(connection, [event])


async def _pages(
    context: Context, wanted: OrderSearch, *, ship_days: int, on: date
) -> AsyncIterator[Sequence[Row]]:
    zone, before = context.settings.timezone, wanted.before
    while True:
        async with context.database.connection() as connection:
            orders = await find_orders(
                connection,
                replace(wanted, before=before),
                ship_days=ship_days,
                today=on,
                zone=zone,
                limit=_ROWS_READ + 1,
            )
            shown, last = cut(orders, _ROWS_READ)
            yield await _rows(connection, shown, zone)
        if last is None:
            return
        before = last.number


async def _rows(connection: Connection, orders: Sequence[Order], zone: str) -> list[Row]:
    ids = [order.id for order in orders]
    lines = await order_lines_of(connection, ids)
    accounts = await accounts_of(connection, ids)
    shipments = await shipments_of(connection, ids)
    rows: list[Row] = []
    for order in orders:
        parcels = shipments[order.id]
        kind = KINDS.get(order.provider)
        rows.append(
            [
                order.number,
                csv_moment(order.placed_at, zone),
                _(STATES[OrderState(order.state)]),
                _(PAYMENT_STATES[PaymentState(order.payment_state)]),
                _(kind.label) if kind else order.provider,
                _(channel_of(order)),
                order.name,
                order.email,
                order.phone,
                order.address,
                order.postcode,
                order.city,
                order.country,
                sum(line.quantity - line.given_up for line in lines[order.id]),
                *(
                    Money(minor, order.currency).major()
                    for minor in (
                        order.subtotal_minor,
                        order.discount_minor,
                        order.shipping_minor,
                        order.tax_minor,
                        order.total_minor,
                        accounts[order.id].refunded_minor,
                    )
                ),
                order.currency,
                order.discount_code,
                ", ".join(dict.fromkeys(parcel.carrier for parcel in parcels if parcel.carrier)),
                ", ".join(parcel.tracking_code for parcel in parcels if parcel.tracking_code),
            ]
        )
    return rows
