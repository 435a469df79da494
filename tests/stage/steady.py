"""Somebody who buys and asks all the time, and keeps every receipt."""

import asyncio
import itertools
from uuid import UUID

import httpx

from safar.demo.browser import Browser
from safar.kernel.ids import new_id

_PAUSE_S = 0.1
_AGAIN_S = 0.25


class SteadyBuyer:
    """Orders over HTTP without an end; an order without an answer is sent again under the same id."""

    def __init__(self, address: str, skus: list[str], number: int) -> None:
        self._address = address
        self._skus = skus
        self._number = number
        self.acknowledged: dict[UUID, str] = {}  # the state that we were told
        self.heard: set[str] = set()  # the ids of the questions that the shop said it had
        self.refused = 0
        self.surprises: list[str] = []
        self._enough = False

    def enough(self) -> None:
        """Let the buyer bring the order at hand to its end and go."""
        self._enough = True

    async def buy(self) -> None:
        """Buy until it is enough, then give the place in the shop back."""
        async with (
            httpx.AsyncHTTPTransport() as transport,
            Browser(self._address, "en", transport) as browser,
        ):
            await browser.get("/")  # before the first order the browser has shown that it keeps cookies
            for sku in itertools.cycle(self._skus):
                if self._enough:
                    break
                await self._buy_one(browser, sku)
                if len(self.acknowledged) % 4 == 1:
                    await self._ask(browser)
                await asyncio.sleep(_PAUSE_S)
            await browser.json("/leave", {})

    async def _ask(self, browser: Browser) -> None:
        question = {"id": str(new_id()), "text": "Where is my order?"}
        answer = await browser.json("/chat/messages", question)
        if answer.status_code == 201:
            self.heard.add(question["id"])
        elif answer.status_code != 429:  # asking too often
            self.surprises.append(f"{answer.status_code} {answer.text[:200]}")

    async def _buy_one(self, browser: Browser, sku: str) -> None:
        provider = "test" if len(self.acknowledged) % 3 == 0 else "cod"
        order = {
            "id": str(new_id()),
            "sku": sku,
            "quantity": 1,
            "name": "Steady Buyer",
            "email": f"steady-{self._number}@customers.example",
            "address": "1 Steady Street",
            "provider": provider,
            "method": "ok",
            "language": "en",
        }
        while True:
            answer = await browser.json("/buy", order)
            if answer.status_code == 201:
                self.acknowledged[UUID(answer.json()["order"])] = answer.json()["state"]
                return
            if answer.status_code == 409:
                self.refused += 1
                return
            if answer.status_code not in (
                410,
                503,
            ):  # a place too old, or a queue too long: stand in it again
                self.surprises.append(f"{answer.status_code} {answer.text[:200]}")
                return
            await asyncio.sleep(_AGAIN_S)
