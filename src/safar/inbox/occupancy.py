"""What agents have on their hands: each of their conversations takes a unit of their account in the ledger.

Whoever assigns goes by here, by hand or by rule, so that nobody has more than their limit at any commit.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import UUID

from safar.capacity.actions import OnHandChange, change_many, hold_many, lock_many, open_many, release_many
from safar.capacity.model import Held, HoldRequest
from safar.inbox.model import Conversation
from safar.inbox.receive import QUERIES
from safar.journal.actions import append_many
from safar.journal.model import Event
from safar.kernel import clock
from safar.kernel.database import Connection, execute, rows
from safar.kernel.ids import new_id

KIND = "agent"
PURPOSE = "conversation"
CHATS_MAX = 30  # of an agent for whom nobody has said how much they can take
_NO_END = datetime(9999, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class DeskAgent:
    """What is known of an agent: `chats_max` conversations at once, and what they can do."""

    staff_id: UUID
    chats_max: int
    languages: Sequence[str]
    skills: Sequence[str]
    away: bool
    seen_at: datetime | None
    given_at: datetime | None


async def agents(connection: Connection, ids: Iterable[UUID]) -> dict[UUID, DeskAgent]:
    """Return what is set down of agents; those of whom nothing is are left out."""
    found = await rows(DeskAgent, connection, QUERIES["agents"], {"ids": sorted(set(ids))})
    return {agent.staff_id: agent for agent in found}


async def desk_accounts(connection: Connection, ids: Iterable[UUID]) -> dict[UUID, int]:
    """Return the accounts of agents, opened with their limit where there was none."""
    wanted = sorted(set(ids))
    known = await agents(connection, wanted)
    limits = {str(id_): known[id_].chats_max if id_ in known else CHATS_MAX for id_ in wanted}
    opened = await open_many(connection, KIND, limits)
    return {UUID(key): account_id for key, account_id in opened.items()}


async def hold_places(
    connection: Connection, before: Mapping[UUID, Conversation], after: dict[UUID, Conversation]
) -> frozenset[UUID]:
    """Bring the ledger to who has which conversation `after`; return those that found no room.

    They stay with whom they were; the others carry their new hold. The caller has locked the conversations.
    """
    changed = [id_ for id_, now in sorted(after.items()) if now.assigned_to != before[id_].assigned_to]
    if not changed:
        return frozenset()
    wanted = {id_: staff_id for id_ in changed if (staff_id := after[id_].assigned_to) is not None}
    accounts = await desk_accounts(connection, wanted.values())
    ended = {id_: hold_id for id_ in changed if (hold_id := before[id_].hold_id) is not None}
    await lock_many(connection, accounts.values(), ended.values())
    requests = [
        HoldRequest(hold_id=new_id(), lines={accounts[staff_id]: 1}, expires_at=_NO_END, purpose=PURPOSE)
        for staff_id in wanted.values()
    ]
    outcomes = await hold_many(connection, requests) if requests else []
    full: set[UUID] = set()
    for id_, outcome in zip(wanted, outcomes, strict=True):
        if isinstance(outcome, Held):
            after[id_] = replace(after[id_], hold_id=outcome.hold_id)
        else:
            full.add(id_)
            after[id_] = replace(after[id_], assigned_to=before[id_].assigned_to, hold_id=before[id_].hold_id)
    for id_ in changed:
        if id_ not in wanted:
            after[id_] = replace(after[id_], hold_id=None)
    await release_many(connection, [hold_id for id_, hold_id in ended.items() if id_ not in full])
    return frozenset(full)


async def set_agent(connection: Connection, agent: DeskAgent, *, staff_id: UUID) -> None:
    """Set down what an agent can take and do; event agent.set. Raises BelowPromised below what they have."""
    accounts = await desk_accounts(connection, [agent.staff_id])
    before = (await agents(connection, [agent.staff_id])).get(agent.staff_id)
    account_id = accounts[agent.staff_id]
    await lock_many(connection, [account_id])
    more = agent.chats_max - (before.chats_max if before else CHATS_MAX)
    if more:
        await change_many(connection, [OnHandChange(account_id, more)])
    params = {
        "staff_id": agent.staff_id,
        "chats_max": agent.chats_max,
        "languages": list(agent.languages),
        "skills": list(agent.skills),
    }
    await execute(connection, QUERIES["set_agent"], params)
    properties = {"chats_max": agent.chats_max}
    event = Event(
        name="agent.set",
        at=clock.now(),
        staff_id=staff_id,
        subject_id=agent.staff_id,
        properties=properties,
    )
    await append_many(connection, [event])


async def let_go_of(connection: Connection, customer_ids: Sequence[UUID]) -> None:
    """Take the conversations of these customers off whoever has them, and give their units back."""
    params = {"ids": sorted(set(customer_ids))}
    held = await rows(Conversation, connection, QUERIES["lock_conversations_of"], params)
    holds = [conversation.hold_id for conversation in held if conversation.hold_id is not None]
    await execute(connection, QUERIES["let_go"], params)
    await release_many(connection, holds)
