"""Prices as managers set them, over real HTTP."""

from collections.abc import AsyncIterator

import httpx
import pytest

from safar.console.build import build_console
from safar.kernel.context import Context
from safar.kernel.database import Database
from safar.kernel.ids import new_id
from safar.pricing.model import Band, Tax
from safar.pricing.rules import load_rules
from tests.stage.people import signed_in
from tests.stage.prices import code, deliver
from tests.stage.serving import Serve

METHOD = {
    "key": "post", "name": "Post", "name-fa": "پست", "days_least": "1", "days_most": "3", "weight-0": "2000",
    "price-0": "3.95", "weight-1": "", "price-1": "6,95", "free_from": "۵۰", "active": "yes",
}  # fmt: skip
CODE = {"code": "spring 10", "kind": "percent", "value": "10", "active": "yes"}


@pytest.fixture
async def manager(context: Context, serve: Serve) -> AsyncIterator[httpx.AsyncClient]:
    base = await serve(build_console(context))
    async with await signed_in(context, base, "manager") as client:
        yield client


async def test_a_zone_is_made_gets_a_way_to_send_and_is_tried(
    manager: httpx.AsyncClient, database: Database
) -> None:
    zone = {"zone_id": str(new_id()), "name": "Britain", "countries": "gb, ie", "postcodes": "YO BT1..BT9"}
    made = await manager.post("/prices/shipping", data=zone)
    again = await manager.post("/prices/shipping", data=zone)
    assert made.headers["location"] == again.headers["location"]
    address = made.headers["location"]
    assert (await manager.post(f"{address}/methods", data=METHOD)).status_code == 303
    async with database.connection() as connection:
        [found] = (await load_rules(connection)).zones
    assert (found.countries, found.postcodes) == (frozenset({"GB", "IE"}), ("YO", "BT1..BT9"))
    assert found.methods[0].bands == (Band(2000, 395), Band(None, 695))
    assert found.methods[0].free_from_minor == 5000
    tried = await manager.get("/prices/shipping?country=GB&postcode=YO1&weight=2001&goods=10")
    assert "£6.95" in tried.text
    assert "No way to send leads there" in (await manager.get("/prices/shipping?country=GB&postcode=S1")).text
    page = await manager.get(f"{address}?method=post")
    assert 'value="پست"' in page.text
    assert (await manager.post(f"{address}/methods/post/remove")).status_code == 303
    assert (await manager.post(f"{address}/remove")).status_code == 303
    assert (await manager.get(address)).status_code == 404


@pytest.mark.parametrize(
    ("field", "value"),
    [("key", "Überpost"), ("name", ""), ("days_most", "0"), ("price-1", "x"), ("weight-1", "2000"),
     ("free_from", "-1"), ("price-0", "")],
)  # fmt: skip
async def test_a_way_to_send_that_makes_no_sense_comes_back_as_it_was_typed(
    manager: httpx.AsyncClient, database: Database, field: str, value: str
) -> None:
    await deliver(database)
    page = await manager.get("/prices/shipping")
    address = page.text.split('href="/prices/shipping/')[1].split('"')[0].split("?")[0]
    answer = await manager.post(f"/prices/shipping/{address}/methods", data={**METHOD, field: value})
    assert answer.status_code == 422
    assert "is-invalid" in answer.text
    assert 'value="6,95"' in answer.text or field == "price-1"


async def test_countries_of_a_zone_are_named_or_ticked(manager: httpx.AsyncClient) -> None:
    id_ = new_id()
    zone = {"zone_id": str(id_), "name": "Islands", "countries": "UK, ایرلند; Índia", "country-PT": "1"}
    assert (await manager.post("/prices/shipping", data=zone)).status_code == 303
    page = (await manager.get(f"/prices/shipping/{id_}")).text
    assert "United Kingdom, Ireland, India, Portugal" in page
    assert "Remove zone" in page
    refused = await manager.post("/prices/shipping", data={**zone, "countries": "Atlantis"})
    assert "Not a country: Atlantis." in refused.text


@pytest.mark.parametrize(
    "bad", [{"countries": "XX"}, {"postcodes": "10..9"}, {"postcodes": "100..99999"}, {"name": ""}]
)
async def test_a_zone_that_is_nowhere_is_refused(manager: httpx.AsyncClient, bad: dict[str, str]) -> None:
    zone = {"zone_id": str(new_id()), "name": "Britain", "countries": "GB", "postcodes": ""}
    assert (await manager.post("/prices/shipping", data={**zone, **bad})).status_code == 422


async def test_a_country_is_taxed_shown_changed_and_taken_away(
    manager: httpx.AsyncClient, database: Database
) -> None:
    form = {"country": "us", "included": "no", "standard": "8.875", "reduced": "", "shipping_class": "zero"}
    assert (await manager.post("/prices/tax", data=form)).status_code == 303
    others = {**form, "country": "", "standard": "۲۰", "included": "yes"}
    assert (await manager.post("/prices/tax", data=others)).status_code == 303
    async with database.connection() as connection:
        taxes = (await load_rules(connection)).taxes
    assert taxes == {
        "US": Tax(False, {"standard": 8_875}, "zero"),
        "": Tax(True, {"standard": 20_000}, "zero"),
    }
    page = await manager.get("/prices/tax?country=US")
    assert 'value="8.875"' in page.text
    for bad in ({"standard": "101"}, {"standard": "1.00001"}, {"country": "XX"}, {"included": "maybe"}):
        assert (await manager.post("/prices/tax", data={**form, **bad})).status_code == 422
    assert (await manager.post("/prices/tax/others/remove")).status_code == 303
    assert (await manager.post("/prices/tax/xx/remove")).status_code == 404
    async with database.connection() as connection:
        assert set((await load_rules(connection)).taxes) == {"US"}


async def test_a_code_is_made_found_changed_and_switched_off(manager: httpx.AsyncClient) -> None:
    form = {
        **CODE,
        "uses_max": "3",
        "partner": "Ada Lovelace",
        "starts_on": "2026-01-01",
        "ends_on": "2026-01-31",
        "customers_once": "yes",
    }
    assert (await manager.post("/prices/codes", data=form)).status_code == 303
    listed = await manager.get("/prices?q=lovelace")
    assert "SPRING10" in listed.text
    assert "10 % off" in listed.text
    assert "No codes yet" in (await manager.get("/prices?q=nobody")).text
    page = await manager.get("/prices/codes/spring10")
    assert 'value="2026-01-31"' in page.text
    twice = await manager.post("/prices/codes", data=form)
    assert twice.status_code == 422
    assert "There is a code SPRING10 already" in twice.text
    changed = {**form, "kind": "fixed", "value": "2.50", "active": "", "ends_on": ""}
    assert (await manager.post("/prices/codes/SPRING10", data=changed)).status_code == 303
    listed = await manager.get("/prices")
    assert "£2.50 off" in listed.text
    assert "switched off" in listed.text


@pytest.mark.parametrize(
    "bad",
    [{"code": "a/b"}, {"code": ""}, {"kind": "gift"}, {"value": "110"}, {"value": "x"}, {"minimum": "-1"},
     {"starts_on": "soon"}, {"starts_on": "2026-02-02", "ends_on": "2026-02-01"}, {"uses_max": "-1"},
     {"campaign_id": "x"}],
)  # fmt: skip
async def test_a_code_that_makes_no_sense_is_refused(manager: httpx.AsyncClient, bad: dict[str, str]) -> None:
    answer = await manager.post("/prices/codes", data={**CODE, **bad})
    assert answer.status_code == 422
    assert "is-invalid" in answer.text


async def test_every_change_is_in_the_audit_log_in_words(
    manager: httpx.AsyncClient, database: Database
) -> None:
    await manager.post("/prices/codes", data=CODE)
    await manager.post("/prices/tax", data={"country": "GB", "included": "yes", "shipping_class": "zero"})
    log = await manager.get("/audit")
    assert "Made the discount code SPRING10" in log.text
    assert "Changed taxes" in log.text
    await code(database, "LATER")
    assert (await manager.get("/prices/codes/LATER")).status_code == 200
