"""What "Today" shows, read once for all who look at it."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from safar.channels.actions import troubles
from safar.channels.model import Trouble
from safar.customers.actions import customer_cards
from safar.gate.site.sites import site_figures
from safar.gate.tickets.model import SHOP, SiteFigures
from safar.journal.actions import line
from safar.journal.model import Recorded
from safar.kernel import clock
from safar.kernel.context import Context
from safar.kernel.database import Connection, row, rows
from safar.kernel.queries import queries_beside
from safar.orders.unpaid_stock import UnpaidStock, unpaid_stock
from safar.payments.ways import PaymentWarnings, load_ways, standing_of
from safar.watch.decide import wrong
from safar.watch.model import Finding
from safar.watch.reading import shop_standing

QUERIES = queries_beside(__file__)
EVENTS_SHOWN = 30
_FAILURES_DAYS = 7
# Counting the sends of a large campaign takes longer than the rest: not more than a tenth of the time.
_SENDS_SHARE_INVERSE = 10
_UNPAID_S = 10.0  # nor is what is unpaid counted more often than this


@dataclass(frozen=True, slots=True)
class CampaignLine:
    """A campaign whose offer runs. `on_hand` and `held` are units of its own allocation."""

    id: UUID
    name: str
    state: str
    reason: str | None
    units_offered: int
    product: str | None
    on_hand: int
    held: int

    @property
    def sold(self) -> int:
        return max(self.units_offered - self.on_hand, 0)


@dataclass(frozen=True, slots=True)
class LastCampaign:
    """The newest campaign that is over."""

    id: UUID
    name: str
    state: str
    reason: str | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class TodayFigures:
    """The single figures: replies owed by staff, orders of the day, failures of seven days, what runs low.

    `unpaid_minor`: what of the day's revenue has not come in yet. Yesterday counts up to this time of day.
    """

    waiting: int
    waiting_since: datetime | None
    to_pack: int
    orders: int
    revenue_minor: int
    unpaid_minor: int
    orders_yesterday: int
    revenue_yesterday_minor: int
    event_failures: int
    message_failures: int
    unread_mails: int
    low_stock: int
    low_stock_urgent: int


@dataclass(frozen=True, slots=True)
class BestSeller:
    """An article and how many of it were sold today."""

    variant_id: UUID
    title: str
    units: int


@dataclass(frozen=True, slots=True)
class _Sends:
    campaign_id: UUID
    state: str
    count: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """How everything stands at one moment; `position` is the journal's line then."""

    read_at: float  # loop time at which the reading began
    position: int
    campaigns: Sequence[CampaignLine]
    last_campaign: LastCampaign | None
    sends: Mapping[UUID, Mapping[str, int]]
    site: SiteFigures | None
    figures: TodayFigures
    best_sellers: Sequence[BestSeller]
    troubles: Sequence[Trouble]
    wrong: Sequence[Finding]
    events: Sequence[Recorded]
    names: Mapping[UUID, str]
    payments: PaymentWarnings
    unpaid: Sequence[UnpaidStock]

    @property
    def failures(self) -> int:
        """How many things need somebody who takes care of them."""
        counted = self.figures
        return (
            counted.event_failures
            + counted.message_failures
            + counted.unread_mails
            + len(self.wrong)
            + len(self.unpaid)
            + self.payments.nothing_offered
        )


class RunningBoard:
    """Reads the snapshot for every page and stream of this process, one reading at a time."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._database = context.database
        self._lock = asyncio.Lock()
        self._latest: Snapshot | None = None
        self._sends: Mapping[UUID, Mapping[str, int]] = {}
        self._sends_of: list[UUID] = []
        self._sends_until = 0.0
        self._unpaid: Sequence[UnpaidStock] = ()
        self._unpaid_until = 0.0

    async def snapshot(self, *, age_s_max: float = 0.0) -> Snapshot:
        """Return how everything stands, read at most `age_s_max` seconds before this call."""
        now = asyncio.get_running_loop().time
        oldest = now() - age_s_max
        async with self._lock:
            if self._latest is None or self._latest.read_at < oldest:
                self._latest = await self._read(now())
            return self._latest

    async def _read(self, read_at: float) -> Snapshot:
        async with self._database.connection() as connection:
            position = await line(connection)
            running = await rows(CampaignLine, connection, QUERIES["campaigns"])
            last = None if running else await row(LastCampaign, connection, QUERIES["last_campaign"])
            events = await rows(
                Recorded, connection, QUERIES["latest_events"], {"until": position, "limit": EVENTS_SHOWN}
            )
            counted = await row(TodayFigures, connection, QUERIES["figures"], self._since())
            assert counted is not None
            return Snapshot(
                read_at=read_at,
                position=position,
                campaigns=running,
                last_campaign=last,
                sends=await self._count_sends(connection, [campaign.id for campaign in running]),
                site=await site_figures(connection, SHOP),
                figures=counted,
                best_sellers=await rows(BestSeller, connection, QUERIES["best_sellers"], self._since()),
                troubles=await troubles(connection),
                wrong=wrong(await shop_standing(connection)),
                events=events,
                names=await _names(connection, events),
                unpaid=await self._read_unpaid(connection),
                payments=standing_of(await load_ways(self._context, connection), self._context.settings),
            )

    def _since(self) -> dict[str, datetime]:
        now = clock.now()
        zone = self._context.settings.timezone
        today = clock.shop_day(now, zone)
        yesterday_start = clock.day_start(today - timedelta(days=1), zone)
        day_start = clock.day_start(today, zone)
        return {
            "day_start": day_start,
            "yesterday_start": yesterday_start,
            "yesterday_until": yesterday_start + (now - day_start),
            "failed_since": now - timedelta(days=_FAILURES_DAYS),
        }

    async def _count_sends(self, connection: Connection, ids: list[UUID]) -> Mapping[UUID, Mapping[str, int]]:
        loop = asyncio.get_running_loop()
        began = loop.time()
        if ids == self._sends_of and began < self._sends_until:
            return self._sends
        sends: dict[UUID, dict[str, int]] = {id: {} for id in ids}
        if ids:
            for sent in await rows(_Sends, connection, QUERIES["sends"], {"ids": ids}):
                sends[sent.campaign_id][sent.state] = sent.count
        self._sends, self._sends_of = sends, ids
        self._sends_until = loop.time() + (loop.time() - began) * _SENDS_SHARE_INVERSE
        return sends

    async def _read_unpaid(self, connection: Connection) -> Sequence[UnpaidStock]:
        loop = asyncio.get_running_loop()
        began = loop.time()
        if began >= self._unpaid_until:
            self._unpaid = await unpaid_stock(connection, self._context.settings)
            took_s = loop.time() - began
            self._unpaid_until = loop.time() + max(_UNPAID_S, took_s * _SENDS_SHARE_INVERSE)
        return self._unpaid


async def _names(connection: Connection, events: Sequence[Recorded]) -> dict[UUID, str]:
    """Return what the customers of these events are called; empty for those who have not said."""
    ids = {event.customer_id for event in events if event.customer_id}
    cards = await customer_cards(connection, ids)
    return {id: card.name or card.email or "" for id, card in cards.items()}
