"""Whose a mail is: by what is proven. Whoever writes along gets no answer that nobody meant for them."""

import re
from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from safar.channels.email_in import MailListener
from safar.channels.model import EMAIL
from safar.customers.actions import customer_cards
from safar.inbox.actions import reply
from safar.inbox.jobs import mail_listener
from safar.inbox.model import ReplyOutcome
from safar.inbox.thread import thread_of
from safar.kernel.context import Context
from safar.kernel.ids import new_id
from tests.stage.channels import customer, events
from tests.stage.channels import mail as queued_mail
from tests.stage.inbox import compose, conversations, receive, web
from tests.stage.mails import AUTHSERV_ID, proven, send, written
from tests.stage.people import signed_in, staff_member

pytestmark = pytest.mark.finding("security-3")


@pytest.fixture
async def listener(shop: Context) -> AsyncIterator[MailListener]:
    listening = mail_listener(shop)
    await listening.open(port=0)
    yield listening
    await listening.close()


async def answer(shop: Context, conversation_id: UUID, **how: object) -> tuple[ReplyOutcome, UUID]:
    staff = await staff_member(shop)
    message_id = new_id()
    async with shop.database.transaction() as connection:
        said = await reply(
            connection,
            conversation_id,
            "We look at it",
            author="staff",
            message_id=message_id,
            staff_id=staff.id,
            **how,  # type: ignore[arg-type]
        )
    return said, message_id


async def address_of(shop: Context, message_id: UUID) -> str:
    async with shop.database.connection() as connection:
        found = await connection.execute("SELECT address FROM messages WHERE id = %s", [message_id])
        ((address,),) = await found.fetchall()
        return str(address)


async def test_a_forged_sender_is_kept_apart_from_the_customer_and_marked(
    shop: Context, listener: MailListener
) -> None:
    ann = await customer(shop, "ana@example.com")
    for number, forged in enumerate(
        (
            written("Please pay back to this account"),
            b"Authentication-Results: evil.example; dmarc=pass header.from=example.com\n" + written("And me"),
            f"Authentication-Results: {AUTHSERV_ID}; dmarc=pass header.from=example.com\n".encode()
            + b"From: Eve <eve@evil.example>\n"
            + written("Two senders"),
        )
    ):
        await send(listener, forged)
        assert ann not in {c.customer_id for c in await conversations(shop)}, number
    (received, *_more) = await events(shop, "message.received")
    assert (received["trusted"], received["verified"]) == (False, False)
    async with shop.database.connection() as connection:
        apart = next(c for c in await conversations(shop) if c.last_address == "ana@example.com")
        assert apart.customer_id != ann
        assert (await thread_of(connection, apart.id)).messages[0].verified is False
        card = (await customer_cards(connection, [apart.customer_id]))[apart.customer_id]
    assert (card.email, card.claimed) == (None, "ana@example.com")
    await send(listener, proven("It is me"))
    assert ann in {c.customer_id for c in await conversations(shop)}


@pytest.mark.finding("messages-3")
async def test_a_third_person_never_becomes_the_one_who_is_answered(
    shop: Context, listener: MailListener, console: str
) -> None:
    await send(listener, proven("My kettle leaks"))
    (found,) = await conversations(shop)
    _said, asked = await answer(shop, found.id)
    header = f"<{asked}@safar.example>"
    for bob in (
        proven("Let me help", "Bob <bob@other.example>", In_Reply_To=header),
        written("Bob again", "Bob <bob@other.example>", References=header),
    ):
        await send(listener, bob, "bob@other.example")
    (found,) = await conversations(shop)
    assert found.last_address == "ana@example.com"
    assert (await answer(shop, found.id))[0] is ReplyOutcome.CHOOSE
    said, plain = await answer(shop, found.id, channel_id=EMAIL)
    assert (said, await address_of(shop, plain)) == (ReplyOutcome.SENT, "ana@example.com")
    said, chosen = await answer(shop, found.id, channel_id=EMAIL, address="bob@other.example")
    assert (said, await address_of(shop, chosen)) == (ReplyOutcome.SENT, "bob@other.example")
    said, _none = await answer(shop, found.id, channel_id=EMAIL, address="eve@evil.example")
    assert said is ReplyOutcome.NO_ADDRESS
    async with await signed_in(shop, console) as client:
        page = (await client.get(f"/inbox/{found.id}")).text
        assert "bob@other.example" in page
        assert "somebody else, not this customer" in page
        assert "sender not verified" in page
        assert re.search(r'<option value="" selected disabled>', page)
        form = await compose(client, found.id) | {"text": "To whom?"}
        refused = await client.post(f"/inbox/{found.id}/messages", data=form)
        assert refused.status_code == 422
        assert "Choose who gets your answer" in refused.text


async def test_the_customers_own_word_is_answered_where_it_came_from(
    shop: Context, listener: MailListener, console: str
) -> None:
    await send(listener, proven("Hello"))
    (found,) = await conversations(shop)
    async with await signed_in(shop, console) as client:
        page = (await client.get(f"/inbox/{found.id}")).text
        option = rf'<option value="{EMAIL} ana@example.com"[^>]* selected>To ana@example.com<'
        assert re.search(option, page)
    said, message_id = await answer(shop, found.id)
    assert (said, await address_of(shop, message_id)) == (ReplyOutcome.SENT, "ana@example.com")


async def test_an_authenticated_answer_to_a_mail_of_ours_proves_the_address(
    shop: Context, listener: MailListener
) -> None:
    (chat,) = await receive(shop, web("Hello"))
    (browser,) = [c.customer_id for c in await conversations(shop)]
    sent = await queued_mail(shop, browser, author="shop")
    refers = f"<{sent.message_id}@safar.example>"
    await send(listener, written("Not proven", In_Reply_To=refers))
    await send(listener, proven("A friend", "Bob <bob@other.example>", In_Reply_To=refers))
    async with shop.database.connection() as connection:
        known = await connection.execute("SELECT value FROM customer_identities WHERE kind = 'email'")
        assert await known.fetchall() == []
    await send(listener, proven("It is mine", In_Reply_To=refers))
    async with shop.database.connection() as connection:
        known = await connection.execute(
            "SELECT value, customer_id FROM customer_identities WHERE kind = 'email'"
        )
        ((address, owner),) = await known.fetchall()
    assert address == "ana@example.com"
    assert owner != browser, "reading the mailbox says nothing of who typed its address"
    assert {c.id for c in await conversations(shop) if c.customer_id == browser} == {chat.conversation_id}


@pytest.mark.finding("messages-7")
@pytest.mark.parametrize(
    "sender", ["Website <shop@safar.example>", "noreply@website.example", "Forms <hello@website.example>"]
)
async def test_each_person_of_a_contact_form_is_a_conversation_of_their_own(
    shop: Context, listener: MailListener, sender: str
) -> None:
    for name in ("cara", "dan", "cara"):
        form = {"Reply_To": f"{name.title()} <{name}@customer.example>"}
        text = f"Where is my order? {name}"
        await send(listener, proven(text, sender, Auto_Submitted="auto-generated", **form))
    found = await conversations(shop)
    assert sorted(c.last_address for c in found) == ["cara@customer.example", "dan@customer.example"]
    assert all(c.waiting_since is not None for c in found)
    assert all(event["trusted"] is False for event in await events(shop, "message.received"))


@pytest.mark.finding("messages-7")
async def test_a_person_with_another_reply_address_stays_one_person(
    shop: Context, listener: MailListener
) -> None:
    ann = await customer(shop, "ana@example.com")
    await send(listener, proven("From work", Reply_To="ana.private@example.org"))
    (found,) = await conversations(shop)
    assert (found.customer_id, found.last_address) == (ann, "ana@example.com")
