"""Mails about orders to mailboxes that nobody has proven are few, by network and by address."""

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safar.channels.actions import end_attempts_many, take_due_mail, withhold_many
from safar.channels.model import End, SendAttempt
from safar.customers.actions import Proof
from safar.kernel import clock
from safar.kernel.context import Context
from safar.kernel.database import Connection
from safar.kernel.ids import new_id
from safar.orders.first_mails import ADDRESS_LIMIT, NETWORK_LIMIT, Counts, First, may_leave, withheld_mails
from safar.orders.model import Buyer
from safar.orders.ownership import take_proof
from safar.orders.place import buy_many
from safar.orders.reading import orders_by_id
from safar.work import asks
from tests.stage.shop import receive, request

pytestmark = pytest.mark.finding("security-13")
NETWORK = "203.0.113.0/24"


async def bought(context: Context, *, network: str | None = NETWORK, **other: object) -> None:
    await context.batched(buy_many, request(buyer=Buyer(new_id(), True, network), **other))


async def left(context: Context, *, per_network: int = 3, per_address: int = 10) -> Counter[str]:
    """Let go what may leave now; return how many left, and why how many did not."""
    limits = {"first_mails_network_hour": per_network, "first_mails_address_day": per_address}
    settings = context.settings.model_copy(update=limits)
    async with context.database.transaction() as connection:
        due = await take_due_mail(connection, limit=100, lease_s=60)
        withheld = await withheld_mails(connection, due, settings)
        await withhold_many(connection, withheld)
        stay = {one.message_id for one in withheld}
        sent = [one for one in due if one.id not in stay]
        await end_attempts_many(connection, [SendAttempt(one.id, one.tries, End.SENT) for one in sent])
    return Counter([*(one.reason for one in withheld), *("left" for _mail in sent)])


@given(
    mails=st.lists(st.tuples(st.sampled_from([None, 1, 2]), st.integers(1, 3)), max_size=30),
    per_network=st.integers(0, 4),
    per_address=st.integers(0, 4),
)
def test_no_network_and_no_address_gets_more_than_its_share(
    mails: list[tuple[int | None, int]], per_network: int, per_address: int
) -> None:
    counts, passed = Counts(Counter(), Counter()), []
    for network, address in mails:
        reason = may_leave(
            First(new_id(), network), address, counts, per_network=per_network, per_address=per_address
        )
        if reason is None:
            passed.append((network, address))
        full = per_network and Counter(n for n, _a in passed)[network] >= per_network and network
        crowded = per_address and Counter(a for _n, a in passed)[address] >= per_address
        assert reason is None or full or crowded
    for network, count in Counter(n for n, _a in passed if n).items():
        assert not per_network or count <= per_network, network
    for address, count in Counter(a for _n, a in passed).items():
        assert not per_address or count <= per_address, address


async def test_a_network_has_so_many_an_hour_and_the_rest_waits_its_turn(context: Context) -> None:
    await receive(context.database, {"MUG": 90})
    with clock.held(clock.now()) as held:
        for _order in range(5):
            await bought(context)
        await bought(context, network=None)
        assert await left(context) == {"left": 4, NETWORK_LIMIT: 2}
        held.advance(seconds=700)
        await bought(context, network="198.51.100.0/24")
        assert await left(context) == {"left": 1, NETWORK_LIMIT: 2}
        held.advance(seconds=3600)
        assert await left(context) == {"left": 2}
        for _order in range(4):
            await bought(context)
        assert await left(context, per_network=2) == {NETWORK_LIMIT: 4}
        held.advance(seconds=25 * 3600)
        assert await left(context, per_network=2) == {"left": 2, NETWORK_LIMIT: 2}
        async with context.database.connection() as connection:
            found = await connection.execute("SELECT state, reason FROM messages WHERE state <> 'sent'")
            assert await found.fetchall() == [("skipped", NETWORK_LIMIT)] * 2, "a day is long enough"


async def test_an_unproven_address_has_so_many_a_day_and_a_proven_one_all(context: Context) -> None:
    await receive(context.database, {"MUG": 90})
    with clock.held(clock.now()) as held:
        mine = request(email="ada@customers.example", buyer=Buyer(new_id(), True))
        await context.batched(buy_many, mine)
        for _order in range(3):
            again = {"email": "Ada+x@customers.example", "customer_id": mine.customer_id}
            await bought(context, network=None, **again)
        assert await left(context, per_address=2) == {"left": 2, ADDRESS_LIMIT: 2}
        async with context.database.transaction() as connection:
            order = (await orders_by_id(connection, [mine.order_id]))[mine.order_id]
            proof = Proof(
                claimant=order.customer_id,
                kind="email",
                value="ada@customers.example",
                language="en",
                browser=mine.customer_id,
            )
            await take_proof(connection, proof)
        for _order in range(3):
            await bought(context, network=None, email="ada@customers.example", customer_id=mine.customer_id)
        assert await left(context, per_address=2) == {"left": 3}
        held.advance(seconds=60)


async def test_a_mail_that_comes_again_counts_once_and_the_worker_asks(context: Context) -> None:
    assert {"campaign", "shop"} <= set(asks(context.settings))
    await bought(context)
    async with context.database.transaction() as connection:
        due = await take_due_mail(connection, limit=10, lease_s=60)
        for _time in range(3):
            assert await withheld_mails(connection, due, context.settings) == []
        assert await _noted(connection) == 1
        stranger = replace(due[0], id=new_id(), customer_id=None)
        assert await withheld_mails(connection, [stranger], context.settings) == []
        assert await _noted(connection) == 1, "a mail to staff is none of these"


async def _noted(connection: Connection) -> int:
    found = await (await connection.execute("SELECT count(*) FROM first_mails")).fetchone()
    assert found is not None
    return int(found[0])
