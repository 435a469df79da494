"""People at their browsers, and what went wrong on their screens while they looked."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, Response, expect

from tests.stage.browser_world import World, said

LOCALES = {"en": "en-GB", "fa": "fa-IR"}
_NEW_PASSWORD = "a quiet walk by the river"
WAIT_MS = 60_000  # for what comes at once where nothing else runs
expect.set_options(timeout=WAIT_MS)


class Person:
    """One browser profile with its pages; `complaints` is what its console and network had to say."""

    def __init__(self, context: BrowserContext, language: str) -> None:
        self.context = context
        self.language = language
        self.complaints: list[str] = []
        self.refusals: list[tuple[str, int]] = []  # (path, status) that the test asks for
        context.on("console", self._console)
        context.on("weberror", lambda error: self._complain(f"script error: {error.error}"))
        context.on("response", self._response)

    def _complain(self, text: str) -> None:
        self.complaints.append(text)

    def _console(self, message: ConsoleMessage) -> None:
        # The answers that could not be loaded are told by _response, with their address and status.
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            self._complain(f"console: {message.text}")

    def _response(self, response: Response) -> None:
        path = urlsplit(response.url).path
        if response.status >= 400 and (path, response.status) not in self.refusals:
            self._complain(f"{response.status} for {response.request.method} {path}")

    def says(self, text: str, **values: object) -> str:
        """Return a text of ours in this person's language."""
        return said(self.language, text, **values)

    async def page(self, address: str | None = None) -> Page:
        page = await self.context.new_page()
        if address is not None:
            await page.goto(address)
        return page


@asynccontextmanager
async def person(browser: Browser, language: str, **options: Any) -> AsyncIterator[Person]:
    """Open a browser profile of somebody who speaks `language`."""
    context = await browser.new_context(locale=LOCALES[language], **options)
    context.set_default_timeout(WAIT_MS)
    try:
        yield Person(context, language)
    finally:
        await context.close()


@asynccontextmanager
async def visitor(browser: Browser, world: World, language: str, **options: Any) -> AsyncIterator[Person]:
    """Open the browser of a customer, who gives the place in the shop back at the end."""
    async with person(browser, language, **options) as customer:
        try:
            yield customer
        finally:
            await leave(customer, world)


async def leave(customer: Person, world: World) -> None:
    """Give the place in the shop to the next, as the beacon of a browser does."""
    answer = await customer.context.request.post(f"{world.front}/leave")
    assert answer.status == 204


async def sign_in(staff: Person, page: Page, address: str, password: str) -> None:
    """Sign in through the page with a one-time password, and choose an own one as the console demands."""
    await page.get_by_label(staff.says("E-mail address")).fill(address)
    await page.get_by_label(staff.says("Password"), exact=True).fill(password)
    await page.get_by_role("button", name=staff.says("Sign in")).click()
    await page.wait_for_url("**/password*")
    await expect(page.get_by_role("heading", name=staff.says("Choose your password"))).to_be_visible()
    await page.locator("[name=new]").fill(_NEW_PASSWORD)
    await page.locator("[name=again]").fill(_NEW_PASSWORD)
    async with written(page):
        await page.get_by_role("button", name=staff.says("Change password")).click()


@asynccontextmanager
async def written(page: Page) -> AsyncIterator[None]:
    """Send a form within: go on when it was answered. Whoever leaves its page before takes it back."""
    async with page.expect_response(lambda answer: answer.request.method == "POST"):
        yield
    await page.wait_for_load_state()


async def never_reloaded(page: Page) -> None:
    """Mark the page, so that `still_the_same` can tell that it was not loaded again."""
    await page.evaluate("window.neverReloaded = true")


async def still_the_same(page: Page) -> bool:
    return bool(await page.evaluate("window.neverReloaded === true"))
