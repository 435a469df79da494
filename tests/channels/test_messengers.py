"""Sending on messengers: sent, failed or unknown, once, in order, as fast as the account's rates allow."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from itertools import permutations
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safar.channels import messengers as messengers_module
from safar.channels.accounts import save_account
from safar.channels.actions import queue_many
from safar.channels.attempts import attempts_of, settle_unknown
from safar.channels.delivery import MessageStanding, standing
from safar.channels.kinds.limits import SendRate
from safar.channels.kinds.port import (
    ChannelAccount,
    MessageNotice,
    SendResult,
    Verdict,
    What,
)
from safar.channels.messengers import Messengers
from safar.channels.model import Author, Outgoing
from safar.channels.notices import ToldOfMessage, apply_overtaken, keep_notices
from safar.channels.senders import Senders
from safar.kernel import clock
from safar.kernel.context import Context
from safar.kernel.database import execute, value, values
from safar.kernel.ids import new_id
from tests.stage.channels import customer, events, states
from tests.stage.pigeon import PigeonSender, pigeon, register, set_up, unregister


@pytest.fixture
def sender() -> PigeonSender:
    return PigeonSender()


@pytest.fixture
async def account(context: Context, sender: PigeonSender) -> AsyncIterator[ChannelAccount]:
    register(pigeon(sender))
    yield await set_up(context)
    unregister("pigeon")


async def queue(
    context: Context,
    account: ChannelAccount,
    *,
    address: str = "ana",
    text: str = "Hello",
    author: str = Author.STAFF,
) -> UUID:
    message = Outgoing(
        message_id=new_id(),
        channel_id=account.id,
        author=author,
        customer_id=await customer(context),
        address=address,
        body=text,
        language="en",
    )
    async with context.database.transaction() as connection:
        await queue_many(connection, [message])
    return message.message_id


async def drain(context: Context) -> Messengers:
    messengers = Messengers(context, Senders())
    while await messengers.step():
        pass
    return messengers


async def tell(context: Context, account: ChannelAccount, **notice: Any) -> None:
    told = ToldOfMessage(channel_id=account.id, notice=MessageNotice(at=clock.now(), **notice))
    async with context.database.transaction() as connection:
        await keep_notices(connection, [told])


async def standing_of(context: Context, id_: UUID) -> tuple[str, str | None]:
    async with context.database.connection() as connection:
        state = await value(connection, "SELECT state FROM messages WHERE id = %(id)s", {"id": id_})
        delivery = await value(connection, "SELECT delivery FROM messages WHERE id = %(id)s", {"id": id_})
    return state, delivery


async def test_a_message_is_sent_once_and_its_name_at_the_provider_is_kept(
    context: Context, account: ChannelAccount, sender: PigeonSender
) -> None:
    id_ = await queue(context, account)
    await drain(context)
    await drain(context)
    assert [message.id for message in sender.sent] == [id_]
    assert (await states(context))[id_] == ("sent", None)
    assert len(await events(context, "message.sent")) == 1
    async with context.database.connection() as connection:
        assert await values(connection, "SELECT external_id FROM messages") == [f"p-{id_}"]
        assert [attempt.verdict for attempt in await attempts_of(connection, id_)] == ["sent"]


async def test_what_was_taken_and_never_answered_is_unknown_and_not_sent_again(
    context: Context,
    account: ChannelAccount,
    sender: PigeonSender,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(messengers_module, "SEND_S_MAX", 0.05)
    sender.gate = asyncio.Event()
    id_ = await queue(context, account)
    await drain(context)
    assert await standing_of(context, id_) == ("unknown", None)
    assert len(await events(context, "message.unknown")) == 1
    await drain(context)
    assert len(sender.sent) == 1
    await tell(context, account, what=What.DELIVERED, our_id=id_, external_id="p-1")
    assert await standing_of(context, id_) == ("sent", "delivered")


async def test_a_person_says_of_an_unknown_message_that_it_arrived_or_has_it_sent_again(
    context: Context, account: ChannelAccount, sender: PigeonSender
) -> None:
    sender.answer = lambda _message: SendResult(verdict=Verdict.UNKNOWN, code="500")
    arrived, again = await queue(context, account), await queue(context, account, address="bob")
    await drain(context)
    async with context.database.transaction() as connection:
        assert await settle_unknown(connection, arrived, arrived=True, staff_id=new_id())
        assert await settle_unknown(connection, again, arrived=False, staff_id=new_id())
        assert not await settle_unknown(connection, arrived, arrived=False, staff_id=new_id())
    sender.answer = lambda _message: SendResult(verdict=Verdict.SENT, external_ids=("p-2",))
    await drain(context)
    assert await standing_of(context, arrived) == ("sent", None)
    assert await standing_of(context, again) == ("sent", None)
    assert [message.id for message in sender.sent] == [arrived, again, again]


async def test_a_message_that_a_dead_process_had_taken_is_unknown(
    context: Context, account: ChannelAccount, sender: PigeonSender
) -> None:
    id_ = await queue(context, account)
    async with context.database.transaction() as connection:
        query = "UPDATE messages SET state = 'sending', tries = 1, next_try_at = %(at)s"
        await execute(connection, query, {"at": clock.now() - timedelta(seconds=1)})
    await drain(context)
    assert await standing_of(context, id_) == ("unknown", None)
    assert sender.sent == []


async def test_what_may_be_sent_again_is_after_a_pause_and_what_may_not_fails_with_its_code(
    context: Context, account: ChannelAccount, sender: PigeonSender
) -> None:
    answers = {
        "busy": SendResult(verdict=Verdict.AGAIN, code="131056", pause_s=3600, pair=True),
        "gone": SendResult(verdict=Verdict.GONE, code="403", reason="blocked by the user"),
    }
    sender.answer = lambda message: answers[message.address]
    busy, gone = await queue(context, account, address="busy"), await queue(context, account, address="gone")
    await drain(context)
    assert await standing_of(context, busy) == ("queued", None)
    assert (await states(context))[gone] == ("failed", "blocked by the user")
    (failed,) = await events(context, "message.failed")
    assert failed["reason"] == "gone"
    async with context.database.connection() as connection:
        assert await values(connection, "SELECT address FROM gone_addresses") == ["gone"]


async def test_a_dead_token_stops_the_account_and_setting_it_up_again_starts_it(
    context: Context, account: ChannelAccount, sender: PigeonSender
) -> None:
    sender.answer = lambda _message: SendResult(verdict=Verdict.SIGN_IN, code="190", reason="expired")
    await queue(context, account)
    await drain(context)
    waits = await queue(context, account, address="bob")
    await drain(context)
    assert len(sender.sent) == 1
    assert await standing_of(context, waits) == ("queued", None)
    async with context.database.connection() as connection:
        assert await values(connection, "SELECT trouble FROM channels WHERE sign_in_since IS NOT NULL") == [
            "190 expired"
        ]
    sender.answer = lambda message: SendResult(verdict=Verdict.SENT, external_ids=(str(message.id),))
    await save_account(context, account, staff_id=new_id())
    await drain(context)
    assert await standing_of(context, waits) == ("sent", None)


async def test_messages_to_one_address_leave_one_after_the_other_in_order(
    context: Context, account: ChannelAccount, sender: PigeonSender
) -> None:
    ids = [await queue(context, account, text=str(number)) for number in range(8)]
    others = [await queue(context, account, address=f"other {number}") for number in range(3)]
    await drain(context)
    assert [m.id for m in sender.sent if m.address == "ana"] == ids
    assert {m.id for m in sender.sent} == {*ids, *others}


async def test_rates_hold_and_people_have_their_share(context: Context, sender: PigeonSender) -> None:
    register(pigeon(sender, rates=(SendRate("number", most=10, seconds=3600, for_staff=4),)))
    try:
        account = await set_up(context)
        for number in range(12):
            await queue(context, account, address=f"m{number}", author=Author.BOT)
        await drain(context)
        assert len(sender.sent) == 6, "the rest is kept for people"
        for number in range(6):
            await queue(context, account, address=f"p{number}")
        await drain(context)
        assert len(sender.sent) == 10
        assert sum(message.human for message in sender.sent) == 4
    finally:
        unregister("pigeon")


async def test_to_one_address_no_more_than_its_rate(context: Context, sender: PigeonSender) -> None:
    register(pigeon(sender, rates=(SendRate("pair", most=1, seconds=6, scope="address"),)))
    try:
        account = await set_up(context)
        with clock.held(clock.now()) as held:
            for number in range(3):
                await queue(context, account, text=str(number))
            await drain(context)
            assert len(sender.sent) == 1
            held.advance(seconds=6.5)
            await drain(context)
            assert len(sender.sent) == 2
    finally:
        unregister("pigeon")


async def test_words_of_our_own_wait_for_nobody_who_has_not_written(
    context: Context, sender: PigeonSender
) -> None:
    register(pigeon(sender, window=True))
    try:
        account = await set_up(context)
        id_ = await queue(context, account)
        await drain(context)
        assert await standing_of(context, id_) == ("failed", None)
        assert sender.sent == []
        (failed,) = await events(context, "message.failed")
        assert failed["reason"] == "window"
    finally:
        unregister("pigeon")


async def test_a_status_that_comes_before_the_answer_counts(
    context: Context, account: ChannelAccount, sender: PigeonSender
) -> None:
    sender.gate = asyncio.Event()
    id_ = await queue(context, account)
    messengers = Messengers(context, Senders())
    step = asyncio.create_task(messengers.step())
    while not sender.sent:
        await asyncio.sleep(0)
    await tell(context, account, what=What.READ, external_id=f"p-{id_}")
    sender.gate.set()
    await step
    while await messengers.step():
        pass
    assert await standing_of(context, id_) == ("sent", "read")


async def test_a_notice_that_missed_its_message_in_the_same_moment_finds_it_later(
    context: Context, account: ChannelAccount
) -> None:
    id_ = await queue(context, account)
    await tell(context, account, what=What.DELIVERED, external_id="late")
    async with context.database.transaction() as connection:
        await execute(connection, "UPDATE messages SET external_id = 'late', state = 'sent'")
        assert await apply_overtaken(connection, limit=10) == 1
        assert await apply_overtaken(connection, limit=10) == 0
    assert await standing_of(context, id_) == ("sent", "delivered")


async def test_a_status_of_another_account_is_of_another_message(
    context: Context, account: ChannelAccount
) -> None:
    id_ = await queue(context, account)
    await drain(context)
    other = await set_up(context, name="Another loft")
    await tell(context, other, what=What.FAILED, external_id=f"p-{id_}")
    assert await standing_of(context, id_) == ("sent", None)


async def test_a_failure_told_afterwards_is_one_and_arrival_outweighs_it(
    context: Context, account: ChannelAccount
) -> None:
    id_ = await queue(context, account)
    await drain(context)
    await tell(context, account, what=What.FAILED, external_id=f"p-{id_}", code="131026", text="no such user")
    assert (await states(context))[id_] == ("failed", "131026 no such user")
    assert len(await events(context, "message.failed")) == 1
    await tell(context, account, what=What.DELIVERED, external_id=f"p-{id_}")
    assert await standing_of(context, id_) == ("sent", "delivered")


_ARRIVAL = (What.SENT, What.DELIVERED, What.READ, What.FAILED)


@given(
    st.sets(st.sampled_from(_ARRIVAL)), st.sampled_from(["queued", "sending", "unknown", "sent", "failed"])
)
def test_how_a_message_stands_follows_from_the_set_whatever_the_order(told: set[What], state: str) -> None:
    ends = set()
    for order in permutations(told):
        stands = MessageStanding(state, None)
        for number in range(len(order)):
            stands = standing(stands.state, order[: number + 1], stands.delivery)
        ends.add(stands)
    ends.add(standing(state, told))
    if state == "failed" and What.FAILED not in told and told == {What.SENT}:
        assert ends == {MessageStanding("failed", None)}, "sent does not revive what failed"
    assert len(ends) == 1


@given(st.sampled_from(["skipped", "received"]), st.sets(st.sampled_from(_ARRIVAL)))
def test_nothing_makes_another_of_what_was_not_sent(state: str, told: set[What]) -> None:
    assert standing(state, told) == MessageStanding(state, None)


async def test_templates_go_to_no_more_people_outside_the_window_than_the_account_may(
    context: Context, sender: PigeonSender
) -> None:
    rate = SendRate("portfolio", most=3, seconds=86_400, scope="people")
    register(pigeon(sender, rates=(rate,), window=True))
    try:
        account = await set_up(context)
        for number in range(5):
            await queue(context, account, address=f"p{number}", author=Author.SHOP)
        async with context.database.transaction() as connection:
            template = """UPDATE messages SET template = '{"name": "hello", "language": "en"}'"""
            await execute(connection, template)
        await drain(context)
        assert len({message.address for message in sender.sent}) == 3
        assert all(message.template is not None for message in sender.sent)
    finally:
        unregister("pigeon")
