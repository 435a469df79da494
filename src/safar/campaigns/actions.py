"""The verbs of a campaign: create, start, pause, resume, stop.

Each locks the campaign's row first, so that a step of the sending loop and a press of a button take turns.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Protocol
from uuid import UUID

from psycopg.types.json import Jsonb

from safar.campaigns import mail
from safar.campaigns.errors import (
    NobodyToReach,
    NoSuchStep,
    NothingToPromise,
    NothingToSay,
    NotPublished,
)
from safar.campaigns.model import Audience, Campaign, Draft, Started
from safar.campaigns.reading import QUERIES, get, is_published, offers
from safar.capacity.errors import BelowPromised
from safar.channels.actions import skip_many
from safar.channels.model import EMAIL
from safar.journal.actions import append_many
from safar.journal.model import Event
from safar.kernel import clock
from safar.kernel.database import Connection, execute, row, rows
from safar.kernel.errors import InvalidInput, NotFound
from safar.kernel.i18n import _
from safar.kernel.ids import derived_id, new_id
from safar.stock.actions import MAIN, Transfer, levels, open_allocation, transfer_many

__all__ = [
    "AUDIENCE_MAX", "create", "end", "finish", "get", "lock", "pause", "resume", "return_unsold", "start",
    "stop", "tell_sends",
]  # fmt: skip

AUDIENCE_MAX = 200_000
_EVENTS_MAX = 5_000


class Ended(Protocol):
    """A send as its event tells of it."""

    @property
    def id(self) -> UUID: ...
    @property
    def customer_id(self) -> UUID: ...
    @property
    def state(self) -> str: ...
    @property
    def reason(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class _Send:
    id: UUID
    customer_id: UUID
    state: str
    reason: str | None


async def create(
    connection: Connection, draft: Draft, *, shop_name: str = "", staff_id: UUID | None = None
) -> UUID:
    """Write a campaign that is not started.

    Raises InvalidInput for a variant that is not there or not published, or templates that are wrong.
    """
    offer = (await offers(connection, [draft.variant_id])).get(draft.variant_id)
    if offer is None:
        raise InvalidInput(variant_id=_("Choose the product that is offered."))
    if not await is_published(connection, draft.variant_id):
        raise InvalidInput(
            variant_id=_(
                "The product of this campaign is not in the shop. Show it there first, in the catalogue."
            )
        )
    facts = mail.Facts(offer, draft.units, draft.reply_seconds, shop_name)
    if found := mail.problems(draft.subject, draft.body, facts):
        raise InvalidInput(**found)
    values = asdict(draft) | {
        "audience": Jsonb(asdict(draft.audience)),
        "subject": Jsonb({language: text for language, text in draft.subject.items() if text}),
        "body": Jsonb({language: text for language, text in draft.body.items() if text}),
        "now": clock.now(),
    }
    if await execute(connection, QUERIES["insert"], values):
        await append_many(connection, [_event("campaign.created", draft.campaign_id, staff_id)])
    return draft.campaign_id


async def start(connection: Connection, campaign_id: UUID, *, staff_id: UUID | None = None) -> Started:
    """Set the units aside, plan one send for each customer of the audience, and begin to send.

    Raises NothingToPromise (too few units free), NotPublished, NobodyToReach, NothingToSay, NoSuchStep (not
    a draft).
    """
    campaign = await _lock(connection, campaign_id, "draft")
    if not (campaign.subject.get("en") and campaign.body.get("en")):
        raise NothingToSay
    if not await is_published(connection, campaign.variant_id):
        raise NotPublished
    location_id = await _set_units_aside(connection, campaign, staff_id)
    now = clock.now()
    audience = Audience(**campaign.audience)
    limit = min(audience.limit or AUDIENCE_MAX, AUDIENCE_MAX)
    params = {**asdict(audience), "limit": limit, "campaign_id": campaign_id, "now": now, "email": EMAIL}
    sends = await rows(_Send, connection, QUERIES["plan"], params)
    planned = sum(send.state == "planned" for send in sends)
    if not planned:
        raise NobodyToReach
    skipped = Counter(send.reason or "" for send in sends if send.state == "skipped")
    await execute(
        connection, QUERIES["begin"], {"id": campaign_id, "location_id": location_id, "now": now}
    )  # fmt: skip
    told = _event(
        "campaign.started", campaign_id, staff_id,
        audience=len(sends), planned=planned, units=campaign.units_offered,
        variant_id=campaign.variant_id, reply_seconds=campaign.reply_seconds,
    )  # fmt: skip
    await append_many(connection, [told])
    await tell_sends(connection, campaign_id, [send for send in sends if send.state == "skipped"])
    return Started(planned, dict(skipped))


async def _set_units_aside(connection: Connection, campaign: Campaign, staff_id: UUID | None) -> UUID:
    """Move the offered units from the warehouse to the campaign's own location: nobody else sells them."""
    location_id = await open_allocation(connection, campaign.id, campaign.name)
    move = Transfer(
        move_id=derived_id("allocate", campaign.id), variant_id=campaign.variant_id, from_location_id=MAIN,
        to_location_id=location_id, quantity=campaign.units_offered, reason="campaign",
        document=campaign.name, staff_id=staff_id,
    )  # fmt: skip
    level = (await levels(connection, [campaign.variant_id])).get((campaign.variant_id, MAIN))
    free = max(level.free, 0) if level else 0
    if free < campaign.units_offered:
        raise NothingToPromise(free=free, units=campaign.units_offered)
    try:
        await transfer_many(connection, [move])
    except BelowPromised as error:
        raise NothingToPromise(free=error.details["free"], units=campaign.units_offered) from None
    return location_id


async def pause(
    connection: Connection, campaign_id: UUID, *, staff_id: UUID | None = None, reason: str | None = None
) -> None:
    """Send nothing more until it is resumed; what is on its way arrives. Raises NoSuchStep."""
    await _lock(connection, campaign_id, "sending")
    await _set_state(connection, campaign_id, "paused", reason)
    told = {"reason": reason} if reason else {}
    await append_many(connection, [_event("campaign.paused", campaign_id, staff_id, **told)])


async def resume(connection: Connection, campaign_id: UUID, *, staff_id: UUID | None = None) -> None:
    """Go on sending. Raises NoSuchStep, NotPublished."""
    campaign = await _lock(connection, campaign_id, "paused")
    if not await is_published(connection, campaign.variant_id):
        raise NotPublished
    await _set_state(connection, campaign_id, "sending")
    await append_many(connection, [_event("campaign.resumed", campaign_id, staff_id)])


async def stop(
    connection: Connection, campaign_id: UUID, *, staff_id: UUID | None = None, reason: str = "stopped"
) -> None:
    """End the campaign and its offer: unsent messages are skipped, unsold units that are free go back.

    Raises NoSuchStep when its offer has already ended.
    """
    campaign = await _lock(connection, campaign_id, "draft", "sending", "paused", "sent")
    if campaign.closed_at is not None:
        raise NoSuchStep(state=campaign.state)
    await end(connection, campaign, reason, staff_id=staff_id)


async def end(
    connection: Connection, campaign: Campaign, reason: str, *, staff_id: UUID | None = None
) -> None:
    """End a locked campaign for `reason`: it stays 'sent' if every message had gone out."""
    now = clock.now()
    params = {"campaign_id": campaign.id, "reason": reason, "now": now}
    skipped = await rows(_Send, connection, QUERIES["skip_planned"], params)
    sending = campaign.state != "sent"
    if sending:
        await _set_state(connection, campaign.id, "stopped", reason, ended=True)
    await execute(connection, QUERIES["close_offer"], {"id": campaign.id, "now": now})
    await return_unsold(connection, campaign, staff_id=staff_id)
    cursor = await connection.execute(QUERIES["on_their_way"], {"campaign_id": campaign.id})
    on_their_way = [send_id for (send_id,) in await cursor.fetchall()]
    if on_their_way:
        await skip_many(connection, on_their_way, reason)
    name = "campaign.ended" if sending else "campaign.closed"
    await append_many(connection, [_event(name, campaign.id, staff_id, reason=reason)])
    await tell_sends(connection, campaign.id, skipped)


async def finish(connection: Connection, campaign: Campaign) -> None:
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
        move_id=new_id(), variant_id=campaign.variant_id, from_location_id=campaign.location_id,
        to_location_id=MAIN, quantity=level.free, reason="campaign ended", document=campaign.name,
        staff_id=staff_id,
    )  # fmt: skip
    try:
        async with connection.transaction():
            await transfer_many(connection, [move])
    except BelowPromised:  # somebody took one meanwhile
        return 0
    return level.free


async def tell_sends(connection: Connection, campaign_id: UUID, sends: Sequence[Ended]) -> None:
    """Write an event for each send that ended; its name tells how."""
    for first in range(0, len(sends), _EVENTS_MAX):
        await append_many(
            connection,
            [
                Event(
                    name=f"send.{send.state}",
                    customer_id=send.customer_id,
                    campaign_id=campaign_id,
                    subject_id=send.id,
                    properties={"reason": send.reason} if send.reason else {},
                )
                for send in sends[first : first + _EVENTS_MAX]
            ],
        )


async def lock(connection: Connection, campaign_id: UUID) -> Campaign:
    """Return a campaign, kept from changing until the transaction ends. Raises NotFound."""
    campaign = await row(Campaign, connection, QUERIES["lock"], {"id": campaign_id})
    if campaign is None:
        raise NotFound
    return campaign


async def _lock(connection: Connection, campaign_id: UUID, *states: str) -> Campaign:
    campaign = await lock(connection, campaign_id)
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
