"""A shop manager through a bad day: wrong address, part refund, an item that is broken, the month's file."""

import csv
import io
import re
from pathlib import Path

from playwright.async_api import Browser, Page, expect

from safar.kernel.database import values
from safar.kernel.ids import new_id
from safar.orders.model import Buyer, OrderRequest, Taken
from safar.orders.reading import orders_by_id
from safar.shop.checkout.take_order import take_order
from tests.stage.browser import Person, person, sign_in
from tests.stage.browser_world import TOGETHER, World

pytestmark = TOGETHER
EMAIL = "bad.day@customers.example"


async def test_a_manager_mends_an_order_and_takes_the_month_away(world: World, browser: Browser) -> None:
    number = await _ordered(world)
    async with person(browser, "en", accept_downloads=True) as staff:
        address, password = await world.invited("Mona Manager", "manager")
        page = await staff.page(f"{world.console}/sign-in")
        await sign_in(staff, page, address, password)
        await page.goto(f"{world.console}/orders")
        await expect(page.get_by_role("button", name="Mark as packed")).to_be_disabled()
        await page.get_by_role("link", name=number, exact=True).click()
        await _corrects_the_address(world, page)
        await _packs_too_early(page)
        await _refunds_a_part(page, number)
        await _gives_up_a_line(page)
        await _takes_the_month_away(world, staff, page, number)
        assert staff.complaints == []


async def _ordered(world: World) -> str:
    """Let a customer buy two of one article and one of another, paid by the test card."""
    async with world.context.database.connection() as connection:
        variants = await values(
            connection,
            "SELECT id FROM variants WHERE id <> %(hot)s ORDER BY sku LIMIT 2",
            {"hot": world.variant_id},
        )
    customer = new_id()
    request = OrderRequest(
        order_id=new_id(),
        buyer=Buyer(customer, returned=True),
        customer_id=customer,
        campaign_id=None,
        cart_id=None,
        lines=((variants[0], 2), (variants[1], 1)),
        email=EMAIL,
        name="Ada Lovelace",
        address="1 Wrong Lane",
        city="York",
        postcode="YO1 7HH",
        country="GB",
        language="en",
        provider="test",
        method="ok",
    )
    answer = await take_order(world.context, request)
    assert isinstance(answer, Taken), answer
    async with world.context.database.connection() as connection:
        order = (await orders_by_id(connection, [request.order_id]))[request.order_id]
    assert order.state == "confirmed"
    return str(order.number)


async def _corrects_the_address(world: World, page: Page) -> None:
    await page.get_by_text("Change address").click()
    await page.get_by_label("Street and house number").fill("2 Right Lane")
    await page.get_by_role("button", name="Save address").click()
    await expect(page.locator("address")).to_contain_text("2 Right Lane")
    await expect(page.get_by_text("1 Wrong Lane")).to_be_visible()
    await world.mail(EMAIL, "was changed")


async def _packs_too_early(page: Page) -> None:
    await page.get_by_role("button", name="Mark as packed").click()
    await page.get_by_role("button", name="Not packed after all").click()
    await expect(page.get_by_role("button", name="Mark as packed")).to_be_visible()


async def _refunds_a_part(page: Page, number: str) -> None:
    await page.get_by_role("link", name="Refund", exact=True).first.click()
    await page.get_by_label("Amount in GBP").last.fill("0.50")
    await page.get_by_label("Reason").select_option("goodwill")
    await page.get_by_role("button", name="Refund", exact=True).click()
    await expect(page.get_by_text("Goodwill", exact=True).first).to_be_visible()
    await page.get_by_role("link", name="Order", exact=True).click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text(number)
    await expect(page.get_by_text("Refund: £0.50").first).to_be_visible()


async def _gives_up_a_line(page: Page) -> None:
    await page.get_by_text("Cannot send part of it?").click()
    await page.locator('input[name^="line-"]').first.fill("1")
    await page.get_by_label("Message to the customer").fill("It broke on the shelf.")
    await page.get_by_role("button", name="Cancel these items").click()
    await expect(page.get_by_role("heading", name="Cancelled items")).to_be_visible()


async def _takes_the_month_away(world: World, staff: Person, page: Page, number: str) -> None:
    for path, row in (("/orders", "Order"), ("/payments", "Order")):
        await page.goto(f"{world.console}{path}")
        async with page.expect_download() as downloading:
            await page.get_by_text("Export CSV").click()
        path_of_file = await (await downloading.value).path()
        text = Path(path_of_file).read_text(encoding="utf-8-sig")
        assert number in [line[row] for line in csv.DictReader(io.StringIO(text))]
    await page.goto(f"{world.console}/sales")
    await expect(page.get_by_role("img", name=re.compile("Total by Day"))).to_be_visible()
    assert await page.locator("svg.plot rect").count() == 30
