"""What comes back: approved, put on a shelf or written off, and paid for or exchanged."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from safar.kernel.database import Connection, as_json, execute
from safar.kernel.i18n import money, number
from safar.kernel.ids import derived_id
from safar.kernel.refusals import refusing
from safar.shop.fulfilment.errors import MoreThanSent, NothingReturned, RefundTooLarge
from safar.shop.fulfilment.exchange import Exchanged, exchange
from safar.shop.fulfilment.model import (
    Approval,
    Arrival,
    GiveBack,
    Return,
    ReturnLine,
    ReturnState,
    ReturnStep,
    Turned,
    Wish,
)
from safar.shop.fulfilment.money import shipping_paid, surplus_of, worth_of
from safar.shop.fulfilment.reading import (
    QUERIES,
    credited_units,
    return_lines_of,
    returned_goods,
    returns_of,
)
from safar.shop.fulfilment.returns import Desk, open_desk
from safar.shop.model import Order
from safar.shop.orders import goods_of, lines_of
from safar.shop.payments.model import RefundAsked, RefundRequest
from safar.shop.payments.refunds import refund_many
from safar.stock import actions as stock
from safar.stock.model import Place


@refusing
async def approve_many(connection: Connection, approvals: Sequence[Approval]) -> list[Turned]:
    """Let goods come back. For an exchange the new order is made and its units are held now, all or nothing.

    Writes return.approved, and the mail that says how to send it back. Raises NothingToExchange.
    """
    desk = await open_desk(connection, [approval.return_id for approval in approvals])
    for approval in approvals:
        one = desk.take(approval.return_id, ReturnStep.APPROVE)
        if one is None:
            continue
        new: Exchanged | None = None
        if one.wish == Wish.EXCHANGE:
            new = await exchange(connection, desk.orders[one.order_id], one, desk.lines[one.id], approval)
            one = replace(one, exchange_order_id=new.order.id, refund_minor=new.surplus_minor)
        desk.put(
            replace(one, state=ReturnState.APPROVED, answer=approval.answer), approval.link,
            staff_id=approval.staff_id, send_to=approval.send_to,
            exchange=(new.order, approval.exchange_link) if new else None,
            told={"order_number": new.order.number} if new else None,
        )  # fmt: skip
        if new:
            desk.events += new.events
    await desk.close(connection)
    return [desk.outcome(approval.return_id, ReturnState.APPROVED) for approval in approvals]


@refusing
async def receive_many(connection: Connection, arrivals: Sequence[Arrival]) -> list[Turned]:
    """Write down what has come back and where it was put: in stock, in quarantine, or as a loss.

    An exchange is done with it, and what it came cheaper goes back. Writes return.received or
    return.exchanged, and the mail that tells. Raises NothingReturned, MoreThanSent.
    """
    desk = await open_desk(connection, [arrival.return_id for arrival in arrivals])
    moves: list[stock.Transfer] = []
    for arrival in arrivals:
        one = desk.take(arrival.return_id, ReturnStep.RECEIVE)
        if one is None:
            continue
        order = desk.orders[one.order_id]
        received = {line.variant_id: 0 for line in desk.lines[one.id]} | dict(arrival.lines)
        await _check_arrival(connection, order, arrival, desk.lines[one.id])
        await _write_arrival(connection, arrival, received)
        moves += _moves(order, one, arrival)
        exchanged = one.exchange_order_id is not None
        state = ReturnState.EXCHANGED if exchanged else ReturnState.RECEIVED
        changed = replace(one, state=state)
        if exchanged and one.refund_minor:
            changed = await _give_surplus(connection, desk, changed, received, arrival.staff_id)
        desk.put(changed, arrival.link, staff_id=arrival.staff_id, told={"quantity": sum(received.values())})
    await stock.transfer_many(connection, moves)
    await desk.close(connection)
    return [desk.outcome(arrival.return_id, ReturnState.RECEIVED) for arrival in arrivals]


@refusing
async def refund_return_many(connection: Connection, gifts: Sequence[GiveBack]) -> list[Turned]:
    """Ask for money to go back for returns that are here. Writes return.refunded.

    The customer is told by the payments room when the money has gone. Raises RefundTooLarge.
    """
    desk = await open_desk(connection, [gift.return_id for gift in gifts])
    for gift in gifts:
        one = desk.take(gift.return_id, ReturnStep.REFUND)
        if one is None:
            continue
        most = await worth(connection, desk.orders[one.order_id], one, with_shipping=gift.with_shipping)
        amount = most if gift.amount_minor is None else gift.amount_minor
        order = desk.orders[one.order_id]
        if amount > most:
            raise RefundTooLarge(most=money(most, order.currency))
        refund_id = await _refund(connection, order, one, amount, gift.staff_id) if amount else None
        changed = replace(
            one, state=ReturnState.REFUNDED, refund_id=refund_id, refund_minor=amount,
            with_shipping=gift.with_shipping,
        )  # fmt: skip
        told = {"total_minor": amount, "currency": order.currency}
        desk.put(changed, gift.link, staff_id=gift.staff_id, told=told, silent=True)
    await desk.close(connection)
    return [desk.outcome(gift.return_id, ReturnState.REFUNDED) for gift in gifts]


async def worth(connection: Connection, order: Order, one: Return, *, with_shipping: bool) -> int:
    """Return what a return that is here comes to: its lines and, once an order, what sending it had cost."""
    lines = (await lines_of(connection, [order.id]))[order.id]
    credited = (await credited_units(connection, [order.id]))[order.id]
    coming = (await return_lines_of(connection, [one.id]))[one.id]
    received = {line.variant_id: line.received or 0 for line in coming}
    amount = worth_of(order, lines, received, credited)
    if with_shipping:
        others = (await returns_of(connection, [order.id]))[order.id]
        if not any(other.with_shipping for other in others if other.id != one.id):
            amount += shipping_paid(order, lines)
    return amount


async def _check_arrival(
    connection: Connection, order: Order, arrival: Arrival, lines: Sequence[ReturnLine]
) -> None:
    """Never more comes back than was asked for, nor of any article than has left."""
    if not arrival.goods or not any(units for _id, units in arrival.lines):
        raise NothingReturned
    asked = {line.variant_id: line for line in lines}
    for variant_id, units in arrival.lines:
        line = asked.get(variant_id)
        if line is None or not 0 <= units <= line.quantity:
            title = line.title if line else "–"
            raise MoreThanSent(title=title, left=number(line.quantity if line else 0))
    goods = (await goods_of(connection, [order.id]))[order.id]
    back = (await returned_goods(connection, [order.id]))[order.id]
    left = {one.variant_id: -back.get(one.variant_id, 0) for one in goods}
    for one in goods:
        left[one.variant_id] += one.shipped
    titles = {one.variant_id: one.title for one in goods}
    for came in arrival.goods:
        most = left.get(came.variant_id, 0)
        if came.quantity > most:
            raise MoreThanSent(title=titles.get(came.variant_id, "–"), left=number(max(most, 0)))
        left[came.variant_id] = most - came.quantity


async def _write_arrival(connection: Connection, arrival: Arrival, received: Mapping[UUID, int]) -> None:
    params = {
        "goods": as_json([
            {"return_id": arrival.return_id, "variant_id": v, "location_id": at, "quantity": units}
            for (v, at), units in _by_place(arrival).items()
        ]),
        "lines": as_json([
            {"return_id": arrival.return_id, "variant_id": v, "received": units}
            for v, units in received.items()
        ]),
    }  # fmt: skip
    await execute(connection, QUERIES["write_arrivals"], params)


def _moves(order: Order, one: Return, arrival: Arrival) -> list[stock.Transfer]:
    return [
        stock.Transfer(
            move_id=derived_id("returned", one.id, variant_id, location_id), variant_id=variant_id,
            from_location_id=stock.CUSTOMER, to_location_id=location_id, quantity=quantity,
            reason="return", document=f"order {order.number}", staff_id=arrival.staff_id,
        )
        for (variant_id, location_id), quantity in _by_place(arrival).items()
    ]  # fmt: skip


def _by_place(arrival: Arrival) -> dict[Place, int]:
    units: dict[Place, int] = {}
    for came in arrival.goods:
        place = (came.variant_id, came.location_id)
        units[place] = units.get(place, 0) + came.quantity
    return units


async def _give_surplus(
    connection: Connection, desk: Desk, one: Return, received: Mapping[UUID, int], staff_id: UUID
) -> Return:
    """Give back what an exchange came cheaper, for as much of it as has come back."""
    asked = sum(line.quantity for line in desk.lines[one.id])
    amount = surplus_of(one.refund_minor, asked, sum(received.values()))
    if not amount:
        return replace(one, refund_minor=0)
    refund_id = await _refund(connection, desk.orders[one.order_id], one, amount, staff_id)
    return replace(one, refund_id=refund_id, refund_minor=amount)


async def _refund(
    connection: Connection, order: Order, one: Return, amount_minor: int, staff_id: UUID
) -> UUID:
    refund_id = derived_id("refund", one.id)
    request = RefundRequest(refund_id, order.id, amount_minor, f"return {one.number}", staff_id)
    (answer,) = await refund_many(connection, [request])
    if not isinstance(answer, RefundAsked):
        raise RefundTooLarge(most=money(getattr(answer, "refundable_minor", 0), order.currency))
    return refund_id
