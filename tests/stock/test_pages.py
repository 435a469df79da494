"""The stock room's pages for staff, over real HTTP."""

import re
from datetime import timedelta
from html import unescape

import httpx
import pytest

from safar.capacity import actions as ledger
from safar.capacity.model import HoldRequest
from safar.catalogue.actions import import_products
from safar.kernel import clock
from safar.kernel.database import Database
from safar.kernel.ids import new_id
from safar.stock import actions as stock
from safar.stock.model import MAIN, QUARANTINE
from tests.stage.books import books_agree, events
from tests.stage.shop import Item
from tests.stage.stock import AGENT, CLOCK, JAM, MUG, MUG_CODE, STORE, level, lying

PAGE_BYTES_MAX = 100_000
PAGES = (
    "/stock", "/stock/moves", "/stock/purchases", "/stock/suppliers", "/stock/transfers", "/stock/counts",
    "/stock/lots", "/stock/locations", f"/stock/{MUG}", f"/stock/{JAM}", f"/stock/locations/{MAIN}",
)  # fmt: skip


@pytest.mark.parametrize("language", ["en", "fa"])
async def test_every_page_is_small_and_mirrors(desk: httpx.AsyncClient, language: str) -> None:
    for path in PAGES:
        page = await desk.get(path, headers={"accept-language": language})
        assert page.status_code == 200, path
        assert len(page.content) < PAGE_BYTES_MAX
        assert f'dir="{"rtl" if language == "fa" else "ltr"}"' in page.text
        assert (await desk.get(path, headers=AGENT)).status_code == 200, path


async def test_stock_is_listed_by_what_runs_out_first(desk: httpx.AsyncClient) -> None:
    page = await desk.get("/stock")
    assert page.text.index("CLOCK") < page.text.index("MUG")
    assert "MUG" not in (await desk.get("/stock?q=clock")).text
    assert "CLOCK" not in (await desk.get("/stock?only=out")).text
    for query in ("?page=x", "?page=²", "?only=x", "?q=%00", "?page=999", "?after=x", "?before=x~y"):
        assert (await desk.get(f"/stock{query}")).status_code == 200


async def test_an_article_that_was_never_received_is_listed_and_can_be(
    desk: httpx.AsyncClient, shelves: Database
) -> None:
    for query in ("", "?q=jam", "?only=out", "?only=low"):
        page = (await desk.get(f"/stock{query}")).text
        assert f"/stock/{JAM}?do=receive#receive" in page, query
        assert "none yet" in page
    assert "do=receive" not in (await desk.get("/stock", headers=AGENT)).text
    async with shelves.transaction() as connection:
        await import_products(connection, [Item(f"NEW{n:03}", f"Novelty {n:03}") for n in range(120)])
    for query in ("/stock", "/stock?q=novelty"):
        seen: list[str] = []
        path: str | None = query
        while path:
            text = (await desk.get(path)).text
            seen += re.findall(r'href="/stock/[0-9a-f-]{36}"><bdi>([A-Z0-9]+)<', text)
            following = re.search(r'rel="next" href="([^"]+)"', text)
            path = unescape(following[1]) if following else None
        wanted = {f"NEW{n:03}" for n in range(120)} | (set() if "q=" in query else {"JAM", "MUG", "CLOCK"})
        assert sorted(seen) == sorted(wanted), "each once"


async def test_a_scanned_code_leads_to_the_article_and_words_to_the_list(desk: httpx.AsyncClient) -> None:
    for code in (MUG_CODE, "mug", " MUG "):
        found = await desk.get("/stock/find", params={"q": code})
        assert found.headers["location"] == f"/stock/{MUG}"
    assert (await desk.get("/stock/find?q=alarm")).headers["location"] == "/stock?q=alarm"
    assert (await desk.get("/stock/find")).headers["location"] == "/stock"


async def test_a_delivery_taken_in_twice_counts_once(desk: httpx.AsyncClient, shelves: Database) -> None:
    form = {
        "move_id": str(new_id()),
        "location_id": str(MAIN),
        "quantity": "۵",
        "reason": "delivery",
        "document": "DN 7",
    }
    for _click in range(2):
        assert (await desk.post(f"/stock/{MUG}/receive", data=form)).status_code == 303
    assert (await level(shelves)).on_hand == 15
    assert "DN 7" in (await desk.get(f"/stock/{MUG}")).text
    assert "DN 7" in (await desk.get("/stock/moves")).text
    other = await desk.post(f"/stock/{MUG}/receive", data={**form, "quantity": "6"})
    assert other.status_code == 409
    await books_agree(shelves)


async def test_a_count_never_takes_what_is_promised_and_the_form_comes_back(
    desk: httpx.AsyncClient, shelves: Database
) -> None:
    async with shelves.transaction() as connection:
        account = (await stock.levels(connection, [CLOCK]))[CLOCK, MAIN].account_id
        expires_at = clock.now() + timedelta(minutes=5)
        hold = HoldRequest(hold_id=new_id(), lines={account: 3}, purpose="order", expires_at=expires_at)
        await ledger.hold_many(connection, [hold])
    form = {
        "move_id": str(new_id()),
        "location_id": str(MAIN),
        "quantity": "-3",
        "reason": "broken in the cellar",
    }
    refused = await desk.post(f"/stock/{CLOCK}/adjust", data=form)
    assert refused.status_code == 409
    assert "only 2 can be taken away" in refused.text
    assert "broken in the cellar" in refused.text
    assert form["move_id"] in refused.text
    taken = await desk.post(f"/stock/{CLOCK}/adjust", data={**form, "quantity": "-2"})
    assert taken.status_code == 303
    assert (await level(shelves, CLOCK)).on_hand == 3


@pytest.mark.parametrize(
    "bad",
    [
        {"quantity": "0"}, {"quantity": "1" + "0" * 30}, {"quantity": "x"}, {"reason": ""}, {"move_id": "x"},
        {"location_id": "x"}, {"location_id": str(new_id())}, {"location_id": str(stock.CUSTOMER)},
    ],
)  # fmt: skip
async def test_a_move_that_makes_no_sense_is_refused_and_not_written(
    desk: httpx.AsyncClient, shelves: Database, bad: dict[str, str]
) -> None:
    good = {
        "move_id": str(new_id()),
        "location_id": str(MAIN),
        "to_id": str(STORE),
        "quantity": "2",
        "reason": "count",
    }
    for kind in ("receive", "adjust", "transfer", "return", "send-back", "write-off"):
        if kind == "receive" and "reason" in bad:
            continue  # what comes in without a reason is a delivery
        answer = await desk.post(f"/stock/{MUG}/{kind}", data={**good, **bad})
        assert answer.status_code == 422, kind
        assert (await desk.post(f"/stock/{new_id()}/{kind}", data=good)).status_code == 404
        agent = await desk.post(f"/stock/{MUG}/{kind}", data=good, headers=AGENT)
        assert agent.status_code == 403
    assert await lying(shelves) == {("MUG", "Main warehouse"): 10, ("CLOCK", "Main warehouse"): 5}


async def test_what_happens_to_units_is_written_down_with_its_reason(
    desk: httpx.AsyncClient, shelves: Database
) -> None:
    def form(**other: str) -> dict[str, str]:
        return {
            "move_id": str(new_id()),
            "location_id": str(MAIN),
            "quantity": "2",
            "reason": "seen",
            **other,
        }

    steps = {
        "transfer": form(to_id=str(STORE)),
        "return": form(location_id=str(QUARANTINE), document="order 9"),
        "send-back": form(quantity="1"),
        "write-off": form(location_id=str(QUARANTINE), quantity="1"),
    }
    for kind, body in steps.items():
        for _click in range(2):
            assert (await desk.post(f"/stock/{MUG}/{kind}", data=body)).status_code == 303, kind
    assert await lying(shelves) == {
        ("MUG", "Main warehouse"): 7,
        ("MUG", "High Street"): 2,
        ("MUG", "Quarantine"): 1,
        ("MUG", "Loss"): 1,
        ("CLOCK", "Main warehouse"): 5,
    }
    told = ("stock.transferred", "stock.returned", "stock.sent_back", "stock.written_off")
    assert await events(shelves, *told) == list(told)
    page = (await desk.get(f"/stock/{MUG}")).text
    assert "order 9" in page
    await books_agree(shelves)


async def test_moves_are_read_page_by_page_each_once(desk: httpx.AsyncClient, shelves: Database) -> None:
    async with shelves.transaction() as connection:
        await stock.receive_stock_many(
            connection,
            [stock.StockReceipt(new_id(), MUG, MAIN, 1, f"turn {n:03}") for n in range(120)],
        )
    seen: list[str] = []
    path: str | None = "/stock/moves"
    while path:
        page = (await desk.get(path)).text
        seen += [part[:3] for part in page.split("turn ")[1:]]
        at = page.split('rel="next" href="')
        path = "/stock/moves" + at[1].split('"')[0].replace("&amp;", "&") if len(at) > 1 else None
    assert len(seen) == len(set(seen)) == 120
