"""The walk of an owner: from an empty `safar serve` along the list on Today to the first paid order."""

import re
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Page, expect

from safar.settings import Settings
from tests.stage.browser import person, sign_in, written
from tests.stage.browser_world import OWNER, TOGETHER, first_start

pytestmark = TOGETHER


@pytest.fixture
async def empty() -> AsyncIterator[tuple[Settings, str]]:
    """An installation as it is after the first start, and the one-time password of its owner."""
    async with first_start() as started:
        yield started


async def _step(page: Page, title: str) -> None:
    """Take a step from the list on Today, which is not done yet."""
    await page.get_by_role("link", name="Today", exact=True).click()
    await page.locator("#checklist").get_by_role("link", name=title, exact=True).click()


async def _save(page: Page, name: str = "Save") -> None:
    async with written(page):
        await page.get_by_role("button", name=name, exact=True).first.click()


async def test_an_owner_gets_from_an_empty_shop_to_the_first_paid_order_by_the_list(
    empty: tuple[Settings, str], browser: Browser
) -> None:
    settings, password = empty
    async with person(browser, "en") as owner, person(browser, "en") as customer:
        page = await owner.page(settings.console_url)
        await sign_in(owner, page, OWNER, password)
        await expect(page.locator("#checklist li")).to_have_count(7)
        await expect(page.locator("#test-payments")).to_have_count(0)
        await _sets_the_shop_up(page, settings)
        await page.get_by_role("link", name="Today", exact=True).click()
        await expect(page.locator("#checklist li a")).to_have_text(["Go live"])
        await _buys(await customer.page(f"{settings.public_url}/search?q=lamp"))
        await _receives_the_money(page)
        await page.get_by_role("link", name="Today", exact=True).click()
        await expect(page.get_by_role("heading", name="Today")).to_be_visible()
        await expect(page.locator("#checklist")).to_have_count(0)
        await expect(page.get_by_text("£16.00").first).to_be_visible()
        assert owner.complaints == []
        assert customer.complaints == []


async def _sets_the_shop_up(page: Page, settings: Settings) -> None:
    await _step(page, "Name your shop")
    await page.get_by_label("Name of the shop").fill("Lamp House")
    await _save(page)
    await expect(page.locator("#told")).to_contain_text("Saved.")
    await _step(page, "Add a product")
    await page.get_by_label("Title").fill("Paper lamp")
    await page.get_by_label("SKU").fill("LAMP")
    await page.get_by_label(re.compile("^Price")).fill("12.50")
    await page.get_by_label("Units in stock").fill("20")
    await page.get_by_label("Show it in the shop at once").check()
    await _save(page, "Create product")
    await page.get_by_role("link", name="Today", exact=True).click()
    await expect(page.locator("#step-stock a")).to_have_count(0)
    await _step(page, "Set up delivery")
    await page.get_by_label("Name", exact=True).fill("Everywhere")
    await _save(page, "Create")
    method = page.locator("form[action$='/methods']")
    await method.locator("[name=key]").fill("post")
    await method.locator("[name=name]").fill("Post")
    await method.locator("[name=days_least]").fill("2")
    await method.locator("[name=days_most]").fill("4")
    await method.locator("[name=price-0]").fill("3.50")
    async with written(page):
        await method.get_by_role("button", name="Save").click()
    await _step(page, "Choose how customers pay")
    await page.get_by_role("link", name="Bank transfer", exact=True).click()
    await page.get_by_label("Offer it at the checkout").check()
    await page.get_by_label("Name of the account holder").fill("Lamp House")
    await page.get_by_label(re.compile("^Account, where")).fill("20-00-00 12345678")
    await _save(page)
    await _step(page, "Set up e-mail")
    await page.get_by_label("Mail server", exact=True).fill(settings.mailbox_host)
    await page.get_by_label("Port").fill(str(settings.mailbox_smtp_port))
    await page.get_by_label("Encryption").select_option("none")
    await _save(page)
    await _save(page, "Send me a test")
    await expect(page.locator("#told")).to_contain_text(f"Test sent to {OWNER}")


async def _buys(shop: Page) -> None:
    await shop.get_by_role("link", name="Paper lamp").first.click()
    async with shop.expect_response("**/cart/lines"):
        await shop.locator("form[action='/cart/lines'] button[type=submit]").first.click()
    await shop.goto(re.sub(r"(//[^/]+)/.*", r"\1/checkout", shop.url))
    for name, text in (
        ("name", "Ada Lovelace"), ("email", "ada@customers.example"), ("address", "1 Mill Lane"),
        ("postcode", "YO1 7HH"), ("city", "York"),
    ):  # fmt: skip
        await shop.locator(f"#checkout [name={name}]").fill(text)
    await shop.locator("[name=provider][value=transfer]").check()
    await shop.locator("#checkout button.btn-primary[type=submit]").last.click()
    await shop.wait_for_url("**/orders/**")


async def _receives_the_money(page: Page) -> None:
    await page.get_by_role("link", name="Orders", exact=True).click()
    await page.locator("main table a[href^='/orders/']").first.click()
    await page.wait_for_url(re.compile(r"/orders/[0-9a-f-]{36}"))
    await page.locator("main a[href^='/payments/orders/']").first.click()
    received = page.locator("form[action$='/receipts']")
    await received.locator("[name=amount]").fill("16.00")
    await received.locator("[name=reference]").fill("Ada 1")
    async with written(page):
        await received.get_by_role("button").click()
    await expect(page.locator("#told")).to_be_visible()
