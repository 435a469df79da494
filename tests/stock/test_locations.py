"""Locations that sell, and policies: what is kept back, and what is promised beyond."""

from datetime import date, timedelta

import httpx
import pytest

from safar.capacity import actions as ledger
from safar.capacity.model import Held, HoldRequest
from safar.kernel import clock
from safar.kernel.database import Database
from safar.kernel.ids import new_id
from safar.stock import actions as stock
from safar.stock.locations import (
    MainStays,
    OwnLocation,
    channel_location,
    save_locations,
    selling_locations,
    site,
)
from safar.stock.model import MAIN, QUARANTINE, StockReceipt, Transfer
from safar.stock.policies import Policy, policies, set_policy_many
from safar.stock.restock import Handled, TooFewThere, restock_many, send_back_many
from tests.stage.books import books_agree, events
from tests.stage.stock import AGENT, JAM, MUG, STAFF, STORE, level, lying


async def _set(database: Database, *wanted: Policy) -> None:
    async with database.transaction() as connection:
        await set_policy_many(connection, wanted, staff_id=STAFF)


async def _most(database: Database, *places: object) -> int:
    """Hold mugs one by one until none is promised any more; return how many there were."""
    held = 0
    async with database.transaction() as connection:
        accounts = [(await stock.levels(connection, [MUG]))[MUG, place].account_id for place in places]  # type: ignore[index]
        for account in accounts:
            while True:
                expires_at = clock.now() + timedelta(minutes=5)
                one = HoldRequest(
                    hold_id=new_id(), lines={account: 1}, purpose="order", expires_at=expires_at
                )
                if not isinstance((await ledger.hold_many(connection, [one]))[0], Held):
                    break
                held += 1
    return held


async def test_channels_sell_their_own_units_first_then_by_priority(shelves: Database) -> None:
    outlet, market = new_id(), channel_location("Market")
    async with shelves.transaction() as connection:
        assert [one.location_id for one in await selling_locations(connection)] == [MAIN, STORE]
        await save_locations(
            connection,
            [
                OwnLocation(id=outlet, name="Outlet", kind="store", priority=5, country="PT", latitude=38.7),
                OwnLocation(id=market, name="Market", kind="allocation", channel="market"),
                OwnLocation(id=STORE, name="High Street", kind="store", sells=False),
            ],
            staff_id=STAFF,
        )
        shop = await selling_locations(connection)
        assert [one.location_id for one in shop] == [outlet, MAIN]
        assert (shop[0].country, shop[0].latitude, shop[0].kind) == ("PT", 38.7, "store")
        assert [one.location_id for one in await selling_locations(connection, "market")] == [
            market,
            outlet,
            MAIN,
        ]
        await save_locations(
            connection,
            [OwnLocation(id=outlet, name="Outlet", kind="warehouse", active=False)],
            staff_id=STAFF,
        )
        kept = await site(connection, outlet)
        assert kept is not None
        assert kept.kind == "store", "the kind of a location stays"
        assert [one.location_id for one in await selling_locations(connection)] == [MAIN]
        with pytest.raises(MainStays):
            await save_locations(
                connection,
                [OwnLocation(id=MAIN, name="Main", kind="warehouse", active=False)],
                staff_id=STAFF,
            )
    assert await events(shelves, "location.changed") == ["location.changed"] * 2


async def test_a_location_of_ours_has_one_beside_it_for_what_is_sold(shelves: Database) -> None:
    async with shelves.transaction() as connection:
        await stock.receive_stock_many(connection, [StockReceipt(new_id(), MUG, STORE, 3, "delivery")])
        back = Transfer(new_id(), MUG, stock.outgoing_of(STORE), STORE, 1, "test")
        await stock.transfer_many(connection, [back])
    assert (await level(shelves, MUG, STORE)).on_hand == 4


async def test_safety_units_are_promised_to_nobody(shelves: Database) -> None:
    await _set(shelves, Policy(MUG, safety_units=3))
    assert (await level(shelves)).free == 7
    assert await _most(shelves, MAIN) == 7


async def level_of_new_location(database: Database) -> int:
    async with database.transaction() as connection:
        await stock.receive_stock_many(connection, [StockReceipt(new_id(), MUG, STORE, 4, "delivery")])
    return (await level(database, MUG, STORE)).reserve


async def test_a_level_that_opens_later_keeps_its_safety_units_too(shelves: Database) -> None:
    await _set(shelves, Policy(MUG, safety_units=3))
    assert await level_of_new_location(shelves) == 3
    assert (await level(shelves, MUG, STORE)).free == 1


async def test_a_backorder_is_promised_once_not_once_a_location(shelves: Database) -> None:
    async with shelves.transaction() as connection:
        await stock.receive_stock_many(connection, [StockReceipt(new_id(), MUG, STORE, 2, "delivery")])
    await _set(shelves, Policy(MUG, backorder_units=5))
    assert await _most(shelves, MAIN, STORE) == 10 + 2 + 5


async def test_safety_units_delay_a_promise_and_take_none_of_the_backorders(shelves: Database) -> None:
    await _set(shelves, Policy(MUG, safety_units=4, backorder_units=5))
    assert (await level(shelves)).free == 6
    assert await _most(shelves, MAIN) == 15


async def test_what_was_never_there_can_be_ordered_ahead(shelves: Database) -> None:
    day = date(2031, 6, 1)
    await _set(shelves, Policy(JAM, backorder_units=20, preorder_from=day, promise_days=9))
    assert (await level(shelves, JAM)).promisable == 20
    async with shelves.connection() as connection:
        assert await policies(connection, [JAM, MUG]) == {JAM: Policy(JAM, 0, 20, day, 9)}


async def test_backorders_move_to_the_location_that_is_asked_first_now(shelves: Database) -> None:
    async with shelves.transaction() as connection:
        await stock.receive_stock_many(connection, [StockReceipt(new_id(), MUG, STORE, 2, "delivery")])
    await _set(shelves, Policy(MUG, backorder_units=5))
    async with shelves.transaction() as connection:
        first = OwnLocation(id=STORE, name="High Street", kind="store", priority=1)
        await save_locations(connection, [first], staff_id=STAFF)
    assert ((await level(shelves)).backorder, (await level(shelves, MUG, STORE)).backorder) == (0, 5)
    await _set(shelves, Policy(MUG), Policy(MUG))
    assert (await level(shelves, MUG, STORE)).backorder == 0
    assert await events(shelves, "stock.policy_set") == ["stock.policy_set"] * 2


async def test_returns_come_into_quarantine_and_go_back_to_the_supplier(shelves: Database) -> None:
    back, away = new_id(), new_id()
    async with shelves.transaction() as connection:
        for _click in range(2):
            await restock_many(connection, [Handled(back, MUG, QUARANTINE, 3, "cracked", "order 7", STAFF)])
            await send_back_many(connection, [Handled(away, MUG, QUARANTINE, 2, "faulty", "RMA 1", STAFF)])
    assert await lying(shelves) == {
        ("MUG", "Main warehouse"): 10,
        ("MUG", "Quarantine"): 1,
        ("CLOCK", "Main warehouse"): 5,
    }
    assert await events(shelves, "stock.returned", "stock.sent_back") == ["stock.returned", "stock.sent_back"]
    async with shelves.connection() as connection:
        assert QUARANTINE not in [one.location_id for one in await selling_locations(connection)]
    await _set(shelves, Policy(MUG, backorder_units=90))
    with pytest.raises(TooFewThere, match="only 10"):
        async with shelves.transaction() as connection:
            await send_back_many(connection, [Handled(new_id(), MUG, MAIN, 11, "faulty")])
    await books_agree(shelves)


async def test_the_console_adds_and_changes_locations_and_policies(
    shelves: Database, desk: httpx.AsyncClient
) -> None:
    form = {
        "location_id": str(new_id()),
        "name": "Lisboa",
        "kind": "store",
        "country": "pt",
        "postcode": "1100",
        "latitude": "38,7",
        "longitude": "-9.1",
        "priority": "۲",
        "sells": "1",
    }
    for bad in ({"country": "1"}, {"latitude": "91"}, {"priority": "x"}, {"kind": "customer"}, {"name": ""}):
        assert (await desk.post("/stock/locations", data={**form, **bad})).status_code == 422
    assert (await desk.post("/stock/locations", data=form, headers=AGENT)).status_code == 403
    assert (await desk.post("/stock/locations", data=form)).status_code == 303
    path = f"/stock/locations/{form['location_id']}"
    assert "38.7" in (await desk.get(path)).text
    assert (await desk.post("/stock/locations", data={**form, "known": "1", "ended": "1"})).status_code == 303
    assert "not in use" in (await desk.get("/stock/locations")).text
    assert (await desk.get(f"/stock/locations/{stock.SUPPLIER}")).status_code == 404
    main = {"location_id": str(MAIN), "name": "Main", "kind": "warehouse", "priority": "1", "known": "1"}
    assert (await desk.post("/stock/locations", data={**main, "ended": "1"})).status_code == 409
    rules = {"safety_units": "2", "backorder_units": "3", "preorder_from": "", "promise_days": ""}
    assert (await desk.post(f"/stock/{MUG}/policy", data={**rules, "promise_days": "x"})).status_code == 422
    assert (await desk.post(f"/stock/{MUG}/policy", data=rules)).status_code == 303
    assert ((await level(shelves)).reserve, (await level(shelves)).promisable) == (2, 13)
    channel = {
        "location_id": str(new_id()),
        "name": "Market",
        "kind": "allocation",
        "priority": "1",
        "sells": "1",
    }
    assert (await desk.post("/stock/locations", data=channel)).status_code == 303
    async with shelves.connection() as connection:
        assert (await selling_locations(connection, "market"))[0].location_id == channel_location("market")
