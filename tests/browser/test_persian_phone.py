"""A customer in Persian on a phone: from the search to the order, finding it again, and a return."""

import asyncio
import re
from dataclasses import dataclass
from uuid import UUID

from playwright.async_api import Browser, Page, expect

from safar.kernel.database import row, value
from safar.kernel.ids import new_id
from safar.kernel.text import ascii_digits
from safar.payments.books.model import NewReceipt
from safar.payments.providers.port import Configured
from safar.payments.settle import receive_money
from safar.payments.ways import save_way
from safar.shipments.actions import deliver_many, ship_many
from safar.shipments.model import OrderDelivery, Shipping
from safar.stock.model import MAIN
from tests.stage.browser import Person, visitor
from tests.stage.browser_world import NAMES, ROOMY, TOGETHER, World, email_of, order_link

pytestmark = TOGETHER
PHONE = {"width": 390, "height": 844}
IBAN = {"holder": "Safar", "iban": "GB33BUKB20201555555555"}
_BY_NUMBER = "SELECT id, total_minor, currency FROM orders WHERE number = %(number)s"
_RETURNS = "SELECT count(*) FROM returns WHERE order_id = %(id)s"


@dataclass(frozen=True, slots=True)
class _Order:
    id: UUID
    total_minor: int
    currency: str


async def test_a_customer_in_persian_buys_by_phone_pays_by_transfer_finds_the_order_and_returns(
    world: World, browser: Browser
) -> None:
    await world.give_room(ROOMY)
    await save_way(
        world.context, Configured("transfer", True, (), (), IBAN, {}, position=9), actor=world.owner
    )
    async with visitor(browser, world, "fa", viewport=PHONE) as customer:
        page = await customer.page(f"{world.front}/")
        await _finds(customer, page, world.hot.title)
        await _orders(customer, page)
        number = await _is_told_how_to_pay(customer, page)
        await _finds_the_order_again(world, customer, page, number)
        await _gets_the_parcel_and_returns_it(world, customer, page, number)
        assert customer.complaints == []


async def _fits(page: Page) -> None:
    """The page runs from right to left and is no wider than the phone."""
    await expect(page.locator("html")).to_have_attribute("dir", "rtl")
    over = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert await page.evaluate(over) <= 0, page.url


async def _finds(customer: Person, page: Page, title: str) -> None:
    await _fits(page)
    await page.locator("#q").fill(title)
    await page.locator("#q").press("Enter")
    await page.wait_for_url("**/search?**")
    await _fits(page)
    await page.locator(".card-title a").first.click()
    await page.wait_for_url("**/p/**")
    await _fits(page)
    async with page.expect_response("**/cart/lines"):
        await page.locator("#buy button[type=submit]").click()
    await page.get_by_role("link", name=customer.says("View cart")).click()
    await page.wait_for_url("**/cart")
    await _fits(page)
    await page.get_by_role("link", name=customer.says("Go to checkout")).click()
    await page.wait_for_url("**/checkout")


async def _orders(customer: Person, page: Page) -> None:
    await _fits(page)
    async with asyncio.timeout(60):  # other processes see a new way to pay after some seconds
        while not await page.locator("[name=provider][value=transfer]").count():
            await page.reload()
    for name, text in (
        ("name", NAMES["walker", "fa"]), ("email", email_of("fa")), ("address", "12 Mill Lane"),
        ("city", "York"),
    ):  # fmt: skip
        await page.locator(f"#checkout [name={name}]").fill(text)
    async with page.expect_response("**/checkout/quote"):
        await page.locator("#checkout [name=postcode]").fill("YO1 7HH")
        await page.locator("#checkout [name=postcode]").blur()
    await page.wait_for_function("!document.querySelector('.htmx-request, .htmx-swapping, .htmx-settling')")
    await page.locator("[name=provider][value=transfer]").check()
    await _fits(page)
    await page.locator("#checkout button.btn-primary[type=submit]").last.click()
    await page.wait_for_url("**/orders/**")


async def _is_told_how_to_pay(customer: Person, page: Page) -> str:
    await _fits(page)
    await expect(page.get_by_text(customer.says("Waiting for your transfer")).first).to_be_visible()
    await expect(page.get_by_text("GB33").first).to_be_visible()
    found = re.search(r"[0-9]{4,}", ascii_digits(await page.locator(".order-lead strong").inner_text()))
    assert found is not None
    return found.group()


async def _finds_the_order_again(world: World, customer: Person, page: Page, number: str) -> None:
    await page.goto(f"{world.front}/find-order")
    await _fits(page)
    await page.locator("[name=number]").fill(number)
    await page.locator("#f-email").fill(email_of("fa"))
    await page.get_by_role("button", name=customer.says("E-mail me the link")).click()
    await expect(page.get_by_text(customer.says("Check your inbox"))).to_be_visible()
    letter = await world.mail(
        email_of("fa"), customer.says("The link to your order %(number)s", number=number)
    )
    await page.goto(order_link(letter))
    await expect(page.locator(".order-lead strong")).to_contain_text(number)
    await _fits(page)


async def _gets_the_parcel_and_returns_it(world: World, customer: Person, page: Page, number: str) -> None:
    """The bank has the money, the parcel comes, and one thing goes back."""
    context, link = world.context, page.url
    async with context.database.connection() as connection:
        order = await row(_Order, connection, _BY_NUMBER, {"number": int(number)})
    assert order is not None
    paid = NewReceipt(new_id(), order.id, "transfer", order.total_minor, order.currency, "bank 1", link=link)
    await receive_money(context, paid)
    await context.batched(ship_many, Shipping(new_id(), order.id, MAIN, link, staff_id=world.owner.id))
    await context.batched(deliver_many, OrderDelivery(order.id, world.owner.id))
    await page.reload()
    await _fits(page)
    await page.get_by_role("link", name=customer.says("Return an item")).click()
    await page.wait_for_url("**/return")
    await _fits(page)
    await page.get_by_role("button", name=customer.says("Request return")).click()
    await page.wait_for_url(re.compile(r"/orders/[^/]+$|/orders/[^/]+\?"))
    await _fits(page)
    async with context.database.connection() as connection:
        assert await value(connection, _RETURNS, {"id": order.id}) == 1
