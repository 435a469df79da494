"""What staff do with conversations, one or many at once: assign, close, put off, sort, label, mark as spam.

Each verb is plural, locks the conversations in the order of their ids and returns what it refuses beside
what it did, so that one that is refused undoes nothing of the others.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from safar.inbox import decide, decide_handling
from safar.inbox.errors import AtLimit, ClosedConversation, NoConversation
from safar.inbox.model import Conversation, InboxLabel
from safar.inbox.occupancy import hold_places
from safar.inbox.receive import QUERIES, save
from safar.journal.actions import append_many
from safar.journal.model import Event
from safar.kernel import clock
from safar.kernel.database import Connection, Database, as_json, execute, rows, values
from safar.kernel.errors import SafarError
from safar.kernel.ids import new_id
from safar.kernel.refusals import refused
from safar.kernel.setbacks import work_off

_DUE_MAX = 200
Change = Callable[[Conversation, datetime], decide.Change]
Outcome = Conversation | SafarError


async def change_conversations(connection: Connection, ids: Sequence[UUID], change: Change) -> list[Outcome]:
    """Change conversations by one rule; the outcome of each in order: as it stands now, or why not."""
    now = clock.now()
    found = await rows(Conversation, connection, QUERIES["lock_conversations"], {"ids": sorted(set(ids))})
    before = {conversation.id: conversation for conversation in found}
    after: dict[UUID, Conversation] = {}
    told: dict[UUID, list[Event]] = {}
    wrong: dict[UUID, SafarError] = {}
    for conversation in found:
        try:
            after[conversation.id], told[conversation.id] = change(conversation, now)
        except SafarError as error:
            wrong[conversation.id] = error
    for id_ in await hold_places(connection, before, after):
        wrong[id_] = AtLimit()
        del after[id_]
    changed = [id_ for id_ in after if told[id_]]
    await save(connection, [after[id_] for id_ in changed])
    await append_many(connection, [event for id_ in changed for event in told[id_]])
    return [after.get(id_) or refused(wrong.get(id_) or NoConversation()) for id_ in ids]


async def assign_conversations(
    connection: Connection, ids: Sequence[UUID], to: UUID | None, *, staff_id: UUID | None
) -> list[Outcome]:
    """Give conversations to a colleague, None: to nobody. Refuses AtLimit, ClosedConversation."""

    def change(conversation: Conversation, now: datetime) -> decide.Change:
        if conversation.state == "closed" and to is not None:
            raise ClosedConversation
        return decide.assigned(conversation, to, staff_id=staff_id, at=now)

    return await change_conversations(connection, ids, change)


async def close_conversations(
    connection: Connection, ids: Sequence[UUID], *, staff_id: UUID
) -> list[Outcome]:
    """End conversations; each opens again when its customer writes."""
    return await change_conversations(
        connection, ids, lambda c, now: decide.closed(c, staff_id=staff_id, at=now)
    )


async def snooze_many(
    connection: Connection, ids: Sequence[UUID], until: datetime | None, *, staff_id: UUID
) -> list[Outcome]:
    """Put conversations off until a time, None: until the customer writes, which ends it in any case."""

    def change(conversation: Conversation, now: datetime) -> decide.Change:
        if conversation.state == "closed":
            raise ClosedConversation
        return decide_handling.snoozed(conversation, until, staff_id=staff_id, at=now)

    return await change_conversations(connection, ids, change)


async def wake_many(
    connection: Connection, ids: Sequence[UUID], *, staff_id: UUID | None = None
) -> list[Outcome]:
    """Bring conversations that were put off back into sight."""
    return await change_conversations(
        connection, ids, lambda c, now: decide_handling.woken(c, staff_id=staff_id, at=now)
    )


async def prioritise_many(
    connection: Connection, ids: Sequence[UUID], priority: str, *, staff_id: UUID
) -> list[Outcome]:
    """Say how much haste there is."""
    return await change_conversations(
        connection, ids, lambda c, now: decide_handling.prioritised(c, priority, staff_id=staff_id, at=now)
    )


async def mark_spam_many(
    connection: Connection, ids: Sequence[UUID], *, spam: bool, staff_id: UUID
) -> list[Outcome]:
    """Close conversations as spam: what comes opens nothing, no bot reads it. Or take that back."""
    return await change_conversations(
        connection, ids, lambda c, now: decide_handling.marked_spam(c, spam=spam, staff_id=staff_id, at=now)
    )


async def label_many(
    connection: Connection,
    ids: Sequence[UUID],
    *,
    put: Sequence[UUID] = (),
    take: Sequence[UUID] = (),
    staff_id: UUID,
) -> list[Outcome]:
    """Put labels on conversations and take others off; event conversation.labelled where it changed."""
    outcomes = await change_conversations(connection, ids, lambda c, _now: (c, []))
    there = {outcome.id: outcome for outcome in outcomes if isinstance(outcome, Conversation)}
    changed: set[UUID] = set()
    for query, labels in (("put_labels", put), ("take_labels", take)):
        pairs = [{"conversation_id": id_, "label_id": label} for id_ in there for label in labels]
        if pairs:
            changed |= set(await values(connection, QUERIES[query], {"pairs": as_json(pairs)}))
    properties: dict[str, Any] = {"put": list(put), "taken": list(take)}
    now = clock.now()
    events = [
        decide.desk_event("conversation.labelled", there[id_], now, staff_id=staff_id, properties=properties)
        for id_ in sorted(changed)
    ]
    await append_many(connection, events)
    return outcomes


async def labels(connection: Connection) -> list[InboxLabel]:
    """Return the shop's labels by name."""
    return await rows(InboxLabel, connection, QUERIES["labels"])


async def labels_of(connection: Connection, conversation_id: UUID) -> frozenset[UUID]:
    """Return the labels that a conversation has."""
    return frozenset(await values(connection, QUERIES["labels_of"], {"id": conversation_id}))


async def add_label(connection: Connection, name: str, tone: str, *, staff_id: UUID) -> bool:
    """Make a label; False when there is one of that name. Event label.added."""
    id_ = new_id()
    added = await execute(connection, QUERIES["add_label"], {"id": id_, "name": name, "tone": tone})
    if added:
        event = Event(
            name="label.added", at=clock.now(), staff_id=staff_id, subject_id=id_, properties={"label": name}
        )
        await append_many(connection, [event])
    return added > 0


async def drop_label(connection: Connection, label_id: UUID, *, staff_id: UUID) -> None:
    """Take a label away, from every conversation too. Event label.dropped."""
    if await execute(connection, QUERIES["drop_label"], {"id": label_id}):
        event = Event(name="label.dropped", at=clock.now(), staff_id=staff_id, subject_id=label_id)
        await append_many(connection, [event])


async def wake_due(database: Database) -> int:
    """Bring back what was put off until now; return how many were due."""
    async with database.connection() as connection:
        ids = await values(connection, QUERIES["due_snoozes"], {"now": clock.now(), "limit": _DUE_MAX})
    return await work_off(database, "inbox.snoozed", ids, _wake)


async def _wake(connection: Connection, ids: Sequence[UUID]) -> None:
    now = clock.now()

    def change(conversation: Conversation, at: datetime) -> decide.Change:
        until = conversation.snoozed_until
        if until is None or until > now:
            return conversation, []
        return decide_handling.woken(conversation, staff_id=None, at=at)

    await change_conversations(connection, ids, change)
