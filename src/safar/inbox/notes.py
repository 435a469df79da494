"""What staff tell each other beside a conversation: never sent to anybody, with colleagues named by @."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from safar.inbox.actions import lock_conversations
from safar.inbox.errors import NoConversation
from safar.inbox.model import Colleague
from safar.inbox.receive import QUERIES as OF_INBOX
from safar.journal.actions import append_many
from safar.journal.model import Event
from safar.kernel import clock
from safar.kernel.database import Connection, execute, rows
from safar.kernel.queries import queries_beside
from safar.kernel.text import fold

QUERIES = queries_beside(__file__, "writing.sql")
NOTE_MAX = 5000
_NOTES_MAX = 200
_MENTIONS_MAX = 20


@dataclass(frozen=True, slots=True)
class ConversationNote:
    """A note as a thread shows it; `mentioned`: the names of those it asks for."""

    id: UUID
    text: str
    at: datetime
    staff_name: str
    mentioned: list[str]


@dataclass(frozen=True, slots=True)
class StaffMention:
    """A note that asks for somebody who has not looked yet."""

    conversation_id: UUID
    customer_name: str | None
    by_name: str
    text: str
    at: datetime


def mentioned_in(text: str, staff: Sequence[Colleague]) -> list[UUID]:
    """Return whom a note names: “@” and the whole name, or as much of its words as only one of them has."""
    folded = fold(text)
    found: set[UUID] = set()
    names = {colleague.id: fold(colleague.name) for colleague in staff}
    firsts = [name.split(" ")[0] for name in names.values()]
    for id_, name in names.items():
        first = name.split(" ")[0]
        spellings = [name] if firsts.count(first) > 1 else [name, first]
        if any(_names(folded, spelling) for spelling in spellings):
            found.add(id_)
    return [colleague.id for colleague in staff if colleague.id in found]


def _names(folded: str, name: str) -> bool:
    """Tell whether “@name” stands in a text as a word of its own."""
    sign = f"@{name}"
    at = folded.find(sign)
    while at >= 0:
        before, after = folded[at - 1 : at] if at else "", folded[at + len(sign) : at + len(sign) + 1]
        if not before.isalnum() and not after.isalnum():
            return True
        at = folded.find(sign, at + 1)
    return False


async def write_inbox_note(
    connection: Connection, conversation_id: UUID, text: str, *, note_id: UUID, staff_id: UUID
) -> None:
    """Write a note; the same id is the same note. Event: conversation.noted. Raises NoConversation."""
    conversation = (await lock_conversations(connection, [conversation_id])).get(conversation_id)
    if conversation is None:
        raise NoConversation
    now = clock.now()
    params = {
        "id": note_id,
        "conversation_id": conversation_id,
        "staff_id": staff_id,
        "text": text,
        "at": now,
    }
    if not await execute(connection, QUERIES["write_note"], params):
        return
    staff = await rows(Colleague, connection, OF_INBOX["colleagues"])
    named = [id_ for id_ in mentioned_in(text, staff) if id_ != staff_id]
    params = {"note_id": note_id, "conversation_id": conversation_id, "staff_ids": named}
    await execute(connection, QUERIES["write_mentions"], params)
    event = Event(
        name="conversation.noted",
        at=now,
        customer_id=conversation.customer_id,
        campaign_id=conversation.campaign_id,
        staff_id=staff_id,
        subject_id=conversation_id,
        properties={"note_id": note_id, "mentioned": named},
    )
    await append_many(connection, [event])


async def inbox_notes_of(
    connection: Connection, conversation_id: UUID, *, since: datetime | None, before: datetime | None
) -> list[ConversationNote]:
    """Return the notes from `since` on and before `before`, oldest first."""
    params = {
        "conversation_id": conversation_id,
        "since": since,
        "before": before,
        "limit": _NOTES_MAX,
    }
    return (await rows(ConversationNote, connection, QUERIES["notes_of"], params))[::-1]


async def see_mentions(connection: Connection, conversation_id: UUID, staff_id: UUID) -> None:
    """Somebody who was asked for in a conversation has opened it."""
    params = {"conversation_id": conversation_id, "staff_id": staff_id, "now": clock.now()}
    await execute(connection, QUERIES["see_mentions"], params)


async def unseen_mentions(connection: Connection, staff_id: UUID) -> list[StaffMention]:
    """Return where somebody is asked for and has not looked yet, newest first."""
    params = {"staff_id": staff_id, "limit": _MENTIONS_MAX}
    return await rows(StaffMention, connection, QUERIES["mentions_of"], params)
