"""Many clients at once with as little Python as can be: each answer sends the next request.

What the load generator costs is taken from what it measures, since both run on the same cores.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import cast

_HEAD_END = b"\r\n\r\n"
_LENGTH = b"content-length: "


@dataclass(slots=True)
class FloodOutcome:
    """What the clients were told: waits in seconds; codes of refusals; how many went the whole way."""

    statuses: Counter[int] = field(default_factory=Counter)
    waits: list[float] = field(default_factory=list)
    refusals: Counter[bytes] = field(default_factory=Counter)
    done: int = 0
    seconds: float = 0.0

    @property
    def per_s(self) -> float:
        return len(self.waits) / self.seconds if self.seconds else 0.0

    def wait_ms(self, share: float) -> float:
        """Return the wait that `share` of the requests stayed within."""
        waits = sorted(self.waits)
        return round(waits[min(len(waits) - 1, int(len(waits) * share))] * 1000, 1) if waits else 0.0


# Given the status and the whole answer: the next request of this client, None when it has no more.
Script = Callable[[int, bytes], bytes | None]


class _Client(asyncio.Protocol):
    def __init__(self, script: Script, outcome: FloodOutcome, done: asyncio.Future[None]) -> None:
        self._script, self._outcome, self._done = script, outcome, done
        self._transport: asyncio.Transport | None = None
        self._buffer = b""
        self._began = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one without saying so
        self._send(0, b"")

    def data_received(self, data: bytes) -> None:
        answer = self._buffer + data if self._buffer else data
        head = answer.find(_HEAD_END)
        if head < 0:
            self._buffer = answer
            return
        at = answer.find(_LENGTH, 0, head)
        length = int(answer[at + len(_LENGTH) : answer.find(b"\r", at)]) if at >= 0 else 0
        if len(answer) < head + 4 + length:
            self._buffer = answer
            return
        self._buffer = b""
        status = int(answer[9:12])
        self._outcome.waits.append(time.perf_counter() - self._began)
        self._outcome.statuses[status] += 1
        self._send(status, answer)

    def _send(self, status: int, answer: bytes) -> None:
        request = self._script(status, answer)
        assert self._transport is not None
        if request is None:
            self._transport.close()
            return
        self._began = time.perf_counter()
        self._transport.write(request)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._done.done():
            self._done.set_result(None)


async def flood(
    port: int,
    scripts: list[Script],
    outcome: FloodOutcome | None = None,
    *,
    hosts: Sequence[str] = ("127.0.0.1",),
) -> FloodOutcome:
    """Run one client a script against `port` of the hosts in turn, until all scripts have ended."""
    outcome = outcome or FloodOutcome()
    loop = asyncio.get_running_loop()
    ends = []
    began = time.perf_counter()
    for number, script in enumerate(scripts):
        done = loop.create_future()
        ends.append(done)
        client = partial(_Client, script, outcome, done)
        await loop.create_connection(client, hosts[number % len(hosts)], port)
    await asyncio.gather(*ends)
    outcome.seconds = time.perf_counter() - began
    return outcome


def one_by_one(requests: Iterator[bytes], outcome: FloodOutcome) -> Script:
    """Return a client that sends the next of `requests`, shared with others, whatever it is told."""

    def script(status: int, answer: bytes) -> bytes | None:
        if status >= 400:
            outcome.refusals[error_of(answer)] += 1
        return next(requests, None)

    return script


def error_of(answer: bytes) -> bytes:
    """Return the code of an error that was told as JSON."""
    at = answer.find(b'"error":"')
    return answer[at + 9 : answer.find(b'"', at + 9)] if at >= 0 else b"?"


def post(path: str, body: bytes, headers: str = "") -> bytes:
    """Return the bytes of a POST of JSON; `headers` are whole lines ending in CRLF."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n{headers}"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def get_request(path: str, headers: str = "") -> bytes:
    """Return the bytes of a GET."""
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{headers}\r\n".encode()


def cookies_set(answer: bytes) -> str:
    """Return the Cookie header line that sends back what an answer has set."""
    head = answer[: answer.find(_HEAD_END)].decode("latin-1")
    pairs = [
        line.split(":", 1)[1].split(";", 1)[0].strip()
        for line in head.split("\r\n")
        if line.lower().startswith("set-cookie:")
    ]
    return f"Cookie: {'; '.join(pairs)}\r\n" if pairs else ""
