"""How virtual customers read their mail: the local mailbox, looked at for all of them together."""

import asyncio
from collections import defaultdict
from dataclasses import dataclass

import httpx

_LOOK_S = 0.25
_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail as its customer sees it."""

    to: str
    subject: str
    text: str
    message_id: str
    campaign: bool


class Postbox:
    """Hands each customer the mail that arrived for them."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._waiting: defaultdict[str, asyncio.Queue[Letter]] = defaultdict(asyncio.Queue)
        self._seen = 0
        self.reached: set[str] = set()

    async def skip_old(self) -> None:
        """Leave what lies in the mailbox already unread: it belongs to an earlier campaign."""
        async with httpx.AsyncClient(base_url=self._address, timeout=_TIMEOUT_S) as client:
            while await self._fetch(client, hand_out=False):
                pass

    async def look(self) -> None:
        """Take note of everything that has come by now."""
        async with httpx.AsyncClient(base_url=self._address, timeout=_TIMEOUT_S) as client:
            while await self._fetch(client):
                pass

    async def run(self) -> None:
        """Look into the mailbox four times a second, for ever."""
        async with httpx.AsyncClient(base_url=self._address, timeout=_TIMEOUT_S) as client:
            while True:
                try:
                    more = await self._fetch(client)
                except httpx.HTTPError:
                    more = 0
                await asyncio.sleep(0 if more else _LOOK_S)

    async def next(self, to: str) -> Letter:
        """Wait for the next letter to an address."""
        return await self._waiting[to].get()

    async def _fetch(self, client: httpx.AsyncClient, *, hand_out: bool = True) -> int:
        answer = await client.get("/api/messages", params={"after": self._seen})
        letters = answer.raise_for_status().json()
        for letter in letters:
            self._seen = letter["number"]
            if not hand_out:
                continue
            campaign = letter["kind"] == "campaign"
            if campaign:
                self.reached.add(letter["to"])
            self._waiting[letter["to"]].put_nowait(
                Letter(letter["to"], letter["subject"], letter["text"], letter["message_id"], campaign)
            )
        return len(letters)
