"""What will not be sent of an order: the units go back to their shelves, the money to the customer."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from safar.channels.actions import queue_many
from safar.journal.actions import append_many
from safar.kernel import clock
from safar.kernel.database import Connection, as_json, execute, rows
from safar.kernel.i18n import number
from safar.kernel.ids import derived_id
from safar.kernel.once import Asked, check_same
from safar.kernel.refusals import refusing
from safar.orders.changes import event_of, lock_orders, unchanged, write_changes
from safar.orders.errors import NotNow
from safar.orders.model import Order, OrderLine, OrderState
from safar.orders.reading import goods_of, order_lines_of
from safar.orders.way import Step, after
from safar.payments.books.credits import money_back_of, purses_of
from safar.returns.decide import Rest, rest_of
from safar.returns.errors import NothingSent, TooManyGivenUp
from safar.returns.letters import given_up_letter
from safar.returns.money import delivery_worth, paid_for, returned_share
from safar.returns.reading import QUERIES, credited_units, kin
from safar.returns.receive import delivery_is_back
from safar.shipments.decide import TooMany
from safar.shipments.errors import NothingToShip
from safar.shipments.model import OrderMoved
from safar.stock.restock import CameBack, of_order, restock_many

REFUND_REASON = "given_up"


@dataclass(frozen=True, slots=True)
class GiveUp:
    """These units of an order will not be sent; `give_up_id` is the idempotency key.

    `units` by line; None: all that is still to go. `reason` is told to the customer. `with_shipping`: what
    sending had cost goes back, too. `link`: the order's page.
    """

    give_up_id: UUID
    order_id: UUID
    staff_id: UUID
    link: str
    reason: str
    units: tuple[tuple[UUID, int], ...] | None = None
    with_shipping: bool = False

    @property
    def asked(self) -> Asked:
        """The request as it is told from another one under its id."""
        units = None if self.units is None else sorted([str(id_), count] for id_, count in self.units)
        return Asked(self.give_up_id, [self.order_id, self.reason, units, self.with_shipping])


@dataclass(frozen=True, slots=True)
class GivenUp:
    """What was given up of an order; `refund_minor` goes back, `waived_minor` need not be paid any more."""

    id: UUID
    order_id: UUID
    reason: str
    refund_minor: int
    waived_minor: int
    staff_id: UUID
    at: datetime


async def given_up_of(connection: Connection, order_id: UUID) -> list[GivenUp]:
    """Return what was given up of an order, the oldest first."""
    return await rows(GivenUp, connection, QUERIES["given_up"], {"order_ids": [order_id], "ids": []})


@refusing
async def give_up_many(connection: Connection, give_ups: Sequence[GiveUp]) -> list[OrderMoved]:
    """Give up what is still to go of orders, or some of it.

    Nothing of it may have left. The order is SHIPPED when nothing is to go any more. Writes order.given_up
    and order.shipped, and the mail that tells. Raises NothingToShip, TooManyGivenUp, NothingSent (all of an
    order is cancelled instead), NotNow, SameKeyOtherBody.
    """
    ids = {give_up.order_id for give_up in give_ups}
    locked = await lock_orders(connection, ids | await kin(connection, ids))
    known_ids = await check_same(
        connection, QUERIES["same_given_up"], [give_up.asked for give_up in give_ups]
    )
    outcomes = []
    for give_up in give_ups:
        order = locked.get(give_up.order_id)
        if order is None:
            outcomes.append(OrderMoved(give_up.order_id, None))
            continue
        if give_up.give_up_id in known_ids:
            outcomes.append(OrderMoved(give_up.order_id, order.state, done=True))
            continue
        known_ids.add(give_up.give_up_id)
        state = await _give_up(connection, give_up, order)
        locked = {**locked, **await lock_orders(connection, [order.id])}
        outcomes.append(OrderMoved(give_up.order_id, state, done=True, changed=True))
    return outcomes


async def _give_up(connection: Connection, give_up: GiveUp, order: Order) -> str:
    lines = (await order_lines_of(connection, [order.id]))[order.id]
    goods = (await goods_of(connection, [order.id]))[order.id]
    rest = rest_of(lines, goods, give_up.units)
    if rest is None:
        raise NothingToShip
    if isinstance(rest, TooMany):
        title = next((line.title for line in lines if line.variant_id == rest.variant_id), "–")
        raise TooManyGivenUp(title=title, left=number(rest.left))
    if rest.last and not any(line.shipped for line in goods):
        raise NothingSent
    state = after(order.state, Step.SHIP if rest.last else Step.SHIP_PART)
    if state is None:
        raise NotNow
    refunded, waived = await _money(connection, give_up, order, lines, rest)
    await _write(connection, give_up, order, rest, (refunded, waived))
    titles = {line.variant_id: line.customer_title for line in lines}
    letter = given_up_letter(
        order,
        give_up.give_up_id,
        [(units, titles[id_]) for id_, units in rest.lines.items()],
        give_up.link,
        reason=give_up.reason,
        refund_minor=refunded,
        waived_minor=waived,
    )
    await queue_many(connection, [letter])
    properties = {
        "reason": give_up.reason,
        "quantity": sum(rest.lines.values()),
        "amount_minor": refunded + waived,
        "currency": order.currency,
        "lines": [list(line) for line in rest.lines.items()],
    }
    await append_many(connection, [event_of("order.given_up", order, properties, staff_id=give_up.staff_id)])
    if state != order.state:
        change = unchanged(order)
        change.state = state
        if state == OrderState.SHIPPED:
            change.events = (event_of("order.shipped", order, {}, staff_id=give_up.staff_id),)
        await write_changes(connection, {order.id: change}, clock.now())
    return state


async def _money(
    connection: Connection, give_up: GiveUp, order: Order, lines: Sequence[OrderLine], rest: Rest
) -> tuple[int, int]:
    """Ask the money for these units to go back, or not to be paid; return how much of each."""
    credited = (await credited_units(connection, [order.id]))[order.id]
    goods_minor = 0
    for line in lines:
        units = rest.lines.get(line.variant_id, 0)
        before = credited.get(line.variant_id, 0) + line.given_up
        whole = returned_share(paid_for(line, tax_included=order.tax_included), line.quantity, before, units)
        missing, of = rest.shares.get(line.variant_id, (1, 1))
        goods_minor += whole * missing // of
    purse = (await purses_of(connection, [order.id]))[order.id]
    goods_minor = min(goods_minor, purse.total_minor)
    delivery_minor = delivery_worth(order, purse.total_minor - goods_minor) if give_up.with_shipping else 0
    back = await money_back_of(
        connection,
        purse,
        goods_minor + delivery_minor,
        key=give_up.give_up_id,
        reason=REFUND_REASON,
        staff_id=give_up.staff_id,
    )
    if delivery_minor:
        await delivery_is_back(connection, order, delivery_minor)
    return back.refunded_minor, back.waived_minor


async def _write(
    connection: Connection, give_up: GiveUp, order: Order, rest: Rest, amounts: tuple[int, int]
) -> None:
    """Write it down and put the units back where they came from."""
    refund_minor, waived_minor = amounts
    params = {
        "id": give_up.give_up_id,
        "order_id": order.id,
        "reason": give_up.reason,
        "refund_minor": refund_minor,
        "waived_minor": waived_minor,
        "staff_id": give_up.staff_id,
        "now": clock.now(),
        "fingerprint": give_up.asked.fingerprint,
        "lines": as_json([{"variant_id": id_, "quantity": units} for id_, units in rest.lines.items()]),
        "goods": as_json(
            [{"variant_id": id_, "location_id": at, "quantity": n} for (id_, at), n in rest.goods.items()]
        ),
    }
    await execute(connection, QUERIES["give_up"], params)
    await execute(connection, QUERIES["forget_given_up_goods"], {"order_id": order.id})
    handled = [
        of_order(
            derived_id("given up", give_up.give_up_id, variant_id, location_id),
            variant_id,
            location_id,
            units,
            CameBack.NOT_SENT,
            order_number=order.number,
            staff_id=give_up.staff_id,
        )
        for (variant_id, location_id), units in rest.goods.items()
    ]
    await restock_many(connection, handled)
