"""What the worker does for campaigns."""

from collections.abc import Sequence
from uuid import UUID

from safar.campaigns import outcomes, sending
from safar.campaigns.actions import (
    end_campaign,
    go_on,
    lock_campaign,
    return_unsold,
    start_campaign,
    unschedule_campaign,
)
from safar.campaigns.errors import NobodyToReach, NothingToPromise, NothingToSay, NotPublished
from safar.campaigns.permission import asks
from safar.campaigns.reading import QUERIES, STARTS
from safar.journal.subscribe import Subscriber
from safar.kernel import clock
from safar.kernel.context import Context
from safar.kernel.database import Connection, transaction, values
from safar.kernel.loops import Loop
from safar.kernel.setbacks import work_off

__all__ = ["asks", "close_offers", "finish_pieces", "loops", "start_scheduled", "subscribers"]


def loops(context: Context) -> list[Loop]:
    """Return the loops of campaigns: sending, what is left to plan or skip, offers that end."""

    async def send() -> bool:
        return await sending.send_due(context)

    async def start() -> bool:
        return await start_scheduled(context)

    async def finish() -> bool:
        return await finish_pieces(context)

    async def close() -> bool:
        return await close_offers(context)

    return [
        Loop("campaigns.sending", send, idle_s=0.25),
        Loop("campaigns.scheduled", start, idle_s=2.0),
        Loop("campaigns.unfinished", finish, idle_s=0.5),
        Loop("campaigns.offers", close, idle_s=5.0),
    ]


def subscribers(_context: Context) -> list[Subscriber]:
    """Return the readers of campaigns."""
    return [outcomes.outcomes_reader()]


async def start_scheduled(context: Context) -> bool:
    """Start campaigns whose time has come; one that cannot start is a draft again, and says why."""
    async with context.database.connection() as connection:
        ids = await values(connection, STARTS["scheduled"], {"now": clock.now()})

    async def work(connection: Connection, campaign_ids: Sequence[UUID]) -> None:
        for campaign_id in campaign_ids:
            try:
                async with transaction(connection):
                    await start_campaign(connection, campaign_id)
            except (NothingToPromise, NotPublished, NobodyToReach, NothingToSay) as refused:
                await unschedule_campaign(connection, campaign_id, reason=refused.code)

    return await work_off(context.database, "campaigns.scheduled", ids, work, together=False) > 0


async def finish_pieces(context: Context) -> bool:
    """Do the next piece of campaigns that are not wholly planned or wound up; return whether any was."""
    async with context.database.connection() as connection:
        ids = await values(connection, QUERIES["unfinished"], {"now": clock.now()})

    async def work(connection: Connection, campaign_ids: Sequence[UUID]) -> None:
        for campaign_id in campaign_ids:
            await go_on(connection, campaign_id)

    return await work_off(context.database, "campaigns.unfinished", ids, work, together=False) > 0


async def close_offers(context: Context) -> bool:
    """End offers whose time is over, and bring back units that ended offers no longer hold for anybody."""
    database = context.database
    async with database.connection() as connection:
        over = await values(connection, QUERIES["offers_over"], {"now": clock.now()})
        unsold = await values(connection, QUERIES["unsold"])
    await work_off(database, "campaigns.offers", over, _end_offers, together=False)
    await work_off(database, "campaigns.unsold", unsold, _return_unsold, together=False)
    return False


async def _end_offers(connection: Connection, campaign_ids: Sequence[UUID]) -> None:
    for campaign_id in campaign_ids:
        campaign = await lock_campaign(connection, campaign_id)
        if campaign.closed_at is None:
            await end_campaign(connection, campaign, "offer_ended")


async def _return_unsold(connection: Connection, campaign_ids: Sequence[UUID]) -> None:
    for campaign_id in campaign_ids:
        await return_unsold(connection, await lock_campaign(connection, campaign_id))
