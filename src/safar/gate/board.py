"""The board: a site's figures as this process last read them. What polls are answered from."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from starlette.applications import Starlette
from starlette.types import Scope

from safar.gate.actions import ensure_site, figures
from safar.gate.cookies import Cookies
from safar.gate.decide import Estimate, estimate, place_of
from safar.gate.model import Figures
from safar.kernel.context import Context
from safar.kernel.loops import repeat

_REFRESH_S = 0.25

# How many units are left of what brought the caller here, from memory: the gate knows nothing of goods.
UnitsLeft = Callable[[Scope], int | None]


class Board:
    """Figures in memory, read four times a second; they stay as they were while the database is away."""

    def __init__(self, context: Context, site_key: str, units_left: UnitsLeft = lambda _scope: None) -> None:
        self._context = context
        self._site_key = site_key
        self._full = False
        self.cookies = Cookies(context, site_key)
        self.units_left = units_left
        self.figures: Figures | None = None

    async def refresh(self) -> bool:
        """Read the figures once; opens the site at its first use."""
        async with self._context.database.connection() as connection:
            found = await figures(connection, self._site_key)
            if found is None:
                async with connection.transaction():
                    await ensure_site(connection, self._site_key, self._context.settings.site_capacity)
                found = await figures(connection, self._site_key)
        self.figures = found
        self._full = False
        return False

    def note_full(self) -> None:
        """Remember, until the next reading, that the last place has just been taken."""
        self._full = True

    @property
    def ended(self) -> bool:
        return self.figures is not None and self.figures.site.ended_at is not None

    def place(self, number: int) -> int:
        """Return the place in the queue of `number`: 0 may come in now, 1 is next."""
        if self.figures is None:
            return max(1, number)
        place = place_of(number, self.figures.site.called)
        return place if place or (self.figures.free and not self._full) else 1

    def estimate(self, place: int) -> Estimate | None:
        if self.figures is None:
            return None
        site = self.figures.site
        return estimate(
            place=place, rate=site.admitted_per_s, observed_s=site.observed_s, show_up=site.show_up
        )  # fmt: skip


def with_board(board: Board) -> Callable[[Starlette], AbstractAsyncContextManager[None]]:
    """Return a lifespan that keeps `board` fresh, at `app.state.board`, while the application runs."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        app.state.board = board
        reading = asyncio.create_task(repeat("gate.board", board.refresh, idle_s=_REFRESH_S))
        try:
            yield
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)

    return lifespan
