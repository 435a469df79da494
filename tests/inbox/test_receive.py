"""Taking messages in: each once, one conversation a customer, whoever comes first."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from safar.channels.model import EMAIL, WEB, Author
from safar.inbox.actions import (
    assign,
    close_conversation,
    close_quiet,
    hand_over,
    reopen_conversation,
    reply,
    undelivered_many,
)
from safar.inbox.errors import NoConversation
from safar.inbox.model import ReplyOutcome
from safar.kernel import clock
from safar.kernel.context import Context
from safar.kernel.ids import new_id
from tests.stage.channels import events, states
from tests.stage.inbox import conversation, conversations, mail, receive, web
from tests.stage.people import staff_member

START = datetime(2026, 11, 21, 9, tzinfo=UTC)


async def test_the_same_message_delivered_many_times_at_once_is_one(shop: Context) -> None:
    message = mail("Is it in stock?")
    receipts = await asyncio.gather(*(receive(shop, message) for _n in range(8)))
    assert sum(receipt.new for (receipt,) in receipts) == 1
    assert len({receipt.message_id for (receipt,) in receipts}) == 1
    assert len(await states(shop)) == 1
    assert len(await events(shop, "message.received")) == 1


async def test_two_first_messages_at_once_make_one_conversation(shop: Context) -> None:
    for number in range(5):
        address = f"ana{number}@example.com"
        await asyncio.gather(*(receive(shop, mail(f"{n}", address=address)) for n in range(4)))
    assert len(await conversations(shop)) == 5
    assert len(await events(shop, "conversation.opened")) == 5
    assert len(await events(shop, "message.received")) == 20


async def test_chat_and_mail_of_one_customer_are_one_conversation(shop: Context) -> None:
    (by_mail,) = await receive(shop, mail("Hello"))
    ana = (await conversations(shop))[0].customer_id
    (by_chat,) = await receive(shop, web("Hello again", customer_id=ana))
    assert by_chat.conversation_id == by_mail.conversation_id
    assert (await conversation(shop, by_mail.conversation_id)).last_channel_id == WEB


async def test_a_batch_of_many_customers_with_repeats_is_taken_in_order(shop: Context) -> None:
    visitors = [new_id() for _n in range(20)]
    messages = [web(f"{n}", visitor=visitor) for visitor in visitors for n in range(3)]
    receipts = await receive(shop, *messages, *messages[:10])
    assert [receipt.new for receipt in receipts] == [True] * 60 + [False] * 10
    assert {c.last_text for c in await conversations(shop)} == {"2"}
    assert len(await conversations(shop)) == 20


async def test_waiting_begins_with_the_first_unanswered_message_and_ends_with_an_answer(
    shop: Context,
) -> None:
    with clock.held(START) as held:
        (receipt,) = await receive(shop, mail("One"))
        held.advance(seconds=10)
        ana = (await conversations(shop))[0].customer_id
        await receive(shop, web("Two", customer_id=ana))
        id_ = receipt.conversation_id
        assert (await conversation(shop, id_)).waiting_since == START
        held.advance(seconds=20)
        async with shop.database.transaction() as connection:
            said = await reply(connection, id_, "Wait", author=Author.SHOP, message_id=new_id())
            assert said is ReplyOutcome.SENT
        assert (await conversation(shop, id_)).waiting_since == START, "a notice is no answer"
        async with shop.database.transaction() as connection:
            await reply(connection, id_, "Yes", author=Author.BOT, message_id=new_id())
        assert (await conversation(shop, id_)).waiting_since is None
        told = await events(shop, "message.sent")
        assert [event.get("waited_s") for event in told] == [None, 30.0]


async def test_a_reply_goes_out_where_the_customer_wrote_last_unless_staff_choose(shop: Context) -> None:
    (receipt,) = await receive(shop, mail("Hello"))
    id_ = receipt.conversation_id
    ana = (await conversations(shop))[0].customer_id
    await receive(shop, web("Now here", customer_id=ana))
    async with shop.database.transaction() as connection:
        await reply(connection, id_, "In the chat", author=Author.BOT, message_id=new_id())
        await reply(connection, id_, "By mail", author=Author.BOT, message_id=new_id(), channel_id=EMAIL)
        found = await (
            await connection.execute(
                "SELECT body, channel_id, address, subject, in_reply_to FROM messages"
                " WHERE direction = 'out' ORDER BY body DESC"
            )
        ).fetchall()
    assert [row[1] for row in found] == [WEB, EMAIL]
    assert found[1][2:4] == ("ana@example.com", "Re: Question")
    assert found[1][4].startswith("<")


async def test_a_reply_sent_twice_by_an_impatient_finger_is_one(shop: Context) -> None:
    (receipt,) = await receive(shop, mail("Hello"))
    message_id = new_id()

    async def send() -> ReplyOutcome:
        async with shop.database.transaction() as connection:
            return await reply(
                connection, receipt.conversation_id, "Yes", author=Author.BOT, message_id=message_id
            )

    said = await asyncio.gather(*(send() for _n in range(6)))
    assert sorted(said) == [ReplyOutcome.REPEATED] * 5 + [ReplyOutcome.SENT]


async def test_the_bot_never_talks_over_a_person(shop: Context) -> None:
    staff = await staff_member(shop)
    for person_comes in ("replies", "takes", "is_called", "reopens"):
        (receipt,) = await receive(shop, mail("Hello", address=f"{person_comes}@example.com"))
        id_ = receipt.conversation_id
        async with shop.database.transaction() as connection:
            if person_comes == "replies":
                await reply(connection, id_, "Hi", author="staff", message_id=new_id(), staff_id=staff.id)
            elif person_comes == "takes":
                await assign(connection, id_, staff.id, staff_id=staff.id)
            elif person_comes == "is_called":
                await hand_over(connection, id_, "asks_for_person")
            else:
                await close_conversation(connection, id_, staff_id=staff.id)
                await reopen_conversation(connection, id_, staff_id=staff.id)
        async with shop.database.transaction() as connection:
            said = await reply(connection, id_, "Bot", author=Author.BOT, message_id=new_id())
        assert said is ReplyOutcome.WITH_STAFF


async def test_a_second_hand_over_changes_nothing(shop: Context) -> None:
    (receipt,) = await receive(shop, mail("Hello"))
    async with shop.database.transaction() as connection:
        assert await hand_over(connection, receipt.conversation_id, "asks_for_person")
        assert not await hand_over(connection, receipt.conversation_id, "unsure")
    assert (await conversation(shop, receipt.conversation_id)).handover_reason == "asks_for_person"
    assert [event["reason"] for event in await events(shop, "conversation.handed_over")] == [
        "asks_for_person"
    ]


async def test_a_closed_conversation_opens_again_for_everybody_when_the_customer_writes(
    shop: Context,
) -> None:
    staff = await staff_member(shop)
    (receipt,) = await receive(shop, mail("Hello"))
    id_ = receipt.conversation_id
    async with shop.database.transaction() as connection:
        await assign(connection, id_, staff.id, staff_id=staff.id)
        await close_conversation(connection, id_, staff_id=staff.id)
    await receive(shop, mail("And another thing"))
    found = await conversation(shop, id_)
    assert (found.state, found.with_staff, found.assigned_to) == ("open", False, None)
    assert found.waiting_since is not None
    names = [event["name"] for event in await events(shop, "conversation.closed", "conversation.reopened")]
    assert names == ["conversation.closed", "conversation.reopened"]


async def test_an_automatic_mail_joins_the_thread_and_disturbs_nobody(shop: Context) -> None:
    (receipt,) = await receive(shop, mail("I am away", automatic=True))
    found = await conversation(shop, receipt.conversation_id)
    assert (found.state, found.waiting_since) == ("closed", None)
    assert await events(shop, "conversation.opened", "conversation.reopened") == []
    await receive(shop, mail("A real question"))
    assert (await conversation(shop, receipt.conversation_id)).state == "open"


async def test_an_answer_that_never_arrived_brings_the_customer_back_to_staff(shop: Context) -> None:
    with clock.held(START) as held:
        (receipt,) = await receive(shop, mail("Hello"))
        message_id = new_id()
        async with shop.database.transaction() as connection:
            await reply(connection, receipt.conversation_id, "Yes", author=Author.BOT, message_id=message_id)
        held.advance(seconds=60)
        async with shop.database.transaction() as connection:
            await connection.execute(
                "UPDATE messages SET state = 'failed', ended_at = now() WHERE id = %s", [message_id]
            )
            await undelivered_many(connection, [message_id])
    found = await conversation(shop, receipt.conversation_id)
    assert (found.with_staff, found.handover_reason) == (True, "not_delivered")
    assert found.waiting_since == START


async def test_a_colleagues_reply_since_one_looked_holds_ones_own_back(shop: Context) -> None:
    sara, omid = await staff_member(shop, name="Sara"), await staff_member(shop, name="Omid")
    with clock.held(START) as held:
        (receipt,) = await receive(shop, mail("Hello"))
        id_ = receipt.conversation_id
        seen = clock.now()
        held.advance(seconds=5)
        async with shop.database.transaction() as connection:
            first = await reply(
                connection, id_, "I do", author="staff", message_id=new_id(), staff_id=sara.id, seen_at=seen
            )
            second = await reply(
                connection, id_, "Me too", author="staff", message_id=new_id(), staff_id=omid.id, seen_at=seen
            )
            own = await reply(
                connection, id_, "More", author="staff", message_id=new_id(), staff_id=sara.id, seen_at=seen
            )
    assert (first, second, own) == (ReplyOutcome.SENT, ReplyOutcome.OVERTAKEN, ReplyOutcome.SENT)


async def test_what_the_bot_answered_closes_by_itself_after_a_day_and_nothing_else(shop: Context) -> None:
    with clock.held(START) as held:
        answered, waiting, staffed = [
            receipt.conversation_id
            for receipt in await receive(
                shop, *(mail("Hello", address=f"{name}@example.com") for name in ("a", "b", "c"))
            )
        ]
        async with shop.database.transaction() as connection:
            await reply(connection, answered, "Yes", author=Author.BOT, message_id=new_id())
            await hand_over(connection, staffed, "unsure")
        held.advance(seconds=timedelta(hours=25).total_seconds())
        assert await close_quiet(shop.database) == 1
    assert {c.id: c.state for c in await conversations(shop)} == {
        answered: "closed",
        waiting: "open",
        staffed: "open",
    }


async def test_a_conversation_that_is_not_there_is_said_to_be_so(shop: Context) -> None:
    async with shop.database.transaction() as connection:
        assert (
            await reply(connection, new_id(), "x", author=Author.BOT, message_id=new_id())
            is ReplyOutcome.NO_CONVERSATION
        )
        with pytest.raises(NoConversation):
            await close_conversation(connection, new_id(), staff_id=new_id())
