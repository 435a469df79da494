"""Taking messages to send them on a messenger, and writing down how each attempt ended."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from safar.channels.actions import EndedMessage, message_event, note_gone_messages
from safar.channels.decide import TRIES_MAX, retry_pause_s
from safar.channels.kinds.limits import SendRate
from safar.channels.kinds.port import SendResult, Verdict
from safar.channels.model import Due
from safar.channels.notices import apply_parked
from safar.journal.actions import append_many
from safar.journal.model import Event
from safar.kernel import clock
from safar.kernel.database import Connection, as_json, execute, rows
from safar.kernel.queries import queries_beside

QUERIES = queries_beside(__file__, "messengers.sql")
_REASON_MAX = 300
_EVENTS = {"sent": "message.sent", "failed": "message.failed", "unknown": "message.unknown"}
_GONE = (Verdict.GONE, Verdict.OTHER_CHANNEL)
LOST = "the process that was sending it ended before its end was written down"


@dataclass(frozen=True, slots=True)
class SendEnd:
    """How one attempt to send a message on a messenger ended."""

    message_id: UUID
    channel_id: UUID
    tries: int
    result: SendResult


@dataclass(frozen=True, slots=True)
class MessageAttempt:
    """One attempt, as staff read it."""

    number: int
    at: datetime
    verdict: str
    code: str | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class _EndedSend(EndedMessage):
    state: str


async def take_due_messages(
    connection: Connection, channel_id: UUID, *, limit: int, lease_s: float, rates: Sequence[SendRate]
) -> list[Due]:
    """Take messages that are due on a channel, one an address, in the order in which they were written.

    Answers come before campaigns. Nobody else gets them; after `lease_s` seconds they count as abandoned.
    """
    now = clock.now()
    pair = next((rate for rate in rates if rate.scope == "address"), None)
    params = {
        "channel_id": channel_id,
        "now": now,
        "limit": limit,
        "look_at": 4 * limit,
        "abandoned_at": now + timedelta(seconds=lease_s),
        "pair_most": pair.most if pair else None,
        "pair_since": now - timedelta(seconds=pair.seconds) if pair else None,
    }
    return await rows(Due, connection, QUERIES["take_due_messages"], params)


async def put_back(connection: Connection, message_ids: Collection[UUID], *, pause_s: float) -> None:
    """Put messages back that were taken and may not leave yet; the attempt does not count."""
    if message_ids:
        params = {"ids": sorted(message_ids), "until": clock.now() + timedelta(seconds=pause_s)}
        await execute(connection, QUERIES["put_back"], params)


async def abandon_many(connection: Connection, channel_id: UUID) -> None:
    """Nobody can tell what became of messages that a process took and never ended. Event message.unknown."""
    now = clock.now()
    params = {"channel_id": channel_id, "now": now, "reason": LOST}
    lost = await rows(EndedMessage, connection, QUERIES["abandon"], params)
    await append_many(connection, [message_event("message.unknown", message, now) for message in lost])


async def end_sends_many(connection: Connection, ends: Sequence[SendEnd]) -> None:
    """Write down how attempts ended; events message.sent, message.failed and message.unknown.

    What the provider told before its own answer counts: a message that was reported as read stays so.
    """
    now = clock.now()
    ordered = sorted(ends, key=lambda end: end.message_id)
    records = [_record(end, now) for end in ordered]
    named = [(end.channel_id, id_, end.message_id) for end in ordered for id_ in end.result.external_ids]
    if named:
        names = ("channel_id", "external_id", "message_id")
        known = as_json([dict(zip(names, name, strict=True)) for name in named])
        # Our own message came back to us as an echo before the provider had answered.
        await execute(connection, QUERIES["forget_echoes"], {"named": known})
    ended = await rows(_EndedSend, connection, QUERIES["end_sends"], {"ends": as_json(records), "now": now})
    await execute(connection, QUERIES["note_attempts"], {"ends": as_json(records), "now": now})
    events: list[Event] = [
        message_event(_EVENTS[message.state], message, now) for message in ended if message.state in _EVENTS
    ]
    await append_many(connection, events)
    gone = [end.message_id for end in ends if end.result.verdict in _GONE]
    if gone:
        await note_gone_messages(connection, gone)
    several = [name for end in ends for name in _other_parts(end)]
    if several:
        await execute(connection, QUERIES["name_parts"], {"named": as_json(several), "now": now})
    await apply_parked(connection, named)


def _record(end: SendEnd, now: datetime) -> dict[str, Any]:
    result, again = end.result, False
    state = "sent" if result.verdict is Verdict.SENT else "failed"
    if result.verdict is Verdict.UNKNOWN:
        state = "unknown"
    if result.verdict is Verdict.AGAIN and end.tries < TRIES_MAX:
        state, again = "queued", True
    pause_s = max(result.pause_s, retry_pause_s(end.tries)) if again else 0.0
    return {
        "message_id": end.message_id,
        "tries": end.tries,
        "state": state,
        "external_id": next(iter(result.external_ids), None),
        "verdict": result.verdict,
        "code": result.code,
        "reason": (result.reason or "")[:_REASON_MAX] or None,
        "next_try_at": now + timedelta(seconds=pause_s),
        "address": result.moved_to,
    }


def _other_parts(end: SendEnd) -> list[dict[str, Any]]:
    """Return the provider's other names of a message that it took in several pieces."""
    return [
        {"channel_id": end.channel_id, "external_id": id_, "message_id": end.message_id}
        for id_ in end.result.external_ids[1:]
    ]


async def attempts_of(connection: Connection, message_id: UUID) -> list[MessageAttempt]:
    """Return the attempts to send a message, in their order."""
    return await rows(MessageAttempt, connection, QUERIES["attempts"], {"id": message_id})


async def settle_unknown(connection: Connection, message_id: UUID, *, arrived: bool, staff_id: UUID) -> bool:
    """Say that a message whose end nobody knew arrived, or send it again; False when it is not one."""
    now = clock.now()
    query = QUERIES["settle_arrived" if arrived else "settle_again"]
    settled = await rows(EndedMessage, connection, query, {"id": message_id, "now": now})
    name = "message.sent" if arrived else "message.queued"
    events = [message_event(name, message, now) for message in settled]
    for event in events:
        event.staff_id = staff_id
    await append_many(connection, events)
    return bool(settled)
