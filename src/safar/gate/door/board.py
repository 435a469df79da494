"""The board: the figures of every site as this process last read them; polls are answered from it."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from uuid import UUID

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.types import Scope

from safar.catalogue.actions import product_of
from safar.catalogue.errors import UnknownProduct
from safar.gate.door.limits import Buckets
from safar.gate.door.looks import Looks
from safar.gate.line.decide import Estimate, estimate, place_of
from safar.gate.line.visits import left_lately
from safar.gate.site.load import Meter, report_load
from safar.gate.site.sites import ensure_site, figures_of, sites
from safar.gate.tickets.cookies import Cookies
from safar.gate.tickets.left import Left
from safar.gate.tickets.model import SHOP, Site, SiteFigures, SiteKind
from safar.kernel.context import Context
from safar.kernel.database import Connection, transaction
from safar.kernel.loops import repeat

_REFRESH_S = 0.25
_ARRIVALS_WEIGHT = 0.1
_VARIANTS_EVERY = 20  # readings: a variant that is added gets the room's hint within five seconds
_BURST_MINUTES = 2.0
_PATIENT_PER_MINUTE = 6.0
_WORKED_TIMES = 4  # as many more as without the proof of work: each of them has cost something

# How many units are left of what brought the caller here, from memory: the gate knows nothing of goods.
UnitsLeft = Callable[[Scope], int | None]


class Room:
    """One site as this process knows it; its figures stay as they were while the database is away."""

    def __init__(self, context: Context, key: str, left: Left, site: Site | None = None) -> None:
        self.key = key
        self.external = site is not None and site.kind == SiteKind.EXTERNAL
        domain, url = (site.cookie_domain, site.url) if site is not None else (None, None)
        secure = (url or "").startswith("https:")
        self.cookies = Cookies(context, key, left, domain=domain, secure=secure)
        self.looks = Looks(context.settings.front_processes)
        self.figures: SiteFigures | None = None
        self.arrivals_per_s = 0.0
        self.variant_ids: frozenset[UUID] = frozenset()
        self._full = False

    @property
    def site(self) -> Site | None:
        return self.figures.site if self.figures else None

    @property
    def ended(self) -> bool:
        return self.figures is not None and self.figures.site.ended_at is not None

    def read(self, figures: SiteFigures) -> None:
        if self.figures is not None:
            before, after = self.figures.site, figures.site
            came = max(after.issued - before.issued, 0) + max(after.joined - before.joined, 0)
            self.arrivals_per_s += _ARRIVALS_WEIGHT * (came / _REFRESH_S - self.arrivals_per_s)
        self.figures = figures
        self._full = False

    def note_full(self) -> None:
        """Treat the site as full until its figures are read next: the last place has just been taken."""
        self._full = True

    def place(self, number: int) -> int:
        """Return the place in the queue of `number`: 0 may come in now, 1 is next."""
        if self.figures is None:
            return max(1, number)
        place = place_of(number, self.figures.site.called)
        return place if place or (self.figures.free and not self._full) else 1

    def estimate(self, place: int) -> Estimate | None:
        site = self.site
        if site is None:
            return None
        return estimate(
            place=place, rate=site.admitted_per_s, observed_s=site.observed_s, show_up=site.show_up
        )


class SiteBoard:
    """All sites in memory, read four times a second in two statements; that of `site_key` is always there."""

    def __init__(
        self,
        context: Context,
        site_key: str = SHOP,
        units_left: UnitsLeft = lambda _scope: None,
        came: Callable[[UUID], None] = lambda _client_id: None,
    ) -> None:
        """`came` is told of each browser whose first page has become a visit."""
        self._context = context
        self.left = Left(60 * context.settings.visit_minutes)
        self._main = Room(context, site_key, self.left)
        self._by_path: Mapping[str, Room] = {}
        self._units_left = units_left
        self.came = came
        self.rooms: dict[str, Room] = {site_key: self._main}
        self.meter = Meter()
        self._readings = 0
        self._reading = asyncio.Lock()  # or an older reading could end after a newer one
        per_minute = context.settings.gate_tickets_per_minute
        self.buckets = Buckets(per_minute, per_minute * _BURST_MINUTES)
        self.worked = Buckets(per_minute * _WORKED_TIMES, per_minute * _WORKED_TIMES)
        self.patient = Buckets(_PATIENT_PER_MINUTE, _PATIENT_PER_MINUTE)
        first_pages = context.settings.gate_first_pages_per_minute
        self.first_pages = Buckets(first_pages, first_pages)

    async def refresh(self) -> bool:
        """Read every site once, and report this process's load; opens the main site at its first use."""
        async with self._reading, self._context.database.connection() as connection:
            known_sites = await sites(connection)
            if not any(site.key == self._main.key for site in known_sites):
                async with transaction(connection):
                    await ensure_site(connection, self._main.key, self._context.settings.site_capacity)
                known_sites = await sites(connection)
            await self._read(connection, known_sites)
            began = time.monotonic()
            self.left.read(await left_lately(connection, self.left.seconds_to_read()), began)
            if any(site.adaptive for site in known_sites):
                await report_load(connection, self.meter)
        return False

    async def _read(self, connection: Connection, known_sites: Sequence[Site]) -> None:
        rooms: dict[str, Room] = {}
        self._readings += 1
        for figures in await figures_of(connection, known_sites):
            site = figures.site
            known = self.rooms.get(site.key)
            same = known is not None and (
                known is self._main or (known.site and known.site.cookie_domain == site.cookie_domain)
            )
            room = known if known is not None and same else self._room(site)
            if site.path and (room.figures is None or self._readings % _VARIANTS_EVERY == 0):
                room.variant_ids = await _variants(connection, site.path)
            room.read(figures)
            rooms[site.key] = room
        self.rooms = rooms
        self._by_path = {room.site.path: room for room in rooms.values() if room.site and room.site.path}

    def _room(self, site: Site) -> Room:
        return Room(self._context, site.key, self.left, site)

    def room(self, key: str) -> Room | None:
        return self.rooms.get(key)

    def room_before(self, path: str) -> Room | None:
        """Return the waiting room that a product has for itself, before the page at `path`."""
        return self._by_path.get(path) if self._by_path else None

    @property
    def goods_rooms(self) -> list[Room]:
        """The rooms before goods."""
        return list(self._by_path.values())

    def rooms_of(self, variant_ids: Sequence[UUID]) -> list[Room]:
        """Return the rooms before these goods."""
        return [room for room in self._by_path.values() if room.variant_ids.intersection(variant_ids)]

    def units_left(self, room: Room, scope: Scope) -> int | None:
        """Return the units that may be left when this visitor's turn comes, None where that is not known."""
        if room is self._main:
            return self._units_left(scope)
        return room.site.units_left if room.site else None

    @property
    def figures(self) -> SiteFigures | None:
        """How the main site stands."""
        return self._main.figures


def board_of(request: Request) -> SiteBoard:
    board: SiteBoard = request.app.state.board
    return board


def with_board(board: SiteBoard) -> Callable[[Starlette], AbstractAsyncContextManager[None]]:
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


async def _variants(connection: Connection, path: str) -> frozenset[UUID]:
    try:
        _product, variants = await product_of(connection, path.removeprefix("/p/"))
    except UnknownProduct:
        return frozenset()
    return frozenset(variant.id for variant in variants)
