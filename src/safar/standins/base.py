"""A stand-in of a provider: it answers at a loopback port, remembers what it heard, and can be made to fail.

A provider's own is a subclass: `answer` carries a request out, `problem` and `too_many` speak its errors.
What it does of its own accord (a status, an echo, an update) is posted with `post` or `post_until_taken`.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Self

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from safar.kernel.ports import reserve_port
from safar.kernel.web.server import http_server
from safar.standins.clock import StandInClock
from safar.standins.heard import Effect, Heard, Posted, heard_of

_REMEMBERED_MAX = 100_000
_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
_END_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What happens to the next `times` requests to a path that contains `path`.

    `code`: it is refused with that error of the provider's. `delay_s`: it is answered late. `silent`: it is
    carried out and never answered. `effects_first`: what follows from it (status, echo) comes before its
    answer.
    """

    times: int = 1
    path: str = ""
    code: str | None = None
    delay_s: float = 0.0
    silent: bool = False
    effects_first: bool = False


@dataclass(frozen=True, slots=True)
class RateScope:
    """The provider takes `most` requests in any `seconds` with the same key; without a key it is free."""

    name: str
    most: int
    seconds: float
    key: Callable[[Heard], str | None]


class StandIn:
    """What all stand-ins have in common. `copies`: how often each post of its own goes out, side by side."""

    rates: tuple[RateScope, ...] = ()
    copies: int = 1
    webhook_timeout_s: float = 10.0

    def __init__(self, clock: StandInClock | None = None) -> None:
        self.clock = clock or StandInClock()
        self.heard: deque[Heard] = deque(maxlen=_REMEMBERED_MAX)
        self.posted: deque[Posted] = deque(maxlen=_REMEMBERED_MAX)
        self.url = ""
        self._plans: list[Plan] = []
        self._taken: dict[tuple[str, str], deque[datetime]] = {}
        self._closing = asyncio.Event()
        self._tasks: set[asyncio.Task[object]] = set()
        self._client: httpx.AsyncClient | None = None

    async def answer(self, heard: Heard) -> Response:
        """Carry a request out, as the provider documents it."""
        raise NotImplementedError

    def problem(self, code: str, heard: Heard) -> Response:
        """Return how the provider refuses with this code."""
        raise NotImplementedError

    def too_many(self, rate: RateScope, wait_s: float, heard: Heard) -> Response:
        """Return how the provider says that a rate was overstepped."""
        raise NotImplementedError

    def plan(self, *plans: Plan) -> None:
        """Have this happen to the next requests, in this order; see `Plan`."""
        self._plans.extend(plans)

    def fail(self, code: str, times: int = 1, path: str = "") -> None:
        """Refuse the next `times` requests with a code of the provider's."""
        self.plan(Plan(times=times, path=path, code=code))

    def silence(self, times: int = 1, path: str = "") -> None:
        """Carry the next `times` requests out and never answer them."""
        self.plan(Plan(times=times, path=path, silent=True))

    def app(self) -> Starlette:
        return Starlette(routes=[Route("/{path:path}", self._hear, methods=_METHODS)])

    @asynccontextmanager
    async def running(self, port: int | None = None) -> AsyncIterator[Self]:
        """Answer at `port`, or at one of its own; `url` is where."""
        with ExitStack() as kept:
            port = port or reserve_port(kept)
            server = http_server(self.app(), "127.0.0.1", port)
            serving = asyncio.create_task(server.serve())
            self.url = f"http://127.0.0.1:{port}"
            try:
                await self._answering(port)
                yield self
            finally:
                await self.close()
                server.stop()  # type: ignore[no-untyped-call]  # granian's, which has no types
                await asyncio.wait({serving}, timeout=_END_S)

    async def close(self) -> None:
        """End everything that is under way; whoever waits for an answer gets none."""
        self._closing.set()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    async def settled(self) -> None:
        """Return once everything that the stand-in does of its own accord is done."""
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def start(self, effect: Effect) -> None:
        """Do something of the provider's own accord, beside all else."""
        task: asyncio.Task[object] = asyncio.ensure_future(_run(effect))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Posted:
        """Post once (and `copies` times side by side); return how the last one was answered."""
        posts = [self._post_once(url, body, headers) for _copy in range(max(self.copies, 1))]
        return (await asyncio.gather(*posts))[-1]

    async def post_until_taken(
        self,
        url: str,
        body: bytes,
        headers: Mapping[str, str],
        *,
        pauses: Iterable[float],
        taken: Callable[[Posted], bool] = lambda posted: posted.status == 200,
        dies_at: datetime | None = None,
    ) -> Posted | None:
        """Post again after each of `pauses` until it is taken; None: it was given up, or died."""
        for pause in pauses:
            if dies_at is not None and self.clock.now() >= dies_at:
                return None
            posted = await self.post(url, body, headers)
            if taken(posted):
                return posted
            await self.clock.wait(pause)
        return None

    def requests(self, path: str = "", method: str | None = None) -> list[Heard]:
        """Return what was asked of a path that contains `path`, the oldest first."""
        return [one for one in self.heard if path in one.path and method in (None, one.method)]

    async def _hear(self, request: Request) -> Response:
        heard = await heard_of(request, self.clock.now())
        self.heard.append(heard)
        plan = self._planned(heard)
        if plan.delay_s:
            await self.clock.wait(plan.delay_s)
        if plan.code is not None:
            return self.problem(plan.code, heard)
        answer = self._overstepped(heard) or await self.answer(heard)
        if plan.effects_first:
            for effect in heard.effects:
                await effect()
        else:
            for effect in heard.effects:
                self.start(effect)
        if plan.silent:
            await self._closing.wait()
        return answer

    def _planned(self, heard: Heard) -> Plan:
        for number, plan in enumerate(self._plans):
            if plan.path in heard.path:
                left = replace(plan, times=plan.times - 1)
                self._plans[number : number + 1] = [left] if left.times > 0 else []
                return plan
        return Plan()

    def _overstepped(self, heard: Heard) -> Response | None:
        """Count a request towards each rate, unless one of them refuses it."""
        now = self.clock.now()
        counted: list[deque[datetime]] = []
        for rate in self.rates:
            key = rate.key(heard)
            if key is None:
                continue
            times = self._taken.setdefault((rate.name, key), deque(maxlen=rate.most))
            since = now - timedelta(seconds=rate.seconds)
            if len(times) == rate.most and times[0] > since:
                return self.too_many(rate, (times[0] - since).total_seconds(), heard)
            counted.append(times)
        for times in counted:
            times.append(now)
        return None

    async def _post_once(self, url: str, body: bytes, headers: Mapping[str, str]) -> Posted:
        if self._client is None:
            self._client = httpx.AsyncClient(timeout=self.webhook_timeout_s, trust_env=False)
        at = self.clock.now()
        try:
            reply = await self._client.post(url, content=body, headers=dict(headers))
        except httpx.HTTPError:
            posted = Posted(at, url, body, headers, 0)
        else:
            posted = Posted(at, url, body, headers, reply.status_code, reply.content, dict(reply.headers))
        self.posted.append(posted)
        return posted

    async def _answering(self, port: int) -> None:
        """Return once somebody answers at the port."""
        async with asyncio.timeout(30):
            while True:
                try:
                    _reader, writer = await asyncio.open_connection("127.0.0.1", port)
                except OSError:
                    await asyncio.sleep(0.01)
                else:
                    writer.close()
                    await writer.wait_closed()
                    return


async def _run(effect: Effect) -> object:
    return await effect()
