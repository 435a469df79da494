"""Packed, shipped in parts or at once, delivered, closed: over a real database."""

import asyncio
from datetime import timedelta

import httpx
import pytest

from safar.answers.texts import order_text
from safar.capacity import actions as ledger
from safar.capacity.actions import AccountLimits
from safar.kernel import clock
from safar.kernel.context import Context
from safar.kernel.database import execute, value
from safar.kernel.errors import SameKeyOtherBody
from safar.kernel.ids import new_id
from safar.orders.cancel import Cancellation
from safar.orders.model import PaymentState
from safar.orders.reading import goods_of
from safar.orders.show import steps_of
from safar.owner.facts import shop_from
from safar.returns.cancel_order import cancel_with_exchanges_many
from safar.returns.jobs import close_old
from safar.shipments.actions import close_many, deliver_many, pack_many, ship_many
from safar.shipments.errors import MoreThanOrdered, NothingToShip
from safar.shipments.model import OrderDelivery, Pack, Shipping
from safar.shipments.reading import sent_in, shipments_of
from safar.stock import actions as stock
from safar.stock.errors import NotThere
from safar.stock.locations import OwnLocation, save_locations
from safar.stock.model import MAIN
from tests.stage.books import books_agree, events
from tests.stage.orders import LINK, SAM, bought, delivered, order_of, sent_units
from tests.stage.shop import CLOCK, MUG, free, receive

_WAY = ("order.packed", "shipment.sent", "order.shipped", "order.delivered", "order.closed")


async def test_an_order_goes_its_whole_way_once_however_often_each_step_is_asked_for(
    context: Context,
) -> None:
    order_id = await bought(context, (MUG, 2), (CLOCK, 1))
    parcel = Shipping(new_id(), order_id, MAIN, LINK, staff_id=SAM)
    for _ in range(2):
        packed = await context.batched(pack_many, Pack(order_id, SAM))
        assert packed.done
    assert await free(context.database) == (8, 0)
    assert await sent_units(context.database, MUG) == 0
    outcomes = [await context.batched(ship_many, parcel) for _ in range(2)]
    assert [outcome.changed for outcome in outcomes] == [True, False]
    assert all(outcome.done for outcome in outcomes)
    assert await sent_units(context.database, MUG) == 2
    for _ in range(2):
        assert (await context.batched(deliver_many, OrderDelivery(order_id, SAM))).done
    order = await order_of(context.database, order_id)
    assert (order.state, order.payment_state) == ("delivered", PaymentState.PAID)
    assert await events(context.database, *_WAY) == list(_WAY[:-1])
    await books_agree(context.database)


async def test_an_order_in_two_parcels_is_shipped_with_the_second(context: Context) -> None:
    order_id = await bought(context, (MUG, 3), (CLOCK, 1))
    first = Shipping(new_id(), order_id, MAIN, LINK, ((MUG, 1),), "Post", "AB 1", SAM)
    assert (await context.batched(ship_many, first)).state == "confirmed"
    assert (await context.batched(cancel_with_exchanges_many, _cancel(order_id))).state == "confirmed"
    rest = Shipping(new_id(), order_id, MAIN, LINK, staff_id=SAM)
    assert (await context.batched(ship_many, rest)).state == "shipped"
    async with context.database.connection() as connection:
        parcels = (await shipments_of(connection, [order_id]))[order_id]
        content = await sent_in(connection, [parcel.id for parcel in parcels])
        mails = await value(connection, "SELECT count(*) FROM messages WHERE subject LIKE '%%is on its way'")
        told = await value(
            connection, "SELECT count(*) FROM messages WHERE body LIKE '%%The rest will follow%%AB 1%%'"
        )
    assert [{one.sku: one.quantity for one in content[parcel.id]} for parcel in parcels] == [
        {"MUG": 1},
        {"MUG": 2, "CLOCK": 1},
    ]
    assert (mails, told) == (2, 1)
    assert await sent_units(context.database, MUG) == 3
    await books_agree(context.database)


async def test_never_more_leaves_than_was_ordered(context: Context) -> None:
    order_id = await bought(context, (MUG, 2))
    with pytest.raises(MoreThanOrdered):
        await context.batched(ship_many, Shipping(new_id(), order_id, MAIN, LINK, ((MUG, 3),)))
    with pytest.raises(MoreThanOrdered):
        await context.batched(ship_many, Shipping(new_id(), order_id, MAIN, LINK, ((CLOCK, 1),)))
    with pytest.raises(NothingToShip):
        await context.batched(ship_many, Shipping(new_id(), order_id, new_id(), LINK))
    twins = [Shipping(new_id(), order_id, MAIN, LINK, ((MUG, 2),)) for _ in range(4)]
    outcomes = await asyncio.gather(
        *(context.batched(ship_many, twin) for twin in twins), return_exceptions=True
    )
    assert sum(getattr(outcome, "changed", False) for outcome in outcomes) == 1
    assert await sent_units(context.database, MUG) == 2
    await books_agree(context.database)


async def test_the_id_of_a_parcel_is_good_for_one_parcel(context: Context) -> None:
    order_id = await bought(context, (MUG, 2))
    parcel = Shipping(new_id(), order_id, MAIN, LINK, ((MUG, 1),), "Post", "A", SAM)
    await context.batched(ship_many, parcel)
    for other in (
        Shipping(parcel.shipment_id, order_id, MAIN, LINK, ((MUG, 2),), "Post", "A", SAM),
        Shipping(parcel.shipment_id, order_id, MAIN, LINK, ((MUG, 1),), "Post", "B", SAM),
    ):
        with pytest.raises(SameKeyOtherBody):
            await context.batched(ship_many, other)
    assert await sent_units(context.database, MUG) == 1


async def test_what_was_shipped_is_cancelled_by_nobody_and_what_was_packed_not_by_the_customer(
    context: Context,
) -> None:
    order_id = await bought(context, (MUG, 1))
    await context.batched(pack_many, Pack(order_id, SAM))
    by_customer = Cancellation(order_id, LINK, "cancelled_by_customer", may_still_arrive=True)
    assert (await context.batched(cancel_with_exchanges_many, by_customer)).state == "packed"
    assert (await context.batched(cancel_with_exchanges_many, _cancel(order_id))).state == "cancelled"
    assert await free(context.database) == (10, 0)
    other = await bought(context, (MUG, 1))
    await context.batched(ship_many, Shipping(new_id(), other, MAIN, LINK))
    assert (await context.batched(cancel_with_exchanges_many, _cancel(other))).state == "shipped"
    await books_agree(context.database)


async def test_an_order_is_closed_by_itself_when_the_time_for_returns_is_over(context: Context) -> None:
    with clock.held(clock.now()) as time:
        order_id = await delivered(context, (MUG, 1))
        last_day = clock.today("UTC") + timedelta(days=shop_from({}).return_days)
        over = clock.day_start(last_day + timedelta(days=1), "UTC")
        assert not await close_old(context)
        time.advance(seconds=(over - clock.now()).total_seconds() - 60)
        await close_old(context)
        assert (await order_of(context.database, order_id)).state == "delivered"
        time.advance(seconds=61)
        await close_old(context)
        await close_old(context)
        assert (await order_of(context.database, order_id)).state == "closed"
    assert await events(context.database, "order.closed") == ["order.closed"]


@pytest.mark.finding("security-low-returns")
async def test_what_nobody_marks_delivered_is_closed_in_the_end_shown_so_but_not_while_it_is_to_be_paid(
    context: Context, desk: httpx.AsyncClient
) -> None:
    with clock.held(clock.now()) as time:
        paid, due = await bought(context, (MUG, 1)), await bought(context, (MUG, 1))
        for order_id in (paid, due):
            await context.batched(ship_many, Shipping(new_id(), order_id, MAIN, LINK, staff_id=SAM))
        async with context.database.transaction() as connection:
            await execute(connection, "UPDATE payments SET state = 'paid' WHERE order_id = %s", [paid])
        days = context.settings.delivery_days_max + shop_from({}).return_days
        over = clock.day_start(clock.today("UTC") + timedelta(days=days + 1), "UTC")
        for seconds, state in ((-60, "shipped"), (1, "closed")):
            time.advance(seconds=(over - clock.now()).total_seconds() + seconds)
            await close_old(context)
            assert (await order_of(context.database, paid)).state == state
        order = await order_of(context.database, paid)
        assert order.delivered_at is None
        assert (await order_of(context.database, due)).state == "shipped"
        async with context.database.transaction() as connection:  # nor can the verb be led there
            (asked,) = await close_many(connection, [due], days=0, way_days=1)
            assert not asked.changed
        assert [label for label, _state, _at in steps_of(order)][-1] == "Counts as delivered"
        assert {state for _label, state, _at in steps_of(order)} == {"done"}
        text = order_text(order)
        assert "should have arrived" in text
        assert "was delivered" not in text
        assert "has been returned" in order_text(order, sent_back=True)
        assert "Counts as delivered" in (await desk.get(f"/orders/{paid}")).text
    assert await events(context.database, "order.closed") == ["order.closed"]
    await books_agree(context.database)


async def test_goods_from_two_shelves_leave_in_two_parcels_each_from_its_own(context: Context) -> None:
    store = new_id()
    async with context.database.transaction() as connection:
        await save_locations(
            connection, [OwnLocation(id=store, name="Store", kind="store", priority=200)], staff_id=SAM
        )
        await stock.receive_stock_many(connection, [stock.StockReceipt(new_id(), MUG, store, 5, "delivery")])
    order_id = await bought(context, (MUG, 12))
    async with context.database.connection() as connection:
        goods = {one.location_id: one.quantity for one in (await goods_of(connection, [order_id]))[order_id]}
    assert sum(goods.values()) == 12
    assert set(goods) == {MAIN, store}
    with pytest.raises(MoreThanOrdered):
        await context.batched(ship_many, Shipping(new_id(), order_id, store, LINK, ((MUG, 6),)))
    first = await context.batched(ship_many, Shipping(new_id(), order_id, store, LINK))
    second = await context.batched(ship_many, Shipping(new_id(), order_id, MAIN, LINK))
    assert (first.state, second.state) == ("confirmed", "shipped")
    assert await sent_units(context.database, MUG) == 12
    await books_agree(context.database)


async def test_what_has_not_come_in_yet_does_not_leave(context: Context) -> None:
    async with context.database.transaction() as connection:
        account = (await stock.levels(connection, [CLOCK]))[CLOCK, MAIN].account_id
        await ledger.set_limits_many(connection, [AccountLimits(account, 0, 3)])
    order_id = await bought(context, (CLOCK, 7))
    with pytest.raises(NotThere):
        await context.batched(ship_many, Shipping(new_id(), order_id, MAIN, LINK))
    there = Shipping(new_id(), order_id, MAIN, LINK, ((CLOCK, 5),))
    assert (await context.batched(ship_many, there)).state == "confirmed"
    await receive(context.database, {"CLOCK": 2})
    assert (await context.batched(ship_many, Shipping(new_id(), order_id, MAIN, LINK))).state == "shipped"
    await books_agree(context.database)


def _cancel(order_id: object) -> Cancellation:
    return Cancellation(order_id, LINK, "cancelled_by_shop", staff_id=SAM)  # type: ignore[arg-type]
