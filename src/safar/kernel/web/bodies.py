"""Bodies are read before anything is done or counted for their requests, within limits of size and time.

A request whose body does not come is no work: it only waits. So it counts for nothing but here, where those
who wait are few: one more ends the one that has waited longest, of its network or of all. A body that comes
at once is never in anybody's way, however many others do not finish theirs.
"""

import asyncio
import itertools
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager

from starlette.types import Message, Receive

from safar.kernel.errors import BodyTooLarge, BodyTooSlow


class Bodies:
    """Reads bodies; at most `unfinished_max` at once, `network_max` of one network."""

    def __init__(
        self, *, seconds: float, bytes_per_s_least: int, unfinished_max: int, network_max: int
    ) -> None:
        self._seconds = seconds
        self._bytes_per_s_least = bytes_per_s_least
        self._unfinished_max = unfinished_max
        self._network_max = network_max
        self._ids = itertools.count()
        self._unfinished: OrderedDict[int, asyncio.Timeout] = OrderedDict()
        self._of_network: dict[str, OrderedDict[int, asyncio.Timeout]] = {}

    def __len__(self) -> int:
        return len(self._unfinished)

    async def read(self, receive: Receive, network: str | None, bytes_max: int) -> bytes | None:
        """Return the whole body, None when its sender has gone. Raises BodyTooLarge, BodyTooSlow."""
        parts: list[bytes] = []
        size = 0
        try:
            async with asyncio.timeout(self._seconds) as timeout:
                latest = asyncio.get_running_loop().time() + self._seconds
                with self._waiting(timeout, network):
                    while True:
                        message = await receive()
                        if message["type"] == "http.disconnect":
                            return None
                        part = message.get("body", b"")
                        size += len(part)
                        if size > bytes_max:
                            raise BodyTooLarge(bytes_max=bytes_max)
                        parts.append(part)
                        if not message.get("more_body", False):
                            return b"".join(parts)
                        timeout.reschedule(latest + size / self._bytes_per_s_least)
        except TimeoutError:
            raise BodyTooSlow from None

    def timed(self, receive: Receive, bytes_max: int) -> Receive:
        """Return a `receive` for a body that is taken in pieces: the same limits of size and time."""
        size = 0
        latest = asyncio.get_running_loop().time() + self._seconds

        async def in_time() -> Message:
            nonlocal size
            try:
                async with asyncio.timeout_at(latest + size / self._bytes_per_s_least):
                    message = await receive()
            except TimeoutError:
                raise BodyTooSlow from None
            size += len(message.get("body", b""))
            if size > bytes_max:
                raise BodyTooLarge(bytes_max=bytes_max)
            return message

        return in_time

    @contextmanager
    def _waiting(self, timeout: asyncio.Timeout, network: str | None) -> Iterator[None]:
        id_ = next(self._ids)
        here = self._of_network.setdefault(network, OrderedDict()) if network is not None else None
        if here is not None and len(here) >= self._network_max:
            _end_first(here)
        if len(self._unfinished) >= self._unfinished_max:
            _end_first(self._unfinished)
        self._unfinished[id_] = timeout
        if here is not None:
            here[id_] = timeout
        try:
            yield
        finally:
            self._unfinished.pop(id_, None)
            if network is not None and here is not None:
                here.pop(id_, None)
                if not here and self._of_network.get(network) is here:
                    del self._of_network[network]


def replayed(body: bytes, receive: Receive) -> Receive:
    """Return a `receive` that gives the body that was read, then what comes after it."""
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


def _end_first(waiting: OrderedDict[int, asyncio.Timeout]) -> None:
    """End the one that has waited longest; it leaves the others' lists when it wakes."""
    _id, timeout = waiting.popitem(last=False)
    if not timeout.expired():
        timeout.reschedule(asyncio.get_running_loop().time())
