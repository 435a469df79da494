"""A stock keeper receives 20 articles with a scanner on a phone."""

import asyncio
import re

from playwright.async_api import Browser, Page, expect

from safar.kernel.database import values
from safar.stock.actions import levels
from safar.stock.model import MAIN
from tests.stage.browser import person, sign_in
from tests.stage.browser_world import TOGETHER, World

pytestmark = TOGETHER
_ARTICLES = 20
_PHONE = {"width": 390, "height": 844}


async def _scan(page: Page, code: str) -> None:
    """Type as a scanner does: into whatever has the focus, fast, with Enter, and without looking."""
    await page.keyboard.type(code)
    await page.keyboard.press("Enter")


async def _on_hand(world: World, skus: list[str]) -> dict[str, int]:
    async with world.context.database.connection() as connection:
        query = "SELECT id FROM variants WHERE sku = ANY(%s) ORDER BY sku"
        ids = await values(connection, query, [skus])
        found = await levels(connection, ids)
    return {
        sku: found[id_, MAIN].on_hand if (id_, MAIN) in found else 0
        for sku, id_ in zip(sorted(skus), ids, strict=True)
    }


async def test_twenty_articles_are_received_on_a_phone_without_losing_a_scan(
    world: World, browser: Browser
) -> None:
    async with world.context.database.connection() as connection:
        skus: list[str] = await values(
            connection, "SELECT sku FROM variants WHERE NOT is_kit ORDER BY sku DESC LIMIT %s", [_ARTICLES]
        )
    assert len(skus) == _ARTICLES
    before = await _on_hand(world, skus)
    address, password = await world.invited("Kim Stock", "manager")
    async with person(browser, "en", viewport=_PHONE, has_touch=True, is_mobile=True) as keeper:
        page = await keeper.page(f"{world.console}/sign-in")
        await sign_in(keeper, page, address, password)
        await expect(page.get_by_role("heading", name="Today")).to_be_visible()
        await page.goto(f"{world.console}/stock")
        await page.get_by_role("link", name="Receive a delivery").click()
        await page.get_by_role("button", name="Start scanning").click()
        field = page.get_by_label("Barcode or SKU")
        await expect(field).to_be_focused()
        lines = page.locator("#scan-lines tbody tr")

        for sku in skus[:12]:
            await _scan(page, sku)
        await expect(field).to_have_value("")
        await expect(lines).to_have_count(12)

        keeper.refusals.append((await page.evaluate("location.pathname") + "/scans", 422))
        await _scan(page, "4000000000000")
        await expect(page.get_by_role("alert").filter(has_text="4000000000000")).to_be_visible()
        await expect(field).to_have_value("")

        await keeper.context.set_offline(True)
        for sku in skus[12:]:
            await _scan(page, sku)
        await expect(page.locator("#scan-waiting")).to_contain_text("No connection")
        await keeper.context.set_offline(False)
        await expect(lines).to_have_count(_ARTICLES)
        await expect(page.locator("#scan-waiting")).to_have_count(0)

        await _scan(page, skus[0])
        await expect(page.locator("#scan-result .num")).to_have_text("2")
        row = lines.filter(has=page.locator(f"bdi:text-is('{skus[1]}')"))
        await row.get_by_label(re.compile("^Shelf of")).fill("A12")
        await row.get_by_label(re.compile("^Units of")).fill("7")
        await row.get_by_label(re.compile("^Units of")).press("Tab")
        book = page.get_by_role("button", name="Book 27 units into stock")
        await expect(book).to_be_visible()
        wide = await page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert wide == 0, "nothing is cut at the side of a phone"
        await book.click()
        await expect(page.get_by_text("Booked into stock: 20 articles, 27 units.")).to_be_visible()
        assert not keeper.complaints, keeper.complaints

    came = dict.fromkeys(skus, 1) | {skus[0]: 2, skus[1]: 7}
    async with asyncio.timeout(60):
        after = await _on_hand(world, skus)
    assert {sku: after[sku] - before[sku] for sku in skus} == came
