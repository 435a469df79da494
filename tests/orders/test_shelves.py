"""Orders over several shelves, kits, units still to come, and late payments: never more than there is."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

import pytest

from safar.capacity import actions as ledger
from safar.cart.available import available_of
from safar.kernel import clock
from safar.kernel.context import Context
from safar.kernel.ids import derived_id, new_id
from safar.orders.cancel import Cancellation
from safar.orders.confirm import Confirmation, confirm_many
from safar.orders.errors import OutOfStock
from safar.orders.model import Taken
from safar.orders.place import buy_many, place_many
from safar.orders.reading import goods_of, orders_by_id
from safar.owner.actions import change_shop
from safar.payments.books.reading import accounts_of
from safar.payments.providers.port import PaymentOutcome, ProviderWord
from safar.payments.settle import settle_by_word
from safar.returns.cancel_order import cancel_with_exchanges_many
from safar.stock import actions as stock
from safar.stock.errors import NotThere
from safar.stock.model import MAIN, Shipped, StockReceipt
from safar.stock.policies import Policy, set_policy_many
from tests.stage.books import books_agree
from tests.stage.orders import answered
from tests.stage.shop import CLOCK, MUG, request

STORE = derived_id("location", "test store")


@pytest.fixture
async def store(context: Context) -> UUID:
    """A second place that sells: three mugs and four clocks lie there."""
    async with context.database.transaction() as connection:
        await stock.open_locations(connection, [(STORE, "Store", "store")])
        receipts = [
            StockReceipt(new_id(), variant_id, STORE, units, "delivery")
            for variant_id, units in ((MUG, 3), (CLOCK, 4))
        ]
        await stock.receive_stock_many(connection, receipts)
    return STORE


async def _goods(context: Context, answer: object) -> Mapping[tuple[UUID, UUID], int]:
    assert isinstance(answer, Taken)
    async with context.database.connection() as connection:
        found = (await goods_of(connection, [answer.order_id]))[answer.order_id]
    return {(one.variant_id, one.location_id): one.quantity for one in found}


async def test_an_order_larger_than_any_shelf_takes_from_two_and_cancelling_brings_each_back(
    context: Context, store: UUID
) -> None:
    answer = await context.batched(buy_many, request(lines=((MUG, 12),)))
    assert await _goods(context, answer) == {(MUG, MAIN): 10, (MUG, store): 2}
    assert isinstance(answer, Taken)
    cancellation = Cancellation(answer.order_id, "x", "cancelled_by_customer")
    assert (await context.batched(cancel_with_exchanges_many, cancellation)).state == "cancelled"
    async with context.database.connection() as connection:
        levels = await stock.levels(connection, [MUG])
    assert (levels[MUG, MAIN].free, levels[MUG, store].free) == (10, 3)
    await books_agree(context.database)


async def test_buyers_at_once_empty_every_shelf_and_no_more(context: Context, store: UUID) -> None:
    wanted = [request() for _buyer in range(20)]
    answers = await asyncio.gather(*(answered(context, buy_many, order) for order in wanted))
    assert Counter(type(answer) for answer in answers) == {Taken: 13, OutOfStock: 7}
    await books_agree(context.database)


async def test_two_processes_share_the_shelves_without_a_false_refusal(context: Context, store: UUID) -> None:
    """Each of two batches, planned at the same time, finds what the other has left, on either shelf."""

    async def buy(count: int) -> list[object]:
        async with context.database.transaction() as connection:
            return list(await buy_many(connection, [request() for _buyer in range(count)]))

    both = await asyncio.gather(buy(7), buy(6))
    assert {type(answer) for answers in both for answer in answers} == {Taken}
    await books_agree(context.database)


async def test_a_customer_is_told_what_all_shelves_have_together(context: Context, store: UUID) -> None:
    answer = await answered(context, buy_many, request(lines=((MUG, 14), (CLOCK, 1))))
    assert isinstance(answer, OutOfStock)
    assert answer.left == {MUG: 13}


async def test_a_payment_after_the_hold_is_served_from_whatever_shelf_has_units(
    context: Context, store: UUID
) -> None:
    now = clock.now()
    with clock.held(now):
        late = await context.batched(place_many, request(lines=((MUG, 3),), provider="test", hold_minutes=1))
    assert await _goods(context, late) == {(MUG, MAIN): 3}
    with clock.held(now + timedelta(minutes=2)):
        async with context.database.transaction() as connection:
            assert await ledger.expire_due(connection) == 1
        assert isinstance(await context.batched(buy_many, request(lines=((MUG, 10),))), Taken)
        assert isinstance(late, Taken)
        standing = await context.batched(confirm_many, Confirmation(late.order_id, "x"))
    assert standing.state == "confirmed"
    assert await _goods(context, late) == {(MUG, store): 3}
    await books_agree(context.database)


async def test_a_payment_after_the_hold_is_served_by_the_rule_of_the_shop(
    context: Context, store: UUID
) -> None:
    """Three clocks are left in the first place and four in the second, which is then the fullest."""
    now = clock.now()
    with clock.held(now):
        late = await context.batched(place_many, request(lines=((CLOCK, 2),), provider="transfer"))
    assert isinstance(late, Taken)
    assert await _goods(context, late) == {(CLOCK, MAIN): 2}
    with clock.held(now + timedelta(hours=1)):
        assert isinstance(await context.batched(buy_many, request(lines=((CLOCK, 2),))), Taken)
        async with context.database.transaction() as connection:
            await change_shop(connection, {"location_rule": "fullest"}, staff_id=None)
            account = (await accounts_of(connection, [late.order_id]))[late.order_id]
        standing = await settle_by_word(context, account, ProviderWord(PaymentOutcome.PAID))
    assert standing is not None
    assert standing.state == "confirmed"
    assert await _goods(context, late) == {(CLOCK, store): 2}
    await books_agree(context.database)


async def test_units_still_to_come_are_promised_with_a_day_and_cannot_leave_before_they_are_there(
    context: Context,
) -> None:
    async with context.database.transaction() as connection:
        await set_policy_many(connection, [Policy(MUG, backorder_units=5, promise_days=9)], staff_id=None)
        offer = (await available_of(connection, [MUG], None))[MUG]
    assert (offer.free, offer.buyable, offer.promised_on) == (10, 15, None)
    assert isinstance(await context.batched(buy_many, request(lines=((MUG, 10),))), Taken)
    async with context.database.connection() as connection:
        offer = (await available_of(connection, [MUG], None))[MUG]
    assert (offer.free, offer.backorder) == (0, 5)
    assert offer.promised_on == (clock.now() + timedelta(days=9)).date()
    answer = await context.batched(buy_many, request(lines=((MUG, 4),)))
    assert isinstance(answer, Taken)
    assert isinstance(await answered(context, buy_many, request(lines=((MUG, 2),))), OutOfStock)
    async with context.database.connection() as connection:
        order = (await orders_by_id(connection, [answer.order_id]))[answer.order_id]
    assert order.promised_on == offer.promised_on
    with pytest.raises(NotThere):
        await _ship(context, 12)
    await _ship(context, 10)
    async with context.database.transaction() as connection:
        await stock.receive_stock_many(connection, [StockReceipt(new_id(), MUG, MAIN, 3, "delivery")])
    with pytest.raises(NotThere):
        await _ship(context, 4)
    await _ship(context, 3)
    await books_agree(context.database)


async def test_units_kept_back_are_not_sold_but_may_be_written_off(context: Context) -> None:
    async with context.database.transaction() as connection:
        await set_policy_many(connection, [Policy(MUG, safety_units=8)], staff_id=None)
    answer = await answered(context, buy_many, request(lines=((MUG, 3),)))
    assert isinstance(answer, OutOfStock)
    assert answer.left == {MUG: 2}
    async with context.database.transaction() as connection:
        await stock.adjust_many(connection, [stock.Adjustment(new_id(), MUG, MAIN, -9, "broken")])
    assert isinstance(await answered(context, buy_many, request()), OutOfStock)
    await books_agree(context.database)


async def _ship(context: Context, units: int) -> None:
    async with context.database.transaction() as connection:
        await stock.ship_stock_many(connection, [Shipped(new_id(), MUG, MAIN, units, "parcel")])
