"""What comes back: approved, put on a shelf or written off, and paid for or exchanged."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from safar.kernel.database import Connection, as_json, execute
from safar.kernel.i18n import money, number
from safar.kernel.ids import derived_id
from safar.kernel.refusals import refusing
from safar.orders.model import Order
from safar.orders.reading import goods_of, order_lines_of
from safar.payments.books.credits import Purse, ask_after_all, hand_credit_back, money_back_of, purses_of
from safar.returns.changes import lock_returns
from safar.returns.errors import MoreThanSent, NothingReturned, RefundTooLarge
from safar.returns.exchange import Exchanged, exchange
from safar.returns.model import (
    Approval,
    Return,
    ReturnArrival,
    ReturnLine,
    ReturnOutcome,
    ReturnRefund,
    ReturnState,
    ReturnStep,
    ReturnWish,
)
from safar.returns.money import delivery_worth, worth_of
from safar.returns.reading import QUERIES, credited_units, return_lines_of, returned_goods
from safar.stock.model import Place
from safar.stock.restock import CameBack, Handled, of_order, restock_many


@refusing
async def approve_many(connection: Connection, approvals: Sequence[Approval]) -> list[ReturnOutcome]:
    """Let goods come back. For an exchange the new order is made and its units are held now, all or nothing.

    Writes return.approved, and the mail that says how to send it back. Raises NothingToExchange.
    """
    locked = await lock_returns(connection, [approval.return_id for approval in approvals])
    for approval in approvals:
        return_ = locked.take(approval.return_id, ReturnStep.APPROVE)
        if return_ is None:
            continue
        new: Exchanged | None = None
        if return_.wish == ReturnWish.EXCHANGE:
            new = await exchange(
                connection, locked.orders[return_.order_id], return_, locked.lines[return_.id], approval
            )
            return_ = replace(return_, exchange_order_id=new.order.id, refund_minor=new.surplus_minor)
        locked.put(
            replace(return_, state=ReturnState.APPROVED, answer=approval.answer),
            approval.link,
            staff_id=approval.staff_id,
            send_to=approval.send_to,
            exchange=(new.order, approval.exchange_link) if new else None,
            details={"order_number": new.order.number} if new else None,
        )
        if new:
            locked.events += new.events
    await locked.close(connection)
    return [locked.outcome(approval.return_id, ReturnState.APPROVED) for approval in approvals]


@refusing
async def receive_returns_many(
    connection: Connection, arrivals: Sequence[ReturnArrival]
) -> list[ReturnOutcome]:
    """Write down what has come back and where it was put: in stock, in quarantine, or as a loss.

    An exchange is done with it: what it came cheaper goes back, and what has not come is paid for. Writes
    return.received or return.exchanged, and the mail that tells. Raises NothingReturned, MoreThanSent.
    """
    locked = await lock_returns(connection, [arrival.return_id for arrival in arrivals])
    handled: list[Handled] = []
    for arrival in arrivals:
        return_ = locked.take(arrival.return_id, ReturnStep.RECEIVE)
        if return_ is None:
            continue
        order = locked.orders[return_.order_id]
        received = {line.variant_id: 0 for line in locked.lines[return_.id]} | dict(arrival.lines)
        await _check_arrival(connection, order, arrival, locked.lines[return_.id])
        await _write_arrival(connection, arrival, received)
        handled += _handled(order, return_, arrival)
        changed, short_minor = replace(return_, state=ReturnState.RECEIVED), 0
        if return_.is_exchanged:
            worth_minor = await lines_worth(connection, order, return_, received)
            changed, short_minor = await _end_exchange(connection, return_, worth_minor, arrival.staff_id)
        locked.put(
            changed,
            arrival.link,
            staff_id=arrival.staff_id,
            details={"quantity": sum(received.values())},
            due=money(short_minor, order.currency) if short_minor else "",
        )
    await restock_many(connection, handled)
    await locked.close(connection)
    return [locked.outcome(arrival.return_id, ReturnState.RECEIVED) for arrival in arrivals]


@refusing
async def refund_return_many(connection: Connection, refunds: Sequence[ReturnRefund]) -> list[ReturnOutcome]:
    """Ask for money to go back for returns that are here. Writes return.refunded.

    What was due for it on delivery is not asked for any more. The customer is told by the payments room when
    the money has gone. Raises RefundTooLarge.
    """
    locked = await lock_returns(connection, [refund.return_id for refund in refunds])
    for refund in refunds:
        return_ = locked.take(refund.return_id, ReturnStep.REFUND)
        if return_ is None:
            continue
        order = locked.orders[return_.order_id]
        purse = (await purses_of(connection, [order.id]))[order.id]
        goods_minor = await worth(connection, order, return_, purse)
        wanted = goods_minor if refund.amount_minor is None else refund.amount_minor
        if wanted > goods_minor:
            raise RefundTooLarge(most=money(goods_minor, order.currency))
        delivery_minor = 0
        if refund.with_shipping:
            delivery_minor = delivery_worth(order, purse.total_minor - wanted)
        back = await money_back_of(
            connection,
            purse,
            wanted + delivery_minor,
            key=return_.id,
            reason=f"return {return_.number}",
            staff_id=refund.staff_id,
        )
        if delivery_minor:
            locked.orders[order.id] = await delivery_is_back(connection, order, delivery_minor)
        changed = replace(
            return_,
            state=ReturnState.REFUNDED,
            refund_id=back.refund_id,
            refund_minor=back.refunded_minor,
            with_shipping=delivery_minor > 0,
        )
        details: dict[str, Any] = {"total_minor": back.refunded_minor, "currency": order.currency}
        if back.waived_minor:
            details["waived_minor"] = back.waived_minor
        locked.put(changed, refund.link, staff_id=refund.staff_id, details=details, silent=True)
    await locked.close(connection)
    return [locked.outcome(refund.return_id, ReturnState.REFUNDED) for refund in refunds]


async def worth(connection: Connection, order: Order, return_: Return, purse: Purse) -> int:
    """Return what the goods of a return that is here come to, at most the money that is left for them."""
    coming = (await return_lines_of(connection, [return_.id]))[return_.id]
    received = {line.variant_id: line.received or 0 for line in coming}
    return min(await lines_worth(connection, order, return_, received), purse.total_minor)


async def delivery_is_back(connection: Connection, order: Order, amount_minor: int) -> Order:
    """Write down that so much of what sending an order had cost goes back."""
    await execute(connection, QUERIES["delivery_is_back"], {"id": order.id, "amount": amount_minor})
    return replace(order, delivery_back_minor=order.delivery_back_minor + amount_minor)


async def lines_worth(
    connection: Connection, order: Order, return_: Return, received: Mapping[UUID, int]
) -> int:
    """Return what these units of an order's lines cost, in the shares that its other returns have left."""
    lines = (await order_lines_of(connection, [order.id]))[order.id]
    credited = (await credited_units(connection, [order.id], but=return_.id))[order.id]
    return worth_of(order, lines, received, credited)


async def _check_arrival(
    connection: Connection, order: Order, arrival: ReturnArrival, lines: Sequence[ReturnLine]
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
    left = {return_.variant_id: -back.get(return_.variant_id, 0) for return_ in goods}
    for return_ in goods:
        left[return_.variant_id] += return_.shipped
    titles = {return_.variant_id: return_.title for return_ in goods}
    for came in arrival.goods:
        most = left.get(came.variant_id, 0)
        if came.quantity > most:
            raise MoreThanSent(title=titles.get(came.variant_id, "–"), left=number(max(most, 0)))
        left[came.variant_id] = most - came.quantity


async def _write_arrival(
    connection: Connection, arrival: ReturnArrival, received: Mapping[UUID, int]
) -> None:
    params = {
        "goods": as_json(
            [
                {"return_id": arrival.return_id, "variant_id": v, "location_id": at, "quantity": units}
                for (v, at), units in _by_place(arrival).items()
            ]
        ),
        "lines": as_json(
            [
                {"return_id": arrival.return_id, "variant_id": v, "received": units}
                for v, units in received.items()
            ]
        ),
    }
    await execute(connection, QUERIES["write_arrivals"], params)


def _handled(order: Order, return_: Return, arrival: ReturnArrival) -> list[Handled]:
    return [
        of_order(
            derived_id("returned", return_.id, variant_id, location_id),
            variant_id,
            location_id,
            quantity,
            CameBack.RETURNED,
            order_number=order.number,
            staff_id=arrival.staff_id,
        )
        for (variant_id, location_id), quantity in _by_place(arrival).items()
    ]


def _by_place(arrival: ReturnArrival) -> dict[Place, int]:
    units: dict[Place, int] = {}
    for came in arrival.goods:
        place = (came.variant_id, came.location_id)
        units[place] = units.get(place, 0) + came.quantity
    return units


async def _end_exchange(
    connection: Connection, return_: Return, worth_minor: int, staff_id: UUID
) -> tuple[Return, int]:
    """Settle an exchange by what has come, which is worth so much; return what is paid on delivery after all.

    It pays for the new goods first. What is left goes back; what is missing is paid on delivery, if the new
    goods are not there and paid yet.
    """
    assert return_.exchange_order_id is not None
    purses = await purses_of(connection, [return_.order_id, return_.exchange_order_id])
    purse, new = purses[return_.order_id], purses[return_.exchange_order_id]
    changed = replace(return_, state=ReturnState.EXCHANGED, refund_minor=0)
    if worth_minor < new.credit_minor:
        short_minor = new.credit_minor - worth_minor
        await hand_credit_back(connection, new, short_minor, to=return_.order_id)
        asked = await ask_after_all(connection, return_.exchange_order_id, short_minor)
        return changed, short_minor if asked else 0
    amount = min(return_.refund_minor, worth_minor - new.credit_minor, purse.total_minor)
    reason = f"return {return_.number}"
    back = await money_back_of(connection, purse, amount, key=return_.id, reason=reason, staff_id=staff_id)
    return replace(changed, refund_id=back.refund_id, refund_minor=back.refunded_minor), 0
