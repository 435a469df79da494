"""The checkout: what it costs where, the total that was seen, codes, and the same for programs."""

import asyncio
import re
from datetime import timedelta
from typing import Any

import httpx
import pytest

from safar.capacity import actions as ledger
from safar.customers.visitor import Visitor, signed
from safar.kernel import clock
from safar.kernel.context import Context
from safar.kernel.database import Database, execute, value
from safar.kernel.ids import new_id
from tests.stage.books import books_agree
from tests.stage.checkout import ADDRESS, BUYER, count, filled, hidden
from tests.stage.prices import code, currencies, deliver, tax
from tests.stage.shop import MUG, free


def seen(page: httpx.Response) -> str:
    """Return the total that the page shows its customer, in minor units."""
    found = re.search(r'name="expected_total_minor" value="(\d*)"', page.text)
    assert found, page.text
    return found[1]


async def quoted(browser: httpx.AsyncClient, order_id: str, **typed: str) -> httpx.Response:
    return await browser.post("/checkout/quote", data={"order_id": order_id, **BUYER, **typed})


async def ordered(
    browser: httpx.AsyncClient, order_id: str, page: httpx.Response, **typed: str
) -> httpx.Response:
    form = {"order_id": order_id, "expected_total_minor": seen(page), **BUYER, **typed}
    return await browser.post("/checkout", data=form)


async def last_order(database: Database) -> dict[str, Any]:
    async with database.connection() as connection:
        columns = (
            "country, postcode, city, phone, currency, discount_minor, shipping_minor, tax_minor,"
            " tax_included, total_minor, shipping_key, discount_code"
        )
        found = await connection.execute(f"SELECT {columns} FROM orders ORDER BY number DESC LIMIT 1")
        one = await found.fetchone()
        assert one is not None
        return dict(zip(columns.split(", "), one, strict=True))


async def test_the_address_decides_what_delivery_and_tax_cost_and_what_was_typed_stays(
    browser: httpx.AsyncClient, database: Database
) -> None:
    await deliver(database)
    await tax(database, "IE", 23_000, included=False)
    await tax(database, "GB", 20_000, included=True)
    order_id = await filled(browser, quantity=2)
    home = await browser.get("/checkout")
    assert seen(home) == "1385"  # two mugs at 4.95 and the post
    assert "includes £2.31 tax" in home.text
    there = await quoted(browser, order_id, country="IE", postcode="D02", name="Mary O'Neill")
    assert there.status_code == 200
    assert seen(there) == str(round((990 + 995) * 1.23))
    assert "Mary O&#39;Neill" in there.text
    assert hidden(there) == order_id
    islands = await quoted(browser, order_id, postcode="ZE1 0AA")
    assert seen(islands) == "1780"
    assert await count(database, "orders") == 0
    bought = await ordered(browser, order_id, islands, postcode="ze1 0aa", phone="01904 555 012")
    assert bought.status_code == 303
    order = await last_order(database)
    assert (order["postcode"], order["shipping_minor"], order["total_minor"]) == ("ZE1 0AA", 790, 1780)
    assert (order["tax_included"], order["phone"]) == (True, "+441904555012")
    assert order["tax_minor"] == 165 + 132


async def test_another_total_than_was_seen_is_shown_before_anything_is_ordered(
    browser: httpx.AsyncClient, database: Database
) -> None:
    await deliver(database)
    order_id = await filled(browser)
    page = await browser.get("/checkout")
    moved = await ordered(browser, order_id, page, country="IE", postcode="D02")
    assert moved.status_code == 409
    assert "The total is now £14.90" in moved.text
    assert await count(database, "orders") == 0
    async with database.transaction() as connection:
        await execute(connection, "UPDATE variants SET price_minor = 600 WHERE id = %s", [MUG])
    dearer = await ordered(browser, order_id, moved, country="IE", postcode="D02")
    assert dearer.status_code == 409
    assert "The total is now £15.95" in dearer.text
    assert await free(database) == (10, 0)
    bought = await ordered(browser, hidden(dearer), dearer, country="IE", postcode="D02")
    assert bought.status_code == 303
    assert (await last_order(database))["total_minor"] == 1595


async def test_the_way_that_was_chosen_is_charged_and_one_that_there_is_not_is_not_replaced_in_silence(
    browser: httpx.AsyncClient, database: Database
) -> None:
    await deliver(database)
    order_id = await filled(browser)
    express = await quoted(browser, order_id, shipping="express")
    assert seen(express) == "1285"
    moved = await ordered(browser, order_id, express, shipping="express", postcode="ZE1 0AA")
    assert moved.status_code == 409
    assert "isn’t available for this address" in moved.text
    assert await count(database, "orders") == 0
    bought = await ordered(browser, order_id, express, shipping="express")
    assert bought.status_code == 303
    assert (await last_order(database))["shipping_key"] == "express"


async def test_where_we_do_not_deliver_nothing_can_be_ordered(
    browser: httpx.AsyncClient, database: Database
) -> None:
    await deliver(database)
    order_id = await filled(browser)
    page = await quoted(browser, order_id, country="BR", postcode="01310-100")
    assert "We can’t send this to Brazil" in page.text
    assert (await ordered(browser, order_id, page, country="BR", postcode="01310100")).status_code == 409
    assert await count(database, "orders") == 0
    assert '<option value="BR"' not in (await browser.get("/checkout")).text.split("f-billing")[0]
    assert '<option value="IE"' in (await browser.get("/checkout")).text


async def test_what_is_wrong_is_said_at_its_field(browser: httpx.AsyncClient, database: Database) -> None:
    order_id = await filled(browser)
    bad = {**BUYER, "postcode": "12345", "phone": "call me", "city": "", "country": "XX"}
    page = await browser.post("/checkout", data={"order_id": order_id, **bad})
    assert page.status_code == 422
    assert {"phone", "city", "country"} <= set(re.findall(r'id="f-(\w+)-error"', page.text))
    page = await browser.post("/checkout", data={"order_id": order_id, **BUYER, "postcode": "12345"})
    assert "Enter a valid postcode, like YO1 7HH" in page.text
    assert await count(database, "orders") == 0


async def test_a_code_in_the_cart_lowers_the_total_and_is_told_when_it_is_not_taken(
    browser: httpx.AsyncClient, database: Database
) -> None:
    await code(database, "TEN", minimum_minor=900)
    await code(database, "PAST", ends_at=clock.now() - timedelta(days=1))
    order_id = await filled(browser)
    for typed, told in (
        ("nothing", "“NOTHING” isn’t a valid code"),
        ("past", "The code PAST has expired"),
        ("t e n", "for orders of £9.00 or more"),
    ):
        assert (await browser.post("/cart/code", data={"code": typed})).status_code == 303
        assert told in (await browser.get("/cart")).text
    await browser.post("/cart/lines/MUG", data={"quantity": 2})
    cart = await browser.get("/cart")
    assert "TEN applied" in cart.text
    assert "-£0.99" in cart.text
    page = await browser.get("/checkout")
    assert seen(page) == "891"
    assert (await ordered(browser, order_id, page)).status_code == 303
    order = await last_order(database)
    assert (order["discount_code"], order["discount_minor"], order["total_minor"]) == ("TEN", 99, 891)


async def test_a_code_can_be_typed_at_the_checkout_and_its_total_is_seen_before_it_is_ordered(
    browser: httpx.AsyncClient, database: Database
) -> None:
    await code(database, "FIVER", "fixed", 200)
    order_id = await filled(browser)
    page = await browser.get("/checkout")
    changed = await ordered(browser, order_id, page, code="fiver")
    assert changed.status_code == 409
    assert seen(changed) == "295"
    refused = await ordered(browser, order_id, changed, code="unknown")
    assert refused.status_code == 409
    assert "“UNKNOWN” isn’t a valid code" in refused.text
    assert (await ordered(browser, order_id, changed, code="FIVER")).status_code == 303
    assert (await last_order(database))["total_minor"] == 295


def bought_by(number: int, **other: str) -> dict[str, str]:
    return {
        "id": str(new_id()),
        "sku": "MUG",
        "quantity": "1",
        **BUYER,
        "email": f"buyer{number}@customers.example",
        **other,
    }


async def test_a_code_with_three_uses_is_taken_three_times_however_many_want_it_at_once(
    browser: httpx.AsyncClient, database: Database
) -> None:
    await code(database, "RARE", uses_max=3)
    wanted = [bought_by(n, code="rare") for n in range(8)]
    answers = await asyncio.gather(*(browser.post("/buy", json=one) for one in wanted))
    assert sorted(answer.status_code for answer in answers) == [201] * 3 + [409] * 5
    told = {answer.json()["message"] for answer in answers if answer.status_code == 409}
    assert told == {"The code couldn’t be applied. The code RARE has been used up."}
    assert await free(database) == (7, 0)
    again = next(one for one, answer in zip(wanted, answers, strict=True) if answer.status_code == 201)
    assert (await browser.post("/buy", json=again)).status_code == 201
    async with database.connection() as connection:
        account = await value(connection, "SELECT on_hand FROM capacity_accounts WHERE kind = 'discount'")
    assert account == 0
    await books_agree(database)


async def test_a_code_for_once_is_used_once_by_each_customer_and_comes_back_with_a_payment_that_failed(
    browser: httpx.AsyncClient, database: Database
) -> None:
    await code(database, "ONCE", customers_once=True)
    failed = await browser.post("/buy", json=bought_by(1, code="ONCE", provider="test", method="fail"))
    assert failed.status_code == 402
    assert (await browser.post("/buy", json=bought_by(1, code="ONCE"))).status_code == 201
    second = await browser.post("/buy", json=bought_by(1, code="once", email="BUYER1@customers.example"))
    assert second.status_code == 409
    assert "it can be used once" in second.json()["message"]
    assert (await browser.post("/buy", json=bought_by(2, code="ONCE"))).status_code == 201
    async with database.connection() as connection:
        assert await ledger.recount_accounts(connection) == []
        keys = await connection.execute("SELECT key FROM capacity_accounts WHERE kind = 'discount_customer'")
        assert not [key for (key,) in await keys.fetchall() if "@" in key]


async def test_prices_and_orders_are_in_the_currency_that_the_customer_chose(
    browser: httpx.AsyncClient, database: Database
) -> None:
    await currencies(database, EUR="1.2")
    await deliver(database)
    await code(database, "OFF", "fixed", 100)
    await browser.get("/", params={"currency": "EUR"})
    order_id = await filled(browser)
    await browser.post("/cart/code", data={"code": "OFF"})
    page = await browser.get("/checkout")
    assert seen(page) == str(594 - 120 + 474)
    assert "€5.94" in page.text
    assert (await ordered(browser, order_id, page)).status_code == 303
    order = await last_order(database)
    assert (order["currency"], order["total_minor"], order["discount_minor"]) == ("EUR", 948, 120)


async def test_programs_fill_a_cart_ask_for_a_price_and_order_in_json(
    browser: httpx.AsyncClient, database: Database
) -> None:
    await deliver(database)
    await code(database, "TEN")
    browser.headers["accept"] = "application/json"
    added = await browser.post("/cart/lines", json={"sku": "MUG", "quantity": 2})
    assert (added.status_code, added.json()) == (201, {"units": 2})
    assert (await browser.post("/cart/lines", json={"sku": "CLOCK"})).json() == {"units": 3}
    assert (await browser.post("/cart/code", json={"code": "TEN"})).status_code == 200
    cart = (await browser.get("/cart")).json()
    assert [line["sku"] for line in cart["lines"]] == ["MUG", "CLOCK"]
    price = await browser.post(
        "/checkout/quote", json={**ADDRESS, "shipping": "express", "order_id": str(new_id())}
    )
    assert price.status_code == 200
    bill = price.json()
    assert [one["key"] for one in bill["shipping_methods"]] == ["post", "express"]
    assert bill["payment_ways"][0]["provider"] == "cod"
    assert bill["total_minor"] == 1365 - 137 + 790
    body = {**BUYER, "shipping": "express", "expected_total_minor": bill["total_minor"] - 1}
    key = {"idempotency-key": str(new_id())}
    refused = await browser.post("/checkout", json=body, headers=key)
    assert refused.status_code == 409
    assert (refused.json()["error"], refused.json()["total_minor"]) == ("total_changed", bill["total_minor"])
    body["expected_total_minor"] = bill["total_minor"]
    taken = await browser.post("/checkout", json=body, headers=key)
    assert taken.status_code == 201
    again = await browser.post("/checkout", json=body, headers=key)
    assert again.status_code == 201
    assert again.json()["order"] == taken.json()["order"]
    assert await count(database, "orders") == 1
    bad = await browser.post("/checkout/quote", json={"country": "XX", "order_id": str(new_id())})
    assert bad.status_code == 422
    assert set(bad.json()["fields"]) == {"country"}


async def test_a_returning_customer_finds_the_address_in_the_same_browser_and_nobody_elsewhere(
    browser: httpx.AsyncClient, context: Context
) -> None:
    order_id = await filled(browser)
    page = await browser.get("/checkout")
    assert (await ordered(browser, order_id, page, phone="01904 555012")).status_code == 303
    cookie = next(one for one in browser.cookies.jar if one.name == "delivery")
    assert (cookie.path, "Mill" in str(cookie.value)) == ("/checkout", False)
    await browser.post("/cart/lines", data={"sku": "MUG"})
    back = await browser.get("/checkout")
    assert 'value="ada@customers.example"' in back.text
    assert "1 Mill Lane" in back.text
    async with httpx.AsyncClient(base_url=browser.base_url) as stranger:
        await stranger.post("/cart/lines", data={"sku": "MUG"})
        stranger.cookies.set("delivery", str(cookie.value)[:-2] + "xx", domain="127.0.0.1", path="/checkout")
        assert "Mill Lane" not in (await stranger.get("/checkout")).text
    assert (await browser.post("/checkout/forget")).status_code == 303
    assert "Mill Lane" not in (await browser.get("/checkout")).text


async def test_a_resent_order_is_answered_the_same_though_its_code_is_used_up_by_now(
    browser: httpx.AsyncClient, database: Database
) -> None:
    await code(database, "LAST", uses_max=1)
    order_id = await filled(browser)
    await browser.post("/cart/code", data={"code": "LAST"})
    page = await browser.get("/checkout")
    form = {"order_id": order_id, "expected_total_minor": seen(page), **BUYER, "code": "LAST"}
    answers = await asyncio.gather(*(browser.post("/checkout", data=form) for _click in range(3)))
    assert {answer.status_code for answer in answers} == {303}
    assert len({answer.headers["location"] for answer in answers}) == 1
    assert await count(database, "orders") == 1


async def test_whoever_reloads_a_recomputed_page_comes_back_to_the_checkout(
    browser: httpx.AsyncClient,
) -> None:
    await filled(browser)
    answer = await browser.get("/checkout/quote")
    assert (answer.status_code, answer.headers["location"]) == (303, "/checkout")


@pytest.mark.parametrize("path", ["/checkout/quote", "/checkout"])
async def test_an_empty_cart_has_no_checkout(browser: httpx.AsyncClient, path: str) -> None:
    form = {"order_id": str(new_id()), **BUYER}
    answer = await browser.post(path, data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, "/cart")
    program = await browser.post(path, json=form)
    assert (program.status_code, program.json()["error"]) == (409, "not_in_cart")


async def test_a_code_of_a_campaign_gives_it_the_order_unless_another_brought_the_visitor(
    browser: httpx.AsyncClient, context: Context, database: Database
) -> None:
    theirs, ours = new_id(), new_id()
    await code(database, "ADA", campaign_id=theirs, partner="Ada")
    assert (await browser.post("/buy", json=bought_by(1, code="ADA"))).status_code == 201
    visitor = Visitor(new_id(), ours)
    browser.cookies.set("visitor", signed(context.vault, visitor), domain="127.0.0.1")
    assert (await browser.post("/buy", json=bought_by(2, code="ADA"))).status_code == 201
    async with database.connection() as connection:
        found = await connection.execute("SELECT campaign_id FROM orders ORDER BY number")
        assert [campaign_id for (campaign_id,) in await found.fetchall()] == [theirs, ours]
        placed = await connection.execute(
            "SELECT campaign_id FROM journal_events WHERE name = 'order.placed' ORDER BY id"
        )
        assert [campaign_id for (campaign_id,) in await placed.fetchall()] == [theirs, ours]


@pytest.mark.finding("security-2")
async def test_the_checkout_fills_in_nothing_that_was_not_typed_in_this_browser(
    browser: httpx.AsyncClient, context: Context, database: Database
) -> None:
    assert (await browser.post("/buy", json=bought_by(1, name="Ada Lovelace"))).status_code == 201
    async with database.connection() as connection:
        customer_id = await value(connection, "SELECT customer_id FROM orders")
    async with httpx.AsyncClient(base_url=browser.base_url) as known:
        known.cookies.set("visitor", signed(context.vault, Visitor(customer_id)), domain="127.0.0.1")
        await known.post("/cart/lines", data={"sku": "MUG"})
        page = await known.get("/checkout")
    assert page.status_code == 200
    assert "buyer1@customers.example" not in page.text
    assert "Ada Lovelace" not in page.text
    assert "1 Mill Lane" not in page.text
