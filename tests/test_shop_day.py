"""Days are days of the shop's zone, whatever day it is in UTC: promises, lots, purchases, returns, demand."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safar.cart.available import available_of
from safar.kernel import clock
from safar.kernel.clock import day_start, shop_day
from safar.kernel.context import Context
from safar.kernel.database import execute
from safar.kernel.ids import new_id
from safar.orders.model import Taken
from safar.orders.place import buy_many
from safar.orders.reading import orders_by_id
from safar.owner.facts import shop_from
from safar.pricing.model import Rules
from safar.returns.decide import within_window
from safar.returns.jobs import close_old
from safar.settings import Settings
from safar.shipments.show import expected_of, is_late
from safar.shop.console.find import OrderSearch, find_orders
from safar.stock.lots import Lot, assign_many, expiring, open_lots, suggest
from safar.stock.lots_decide import PickRequest as Picked
from safar.stock.model import MAIN
from safar.stock.policies import Policy, set_policy_many
from safar.stock.purchasing.model import PurchaseDraft, Supplier
from safar.stock.purchasing.orders import draft_many, purchase, send_purchase
from safar.stock.purchasing.suppliers import save_supplier
from safar.stock.replenish.book import count_demand, demand_days
from tests.stage.orders import an_order, bought, delivered, order_of
from tests.stage.shop import CLOCK, MUG, request, shop, stocked  # noqa: F401 - a shop to buy in

pytestmark = pytest.mark.finding("goods-G")
_ZONES = ("Asia/Tehran", "America/Sao_Paulo", "Asia/Kathmandu", "Pacific/Kiritimati", "Pacific/Niue")
_NIGHT = datetime(2026, 11, 30, 22, 19, tzinfo=UTC)  # 01:49 on the first of December in Tehran
_MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    key = "only-for-tests"
    return Settings(data_dir=tmp_path, secret_key=key, timezone="Asia/Tehran")  # type: ignore[arg-type]


@given(_MOMENTS, st.sampled_from(_ZONES))
def test_a_moment_lies_between_the_beginnings_of_its_day_and_of_the_next(moment: datetime, zone: str) -> None:
    day = shop_day(moment, zone)
    assert day_start(day, zone) <= moment < day_start(day + timedelta(days=1), zone)


async def test_an_order_of_two_oclock_at_night_leaves_by_the_day_after_tomorrow(context: Context) -> None:
    with clock.held(_NIGHT):
        order = await order_of(context.database, await bought(context, (MUG, 1)))
    assert expected_of(order, shop_from({}), Rules(), zone="Asia/Tehran").leaves_on == date(2026, 12, 3)
    assert not is_late(order, shop_from({}), date(2026, 12, 3), zone="Asia/Tehran")
    assert is_late(order, shop_from({}), date(2026, 12, 4), zone="Asia/Tehran")


@given(_MOMENTS, st.integers(0, 9), st.none() | st.integers(-3, 12), st.sampled_from(_ZONES))
def test_an_order_is_late_from_the_day_after_the_one_that_its_customer_was_told(
    confirmed_at: datetime, ship_days: int, promised: int | None, zone: str
) -> None:
    promising = replace(shop_from({}), ship_days=ship_days)
    promised_on = None if promised is None else shop_day(confirmed_at, zone) + timedelta(days=promised)
    order = replace(an_order(state="confirmed"), confirmed_at=confirmed_at, promised_on=promised_on)
    told = expected_of(order, promising, Rules(), zone=zone).leaves_on
    assert told is not None
    assert told >= shop_day(confirmed_at, zone) + timedelta(days=ship_days)
    for day in (told - timedelta(days=1), told, told + timedelta(days=1)):
        assert is_late(order, promising, day, zone=zone) == (day > told)


@pytest.mark.parametrize("promised_on", [None, date(2026, 12, 2), date(2026, 12, 6)])
async def test_the_list_of_late_orders_has_those_that_are_shown_as_late(
    context: Context, promised_on: date | None
) -> None:
    with clock.held(_NIGHT):
        order_id = await bought(context, (MUG, 1))
    async with context.database.transaction() as connection:
        await execute(connection, "UPDATE orders SET promised_on = %(on)s", {"on": promised_on})
        order = (await orders_by_id(connection, [order_id]))[order_id]
        for today in (date(2026, 12, number) for number in range(1, 9)):
            found = await find_orders(
                connection, OrderSearch(late=True), ship_days=2, today=today, zone=context.settings.timezone
            )
            assert [one.id for one in found] == [order_id] * is_late(
                order, shop_from({}), today, zone=context.settings.timezone
            ), today


async def test_units_to_come_are_promised_by_days_of_the_shop(context: Context) -> None:
    async with context.database.transaction() as connection:
        await set_policy_many(connection, [Policy(MUG, backorder_units=5, promise_days=9)], staff_id=None)
    with clock.held(_NIGHT):
        await bought(context, (MUG, 10))
        async with context.database.connection() as connection:
            assert (await available_of(connection, [MUG], None))[MUG].promised_on == date(2026, 12, 10)
        answer = await context.batched(buy_many, request(lines=((MUG, 1),)))
    assert isinstance(answer, Taken)
    assert (await order_of(context.database, answer.order_id)).promised_on == date(2026, 12, 10)


async def test_a_lot_of_yesterday_has_expired_ten_minutes_after_midnight(context: Context) -> None:
    lot, entry_id = Lot(CLOCK, "NOV30", date(2026, 11, 30)), new_id()
    async with context.database.transaction() as connection:
        await execute(connection, "UPDATE variants SET tracks_lots = true WHERE id = %(id)s", {"id": CLOCK})
        await open_lots(connection, [lot])
        await assign_many(connection, [(entry_id, lot.id, MAIN, 3)], expected={entry_id: 3})
    for minutes, good in ((-10, 3), (10, 0)):
        with clock.held(day_start(date(2026, 12, 1), "Asia/Tehran") + timedelta(minutes=minutes)):
            async with context.database.connection() as connection:
                (found,) = await suggest(connection, [Picked(CLOCK, MAIN, 3)])
                assert sum(pick.units for pick in found.picks) == good
                assert len(await expiring(connection, days=-1)) == (not good)


async def test_a_purchase_is_expected_by_days_of_the_shop(context: Context) -> None:
    supplier = Supplier(id=new_id(), name="Potter", lead_days=6, currency="GBP")
    draft = PurchaseDraft(
        order_id=new_id(), supplier_id=supplier.id, location_id=MAIN, lines=((MUG, 5, 250),)
    )
    async with context.database.transaction() as connection:
        await save_supplier(connection, supplier, staff_id=None)
        await draft_many(connection, [draft])
        with clock.held(_NIGHT):
            await send_purchase(connection, draft.order_id, staff_id=None)
        found = await purchase(connection, draft.order_id)
    assert found is not None
    assert found.expected_on == date(2026, 12, 7)


async def test_what_is_sold_after_midnight_is_demand_of_the_new_day(context: Context) -> None:
    with clock.held(_NIGHT - timedelta(hours=3)) as time:
        await bought(context, (MUG, 1))
        time.advance(seconds=3 * 3600)
        await bought(context, (MUG, 2))
        for _again in range(2):
            await count_demand(context.database)
    async with context.database.connection() as connection:
        days = [(one.day, one.sold) for one in await demand_days(connection, MUG, since=date(2026, 11, 1))]
    assert days == [(date(2026, 11, 30), 1), (date(2026, 12, 1), 2)]


@given(_MOMENTS, st.integers(0, 40), st.sampled_from(_ZONES))
def test_goods_can_be_sent_back_until_the_last_day_is_over(at: datetime, days: int, zone: str) -> None:
    order = an_order(delivered_at=at)
    over = day_start(shop_day(at, zone) + timedelta(days=days + 1), zone)
    assert within_window(order, days, 30, over - timedelta(microseconds=1), zone)
    assert not within_window(order, days, 30, over, zone)


@pytest.mark.finding("security-low-returns")
@given(_MOMENTS, st.integers(0, 40), st.sampled_from(_ZONES))
def test_where_nobody_said_that_it_came_the_days_begin_a_while_after_it_left(
    at: datetime, days: int, zone: str
) -> None:
    order = an_order(state="shipped", shipped_at=at, delivered_at=None)
    over = day_start(shop_day(at, zone) + timedelta(days=30 + days + 1), zone)
    assert within_window(order, days, 30, over - timedelta(microseconds=1), zone)
    assert not within_window(order, days, 30, over, zone)


async def test_an_order_is_closed_when_the_last_day_for_returns_is_over_in_the_shop(context: Context) -> None:
    with clock.held(_NIGHT) as time:
        order_id = await delivered(context, (MUG, 1))
        over = day_start(date(2027, 1, 1), "Asia/Tehran")  # thirty days after the first of December
        for seconds, state in ((-1, "delivered"), (0, "closed")):
            time.advance(seconds=(over - clock.now()).total_seconds() + seconds)
            await close_old(context)
            assert (await order_of(context.database, order_id)).state == state
