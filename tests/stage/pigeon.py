"""A channel for tests: JSON in with a shared word, answers as the test says."""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from safar.channels.accounts import save_account
from safar.channels.kinds.kind import ChannelKind, Setting
from safar.channels.kinds.limits import AnswerWindow, SendRate, TextLimit
from safar.channels.kinds.port import (
    AccountHealth,
    CannotFetch,
    ChannelAccount,
    Fetched,
    Happened,
    MessageNotice,
    MessagePart,
    NotAuthentic,
    NotUnderstood,
    OptOut,
    OutboundMessage,
    PartKind,
    Person,
    Post,
    Said,
    SendResult,
    Unreadable,
    Verdict,
    What,
)
from safar.channels.registry import KINDS
from safar.kernel.context import Context
from safar.kernel.ids import new_id

WORD = "coo"


class PigeonReader:
    def handshake(self, _account: ChannelAccount, query: Mapping[str, str]) -> str | None:
        return query.get("challenge") if query.get("word") == WORD else None

    def check(self, _account: ChannelAccount, post: Post) -> None:
        if post.headers.get("x-word") != WORD:
            raise NotAuthentic

    def read(self, account: ChannelAccount, post: Post, _now: datetime) -> Sequence[Happened]:
        try:
            elements = json.loads(post.body)
        except ValueError as error:
            raise Unreadable("not JSON") from error
        return [self._one(account, element) for element in elements]

    def _one(self, account: ChannelAccount, element: dict[str, Any]) -> Happened:
        at = datetime.fromtimestamp(element.get("at", 1_760_000_000), UTC)
        people = tuple(Person(kind, value, scope) for kind, value, scope in element.get("people", ()))
        if "text" in element:
            parts = tuple(
                MessagePart(kind=PartKind.IMAGE, source=source) for source in element.get("files", ())
            )
            return Said(
                external_id=element["id"],
                people=people or (Person("http", element["from"], account.scope),),
                address=element["from"],
                text=element["text"],
                at=at,
                name=element.get("name"),
                parts=parts,
                echo=element.get("echo", False),
            )
        if "what" in element:
            ours = element.get("ours")
            return MessageNotice(
                what=What(element["what"]),
                at=at,
                external_id=element.get("id", ""),
                our_id=UUID(ours) if ours else None,
                text=element.get("words", ""),
                key=element.get("by", ""),
                verdict=Verdict.REFUSED if element["what"] == "failed" else None,
            )
        if "stop" in element:
            return OptOut((Person("http", element["stop"], account.scope),), at, "STOP")
        return NotUnderstood("an element of no known kind", json.dumps(element)[:100])


class PigeonSender:
    """Answers with what `answers` gives for a message; keeps all that was handed over."""

    def __init__(self) -> None:
        self.sent: list[OutboundMessage] = []
        self.answer: Callable[[OutboundMessage], SendResult] = lambda message: SendResult(
            verdict=Verdict.SENT, external_ids=(f"p-{message.id}",)
        )
        self.gate: asyncio.Event | None = None
        self.files: dict[str, bytes] = {}

    async def send(self, letter: OutboundMessage) -> SendResult:
        self.sent.append(letter)
        if self.gate is not None:
            await self.gate.wait()
        return self.answer(letter)

    async def fetch(self, part: MessagePart, *, bytes_max: int) -> Fetched:
        if part.source not in self.files:
            raise CannotFetch("gone")
        return Fetched(self.files[part.source][:bytes_max], "image/png", "a.png")

    async def health(self) -> AccountHealth:
        return AccountHealth()

    async def close(self) -> None:
        return


def pigeon(sender: PigeonSender, *, rates: tuple[SendRate, ...] = (), window: bool = False) -> ChannelKind:
    return ChannelKind(
        name="pigeon",
        label="Pigeon",
        reader=PigeonReader(),
        sender=lambda _account, _client: sender,
        settings=(Setting("word", "Word", secret=True),),
        identities=("http",),
        text=TextLimit(1000),
        consent="http",
        rates=rates,
        window=AnswerWindow(timedelta(hours=24), timedelta(days=7)) if window else None,
    )


def register(kind: ChannelKind) -> None:
    """Add a channel for the time of a test; a fixture takes it out again."""
    assert isinstance(KINDS, dict)
    KINDS[kind.name] = kind


def unregister(name: str) -> None:
    assert isinstance(KINDS, dict)
    KINDS.pop(name, None)


async def set_up(context: Context, *, kind: str = "pigeon", name: str = "Loft") -> ChannelAccount:
    """Make an account of a registered channel, as managers do."""
    account = ChannelAccount(
        id=new_id(), kind=kind, name=name, key=f"key-{new_id().hex}", secrets={"word": WORD}
    )
    return await save_account(context, account, staff_id=new_id())


def post_of(*elements: dict[str, Any], word: str = WORD) -> Post:
    return Post(body=json.dumps(elements).encode(), headers={"x-word": word})
