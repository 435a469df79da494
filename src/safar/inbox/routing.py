"""Who gets what waits: teams, who is there, and the worker's step that hands conversations out."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from safar.inbox import decide
from safar.inbox.decide_routing import Candidate, Desk, choose, team_for
from safar.inbox.handling import change_conversations
from safar.inbox.model import Conversation
from safar.journal.actions import append_many
from safar.journal.model import Event
from safar.kernel import clock
from safar.kernel.database import Connection, Database, as_json, execute, rows, tuples, value
from safar.kernel.errors import NotFound, SafarError
from safar.kernel.queries import queries_beside

QUERIES = queries_beside(__file__, "routing.sql")
SEEN_WITHIN = timedelta(seconds=90)
_WAITING_MAX = 500


async def desks(connection: Connection) -> list[Desk]:
    """Return the teams, the first that is asked first."""
    return await rows(Desk, connection, QUERIES["teams"])


async def candidates(connection: Connection) -> dict[UUID, list[Candidate]]:
    """Return by team who is there and could take something: not away, and with a page that is live."""
    since = clock.now() - SEEN_WITHIN
    there: dict[UUID, list[Candidate]] = {}
    for candidate in await rows(Candidate, connection, QUERIES["candidates"], {"since": since}):
        there.setdefault(candidate.team_id, []).append(candidate)
    return there


async def hand_out(database: Database) -> int:
    """Give what waits to agents who are there and free, the most urgent first; return how many."""
    async with database.transaction() as connection:
        teams = await desks(connection)
        there = await candidates(connection) if teams else {}
        if not any(candidate.free > 0 for one in there.values() for candidate in one):
            return 0
        chosen = await _chosen(connection, teams, there)

        def change(conversation: Conversation, now: datetime) -> decide.Change:
            if conversation.state != "open" or conversation.assigned_to is not None:
                return conversation, []
            return decide.assigned(conversation, chosen[conversation.id], staff_id=None, at=now)

        outcomes = await change_conversations(connection, list(chosen), change)
        given = {
            chosen[outcome.id]
            for outcome in outcomes
            if not isinstance(outcome, SafarError) and outcome.assigned_to == chosen[outcome.id]
        }
        await execute(connection, QUERIES["note_given"], {"ids": sorted(given), "now": clock.now()})
        return sum(not isinstance(outcome, SafarError) for outcome in outcomes)


async def _chosen(
    connection: Connection, teams: Sequence[Desk], there: dict[UUID, list[Candidate]]
) -> dict[UUID, UUID]:
    """Return who is to get which conversation."""
    now = clock.now()
    chosen: dict[UUID, UUID] = {}
    waiting = await tuples(connection, QUERIES["to_hand_out"], {"limit": _WAITING_MAX})
    for conversation_id, language, last_agent in waiting:
        team = team_for(teams, language)
        who = choose(team, there.get(team.id, []), language, last_agent) if team else None
        if who is None:
            continue
        chosen[conversation_id] = who
        there = {
            id_: [one.given(now) if one.staff_id == who else one for one in members]
            for id_, members in there.items()
        }
    return chosen


async def note_seen(connection: Connection, staff_id: UUID) -> None:
    """Note that a page of theirs is live."""
    await execute(connection, QUERIES["note_seen"], {"staff_id": staff_id, "now": clock.now()})


async def is_away(connection: Connection, staff_id: UUID) -> bool:
    """Tell whether somebody has said that they are away."""
    return bool(await value(connection, QUERIES["is_away"], {"staff_id": staff_id}))


async def set_away(connection: Connection, staff_id: UUID, *, away: bool) -> None:
    """Say that one is away, and is given nothing; or back. Event agent.away or agent.back."""
    await note_seen(connection, staff_id)
    if await execute(connection, QUERIES["set_away"], {"staff_id": staff_id, "away": away}):
        event = Event(
            name="agent.away" if away else "agent.back",
            at=clock.now(),
            staff_id=staff_id,
            subject_id=staff_id,
        )
        await append_many(connection, [event])


async def save_desk(connection: Connection, desk: Desk, members: Sequence[UUID], *, staff_id: UUID) -> bool:
    """Make a team or change it; False when another has its name. Event desk.saved."""
    if not await execute(connection, QUERIES["save_team"], {"team": as_json([desk])}):
        return False
    await execute(connection, QUERIES["drop_members"], {"id": desk.id})
    await execute(connection, QUERIES["put_members"], {"id": desk.id, "ids": list(members)})
    event = Event(
        name="desk.saved",
        at=clock.now(),
        staff_id=staff_id,
        subject_id=desk.id,
        properties={"team": desk.name},
    )
    await append_many(connection, [event])
    return True


async def drop_desk(connection: Connection, team_id: UUID, *, staff_id: UUID) -> None:
    """Take a team away; what its agents have stays theirs. Event desk.dropped. Raises NotFound."""
    if not await execute(connection, QUERIES["drop_team"], {"id": team_id}):
        raise NotFound
    event = Event(name="desk.dropped", at=clock.now(), staff_id=staff_id, subject_id=team_id)
    await append_many(connection, [event])


async def members_of(connection: Connection) -> dict[UUID, set[UUID]]:
    """Return the agents of each team."""
    found: dict[UUID, set[UUID]] = {}
    for team_id, staff_id in await tuples(connection, QUERIES["members"]):
        found.setdefault(team_id, set()).add(staff_id)
    return found
