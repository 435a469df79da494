"""A virtual support agent: signs in to the console and answers who waits, one at a time."""

import asyncio
import random

import httpx

from safar.demo.browser import Browser, BrowserPage, Form
from safar.settings import Settings

_LOOK_S = 0.5
_ANSWERS = {
    "en": "Yes, of course. You have 30 days to return it, and we pay the postage.",
    "pt-BR": "Claro que sim. Você tem 30 dias para devolver, e nós pagamos o frete.",
    "fa": "بله، حتماً. سی روز برای پس دادن وقت دارید و هزینهٔ پست با ماست.",
    "hi": "हाँ, बिल्कुल। लौटाने के लिए आपके पास 30 दिन हैं और डाक का खर्च हमारा है।",
}


class Agent:
    """Takes `handle_s` seconds for each answer, as a person would in the time of the rehearsal."""

    def __init__(
        self,
        settings: Settings,
        transport: httpx.AsyncBaseTransport,
        email: str,
        password: str,
        handle_s: float,
    ) -> None:
        self._browser = Browser(settings.console_url, "en", transport)
        self._email, self._password = email, password
        self._handle_s = handle_s
        self._chance = random.Random(email)
        self.replies = 0

    async def work(self) -> None:
        """Sign in, then answer until cancelled."""
        async with self._browser as browser:
            await self._sign_in(browser)
            while True:
                if not await self._answer_one(browser):
                    await asyncio.sleep(_LOOK_S)

    async def _sign_in(self, browser: Browser) -> None:
        page = await browser.get("/sign-in")
        page = await browser.submit(page, _form(page, "/sign-in"), email=self._email, password=self._password)
        if page.path == "/password":
            chosen = f"a rehearsal of {self._chance.random()}"
            form = _form(page, "/password")
            page = await browser.submit(page, form, old=self._password, new=chosen, again=chosen)
            if browser.repeats:  # perhaps it was changed, and the answer lost
                page = await browser.get("/")
            if page.path == "/sign-in":
                page = await browser.submit(page, _form(page, "/sign-in"), email=self._email, password=chosen)
        if page.status != 200 or page.path in ("/sign-in", "/password"):
            raise ValueError(f"the virtual agent could not sign in: {page.path} answered {page.status}")

    async def _answer_one(self, browser: Browser) -> bool:
        """Answer the conversation that has waited longest; False when nobody waits."""
        waiting = await browser.get("/inbox?folder=waiting")
        links = waiting.links(r"/inbox/[0-9a-f-]{36}[^\"]*")
        if not links:
            return False
        await asyncio.sleep(self._chance.uniform(0.6, 1.4) * self._handle_s)
        page = await browser.get(links[0].replace("&amp;", "&"))
        if page.status >= 500:
            raise ValueError(f"the agent's page {page.path} answered {page.status}")
        form = page.form(f"{page.path}/messages")
        if form is None:
            return False
        shown = await browser.submit(page, form, text=_ANSWERS[_language_of(page.html)])
        self.replies += shown.status == 200
        return True


def _language_of(html: str) -> str:
    """Return the language the customer writes in, as an agent sees it in their last message."""
    html = html.rsplit("bubble-customer", 1)[-1].split("bubble ", 1)[0]
    for language, word in (("fa", "می‌توانم"), ("hi", "लौटा"), ("pt-BR", "trocar")):
        if word in html:
            return language
    return "en"


def _form(page: BrowserPage, action: str) -> Form:
    form = page.form(action)
    if form is None:
        raise ValueError(f"{page.path} has no form {action}")
    return form
