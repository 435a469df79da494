"""Returns are asked for. Plural, idempotent, under the lock of the order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from safar.channels.actions import queue_many
from safar.journal.actions import append_many
from safar.kernel import clock
from safar.kernel.database import Connection, as_json, execute
from safar.kernel.i18n import number
from safar.kernel.once import check_same
from safar.kernel.refusals import refusing
from safar.orders.changes import lock_orders
from safar.orders.model import Goods, Order, OrderLine, OrderState
from safar.orders.reading import goods_of, order_lines_of
from safar.returns.changes import return_event
from safar.returns.decide import returnable, within_window
from safar.returns.errors import MoreThanSent, NothingReturned, NotReturnable
from safar.returns.letters import return_letter
from safar.returns.model import Return, ReturnRequest, ReturnState, ReturnWish
from safar.returns.reading import QUERIES, returned_units, returns_by_id


@refusing
async def request_many(connection: Connection, requests: Sequence[ReturnRequest]) -> list[Return]:
    """Take down what customers want to send back. Writes return.requested, and the mail that tells.

    An id that was used before gets the return it made then. Raises NotReturnable (not sent yet, back
    already, too late), NothingReturned, SameKeyOtherBody.
    """
    orders = await lock_orders(connection, {request.order_id for request in requests})
    known = await returns_by_id(connection, [request.return_id for request in requests])
    await check_same(connection, QUERIES["same_returns"], [request.asked for request in requests])
    fresh = {r.return_id: r for r in reversed(requests) if r.return_id not in known}
    if fresh:
        await _check(connection, list(fresh.values()), orders)
        await _insert(connection, list(fresh.values()))
    returns = await returns_by_id(connection, [request.return_id for request in requests])
    letters, events = [], []
    for request in fresh.values():
        return_, order = returns[request.return_id], orders[request.order_id]
        letters.append(return_letter(order, return_, ReturnState.REQUESTED, request.link))
        events.append(return_event(order, return_, ReturnState.REQUESTED, staff_id=request.staff_id))
    await queue_many(connection, letters)
    await append_many(connection, events)
    return [returns[request.return_id] for request in requests]


async def can_return(connection: Connection, order_id: UUID) -> dict[UUID, int]:
    """Return how many units of each line of an order can still come back."""
    return (await _books(connection, [order_id]))[order_id].left


@dataclass(slots=True)
class _Books:
    """The lines of an order, where its goods are, and the units of its lines that come or came back."""

    lines: list[OrderLine]
    goods: list[Goods]
    returned: dict[UUID, int]

    @property
    def left(self) -> dict[UUID, int]:
        return returnable(self.lines, self.goods, self.returned)


async def _books(connection: Connection, order_ids: Sequence[UUID]) -> dict[UUID, _Books]:
    lines, goods = await order_lines_of(connection, order_ids), await goods_of(connection, order_ids)
    returned = await returned_units(connection, order_ids)
    return {id_: _Books(lines[id_], goods[id_], returned[id_]) for id_ in order_ids}


async def _check(
    connection: Connection, requests: Sequence[ReturnRequest], orders: Mapping[UUID, Order]
) -> None:
    now = clock.now()
    books = await _books(connection, list({r.order_id for r in requests if r.order_id in orders}))
    for request in requests:
        order = orders.get(request.order_id)
        if order is None or order.state == OrderState.CANCELLED:
            raise NotReturnable
        if request.staff_id is None and not within_window(
            order, request.days, request.way_days, now, connection.zone
        ):
            raise NotReturnable
        if not request.lines:
            raise NothingReturned
        book = books[order.id]
        if not any(book.left.values()):
            raise NotReturnable
        titles = {line.variant_id: line.title for line in book.lines}
        for line in request.lines:
            most = book.left.get(line.variant_id, 0)
            if not 0 < line.quantity <= most:
                raise MoreThanSent(title=titles.get(line.variant_id, "–"), left=number(most))
            book.returned[line.variant_id] = book.returned.get(line.variant_id, 0) + line.quantity


async def _insert(connection: Connection, requests: Sequence[ReturnRequest]) -> None:
    returns = [
        {
            "id": r.return_id,
            "order_id": r.order_id,
            "wish": r.wish,
            "note": r.note,
            "staff_id": r.staff_id,
            "fingerprint": r.asked.fingerprint.hex(),
        }
        for r in requests
    ]
    lines = [
        {
            "return_id": request.return_id,
            "variant_id": line.variant_id,
            "quantity": line.quantity,
            "reason": line.reason,
            "wanted_id": line.wanted_id if request.wish == ReturnWish.EXCHANGE else None,
        }
        for request in requests
        for line in request.lines
    ]
    params = {"returns": as_json(returns), "lines": as_json(lines), "now": clock.now()}
    await execute(connection, QUERIES["insert_returns"], params)
