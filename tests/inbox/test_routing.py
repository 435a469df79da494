"""Conversations that wait go to agents who are there, can answer them and have room; the rest waits."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from safar.inbox.actions import close_conversation, hand_over
from safar.inbox.decide_routing import Candidate, Desk, choose, team_for
from safar.inbox.handling import prioritise_many
from safar.inbox.occupancy import DeskAgent, set_agent
from safar.inbox.routing import SEEN_WITHIN, hand_out, note_seen, save_desk, set_away
from safar.kernel import clock
from safar.kernel.context import Context
from safar.kernel.ids import new_id
from tests.stage.inbox import conversation, receive, web
from tests.stage.people import signed_in, staff_member

NOW = datetime(2026, 11, 25, 10, tzinfo=UTC)
TEAM = Desk(new_id(), "Support", 0, None, "most_free", sticky=False, languages=(), skills=())
ANA, BEN = sorted([new_id(), new_id()])


def agent(staff_id: UUID, free: int = 1, *, given: int | None = None, **more: Sequence[str]) -> Candidate:
    given_at = None if given is None else NOW + timedelta(seconds=given)
    values = {"languages": (), "skills": ()} | more
    return Candidate(TEAM.id, staff_id, free, values["languages"], values["skills"], given_at)


@pytest.mark.parametrize(
    ("team", "there", "last", "expected"),
    [
        (TEAM, [], None, None),
        (TEAM, [agent(ANA, 0), agent(BEN, 0)], None, None),
        (TEAM, [agent(ANA, 1), agent(BEN, 3)], None, BEN),
        (TEAM, [agent(ANA, 2, given=9), agent(BEN, 2, given=3)], None, BEN),
        (TEAM, [agent(ANA, languages=("fa",)), agent(BEN, languages=("en", "pt"))], None, BEN),
        (replace(TEAM, skills=("returns",)), [agent(ANA), agent(BEN, skills=("returns", "tax"))], None, BEN),
        (replace(TEAM, skills=("law",)), [agent(ANA), agent(BEN, skills=("returns",))], None, None),
        (replace(TEAM, rule="in_turn"), [agent(ANA, 1, given=9), agent(BEN, 5, given=10)], None, ANA),
        (replace(TEAM, rule="in_turn"), [agent(ANA, 1, given=9), agent(BEN, 5)], None, BEN),
        (replace(TEAM, sticky=True), [agent(ANA, 1), agent(BEN, 5)], ANA, ANA),
        (replace(TEAM, sticky=True), [agent(ANA, 0), agent(BEN, 5)], ANA, BEN),
        (TEAM, [agent(ANA, 1), agent(BEN, 5)], ANA, BEN),
    ],
)
def test_who_gets_a_conversation(
    team: Desk, there: Sequence[Candidate], last: UUID | None, expected: UUID | None
) -> None:
    assert choose(team, there, "en", last) == expected


def test_the_first_team_that_takes_the_language_gets_it() -> None:
    persian = replace(TEAM, id=new_id(), languages=("fa",))
    assert team_for([persian, TEAM], "fa") == persian
    assert team_for([persian, TEAM], "en") == TEAM
    assert team_for([persian], "en") is None


async def desk_of(context: Context, *limits: int) -> list[UUID]:
    """Return the agents of a team, each with a limit, all of them there."""
    staff = [(await staff_member(context, name=f"Agent {number}")).id for number in range(len(limits))]
    async with context.database.transaction() as connection:
        await save_desk(connection, TEAM, staff, staff_id=staff[0])
        for staff_id, most in zip(staff, limits, strict=True):
            limit = DeskAgent(staff_id, most, (), (), away=False, seen_at=None, given_at=None)
            await set_agent(connection, limit, staff_id=staff_id)
            await note_seen(connection, staff_id)
    return staff


async def handed(context: Context, count: int) -> list[UUID]:
    ids = [(await receive(context, web("Hello")))[0].conversation_id for _number in range(count)]
    async with context.database.transaction() as connection:
        for id_ in ids:
            await hand_over(connection, id_, "asks_for_person")
    return ids


async def whose(context: Context, ids: Sequence[UUID]) -> list[UUID | None]:
    return [(await conversation(context, id_)).assigned_to for id_ in ids]


async def test_fault_53_nobody_gets_more_than_they_can_take_and_the_rest_waits(
    shop: Context,
) -> None:
    ana, ben = await desk_of(shop, 1, 2)
    ids = await handed(shop, 5)
    assert await hand_out(shop.database) == 3
    found = await whose(shop, ids)
    assert sorted(one for one in found[:3] if one) == sorted([ana, ben, ben])
    assert found[3:] == [None, None], "who waits longest came first"
    assert await hand_out(shop.database) == 0
    async with shop.database.transaction() as connection:
        await prioritise_many(connection, [ids[4]], "urgent", staff_id=ana)
        await close_conversation(connection, ids[found.index(ana)], staff_id=ana)
    assert await hand_out(shop.database) == 1
    assert await whose(shop, ids[3:]) == [None, ana], "the backlog drains, the urgent first"


async def test_who_is_away_or_gone_gets_nothing(shop: Context) -> None:
    with clock.held(NOW) as held:
        (ana,) = await desk_of(shop, 5)
        (first,) = await handed(shop, 1)
        async with shop.database.transaction() as connection:
            await set_away(connection, ana, away=True)
        assert await hand_out(shop.database) == 0
        async with shop.database.transaction() as connection:
            await set_away(connection, ana, away=False)
        held.advance(seconds=SEEN_WITHIN.total_seconds() + 1)
        assert await hand_out(shop.database) == 0, "no page of theirs is live"
        async with shop.database.transaction() as connection:
            await note_seen(connection, ana)
        assert await hand_out(shop.database) == 1
    assert await whose(shop, [first]) == [ana]


async def test_a_manager_makes_a_team_and_says_what_its_agents_can_take(shop: Context, console: str) -> None:
    ana = await staff_member(shop, name="Ana")
    form = {
        "id": str(new_id()),
        "name": "Support",
        "position": "0",
        "rule": "in_turn",
        f"member-{ana.id}": "1",
        "lead": str(ana.id),
        "opening_hours": "Mon-Fri 09:00-18:00",
        "zone": "Asia/Tehran",
    }
    async with await signed_in(shop, console) as client:
        assert (await client.post("/inbox/teams", data=form | {"opening_hours": "now"})).status_code == 422
        assert (await client.post("/inbox/teams", data=form)).status_code == 303
        assert (await client.post("/inbox/teams", data=form | {"id": str(new_id())})).status_code == 422
        limit = {"chats_max": "2", "skills": "Returns, tax", "language-fa": "1"}
        assert (await client.post(f"/inbox/agents/{ana.id}", data=limit)).status_code == 303
        assert (await client.post(f"/inbox/agents/{new_id()}", data=limit)).status_code == 404
        page = await client.get("/inbox/teams")
        assert "0 of 2 conversations" in page.text
        assert "returns, tax" in page.text
        assert (await client.post("/inbox/presence", data={"away": "1"})).status_code == 303
        assert 'name="away" value="0"' in (await client.get("/inbox")).text
