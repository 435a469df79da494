"""Packing, shipping, delivering, closing. Plural, idempotent, under the lock of the order."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from safar.channels.actions import queue_many
from safar.channels.model import Outgoing
from safar.kernel import clock
from safar.kernel.database import Connection, as_json, execute
from safar.kernel.i18n import number
from safar.kernel.ids import derived_id
from safar.kernel.once import check_same
from safar.kernel.refusals import refusing
from safar.orders.changes import OrderChange, event_of, lock_orders, unchanged, write_changes
from safar.orders.model import Goods, Order, OrderState, PaymentState
from safar.orders.reading import goods_of
from safar.orders.way import Step, after, is_partly_shipped
from safar.shipments.decide import Parcel, TooMany, is_over, parcel_of, tracking_link
from safar.shipments.errors import MoreThanOrdered, NothingToShip
from safar.shipments.letters import shipment_letter
from safar.shipments.model import OrderDelivery, OrderMoved, Pack, Shipment, Shipping
from safar.shipments.picking import behind
from safar.shipments.reading import QUERIES, carriers, shipments_by_id
from safar.stock import actions as stock
from safar.stock.model import Place

# The event of each state that shipments bring an order to.
_REACHED = {
    OrderState.PACKED: "order.packed",
    OrderState.SHIPPED: "order.shipped",
    OrderState.DELIVERED: "order.delivered",
    OrderState.CLOSED: "order.closed",
}


async def pack_many(connection: Connection, packs: Sequence[Pack]) -> list[OrderMoved]:
    """Write down that orders are packed. Writes order.packed."""
    asked = {pack.order_id: pack for pack in packs}
    orders = await lock_orders(connection, asked)
    changes = {}
    for order in orders.values():
        if (state := after(order.state, Step.PACK)) is not None:
            changes[order.id] = _to(order, state, {}, asked[order.id].staff_id)
    await write_changes(connection, changes, clock.now())
    return [_advanced(pack.order_id, orders, changes, OrderState.PACKED) for pack in packs]


async def unpack(connection: Connection, pack: Pack) -> OrderMoved:
    """Take back that an order is packed. Writes order.unpacked."""
    orders, changes = await lock_orders(connection, [pack.order_id]), {}
    for order in orders.values():
        if (state := after(order.state, Step.UNPACK)) is not None:
            change = changes[order.id] = unchanged(order)
            change.state = state
            change.events = (event_of("order.unpacked", order, {}, staff_id=pack.staff_id),)
    await write_changes(connection, changes, clock.now())
    return _advanced(pack.order_id, orders, changes, OrderState.CONFIRMED)


@refusing
async def ship_many(connection: Connection, shippings: Sequence[Shipping]) -> list[OrderMoved]:
    """Let goods leave: the parcel is written, the units go to the customer, who is told by mail.

    The order is SHIPPED when nothing of it is still to go. Writes shipment.sent, and order.shipped with the
    last parcel. Raises NothingToShip, MoreThanOrdered, stock's NotThere (the units have not come in yet) and
    PastDate (they have expired), SameKeyOtherBody.
    """
    now = clock.now()
    asked = {shipping.shipment_id: shipping for shipping in reversed(shippings)}
    orders = await lock_orders(connection, {shipping.order_id for shipping in shippings})
    known = await shipments_by_id(connection, asked)
    await check_same(connection, QUERIES["same_shipments"], [shipping.asked for shipping in shippings])
    goods = await goods_of(connection, orders)
    templates = {carrier.name: carrier.tracking_url for carrier in await carriers(connection)}
    changes: dict[UUID, OrderChange] = {}
    sent: list[tuple[Shipping, Parcel, str]] = []
    for shipping in asked.values():
        order = orders.get(shipping.order_id)
        if order is None or shipping.shipment_id in known or after(order.state, Step.SHIP) is None:
            continue
        parcel = _parcel(shipping, goods[order.id])
        link = tracking_link(templates.get(shipping.carrier, ""), shipping.tracking_code)
        sent.append((shipping, parcel, link))
        goods[order.id] = _less(goods[order.id], parcel.taken)
        state = after(order.state, Step.SHIP if parcel.last else Step.SHIP_PART)
        assert state is not None
        before = changes[order.id].events if order.id in changes else ()
        change = _to(order, state, {}, shipping.staff_id) if parcel.last else unchanged(order)
        change.events = (*before, _sent_event(order, shipping, parcel), *change.events)
        changes[order.id] = change
    await _write_parcels(connection, sent, now)
    letters = [_letter(orders[s.order_id], s, parcel, link, goods) for s, parcel, link in sent]
    await queue_many(connection, letters)
    others = await behind(
        connection, [(s.order_id, v, s.location_id) for s, parcel, _link in sent for v in parcel.units]
    )
    moves = [move for s, parcel, _link in sent for move in _moves(orders, s, parcel, others)]
    await stock.ship_stock_many(connection, moves)
    await write_changes(connection, changes, now)
    written = {shipping.shipment_id for shipping, _parcel, _link in sent}
    return [_shipped(s, orders, changes, written, known) for s in shippings]


async def deliver_many(connection: Connection, deliveries: Sequence[OrderDelivery]) -> list[OrderMoved]:
    """Write down that orders have arrived; what was due on delivery is paid. Writes order.delivered."""
    now = clock.now()
    asked = {delivery.order_id: delivery for delivery in deliveries}
    orders = await lock_orders(connection, asked)
    changes = {}
    for order in orders.values():
        if (state := after(order.state, Step.DELIVER)) is None:
            continue
        changes[order.id] = _to(order, state, {}, asked[order.id].staff_id)
        if order.payment_state == PaymentState.DUE:
            changes[order.id].payment_state = PaymentState.PAID
    await execute(connection, QUERIES["shipments_delivered"], {"ids": list(changes), "now": now})
    await write_changes(connection, changes, now)
    return [_advanced(delivery.order_id, orders, changes, OrderState.DELIVERED) for delivery in deliveries]


async def close_many(
    connection: Connection, order_ids: Sequence[UUID], *, days: int, way_days: int
) -> list[OrderMoved]:
    """Close orders of which nothing comes back any more. Writes order.closed; see `decide.is_over`.

    One that nobody marked delivered has no time of delivery then, and its event says `counted`.
    """
    orders, now = await lock_orders(connection, order_ids), clock.now()
    changes = {
        order.id: _to(order, state, {} if order.delivered_at else {"counted": True}, None)
        for order in orders.values()
        if (state := after(order.state, Step.CLOSE)) is not None
        and is_over(order, days, way_days, now, connection.zone)
    }
    await write_changes(connection, changes, now)
    return [_advanced(id_, orders, changes, OrderState.CLOSED) for id_ in order_ids]


def _parcel(shipping: Shipping, goods: Sequence[Goods]) -> Parcel:
    parcel = parcel_of(goods, shipping.location_id, shipping.units)
    if parcel is None:
        raise NothingToShip
    if isinstance(parcel, TooMany):
        title = next((piece.title for piece in goods if piece.variant_id == parcel.variant_id), "–")
        raise MoreThanOrdered(title=title, left=number(parcel.left))
    return parcel


def _less(goods: Sequence[Goods], taken: Mapping[Place, int]) -> list[Goods]:
    return [
        replace(piece, shipped=piece.shipped + taken.get((piece.variant_id, piece.location_id), 0))
        for piece in goods
    ]


async def _write_parcels(
    connection: Connection, sent: Sequence[tuple[Shipping, Parcel, str]], now: datetime
) -> None:
    if not sent:
        return
    shipments = [
        {
            "id": s.shipment_id,
            "order_id": s.order_id,
            "location_id": s.location_id,
            "carrier": s.carrier,
            "tracking_code": s.tracking_code,
            "tracking_url": link,
            "staff_id": s.staff_id,
            "fingerprint": s.asked.fingerprint.hex(),
        }
        for s, _parcel, link in sent
    ]
    goods = [
        {
            "shipment_id": s.shipment_id,
            "order_id": s.order_id,
            "location_id": location_id,
            "variant_id": variant_id,
            "quantity": quantity,
        }
        for s, parcel, _link in sent
        for (variant_id, location_id), quantity in parcel.taken.items()
    ]
    params = {"shipments": as_json(shipments), "goods": as_json(goods), "now": now}
    await execute(connection, QUERIES["insert_shipments"], params)


def _moves(
    orders: Mapping[UUID, Order],
    shipping: Shipping,
    parcel: Parcel,
    others: Mapping[tuple[UUID, UUID, UUID], int],
) -> list[stock.Shipped]:
    return [
        stock.Shipped(
            move_id=derived_id("shipped", shipping.shipment_id, variant_id, location_id),
            variant_id=variant_id,
            location_id=location_id,
            quantity=quantity,
            document=f"order {orders[shipping.order_id].number}",
            staff_id=shipping.staff_id,
            behind=others.get((shipping.order_id, variant_id, shipping.location_id), 0),
        )
        for (variant_id, location_id), quantity in parcel.taken.items()
    ]


def _letter(
    order: Order, shipping: Shipping, parcel: Parcel, link: str, goods: Mapping[UUID, Sequence[Goods]]
) -> Outgoing:
    titles = {piece.variant_id: piece.customer_title or piece.title for piece in goods[order.id]}
    lines = [(quantity, titles[variant_id]) for variant_id, quantity in parcel.units.items()]
    in_parts = not parcel.last or len({piece.shelf_id for piece in goods[order.id]}) > 1
    rest_is_to_come = not parcel.last and is_partly_shipped(goods[order.id])
    return shipment_letter(
        order, shipping, lines, tracking_url=link, in_parts=in_parts, more_to_come=rest_is_to_come
    )


def _to(order: Order, state: OrderState, properties: Mapping[str, Any], staff_id: UUID | None) -> OrderChange:
    change = unchanged(order)
    change.state = state
    change.events = (event_of(_REACHED[state], order, properties, staff_id=staff_id),)
    return change


def _sent_event(order: Order, shipping: Shipping, parcel: Parcel) -> Any:
    properties = {
        "shipment_id": shipping.shipment_id,
        "carrier": shipping.carrier,
        "tracking_code": shipping.tracking_code,
        "quantity": sum(parcel.units.values()),
        "lines": [[*place, units] for place, units in parcel.taken.items()],
    }
    return event_of("shipment.sent", order, properties, staff_id=shipping.staff_id)


def _advanced(
    order_id: UUID, orders: Mapping[UUID, Order], changes: Mapping[UUID, OrderChange], wanted: OrderState
) -> OrderMoved:
    order = orders.get(order_id)
    if order is None:
        return OrderMoved(order_id, None)
    if order_id in changes:
        return OrderMoved(order_id, changes[order_id].state, done=True, changed=True)
    return OrderMoved(order_id, order.state, done=order.state == wanted)


def _shipped(
    shipping: Shipping,
    orders: Mapping[UUID, Order],
    changes: Mapping[UUID, OrderChange],
    written: set[UUID],
    known: Mapping[UUID, Shipment],
) -> OrderMoved:
    order = orders.get(shipping.order_id)
    if order is None:
        return OrderMoved(shipping.order_id, None)
    state = changes[order.id].state if order.id in changes else order.state
    if shipping.shipment_id in written:
        return OrderMoved(order.id, state, done=True, changed=True)
    # Asked for all that is still to go, of an order that has left: so it has.
    all_gone = shipping.units is None and state == OrderState.SHIPPED
    return OrderMoved(order.id, state, done=shipping.shipment_id in known or all_gone)
