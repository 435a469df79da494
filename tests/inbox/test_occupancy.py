"""An agent never has more conversations than they can take, whoever gives them, at any commit."""

import asyncio
import random
from collections.abc import Sequence
from uuid import UUID

from safar.capacity.actions import recount_accounts
from safar.inbox import handling
from safar.inbox.actions import assign, close_conversation, reopen_conversation, reply
from safar.inbox.errors import AtLimit
from safar.inbox.model import Conversation
from safar.inbox.occupancy import DeskAgent, set_agent
from safar.kernel.context import Context
from safar.kernel.database import Connection, tuples
from safar.kernel.errors import SafarError
from safar.kernel.ids import new_id
from tests.stage.inbox import conversation, receive, web
from tests.stage.people import staff_member


async def begun(context: Context, count: int) -> list[UUID]:
    return [(await receive(context, web("Hello")))[0].conversation_id for _number in range(count)]


async def limited(context: Context, staff_id: UUID, chats_max: int) -> None:
    async with context.database.transaction() as connection:
        agent = DeskAgent(staff_id, chats_max, (), (), away=False, seen_at=None, given_at=None)
        await set_agent(connection, agent, staff_id=staff_id)


async def held(context: Context) -> dict[str, tuple[int, int]]:
    """Return of each agent what the ledger holds and the conversations say, which must be the same."""
    query = """SELECT a.key, a.held,
        (SELECT count(*) FROM conversations AS c WHERE c.assigned_to::text = a.key)
        FROM capacity_accounts AS a WHERE a.kind = 'agent'"""
    async with context.database.connection() as connection:
        assert await recount_accounts(connection) == []
        return {key: (units, count) for key, units, count in await tuples(connection, query)}


async def test_what_is_somebodys_counts_until_it_is_closed_or_goes_on(shop: Context) -> None:
    ana, ben = [(await staff_member(shop, name=name)).id for name in ("Ana", "Ben")]
    await limited(shop, ana, 1)
    first, second = await begun(shop, 2)
    async with shop.database.transaction() as connection:
        await assign(connection, first, ana, staff_id=ana)
        outcomes = await handling.assign_conversations(connection, [first, second], ana, staff_id=ben)
    assert [type(outcome) for outcome in outcomes] == [Conversation, AtLimit]
    assert await held(shop) == {str(ana): (1, 1)}
    async with shop.database.transaction() as connection:
        await assign(connection, first, ben, staff_id=ana)
        await assign(connection, second, ana, staff_id=ben)
        await close_conversation(connection, first, staff_id=ben)
    assert await held(shop) == {str(ana): (1, 1), str(ben): (0, 0)}


async def test_an_answer_of_an_agent_who_is_full_goes_out_and_stays_nobodys(shop: Context) -> None:
    ana = (await staff_member(shop, name="Ana")).id
    await limited(shop, ana, 0)
    (id_,) = await begun(shop, 1)
    async with shop.database.transaction() as connection:
        said = await reply(connection, id_, "Hello", author="staff", message_id=new_id(), staff_id=ana)
    found = await conversation(shop, id_)
    assert (said, found.assigned_to, found.with_staff) == ("sent", None, True)


async def test_nobody_is_above_their_limit_at_any_commit(shop: Context) -> None:
    """Three workers and people by hand give, pass on, close and take up again at once."""
    staff = [(await staff_member(shop, name=f"DeskAgent {number}")).id for number in range(3)]
    for staff_id in staff:
        await limited(shop, staff_id, 2)
    ids = await begun(shop, 12)
    refused = 0
    over = asyncio.Event()

    async def work(seed: int) -> None:
        nonlocal refused
        chance = random.Random(seed)
        for _turn in range(25):
            try:
                async with shop.database.transaction() as connection:
                    refused += await _deed(connection, chance, ids, staff)
            except SafarError:
                refused += 1

    async def watch() -> int:
        looks = 0
        while not over.is_set():
            figures = await held(shop)
            assert all(units == count <= 2 for units, count in figures.values()), figures
            looks += 1
        return looks

    watching = asyncio.ensure_future(watch())
    await asyncio.gather(*(work(seed) for seed in range(4)))
    over.set()
    assert await watching > 0
    assert refused > 0, "the limit was met"


async def _deed(
    connection: Connection, chance: random.Random, ids: Sequence[UUID], staff: Sequence[UUID]
) -> int:
    some = chance.sample(list(ids), 3)
    who = chance.choice(staff)
    match chance.randrange(4):
        case 0 | 1:
            outcomes = await handling.assign_conversations(connection, some, who, staff_id=who)
            return sum(isinstance(outcome, SafarError) for outcome in outcomes)
        case 2:
            await handling.close_conversations(connection, some[:1], staff_id=who)
        case _:
            await reopen_conversation(connection, some[0], staff_id=who)
    return 0
