"""Promises: what a campaign promised one customer, made and then kept or broken, once.

* An answer: made when a customer of the campaign asks, due after its reply time; the first answer by bot or
  staff in that conversation keeps it if it came in time. What is not answered is broken when it is due.
* Units: made and settled when the customer orders the offered product: kept by the confirmed order, broken
  when the order is refused, or cancelled because the units had gone while it was being paid.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from safar.campaigns.decide import wants_offer
from safar.journal.actions import append_many
from safar.journal.model import Event, Recorded
from safar.journal.subscribe import Subscriber
from safar.kernel import clock
from safar.kernel.context import Context
from safar.kernel.database import Connection, as_json, rows, values
from safar.kernel.ids import derived_id
from safar.kernel.queries import queries_beside

QUERIES = queries_beside(__file__)
# An answer may be committed a moment after the time that it carries.
_GRACE = timedelta(seconds=2)
_DUE_MAX = 500
_ANSWERING = ("bot", "staff")
_ORDER_ENDS = ("order.confirmed", "order.refused", "order.cancelled")
# The event of each state that a promise is settled to.
_SETTLED = {"kept": "promise.kept", "broken": "promise.broken"}
_GONE_WHILE_PAYING = "sold_out_while_paying"


@dataclass(frozen=True, slots=True)
class _Offer:
    id: UUID
    reply_seconds: int
    variant_id: UUID
    started_at: datetime
    closed_at: datetime | None

    def stood(self, at: datetime) -> bool:
        return self.started_at <= at and (self.closed_at is None or at < self.closed_at)


@dataclass(frozen=True, slots=True)
class _Settled:
    id: UUID
    campaign_id: UUID
    customer_id: UUID
    kind: str
    state: str
    subject_id: UUID


@dataclass(frozen=True, slots=True)
class _Line:
    order_id: UUID
    variant_id: UUID
    quantity: int


def promises_reader() -> Subscriber:
    """Return the reader that makes and settles promises."""
    names = ("message.received", "message.sent", *_ORDER_ENDS)
    return Subscriber("campaigns.promises", names, settle_promises)


async def settle_promises(connection: Connection, events: Sequence[Recorded]) -> None:
    found = await rows(
        _Offer,
        connection,
        QUERIES["promising"],
        {"ids": sorted({event.campaign_id for event in events if event.campaign_id})},
    )
    offers = {offer.id: offer for offer in found}
    lines = await _lines_of_cancelled(connection, events)
    promises = [
        promise
        for event in events
        if event.campaign_id in offers and (promise := _promise(event, offers[event.campaign_id], lines))
    ]
    told = await _make(connection, promises)
    answers = [
        {"conversation_id": event.subject_id, "at": event.at}
        for event in events
        if event.name == "message.sent" and event.properties.get("author") in _ANSWERING
    ]
    if answers:
        settled = await rows(_Settled, connection, QUERIES["answer_promises"], {"answers": as_json(answers)})
        told += [_event(_SETTLED[promise.state], promise) for promise in settled]
    await append_many(connection, told)


async def _lines_of_cancelled(
    connection: Connection, events: Sequence[Recorded]
) -> dict[UUID | None, list[list[Any]]]:
    """Return the lines of orders that were cancelled because their units had gone; the event has none."""
    gone = [
        event.subject_id
        for event in events
        if event.name == "order.cancelled" and event.properties.get("reason") == _GONE_WHILE_PAYING
    ]
    lines: dict[UUID | None, list[list[Any]]] = {}
    if gone:
        for line in await rows(_Line, connection, QUERIES["order_lines"], {"ids": gone}):
            lines.setdefault(line.order_id, []).append([str(line.variant_id), line.quantity])
    return lines


def _promise(
    event: Recorded, offer: _Offer, lines: Mapping[UUID | None, list[list[Any]]]
) -> dict[str, Any] | None:
    """Return the promise that an event makes, or makes and settles at once; None when it makes none."""
    if event.customer_id is None or event.subject_id is None or not offer.stood(event.at):
        return None
    promise: dict[str, Any] = {
        "campaign_id": offer.id,
        "customer_id": event.customer_id,
        "subject_id": event.subject_id,
        "made_at": event.at,
        "due_at": None,
        "ended_at": None,
    }
    if event.name == "message.received":
        if event.properties.get("automatic"):
            return None
        message_id = event.properties.get("message_id") or event.id
        due_at = event.at + timedelta(seconds=offer.reply_seconds)
        return promise | {
            "id": derived_id("reply", message_id),
            "kind": "reply",
            "state": "made",
            "due_at": due_at,
        }
    if event.name in _ORDER_ENDS:
        wanted = lines.get(event.subject_id) or event.properties.get("lines")
        if not wants_offer(wanted, str(offer.variant_id)):
            return None
        state = "kept" if event.name == "order.confirmed" else "broken"
        return promise | {
            "id": derived_id("units", event.subject_id),
            "kind": "units",
            "state": state,
            "ended_at": event.at,
        }
    return None


async def _make(connection: Connection, promises: Sequence[dict[str, Any]]) -> list[Event]:
    """Write promises that are new; return the events of what was made, and settled with it."""
    if not promises:
        return []
    first: dict[UUID, dict[str, Any]] = {}
    for promise in promises:
        first.setdefault(promise["id"], promise)
    params = {"promises": as_json(list(first.values()))}
    made = await values(connection, QUERIES["make_promises"], params)
    told: list[Event] = []
    for made_id in made:
        promise = first[made_id]
        settled = _Settled(
            made_id,
            promise["campaign_id"],
            promise["customer_id"],
            promise["kind"],
            promise["state"],
            promise["subject_id"],
        )
        told.append(_event("promise.made", settled))
        if settled.state != "made":
            told.append(_event(_SETTLED[settled.state], settled))
    return told


async def settle_due(context: Context) -> bool:
    """Settle the promises whose time is over; return whether there may be more."""
    async with context.database.transaction() as connection:
        params = {"before": clock.now() - _GRACE, "limit": _DUE_MAX}
        settled = await rows(_Settled, connection, QUERIES["settle_due"], params)
        await append_many(connection, [_event(_SETTLED[promise.state], promise) for promise in settled])
    return len(settled) == _DUE_MAX


def _event(name: str, promise: _Settled) -> Event:
    return Event(
        name=name,
        customer_id=promise.customer_id,
        campaign_id=promise.campaign_id,
        subject_id=promise.subject_id,
        properties={"kind": promise.kind, "promise_id": promise.id},
    )
