"""The walk of issue 2: one customer from the campaign's mail to the parcel, one member of staff beside."""

import asyncio
import re

import pytest
from playwright.async_api import Browser, Locator, Page, Route, expect

from tests.stage.browser import Person, leave, never_reloaded, person, sign_in, still_the_same, visitor
from tests.stage.browser_world import NAMES, ROOMY, TOGETHER, World, email_of, order_link

pytestmark = TOGETHER
QUESTIONS = {
    "en": ("Is this in stock?", "Can I return it if my aunt does not like it?", "And who pays the postage?"),
    "fa": ("این کالا موجود است؟", "اگر خاله‌ام نپسندید می‌توانم پس بدهم؟", "هزینهٔ پست با کیست؟"),
}
ANSWERS = {
    "en": ("Yes, within 30 days.", "We do, gladly."),
    "fa": ("بله، تا سی روز.", "با ما، با کمال میل."),
}
ADDRESS = {"en": "12 Mill Lane, York", "fa": "تهران، خیابان ولیعصر، پلاک ۱۲"}
DIGITS = {"en": r"[0-9]", "fa": r"[۰-۹]"}
OTHER_DIGITS = {"en": r"[۰-۹]", "fa": r"[0-9]"}


@pytest.mark.parametrize("language", ["en", "fa"])
async def test_a_customer_walks_from_the_campaigns_mail_to_the_parcel_and_is_answered_live(
    world: World, browser: Browser, language: str
) -> None:
    async with person(browser, language) as staff, visitor(browser, world, language) as customer:
        today, inbox = await _staff_comes_to_work(world, staff)
        page = await _arrives_through_the_queue(world, browser, customer)
        await _sees_the_product(world, customer, page)
        await _asks_and_is_answered_live(customer, page, staff, inbox)
        number = await _buys(world, customer, page)
        await _today_shows_it_live(staff, today)
        await _is_shipped(world, staff, inbox, page, customer, number)
        assert customer.complaints == []
        assert staff.complaints == []


async def _staff_comes_to_work(world: World, staff: Person) -> tuple[Page, Page]:
    """Sign in for the first time; Today and the inbox stand open in two tabs."""
    address, password = await world.invited("Sam Support")
    today = await staff.page(world.console)
    await expect(today).to_have_url(re.compile(r"/sign-in"))
    await sign_in(staff, today, address, password)
    await expect(today).to_have_url(f"{world.console}/")
    await expect(today.get_by_role("heading", name=staff.says("Today"))).to_be_visible()
    await _is_written_in(today, staff.language)
    rooms, work = await _middle(today.locator(".navbar-vertical")), await _middle(today.locator("main"))
    assert rooms > work if staff.language == "fa" else rooms < work
    inbox = await staff.page(f"{world.console}/inbox")
    for page in (today, inbox):
        await expect(page.locator("#live-state")).to_have_attribute("data-state", "live")
        await never_reloaded(page)
    return today, inbox


async def _arrives_through_the_queue(world: World, browser: Browser, customer: Person) -> Page:
    """The mail's link, a full shop, a waiting room that lets in by itself."""
    letter, link = await world.campaign_mail(email_of(customer.language))
    assert NAMES["walker", customer.language] in letter["text"]
    assert await world.inside() == 0
    await world.give_room(1)
    async with person(browser, "en") as other:
        await other.page(world.front)
        page = await customer.page(link)
        await expect(page).to_have_url(re.compile(r"/wait\?next="))
        await _is_written_in(page, customer.language)
        await expect(page.locator("[data-wait=place]")).to_have_text(
            "۱" if customer.language == "fa" else "1"
        )
        await expect(page.locator("[data-wait=estimate]")).not_to_be_empty()
        await expect(page.locator("[data-wait=units]")).to_have_text(re.compile(DIGITS[customer.language]))
        await leave(other, world)
    await expect(page).to_have_url(re.compile(r"/p/"))
    await world.give_room(ROOMY)
    return page


async def _is_written_in(page: Page, language: str) -> None:
    html = page.locator("html")
    await expect(html).to_have_attribute("lang", language)
    await expect(html).to_have_attribute("dir", "rtl" if language == "fa" else "ltr")


async def _middle(part: Locator) -> float:
    box = await part.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2


async def _sees_the_product(world: World, customer: Person, page: Page) -> None:
    """The product of the mail, in the customer's digits and direction."""
    language = customer.language
    await _is_written_in(page, language)
    await expect(page.get_by_role("heading", level=1)).to_have_text(world.hot.title)
    price = await page.locator(".product .price").first.inner_text()
    assert re.search(DIGITS[language], price), price
    assert not re.search(OTHER_DIGITS[language], price), price
    brand, tools = await _middle(page.locator(".brand")), await _middle(page.locator(".top .tools"))
    chat = await _middle(page.locator(".chat-open"))
    size = page.viewport_size
    assert size is not None
    if language == "fa":
        assert brand > tools
        assert chat < size["width"] / 2
    else:
        assert brand < tools
        assert chat > size["width"] / 2


async def _asks_and_is_answered_live(customer: Person, page: Page, staff: Person, inbox: Page) -> None:
    """The bot answers what it knows; a person what it does not; neither side reloads."""
    stock, beyond, more = QUESTIONS[customer.language]
    first, second = ANSWERS[customer.language]
    await never_reloaded(page)
    await page.get_by_role("button", name=customer.says("Ask us")).click()
    box = page.get_by_label(customer.says("Your message"))
    await box.fill(stock)
    await box.press("Enter")
    from_bot = page.locator(".bubble-bot")
    await expect(from_bot.last).to_contain_text(re.compile(DIGITS[customer.language]))
    await box.fill(beyond)
    await box.press("Enter")
    await expect(from_bot).to_have_count(2)
    thread = inbox.locator(".thread", has_text=beyond[:20])  # a link in a mail proves no name
    await expect(thread.get_by_text(staff.says("waiting"), exact=True)).to_be_visible()
    await expect(thread).to_contain_text(staff.says("Visitor %(id)s", id="").strip())
    assert await still_the_same(inbox)
    await thread.get_by_role("link").click()
    await _staff_answers(staff, inbox, beyond, first)
    from_staff = page.locator(".bubble-staff")
    await expect(from_staff.filter(has_text=first)).to_be_visible()
    await never_reloaded(inbox)
    await expect(inbox.locator("#live-state")).to_have_attribute("data-state", "live")
    await box.fill(more)
    await box.press("Enter")
    await expect(inbox.locator("#messages").get_by_text(more)).to_be_visible()
    assert await still_the_same(inbox)
    await _staff_answers(staff, inbox, more, second)
    await expect(from_staff.filter(has_text=second)).to_be_visible()
    await expect(from_bot).to_have_count(2)  # the bot is silent while a person answers
    assert await still_the_same(page)
    await page.get_by_role("button", name=customer.says("Close the chat")).click()


async def _staff_answers(staff: Person, inbox: Page, question: str, answer: str) -> None:
    await expect(inbox.locator("#messages").get_by_text(question)).to_be_visible()
    await inbox.get_by_label(staff.says("Your reply")).fill(answer)
    await inbox.get_by_role("button", name=staff.says("Send"), exact=True).click()
    await expect(inbox.locator("#messages .bubble-staff", has_text=answer)).to_be_visible()


async def _buys(world: World, customer: Person, page: Page) -> str:
    """Cart, a checkout that keeps what was typed when a field is wrong, the order. Returns its number."""
    language, says = customer.language, customer.says
    await page.locator("#buy button[type=submit]").click()
    await page.get_by_role("link", name=says("View cart")).click()
    await expect(page).to_have_url(re.compile(r"/cart$"))
    await expect(page.locator(".line-title")).to_have_text(world.hot.title)
    await page.get_by_role("link", name=says("Go to checkout")).click()
    asked, answered = asyncio.Event(), asyncio.Event()

    async def slowly(route: Route) -> None:
        asked.set()
        await answered.wait()
        await route.continue_()

    await page.route("**/checkout/quote", slowly)
    await page.locator("[name=name]").fill(NAMES["walker", language])
    await page.locator("#f-email").fill("not an address")
    await page.locator("[name=address]").fill(ADDRESS[language])
    await page.locator("[name=postcode]").fill("YO1 7HH")
    await page.locator("[name=city]").fill("York")
    await page.get_by_role("radio", name=says("Test card")).check()
    async with asyncio.timeout(30):
        await asked.wait()
    async with page.expect_response("**/checkout/quote"):
        answered.set()
    await page.wait_for_function("!document.querySelector('.htmx-request, .htmx-swapping, .htmx-settling')")
    await expect(page.get_by_role("radio", name=says("Test card"))).to_be_checked()  # not undone
    customer.refusals.append(("/checkout", 422))
    await page.get_by_role("button", name=says("Place order and pay")).click()
    wrong = page.locator("#f-email")
    await expect(wrong).to_have_attribute("aria-invalid", "true")
    await expect(wrong).to_be_focused()
    await expect(page.locator("#f-email-error")).not_to_be_empty()
    await expect(page.locator("[name=name]")).to_have_value(NAMES["walker", language])
    await expect(page.locator("[name=address]")).to_have_value(ADDRESS[language])
    await expect(page.get_by_role("radio", name=says("Test card"))).to_be_checked()
    await wrong.fill(email_of(language))
    await page.get_by_role("button", name=says("Place order and pay")).click()
    await expect(page).to_have_url(re.compile(r"/orders/"))
    await expect(page.get_by_text(says("Paid"), exact=True)).to_be_visible()
    await expect(page.locator(".line-title")).to_have_text(world.hot.title)
    found = re.search(r"[0-9]{4,}", await page.locator(".order-lead strong").inner_text())
    assert found is not None
    letter = await world.mail(
        email_of(language), says("Your order %(number)s is confirmed", number=found.group())
    )
    await page.goto(order_link(letter))
    await expect(page.locator(".order-lead strong")).to_contain_text(found.group())
    return found.group()


async def _today_shows_it_live(staff: Person, today: Page) -> None:
    orders = today.locator(".stats > *", has_text=staff.says("Orders today"))
    await expect(orders).to_contain_text(re.compile("[1-9۱-۹]"))
    await expect(today.locator("#today-events")).to_contain_text(NAMES["walker", staff.language])
    assert await still_the_same(today)


async def _is_shipped(
    world: World, staff: Person, desk: Page, page: Page, customer: Person, number: str
) -> None:
    """Staff finds the order and sends the parcel; mail and order page say so."""
    await desk.goto(f"{world.console}/orders")
    await desk.get_by_role("link", name=number).click()
    await desk.get_by_role("button", name=staff.says("Ship this parcel")).click()
    await expect(desk.get_by_role("button", name=staff.says("Mark as delivered"))).to_be_visible()
    await page.reload()
    await expect(page.get_by_text(customer.says("Your parcel is with the carrier."))).to_be_visible()
    await world.mail(
        email_of(customer.language), customer.says("Your order %(number)s is on its way", number=number)
    )
