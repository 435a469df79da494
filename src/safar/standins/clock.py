"""The time of a stand-in: real, quicker, or leaping from one wait to the next."""

import asyncio
from datetime import datetime, timedelta

from safar.kernel import clock


class StandInClock:
    """The time by which a provider waits, limits and forgets; `faster` times as fast as ours."""

    def __init__(self, faster: float = 1.0) -> None:
        self.faster = faster
        self._began, self._began_ticks = clock.now(), clock.ticks()

    def now(self) -> datetime:
        return self._began + timedelta(seconds=(clock.ticks() - self._began_ticks) * self.faster)

    async def wait(self, seconds: float) -> None:
        await asyncio.sleep(seconds / self.faster)


class LeapingClock(StandInClock):
    """A wait is over at once, and its time has passed; `waited` has each of them, in order."""

    def __init__(self, at: datetime | None = None) -> None:
        super().__init__()
        self._at = at or clock.now()
        self.waited: list[float] = []

    def now(self) -> datetime:
        return self._at

    def leap(self, seconds: float) -> None:
        self._at += timedelta(seconds=seconds)

    async def wait(self, seconds: float) -> None:
        self.waited.append(seconds)
        self.leap(seconds)
        await asyncio.sleep(0)
