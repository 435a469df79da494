"""Stock figures as a file: counted or received, looked at row by row, booked once."""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx
import pytest

from safar.capacity import actions as ledger
from safar.capacity.model import HoldRequest
from safar.catalogue.sheets import uploads
from safar.console.build import build_console
from safar.kernel.clock import now
from safar.kernel.context import Context
from safar.kernel.database import Database
from safar.kernel.ids import new_id
from safar.stock import actions as stock
from safar.stock import sheet_rows, sheets
from safar.stock.model import MAIN
from tests.stage.people import signed_in
from tests.stage.serving import Serve
from tests.stage.stock import CLOCK, MUG, MUG_CODE, STORE


async def lies(database: Database) -> dict[tuple[object, object], int]:
    async with database.connection() as connection:
        assert await stock.recount_levels(connection) == []
        assert await ledger.recount_accounts(connection) == []
        levels = await stock.levels(connection, [MUG, CLOCK])
        return {place: level.on_hand for place, level in levels.items()}


@pytest.fixture
async def desk(context: Context, shelves: Database, serve: Serve) -> AsyncIterator[httpx.AsyncClient]:
    """A manager's browser on the whole console."""
    async with await signed_in(context, await serve(build_console(context)), "manager") as client:
        client.timeout = httpx.Timeout(60)  # files are read in a process of their own
        yield client


async def upload(desk: httpx.AsyncClient, text: str) -> str:
    answer = await desk.post("/stock/files/uploads", files={"file": ("count.csv", text.encode())})
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


async def test_a_count_is_looked_at_then_booked_once_as_the_difference(
    desk: httpx.AsyncClient, shelves: Database
) -> None:
    path = await upload(
        desk, f"barcode,sku,location,on_hand\n{MUG_CODE},,,12\n,CLOCK,Main warehouse,5\n,CLOCK,{STORE},3\n"
    )
    page = (await desk.get(path)).text
    assert page.count("<ins") == 2, "what is as it was changes nothing"
    assert (await lies(shelves))[MUG, MAIN] == 10
    assert (await desk.post(path)).status_code == 303
    assert await lies(shelves) == {(MUG, MAIN): 12, (CLOCK, MAIN): 5, (CLOCK, STORE): 3}
    assert (await desk.post(path)).status_code == 409
    assert (await lies(shelves))[MUG, MAIN] == 12


async def test_what_moves_between_looking_and_booking_is_kept(
    desk: httpx.AsyncClient, shelves: Database
) -> None:
    path = await upload(desk, "sku,on_hand\nMUG,9\n")
    async with shelves.transaction() as connection:
        await stock.receive_stock_many(connection, [stock.StockReceipt(new_id(), MUG, MAIN, 5, "delivery")])
    assert (await desk.post(path)).status_code == 303
    assert (await lies(shelves))[MUG, MAIN] == 14


async def test_units_that_came_in_are_added(desk: httpx.AsyncClient, shelves: Database) -> None:
    path = await upload(desk, "sku,received\nMUG,۷\nCLOCK,0\n")
    assert (await desk.post(path)).status_code == 303
    assert (await lies(shelves))[MUG, MAIN] == 17


async def test_each_row_says_why_it_cannot_be_booked(desk: httpx.AsyncClient, shelves: Database) -> None:
    async with shelves.transaction() as connection:
        level = (await stock.levels(connection, [MUG]))[MUG, MAIN]
        hold = HoldRequest(
            hold_id=new_id(),
            lines={level.account_id: 4},
            purpose="checkout",
            expires_at=now().replace(year=2999),
        )
        await ledger.hold_many(connection, [hold])
    path = await upload(
        desk,
        "sku,location,on_hand\nMUG,,3\nNONE,,1\nJAM,,1\nCLOCK,Nowhere,1\nCLOCK,,x\nCLOCK,,1\n"
        "clock,main warehouse,2\n",
    )
    page = re.sub(r"<[^>]+>", "", (await desk.get(path)).text)
    for told in (
        "on_hand is less than the 4 units that are promised",
        "sku is not in the catalogue",
        "sku is kept in lots",
        "location no such location: “Nowhere”",
        "on_hand is not a whole number",
        "sku stands with the same location in row 7 already",
    ):
        assert told in page, told
    assert (await lies(shelves))[MUG, MAIN] == 10


@pytest.mark.finding("security-10")
async def test_what_was_free_when_it_was_looked_at_and_is_promised_now_is_not_booked(
    desk: httpx.AsyncClient, shelves: Database
) -> None:
    """The row is shown as wrong, and the others of the file are booked."""
    path = await upload(desk, "sku,on_hand\nMUG,3\nCLOCK,6\n")
    async with shelves.transaction() as connection:
        level = (await stock.levels(connection, [MUG]))[MUG, MAIN]
        hold = HoldRequest(
            hold_id=new_id(),
            lines={level.account_id: 8},
            purpose="checkout",
            expires_at=now().replace(year=2999),
        )
        await ledger.hold_many(connection, [hold])
    answer = await desk.post(path)
    assert answer.status_code == 303
    there = await lies(shelves)
    assert (there[MUG, MAIN], there[CLOCK, MAIN]) == (10, 6)
    assert "is less than the 8 units that are promised to customers" in (await desk.get(path)).text


@pytest.mark.finding("security-10")
async def test_a_file_goes_on_after_a_break_and_books_each_row_once(
    desk: httpx.AsyncClient, shelves: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "CHUNK", 1)
    path = await upload(desk, "sku,received\nMUG,2\nCLOCK,3\n")
    upload_id, before = UUID(path.rpartition("/")[2]), await lies(shelves)
    pieces, mark = 0, uploads.mark_until

    async def breaks(*arguments: Any) -> None:
        nonlocal pieces
        pieces += 1
        await mark(*arguments)
        if pieces == 2:
            raise asyncio.CancelledError

    monkeypatch.setattr(sheets, "mark_until", breaks)
    with pytest.raises(asyncio.CancelledError):
        await sheets.write_stock(shelves, upload_id, staff_id=new_id())
    there = await lies(shelves)
    assert there == {**before, (MUG, MAIN): before[MUG, MAIN] + 2}
    assert (await desk.post(path)).status_code == 303
    there = await lies(shelves)
    assert there[MUG, MAIN] == before[MUG, MAIN] + 2
    assert there[CLOCK, MAIN] == before.get((CLOCK, MAIN), 0) + 3


async def test_the_figures_that_are_given_out_come_in_again_and_change_nothing(
    desk: httpx.AsyncClient, shelves: Database
) -> None:
    given = await desk.get("/stock/files/stock.csv")
    assert given.content.decode("utf-8-sig").splitlines()[:2] == [
        "sku,barcode,title,location,on_hand,held,free",
        "CLOCK,,Alarm clock,Main warehouse,5,0,5",
    ]
    page = (await desk.get(await upload(desk, given.content.decode("utf-8-sig")))).text
    assert "There is nothing to import in this file" in page
    assert (await desk.get("/stock/files/stock.xlsx")).content[:2] == b"PK"


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"sku\nA\n", "no_figures_column"), (b"on_hand\n1\n", "no_sku_column"),
        (b"sku,on_hand,received\nA,1,2\n", "both_figures_columns"), (b"sku,on_hand\nA,\n", "empty"),
        (b"sku,on_hand,on hand\nA,1,1\n", "column_twice"),
    ],
)  # fmt: skip
def test_a_file_without_what_is_needed_says_so(body: bytes, problem: str) -> None:
    assert sheet_rows.read_stock_rows(body) == {"problem": problem}
