"""The same purchase in a browser that runs no scripts."""

import re
from datetime import timedelta

from playwright.async_api import Browser, Page, expect

from safar.gate.tickets import proof as work
from safar.gate.tickets.model import SHOP
from safar.gate.tickets.seal import Seal
from safar.kernel import clock
from tests.stage.browser import Person, leave, person, visitor, written
from tests.stage.browser_world import NAMES, ROOMY, TOGETHER, World, email_of, order_link

pytestmark = TOGETHER


async def test_without_scripts_the_waiting_page_lets_in_by_itself_and_everything_can_be_bought_and_asked(
    world: World, browser: Browser
) -> None:
    address = email_of("en", "scriptless")
    _letter, link = await world.campaign_mail(address)
    assert await world.inside() == 0
    await world.give_room(1)
    async with visitor(browser, world, "en", java_script_enabled=False) as customer:
        async with person(browser, "en") as other:
            await other.page(world.front)
            page = await customer.page(link)
            await expect(page).to_have_url(re.compile(r"/wait\?next="))
            await _has_patience(world, customer, page)
            await expect(page.locator("noscript p")).to_contain_text("reloads every 10 seconds")
            await leave(other, world)
        await world.give_room(ROOMY)
        await expect(page).to_have_url(re.compile(r"/p/"))  # by the page's own refresh
        await page.goto(f"{world.front}/chat")
        await page.get_by_label("Your message").fill("Is this in stock?")
        async with written(page):
            await page.get_by_role("button", name="Send").click()
        answer = page.locator(".bubble-bot")
        while not await answer.count():  # a person without scripts looks again, too
            await page.get_by_role("link", name="Look for an answer").click()
        await expect(answer).to_contain_text("in stock")
        await page.goto(link)
        await page.get_by_role("spinbutton", name="Quantity").fill("2")
        async with written(page):
            await page.locator("#buy button[type=submit]").click()
        await expect(page).to_have_url(re.compile(r"/cart$"))
        await page.get_by_role("spinbutton", name="Quantity").fill("1")
        async with written(page):
            await page.get_by_role("button", name="Update").click()
        await page.get_by_role("link", name="Go to checkout").click()
        await page.locator("[name=name]").fill(NAMES["scriptless", "en"])
        await page.locator("#f-email").fill(address)
        customer.refusals.append(("/checkout", 422))
        await page.get_by_role("button", name="Place order and pay").click()
        await expect(page.locator("#f-address-error")).to_be_visible()
        await expect(page.locator("[name=name]")).to_have_value(NAMES["scriptless", "en"])
        await page.locator("[name=address]").fill("12 Mill Lane")
        await page.locator("[name=postcode]").fill("YO1 7HH")
        await page.locator("[name=city]").fill("York")
        card = page.locator("[name=provider][value=test][type=radio]")
        if await card.count():  # other tests offer other ways, too
            await card.check()
        await page.get_by_role("button", name="Place order and pay").click()
        await expect(page).to_have_url(re.compile(r"/orders/"))
        await expect(page.locator(".line-title")).to_have_text(world.hot.title)
        await page.goto(order_link(await world.mail(address, "is confirmed")))
        await expect(page.locator(".line-title")).to_have_text(world.hot.title)
        assert customer.complaints == []


async def _has_patience(world: World, customer: Person, page: Page) -> None:
    """Take the place that a browser without scripts gets for waiting, as if the time had passed."""
    await expect(page.locator("noscript p")).to_contain_text("wait 45 seconds")
    pressed = page.get_by_role("button", name="Take my place in the queue")
    await expect(pressed).to_be_visible()
    seal = Seal(world.context.vault, SHOP)
    shown = await page.locator("[name=patience]").last.input_value()
    earlier = clock.now() - work.PATIENCE - timedelta(seconds=1)
    waited = seal.patience_text(earlier, seal.patience(shown)[1])
    action = await page.locator("form[action^='/wait/work']").last.get_attribute("action")
    answer = await customer.context.request.post(f"{world.front}{action}", form={"patience": waited})
    assert answer.ok
    await page.goto(answer.url)
