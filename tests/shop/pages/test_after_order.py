"""What a customer sees after ordering: thanks, where the mail went, how to pay, another way to pay."""

import re

import httpx

from safar.kernel.context import Context
from safar.kernel.database import Database
from safar.kernel.ids import new_id
from safar.payments.books.model import NewReceipt
from safar.payments.providers.port import Configured
from safar.payments.settle import receive_money
from safar.payments.ways import move_way_up, offered, preselected, save_way
from tests.stage.checkout import BUYER, filled
from tests.stage.orders import order_of
from tests.stage.people import staff_member
from tests.stage.shop import free

TRANSFER = Configured(
    "transfer", True, (), (), {"holder": "Safar Gifts", "iban": "GB33BUKB20201555555555"}, {}
)


async def ordered(browser: httpx.AsyncClient, **typed: str) -> httpx.Response:
    """Order a mug through the form, and follow to its page."""
    order_id = await filled(browser)
    answer = await browser.post("/checkout", data={"order_id": order_id, **BUYER, **typed})
    assert answer.status_code == 303, answer.text
    return await browser.get(answer.headers["location"])


async def test_who_has_ordered_is_thanked_by_name_and_told_where_the_mail_went(
    browser: httpx.AsyncClient,
) -> None:
    page = await ordered(browser)
    assert "Thank you, Ada Lovelace!" in page.text
    assert "We’ve e-mailed a confirmation to ada@customers.example." in page.text
    assert "Being packed" in page.text
    assert ">Packed" not in page.text, "nothing is said to be done that is still to come"


async def test_a_transfer_has_its_details_to_copy_and_can_be_paid_in_another_way(
    browser: httpx.AsyncClient, context: Context, database: Database
) -> None:
    await save_way(context, TRANSFER, actor=await staff_member(context))
    page = await ordered(browser, provider="transfer")
    assert "Waiting for your transfer" in page.text
    assert "Being checked" not in page.text
    assert "We’ve e-mailed the payment details to ada@customers.example." in page.text
    assert 'data-copy="GB33 BUKB 2020 1555 5555 55"' in page.text
    assert "data-until=" in page.text
    path = page.url.path
    again = await browser.post(f"{path}/cancellation", data={"then": "checkout"})
    assert (again.status_code, again.headers["location"]) == (303, "/checkout")
    checkout = await browser.get("/checkout")
    assert checkout.status_code == 200
    assert "Retrospot mug" in checkout.text
    assert (await free(database))[1] == 0, "the cancelled order holds nothing"
    cancelled = (await browser.get(path)).text
    assert "Try another way to pay" in cancelled


async def test_a_page_that_waits_learns_that_the_money_came(
    browser: httpx.AsyncClient, context: Context, database: Database
) -> None:
    await save_way(context, TRANSFER, actor=await staff_member(context))
    page = await ordered(browser, provider="transfer")
    state = f"{page.url.path}/state"
    assert (await browser.get(state)).json() == {"state": "placed", "payment_state": "started"}
    async with database.connection() as connection:
        cursor = await connection.execute("SELECT id, total_minor FROM orders")
        ((order_id, total),) = await cursor.fetchall()
    await receive_money(context, NewReceipt(new_id(), order_id, "transfer", total, "GBP"))
    assert (await browser.get(state)).json() == {"state": "confirmed", "payment_state": "paid"}


async def test_titles_are_kept_in_the_customers_language_and_staff_see_their_own(
    browser: httpx.AsyncClient, database: Database
) -> None:
    async with database.transaction() as connection:
        await connection.execute(
            "INSERT INTO product_words (product_id, language, title, description, options)"
            " SELECT id, 'fa', 'لیوان گل‌دار', '', '{}' FROM products WHERE slug LIKE '%mug%'"
        )
    browser.headers["accept-language"] = "fa"
    page = await ordered(browser)
    assert "لیوان گل‌دار" in page.text
    async with database.transaction() as connection:
        cursor = await connection.execute("SELECT title, title_shown FROM order_lines")
        assert await cursor.fetchall() == [("Retrospot mug", "لیوان گل‌دار")]
        cursor = await connection.execute("SELECT body FROM messages WHERE direction = 'out'")
        assert all("لیوان گل‌دار" in body for (body,) in await cursor.fetchall())
        await connection.execute("UPDATE product_words SET title = 'دیگر'")
    assert "لیوان گل‌دار" in (await browser.get(page.url.path)).text, "as it was when it was ordered"
    asked = {**BUYER, "id": str(new_id()), "sku": "MUG", "quantity": 1, "language": "fa"}
    assert (await browser.post("/buy", json=asked)).status_code == 201
    async with database.connection() as connection:
        cursor = await connection.execute("SELECT title_shown FROM order_lines ORDER BY title_shown")
        assert [title for (title,) in await cursor.fetchall()] == ["دیگر", "لیوان گل‌دار"]


async def test_region_note_and_billing_go_with_the_order_and_are_asked_for_by_country(
    browser: httpx.AsyncClient, database: Database
) -> None:
    order_id = await filled(browser)
    brazil = {
        "order_id": order_id, **BUYER, "country": "BR", "postcode": "01310-100", "city": "São Paulo",
        "note": "Please ring twice", "billing": "on", "billing_company": "Ada Ltda",
        "billing_tax_number": "11.222.333/0001-81",
    }  # fmt: skip
    shown = (await browser.post("/checkout/quote", data=brazil)).text
    assert '<option value="SP">São Paulo</option>' in shown
    missing = await browser.post("/checkout", data={**brazil, "region": ""})
    assert missing.status_code == 422
    assert "Choose your state or region." in missing.text
    assert "Please ring twice" in missing.text
    unknown = await browser.post("/checkout", data={**brazil, "region": "XX"})
    assert unknown.status_code == 422
    answer = await browser.post("/checkout", data={**brazil, "region": "SP"})
    assert answer.status_code == 303
    page = (await browser.get(answer.headers["location"])).text
    assert "São Paulo-SP\n01310-100" in page
    assert "Ada Ltda" in page
    assert "Please ring twice" in page
    async with database.connection() as connection:
        cursor = await connection.execute("SELECT id, region, note, billing FROM orders")
        ((id_, region, note, billing),) = await cursor.fetchall()
    assert (region, note) == ("SP", "Please ring twice")
    assert billing == {"company": "Ada Ltda", "tax_number": "11.222.333/0001-81"}
    assert (await order_of(database, id_)).region == "SP"


async def test_managers_put_the_ways_in_order_and_a_slow_one_is_never_chosen_for_the_customer(
    browser: httpx.AsyncClient, context: Context
) -> None:
    await save_way(context, TRANSFER, actor=await staff_member(context))
    for _ in range(5):
        await move_way_up(context, "transfer", actor=await staff_member(context))
    ways = await offered(context, "GBP")
    assert ways[0].provider == "transfer"
    assert preselected(ways) == ""
    assert preselected(ways[1:]) == ways[1].provider
    assert preselected(ways[:1]) == "transfer", "the only one"
    order_id = await filled(browser)
    page = (await browser.get("/checkout")).text
    assert not re.search(r'name="provider"[^>]* checked', page)
    refused = await browser.post("/checkout", data={"order_id": order_id, **BUYER, "provider": ""})
    assert refused.status_code == 422
    assert "Choose how you would like to pay." in refused.text
