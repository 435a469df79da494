"""The verbs of the inbox: reply, hand over, assign, close; and taking messages in (inbox.receive).

Plural ones lock their conversations in the order of ids first, then write everything once.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from safar.channels.actions import queue_many
from safar.channels.model import EMAIL, KINDS, Author, Outgoing
from safar.channels.registry import KINDS as MESSENGERS
from safar.channels.windows import may_write
from safar.customers.actions import customer_cards
from safar.inbox import decide
from safar.inbox.handling import Outcome, assign_conversations, change_conversations, close_conversations
from safar.inbox.model import Conversation, HandOver, Reply, ReplyAddress, ReplyOutcome
from safar.inbox.occupancy import hold_places
from safar.inbox.receive import QUERIES, receive_messages_many, save
from safar.journal.actions import append_many
from safar.journal.model import Event
from safar.kernel import clock
from safar.kernel.database import Connection, Database, rows, values
from safar.kernel.refusals import only
from safar.kernel.setbacks import work_off
from safar.kernel.text import shortened

__all__ = [
    "assign",
    "close_conversation",
    "close_quiet",
    "hand_over",
    "hand_over_many",
    "lock_conversations",
    "receive_messages_many",
    "reopen_conversation",
    "reply",
    "reply_many",
    "undelivered_many",
]

QUIET = timedelta(hours=24)
_QUIET_MAX = 200
Ways = dict[UUID, list[ReplyAddress]]


@dataclass(frozen=True, slots=True)
class _Name:
    name: str


@dataclass(frozen=True, slots=True)
class _Undelivered:
    id: UUID
    conversation_id: UUID
    waiting_since: datetime | None


async def lock_conversations(connection: Connection, ids: Iterable[UUID]) -> dict[UUID, Conversation]:
    """Lock conversations in the order of their ids until the transaction ends."""
    params = {"ids": sorted(set(ids))}
    conversations = await rows(Conversation, connection, QUERIES["lock_conversations"], params)
    return {conversation.id: conversation for conversation in conversations}


async def reply(
    connection: Connection,
    conversation_id: UUID,
    text: str,
    *,
    author: str,
    message_id: UUID,
    staff_id: UUID | None = None,
    channel_id: UUID | None = None,
    address: str | None = None,
    seen_at: datetime | None = None,
) -> ReplyOutcome:
    """Say one thing in a conversation, to who wrote last in it unless told otherwise (see Reply)."""
    said = await reply_many(
        connection,
        [
            Reply(
                conversation_id=conversation_id,
                text=text,
                author=author,
                message_id=message_id,
                staff_id=staff_id,
                channel_id=channel_id,
                address=address,
                seen_at=seen_at,
            )
        ],
    )
    return said[0]


async def reply_many(connection: Connection, replies: Sequence[Reply]) -> list[ReplyOutcome]:
    """Say things in conversations, in order; each is in the outbox if and only if the caller commits.

    A message id that was used before is not said again. The bot is not heard where a person is at work.
    Events: message.queued or message.sent, conversation.assigned, conversation.reopened.
    """
    now = clock.now()
    conversations = await lock_conversations(connection, [reply.conversation_id for reply in replies])
    existing = await _existing(connection, [reply.message_id for reply in replies])
    ways = await _ways(connection, conversations.values())
    before = dict(conversations)
    outgoing: list[Outgoing] = []
    events: list[Event] = []
    said: list[ReplyOutcome] = []
    for reply_ in replies:
        outcome = await _refusal(connection, conversations.get(reply_.conversation_id), reply_, existing)
        if outcome is None:
            conversation = conversations[reply_.conversation_id]
            way = decide.way_of(ways[conversation.id], reply_)
            if isinstance(way, ReplyAddress) and not _may_write(way, reply_, now):
                way = ReplyOutcome.WINDOW
            outcome = way if isinstance(way, ReplyOutcome) else ReplyOutcome.SENT
            if not isinstance(way, ReplyOutcome):
                outgoing.append(_outgoing(conversation, reply_, way, now))
                conversations[conversation.id], told = decide.replied(conversation, reply_, now)
                events += told
                existing.add(reply_.message_id)
        said.append(outcome)
    full = await hold_places(connection, before, conversations)  # what is said goes out; it is nobody's then
    events = [e for e in events if e.name != "conversation.assigned" or e.subject_id not in full]
    await save(connection, list(conversations.values()))
    await queue_many(connection, outgoing)
    await append_many(connection, events)
    return said


def _may_write(way: ReplyAddress, reply_: Reply, now: datetime) -> bool:
    """Tell whether words of our own may be sent by this way now: some providers allow it only for a while."""
    kind = MESSENGERS.get(KINDS.get(way.channel_id, ""))
    return kind is None or may_write(kind, way.at, now, human=reply_.author == Author.STAFF)


async def _existing(connection: Connection, ids: Sequence[UUID]) -> set[UUID]:
    return set(await values(connection, QUERIES["existing_messages"], {"ids": list(ids)}))


async def _refusal(
    connection: Connection, conversation: Conversation | None, reply_: Reply, existing: set[UUID]
) -> ReplyOutcome | None:
    if conversation is None:
        return ReplyOutcome.NO_CONVERSATION
    if reply_.message_id in existing:
        return ReplyOutcome.REPEATED
    if reply_.author == Author.STAFF and reply_.seen_at is not None:
        params = {
            "conversation_id": conversation.id,
            "staff_id": reply_.staff_id,
            "seen_at": reply_.seen_at,
        }
        if await rows(_Name, connection, QUERIES["newest_staff_reply"], params):
            return ReplyOutcome.OVERTAKEN
    return decide.may_say(conversation, reply_)


async def _ways(connection: Connection, conversations: Iterable[Conversation]) -> Ways:
    """Return who can be answered in each conversation."""
    known = {conversation.id: conversation for conversation in conversations}
    ways: Ways = {id_: [] for id_ in known}
    for way in await rows(ReplyAddress, connection, QUERIES["ways"], {"ids": list(known), "email": EMAIL}):
        ways[way.conversation_id].append(way)
    customers = await customer_cards(
        connection, {conversation.customer_id for conversation in known.values()}
    )
    for conversation in known.values():
        card = customers.get(conversation.customer_id)
        if card is None or card.said is None:
            continue
        if not any(way.own and way.channel_id == EMAIL for way in ways[conversation.id]):
            ways[conversation.id].append(ReplyAddress(conversation.id, EMAIL, card.said, None, None))
    return ways


async def reply_addresses(connection: Connection, conversation: Conversation) -> list[ReplyAddress]:
    """Return the addresses that can be answered in a conversation."""
    return (await _ways(connection, [conversation]))[conversation.id]


def _outgoing(conversation: Conversation, reply_: Reply, way: ReplyAddress, now: datetime) -> Outgoing:
    subject = way.subject or ""
    if subject and not subject.lower().startswith("re:"):
        subject = f"Re: {subject}"
    external = way.external_id or ""
    return Outgoing(
        message_id=reply_.message_id,
        channel_id=way.channel_id,
        author=reply_.author,
        customer_id=conversation.customer_id,
        conversation_id=conversation.id,
        campaign_id=conversation.campaign_id,
        staff_id=reply_.staff_id,
        address=way.address,
        subject=shortened(subject, 200) or None,
        body=reply_.text,
        language=reply_.language or conversation.language,
        in_reply_to=external.split(" ")[0] if external.startswith("<") else None,
        waiting_since=conversation.waiting_since,
        at=now,
    )


async def hand_over(connection: Connection, conversation_id: UUID, reason: str) -> bool:
    """Give one conversation to people; False when it already was with them."""
    return (await hand_over_many(connection, [HandOver(conversation_id, reason)]))[0]


async def hand_over_many(connection: Connection, requests: Sequence[HandOver]) -> list[bool]:
    """Give conversations to people, with the reason; event conversation.handed_over where it changed."""
    now = clock.now()
    conversations = await lock_conversations(connection, [request.conversation_id for request in requests])
    events: list[Event] = []
    changed: list[bool] = []
    for request in requests:
        told: list[Event] = []
        if (before := conversations.get(request.conversation_id)) is not None:
            conversations[before.id], told = decide.handed_over(before, request.reason, now)
        events += told
        changed.append(bool(told))
    await save(connection, list(conversations.values()))
    await append_many(connection, events)
    return changed


async def undelivered_many(connection: Connection, message_ids: Sequence[UUID]) -> None:
    """Tell staff of answers that never arrived: their customers wait again."""
    now = clock.now()
    failed = await rows(_Undelivered, connection, QUERIES["undelivered"], {"ids": list(message_ids)})
    conversations = await lock_conversations(connection, [message.conversation_id for message in failed])
    events: list[Event] = []
    for message in failed:
        if (before := conversations.get(message.conversation_id)) is not None:
            conversations[before.id], told = decide.undelivered(before, message.waiting_since, now)
            events += told
    await save(connection, list(conversations.values()))
    await append_many(connection, events)


async def assign(
    connection: Connection, conversation_id: UUID, to: UUID | None, *, staff_id: UUID
) -> Conversation:
    """Give a conversation to a colleague (None: to nobody). Raises NoConversation, AtLimit."""
    return _only(await assign_conversations(connection, [conversation_id], to, staff_id=staff_id))


async def close_conversation(
    connection: Connection, conversation_id: UUID, *, staff_id: UUID
) -> Conversation:
    """End a conversation; it opens again when the customer writes. Raises NoConversation."""
    return _only(await close_conversations(connection, [conversation_id], staff_id=staff_id))


async def reopen_conversation(
    connection: Connection, conversation_id: UUID, *, staff_id: UUID
) -> Conversation:
    """Take a closed conversation up again. Raises NoConversation, AtLimit."""
    return _only(
        await change_conversations(
            connection, [conversation_id], lambda c, now: decide.reopened(c, staff_id=staff_id, at=now)
        )
    )


def _only(outcomes: Sequence[Outcome]) -> Conversation:
    conversation = only(outcomes)
    assert isinstance(conversation, Conversation)  # only raises the refusal
    return conversation


async def close_quiet(database: Database) -> int:
    """Close conversations that the bot answered and that have been silent for a day; return how many."""
    params = {"before": clock.now() - QUIET, "limit": _QUIET_MAX, "now": clock.now()}
    async with database.connection() as connection:
        ids = await values(connection, QUERIES["quiet"], params)
    return await work_off(database, "inbox.quiet", ids, _close_quiet_many)


async def _close_quiet_many(connection: Connection, ids: Sequence[UUID]) -> None:
    now = clock.now()
    conversations = await lock_conversations(connection, ids)
    events: list[Event] = []
    for id_, before in conversations.items():
        if before.waiting_since is None and not before.with_staff and before.last_message_at < now - QUIET:
            conversations[id_], told = decide.closed(before, staff_id=None, at=now, reason="quiet")
            events += told
    await save(connection, list(conversations.values()))
    await append_many(connection, events)
