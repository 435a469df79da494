"""A marketer: from an empty shop and a file of customers to the revenue on the campaign's page."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from safar.kernel.context import Context, make_context
from safar.kernel.database import execute
from safar.payments.trial import switch_on_for_trial
from safar.serve import url_of
from safar.settings import Settings
from tests.stage.browser import Person, person, sign_in
from tests.stage.browser_world import OWNER, TOGETHER, first_start, letter_to

pytestmark = TOGETHER
_PASSWORD = "a quiet walk by the river"
_PEOPLE = """E-mail;First name;Last name;Language;Country;Accepts marketing;Source
ada@customers.example;Ada;Lovelace;en;GB;yes;fair in May
ben@customers.example;Ben;Okri;en;GB;yes;fair in May
sara@customers.example;سارا;احمدی;fa;;yes;fair in May
ivy@customers.example;Ivy;Compton;en;GB;no;
nobody;No;Address;en;GB;yes;fair in May
"""


@dataclass(frozen=True, slots=True)
class _Shop:
    settings: Settings
    context: Context
    owner_password: str


@pytest.fixture
async def shop() -> AsyncIterator[_Shop]:
    async with first_start() as (settings, password), _connected(settings) as context:
        async with context.database.transaction() as connection:
            await switch_on_for_trial(connection)
        yield _Shop(settings, context, password)


@asynccontextmanager
async def _connected(settings: Settings) -> AsyncIterator[Context]:
    context = make_context(settings, url_of(settings))
    await context.database.open()
    try:
        yield context
    finally:
        await context.batchers.drained()
        await context.database.close()


async def test_a_marketer_gets_from_a_file_of_customers_to_revenue(
    shop: _Shop, browser: Browser, tmp_path: Path
) -> None:
    async with person(browser, "en") as staff, person(browser, "en") as ada:
        page = await staff.page(shop.settings.console_url)
        await sign_in(staff, page, OWNER, shop.owner_password)
        await _makes_a_product(page)
        await _imports_customers(page, tmp_path)
        page = await _writes_a_draft_that_outlives_page_and_session(staff, page, shop)
        await _tests_and_schedules(page, shop)
        await _the_time_comes(page, shop)
        await _buys(await ada.page(await _link_for(shop, "ada@customers.example")))
        await _sees_the_revenue(page)
        assert staff.complaints == []
        assert ada.complaints == []


async def _makes_a_product(page: Page) -> None:
    await page.get_by_role("link", name="Catalogue", exact=True).click()
    await page.get_by_role("link", name="New product").click()
    await page.get_by_label("Title").fill("Paper lamp")
    await page.get_by_label("SKU").fill("LAMP")
    await page.get_by_label(re.compile("^Price")).fill("12.50")
    await page.get_by_label("Units in stock").fill("20")
    await page.get_by_label("Show it in the shop at once").check()
    await page.get_by_role("button", name="Create product").click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("Paper lamp")


async def _imports_customers(page: Page, folder: Path) -> None:
    """A file with semicolons, as Excel writes it in half of Europe, and one wrong row."""
    file = folder / "people.csv"
    file.write_text(_PEOPLE, encoding="utf-8")
    await page.get_by_role("link", name="Customers", exact=True).click()
    await page.get_by_role("link", name="Import and export").click()
    await page.get_by_label("CSV or XLSX file").set_input_files(file)
    await page.get_by_role("button", name="Check the file").click()
    async with page.expect_download() as downloading:
        await page.get_by_role("link", name="Download 1 row with errors").click()
    wrong = Path(await (await downloading.value).path()).read_text(encoding="utf-8-sig")
    assert "nobody,No Address" in wrong
    await page.get_by_role("button", name="Import 4 rows, skip 1").click()
    await page.get_by_role("link", name="Go to the customers").click()
    await page.get_by_label("Marketing e-mails").select_option("given")
    await page.get_by_role("button", name="Filter").click()
    await expect(page.get_by_text("3 in all")).to_be_visible()
    await expect(page.get_by_text("Ivy Compton")).to_have_count(0)


async def _writes_a_draft_that_outlives_page_and_session(staff: Person, page: Page, shop: _Shop) -> Page:
    await page.goto(f"{shop.settings.console_url}/campaigns/new")
    await page.get_by_label("Campaign name").fill("Lamps in May")
    await page.get_by_label("Units on offer").fill("5")
    await page.get_by_role("radio", name=re.compile("Paper lamp")).check()
    await expect(page.locator("#reach")).to_contain_text("Units likely to be wanted")
    await page.close()
    page = await staff.page(f"{shop.settings.console_url}/campaigns/new")
    await expect(page.get_by_text("Restored what you had typed")).to_be_visible()
    await expect(page.get_by_label("Campaign name")).to_have_value("Lamps in May")
    await staff.context.clear_cookies(name=re.compile("staff"))  # the session ends while it is written
    await page.get_by_label("Campaign name").fill("Lamps in June")
    await page.get_by_role("button", name="Save draft").click()
    await page.get_by_label("E-mail address").fill(OWNER)
    await page.get_by_label("Password", exact=True).fill(_PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("link", name="Today", exact=True)).to_be_visible()
    await page.goto(f"{shop.settings.console_url}/campaigns/new")
    await expect(page.get_by_label("Campaign name")).to_have_value("Lamps in June")
    await expect(page.get_by_role("radio", name=re.compile("Paper lamp"))).to_be_checked()
    await page.get_by_role("button", name="Save draft").click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("Lamps in June")
    other = await staff.page(f"{shop.settings.console_url}/campaigns/new")
    await expect(other.get_by_label("Campaign name")).to_have_value("")
    await other.close()
    return page


async def _tests_and_schedules(page: Page, shop: _Shop) -> None:
    await expect(page.get_by_role("heading", name="Forecast")).to_be_visible()
    await page.get_by_role("button", name="Send me a test").click()
    await expect(page.get_by_text("Test e-mail on its way")).to_be_visible()
    letter = await letter_to(shop.settings, OWNER, "Test: Paper lamp")
    assert "Paper lamp" in letter["text"]
    await page.get_by_role("button", name="Send…").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_role("heading")).to_have_text("Send to 3 people?")
    tomorrow = await page.evaluate("new Date(Date.now() + 864e5).toISOString().slice(0, 16)")
    await dialog.get_by_label(re.compile("Or start at")).fill(tomorrow)
    await dialog.get_by_role("button", name="Schedule").click()
    await expect(page.get_by_text("Starts on")).to_be_visible()


async def _the_time_comes(page: Page, shop: _Shop) -> None:
    async with shop.context.database.transaction() as connection:
        await execute(connection, "UPDATE campaigns SET starts_at = now()")
    await page.reload()
    await expect(page.get_by_text("All e-mails have gone out.")).to_be_visible()


async def _link_for(shop: _Shop, address: str) -> str:
    letter = await letter_to(shop.settings, address, "Paper lamp")
    found = re.search(r"https?://\S+/l/\S+", letter["text"])
    assert found is not None, letter["text"]
    return found.group()


async def _buys(shop: Page) -> None:
    async with shop.expect_response("**/cart/lines"):
        await shop.locator("#buy button[type=submit]").click()
    await shop.goto(re.sub(r"(//[^/]+)/.*", r"\1/checkout", shop.url))
    for name, text in (
        ("name", "Ada Lovelace"), ("email", "ada@customers.example"), ("address", "1 Mill Lane"),
        ("postcode", "YO1 7HH"), ("city", "York"),
    ):  # fmt: skip
        await shop.locator(f"#checkout [name={name}]").fill(text)
    await shop.get_by_role("radio", name="Test card").check()
    await shop.wait_for_function("!document.querySelector('.htmx-request, .htmx-swapping, .htmx-settling')")
    await shop.get_by_role("button", name="Place order and pay").click()
    await shop.wait_for_url("**/orders/**")
    await expect(shop.get_by_text("Paid", exact=True)).to_be_visible()


async def _sees_the_revenue(page: Page) -> None:
    await expect(page.locator("#revenue")).to_contain_text("£12.50")
    await page.get_by_role("link", name="Campaigns", exact=True).click()
    await expect(page.get_by_role("row", name=re.compile("Lamps in June"))).to_contain_text("£12.50")
