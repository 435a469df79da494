"""What was paid for goods goes where the goods go: through exchanges, returns and cancellations."""

from random import Random
from uuid import UUID

import pytest

from safar.kernel.context import Context
from safar.kernel.database import value
from safar.kernel.ids import new_id
from safar.orders.cancel import Cancellation
from safar.orders.model import OrderState
from safar.orders.reading import order_lines_of, orders_by_id
from safar.returns.cancel_order import cancel_with_exchanges_many
from safar.returns.errors import NotReturnable
from safar.returns.exchange import exchange_id
from safar.returns.model import (
    Approval,
    Arrived,
    AskedLine,
    Refusal,
    ReturnArrival,
    ReturnRefund,
    ReturnRequest,
)
from safar.returns.money import shipping_paid, worth_of
from safar.returns.reading import return_lines_of, returns_by_id, returns_of
from safar.returns.receive import approve_many, receive_returns_many, refund_return_many
from safar.returns.refuse import refuse_many
from safar.returns.request import can_return, request_many
from safar.shipments.actions import deliver_many, ship_many
from safar.shipments.model import OrderDelivery, Shipping
from safar.stock.model import MAIN
from tests.stage.books import books_agree
from tests.stage.orders import LINK, SAM, bought, delivered, order_of
from tests.stage.prices import code, deliver, tax
from tests.stage.shop import CLOCK, MUG, receive

pytestmark = pytest.mark.finding("goods-A")


class Counter:
    """Staff at the returns desk."""

    def __init__(self, context: Context) -> None:
        self.context = context

    async def ask(self, order_id: UUID, variant_id: UUID, units: int, instead: UUID | None = None) -> UUID:
        """Take a return down and approve it; `instead`: for an exchange."""
        line = AskedLine(variant_id, units, "broken", instead)
        wish = "exchange" if instead else "refund"
        request = ReturnRequest(new_id(), order_id, (line,), wish, 30, LINK, staff_id=SAM)
        await self.context.batched(request_many, request)
        await self.context.batched(approve_many, Approval(request.return_id, SAM, LINK, "new"))
        return request.return_id

    async def take(self, return_id: UUID, variant_id: UUID, units: int) -> None:
        goods = (Arrived(variant_id, MAIN, units),)
        arrival = ReturnArrival(return_id, SAM, LINK, ((variant_id, units),), goods)
        await self.context.batched(receive_returns_many, arrival)

    async def pay_back(self, return_id: UUID, *, with_shipping: bool = False) -> None:
        await self.context.batched(refund_return_many, ReturnRefund(return_id, SAM, LINK, with_shipping))

    async def send(self, order_id: UUID) -> None:
        await self.context.batched(ship_many, Shipping(new_id(), order_id, MAIN, LINK, staff_id=SAM))
        await self.context.batched(deliver_many, OrderDelivery(order_id, SAM))

    async def cancel(self, order_id: UUID, *, staff: bool = True) -> None:
        reason = "cancelled_by_shop" if staff else "cancelled_by_customer"
        asked = Cancellation(order_id, LINK, reason, staff_id=SAM if staff else None)  # type: ignore[arg-type]
        assert (await self.context.batched(cancel_with_exchanges_many, asked)).state == OrderState.CANCELLED

    async def state(self, return_id: UUID) -> str:
        async with self.context.database.connection() as connection:
            return (await returns_by_id(connection, [return_id]))[return_id].state

    async def back(self) -> int:
        """Return all the money that goes back."""
        async with self.context.database.connection() as connection:
            found = await value(connection, "SELECT coalesce(sum(amount_minor), 0)::bigint FROM refunds")
        return int(found)


@pytest.fixture
def counter(context: Context) -> Counter:
    return Counter(context)


async def test_goods_got_by_a_dearer_exchange_are_worth_all_that_was_paid(
    context: Context, counter: Counter
) -> None:
    order_id = await delivered(context, (CLOCK, 1))
    first = await counter.ask(order_id, CLOCK, 1, MUG)
    await counter.take(first, CLOCK, 1)
    new_id_ = exchange_id(first)
    new = await order_of(context.database, new_id_)
    assert (new.total_minor, new.credit_minor, new.discount_minor) == (120, 375, 0)
    await counter.send(new_id_)
    second = await counter.ask(new_id_, MUG, 1)
    await counter.take(second, MUG, 1)
    await counter.pay_back(second)
    async with context.database.connection() as connection:
        found = await connection.execute("SELECT order_id, amount_minor FROM refunds")
        parts: dict[UUID, int] = dict(await found.fetchall())
    assert parts == {order_id: 375, new_id_: 120}, "each part goes back where it was paid"


@pytest.mark.finding("security-low-returns")
async def test_the_same_size_again_keeps_its_worth(context: Context, counter: Counter) -> None:
    order_id = await delivered(context, (MUG, 2))
    first = await counter.ask(order_id, MUG, 2, MUG)
    await counter.take(first, MUG, 2)
    await counter.send(exchange_id(first))
    second = await counter.ask(exchange_id(first), MUG, 1, MUG)
    await counter.take(second, MUG, 1)
    await counter.send(exchange_id(second))
    third = await counter.ask(exchange_id(second), MUG, 1)
    await counter.take(third, MUG, 1)
    await counter.pay_back(third)
    assert await counter.back() == 495
    with pytest.raises(NotReturnable):
        await counter.ask(exchange_id(second), MUG, 1)


@pytest.mark.parametrize("by_staff", [True, False])
async def test_a_cancelled_exchange_gives_back_what_was_paid_for_what_is_here(
    context: Context, counter: Counter, by_staff: bool
) -> None:
    order_id = await delivered(context, (MUG, 2))
    return_id = await counter.ask(order_id, MUG, 2, CLOCK)
    await counter.take(return_id, MUG, 2)
    assert await counter.back() == 2 * 120, "what it came cheaper"
    await counter.cancel(exchange_id(return_id), staff=by_staff)
    assert await counter.back() == 2 * 495
    assert await counter.state(return_id) == "refunded"
    async with context.database.connection() as connection:
        body = await value(
            connection, "SELECT body FROM messages WHERE subject LIKE '%%has been cancelled' ORDER BY at DESC"
        )
    assert "£7.50" in body
    await books_agree(context.database)


async def test_an_exchange_that_is_cancelled_before_the_goods_are_here_becomes_a_return_for_money(
    context: Context, counter: Counter
) -> None:
    order_id = await delivered(context, (MUG, 1))
    return_id = await counter.ask(order_id, MUG, 1, MUG)
    await counter.cancel(exchange_id(return_id), staff=False)
    assert (await counter.back(), await counter.state(return_id)) == (0, "approved")
    await counter.take(return_id, MUG, 1)
    assert await counter.state(return_id) == "received"
    await counter.pay_back(return_id)
    assert await counter.back() == 495


async def test_a_refused_exchange_leaves_the_money_with_the_goods_that_the_customer_keeps(
    context: Context, counter: Counter
) -> None:
    order_id = await delivered(context, (MUG, 1))
    return_id = await counter.ask(order_id, MUG, 1, MUG)
    await context.batched(refuse_many, Refusal(return_id, SAM, LINK, "It never came"))
    assert await counter.back() == 0
    again = await counter.ask(order_id, MUG, 1)
    await counter.take(again, MUG, 1)
    await counter.pay_back(again)
    assert await counter.back() == 495


async def test_what_does_not_come_back_is_paid_on_delivery(context: Context, counter: Counter) -> None:
    order_id = await delivered(context, (MUG, 2))
    return_id = await counter.ask(order_id, MUG, 2, MUG)
    await counter.take(return_id, MUG, 1)
    new = await order_of(context.database, exchange_id(return_id))
    assert (new.total_minor, new.credit_minor) == (495, 495)


async def test_an_order_that_is_not_paid_yet_gives_no_money_and_asks_for_less(
    context: Context, counter: Counter
) -> None:
    order_id = await bought(context, (MUG, 2))
    await context.batched(ship_many, Shipping(new_id(), order_id, MAIN, LINK, staff_id=SAM))
    return_id = await counter.ask(order_id, MUG, 1)
    await counter.take(return_id, MUG, 1)
    await counter.pay_back(return_id)
    order = await order_of(context.database, order_id)
    assert (await counter.back(), order.total_minor, order.waived_minor) == (0, 495, 495)


@pytest.mark.finding("goods-E")
async def test_delivery_goes_back_when_it_is_asked_for_once_and_besides_the_goods(
    context: Context, counter: Counter
) -> None:
    await deliver(context.database)
    where = {"country": "GB", "postcode": "YO1 7HH", "city": "York"}
    order_id = await delivered(context, (MUG, 3), **where)
    returns = []
    for with_shipping in (False, True, True):
        returns.append(await counter.ask(order_id, MUG, 1))
        await counter.take(returns[-1], MUG, 1)
        await counter.pay_back(returns[-1], with_shipping=with_shipping)
    assert await counter.back() == 3 * 495 + 395
    async with context.database.connection() as connection:
        found = await returns_by_id(connection, returns)
    assert [found[id_].with_shipping for id_ in returns] == [False, True, False]
    assert [found[id_].refund_minor for id_ in returns] == [495, 495 + 395, 495]


@pytest.mark.parametrize("seed", range(4))
async def test_money_back_and_money_kept_are_money_paid_whatever_happens(
    context: Context, counter: Counter, seed: int
) -> None:
    chance = Random(seed)
    await receive(context.database, {"MUG": 200, "CLOCK": 200})
    await tax(context.database, "GB", 20_000, included=bool(seed % 2))
    await deliver(context.database)
    await code(context.database, "TEN", value=1337)
    where = {"country": "GB", "postcode": "YO1 7HH", "city": "York", "discount_code": "TEN"}
    family = [await delivered(context, (MUG, 3), (CLOCK, 2), **where)]
    for _step in range(9):
        order_id = chance.choice(family)
        async with context.database.connection() as connection:
            left = {v: n for v, n in (await can_return(connection, order_id)).items() if n}
        if not left:
            continue
        variant_id = chance.choice(sorted(left))
        units = chance.randint(1, left[variant_id])
        instead = chance.choice([None, MUG, CLOCK])
        return_id = await counter.ask(order_id, variant_id, units, instead)
        new_order = exchange_id(return_id)
        if chance.random() < 0.15:
            await context.batched(refuse_many, Refusal(return_id, SAM, LINK, "No"))
            continue
        cancelled = instead is not None and chance.random() < 0.2
        if cancelled:
            await counter.cancel(new_order, staff=chance.random() < 0.5)
        await counter.take(return_id, variant_id, chance.randint(1, units))
        if await counter.state(return_id) == "received":
            await counter.pay_back(return_id)
        elif chance.random() < 0.3:
            await counter.cancel(new_order)
        else:
            await counter.send(new_order)
            family.append(new_order)
    await _check(context, family)
    await books_agree(context.database)


async def _check(context: Context, family: list[UUID]) -> None:
    """What was paid and did not go back is what the goods cost that the customer has."""
    async with context.database.connection() as connection:
        paid = await value(
            connection, "SELECT sum(amount_minor)::bigint FROM payments WHERE state IN ('paid', 'refunded')"
        )
        back = await value(connection, "SELECT coalesce(sum(amount_minor), 0)::bigint FROM refunds")
        orders, lines = await orders_by_id(connection, family), await order_lines_of(connection, family)
        returns = await returns_of(connection, family)
        kept = 0
        for order_id, order in orders.items():
            gone: dict[UUID, int] = {}
            for one in returns[order_id]:
                if one.state in ("refunded", "exchanged"):
                    for line in (await return_lines_of(connection, [one.id]))[one.id]:
                        gone[line.variant_id] = gone.get(line.variant_id, 0) + (line.received or 0)
            units = {
                line.variant_id: line.quantity - gone.get(line.variant_id, 0) for line in lines[order_id]
            }
            kept += worth_of(order, lines[order_id], units, gone) + shipping_paid(order)
        open_credits = await value(
            connection,
            "SELECT count(*) FROM payments"
            " WHERE carried_minor > captured_minor + amount_minor - refunding_minor",
        )
    assert paid - back == kept
    assert open_credits == 0
