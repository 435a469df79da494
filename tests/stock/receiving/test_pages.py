"""Deliveries scanned article by article: pages for staff, over real HTTP."""

import asyncio
import re

import httpx
import pytest

from safar.kernel.database import Database
from safar.kernel.ids import new_id
from safar.stock.model import MAIN
from tests.stage.books import books_agree, events
from tests.stage.stock import AGENT, CLOCK, JAM, MUG, MUG_CODE, level, lying


async def started(desk: httpx.AsyncClient, **fields: str) -> str:
    form = {"receiving_id": str(new_id()), "location_id": str(MAIN), "document": "DN 7", **fields}
    answer = await desk.post("/stock/receiving", data=form)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


async def scanned(
    desk: httpx.AsyncClient, path: str, code: str, units: str = "1", **fields: str
) -> httpx.Response:
    form = {"scan_id": str(new_id()), "code": code, "units": units, **fields}
    return await desk.post(f"{path}/scans", data=form, follow_redirects=True)


async def test_scans_come_into_stock_when_the_delivery_is_booked_and_once(
    desk: httpx.AsyncClient, shelves: Database
) -> None:
    path = await started(desk)
    for code in (MUG_CODE, "mug", MUG_CODE):
        assert "Retrospot mug" in (await scanned(desk, path, code)).text
    await scanned(desk, path, "CLOCK", "۱۲")
    await scanned(desk, path, "CLOCK", "-2")
    assert (await level(shelves)).on_hand == 10, "nothing is in stock before it is booked"
    for _click in range(2):
        booked = await desk.post(f"{path}/booking", data={}, follow_redirects=True)
        assert "Booked into stock: 2 articles, 13 units." in booked.text
    assert (await level(shelves)).on_hand == 13
    assert (await level(shelves, CLOCK)).on_hand == 15
    assert len(await events(shelves, "delivery.booked")) == 1
    assert "Delivery" in (await desk.get(f"/stock/{MUG}")).text
    await books_agree(shelves)


async def test_the_field_is_empty_after_a_wrong_scan_and_the_code_is_named(desk: httpx.AsyncClient) -> None:
    path = await started(desk)
    page = await scanned(desk, path, "NOPE")
    assert page.status_code == 422
    assert "No article has this barcode or SKU." in page.text
    assert "<b><bdi>NOPE</bdi></b>" in page.text
    field = re.search(r'<input[^>]*id="scan"[^>]*>', page.text)
    assert field is not None
    assert 'value=""' in field.group()


async def test_a_scan_that_is_sent_again_counts_once(desk: httpx.AsyncClient) -> None:
    path = await started(desk)
    again = str(new_id())
    for _try in range(2):
        page = await scanned(desk, path, "MUG", scan_id=again)
    assert '<div class="num">1</div>' in page.text
    assert (await scanned(desk, path, "CLOCK", scan_id=again)).status_code == 409


async def test_two_phones_scan_into_one_delivery(desk: httpx.AsyncClient, shelves: Database) -> None:
    path = await started(desk)
    await asyncio.gather(*(scanned(desk, path, "MUG") for _ in range(8)))
    await desk.post(f"{path}/booking", data={})
    assert (await level(shelves)).on_hand == 18


async def test_units_shelf_and_lot_are_corrected_in_the_list(
    desk: httpx.AsyncClient, shelves: Database
) -> None:
    path = await started(desk, code="JAM")
    await scanned(desk, path, "MUG")
    form = {
        f"units-{JAM}": "24", f"was-{JAM}": "1", f"lot-{JAM}": "L9", f"expires-{JAM}": "2031-02-03",
        f"bin-{JAM}": "Cellar A3", f"units-{MUG}": "1", f"was-{MUG}": "1",
    }  # fmt: skip
    await scanned(desk, path, "MUG")  # while the list was open elsewhere
    await desk.post(f"{path}/booking", data=form)
    assert (await level(shelves, JAM)).on_hand == 24
    assert (await level(shelves)).on_hand == 12, "what was not corrected is what was scanned"
    page = (await desk.get(f"/stock/{JAM}")).text
    assert "L9" in page
    assert "Cellar A3" in page
    assert (await lying(shelves))["JAM", "Main warehouse"] == 24


async def test_a_discarded_delivery_leaves_nothing_and_takes_nothing(
    desk: httpx.AsyncClient, shelves: Database
) -> None:
    path = await started(desk)
    await scanned(desk, path, "MUG")
    assert (await desk.post(f"{path}/discard")).status_code == 303
    assert (await level(shelves)).on_hand == 10
    assert (await scanned(desk, path, "MUG")).status_code == 409
    assert (await desk.post(f"{path}/booking", data={})).status_code == 409


async def test_an_empty_delivery_is_not_booked(desk: httpx.AsyncClient) -> None:
    path = await started(desk)
    refused = await desk.post(f"{path}/booking", data={})
    assert refused.status_code == 409
    assert "Nothing has been scanned yet." in refused.text


async def test_what_is_not_there_and_what_is_wrong_is_refused(desk: httpx.AsyncClient) -> None:
    assert (await desk.get(f"/stock/receiving/{new_id()}")).status_code == 404
    form = {"scan_id": str(new_id()), "code": "MUG", "units": "1"}
    assert (await desk.post(f"/stock/receiving/{new_id()}/scans", data=form)).status_code == 404
    path = await started(desk)
    assert (await scanned(desk, path, "MUG", "many")).status_code == 422
    await scanned(desk, path, "MUG")
    assert (await desk.post(f"{path}/booking", data={f"units-{MUG}": "x"})).status_code == 422
    assert (await desk.post("/stock/receiving", data={"location_id": str(new_id())})).status_code == 422
    assert (await desk.get("/stock/receiving", headers=AGENT)).status_code == 403


@pytest.mark.parametrize("language", ["fa", "pt-BR", "hi"])
async def test_pages_speak_every_language(desk: httpx.AsyncClient, language: str) -> None:
    path = await started(desk, code="MUG")
    for page in ("/stock/receiving", path):
        text = (await desk.get(page, headers={"accept-language": language})).text
        assert "Receive a delivery" not in text
        assert "Scan the articles" not in text
