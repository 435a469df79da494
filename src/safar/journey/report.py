"""Promise against reality: what a campaign promised and what came of it, every figure from the two books.

The journal says what happened, the ledger (accounts, holds, the moves behind them) what was given out. Where
both tell of the same thing they are compared; what differs is listed in `disagreements`, never hidden.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from safar.campaigns.reading import get_campaign, offers_of, results
from safar.journey.model import CAUSE_TEXTS, STAGE_NAMES, Map
from safar.journey.stages import QUERIES, stages
from safar.kernel.database import Connection, row, rows, value
from safar.kernel.i18n import _, duration, money, ngettext, number
from safar.stock.actions import MAIN, allocation_of, outgoing_of

_PLANNED = ("campaign.started", "campaign.planned")


@dataclass(frozen=True, slots=True, kw_only=True)
class PromiseReport:
    """What became of a campaign's promise.

    `loss_minor`: what was lost at the bottleneck, in minor units; `avoidable_minor`: the part of it that was
    beyond what is usual, or had a cause of ours.
    """

    campaign_id: UUID
    campaign: str
    customers: int
    sends: int
    sends_skipped: Mapping[str, int]
    sends_failed: int
    opened: int
    visits: int
    queued: int
    admitted: int
    median_wait_s: float
    questions: int
    answered_by_bot: int
    answered_by_staff: int
    handed_to_staff: int
    carts: int
    orders: int
    revenue_minor: int
    units_offered: int
    units_sold: int
    oversold: int
    messages_lost: int
    promises_kept: int
    promises_broken: int
    bottleneck: str | None
    bottleneck_cause: str | None
    bottleneck_dropped: int
    loss_minor: int
    avoidable_minor: int
    currency: str
    seconds: float
    disagreements: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Count:
    name: str
    detail: str | None
    count: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True)
class _Units:
    ordered: int
    claimed: int
    moved_out: int
    moved_back: int
    set_aside: int
    returned: int
    on_hand: int


@dataclass(frozen=True, slots=True)
class _Rows:
    sends: int
    skipped: int
    customers: int
    kept: int
    broken: int


class _Journal:
    """The campaign's events, counted."""

    def __init__(self, counts: list[_Count]) -> None:
        self._counts = counts

    def __call__(self, name: str, detail: str | None = None) -> int:
        return sum(c.count for c in self._counts if c.name == name and (detail is None or c.detail == detail))

    def by_detail(self, name: str) -> dict[str, int]:
        return {c.detail or "": c.count for c in self._counts if c.name == name}

    def audience(self) -> int:
        return sum(int(c.detail or 0) * c.count for c in self._counts if c.name in _PLANNED)

    def seconds(self) -> float:
        started = [c.first_at for c in self._counts if c.name == "campaign.started"]
        if not started:
            return 0.0
        return max(0.0, (max(c.last_at for c in self._counts) - min(started)).total_seconds())


async def promise_report(
    connection: Connection, campaign_id: UUID, *, journey: Map | None = None, time_lapse: float = 1.0
) -> PromiseReport:
    """Return the report of a campaign; `journey` when it has been read already. Raises NotFound."""
    campaign = await get_campaign(connection, campaign_id)
    offer = (await offers_of(connection, [campaign.variant_id])).get(campaign.variant_id)
    params = {
        "campaign_id": campaign_id,
        "variant_id": campaign.variant_id,
        "main": MAIN,
        "sold": outgoing_of(allocation_of(campaign_id)),
        "location_id": allocation_of(campaign_id),
    }
    journal = _Journal(await rows(_Count, connection, QUERIES["counts"], params))
    units = await row(_Units, connection, QUERIES["units"], params)
    kept_rows = await row(_Rows, connection, QUERIES["rows_of_campaign"], params)
    wait = await value(connection, QUERIES["median_wait"], params)
    lost = int(await value(connection, QUERIES["messages_lost"], params))
    journey = journey or await stages(connection, campaign_id, time_lapse=time_lapse)
    came = await results(connection, campaign_id)
    assert units is not None
    assert kept_rows is not None
    worst = journey.bottleneck
    return PromiseReport(
        campaign_id=campaign_id,
        campaign=campaign.name,
        customers=journal.audience(),
        sends=journal("send.sent"),
        sends_skipped=journal.by_detail("send.skipped"),
        sends_failed=journal("send.failed"),
        opened=came.opened,
        visits=journal("visit.arrived"),
        queued=journal("visit.arrived", "true"),
        admitted=journal("visit.admitted"),
        median_wait_s=round(float(wait or 0.0), 1),
        questions=journal("message.received"),
        answered_by_bot=journal("message.sent", "bot"),
        answered_by_staff=journal("message.sent", "staff"),
        handed_to_staff=journal("conversation.handed_over"),
        carts=journal("cart.created"),
        orders=came.orders,
        revenue_minor=came.revenue_minor,
        units_offered=campaign.units_offered,
        units_sold=units.claimed - units.moved_back,
        oversold=max(0, units.claimed - units.moved_back - units.set_aside, -units.on_hand),
        messages_lost=lost,
        promises_kept=journal("promise.kept"),
        promises_broken=journal("promise.broken"),
        bottleneck=worst.name if worst else None,
        bottleneck_cause=worst.cause if worst else None,
        bottleneck_dropped=worst.dropped if worst else 0,
        loss_minor=worst.loss_minor if worst else 0,
        avoidable_minor=worst.avoidable_minor if worst else 0,
        currency=offer.currency if offer else "",
        seconds=round(journal.seconds(), 1),
        disagreements=_disagreements(journal, units, kept_rows),
    )


def _disagreements(journal: _Journal, units: _Units, kept: _Rows) -> list[str]:
    """Return what the two books, or a book and a room's own rows, tell differently."""
    sold = units.moved_out - units.moved_back
    compared = (
        (_("units sold: orders and claimed holds"), units.ordered, units.claimed),
        (_("units sold: claimed holds and moves"), units.claimed, units.moved_out),
        (_("units on hand: account and moves"), units.on_hand, units.set_aside - units.returned - sold),
        (_("messages sent: journal and sends"), journal("send.sent"), kept.sends),
        (_("messages skipped: journal and sends"), journal("send.skipped"), kept.skipped),
        (_("audience: journal and sends"), journal.audience(), kept.customers),
        (_("promises kept: journal and promises"), journal("promise.kept"), kept.kept),
        (_("promises broken: journal and promises"), journal("promise.broken"), kept.broken),
    )
    return [
        _("%(what)s: %(first)s and %(second)s", what=what, first=number(first), second=number(second))
        for what, first, second in compared
        if first != second
    ]


def as_table(report: PromiseReport) -> list[tuple[str, str]]:
    """Return the report as rows of a label and a figure, in the reader's language."""
    skipped = sum(report.sends_skipped.values())
    return [
        (_("Audience"), number(report.customers)),
        (_("E-mails sent"), number(report.sends)),
        (_("E-mails skipped or undeliverable"), number(skipped + report.sends_failed)),
        (_("Opened the link"), number(report.opened)),
        (_("Visits"), number(report.visits)),
        (_("Visits that had to wait"), number(report.queued)),
        (_("Let in from the waiting room"), number(report.admitted)),
        (_("Median time in the waiting room"), duration(report.median_wait_s)),
        (_("Questions"), number(report.questions)),
        (_("Answered by the bot"), number(report.answered_by_bot)),
        (_("Handed to staff"), number(report.handed_to_staff)),
        (_("Carts"), number(report.carts)),
        (_("Orders"), number(report.orders)),
        (_("Revenue"), money(report.revenue_minor, report.currency) if report.currency else "–"),
        (_("Units offered"), number(report.units_offered)),
        (_("Units sold"), number(report.units_sold)),
        (_("Units oversold"), number(report.oversold)),
        (_("E-mails lost"), number(report.messages_lost)),
        (_("Promises kept"), number(report.promises_kept)),
        (_("Promises broken"), number(report.promises_broken)),
        (_("From the first event to the last"), duration(report.seconds)),
    ]


def sentences(report: PromiseReport) -> list[str]:
    """Return three plain sentences: was the promise kept, where was the bottleneck, what did it cost."""
    return [_kept(report), _where(report), _cost(report)]


def _kept(report: PromiseReport) -> str:
    made = report.promises_kept + report.promises_broken
    if report.oversold or report.messages_lost:
        return _(
            "The promise was broken: %(oversold)s units were oversold and %(lost)s e-mails were lost.",
            oversold=number(report.oversold),
            lost=number(report.messages_lost),
        )
    if report.promises_broken:
        return _(
            "The promise was kept %(kept)s times of %(made)s; nothing was oversold and no e-mail was lost.",
            kept=number(report.promises_kept),
            made=number(made),
        )
    if not made:
        return _("No promise is due yet; nothing was oversold and no e-mail was lost.")
    return _(
        "The promise was kept all %(made)s times: nothing was oversold and no e-mail was lost.",
        made=number(made),
    )


def _where(report: PromiseReport) -> str:
    if report.bottleneck is None:
        return _("Nobody has dropped off so far.")
    left = ngettext(
        "%(num)s customer dropped off there", "%(num)s customers dropped off there", report.bottleneck_dropped
    )
    values = {"stage": _(STAGE_NAMES[report.bottleneck]), "left": left}
    if report.bottleneck_cause is None:
        return _(
            "Most sales were lost at “%(stage)s”: %(left)s, for no reason on our side that is known.",
            **values,
        )
    return _(
        "Most sales were lost at “%(stage)s”: %(left)s. Most frequent reason: %(cause)s.",
        cause=_(CAUSE_TEXTS[report.bottleneck_cause]),
        **values,
    )


def _cost(report: PromiseReport) -> str:
    if not report.loss_minor or not report.currency:
        return _("No lost sales measured.")
    cost = money(report.loss_minor, report.currency)
    if not report.avoidable_minor:
        return _("That cost about %(money)s in lost sales: no more than is usual.", money=cost)
    return _(
        "That cost about %(money)s in lost sales; about %(avoidable)s of it could be avoided.",
        money=cost,
        avoidable=money(report.avoidable_minor, report.currency),
    )
