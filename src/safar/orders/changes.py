"""A change of an order: collected for each of a batch, then written for all of them at once."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from safar.channels.actions import queue_many
from safar.channels.model import Outgoing
from safar.journal.actions import append_many
from safar.journal.model import Event
from safar.kernel.database import Connection, as_json, execute, rows
from safar.kernel.i18n import speaking
from safar.orders.address import address_of
from safar.orders.mail import MailedOrder, mail_of
from safar.orders.model import Goods, Order, OrderLine, PaymentState
from safar.orders.reading import QUERIES, goods_of, order_lines_of


@dataclass(frozen=True, slots=True)
class OrderStanding:
    """How an order stands after a verb; `changed`: it was this call that changed it. State None: no order."""

    order_id: UUID
    state: str | None
    payment_state: str | None = None
    reason: str | None = None
    changed: bool = False


@dataclass(slots=True)
class OrderChange:
    """What a verb does to one order, collected before it is written for all at once.

    `credit_minor`: what paid for it and goes back, now or when what it was exchanged for is here.
    """

    order: Order
    state: str
    payment_state: str
    reason: str | None
    hold_id: UUID
    payment_reason: str | None
    reference: str | None = None
    link: str = ""
    mail: str | None = None
    events: tuple[Event, ...] = ()
    credit_minor: int = 0


async def lock_orders(connection: Connection, ids: Iterable[UUID]) -> dict[UUID, Order]:
    orders = await rows(Order, connection, QUERIES["lock_orders"], {"ids": list(ids)})
    return {order.id: order for order in orders}


def unchanged(order: Order, *, payment_state: PaymentState | None = None) -> OrderChange:
    return OrderChange(
        order,
        order.state,
        payment_state or order.payment_state,
        order.reason,
        order.hold_id,
        order.payment_reason,
    )


async def write_changes(connection: Connection, changes: Mapping[UUID, OrderChange], now: datetime) -> None:
    """Write orders and payments, then mails and events, for all changes at once."""
    if not changes:
        return
    orders = [
        {"id": id_, "state": change.state, "reason": change.reason, "hold_id": change.hold_id}
        for id_, change in changes.items()
    ]
    payments = [
        {"order_id": id_, "state": c.payment_state, "reason": c.payment_reason, "reference": c.reference}
        for id_, c in changes.items()
    ]
    await execute(connection, QUERIES["change_orders"], {"changes": as_json(orders), "now": now})
    await execute(connection, QUERIES["change_payments"], {"changes": as_json(payments), "now": now})
    sold = [change.order for change in changes.values() if change.mail == "confirmed"]
    lines = await order_lines_of(connection, [order.id for order in sold]) if sold else {}
    await queue_many(connection, [_mail(c, lines.get(id_, [])) for id_, c in changes.items() if c.mail])
    events = [event for change in changes.values() for event in change.events]
    goods = await goods_of(connection, [order.id for order in sold]) if sold else {}
    events += [_confirmed_event(order, goods[order.id]) for order in sold]
    await append_many(connection, events)


def _mail(change: OrderChange, lines: Sequence[OrderLine]) -> Outgoing:
    order = change.order
    with speaking(order.language):
        address = address_of(order)
    about = MailedOrder(
        order_id=order.id,
        number=order.number,
        customer_id=order.customer_id,
        campaign_id=order.campaign_id,
        name=order.name,
        email=order.email,
        address=address,
        language=order.language,
        total_minor=order.total_minor,
        currency=order.currency,
        payment_state=change.payment_state,
        reason=change.reason,
        link=change.link,
        lines=[(line.quantity, line.customer_title, line.price_minor, line.image or "") for line in lines],
        discount_minor=order.discount_minor,
        shipping_minor=order.shipping_minor,
        tax_minor=order.tax_minor,
        tax_included=order.tax_included,
        promised_on=order.promised_on,
        proven=order.proven,
        credit_minor=change.credit_minor,
    )
    return mail_of(change.mail or "", about)


def _confirmed_event(order: Order, taken: Sequence[Goods]) -> Event:
    goods = [[goods.variant_id, goods.location_id, goods.quantity] for goods in taken]
    properties = {"total_minor": order.total_minor, "currency": order.currency, "provider": order.provider}
    return event_of("order.confirmed", order, {**properties, "lines": goods})


def event_of(
    name: str, order: Order, properties: Mapping[str, Any], *, staff_id: UUID | None = None
) -> Event:
    return Event(
        name=name,
        customer_id=order.customer_id,
        campaign_id=order.campaign_id,
        staff_id=staff_id,
        subject_id=order.id,
        properties=properties,
    )


def standings(
    ids: Sequence[UUID], orders: Mapping[UUID, Order], changes: Mapping[UUID, OrderChange]
) -> list[OrderStanding]:
    answered: set[UUID] = set()
    standings = []
    for id_ in ids:
        order, change = orders.get(id_), changes.get(id_)
        if order is None:
            standings.append(OrderStanding(id_, None))
        elif change is None:
            standings.append(OrderStanding(id_, order.state, order.payment_state, order.reason))
        else:
            first = id_ not in answered
            standings.append(
                OrderStanding(id_, change.state, change.payment_state, change.reason, changed=first)
            )
        answered.add(id_)
    return standings
