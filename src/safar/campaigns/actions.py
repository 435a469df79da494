"""The verbs of a campaign: start, pause, resume, stop. (How it is written: drafts.py.)

Each locks the campaign's row first, so that a step of the sending loop and a press of a button take turns.
"""

from collections import Counter
from datetime import datetime
from uuid import UUID

from safar.campaigns.errors import (
    NobodyToReach,
    NoSuchStep,
    NothingToPromise,
    NothingToSay,
    NotPublished,
)
from safar.campaigns.model import Campaign, CampaignStarted
from safar.campaigns.planning import as_mark, plan_some, tell_sends, wind_up_some
from safar.campaigns.reading import QUERIES, STARTS, get_campaign, is_published, units_free
from safar.capacity.errors import BelowPromised
from safar.journal.actions import append_many, events_last
from safar.journal.model import Event
from safar.kernel import clock
from safar.kernel.database import Connection, execute, row, transaction
from safar.kernel.errors import NotFound
from safar.kernel.ids import derived_id, new_id
from safar.stock.actions import MAIN, Transfer, levels, open_allocation, transfer_many

__all__ = [
    "end_campaign",
    "finish_campaign",
    "get_campaign",
    "go_on",
    "lock_campaign",
    "pause_campaign",
    "resume_campaign",
    "return_unsold",
    "schedule_campaign",
    "send_rest",
    "start_campaign",
    "stop_campaign",
    "unschedule_campaign",
]


async def start_campaign(
    connection: Connection, campaign_id: UUID, *, staff_id: UUID | None = None
) -> CampaignStarted:
    """Set the units aside, plan one send for each customer of the audience, and begin to send.

    A larger audience is planned by the worker, piece by piece (`go_on`); sending begins when all is planned.
    Raises NothingToPromise (too few units free), NotPublished, NobodyToReach, NothingToSay, NoSuchStep (not
    a draft).
    """
    campaign = await _lock(connection, campaign_id, "draft", "scheduled")
    if not any(campaign.body.get(language) for language in campaign.subject):
        raise NothingToSay
    if not await is_published(connection, campaign.variant_id):
        raise NotPublished
    await _check_free(connection, campaign)
    planned = await plan_some(connection, campaign)
    if not planned.planned:
        raise NobodyToReach
    async with events_last(connection):  # others buy the same goods: the lock on them comes late
        location_id = await _set_units_aside(connection, campaign, staff_id)
        begun = {
            "id": campaign_id,
            "location_id": location_id,
            "now": clock.now(),
            "planning": as_mark(planned),
        }
        await execute(connection, QUERIES["begin"], begun)
        told = _event(
            "campaign.started",
            campaign_id,
            staff_id,
            audience=len(planned.sends),
            planned=planned.planned,
            units=campaign.units_offered,
            variant_id=campaign.variant_id,
            reply_seconds=campaign.reply_seconds,
        )
        await append_many(connection, [told])
        await tell_sends(connection, campaign_id, planned.skipped)
    return CampaignStarted(planned.planned, dict(Counter(send.reason or "" for send in planned.skipped)))


async def schedule_campaign(
    connection: Connection, campaign_id: UUID, at: datetime, *, staff_id: UUID | None = None
) -> None:
    """Have a draft started by the worker at `at`; its units are set aside then. Raises NoSuchStep."""
    await _lock(connection, campaign_id, "draft")
    await execute(connection, STARTS["schedule"], {"id": campaign_id, "at": at})
    await append_many(
        connection, [_event("campaign.scheduled", campaign_id, staff_id, starts_at=at.isoformat())]
    )


async def unschedule_campaign(
    connection: Connection, campaign_id: UUID, *, staff_id: UUID | None = None, reason: str | None = None
) -> None:
    """Make a scheduled campaign a draft again; `reason`: why its start failed. Raises NoSuchStep."""
    await _lock(connection, campaign_id, "scheduled")
    await _set_state(connection, campaign_id, "draft", reason)
    told = {"reason": reason} if reason else {}
    await append_many(connection, [_event("campaign.unscheduled", campaign_id, staff_id, **told)])


async def send_rest(connection: Connection, campaign_id: UUID, *, staff_id: UUID | None = None) -> None:
    """Send on without a look at the first answers; the other bounds stand. Raises NoSuchStep."""
    await _lock(connection, campaign_id, "sending")
    await execute(connection, STARTS["send_rest"], {"id": campaign_id})
    await append_many(connection, [_event("campaign.hurried", campaign_id, staff_id)])


async def go_on(connection: Connection, campaign_id: UUID) -> None:
    """Do the next piece of what starting or ending a campaign has left to do; for the worker."""
    campaign = await lock_campaign(connection, campaign_id)
    if campaign.state == "starting":
        planned = await plan_some(connection, campaign)
        await execute(
            connection, QUERIES["go_on_starting"], {"id": campaign_id, "planning": as_mark(planned)}
        )
        if planned.sends:
            counts = {"audience": len(planned.sends), "planned": planned.planned}
            await append_many(connection, [_event("campaign.planned", campaign_id, None, **counts)])
            await tell_sends(connection, campaign_id, planned.skipped)
    elif campaign.winding_up is not None:
        await wind_up_some(connection, campaign_id, campaign.winding_up)


async def _check_free(connection: Connection, campaign: Campaign) -> None:
    free = await units_free(connection, campaign.variant_id)
    if free < campaign.units_offered:
        raise NothingToPromise(free=free, units=campaign.units_offered)


async def _set_units_aside(connection: Connection, campaign: Campaign, staff_id: UUID | None) -> UUID:
    """Move the offered units from the warehouse to the campaign's own location: nobody else sells them."""
    location_id = await open_allocation(connection, campaign.id, campaign.name)
    move = Transfer(
        move_id=derived_id("allocate", campaign.id),
        variant_id=campaign.variant_id,
        from_location_id=MAIN,
        to_location_id=location_id,
        quantity=campaign.units_offered,
        reason="campaign",
        document=campaign.name,
        staff_id=staff_id,
    )
    try:
        await transfer_many(connection, [move])
    except BelowPromised as error:
        raise NothingToPromise(free=error.details["free"], units=campaign.units_offered) from None
    return location_id


async def pause_campaign(
    connection: Connection, campaign_id: UUID, *, staff_id: UUID | None = None, reason: str | None = None
) -> None:
    """Send nothing more until it is resumed; what is on its way arrives. Raises NoSuchStep."""
    await _lock(connection, campaign_id, "sending")
    await _set_state(connection, campaign_id, "paused", reason)
    told = {"reason": reason} if reason else {}
    await append_many(connection, [_event("campaign.paused", campaign_id, staff_id, **told)])


async def resume_campaign(connection: Connection, campaign_id: UUID, *, staff_id: UUID | None = None) -> None:
    """Go on sending. Raises NoSuchStep, NotPublished."""
    campaign = await _lock(connection, campaign_id, "paused")
    if not await is_published(connection, campaign.variant_id):
        raise NotPublished
    await _set_state(connection, campaign_id, "sending")
    await append_many(connection, [_event("campaign.resumed", campaign_id, staff_id)])


async def stop_campaign(
    connection: Connection, campaign_id: UUID, *, staff_id: UUID | None = None, reason: str = "stopped"
) -> None:
    """End the campaign and its offer: unsent messages are skipped, unsold units that are free go back.

    Raises NoSuchStep when its offer has already ended.
    """
    campaign = await _lock(connection, campaign_id, "draft", "starting", "sending", "paused", "sent")
    if campaign.closed_at is not None:
        raise NoSuchStep(state=campaign.state)
    await end_campaign(connection, campaign, reason, staff_id=staff_id)


async def end_campaign(
    connection: Connection, campaign: Campaign, reason: str, *, staff_id: UUID | None = None
) -> None:
    """End a locked campaign for `reason`: it stays 'sent' if every message had gone out.

    From here on no message leaves. Those of a larger audience are skipped by the worker, piece by piece
    (`go_on`).
    """
    now = clock.now()
    sending = campaign.state != "sent"
    async with events_last(connection):
        if sending:
            await _set_state(connection, campaign.id, "stopped", reason, ended=True)
        await execute(connection, QUERIES["close_offer"], {"id": campaign.id, "now": now})
        name = "campaign.ended" if sending else "campaign.closed"
        await append_many(connection, [_event(name, campaign.id, staff_id, reason=reason)])
        await wind_up_some(connection, campaign.id, reason)
        await return_unsold(connection, campaign, staff_id=staff_id)


async def finish_campaign(connection: Connection, campaign: Campaign) -> None:
    """Write that every send of a locked campaign has ended; its offer stands on until its own end."""
    await _set_state(connection, campaign.id, "sent", "all_sent", ended=True)
    await append_many(connection, [_event("campaign.ended", campaign.id, None, reason="all_sent")])


async def return_unsold(connection: Connection, campaign: Campaign, *, staff_id: UUID | None = None) -> int:
    """Move what is free of a locked campaign's allocation back to the warehouse; return how many units.

    Units held for somebody who is paying stay; once they are free again the loop brings them back.
    """
    if campaign.location_id is None:
        return 0
    place = (campaign.variant_id, campaign.location_id)
    level = (await levels(connection, [campaign.variant_id])).get(place)
    if level is None or level.free <= 0:
        return 0
    move = Transfer(
        move_id=new_id(),
        variant_id=campaign.variant_id,
        from_location_id=campaign.location_id,
        to_location_id=MAIN,
        quantity=level.free,
        reason="campaign ended",
        document=campaign.name,
        staff_id=staff_id,
    )
    try:
        async with transaction(connection):
            await transfer_many(connection, [move])
    except BelowPromised:  # somebody took one meanwhile
        return 0
    return level.free


async def lock_campaign(connection: Connection, campaign_id: UUID) -> Campaign:
    """Return a campaign, kept from changing until the transaction ends. Raises NotFound."""
    campaign = await row(Campaign, connection, QUERIES["lock"], {"id": campaign_id})
    if campaign is None:
        raise NotFound
    return campaign


async def _lock(connection: Connection, campaign_id: UUID, *states: str) -> Campaign:
    campaign = await lock_campaign(connection, campaign_id)
    if campaign.state not in states:
        raise NoSuchStep(state=campaign.state)
    return campaign


async def _set_state(
    connection: Connection, campaign_id: UUID, state: str, reason: str | None = None, *, ended: bool = False
) -> None:
    ended_at = clock.now() if ended else None
    params = {"id": campaign_id, "state": state, "reason": reason, "ended_at": ended_at}
    await execute(connection, QUERIES["set_state"], params)


def _event(name: str, campaign_id: UUID, staff_id: UUID | None, **properties: object) -> Event:
    return Event(
        name=name, campaign_id=campaign_id, subject_id=campaign_id, staff_id=staff_id, properties=properties
    )
