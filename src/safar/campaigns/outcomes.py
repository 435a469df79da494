"""What becomes of sends: delivered or not by the channel, clicked, ordered."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any
from uuid import UUID

from safar.campaigns.decide import wants_offer
from safar.campaigns.model import SEND_ENDED
from safar.campaigns.reading import QUERIES
from safar.journal.actions import append_many
from safar.journal.model import Event, Recorded
from safar.journal.subscribe import Subscriber
from safar.kernel import clock
from safar.kernel.database import Connection, as_json, execute, row, rows, values

_MESSAGES = ("message.sent", "message.failed", "message.skipped")
_ORDERS = ("order.placed",)


@dataclass(frozen=True, slots=True)
class Click:
    """A browser opened the tracked link of this send: its addressee's, or another's whom it was given to."""

    send_id: UUID
    visitor_id: UUID


@dataclass(frozen=True, slots=True)
class Landing:
    """Whose link it was and where it leads."""

    id: UUID
    campaign_id: UUID
    customer_id: UUID
    language: str
    slug: str


@dataclass(frozen=True, slots=True)
class _Ended:
    id: UUID
    customer_id: UUID
    campaign_id: UUID
    state: str
    reason: str | None


@dataclass(frozen=True, slots=True)
class _Variant:
    id: UUID
    variant_id: UUID


async def landing_of(connection: Connection, send_id: UUID) -> Landing | None:
    """Return where the link of a send leads, None for a send we do not have; nothing is counted."""
    return await row(Landing, connection, QUERIES["clicked"], {"ids": [send_id]})


async def click_many(connection: Connection, clicks: Sequence[Click]) -> list[Landing | None]:
    """Return where each click leads, None for a send we do not have.

    Event link.clicked for each, of the customer to whom the link was sent.
    """
    ids = list({click.send_id for click in clicks})
    found = await rows(Landing, connection, QUERIES["clicked"], {"ids": ids})
    landings = {landing.id: landing for landing in found}
    first = set(await values(connection, QUERIES["note_clicks"], {"ids": ids, "now": clock.now()}))
    outcomes = [landings.get(click.send_id) for click in clicks]
    await append_many(
        connection,
        [
            Event(
                name="link.clicked",
                subject_id=landing.id,
                customer_id=landing.customer_id,
                campaign_id=landing.campaign_id,
                properties={"first": landing.id in first, "visitor_id": click.visitor_id},
            )
            for click, landing in zip(clicks, outcomes, strict=True)
            if landing
        ],
    )
    return outcomes


def outcomes_reader() -> Subscriber:
    """Return the reader that brings sends to their end and notes the orders that came of them."""
    return Subscriber("campaigns.outcomes", (*_MESSAGES, *_ORDERS), note_outcomes)


async def note_outcomes(connection: Connection, events: Sequence[Recorded]) -> None:
    # In the journal's order, a run of one kind at a time: sent, then reported undeliverable, has failed.
    ended = [event for event in events if event.properties.get("author") == "campaign"]
    for name, run in groupby(ended, key=lambda event: event.name):
        await _end(connection, name, list(run))
    await _note_orders(connection, [event for event in events if event.name in _ORDERS])


async def _end(connection: Connection, name: str, events: Sequence[Recorded]) -> None:
    state = name.removeprefix("message.")
    records = {
        str(send_id): {
            "id": send_id,
            "state": state,
            "reason": event.properties.get("reason"),
            "at": event.at,
        }
        for event in events
        if (send_id := event.properties.get("message_id") or event.subject_id)
    }
    ends = as_json([records[key] for key in sorted(records)])
    told = await rows(_Ended, connection, QUERIES["end_sends"], {"ends": ends})
    await append_many(connection, [_event(send) for send in told])


def _event(send: _Ended) -> Event:
    properties: dict[str, Any] = {"reason": send.reason} if send.reason else {}
    return Event(
        name=SEND_ENDED[send.state],
        customer_id=send.customer_id,
        campaign_id=send.campaign_id,
        subject_id=send.id,
        properties=properties,
    )


async def _note_orders(connection: Connection, events: Sequence[Recorded]) -> None:
    """Note the first order that came by each send's link, whoever placed it."""
    events = [event for event in events if event.campaign_id and event.properties.get("link_id")]
    campaigns = sorted({event.campaign_id for event in events if event.campaign_id})
    if not campaigns:
        return
    variants = await rows(_Variant, connection, QUERIES["offered_variants"], {"ids": campaigns})
    offered = {campaign.id: str(campaign.variant_id) for campaign in variants}
    orders: dict[str, dict[str, Any]] = {}
    for event in events:
        if event.campaign_id in offered:
            units = wants_offer(event.properties.get("lines"), offered[event.campaign_id])
            send_id = str(event.properties["link_id"])
            order = orders.setdefault(
                send_id,
                {"id": send_id, "campaign_id": str(event.campaign_id), "at": event.at, "units": 0},
            )
            order["units"] = order["units"] or units
    await execute(
        connection, QUERIES["note_orders"], {"orders": as_json([orders[key] for key in sorted(orders)])}
    )
