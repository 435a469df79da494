"""The verbs of the channels: queue a message, take what is due, write down how it ended."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from safar.channels.decide import address_is_gone
from safar.channels.model import (
    EMAIL,
    KINDS,
    WEB,
    Author,
    Due,
    End,
    Envelope,
    KeptPost,
    Outgoing,
    Problem,
    SendAttempt,
    Trouble,
    Withheld,
)
from safar.channels.texts import all_in_their_words
from safar.journal.actions import append_many
from safar.journal.model import Event
from safar.kernel import clock
from safar.kernel.database import Connection, as_json, execute, in_one_trip, rows, send, value, values
from safar.kernel.queries import queries_beside

QUERIES = queries_beside(__file__)
_MESSENGERS = queries_beside(__file__, "messengers.sql")
_LISTED_MAX = 100


@dataclass(frozen=True, slots=True)
class EndedMessage:
    """What an event about a message tells; never its text. `code`: why it ended as it did."""

    id: UUID
    channel_id: UUID
    author: str
    customer_id: UUID | None
    conversation_id: UUID | None
    campaign_id: UUID | None
    staff_id: UUID | None
    address: str
    waiting_since: datetime | None
    code: str | None


@dataclass(frozen=True, slots=True)
class _Kept(EndedMessage):
    state: str


async def ensure_channels(connection: Connection) -> None:
    """Make the two channels every shop has: web chat and e-mail."""
    channels = [
        {"id": WEB, "kind": "web", "name": "Web chat"},
        {"id": EMAIL, "kind": "email", "name": "E-mail"},
    ]
    await execute(connection, QUERIES["ensure_channels"], {"channels": as_json(channels), "now": clock.now()})


async def queue_many(connection: Connection, outgoing: Sequence[Outgoing]) -> list[None]:
    """Write messages to the outbox, to be sent if and only if the caller's transaction commits.

    A message id that is there already is left alone. On the web a message is sent by being written (the
    visitor's stream and history show it): event message.sent; e-mail gets message.queued, then its end.
    """
    if not outgoing:
        return []
    outgoing = await all_in_their_words(connection, outgoing)
    records = [_record(message) for message in outgoing]
    written = await _ids(connection, QUERIES["queue"], {"messages": as_json(records)})
    await append_many(
        connection, [_queued(message) for message in _once(outgoing) if message.message_id in written]
    )
    return [None] * len(outgoing)


async def queue_first(connection: Connection, outgoing: Sequence[Outgoing]) -> None:
    """As `queue_many`, for messages about what is written with them: nobody can have queued one before."""
    if outgoing:
        outgoing = await all_in_their_words(connection, outgoing)
        send(connection, QUERIES["queue_first"], {"messages": as_json([_record(one) for one in outgoing])})
        await append_many(connection, [_queued(message) for message in outgoing])


async def keep_received_many(connection: Connection, received: Sequence[Mapping[str, Any]]) -> set[UUID]:
    """Write messages that came in, as records of their columns; return those that were not there before."""
    return await _ids(connection, QUERIES["keep_received"], {"messages": as_json(received)})


def _once(outgoing: Sequence[Outgoing]) -> list[Outgoing]:
    return list({message.message_id: message for message in reversed(outgoing)}.values())[::-1]


_FIELDS = [field.name for field in fields(Outgoing)]  # asdict copies deeply, which a busy shop feels


def _record(message: Outgoing) -> dict[str, Any]:
    at_once = message.channel_id == WEB
    ended = {"state": "sent", "ended_at": message.at} if at_once else {"state": "queued", "ended_at": None}
    return {name: getattr(message, name) for name in _FIELDS} | ended


def _queued(message: Outgoing) -> Event:
    told = EndedMessage(
        message.message_id,
        message.channel_id,
        message.author,
        message.customer_id,
        message.conversation_id,
        message.campaign_id,
        message.staff_id,
        message.address,
        message.waiting_since,
        None,
    )
    return message_event("message.sent" if message.channel_id == WEB else "message.queued", told, message.at)


def message_event(name: str, message: EndedMessage, at: datetime) -> Event:
    """Return the event about an outgoing message; its subject is the conversation when there is one."""
    properties: dict[str, Any] = {
        "channel": KINDS.get(message.channel_id, "other"),
        "message_id": message.id,
        "author": message.author,
    }
    if message.channel_id == WEB:
        properties["visitor_id"] = message.address
    if message.code:
        properties["reason"] = message.code
    answers = message.author in (Author.STAFF, Author.BOT)
    if name == "message.sent" and answers and message.waiting_since is not None:
        properties["waited_s"] = round(max((at - message.waiting_since).total_seconds(), 0.0), 3)
    return Event(
        name=name,
        at=at,
        customer_id=message.customer_id,
        campaign_id=message.campaign_id,
        staff_id=message.staff_id,
        subject_id=message.conversation_id or message.id,
        properties=properties,
    )


async def take_due_mail(connection: Connection, *, limit: int, lease_s: float) -> list[Due]:
    """Take e-mails that are due for this process; nobody else gets them for `lease_s` seconds."""
    now = clock.now()
    params = {
        "channel_id": EMAIL,
        "now": now,
        "limit": limit,
        "abandoned_at": now + timedelta(seconds=lease_s),
    }
    return await rows(Due, connection, QUERIES["take_due"], params)


async def end_attempts_many(connection: Connection, attempts: Sequence[SendAttempt]) -> None:
    """Write down how attempts ended; events message.sent and message.failed."""
    now = clock.now()
    events: list[Event] = []
    for end, query, name in (
        (End.SENT, "end_sent", "message.sent"),
        (End.FAILED, "end_failed", "message.failed"),
    ):
        ended = sorted((a for a in attempts if a.end is end), key=lambda attempt: attempt.message_id)
        if ended:
            told = await rows(
                EndedMessage, connection, QUERIES[query], {"attempts": as_json(ended), "now": now}
            )
            events += [message_event(name, message, now) for message in told]
    again = [attempt for attempt in attempts if attempt.end is End.AGAIN]
    if again:
        await execute(connection, QUERIES["end_again"], {"attempts": as_json(again), "now": now})
    failed = [a for a in attempts if a.end is End.FAILED and address_is_gone(a.code, a.reason)]
    await note_gone_messages(connection, [attempt.message_id for attempt in failed])
    await append_many(connection, events)


async def note_gone_messages(connection: Connection, message_ids: Sequence[UUID]) -> None:
    """Note of the addresses of these messages that nothing reaches them."""
    if message_ids:
        await execute(connection, QUERIES["note_gone"], {"ids": list(message_ids), "now": clock.now()})


async def withhold_many(connection: Connection, withheld: Sequence[Withheld]) -> None:
    """Keep messages that were taken from leaving: for good (event message.skipped), or until a time."""
    if not withheld:
        return
    now = clock.now()
    params = {"withheld": as_json(sorted(withheld, key=lambda one: one.message_id)), "now": now}
    kept = await rows(_Kept, connection, QUERIES["withhold"], params)
    skipped = [message for message in kept if message.state == "skipped"]
    await append_many(connection, [message_event("message.skipped", message, now) for message in skipped])


async def skip_many(connection: Connection, message_ids: Sequence[UUID], reason: str) -> list[UUID]:
    """Take messages that are still queued out of the outbox; return which were. Event message.skipped."""
    now = clock.now()
    params = {"ids": sorted(message_ids), "reason": reason, "now": now}
    skipped = await rows(EndedMessage, connection, QUERIES["skip"], params)
    await append_many(connection, [message_event("message.skipped", message, now) for message in skipped])
    return [message.id for message in skipped]


async def skip_beyond_limits(connection: Connection, *, per_address: int, look_at: int) -> int:
    """Take the next mails that the shop or the bot writes by itself out of the outbox, where the address has
    had its share in the last hour; return how many. Event message.skipped.
    """
    if not per_address:
        return 0
    now = clock.now()
    params = {
        "channel_id": EMAIL,
        "now": now,
        "since": now - timedelta(hours=1),
        "per_address": per_address,
        "look_at": look_at,
        "reason": f"skipped: more than {per_address} mails in an hour to this address",
    }
    skipped = await rows(EndedMessage, connection, QUERIES["skip_beyond"], params)
    await append_many(connection, [message_event("message.skipped", message, now) for message in skipped])
    return len(skipped)


async def bounce_many(connection: Connection, bounces: Sequence[Mapping[str, object]]) -> int:
    """Mark sent mails that the receiving side reports as undeliverable ({message_id, reason, code})."""
    now = clock.now()
    params = {"bounces": as_json(list(bounces)), "channel_id": EMAIL, "now": now}
    failed = await rows(EndedMessage, connection, QUERIES["bounce"], params)
    said = {str(bounce["message_id"]): str(bounce["code"]) for bounce in bounces}
    await note_gone_messages(connection, [m.id for m in failed if address_is_gone(said.get(str(m.id)), None)])
    await append_many(connection, [message_event("message.failed", message, now) for message in failed])
    return len(failed)


async def retry_message(connection: Connection, message_id: UUID, *, staff_id: UUID) -> bool:
    """Put a failed message back into the outbox; False when it is not a failed one.

    Its address is no longer taken for one that does not exist.
    """
    now = clock.now()
    await execute(connection, QUERIES["forget_gone"], {"id": message_id})
    queued = await rows(EndedMessage, connection, QUERIES["retry"], {"id": message_id, "now": now})
    events = [message_event("message.queued", message, now) for message in queued]
    await append_many(connection, [_by(event, staff_id) for event in events])
    return bool(queued)


def _by(event: Event, staff_id: UUID) -> Event:
    return Event(
        name=event.name,
        at=event.at,
        customer_id=event.customer_id,
        campaign_id=event.campaign_id,
        staff_id=staff_id,
        subject_id=event.subject_id,
        properties={**event.properties, "retried": True},
    )


async def note_trouble(connection: Connection, channel_id: UUID, trouble: str | None) -> None:
    """Keep why a channel cannot send, for staff to see; None when it can again."""
    if trouble is None:
        await execute(connection, QUERIES["end_trouble"], {"channel_id": channel_id})
    else:
        params = {"channel_id": channel_id, "trouble": trouble, "now": clock.now()}
        await execute(connection, QUERIES["set_trouble"], params)


async def troubles(connection: Connection) -> list[Trouble]:
    """Return the channels that cannot send now."""
    return await rows(Trouble, connection, QUERIES["troubles"])


async def failed_messages(connection: Connection) -> list[Problem]:
    """Return the newest messages that failed."""
    return await rows(Problem, connection, QUERIES["problems"], {"limit": _LISTED_MAX})


async def unknown_messages(connection: Connection) -> list[Problem]:
    """Return messages of which nobody can tell whether they arrived, newest first; `subject`: how they
    begin."""
    return await rows(Problem, connection, QUERIES["unknown_messages"], {"limit": _LISTED_MAX})


async def keep_envelopes(connection: Connection, envelopes: Sequence[tuple[UUID, bytes, str | None]]) -> None:
    """Keep incoming mails as they came: (id, raw bytes, what was wrong with it or None).

    A row each, sent one after the other: together they may be larger than one statement can be.
    """
    now = clock.now()
    params = [
        {"id": id_, "channel_id": EMAIL, "now": now, "body": raw, "error": error}
        for id_, raw, error in envelopes
    ]
    await in_one_trip(connection, *[execute(connection, QUERIES["keep_envelope"], one) for one in params])


async def keep_posts(connection: Connection, posts: Sequence[KeptPost]) -> set[UUID]:
    """Keep what providers posted, as it came; return the ids of those that had not come before."""
    records = [
        {
            "id": post.id,
            "channel_id": post.channel_id,
            "body": b64encode(post.body).decode(),
            "error": post.error,
            "content_type": post.content_type[:200],
        }
        for post in {post.id: post for post in posts}.values()
    ]
    return await _ids(connection, _MESSENGERS["keep_posts"], {"posts": as_json(records), "now": clock.now()})


async def keep_echoed_many(connection: Connection, messages: Sequence[Mapping[str, Any]]) -> set[UUID]:
    """Write what a person wrote on our side in a provider's app; return those that were not there before."""
    written = await _ids(connection, _MESSENGERS["keep_echoed"], {"messages": as_json(messages)})
    told = [
        EndedMessage(
            id=message["id"],
            channel_id=message["channel_id"],
            author=Author.STAFF.value,
            customer_id=message["customer_id"],
            conversation_id=message["conversation_id"],
            campaign_id=None,
            staff_id=None,
            address=message["address"],
            waiting_since=None,
            code=None,
        )
        for message in messages
        if message["id"] in written
    ]
    now = clock.now()
    await append_many(connection, [message_event("message.sent", message, now) for message in told])
    return written


async def note_gone_many(connection: Connection, channel_id: UUID, reasons: Mapping[str, str]) -> None:
    """Note of addresses that nothing reaches them on a channel, and why."""
    gone = as_json([{"address": address, "reason": reason} for address, reason in reasons.items()])
    params = {"channel_id": channel_id, "gone": gone, "now": clock.now()}
    await execute(connection, QUERIES["note_gone_addresses"], params)


async def note_reachable_many(connection: Connection, channel_id: UUID, addresses: Sequence[str]) -> None:
    """Note of addresses that they can be reached again."""
    params = {"channel_id": channel_id, "addresses": list(addresses)}
    await execute(connection, QUERIES["note_reachable"], params)


async def unread_by(connection: Connection, channel_id: UUID, address: str, until: datetime) -> list[UUID]:
    """Return what was sent to an address until then and is not known to be read."""
    params = {"channel_id": channel_id, "address": address, "until": until}
    return await values(connection, _MESSENGERS["unread_by"], params)


async def unread_envelopes(connection: Connection) -> list[Envelope]:
    """Return the newest mails that could not be read as messages."""
    return await rows(Envelope, connection, QUERIES["unread_envelopes"], {"limit": _LISTED_MAX})


async def envelope(connection: Connection, envelope_id: UUID) -> bytes | None:
    """Return a mail as it came."""
    raw = await value(connection, QUERIES["envelope"], {"id": envelope_id})
    return None if raw is None else bytes(raw)


async def note_envelope_read(connection: Connection, envelope_id: UUID, error: str | None) -> None:
    """Write down what of a kept post cannot be read now that it was read again."""
    await execute(connection, QUERIES["note_envelope_read"], {"id": envelope_id, "error": error})


async def in_flight(connection: Connection) -> int:
    """Return how many e-mails wait to be sent or are being sent."""
    return int(await value(connection, QUERIES["in_flight"], {"channel_id": EMAIL}))


async def _ids(connection: Connection, query: Any, params: Mapping[str, Any]) -> set[UUID]:
    return set(await values(connection, query, params))
