"""Demand is counted once, what runs low is told once, and one click is one order."""

import asyncio
import subprocess
import sys
from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import pytest

from safar.kernel import clock
from safar.kernel.context import Context
from safar.kernel.database import Database
from safar.kernel.ids import new_id
from safar.kernel.jobs import jobs_app
from safar.stock import actions as stock
from safar.stock.model import CUSTOMER, MAIN, Transfer, outgoing_of
from safar.stock.promise import NOTHING, promises
from safar.stock.purchasing.orders import purchase, purchase_lines_of, send_purchase
from safar.stock.replenish.actions import draft_suggested, latest_run, open_run, set_rule_many, set_watcher
from safar.stock.replenish.book import count_demand, demand_days
from safar.stock.replenish.errors import NothingSuggested
from safar.stock.replenish.jobs import ask_at_night, calculate
from safar.stock.replenish.model import PurchaseSuggestion, ReplenishRule, SuggestedPurchase
from safar.stock.replenish.reading import (
    FIRST,
    forecast_of,
    groups,
    read_suggestion,
    rule_of,
    suggestions,
    watchers,
)
from safar.stock.replenish.review import review_all, review_many, review_recent
from tests.stage.replenishing import (
    CLOCK,
    MUG,
    NOW,
    POTTER,
    RUG,
    TERMS,
    WEAVER,
    all_rows,
    forecast,
    receive,
    sell,
    sell_weekly,
)

pytestmark = pytest.mark.usefixtures("shop")
SINCE = date(2020, 1, 1)


async def low_events(database: Database) -> list[UUID]:
    found = await all_rows(
        database, "SELECT subject_id FROM journal_events WHERE name = 'stock.low' ORDER BY id"
    )
    return [subject_id for (subject_id,) in found]


async def test_a_day_of_demand_is_what_was_sold_and_what_came_back(database: Database) -> None:
    outgoing = outgoing_of(MAIN)
    with clock.held(NOW - timedelta(days=3)) as held:
        async with database.transaction() as connection:
            await receive(connection, MUG, 100)
            await connection.execute(
                "INSERT INTO stock_locations (id, name, kind, created_at) VALUES (%s, 'Sold', 'outgoing', %s)"
                " ON CONFLICT DO NOTHING",
                [outgoing, clock.now()],
            )
            moves = [
                Transfer(new_id(), MUG, MAIN, outgoing, 9, "sold"),
                Transfer(new_id(), MUG, outgoing, CUSTOMER, 4, "shipped"),
                Transfer(new_id(), MUG, outgoing, MAIN, 2, "cancelled"),
            ]
            await stock.transfer_many(connection, moves)
        held.advance(seconds=86400)
        async with database.transaction() as connection:
            await stock.transfer_many(connection, [Transfer(new_id(), MUG, CUSTOMER, MAIN, 1, "returned")])
            await sell(connection, MUG, 3)
    with clock.held(NOW):
        await count_demand(database)
        await count_demand(database)
        async with database.connection() as connection:
            days = await demand_days(connection, MUG, since=SINCE)
            level = (await stock.levels(connection, [MUG]))[MUG, MAIN]
    assert [(day.sold, day.returned, day.change) for day in days] == [(9, 2, 93), (3, 1, -2)]
    assert sum(day.change for day in days) == level.on_hand


async def test_moves_that_come_after_the_counting_are_counted_the_next_time(database: Database) -> None:
    await sell_weekly(database, {MUG: [5] * 12})
    with clock.held(NOW) as held:
        await count_demand(database)
        held.advance(seconds=3600)
        async with database.transaction() as connection:
            await sell(connection, MUG, 7)
        held.advance(seconds=86400)
        await count_demand(database)
        async with database.connection() as connection:
            days = await demand_days(connection, MUG, since=SINCE)
    assert [day.sold for day in days] == [5] * 12 + [7]


async def test_what_runs_low_is_suggested_and_told_once_until_it_is_over(database: Database) -> None:
    await forecast(database, MUG, 14.0, 7.0)  # reorder point 26, order up to 82
    with clock.held(NOW) as held:
        async with database.transaction() as connection:
            await receive(connection, MUG, 40)
        await review_recent(database, TERMS)
        assert await low_events(database) == []
        async with database.transaction() as connection:
            await sell(connection, MUG, 20)
        for _again in range(2):
            held.advance(seconds=30)
            await review_recent(database, TERMS)
        assert await low_events(database) == [MUG]
        async with database.connection() as connection:
            (found,) = await suggestions(connection, POTTER)
            assert (found.on_hand, found.reorder_point, found.order_up_to) == (20, 26, 82)
            assert found.quantity == 72, "62 in packs of 12"
            assert found.cost_minor == 250, "the potter asks less than the weaver"
            assert found.safety_units == 12
        async with database.transaction() as connection:
            await receive(connection, MUG, 100)
        held.advance(seconds=30)
        await review_recent(database, TERMS)
        async with database.connection() as connection:
            assert await read_suggestion(connection, MUG) is None
        async with database.transaction() as connection:
            await sell(connection, MUG, 100)
        held.advance(seconds=30)
        await review_recent(database, TERMS)
    assert await low_events(database) == [MUG, MUG], "another time is told again"


async def test_two_that_look_at_the_same_moment_tell_of_it_once(database: Database) -> None:
    await forecast(database, MUG, 14.0, 7.0)
    await forecast(database, CLOCK, 2.0, 2.0)

    async def look(ids: list[UUID]) -> list[PurchaseSuggestion]:
        async with database.transaction() as connection:
            return await review_many(connection, ids, TERMS)

    looks = [look([MUG, CLOCK]), look([CLOCK, MUG]), look([MUG]), look([CLOCK])]
    await asyncio.gather(*looks)
    assert sorted(await low_events(database)) == sorted([MUG, CLOCK])


async def test_everything_is_looked_at_once_an_hour_for_what_no_move_tells(database: Database) -> None:
    with clock.held(NOW) as held:
        await review_recent(database, TERMS)
        await forecast(database, MUG, 14.0, 7.0)
        held.advance(seconds=600)
        await review_recent(database, TERMS)
        assert await low_events(database) == []
        held.advance(seconds=3600)
        await review_recent(database, TERMS)
    assert await low_events(database) == [MUG]


async def test_one_click_drafts_the_order_and_what_is_ordered_is_no_longer_suggested(
    database: Database,
) -> None:
    for variant_id in (MUG, CLOCK, RUG):
        await forecast(database, variant_id, 14.0, 7.0)
    with clock.held(NOW):
        assert await review_all(database, TERMS) == 3
        async with database.connection() as connection:
            first, nobody = await groups(connection)
        assert (first.supplier, first.articles, first.units) == ("Potter & Sons", 2, 84 + 82)
        assert (nobody.supplier, nobody.articles) == (None, 1)
        wanted = SuggestedPurchase(new_id(), POTTER, MAIN, {MUG: 84, CLOCK: 80, RUG: 5}, None)
        for _click in range(2):
            async with database.transaction() as connection:
                drafted = await draft_suggested(connection, wanted, TERMS)
        async with database.connection() as connection:
            order = await purchase(connection, wanted.order_id)
            assert order is not None
            assert drafted.number == order.number
            assert drafted.replayed
            assert order.expected_on == NOW.date() + timedelta(days=6)
            lines = await purchase_lines_of(connection, wanted.order_id)
            assert [(line.sku, line.quantity, line.cost_minor) for line in lines] == [
                ("CLOCK", 80, 900),
                ("MUG", 84, 250),
            ]
            assert [one.sku for one in await suggestions(connection, POTTER)] == []
            assert [one.sku for one in await suggestions(connection, None)] == ["RUG"]


async def test_what_a_supplier_does_not_have_is_not_ordered_there(database: Database) -> None:
    async with database.transaction() as connection:
        with pytest.raises(NothingSuggested):
            await draft_suggested(
                connection, SuggestedPurchase(new_id(), POTTER, MAIN, {RUG: 5}, None), TERMS
            )


async def test_suggestions_are_read_in_pieces_that_do_not_overlap(database: Database) -> None:
    await forecast(database, MUG, 14.0, 7.0)
    await forecast(database, CLOCK, 7.0, 7.0)
    async with database.transaction() as connection:
        await receive(connection, CLOCK, 1)
    await review_all(database, TERMS)
    async with database.connection() as connection:
        (first,) = await suggestions(connection, POTTER, after=FIRST, limit=1)
        key = (first.days_left or 0.0, first.variant_id)
        (second,) = await suggestions(connection, POTTER, after=key, limit=5)
    assert (first.sku, second.sku) == ("MUG", "CLOCK"), "what is out comes before what lasts a day"


async def test_a_rule_of_staff_holds_at_once(database: Database) -> None:
    await forecast(database, MUG, 14.0, 7.0)
    async with database.transaction() as connection:
        await receive(connection, MUG, 20)
        await set_rule_many(connection, [ReplenishRule(MUG, reorder_point=10)], TERMS, staff_id=None)
    async with database.connection() as connection:
        assert await read_suggestion(connection, MUG) is None
    dear = ReplenishRule(MUG, supplier_id=WEAVER, minimum_units=200)
    async with database.transaction() as connection:
        await set_rule_many(connection, [dear], TERMS, staff_id=None)
        found = await read_suggestion(connection, MUG)
        assert found is not None
        assert (found.supplier_id, found.quantity) == (WEAVER, 200)
        assert await rule_of(connection, MUG) == dear
        await set_rule_many(connection, [replace(dear, paused=True)], TERMS, staff_id=None)
        assert await read_suggestion(connection, MUG) is None


async def test_who_looks_after_a_supplier_can_be_set_and_taken_back(database: Database) -> None:
    ada = new_id()
    async with database.transaction() as connection:
        for watcher in (ada, ada):
            await set_watcher(connection, POTTER, watcher, staff_id=None)
        assert await watchers(connection) == {POTTER: ada}
        await set_watcher(connection, POTTER, None, staff_id=None)
        assert await watchers(connection) == {}
    told = await all_rows(database, "SELECT count(*) FROM journal_events WHERE name = 'stock.watcher_set'")
    assert told == [(2,)]


async def test_all_forecasts_are_made_by_a_process_of_their_own(context: Context) -> None:
    database = context.database
    await sell_weekly(database, {MUG: [10, 12, 9, 11] * 6, CLOCK: [0, 0, 6, 0] * 6})
    with clock.held(NOW):
        run_id = new_id()
        async with database.transaction() as connection:
            assert await open_run(connection, run_id, staff_id=None)
            assert not await open_run(connection, new_id(), staff_id=None), "one at a time"
        await calculate(context, run_id)
        async with database.connection() as connection:
            run = await latest_run(connection)
            mug, clock_ = await forecast_of(connection, MUG), await forecast_of(connection, CLOCK)
            assert await forecast_of(connection, RUG) is None
    assert run is not None
    assert (run.over, run.error, run.series) == (True, None, 2)
    assert mug is not None
    assert clock_ is not None
    assert (mug.demand, mug.weeks) == ("smooth", 24)
    assert 9 < mug.week_mean < 12
    assert clock_.demand == "intermittent"
    assert 0.5 < clock_.week_mean < 3
    assert mug.error is not None


async def test_a_calculation_that_fails_says_so_and_the_next_may_begin(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    run_id = new_id()
    async with context.database.transaction() as connection:
        await open_run(connection, run_id, staff_id=None)
    await calculate(context, run_id)
    async with context.database.transaction() as connection:
        run = await latest_run(connection)
        assert run is not None
        assert run.over
        assert run.error
        assert await open_run(connection, new_id(), staff_id=None)


def test_processes_that_stay_never_load_the_forecasting_library() -> None:
    heavy = "{'pandas', 'scipy', 'statsforecast'}"
    code = f"import sys, safar.app, safar.cli; sys.exit(bool({heavy} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


async def test_a_night_is_asked_for_once_by_however_many_workers(context: Context) -> None:
    night = NOW.replace(hour=3, minute=1)
    jobs_app(context)
    with clock.held(night):
        await asyncio.gather(*(ask_at_night(context) for _worker in range(3)))
        await ask_at_night(context)
    runs = await all_rows(context.database, "SELECT count(*) FROM stock_replenish_runs")
    jobs = await all_rows(
        context.database,
        "SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'stock.forecast_all'",
    )
    assert (runs, jobs) == ([(1,)], [(1,)])


async def test_the_promise_of_a_variant_counts_what_is_ordered_for_where_the_shop_sells(
    database: Database,
) -> None:
    with clock.held(NOW):
        today = NOW.date()
        wanted = SuggestedPurchase(new_id(), POTTER, MAIN, {MUG: 24}, None)
        async with database.transaction() as connection:
            await receive(connection, CLOCK, 3)
            await draft_suggested(connection, wanted, TERMS)
            assert (await promises(connection, [MUG], today=today))[MUG].incoming == (), "only a draft"
            await send_purchase(connection, wanted.order_id, staff_id=None)
            found = await promises(connection, [MUG, CLOCK, RUG, MUG], today=today)
    assert found[MUG].incoming == ((today + timedelta(days=6), 24),)
    assert found[CLOCK].free == 3
    assert found[RUG] == NOTHING
