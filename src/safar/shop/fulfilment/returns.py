"""Returns: asked for, and refused. Plural, idempotent, under the lock of the order."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from safar.channels.actions import queue_many
from safar.channels.model import Outgoing
from safar.journal.actions import append_many
from safar.journal.model import Event
from safar.kernel import clock
from safar.kernel.database import Connection, as_json, execute
from safar.kernel.i18n import number
from safar.kernel.refusals import refusing
from safar.shop.changes import event_of, lock
from safar.shop.fulfilment.decide import return_after, returnable, within_window
from safar.shop.fulfilment.errors import MoreThanSent, NothingReturned, NotReturnable
from safar.shop.fulfilment.letters import return_letter
from safar.shop.fulfilment.model import (
    Refusal,
    Return,
    ReturnLine,
    ReturnRequest,
    ReturnState,
    ReturnStep,
    Turned,
    Wish,
)
from safar.shop.fulfilment.reading import (
    QUERIES,
    return_lines_of,
    returned_units,
    returns_by_id,
)
from safar.shop.fulfilment.same import check_same
from safar.shop.model import Goods, Order, OrderLine, OrderState
from safar.shop.orders import goods_of, lines_of
from safar.shop.payments.credits import kin
from safar.shop.settle import Cancellation, cancel_many


@refusing
async def request_many(connection: Connection, requests: Sequence[ReturnRequest]) -> list[Return]:
    """Take down what customers want to send back. Writes return.requested, and the mail that tells.

    An id that was used before gets the return it made then. Raises NotReturnable (not sent yet, back
    already, too late), NothingReturned, SameKeyOtherBody.
    """
    orders = await lock(connection, {request.order_id for request in requests})
    known = await returns_by_id(connection, [request.return_id for request in requests])
    await check_same(connection, "returns", [request.asked for request in requests])
    fresh = {r.return_id: r for r in reversed(requests) if r.return_id not in known}
    if fresh:
        await _check(connection, list(fresh.values()), orders)
        await _insert(connection, list(fresh.values()))
    found = await returns_by_id(connection, [request.return_id for request in requests])
    letters, events = [], []
    for request in fresh.values():
        one, order = found[request.return_id], orders[request.order_id]
        letters.append(return_letter(order, one, ReturnState.REQUESTED, request.link))
        events.append(return_event(order, one, ReturnState.REQUESTED, staff_id=request.staff_id))
    await queue_many(connection, letters)
    await append_many(connection, events)
    return [found[request.return_id] for request in requests]


async def can_return(connection: Connection, order_id: UUID) -> dict[UUID, int]:
    """Return how many units of each line of an order can still come back."""
    return (await _books(connection, [order_id]))[order_id].left


async def refuse_many(connection: Connection, refusals: Sequence[Refusal]) -> list[Turned]:
    """Say no to returns, before they come or after; an exchange that was set aside is given up.

    Writes return.refused, and the mail that tells why.
    """
    desk = await open_desk(connection, [refusal.return_id for refusal in refusals])
    given_up = []
    for refusal in refusals:
        one = desk.take(refusal.return_id, ReturnStep.REFUSE)
        if one is None:
            continue
        changed = replace(one, state=ReturnState.REFUSED, answer=refusal.answer)
        desk.put(changed, refusal.link, staff_id=refusal.staff_id)
        if one.is_exchanged and one.exchange_order_id:
            given_up.append(
                Cancellation(
                    one.exchange_order_id, refusal.link, "cancelled_by_shop", staff_id=refusal.staff_id
                )
            )
    await desk.close(connection)
    if given_up:  # after the returns are refused: what their customers paid is for what they keep
        await cancel_many(connection, given_up)
    return [desk.outcome(refusal.return_id, ReturnState.REFUSED) for refusal in refusals]


@dataclass(slots=True)
class Desk:
    """Returns whose orders are locked, as they stand, and what a verb does to them, written at once."""

    orders: dict[UUID, Order]
    returns: dict[UUID, Return]
    lines: dict[UUID, list[ReturnLine]]
    changed: dict[UUID, Return] = field(default_factory=dict)
    letters: list[Outgoing] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)

    def take(self, return_id: UUID, step: ReturnStep) -> Return | None:
        """Return the return if `step` can be taken now."""
        one = self.changed.get(return_id) or self.returns.get(return_id)
        return one if one is not None and return_after(one.state, step) is not None else None

    def put(
        self,
        one: Return,
        link: str,
        *,
        staff_id: UUID | None,
        send_to: str = "",
        exchange: tuple[Order, str] | None = None,
        told: Mapping[str, Any] | None = None,
        due: str = "",
        silent: bool = False,
    ) -> None:
        """Change a return, tell it in the journal and, if not `silent`, to the customer."""
        order, state = self.orders[one.order_id], ReturnState(one.state)
        self.changed[one.id] = one
        self.events.append(return_event(order, one, state, staff_id=staff_id, told=told))
        if not silent:
            answer = one.answer if state in (ReturnState.APPROVED, ReturnState.REFUSED) else ""
            self.letters.append(
                return_letter(
                    order, one, state, link, answer=answer, send_to=send_to, exchange=exchange, due=due
                )
            )

    async def close(self, connection: Connection) -> None:
        """Write everything; last in the transaction."""
        if not self.changed:
            return
        records = [
            {
                "id": one.id, "state": one.state, "answer": one.answer,
                "exchange_order_id": one.exchange_order_id, "refund_id": one.refund_id,
                "refund_minor": one.refund_minor, "with_shipping": one.with_shipping,
            }
            for one in self.changed.values()
        ]  # fmt: skip
        params = {"changes": as_json(records), "now": clock.now()}
        await execute(connection, QUERIES["change_returns"], params)
        await queue_many(connection, self.letters)
        await append_many(connection, self.events)

    def outcome(self, return_id: UUID, wanted: ReturnState) -> Turned:
        one = self.changed.get(return_id) or self.returns.get(return_id)
        if one is None:
            return Turned(return_id, None)
        changed = return_id in self.changed
        return Turned(return_id, one.state, done=changed or one.state == wanted, changed=changed)


async def open_desk(connection: Connection, return_ids: Iterable[UUID]) -> Desk:
    """Lock the orders of these returns, and those whose goods or money hang together with them; read them."""
    ids = list(return_ids)
    seen = await returns_by_id(connection, ids)
    order_ids = {one.order_id for one in seen.values()}
    order_ids |= {o for r in seen.values() if (o := r.exchange_order_id)}
    orders = await lock(connection, order_ids | await kin(connection, order_ids))
    # As they stand under the lock: another may have changed them while this one waited.
    return Desk(orders, await returns_by_id(connection, ids), await return_lines_of(connection, seen))


def return_event(
    order: Order,
    one: Return,
    state: ReturnState,
    *,
    staff_id: UUID | None,
    told: Mapping[str, Any] | None = None,
) -> Event:
    properties = {"return_id": one.id, "number": one.number, "wish": one.wish, **(told or {})}
    return event_of(f"return.{state.value}", order, properties, staff_id=staff_id)


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
    lines, goods = await lines_of(connection, order_ids), await goods_of(connection, order_ids)
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
            "return_id": request.return_id, "variant_id": line.variant_id, "quantity": line.quantity,
            "reason": line.reason, "wanted_id": line.wanted_id if request.wish == Wish.EXCHANGE else None,
        }
        for request in requests
        for line in request.lines
    ]  # fmt: skip
    params = {"returns": as_json(returns), "lines": as_json(lines), "now": clock.now()}
    await execute(connection, QUERIES["insert_returns"], params)
