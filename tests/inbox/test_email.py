"""Mail in, over real SMTP, to the conversation it belongs to; and out again."""

from collections.abc import AsyncIterator
from email.message import EmailMessage
from typing import Any

import pytest

from safar.answers.actions import Bot
from safar.channels.actions import envelope, keep_envelopes, unread_envelopes
from safar.channels.email_in import MailListener
from safar.channels.mail_parts import html_of_mail, pictures_of_mail
from safar.channels.model import EMAIL
from safar.channels.parts import parts_of
from safar.channels.returns import return_path, sealed_id
from safar.inbox.actions import close_conversation, reply
from safar.inbox.jobs import mail_listener, take_failed
from safar.inbox.thread import thread_of
from safar.journal.actions import read_events
from safar.kernel.context import Context
from safar.kernel.ids import new_id
from tests.channels.corpus import CASES
from tests.stage.channels import customer, events, states
from tests.stage.channels import mail as queued_mail
from tests.stage.inbox import conversation, conversations
from tests.stage.mails import proven, send, written


@pytest.fixture
async def listener(shop: Context) -> AsyncIterator[MailListener]:
    listening = mail_listener(shop)
    await listening.open(port=0)
    yield listening
    await listening.close()


async def facts(shop: Context) -> list[tuple[Any, ...]]:
    async with shop.database.connection() as connection:
        found = await connection.execute(
            "SELECT body, language, automatic, address FROM messages WHERE direction = 'in' ORDER BY at, id"
        )
        return await found.fetchall()


async def test_a_stranger_who_writes_becomes_a_customer_with_a_conversation(
    shop: Context, listener: MailListener
) -> None:
    await send(listener, written("سلام، این محصول موجود است؟"))
    (found,) = await conversations(shop)
    assert (found.last_address, found.language) == ("ana@example.com", "fa")
    async with shop.database.connection() as connection:
        cursor = await connection.execute("SELECT body, error FROM channel_envelopes")
        raw, error = (await cursor.fetchall())[0]
    assert b"ana@example.com" in bytes(raw)
    assert error is None


async def test_the_same_mail_delivered_twice_is_one_message(shop: Context, listener: MailListener) -> None:
    raw = written("Hello", message_id="<same@example.com>")
    await send(listener, raw)
    await send(listener, raw)
    await send(listener, b"Received: from elsewhere\r\n" + raw)
    assert len(await facts(shop)) == 1
    bare = b"From: ana@example.com\r\n\r\nno id\r\n"
    await send(listener, bare)
    await send(listener, bare)
    assert len(await facts(shop)) == 2


async def test_an_answer_to_our_mail_joins_its_conversation_from_whatever_address(
    shop: Context, listener: MailListener
) -> None:
    await send(listener, proven("Hello"))
    (found,) = await conversations(shop)
    message_id = new_id()
    async with shop.database.transaction() as connection:
        await reply(connection, found.id, "Yes?", author="bot", message_id=message_id)
    header = f"<{message_id}@safar.example>"
    await send(listener, proven("From my phone", "Ana <ana.private@example.org>", In_Reply_To=header))
    (again,) = await conversations(shop)
    assert again.id == found.id
    assert again.last_address == "ana@example.com", "who writes along is not who is answered"
    received = await events(shop, "message.received")
    assert [event.get("trusted") for event in received] == [None, False]
    await send(listener, proven("Forwarded to me", "Bob <bob@example.com>"))
    await send(listener, proven("I have a question", "Bob <bob@example.com>", References=header))
    assert len(await conversations(shop)) == 2, "an address that is somebody's stays theirs"


async def test_an_answer_to_a_campaign_mail_carries_the_campaign(
    shop: Context, listener: MailListener
) -> None:
    ana = await customer(shop)
    campaign = new_id()
    sent = await queued_mail(shop, ana, author="campaign", campaign_id=campaign, language="pt-BR")
    await send(listener, proven("ok", In_Reply_To=f"<{sent.message_id}@safar.example>"))
    (found,) = await conversations(shop)
    assert (found.customer_id, found.campaign_id, found.language) == (ana, campaign, "pt-BR")


async def test_machines_and_loops_open_nothing(shop: Context, listener: MailListener) -> None:
    await send(listener, written("I am away", Auto_Submitted="auto-replied"))
    await send(listener, written("me myself", "shop@safar.example"))
    (found,) = await conversations(shop)
    assert (found.state, found.waiting_since) == ("closed", None)
    (received,) = await events(shop, "message.received")
    assert received["automatic"] is True
    async with shop.database.connection() as connection:
        assert [kept.error for kept in await unread_envelopes(connection)] == ["from our own address: a loop"]


async def test_what_cannot_be_read_is_kept_raw_and_shown(shop: Context, listener: MailListener) -> None:
    raw = b"Subject: \xff\xfe\r\n\r\n\r\n"
    await send(listener, raw, sender="")
    await send(listener, written("   ", subject=""))
    async with shop.database.connection() as connection:
        unread = await unread_envelopes(connection)
        assert len(unread) == 2
        kept = {await envelope(connection, mail.id) for mail in unread}
    assert any(body is not None and b"\xff\xfe" in body for body in kept)
    assert await conversations(shop) == []


async def test_a_mail_that_the_database_refuses_is_kept_raw_too(
    shop: Context, listener: MailListener, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(*_args: object) -> None:
        raise ValueError("not with me")

    with monkeypatch.context() as patched:
        patched.setattr("safar.inbox.email.receive_messages_many", refuse)
        await send(listener, written("Hello"))
    async with shop.database.connection() as connection:
        assert [kept.error for kept in await unread_envelopes(connection)] == ["not taken: ValueError"]


async def test_hostile_html_arrives_as_harmless_text(shop: Context, listener: MailListener) -> None:
    mail = EmailMessage()
    mail["From"] = '"<img src=x onerror=alert(1)>" <ana@example.com>'
    mail["Subject"] = "<script>alert(1)</script>"
    mail.set_content("<p>Hello</p><script>steal()</script><img src='http://spy.example'>", subtype="html")
    await send(listener, mail.as_bytes())
    assert (await facts(shop))[0][0] == "Hello"


@pytest.mark.finding("security-3")
async def test_a_bounce_marks_the_mail_failed_and_calls_staff(shop: Context, listener: MailListener) -> None:
    await send(listener, written("Hello"))
    (found,) = await conversations(shop)
    message_id = new_id()
    async with shop.database.transaction() as connection:
        await reply(connection, found.id, "Yes", author="bot", message_id=message_id)
        await connection.execute("UPDATE messages SET state = 'sent' WHERE id = %s", [message_id])
    bounce = f"""From: mailer-daemon@example.com
To: shop@safar.example
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b
Content-Type: message/delivery-status

Final-Recipient: rfc822; ana@example.com
Action: failed
Status: 5.1.1

--b
Content-Type: text/rfc822-headers

Message-ID: <{message_id}@safar.example>

--b--
"""
    await send(listener, bounce.replace("\n", "\r\n").encode(), sender="")
    assert (await states(shop))[message_id] == ("sent", None), "anybody can write such a report"
    back = return_path(shop.vault, message_id, shop.settings.mail_from)
    await send(listener, bounce.replace("\n", "\r\n").encode() + b" ", sender="", to=back)
    assert (await states(shop))[message_id] == ("failed", "returned by the receiving side (5.1.1)")
    async with shop.database.transaction() as connection:
        failed = await read_events(connection, after=0, until=10**9, limit=10, names=["message.failed"])
        await take_failed(connection, failed)
    after = await conversation(shop, found.id)
    assert (after.with_staff, after.handover_reason) == (True, "not_delivered")
    assert after.last_channel_id == EMAIL


@pytest.mark.finding("messages-6")
@pytest.mark.parametrize("form", ["qmail", "exim", "envelope id", "late"])
async def test_reports_in_servers_own_words_are_believed_by_their_seal(
    shop: Context, listener: MailListener, form: str
) -> None:
    """The seal comes back as the address, in the original's headers, or as the envelope id."""
    message_id = (await queued_mail(shop, await customer(shop), address="ann@customer.example")).message_id
    async with shop.database.transaction() as connection:
        await connection.execute("UPDATE messages SET state = 'sent' WHERE id = %s", [message_id])
    sealed = sealed_id(shop.vault, message_id)
    gone = (
        "Hi. This is the qmail-send program at mx.\r\n\r\n<ann@customer.example>:\r\nNo mailbox. (#5.1.1)\r\n"
    )
    original = f"Message-ID: <{message_id}@safar.example>\r\nX-Safar-Seal: {sealed}\r\n"
    status = f"Original-Envelope-Id: {sealed}\r\n\r\nFinal-Recipient: rfc822; ann@customer.example\r\n"
    report = "Content-Type: message/delivery-status\r\n\r\n"
    bodies = {
        "qmail": f"\r\n{gone}",
        "exim": f"X-Failed-Recipients: ann@customer.example\r\n\r\n550 5.1.1 unknown\r\n\r\n{original}",
        "envelope id": f"{report}{status}Action: failed\r\nStatus: 5.1.1\r\n",
        "late": f"{report}{status}Action: delayed\r\nStatus: 4.4.1\r\n",
    }
    head = "From: MAILER-DAEMON@mx.customer.example\r\nSubject: failure notice\r\n"
    to = (
        return_path(shop.vault, message_id, shop.settings.mail_from)
        if form == "qmail"
        else "shop@safar.example"
    )
    await send(listener, (head + bodies[form]).encode(), sender="", to=to)
    ended = ("sent", None) if form == "late" else ("failed", "returned by the receiving side (5.1.1)")
    assert (await states(shop))[message_id] == ended
    assert await conversations(shop) == [], "a report opens no conversation"
    async with shop.database.connection() as connection:
        assert await unread_envelopes(connection) == []


async def test_files_and_the_page_of_a_mail_are_kept_with_its_message_once(
    shop: Context, listener: MailListener
) -> None:
    case = next(case for case in CASES if case.name == "parts an inline picture of a page")
    for before in (b"", b"Received: by another way\r\n"):
        await send(listener, before + b"Message-ID: <picture@example.com>\r\n" + case.raw)
    async with shop.database.connection() as connection:
        cursor = await connection.execute("SELECT id FROM messages WHERE direction = 'in'")
        ((message_id,),) = await cursor.fetchall()
        parts = (await parts_of(connection, [message_id]))[message_id]
        assert [(part.kind, part.name, part.state) for part in parts] == [
            ("page", "", "stored"),
            ("image", "crack.png", "stored"),
        ]
        assert "cid:a1" in (await html_of_mail(connection, message_id) or "")
        assert (await pictures_of_mail(connection, message_id))["a1"].startswith(b"\x89PNG")


@pytest.mark.finding("messages-5")
@pytest.mark.parametrize(
    "headers",
    [
        {"List_Id": "<help.example.com>", "Precedence": "list"},
        {"X_Google_Group_Id": "1"},
        {"Precedence": "list"},
    ],
)
async def test_who_writes_through_a_group_waits_for_people_and_gets_no_machines_answer(
    shop: Context, listener: MailListener, headers: dict[str, str]
) -> None:
    await send(listener, written("Hello", **headers))
    (found,) = await conversations(shop)
    assert (found.state, found.with_staff, found.handover_reason) == ("open", True, "through_list")
    assert found.waiting_since is not None
    await answer_all(shop)
    assert await states(shop) == {
        id_: ("received", None)
        for id_, (state, _reason) in (await states(shop)).items()
        if state == "received"
    }
    async with shop.database.transaction() as connection:
        await close_conversation(connection, found.id, staff_id=new_id())
    await send(listener, written("Again", **headers))
    assert (await conversation(shop, found.id)).with_staff


@pytest.mark.finding("messages-9")
async def test_other_words_under_a_used_message_id_are_another_message(
    shop: Context, listener: MailListener
) -> None:
    for text in ("My kettle leaks water.", "It has now caught fire.", "My kettle leaks water."):
        await send(listener, written(text, message_id="<same@example.com>"))
    assert [fact[0] for fact in await facts(shop)] == ["My kettle leaks water.", "It has now caught fire."]


@pytest.mark.finding("messages-2")
async def test_with_few_words_in_it_a_mail_asks_what_its_subject_asks(
    shop: Context, listener: MailListener
) -> None:
    await send(listener, written("Hi\n\nSent from my iPhone", subject="URGENT: cancel my order now"))
    await answer_all(shop)
    (found,) = await conversations(shop)
    assert found.with_staff
    assert found.waiting_since is not None
    assert not await events(shop, "answer.given")


@pytest.mark.finding("messages-2")
async def test_what_is_folded_is_kept_and_the_mail_as_it_came_too(
    shop: Context, listener: MailListener
) -> None:
    raw = written("Thanks, ring first.\n\nOn 30 Nov 2026, Shop <shop@safar.example> wrote:\n> Where to?")
    await send(listener, raw, "ana@example.com")
    (found,) = await conversations(shop)
    async with shop.database.connection() as connection:
        (message,) = (await thread_of(connection, found.id)).messages
        assert message.envelope_id is not None
        kept = await envelope(connection, message.envelope_id)
    assert message.body == "Thanks, ring first."
    assert message.folded.endswith("> Where to?")
    assert kept is not None
    assert b"Where to?" in kept
    async with shop.database.transaction() as connection:
        await connection.execute("DELETE FROM channel_envelopes")
    async with shop.database.connection() as connection:
        (message,) = (await thread_of(connection, found.id)).messages
    assert message.envelope_id is None, "no link to what is no longer kept"


@pytest.mark.finding("security-9")
async def test_mails_larger_together_than_one_statement_are_kept(shop: Context) -> None:
    mails = [(new_id(), bytes([number]) * 4_000_000, None) for number in range(12)]
    async with shop.database.transaction() as connection:
        await keep_envelopes(connection, mails)
        assert await envelope(connection, mails[11][0]) == mails[11][1]


async def answer_all(shop: Context) -> None:
    """Let the bot take what has been received."""
    async with shop.database.transaction() as connection:
        found = await read_events(connection, after=0, until=10**9, limit=100, names=["message.received"])
        await Bot(shop.settings).take(connection, found)
