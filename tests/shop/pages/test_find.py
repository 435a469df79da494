"""Finding an order again: the link goes to its mailbox only, and nobody learns whether there is one."""

import re

import httpx
import pytest

from safar.kernel.context import Context
from safar.kernel.database import Database
from safar.orders.find import mail_link
from safar.orders.links import order_link
from safar.shop.pages import find
from tests.stage.checkout import VERA, another, buy, count
from tests.stage.orders import bought, order_of
from tests.stage.shop import MUG


def without_address(page: httpx.Response, address: str) -> str:
    """Return a page without what was typed, to be compared with another."""
    return re.sub(re.escape(address), "", page.text, flags=re.IGNORECASE)


async def test_the_link_comes_by_mail_and_the_answer_is_the_same_for_an_order_that_is_not_there(
    browser: httpx.AsyncClient, database: Database
) -> None:
    order = await buy(browser)
    async with another(browser) as stranger:
        await stranger.get("/find-order")
        before = await count(database, "messages")
        wrong = await stranger.post(
            "/find-order", data={"number": order["number"], "email": "eve@example.com"}
        )
        assert await count(database, "messages") == before
        none = await stranger.post("/find-order", data={"number": "99999", "email": VERA})
        assert await count(database, "messages") == before
        right = await stranger.post(
            "/find-order", data={"number": f"#{order['number']}", "email": VERA.upper()}
        )
        assert await count(database, "messages") == before + 1
        assert {answer.status_code for answer in (wrong, none, right)} == {200}
        pages = {
            without_address(answer, address)
            for answer, address in ((wrong, "eve@example.com"), (none, VERA), (right, VERA.upper()))
        }
        assert len(pages) == 1
        await stranger.post("/find-order", data={"number": order["number"], "email": VERA})
        assert await count(database, "messages") == before + 1, "one mail for all that is asked at once"
        async with database.connection() as connection:
            cursor = await connection.execute(
                "SELECT address, body FROM messages WHERE subject LIKE 'The link to your order%'"
            )
            ((address, body),) = await cursor.fetchall()
        assert address == VERA
        link = re.search(r"http://\S+(/orders/\S+)", body)
        assert link
        assert "1 Mill Lane" in (await stranger.get(link.group(1))).text


async def test_digits_of_any_script_are_a_number_and_anything_else_is_said_at_its_field(
    browser: httpx.AsyncClient, context: Context, database: Database
) -> None:
    order = await order_of(database, await bought(context, (MUG, 1), email=VERA, language="fa"))
    number = str(order.number).translate(str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹"))
    before = await count(database, "messages")
    assert (await browser.post("/find-order", data={"number": number, "email": VERA})).status_code == 200
    assert await count(database, "messages") == before + 1
    refused = await browser.post("/find-order", data={"number": "mug", "email": ""})
    assert refused.status_code == 422
    assert "Enter the order number" in refused.text
    assert "Enter the e-mail address you ordered with." in refused.text


async def test_who_asks_too_often_is_told_to_wait(
    browser: httpx.AsyncClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(find, "client_address", lambda _request: "203.0.113.7")
    asked = {"number": "10001", "email": VERA}
    answers = [(await browser.post("/find-order", data=asked)).status_code for _ in range(21)]
    assert answers == [*[200] * 20, 429]


async def test_several_orders_of_one_browser_are_all_reachable_and_an_empty_cart_leads_to_them(
    browser: httpx.AsyncClient, database: Database
) -> None:
    first, second = await buy(browser), await buy(browser)
    for path in ("/find-order", "/cart"):
        page = (await browser.get(path)).text
        assert f"Order {first['number']}" in page
        assert f"Order {second['number']}" in page
    async with another(browser) as stranger:
        await stranger.get("/cart")
        for path in ("/find-order", "/cart"):
            assert "Order 1" not in (await stranger.get(path)).text


async def test_a_mail_of_an_order_whose_links_were_renewed_opens_it(
    browser: httpx.AsyncClient, context: Context, database: Database
) -> None:
    order = await order_of(database, await bought(context, (MUG, 1), email=VERA))
    async with database.transaction() as connection:
        await mail_link(context, connection, order.number, VERA)
        cursor = await connection.execute("SELECT body FROM messages WHERE subject LIKE 'The link%'")
        ((body,),) = await cursor.fetchall()
    assert order_link(context, order.id).rsplit("/", 1)[0] in body
