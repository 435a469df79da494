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
from safar.inbox.receive import QUERIES
from safar.kernel.database import Connection, row, rows

THREAD_MAX = 100


@dataclass(frozen=True, slots=True)
class Thread:
    """A conversation with its newest messages, oldest of them first; `more` when there are older ones.

    `parts`: by message, what is in it besides its text.
    """

    conversation: Conversation
    messages: list[ThreadMessage]
    more: datetime | None
    parts: Mapping[UUID, Sequence[KeptPart]] = field(default_factory=dict)


async def thread_of(
    connection: Connection, conversation_id: UUID, *, before: datetime | None = None
) -> Thread:
    """Return a conversation as it stands. Raises NoConversation."""
    conversation = await row(Conversation, connection, QUERIES["conversation"], {"id": conversation_id})
    if conversation is None:
        raise NoConversation
    params = {"conversation_id": conversation_id, "before": before, "limit": THREAD_MAX + 1, "email": EMAIL}
    thread_messages = await rows(ThreadMessage, connection, QUERIES["thread"], params)
    more = thread_messages[THREAD_MAX - 1].at if len(thread_messages) > THREAD_MAX else None
    parts = await parts_of(connection, [message.id for message in thread_messages])
    return Thread(conversation, thread_messages[:THREAD_MAX][::-1], more, parts)


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
