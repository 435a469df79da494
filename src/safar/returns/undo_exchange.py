"""An exchange whose new order is cancelled: what paid for it goes back, now or when the goods are here."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from safar.journal.actions import append_many
from safar.kernel import clock
from safar.kernel.database import Connection, as_json, execute, rows
from safar.orders.changes import event_of
from safar.orders.model import Order
from safar.payments.books.credits import Purse, hand_credit_back, money_back_of, purses_of
from safar.returns.model import Return, ReturnState, ReturnWish
from safar.returns.reading import QUERIES


async def undo_exchanges(
    connection: Connection, orders: Sequence[Order], by: Mapping[UUID, UUID | None]
) -> dict[UUID, int]:
    """Let the returns that these cancelled orders were made for be paid back; `by`: the staff, by order.

    The goods are here: the money goes back at once, and the return is refunded. They are not: it is a return
    for money from now on. It was refused: the customer keeps the goods, and the money is for them. Returns
    what goes back, now or later, by order. Writes return.refunded.
    """
    returns = await rows(
        Return, connection, QUERIES["returns_exchanged_for"], {"ids": [o.id for o in orders]}
    )
    if not returns:
        return {}
    exchanged = {order.id: order for order in orders}
    purses = await purses_of(
        connection, [return_.exchange_order_id for return_ in returns if return_.exchange_order_id]
    )
    changed, events, amounts = [], [], {}
    for return_ in returns:
        assert return_.exchange_order_id is not None
        order = exchanged[return_.exchange_order_id]
        purse = _credits_of(purses[order.id])
        if return_.state != ReturnState.REFUSED:
            amounts[order.id] = purse.total_minor
        if return_.state != ReturnState.EXCHANGED:
            await hand_credit_back(connection, purse, purse.total_minor, to=return_.order_id)
            changed.append(replace(return_, wish=ReturnWish.REFUND, refund_minor=0))
            continue
        back = await money_back_of(
            connection,
            purse,
            purse.total_minor,
            key=order.id,
            reason=f"return {return_.number}",
            staff_id=by.get(order.id),
        )
        changed.append(
            replace(
                return_,
                wish=ReturnWish.REFUND,
                state=ReturnState.REFUNDED,
                refund_id=back.refund_id or return_.refund_id,
                refund_minor=return_.refund_minor + back.refunded_minor,
            )
        )
        properties = {
            "return_id": return_.id,
            "number": return_.number,
            "wish": ReturnWish.REFUND,
            "total_minor": back.refunded_minor,
            "currency": order.currency,
        }
        event = event_of("return.refunded", order, properties, staff_id=by.get(order.id))
        events.append(replace(event, subject_id=return_.order_id))
    await execute(connection, QUERIES["undo_exchanges"], _params(changed))
    await append_many(connection, events)
    return amounts


def _credits_of(purse: Purse) -> Purse:
    """Return the money behind an order without what is due for it: it is cancelled."""
    return replace(purse, funds=tuple(fund for fund in purse.funds if fund.order_id != purse.order_id))


def _params(changed: Sequence[Return]) -> dict[str, object]:
    records = [
        {
            "id": return_.id,
            "state": return_.state,
            "wish": return_.wish,
            "refund_id": return_.refund_id,
            "refund_minor": return_.refund_minor,
        }
        for return_ in changed
    ]
    return {"changes": as_json(records), "now": clock.now()}
