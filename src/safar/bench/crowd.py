"""Customers who come when they come, not when there is room: an open-loop load over a pool of connections."""

import asyncio
import heapq
import itertools
import random
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast

import orjson

from safar.bench.buying import buy_body
from safar.bench.flood import cookies_set, get_request, post

_HEAD_END = b"\r\n\r\n"
_LENGTH = b"content-length: "
_RETRY = b"retry-after: "
_POLL_S = 3.0
PATIENCE_S = 120.0  # mean time after which one who waits outside goes away
LATE_S = 1.0  # an answer after more than this is no good answer
THINK_S = 5.0  # mean time between the pages of one who is inside
PAUSES = 4  # of a visit
_FINISH_S = 20.0


@dataclass(slots=True)
class Second:
    """What happened in one second of the run."""

    arrived: int = 0
    admitted: int = 0
    good: int = 0  # answers to customers inside, in time
    late: int = 0
    shed: int = 0
    polls: int = 0
    bought: int = 0
    waits: list[float] = field(default_factory=list)


@dataclass(slots=True)
class Customer:
    """One who comes; `steps` are the pages still wanted once inside."""

    gives_up_at: float
    path: str
    sku: str
    cookies: dict[str, str] = field(default_factory=dict)
    inside: bool = False
    step: int = 0
    trouble: int = 0

    @property
    def line(self) -> str:
        if not self.cookies:
            return ""
        return "Cookie: " + "; ".join(f"{name}={value}" for name, value in self.cookies.items()) + "\r\n"


class Crowd:
    """Runs arrivals at `rate(t)` customers a second for `seconds`; who is inside then may finish."""

    def __init__(
        self,
        port: int,
        rate: Callable[[float], float],
        seconds: float,
        items: list[tuple[str, str]],
        *,
        think_s: float = THINK_S,
    ) -> None:
        self._port = port
        self._rate = rate
        self._seconds = seconds
        self._items = items
        self._think_s = think_s
        self._due: list[tuple[float, int, Customer, bytes]] = []
        self._order = itertools.count()
        self._idle: deque[_Line] = deque()
        self._began = 0.0
        self._closing = False
        self.inside = 0
        self.lost: Counter[str] = Counter()
        self.left_waiting = 0
        self.seconds: list[Second] = [Second() for _ in range(int(seconds) + 1)]

    async def run(self, connections: int) -> None:
        loop = asyncio.get_running_loop()
        for _line in range(connections):
            _transport, line = await loop.create_connection(lambda: _Line(self), "127.0.0.1", self._port)
            self._idle.append(line)
        self._began = time.perf_counter()
        owed, last = 0.0, 0.0
        while (now := self.now()) < self._seconds:
            owed += self._rate(now) * (now - last)
            last = now
            while owed >= 1:
                owed -= 1
                self._arrive(now)
            self._send_due(now)
            await asyncio.sleep(0.002)
        self._closing = True
        while self.inside and self.now() < self._seconds + _FINISH_S:
            self._send_due(self.now())
            await asyncio.sleep(0.002)

    def now(self) -> float:
        return time.perf_counter() - self._began

    def second(self) -> Second:
        return self.seconds[min(int(self.now()), len(self.seconds) - 1)]

    def _arrive(self, now: float) -> None:
        slug, sku = random.choice(self._items)
        customer = Customer(now + random.expovariate(1 / PATIENCE_S), f"/p/{slug}", sku)
        self.second().arrived += 1
        self.at(now, customer, get_request(customer.path))

    def at(self, when: float, customer: Customer, request: bytes) -> None:
        heapq.heappush(self._due, (when, next(self._order), customer, request))

    def _send_due(self, now: float) -> None:
        while self._due and self._due[0][0] <= now and self._idle:
            when, _number, customer, request = heapq.heappop(self._due)
            if not customer.inside and (self._closing or now > customer.gives_up_at):
                self.left_waiting += 1
                continue
            self._idle.popleft().send(customer, request, when)

    def heard(self, line: "_Line", customer: Customer, status: int, answer: bytes, waited: float) -> None:
        """Take an answer: count it, and decide what this customer does next."""
        self._idle.append(line)
        for name, value in _set_cookies(answer):
            if value:
                customer.cookies[name] = value
            else:
                customer.cookies.pop(name, None)
        if customer.inside:
            self._inside(customer, status, answer, waited)
        else:
            self._outside(customer, status, answer, waited)

    def _outside(self, customer: Customer, status: int, answer: bytes, waited: float) -> None:
        second, now = self.second(), self.now()
        if status == 200 and answer.startswith(b'{"', answer.find(_HEAD_END) + 4):
            second.polls += 1
            told = orjson.loads(answer[answer.find(_HEAD_END) + 4 :])
            if told["state"] == "admitted":
                self.at(now, customer, get_request(customer.path, customer.line))
            elif told["state"] in ("waiting", "early"):
                self._poll(customer, now + told.get("retry_ms", 1000 * _POLL_S) / 1000)
        elif status == 503:
            second.shed += 1
            self.at(now + _retry_after(answer), customer, get_request(customer.path, customer.line))
        elif "pass" in customer.cookies and status == 303:
            self.at(now, customer, get_request(customer.path, customer.line))
        elif "pass" in customer.cookies:
            customer.inside = True
            self.inside += 1
            second.admitted += 1
            self._count(waited)
            self._next(customer)
        elif "ticket" in customer.cookies:
            self._poll(customer, now + 1.0)
        elif status == 200:  # the first page, which asks for the place in the background
            self.at(now, customer, get_request(f"/here?at={customer.path}", customer.line))
        else:
            self.at(now, customer, get_request(f"/wait?next={customer.path}", customer.line))

    def _poll(self, customer: Customer, when: float) -> None:
        self.at(when, customer, get_request("/wait/poll", customer.line + "Accept: application/json\r\n"))

    def _inside(self, customer: Customer, status: int, answer: bytes, waited: float) -> None:
        if status in (200, 201, 204, 409):
            self._count(waited)
            self.second().bought += status == 201
            customer.step += 1
            customer.trouble = 0
        elif status == 503 and customer.trouble < 5:
            customer.trouble += 1
            self.second().shed += 1
        else:
            self.lost[f"{status} at step {customer.step}"] += 1
            self.inside -= 1
            return
        self._next(customer, 0.0 if status != 503 else _retry_after(answer))

    def _next(self, customer: Customer, pause: float = 0.0) -> None:
        """Look at the product, at another one, buy, leave."""
        if customer.step > 3:
            self.inside -= 1
            return
        line = customer.line
        if customer.step in (0, 1):
            request = get_request(f"/p/{random.choice(self._items)[0]}", line)
        elif customer.step == 2:
            request = post("/buy", buy_body(customer.sku), line)
        else:
            request = post("/leave", b"{}", line)
        self.at(self.now() + (pause or random.expovariate(1 / self._think_s)), customer, request)

    def _count(self, waited: float) -> None:
        second = self.second()
        second.waits.append(waited)
        if waited <= LATE_S:
            second.good += 1
        else:
            second.late += 1

    def broken(self, customer: Customer | None) -> None:
        if customer is not None:
            self.lost["connection closed" if customer.inside else "connection closed outside"] += 1


class _Line(asyncio.Protocol):
    """One connection; carries one request at a time."""

    def __init__(self, crowd: Crowd) -> None:
        self._crowd = crowd
        self._transport: asyncio.Transport | None = None
        self._customer: Customer | None = None
        self._buffer = b""
        self._due = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def send(self, customer: Customer, request: bytes, due: float) -> None:
        assert self._transport is not None
        self._customer, self._due = customer, due
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        answer = self._buffer + data
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
        customer, self._customer = self._customer, None
        assert customer is not None
        # From when the customer wanted it, not from when a connection was free: no coordinated omission.
        self._crowd.heard(self, customer, int(answer[9:12]), answer, self._crowd.now() - self._due)

    def connection_lost(self, exc: Exception | None) -> None:
        self._crowd.broken(self._customer)


def _set_cookies(answer: bytes) -> list[tuple[str, str]]:
    line = cookies_set(answer).removeprefix("Cookie: ").strip()
    return [cast("tuple[str, str]", tuple(pair.split("=", 1))) for pair in line.split("; ") if "=" in pair]


def _retry_after(answer: bytes) -> float:
    at = answer.find(_RETRY)
    return float(answer[at + len(_RETRY) : answer.find(b"\r", at)]) if at >= 0 else _POLL_S
