"""Virtual customers: each reads their mail, follows the link, waits, looks, asks, buys or leaves.

Baskets and prices are real; how often people click, ask and give up is drawn with the probabilities below.
"""

import asyncio
import random
import re
import time
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import make_msgid
from urllib.parse import urlsplit

import httpx

from safar.demo.browser import Browser, BrowserPage
from safar.demo.mailbox import NOT_TAKEN, send_reply
from safar.demo.postbox import Letter, Postbox
from safar.demo.retail import Shopper, invoice_for
from safar.demo.tally import Tally
from safar.kernel.ids import new_id
from safar.settings import Settings

CLICKS = 0.6
ASKS = 0.3
ASKS_BY_MAIL = 0.06
PUTS_IN_CART = 0.55
CHECKS_OUT = 0.8
PATIENCE_SHARE = 0.5  # of the campaign's length, at the gate
_OTHER_LINES_MAX = 2
_UNITS_MAX = 3
_PAYMENTS = (("cod", "", 0.45), ("test", "ok", 0.40), ("test", "fail", 0.07), ("test", "slow", 0.08))
_QUESTIONS = {
    "en": ("Is this in stock?", "When are you open?", "Can I return it if my aunt does not like it?"),
    "pt-BR": ("Vocês têm em estoque?", "Que horas vocês abrem?", "Posso trocar se minha tia não gostar?"),
    "fa": ("این کالا موجود است؟", "ساعت کاری شما چیست؟", "اگر خاله‌ام نپسندید می‌توانم پس بدهم؟"),
    "hi": ("क्या यह स्टॉक में है?", "आपकी दुकान कब खुलती है?", "पसंद न आए तो क्या मैं इसे लौटा सकता हूँ?"),
}
_LINK = re.compile(r"https?://\S+/l/[^\s\"'<>)]+")
_GATE = ("arrived", "queued", "admitted")
_MAIL_AGAIN_S = 0.5
_UNDECIDED = 'http-equiv="refresh"'  # what an order's page has while its payment is under way


class SentAway(Exception):
    """The place in the shop was given to somebody else: back in the queue."""


@dataclass(frozen=True, slots=True)
class RehearsalStage:
    """Where the rehearsal plays and for how long (seconds)."""

    settings: Settings
    postbox: Postbox
    tally: Tally
    transport: httpx.AsyncBaseTransport
    seconds: float
    seed: int
    hot_sku: str


class VirtualCustomer:
    """One customer from mail to order."""

    def __init__(self, stage: RehearsalStage, shopper: Shopper) -> None:
        self.stage = stage
        self.shopper = shopper
        self.chance = random.Random(f"{stage.seed}:{shopper.key}")
        self._place_kept_s = stage.settings.visit_minutes * 60 / 2  # at least, from each page on
        self._seen = 0.0

    async def live(self) -> None:
        """Live through the campaign; whatever goes wrong is an error of the rehearsal, with its reason."""
        try:
            letter = await self._campaign_letter()
            self.stage.tally.letters.add(self.shopper.email)
            await self._pause(0.02)
            if self.chance.random() < ASKS_BY_MAIL:
                await self._ask_by_mail(letter)
            if self.chance.random() < CLICKS:
                await self._visit(letter)
        except asyncio.CancelledError:
            raise
        except (httpx.HTTPError, LookupError, ValueError, OSError) as error:
            self.stage.tally.errors.append(f"{self.shopper.key}: {type(error).__name__}: {error}")

    async def _campaign_letter(self) -> Letter:
        while True:
            letter = await self.stage.postbox.next(self.shopper.email)
            if letter.campaign:
                return letter

    async def _pause(self, share: float) -> None:
        """Take a human while: exponential, its mean a share of the rehearsal's length."""
        mean_s = self.stage.seconds * share
        await asyncio.sleep(min(self.chance.expovariate(1 / mean_s), 4 * mean_s))

    async def _ask_by_mail(self, letter: Letter) -> None:
        question = _QUESTIONS[self.shopper.language][2]
        settings, key = self.stage.settings, self.shopper.key
        message_id = make_msgid(domain=self.shopper.email.rpartition("@")[2])
        self.stage.tally.be_unsure("questions")
        while True:
            try:
                await send_reply(
                    settings,
                    sender=self.shopper.email,
                    to=settings.mail_from,
                    subject=letter.subject,
                    text=question,
                    in_reply_to=letter.message_id,
                    message_id=message_id,
                )
                break
            except NOT_TAKEN:  # as any mail server would: keep it and come again
                await asyncio.sleep(_MAIL_AGAIN_S)
        self.stage.tally.unsure["questions"] -= 1
        self.stage.tally.questions.add(f"mail:{key}")

    async def _visit(self, letter: Letter) -> None:
        found = _LINK.search(letter.text)
        if found is None:
            raise LookupError(f"no link in the mail to {letter.to}")
        settings = self.stage.settings
        tally, key = self.stage.tally, self.shopper.key
        async with Browser(settings.public_url, self.shopper.language, self.stage.transport) as browser:
            with self._unsure(browser, *_GATE):
                page = await browser.get(found.group())
            self._seen = time.monotonic()
            tally.arrived.add(key)
            if page.path == "/wait":
                waited = await self._wait(browser, page)
                if waited is None:
                    return
                page = waited
            _expect(page, 200)
            tally.admitted.add(key)
            tally.inside += 1
            try:
                await self._shop(browser, page)
            except SentAway:
                pass
            finally:
                tally.inside -= 1
            await browser.json("/leave", {})

    async def _wait(self, browser: Browser, page: BrowserPage) -> BrowserPage | None:
        """Wait at the gate; None when patience ends or the queue does."""
        tally, key = self.stage.tally, self.shopper.key
        tally.queued.add(key)
        tally.waiting += 1
        left_s = self.chance.expovariate(1 / (self.stage.seconds * PATIENCE_SHARE)) + 5
        found = re.search(r'data-poll="([^"]+)"', page.html)
        if found is None:
            raise LookupError("the waiting page has no address to ask")
        poll = found.group(1).replace("&amp;", "&")
        try:
            while left_s > 0:
                state = (await browser.json(poll)).json()
                if state["state"] == "ended":
                    return None
                if state["state"] == "admitted":
                    with self._unsure(browser, *_GATE):
                        entered = await browser.get(state["next"])
                    if entered.path != "/wait":
                        self._seen = time.monotonic()
                        return entered
                pause_s = min(state.get("retry_ms", 1000) / 1000, 2.0)
                await asyncio.sleep(pause_s)
                left_s -= pause_s
            return None
        finally:
            tally.waiting -= 1

    async def _shop(self, browser: Browser, page: BrowserPage) -> None:
        await self._pause(0.02)
        if self.chance.random() < ASKS:
            await self._ask(browser)
        if self.chance.random() >= PUTS_IN_CART:
            return
        if not await self._put_in_cart(browser, page):
            self.stage.tally.sold_out.add(self.shopper.key)
            return
        await self._add_more(browser)
        await self._pause(0.015)
        if self.chance.random() < CHECKS_OUT:
            await self._check_out(browser)

    async def _ask(self, browser: Browser) -> None:
        question = self.chance.choices(_QUESTIONS[self.shopper.language], weights=(5, 3, 2))[0]
        body = {"id": str(new_id()), "text": question}
        self.stage.tally.be_unsure("questions")
        answer = await browser.json("/chat/messages", body)
        self.stage.tally.unsure["questions"] -= 1
        if answer.status_code != 201:
            raise ValueError(f"the chat answered {answer.status_code}: {answer.text[:200]}")
        self.stage.tally.questions.add(f"chat:{body['id']}")
        await self._await_answer(browser)

    async def _await_answer(self, browser: Browser) -> None:
        """Look for an answer for a while; then go on shopping."""
        for _look in range(6):
            await asyncio.sleep(0.5)
            history = (await browser.json("/chat/history")).json()
            messages = history["messages"] if isinstance(history, dict) else history
            if messages and messages[-1]["author"] != "customer":
                self.stage.tally.answered.add(self.shopper.key)
                return

    async def _put_in_cart(self, browser: Browser, page: BrowserPage, quantity: int | None = None) -> bool:
        """Put the page's product in the cart; False when it is not to be had."""
        form = page.form("/cart/lines")
        if form is None:
            return False
        units = quantity or min(self._real_quantity(), _UNITS_MAX)
        with self._unsure(browser, "carts"):
            shown = await self._inside(browser, browser.submit(page, form, quantity=str(units)))
        if shown.status == 409:
            return units > 1 and await self._put_in_cart(browser, page, 1)
        _expect(shown, 200)
        self.stage.tally.carts.add(self.shopper.key)
        return True

    def _real_quantity(self) -> int:
        lines = dict(invoice_for(self.shopper.key).lines)
        return lines.get(self.stage.hot_sku, 1)

    async def _add_more(self, browser: Browser) -> None:
        """Add a few products of the customer's real basket, found by searching for them."""
        lines = [line for line in invoice_for(self.shopper.key).lines if line[0] != self.stage.hot_sku]
        wanted = self.chance.sample(lines, min(len(lines), self.chance.randint(0, _OTHER_LINES_MAX)))
        for sku, quantity in wanted:
            found = await self._inside(browser, browser.get(f"/search?q={sku}"))
            links = found.links(r"/p/[^\"]+")
            if links:
                product = await self._inside(browser, browser.get(links[0]))
                await self._put_in_cart(browser, product, min(quantity, _UNITS_MAX))

    async def _check_out(self, browser: Browser) -> None:
        page = await self._inside(browser, browser.get("/checkout"))
        form = page.form("/checkout")
        if form is None:
            raise LookupError(f"no checkout form at {page.path} ({page.status})")
        weights = [weight for _provider, _method, weight in _PAYMENTS]
        provider, method, _weight = self.chance.choices(_PAYMENTS, weights=weights)[0]
        self.stage.tally.be_unsure("orders")
        ordering = browser.submit(
            page,
            form,
            name=self.shopper.name,
            email=self.shopper.email,
            address=f"{self.chance.randint(1, 200)} Rehearsal Road, {self.shopper.country}",
            city="York",
            postcode="YO1 7HH",
            country="GB",
            provider=provider,
            method=method,
        )
        done = await self._inside(browser, ordering)
        if _UNDECIDED in done.html:  # nobody has promised anything yet
            return
        self.stage.tally.unsure["orders"] -= 1
        if done.path.startswith("/orders/"):
            if method != "fail":
                self.stage.tally.orders.add(urlsplit(done.url).path)
        elif done.status == 409:
            self.stage.tally.sold_out.add(self.shopper.key)
        elif method != "fail":
            raise ValueError(f"the checkout answered {done.status} at {done.path}")

    @contextmanager
    def _unsure(self, browser: Browser, *what: str) -> Iterator[None]:
        """Note acts without an answer: those that never got one, and each that had to be sent again.

        For acts that carry no id of their own: sent twice they may have happened twice.
        """
        tally, before = self.stage.tally, browser.repeats
        for name in what:
            tally.be_unsure(name)
        try:
            yield
        finally:
            for name in what:
                tally.unsure[name] += browser.repeats - before
        for name in what:
            tally.unsure[name] -= 1

    async def _inside(self, browser: Browser, asked: Awaitable[BrowserPage]) -> BrowserPage:
        """Return a page of the shop. Raises SentAway.

        After longer than a place is kept, the gate may have let the customer in anew without a word.
        """
        before = browser.repeats
        page = await asked
        now = time.monotonic()
        if now - self._seen > self._place_kept_s:
            for name in _GATE:
                self.stage.tally.unsure[name] = (
                    self.stage.tally.unsure.get(name, 0) + 1 + browser.repeats - before
                )
        self._seen = now
        if page.path == "/wait":
            raise SentAway
        return page


def _expect(page: BrowserPage, status: int) -> None:
    if page.status != status:
        raise ValueError(f"{page.path} answered {page.status}")
