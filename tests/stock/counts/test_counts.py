"""Counts: blind, of the moment, and nothing moves before somebody has approved it."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest

from safar.capacity import actions as ledger
from safar.capacity.model import HoldRequest
from safar.kernel import clock
from safar.kernel.database import Database
from safar.kernel.errors import SameKeyOtherBody
from safar.kernel.ids import new_id
from safar.stock import actions as stock
from safar.stock.counts import actions as counts
from safar.stock.counts.model import (
    CountEntry,
    NotCountedNow,
    NothingCounted,
    NothingToCount,
    NotToDecide,
    Promised,
    Sheet,
)
from safar.stock.model import MAIN, Shipped, StockClaim, StockReceipt
from tests.stage.books import books_agree, events
from tests.stage.stock import AGENT, CLOCK, JAM, MUG, MUG_CODE, STAFF, STORE, level, lying


async def begun(database: Database, category: str = "") -> Sheet:
    sheet = Sheet(new_id(), MAIN, category, staff_id=STAFF)
    async with database.transaction() as connection:
        await counts.open_count(connection, sheet)
    return sheet


async def counted(database: Database, sheet: Sheet, *figures: tuple[object, int]) -> None:
    async with database.transaction() as connection:
        entries = [CountEntry(new_id(), sheet.count_id, id_, units) for id_, units in figures]  # type: ignore[arg-type]
        await counts.enter_counted_many(connection, entries)


async def sold(database: Database, units: int, *, shipped: int = 0) -> None:
    """Sell mugs from the main warehouse, and ship some of them."""
    hold_id = new_id()
    async with database.transaction() as connection:
        account = (await stock.levels(connection, [MUG]))[MUG, MAIN].account_id
        expires_at = clock.now() + timedelta(minutes=5)
        request = HoldRequest(hold_id=hold_id, lines={account: units}, purpose="order", expires_at=expires_at)
        await ledger.hold_many(connection, [request])
        await stock.claim_stock_many(connection, [StockClaim(hold_id, ((MUG, MAIN, units),), "order 1")])
        if shipped:
            await stock.ship_stock_many(connection, [Shipped(new_id(), MUG, MAIN, shipped)])


async def test_a_sheet_lists_what_lies_there_by_category(shelves: Database) -> None:
    everything, home = await begun(shelves), await begun(shelves, "home")
    async with shelves.transaction() as connection:
        assert [line.sku for line in await counts.count_lines_of(connection, everything.count_id)] == [
            "CLOCK",
            "MUG",
        ]
        assert [line.sku for line in await counts.count_lines_of(connection, home.count_id)] == ["CLOCK"]
        number = (await counts.count_of(connection, home.count_id)).number  # type: ignore[union-attr]
        assert await counts.open_count(connection, home) == number
    with pytest.raises(NothingToCount):
        async with shelves.transaction() as connection:
            await counts.open_count(connection, Sheet(new_id(), STORE))


async def test_what_is_sold_and_not_shipped_is_expected_on_the_shelf(shelves: Database) -> None:
    await sold(shelves, 4, shipped=1)
    sheet = await begun(shelves)
    await counted(shelves, sheet, (MUG, 9))
    async with shelves.transaction() as connection:
        line = await counts.line_of(connection, sheet.count_id, MUG)
        assert line is not None
        assert (line.expected, line.difference) == (9, 0)


async def test_units_that_move_after_the_counting_do_not_spoil_the_difference(shelves: Database) -> None:
    sheet = await begun(shelves)
    await counted(shelves, sheet, (MUG, 8))  # two are missing
    await sold(shelves, 3, shipped=2)
    async with shelves.transaction() as connection:
        await stock.receive_stock_many(connection, [StockReceipt(new_id(), MUG, MAIN, 20, "delivery")])
        await counts.finish_count(connection, sheet.count_id, rest_is_none=False, staff_id=STAFF)
    assert (await level(shelves, MUG)).on_hand == 27, "nothing has moved before the approval"
    async with shelves.transaction() as connection:
        for _click in range(2):
            await counts.approve_count(connection, sheet.count_id, {MUG}, staff_id=STAFF)
    assert (await level(shelves, MUG)).on_hand == 25
    assert (await level(shelves, CLOCK)).on_hand == 5, "what has no figure stays as it is"
    assert await events(shelves, "stock.adjusted", "count.approved") == ["stock.adjusted", "count.approved"]
    await books_agree(shelves)


async def test_scans_add_up_each_once_also_of_several_people_at_the_same_time(shelves: Database) -> None:
    sheet = await begun(shelves)

    async def scan(entry: CountEntry) -> None:
        async with shelves.transaction() as connection:
            await counts.enter_counted_many(connection, [entry])

    entries = [CountEntry(new_id(), sheet.count_id, MUG, 1, True) for _ in range(8)]
    await asyncio.gather(*(scan(entry) for entry in [*entries, *entries]))
    await scan(CountEntry(new_id(), sheet.count_id, MUG, -2, True))
    await scan(CountEntry(new_id(), sheet.count_id, JAM, 3, True))  # was not on the sheet
    async with shelves.transaction() as connection:
        lines = {line.sku: line.counted for line in await counts.count_lines_of(connection, sheet.count_id)}
    assert lines == {"CLOCK": None, "JAM": 3, "MUG": 6}


async def test_what_has_no_figure_is_none_when_the_counter_says_so(shelves: Database) -> None:
    sheet = await begun(shelves)
    await counted(shelves, sheet, (MUG, 10))
    async with shelves.transaction() as connection:
        await counts.finish_count(connection, sheet.count_id, rest_is_none=True, staff_id=STAFF)
        assert [line.sku for line in await counts.different_lines(connection, sheet.count_id)] == ["CLOCK"]
        await counts.approve_count(connection, sheet.count_id, {CLOCK}, staff_id=STAFF)
    assert await lying(shelves) == {("MUG", "Main warehouse"): 10, ("CLOCK", "Loss"): 5}


async def test_missing_units_that_are_promised_are_named_and_can_be_turned_down(shelves: Database) -> None:
    sheet = await begun(shelves)
    await counted(shelves, sheet, (MUG, 2), (CLOCK, 6))
    async with shelves.transaction() as connection:
        account = (await stock.levels(connection, [MUG]))[MUG, MAIN].account_id
        expires_at = clock.now() + timedelta(minutes=5)
        hold = HoldRequest(hold_id=new_id(), lines={account: 5}, purpose="order", expires_at=expires_at)
        await ledger.hold_many(connection, [hold])
        await counts.finish_count(connection, sheet.count_id, rest_is_none=False, staff_id=STAFF)
    with pytest.raises(Promised, match="MUG"):
        async with shelves.transaction() as connection:
            await counts.approve_count(connection, sheet.count_id, {MUG, CLOCK}, staff_id=STAFF)
    async with shelves.transaction() as connection:
        await counts.approve_count(connection, sheet.count_id, {CLOCK}, staff_id=STAFF)
        lines = await counts.different_lines(connection, sheet.count_id)
    assert [(line.sku, line.accepted) for line in lines] == [("CLOCK", True), ("MUG", False)]
    assert ((await level(shelves, MUG)).on_hand, (await level(shelves, CLOCK)).on_hand) == (10, 6)


async def test_a_count_goes_its_way_and_no_other(shelves: Database) -> None:
    sheet, other = await begun(shelves), await begun(shelves)
    async with shelves.transaction() as connection:
        with pytest.raises(NothingCounted):
            await counts.finish_count(connection, sheet.count_id, rest_is_none=False, staff_id=STAFF)
        with pytest.raises(NotToDecide):
            await counts.approve_count(connection, sheet.count_id, set(), staff_id=STAFF)
    await counted(shelves, sheet, (MUG, 9))
    async with shelves.transaction() as connection:
        await counts.finish_count(connection, sheet.count_id, rest_is_none=False, staff_id=STAFF)
        with pytest.raises(NotCountedNow):
            await counts.enter_counted_many(connection, [CountEntry(new_id(), sheet.count_id, MUG, 9)])
        await counts.reopen_count(connection, sheet.count_id, staff_id=STAFF)
        await counts.enter_counted_many(connection, [CountEntry(new_id(), sheet.count_id, MUG, 10)])
        await counts.finish_count(connection, sheet.count_id, rest_is_none=False, staff_id=STAFF)
        await counts.approve_count(connection, sheet.count_id, {MUG}, staff_id=STAFF)
        with pytest.raises(NotToDecide):
            await counts.cancel_count(connection, sheet.count_id, staff_id=STAFF)
        await counts.cancel_count(connection, other.count_id, staff_id=STAFF)
    assert await events(shelves, "stock.adjusted") == []


async def test_a_shelf_is_counted_with_a_scanner_and_never_shows_what_is_expected(
    shelves: Database, desk: httpx.AsyncClient
) -> None:
    count_id = new_id()
    form = {"count_id": str(count_id), "location_id": str(MAIN), "category": "", "after_sku": ""}
    assert (await desk.post("/stock/counts", data=form, headers=AGENT)).status_code == 403
    assert (await desk.post("/stock/counts", data=form)).status_code == 303
    path = f"/stock/counts/{count_id}"
    for _scan in range(3):
        scan = {"entry_id": str(new_id()), "code": MUG_CODE, "units": "1"}
        last = await desk.post(f"{path}/entries", data=scan, headers=AGENT)
    assert last.headers["location"] == f"{path}?scanned={MUG}"
    page = (await desk.get(last.headers["location"], headers=AGENT)).text
    assert "3 counted" in page
    assert "Expected" not in page
    assert ">10<" not in page
    rows = {"entry_id": str(new_id()), f"units-{CLOCK}": "4"}
    assert (await desk.post(f"{path}/entries", data=rows, headers=AGENT)).status_code == 303
    for bad in ({"code": "NONE", "units": "1"}, {f"units-{new_id()}": "1"}, {f"units-{MUG}": "x"}, {}):
        assert (
            await desk.post(f"{path}/entries", data={"entry_id": str(new_id()), **bad})
        ).status_code == 422
    assert (await desk.post(f"{path}/finished", headers=AGENT)).status_code == 303
    assert (await desk.post(f"{path}/approval", headers=AGENT)).status_code == 403
    waiting = (await desk.get(path)).text
    assert "-7" in waiting
    assert (await desk.post(f"{path}/approval", data={f"no-{MUG}": "1"})).status_code == 303
    assert ((await level(shelves, MUG)).on_hand, (await level(shelves, CLOCK)).on_hand) == (10, 4)
    assert "rejected" in (await desk.get(path)).text
    await books_agree(shelves)


@pytest.mark.finding("issue-7.6")
async def test_an_entry_that_comes_again_counts_once_and_with_another_figure_it_is_refused(
    shelves: Database,
) -> None:
    sheet = await begun(shelves)
    entry = CountEntry(new_id(), sheet.count_id, MUG, 1, True)
    async with shelves.transaction() as connection:
        await counts.enter_counted_many(connection, [entry, entry])
        for other in ({"units": 2}, {"variant_id": JAM}, {"added": False}):
            with pytest.raises(SameKeyOtherBody):
                await counts.enter_counted_many(connection, [replace(entry, **other)])
        lines = {line.sku: line.counted for line in await counts.count_lines_of(connection, sheet.count_id)}
    assert lines["MUG"] == 1
