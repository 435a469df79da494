"""One conversation as the console shows it: its messages, who can be written to where, who could take it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from safar.channels.model import EMAIL, KINDS
from safar.channels.parts import KeptPart, parts_of
from safar.inbox.actions import reply_addresses
from safar.inbox.errors import NoConversation
from safar.inbox.model import Colleague, Conversation, ReplyAddress, ThreadMessage
from safar.inbox.notes import ConversationNote, inbox_notes_of
from safar.inbox.receive import QUERIES
from safar.kernel.database import Connection, row, rows

THREAD_MAX = 100


@dataclass(frozen=True, slots=True)
class Thread:
    """A conversation with its newest messages, oldest of them first; `more` when there are older ones.

    `parts`: by message, what is in it besides its text. `notes`: what staff wrote to each other meanwhile, by
    the message that came next (None: after the newest).
    """

    conversation: Conversation
    messages: list[ThreadMessage]
    more: datetime | None
    parts: Mapping[UUID, Sequence[KeptPart]] = field(default_factory=dict)
    notes: Mapping[UUID | None, Sequence[ConversationNote]] = field(default_factory=dict)


async def conversation_of(connection: Connection, conversation_id: UUID) -> Conversation:
    """Return a conversation without its messages. Raises NoConversation."""
    conversation = await row(Conversation, connection, QUERIES["conversation"], {"id": conversation_id})
    if conversation is None:
        raise NoConversation
    return conversation


async def thread_of(
    connection: Connection, conversation_id: UUID, *, before: datetime | None = None
) -> Thread:
    """Return a conversation as it stands. Raises NoConversation."""
    conversation = await conversation_of(connection, conversation_id)
    params = {"conversation_id": conversation_id, "before": before, "limit": THREAD_MAX + 1, "email": EMAIL}
    thread_messages = await rows(ThreadMessage, connection, QUERIES["thread"], params)
    more = thread_messages[THREAD_MAX - 1].at if len(thread_messages) > THREAD_MAX else None
    parts = await parts_of(connection, [message.id for message in thread_messages])
    messages = thread_messages[:THREAD_MAX][::-1]
    notes = await inbox_notes_of(connection, conversation_id, since=more, before=before)
    return Thread(conversation, messages, more, parts, _between(messages, notes))


def _between(
    messages: Sequence[ThreadMessage], notes: Sequence[ConversationNote]
) -> dict[UUID | None, list[ConversationNote]]:
    """Put each note before the message that came next."""
    placed: dict[UUID | None, list[ConversationNote]] = {}
    for note in notes:
        following = next((message.id for message in messages if message.at > note.at), None)
        placed.setdefault(following, []).append(note)
    return placed


async def ways_sorted(connection: Connection, conversation: Conversation) -> list[ReplyAddress]:
    """Return who can be answered: first the customer, by what they wrote from last, then others."""
    ways = await reply_addresses(connection, conversation)
    return sorted(
        ways,
        key=lambda way: (
            not way.own,
            -(way.at.timestamp() if way.at else 0.0),
            KINDS.get(way.channel_id, ""),
        ),
    )


async def colleagues(connection: Connection) -> list[Colleague]:
    """Return the staff who can take a conversation."""
    return await rows(Colleague, connection, QUERIES["colleagues"])
