"""What staff see of replenishment over HTTP, and what reaches their mailbox."""

from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest

from safar.console.alerts import tell_low
from safar.console.build import build_console
from safar.kernel import clock
from safar.kernel.context import Context
from safar.kernel.database import Database
from safar.kernel.ids import new_id
from safar.stock.model import MAIN
from safar.stock.replenish.actions import set_watcher
from safar.stock.replenish.book import count_demand
from safar.stock.replenish.review import review_all
from safar.team.actions import all_staff
from tests.stage.people import signed_in, staff_member
from tests.stage.replenishing import (
    CLOCK,
    MUG,
    NOW,
    POTTER,
    RUG,
    TERMS,
    all_rows,
    forecast,
    receive,
    sell_weekly,
)
from tests.stage.serving import Serve

pytestmark = pytest.mark.usefixtures("shop")


@pytest.fixture
async def manager(context: Context, serve: Serve) -> AsyncIterator[httpx.AsyncClient]:
    base = await serve(build_console(context))
    async with await signed_in(context, base, "manager") as client:
        yield client


async def low(database: Database, *variant_ids: object) -> None:
    for variant_id in (MUG, CLOCK, RUG):
        await forecast(database, variant_id, 14.0, 7.0)
    await review_all(database, TERMS)


async def test_the_page_says_what_to_buy_of_whom_and_why(
    context: Context, database: Database, manager: httpx.AsyncClient
) -> None:
    async with database.transaction() as connection:
        await receive(connection, MUG, 20)
    await low(database)
    page = (await manager.get("/stock/suggestions")).text
    assert "Potter &amp; Sons" in page
    assert "Sells 14 a week · delivery 6 days · reorder at 26, up to 82" in page
    assert "safety stock 12 (95% service level)" in page
    assert "packs of 12" in page
    assert "10 days" in page, "20 units at two a day"
    assert "No supplier" in page


async def test_a_click_makes_a_draft_of_what_stands_in_the_rows_and_a_second_click_none(
    database: Database, manager: httpx.AsyncClient
) -> None:
    await low(database)
    form = {
        "order_id": str(new_id()),
        "location_id": str(MAIN),
        f"units-{MUG}": "96",
        f"units-{CLOCK}": "",
    }
    first = await manager.post(f"/stock/suggestions/{POTTER}/draft", data=form)
    again = await manager.post(f"/stock/suggestions/{POTTER}/draft", data=form)
    assert first.headers["location"] == again.headers["location"] == f"/stock/purchases/{form['order_id']}"
    lines = await all_rows(database, "SELECT variant_id, quantity, cost_minor FROM purchase_order_lines")
    assert lines == [(MUG, 96, 250)]
    page = (await manager.get(f"/stock/suggestions/{POTTER}")).text
    assert "MUG" not in page
    assert "CLOCK" in page


async def test_units_that_are_no_number_are_said_and_nothing_is_ordered(
    database: Database, manager: httpx.AsyncClient
) -> None:
    await low(database)
    form = {"order_id": str(new_id()), "location_id": str(MAIN), f"units-{MUG}": "many"}
    answer = await manager.post(f"/stock/suggestions/{POTTER}/draft", data=form)
    assert answer.status_code == 422
    assert "whole number" in answer.text
    assert await all_rows(database, "SELECT 1 FROM purchase_orders") == []


async def test_a_variant_shows_its_weeks_its_forecast_and_takes_a_rule(
    context: Context, database: Database, manager: httpx.AsyncClient
) -> None:
    await sell_weekly(database, {MUG: [3, 5, 4, 8]}, stocked=30)
    with clock.held(NOW):
        await count_demand(database)
    await low(database)
    page = (await manager.get(f"/stock/{MUG}/demand")).text
    assert "Demand by week" in page
    assert page.count("<rect") >= 4
    assert "Below its reorder point of 26: 10 free" in page
    rule = {"reorder_point": "5", "order_up_to": "", "minimum_units": "", "service_percent": ""}
    assert (await manager.post(f"/stock/{MUG}/rule", data=rule)).status_code == 303
    assert "Below its reorder point" not in (await manager.get(f"/stock/{MUG}/demand")).text
    wrong = await manager.post(f"/stock/{MUG}/rule", data={**rule, "order_up_to": "3"})
    assert wrong.status_code == 422
    assert "Not below the reorder point" in wrong.text


async def test_the_button_asks_for_one_calculation_however_often_it_is_pressed(
    database: Database, manager: httpx.AsyncClient
) -> None:
    for _press in range(3):
        answer = await manager.post("/stock/suggestions/run", data={"run_id": str(new_id())})
        assert answer.status_code == 303
    jobs = await all_rows(database, "SELECT count(*) FROM procrastinate_jobs WHERE status = 'todo'")
    assert jobs == [(1,)]
    assert "Calculating…" in (await manager.get("/stock/suggestions")).text


async def test_managers_are_told_once_in_one_mail_and_who_looks_after_a_supplier_of_theirs(
    context: Context, database: Database, manager: httpx.AsyncClient
) -> None:
    await staff_member(context, "agent")
    async with database.transaction() as connection:
        staff = {one.role: one for one in await all_staff(connection)}
        await set_watcher(connection, POTTER, staff["agent"].id, staff_id=None)
    with clock.held(NOW) as held:
        await low(database)
        await tell_low(context)
        held.advance(seconds=3600)
        await tell_low(context)
        mails = await all_rows(
            database, "SELECT address, subject, body, customer_id FROM messages ORDER BY subject DESC"
        )
        assert [(address, subject) for address, subject, _body, _customer in mails] == [
            (staff["agent"].email, "2 articles run low"),
            (staff["manager"].email, "1 article runs low"),
        ]
        to_agent, to_manager = mails[0][2], mails[1][2]
        assert "MUG Mug: 0 free, 0 coming, reorder point 26; to buy: 84 (Potter & Sons)" in to_agent
        assert "RUG" not in to_agent
        assert "RUG" in to_manager
        assert f"{context.settings.console_url}/stock/suggestions" in to_manager
        assert mails[0][3] is None


async def test_what_runs_low_shortly_after_is_told_with_the_next_mail(
    context: Context, database: Database, manager: httpx.AsyncClient
) -> None:
    with clock.held(NOW) as held:
        await forecast(database, MUG, 14.0, 7.0)
        await review_all(database, TERMS)
        await tell_low(context)
        await forecast(database, CLOCK, 14.0, 7.0)
        await review_all(database, TERMS)
        held.advance(seconds=60)
        await tell_low(context)
        assert await all_rows(database, "SELECT count(*) FROM messages") == [(1,)]
        held.advance(seconds=timedelta(minutes=15).total_seconds())
        await tell_low(context)
        assert await all_rows(database, "SELECT count(*) FROM messages") == [(2,)]


async def test_who_is_told_is_set_on_a_page(database: Database, manager: httpx.AsyncClient) -> None:
    page = (await manager.get("/stock/watchers")).text
    assert "Potter &amp; Sons" in page
    async with database.connection() as connection:
        (someone, *_others) = await all_staff(connection)
    answer = await manager.post(f"/stock/watchers/{POTTER}", data={"staff_id": str(someone.id)})
    assert answer.status_code == 303
    assert "selected" in (await manager.get("/stock/watchers")).text
    nobody = await manager.post(f"/stock/watchers/{POTTER}", data={"staff_id": str(new_id())})
    assert nobody.status_code == 422


async def test_today_says_how_much_must_be_bought_again(
    database: Database, manager: httpx.AsyncClient
) -> None:
    assert "Articles to reorder" not in (await manager.get("/")).text
    await low(database)
    page = (await manager.get("/")).text
    assert "Articles to reorder" in page
    assert "3 are out of stock" in page
