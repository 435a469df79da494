"""The sending loop: one step of one campaign, in one transaction.

Nothing leaves the process here: a send becomes a row of the outbox under the same id, in the transaction that
marks it queued. A step that dies leaves nothing behind; a second worker takes another campaign or nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from uuid import UUID

from liquid.exceptions import LiquidError
from psycopg.types.json import Jsonb

from safar.campaigns import mail
from safar.campaigns.actions import end_campaign, finish_campaign, pause_campaign
from safar.campaigns.decide import RESTING, STEP_MAX, PaceFigures, Responses, pace
from safar.campaigns.decide import ShopFlow as SiteFigures
from safar.campaigns.learn import Silence
from safar.campaigns.letter import letter_of_campaign
from safar.campaigns.links import link_url, unsubscribe_url
from safar.campaigns.model import Campaign
from safar.campaigns.permission import quiet_until
from safar.campaigns.planning import tell_sends
from safar.campaigns.reading import QUERIES, is_published, offers_of, units_left
from safar.capacity.actions import OnHandChange, accounts, change_many, hold_many, open_account
from safar.capacity.model import Held, HoldRequest, Refused
from safar.channels.actions import queue_many
from safar.channels.model import EMAIL, Author, Outgoing
from safar.gate.site.sites import site_figures as gate_figures
from safar.gate.tickets.model import SHOP
from safar.kernel import clock
from safar.kernel.context import Context
from safar.kernel.database import Connection, as_json, execute, row, rows, values
from safar.kernel.ids import new_id
from safar.kernel.setbacks import work_off
from safar.owner.reading import shop_with
from safar.settings import Settings

_STEP_S = 0.5
_CAMPAIGNS_MAX = 20
_WINDOW = timedelta(hours=1)
QUOTA_KIND, QUOTA_KEY = "messages", "email"


@dataclass(frozen=True, slots=True)
class _Counts:
    planned: int
    out: int
    queued: int
    quota_used: int


@dataclass(frozen=True, slots=True)
class _Group:
    stage: str
    responded: bool
    count: int
    seconds: float
    units: int


@dataclass(frozen=True, slots=True)
class _Taken:
    id: UUID
    customer_id: UUID
    name: str | None
    language: str
    email: str | None
    reason: str | None

    @property
    def state(self) -> str:
        return "skipped"


async def send_due(context: Context) -> bool:
    """Let campaigns send what they may now, those that waited longest first; return whether any was due.

    Each in a transaction of its own: one that fails rests, and the others go on (kernel.setbacks).
    """
    before = {"before": clock.now() - timedelta(seconds=_STEP_S), "limit": _CAMPAIGNS_MAX}
    async with context.database.connection() as connection:
        ids = await values(connection, QUERIES["due_campaigns"], before)

    async def work(connection: Connection, campaign_ids: Sequence[UUID]) -> None:
        for campaign_id in campaign_ids:
            taken = {"id": campaign_id, "before": before["before"]}
            campaign = await row(Campaign, connection, QUERIES["take_campaign"], taken)
            if campaign is not None:
                await _step(connection, context, campaign)

    return await work_off(context.database, "campaigns.sending", ids, work, together=False) > 0


async def _step(connection: Connection, context: Context, campaign: Campaign) -> None:
    on_hand, held = await units_left(connection, campaign)
    if on_hand <= 0:
        await end_campaign(connection, campaign, "sold_out")
        return
    counts = await _counts(connection, campaign.id)
    if not counts.planned and not counts.queued:
        await finish_campaign(connection, campaign)
        return
    if not await is_published(connection, campaign.variant_id):
        await pause_campaign(connection, campaign.id, reason="not_published")
        return
    if quiet_until(clock.now(), context.settings.quiet_hours, context.settings.timezone) is not None:
        await _note_pace(
            connection, campaign, asdict(RESTING) | campaign.pace | {"sends": 0, "bound": "quiet"}
        )
        return
    account_id, quota_free = await _quota(connection, context.settings, counts.quota_used)
    visits, orders, units = await _responses(connection, campaign.id)
    figures = PaceFigures(
        audience=counts.planned + counts.out,
        planned=counts.planned,
        units_free=on_hand - held,
        quota_free=quota_free,
        visits=visits,
        orders=orders,
        units=units,
        site=await site_flow(connection, context.settings),
        waits_for_answers=campaign.waits_for_answers,
    )
    decided = pace(figures)
    sends = await _hold_quota(connection, campaign, account_id, decided.sends)
    await _note_pace(connection, campaign, asdict(decided))
    if sends:
        await _send(connection, context, campaign, sends)


async def _counts(connection: Connection, campaign_id: UUID) -> _Counts:
    params = {"id": campaign_id, "window": clock.now() - _WINDOW}
    counts = await row(_Counts, connection, QUERIES["counts"], params)
    assert counts is not None
    return counts


async def _responses(connection: Connection, campaign_id: UUID) -> tuple[Responses, Responses, int]:
    params = {"id": campaign_id, "now": clock.now()}
    groups = await rows(_Group, connection, QUERIES["responses"], params)

    def of(stage: str) -> Responses:
        answered = [group for group in groups if group.stage == stage and group.responded]
        silent = [group for group in groups if group.stage == stage and not group.responded]
        return Responses(
            responded=sum(group.count for group in answered),
            delays_s=sum(group.seconds for group in answered),
            silent=[Silence(group.seconds / group.count, group.count) for group in silent],
        )

    return of("visit"), of("order"), sum(group.units for group in groups)


async def site_flow(connection: Connection, settings: Settings) -> SiteFigures | None:
    """Return what the shop carries now. A full visit's length bounds what it lets in at the least."""
    gate = await gate_figures(connection, SHOP)
    if gate is None:
        return None
    least_per_s = gate.site.capacity / (settings.visit_minutes * 60)
    return SiteFigures(gate.free, gate.site.waiting, max(gate.site.admitted_per_s, least_per_s))


async def _quota(connection: Connection, settings: Settings, used: int) -> tuple[int, int]:
    """Return the channel's account and what it may still take.

    A hold of an hour for each mail queued bounds what is queued in any hour; counting mails that are still on
    their way besides those sent within the hour bounds what is sent in any hour, after an outage too.
    """
    account_id = await open_account(connection, QUOTA_KIND, QUOTA_KEY)
    account = (await accounts(connection, [account_id]))[account_id]
    difference = max(settings.mails_per_hour, account.held) - account.on_hand
    if difference:
        (account,) = await change_many(connection, [OnHandChange(account_id, difference)])
    return account_id, max(0, min(account.free, settings.mails_per_hour - used))


async def _hold_quota(connection: Connection, campaign: Campaign, account_id: int, wanted: int) -> int:
    """Take `wanted` from the channel's hour; fewer when another campaign took some meanwhile."""
    while wanted > 0:
        hold = HoldRequest(
            hold_id=new_id(),
            lines={account_id: wanted},
            expires_at=clock.now() + _WINDOW,
            purpose="sends",
            campaign_id=campaign.id,
        )
        (outcome,) = await hold_many(connection, [hold])
        if isinstance(outcome, Held):
            return wanted
        wanted = max(0, outcome.short[account_id]) if isinstance(outcome, Refused) else 0
    return 0


async def _note_pace(connection: Connection, campaign: Campaign, decided: Mapping[str, object]) -> None:
    params = {"id": campaign.id, "now": clock.now(), "pace": Jsonb(dict(decided))}
    await execute(connection, QUERIES["set_pace"], params)


async def _send(connection: Connection, context: Context, campaign: Campaign, limit: int) -> None:
    params = {"campaign_id": campaign.id, "limit": min(limit, STEP_MAX), "email": EMAIL}
    taken = await rows(_Taken, connection, QUERIES["take_sends"], params)
    outgoing, unwritable = await _written(connection, context, campaign, [s for s in taken if not s.reason])
    skipped = [send for send in taken if send.reason] + unwritable
    now = clock.now()
    if skipped:
        await execute(connection, QUERIES["skip"], {"sends": as_json(skipped), "now": now})
    if outgoing:
        ids = [message.message_id for message in outgoing]
        await execute(connection, QUERIES["queue"], {"ids": ids, "now": now})
        await queue_many(connection, outgoing)
    await tell_sends(connection, campaign.id, skipped)


async def _written(
    connection: Connection, context: Context, campaign: Campaign, sends: Sequence[_Taken]
) -> tuple[list[Outgoing], list[_Taken]]:
    """Return the messages, and the sends whose message cannot be written: they hold up nobody else."""
    offer = (await offers_of(connection, [campaign.variant_id]))[campaign.variant_id]
    settings, vault = context.settings, context.vault
    facts = mail.Facts(
        offer,
        campaign.units_offered,
        campaign.reply_seconds,
        (await shop_with(connection)).name,
        settings.language,
    )
    outgoing: list[Outgoing] = []
    unwritable: list[_Taken] = []
    for send in sends:
        away = unsubscribe_url(vault, settings, send.id, send.language)
        link = link_url(vault, settings, send.id)
        try:
            written = mail.write_mail(
                campaign.subject,
                campaign.body,
                facts,
                name=send.name,
                language=send.language,
                link=link,
                unsubscribe=away,
            )
        except (LiquidError, RecursionError):
            unwritable.append(replace(send, reason="template"))
            continue
        outgoing.append(
            Outgoing(
                message_id=send.id,
                channel_id=EMAIL,
                author=Author.CAMPAIGN,
                customer_id=send.customer_id,
                campaign_id=campaign.id,
                address=send.email or "",
                subject=written.subject,
                body=written.body,
                language=written.language,
                unsubscribe_url=away,
                letter=letter_of_campaign(written.said, written.language, offer, link),
            )
        )
    return outgoing, unwritable
