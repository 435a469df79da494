"""One more channel, made from the port and the kit alone: birds carry signed JSON."""

import hashlib
import hmac
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import httpx
import orjson
from starlette.responses import JSONResponse, Response

from safar.channels.kinds.asking import NoAnswer, NotAsked, TooLarge, ask_api, timeout_of, together
from safar.channels.kinds.kind import ChannelKind, Setting
from safar.channels.kinds.limits import TextLimit
from safar.channels.kinds.port import (
    AccountHealth,
    CannotFetch,
    ChannelAccount,
    Fetched,
    Happened,
    MessagePart,
    NotAuthentic,
    OutboundMessage,
    Person,
    Post,
    Said,
    SendResult,
    Verdict,
)
from safar.channels.kinds.reading import each_of, elements_of, id_of, parsed, text_of
from safar.channels.kinds.splitting import split
from safar.channels.kit import KitCase, KitSample
from safar.kernel.ids import new_id
from safar.standins.base import RateScope, StandIn
from safar.standins.heard import Heard

RING = "x-ring"
CODES = {"hawk": Verdict.UNKNOWN, "storm": Verdict.AGAIN, "no such roof": Verdict.GONE}
TEXT = TextLimit(200, "bytes")


def ring_of(account: ChannelAccount, body: bytes) -> str:
    return hmac.new(account.secrets.get("word", "").encode(), body, hashlib.sha256).hexdigest()


class PigeonPostReader:
    def handshake(self, account: ChannelAccount, query: Mapping[str, str]) -> str | None:
        return None

    def check(self, account: ChannelAccount, post: Post) -> None:
        given = post.headers.get(RING, "")
        if not account.secrets or not hmac.compare_digest(
            given.encode(), ring_of(account, post.body).encode()
        ):
            raise NotAuthentic("The ring is another.")

    def read(self, account: ChannelAccount, post: Post, now: datetime) -> Sequence[Happened]:
        def one(letter: Mapping[str, Any]) -> Iterator[Happened]:
            roof = id_of(letter.get("roof"), "roof")
            yield Said(
                external_id=id_of(letter.get("ring"), "ring"),
                people=(Person("carrier_pigeon", roof),),
                address=roof,
                text=text_of(letter.get("words")),
                at=now,
            )

        return list(each_of(elements_of(parsed(post.body).get("letters"), "letters"), one))


class PigeonPostSender:
    def __init__(self, account: ChannelAccount, client: httpx.AsyncClient) -> None:
        self._account, self._client = account, client

    async def send(self, letter: OutboundMessage) -> SendResult:
        pieces = split(letter.text, TEXT)
        if not pieces:
            return SendResult(verdict=Verdict.REFUSED, code="empty")
        results: list[SendResult] = []
        for piece in pieces:
            results.append(await self._fly(letter.address, piece))
            if results[-1].verdict is not Verdict.SENT:
                break
        return together(results)

    async def _fly(self, roof: str, words: str) -> SendResult:
        url, timeout_s = f"{self._account.details['api_url']}/fly", timeout_of(self._account.details)
        try:
            answer = await ask_api(
                self._client, "POST", url, json={"roof": roof, "words": words}, timeout_s=timeout_s
            )
        except NotAsked:
            return SendResult(verdict=Verdict.AGAIN, code="no_loft", pause_s=1)
        except (NoAnswer, TooLarge):
            return SendResult(verdict=Verdict.UNKNOWN, code="no_answer")
        if answer.status == 200:
            return SendResult(verdict=Verdict.SENT, external_ids=(text_of(answer.said.get("ring")),))
        code = text_of(answer.said.get("why"))
        verdict = CODES.get(code, Verdict.REFUSED)
        return SendResult(verdict=verdict, code=code, pause_s=60 if verdict is Verdict.AGAIN else 0)

    async def fetch(self, part: MessagePart, *, bytes_max: int) -> Fetched:
        raise CannotFetch("Pigeons carry no pictures.")

    async def health(self) -> AccountHealth:
        return AccountHealth()

    async def close(self) -> None:
        """Nothing is held."""


class Loft(StandIn):
    """Where the birds are kept."""

    def __init__(self) -> None:
        super().__init__()
        self.flown: list[dict[str, str]] = []

    async def answer(self, heard: Heard) -> Response:
        self.flown.append(heard.json())
        return JSONResponse({"ring": f"r{len(self.flown)}"})

    def problem(self, code: str, heard: Heard) -> Response:
        return JSONResponse({"why": code}, 400)

    def too_many(self, rate: RateScope, wait_s: float, heard: Heard) -> Response:
        return self.problem("storm", heard)


KIND = ChannelKind(
    name="carrier_pigeon",
    label="Carrier pigeons",
    reader=PigeonPostReader(),
    sender=PigeonPostSender,
    settings=(Setting("word", "Word of the loft", secret=True, made=True),),
    identities=("carrier_pigeon",),
    text=TEXT,
    consent="carrier_pigeon",
    codes=CODES,
)


def _account(url: str) -> ChannelAccount:
    return ChannelAccount(
        id=new_id(),
        kind=KIND.name,
        name="loft",
        details={"api_url": url, "timeout_s": "0.5"},
        secrets={"word": "seed"},
    )


def _letters(*letters: object) -> bytes:
    return orjson.dumps({"letters": letters})


CASE = KitCase(
    kind=KIND,
    account=_account,
    signed=lambda account, body: Post(body=body, headers={RING: ring_of(account, body)}),
    samples={
        "a letter": KitSample(_letters({"ring": "1", "roof": "west", "words": "coo"}), ("Said",)),
        "two": KitSample(_letters({"ring": "2", "roof": "a"}, {"ring": "3", "roof": "b"}), ("Said", "Said")),
    },
    standin=Loft,
    taken=lambda loft: len(loft.flown),
    address="west",
    batch=lambda bodies: _letters(
        *(one for body in bodies for one in orjson.loads(body).get("letters", [7]))
    ),
)
