"""The outbox: every mail ends as sent, failed or skipped, once, whatever the server and the process do."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from safar.channels import outbox as outbox_module
from safar.channels.actions import (
    end_attempts_many,
    queue_many,
    retry_message,
    skip_many,
    take_due_mail,
    troubles,
)
from safar.channels.compose import compose
from safar.channels.decide import TRIES_MAX, refused_attempt
from safar.channels.model import WEB, Due, Outgoing
from safar.channels.outbox import Outbox
from safar.channels.smtp import SmtpServer
from safar.kernel import clock
from safar.kernel.context import Context
from safar.kernel.ids import new_id
from safar.kernel.ports import reserve_port
from safar.settings import Settings
from tests.stage.channels import customer, events, mail, states
from tests.stage.mailbox import Mailbox

START = datetime(2026, 11, 21, 9, tzinfo=UTC)


async def drain(outbox: Outbox) -> None:
    while await outbox.step():
        pass


async def test_a_queued_mail_is_really_sent_with_its_id_and_both_forms(
    mailing: Context, box: Mailbox
) -> None:
    ana, page = await customer(mailing), mailing.settings.public_url.rstrip("/") + "/p?a=1"
    sent = await mail(
        mailing,
        ana,
        body=f"سلام <b>آنا</b>\n\n{page}&b=2\n\nhttps://other.example/p",
        language="fa",
        in_reply_to="<q1@example.com>",
        unsubscribe_url="https://shop.example/u/x",
    )
    await drain(Outbox(mailing))
    assert (await states(mailing))[sent.message_id] == ("sent", None)
    arrived = box.messages[0]
    assert arrived["Message-ID"] == f"<{sent.message_id}@safar.example>"
    assert arrived["In-Reply-To"] == "<q1@example.com>"
    assert arrived["Auto-Submitted"] == "auto-replied"
    assert arrived["List-Unsubscribe"] == "<https://shop.example/u/x>"
    plain, html = arrived.get_body(("plain",)), arrived.get_body(("html",))
    assert plain is not None
    assert html is not None
    assert "سلام <b>آنا</b>" in plain.get_content()
    assert 'dir="rtl"' in html.get_content()
    assert "&lt;b&gt;" in html.get_content()
    assert f'href="{page}&amp;b=2"' in html.get_content()
    assert "https://other.example/p" in html.get_content()
    assert html.get_content().count("href=") == 2, "this mail links only to the shop's own pages"
    assert 'href="https://shop.example/u/x"' in html.get_content(), "and to the way out of such mails"
    assert arrived["Content-Language"] == "fa"
    told = await events(mailing, "message.queued", "message.sent")
    assert [event["name"] for event in told] == ["message.queued", "message.sent"]
    assert told[1]["message_id"] == str(sent.message_id)


async def test_the_same_message_id_is_one_mail(mailing: Context, box: Mailbox) -> None:
    ana = await customer(mailing)
    sent = await mail(mailing, ana)
    async with mailing.database.transaction() as connection:
        await queue_many(connection, [sent, sent])
    await drain(Outbox(mailing))
    assert len(box.mails) == 1
    assert len(await events(mailing, "message.queued")) == 1


async def test_a_mail_of_a_rolled_back_transaction_is_never_sent(mailing: Context, box: Mailbox) -> None:
    ana = await customer(mailing)
    wanted = await mail(mailing, ana)

    async def change_our_mind() -> None:
        async with mailing.database.transaction() as connection:
            await queue_many(connection, [replace(wanted, message_id=new_id())])
            raise RuntimeError("changed our mind")

    with pytest.raises(RuntimeError):
        await change_our_mind()
    await drain(Outbox(mailing))
    assert len(box.mails) == 1


async def test_many_mails_go_out_over_few_connections(mailing: Context, box: Mailbox) -> None:
    ana = await customer(mailing)
    template = await mail(mailing, ana)
    async with mailing.database.transaction() as connection:
        await queue_many(connection, [replace(template, message_id=new_id()) for _n in range(199)])
    await drain(Outbox(mailing))
    assert len(box.mails) == 200
    assert {state for state, _reason in (await states(mailing)).values()} == {"sent"}
    assert box.connections <= 4


async def test_two_dispatchers_send_each_mail_once(mailing: Context, box: Mailbox) -> None:
    ana = await customer(mailing)
    template = await mail(mailing, ana)
    async with mailing.database.transaction() as connection:
        await queue_many(connection, [replace(template, message_id=new_id()) for _n in range(99)])
    await asyncio.gather(drain(Outbox(mailing)), drain(Outbox(mailing)))
    ids = [message["Message-ID"] for message in box.messages]
    assert len(ids) == len(set(ids)) == 100


async def test_replies_go_before_campaign_mails(mailing: Context, box: Mailbox) -> None:
    ana = await customer(mailing)
    template = await mail(mailing, ana, author="campaign")
    async with mailing.database.transaction() as connection:
        await queue_many(connection, [replace(template, message_id=new_id()) for _n in range(150)])
    answer = await mail(mailing, ana, author="staff", subject="Your answer")
    await Outbox(mailing).step()
    assert (await states(mailing))[answer.message_id][0] == "sent"
    assert len(box.mails) < 151


async def test_a_permanent_refusal_fails_with_the_servers_reason(mailing: Context, box: Mailbox) -> None:
    async def answer(address: str) -> str | None:
        return "550 5.1.1 No such user here" if address.startswith("gone") else None

    box.answer = answer
    ana = await customer(mailing)
    gone = await mail(mailing, ana, address="gone@example.com", conversation_id=new_id())
    fine = await mail(mailing, ana)
    await drain(Outbox(mailing))
    found = await states(mailing)
    assert found[gone.message_id] == ("failed", "550 5.1.1 No such user here")
    assert found[fine.message_id][0] == "sent"
    failed = (await events(mailing, "message.failed"))[0]
    assert failed["reason"] == "smtp_550"
    assert failed["subject_id"] == gone.conversation_id
    assert "gone@" not in str(failed)
    async with mailing.database.transaction() as connection:
        assert await retry_message(connection, gone.message_id, staff_id=new_id())
    box.answer = None
    await drain(Outbox(mailing))
    assert (await states(mailing))[gone.message_id] == ("sent", None)


async def test_a_temporary_refusal_is_tried_again_with_growing_pauses_up_to_a_limit(
    mailing: Context, box: Mailbox
) -> None:
    async def busy(_address: str) -> str | None:
        return "451 4.7.1 Greylisted"

    box.answer = busy
    with clock.held(START) as held:
        late = await mail(mailing, await customer(mailing))
        outbox = Outbox(mailing)
        pauses = []
        for _try in range(TRIES_MAX):
            assert (await states(mailing))[late.message_id][0] == "queued"
            await outbox.step()
            before = held.now()
            async with mailing.database.connection() as connection:
                cursor = await connection.execute("SELECT next_try_at FROM messages")
                found = await cursor.fetchone()
            assert found is not None
            pauses.append((found[0] - before).total_seconds())
            held.advance(seconds=max(pauses[-1], 1))
        assert pauses[:4] == [5, 10, 20, 40]
        assert max(pauses[:-1]) == 1800
        state, reason = (await states(mailing))[late.message_id]
        assert state == "failed"
        assert reason == f"given up after {TRIES_MAX} attempts: 451 4.7.1 Greylisted"


async def test_a_temporary_refusal_then_success_is_one_mail(mailing: Context, box: Mailbox) -> None:
    tries = 0

    async def once_busy(_address: str) -> str | None:
        nonlocal tries
        tries += 1
        return "421 4.3.2 Come again" if tries == 1 else None

    box.answer = once_busy
    with clock.held(START) as held:
        late = await mail(mailing, await customer(mailing))
        outbox = Outbox(mailing)
        await outbox.step()
        await outbox.step()
        assert (await states(mailing))[late.message_id] == ("queued", "421 4.3.2 Come again")
        held.advance(seconds=5)
        await outbox.step()
    assert (await states(mailing))[late.message_id] == ("sent", None)
    assert len(box.mails) == 1


async def test_a_server_that_hangs_is_given_up_in_time_and_tried_again(
    mailing: Context, box: Mailbox
) -> None:
    hanging = asyncio.Event()

    async def hang(_address: str) -> str | None:
        await hanging.wait()
        return None

    box.answer = hang
    slow = await mail(mailing, await customer(mailing))
    hurried = replace(mailing, settings=mailing.settings.model_copy(update={"smtp_timeout_s": 0.5}))
    await Outbox(hurried).step()
    state, reason = (await states(mailing))[slow.message_id]
    assert (state, reason) == ("queued", "the mail server did not answer in time")
    hanging.set()


async def test_a_server_that_is_away_loses_nothing_blames_no_mail_and_is_shown(mailing: Context) -> None:
    nowhere = {"smtp_url": f"smtp://127.0.0.1:{reserve_port()}"}
    away = replace(mailing, settings=mailing.settings.model_copy(update=nowhere))
    waiting = await mail(mailing, await customer(mailing))
    outbox = Outbox(away)
    await outbox.step()
    await outbox.step()
    assert (await states(mailing))[waiting.message_id] == ("queued", "the mail server cannot be reached")
    async with mailing.database.connection() as connection:
        assert [trouble.kind for trouble in await troubles(connection)] == ["email"]
        cursor = await connection.execute("SELECT tries FROM messages")
        assert await cursor.fetchone() == (0,)
    await Outbox(mailing).step()
    async with mailing.database.connection() as connection:
        assert await troubles(connection) == []
    assert (await states(mailing))[waiting.message_id] == ("sent", None)


async def test_a_dispatcher_that_dies_after_sending_sends_again_under_the_same_id(
    mailing: Context, box: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one moment that no order of steps removes; the same Message-ID lets receivers drop the copy."""

    class Died(psycopg.OperationalError):
        """No connection any more: an error of the mail's own would set the mail aside."""

    async def die(*_args: object) -> None:
        raise Died

    with clock.held(START) as held:
        sent = await mail(mailing, await customer(mailing))
        dying = Outbox(mailing)
        with monkeypatch.context() as patched:
            patched.setattr("safar.channels.outbox.end_attempts_many", die)
            with pytest.raises(Died):
                await dying.step()
        assert (await states(mailing))[sent.message_id][0] == "sending"
        fresh = Outbox(mailing)
        await fresh.step()
        assert len(box.mails) == 1, "not before its lease is over"
        held.advance(seconds=fresh.lease_s + 1)
        await fresh.step()
    assert (await states(mailing))[sent.message_id][0] == "sent"
    assert len({message["Message-ID"] for message in box.messages}) == 1
    assert len(await events(mailing, "message.sent")) == 1


async def test_a_database_that_is_away_after_sending_does_not_double_the_mail(
    mailing: Context, box: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = await mail(mailing, await customer(mailing))
    outbox = Outbox(mailing)
    calls = 0

    async def fail_once(*arguments: object) -> None:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise psycopg.OperationalError("gone")
        await end_attempts_many(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr("safar.channels.outbox.end_attempts_many", fail_once)
    with pytest.raises(psycopg.OperationalError, match="gone"):
        await outbox.step()
    await outbox.step()
    assert (await states(mailing))[sent.message_id][0] == "sent"
    assert len(box.mails) == 1


async def test_a_worker_that_is_stopped_writes_down_what_it_has_sent(mailing: Context, box: Mailbox) -> None:
    reached, go_on = asyncio.Event(), asyncio.Event()

    async def slowly(_address: str) -> str | None:
        reached.set()
        await go_on.wait()
        return None

    box.answer = slowly
    sent = await mail(mailing, await customer(mailing))
    step = asyncio.create_task(Outbox(mailing).step())
    await reached.wait()
    step.cancel()
    asyncio.get_running_loop().call_later(0.05, go_on.set)
    with pytest.raises(asyncio.CancelledError):
        await step
    assert (await states(mailing))[sent.message_id][0] == "sent"


async def test_a_late_report_of_failure_does_not_undo_a_success(mailing: Context) -> None:
    sent = await mail(mailing, await customer(mailing))
    outbox = Outbox(mailing)
    async with mailing.database.transaction() as connection:
        taken: list[Due] = await take_due_mail(connection, limit=10, lease_s=0)
    await outbox.step()
    async with mailing.database.transaction() as connection:
        await end_attempts_many(connection, [refused_attempt(sent.message_id, taken[0].tries, 550, "late")])
    assert (await states(mailing))[sent.message_id][0] == "sent"


async def test_skipping_takes_only_what_is_still_queued(mailing: Context, box: Mailbox) -> None:
    ana = await customer(mailing)
    first = await mail(mailing, ana)
    await drain(Outbox(mailing))
    second = await mail(mailing, ana)
    async with mailing.database.transaction() as connection:
        skipped = await skip_many(connection, [first.message_id, second.message_id], "sold_out")
    assert skipped == [second.message_id]
    await drain(Outbox(mailing))
    assert len(box.mails) == 1
    assert (await events(mailing, "message.skipped"))[0]["reason"] == "sold_out"


@pytest.mark.parametrize(
    ("address", "subject"),
    [("no at sign", "x"), ("a@b\r\nBcc: all@example.com", "x"), ("\u202eevil@exämple.com", "x")],
)
async def test_an_address_that_cannot_be_one_fails_and_holds_up_nobody(
    mailing: Context, box: Mailbox, address: str, subject: str
) -> None:
    ana = await customer(mailing)
    bad = await mail(mailing, ana, address=address, subject=subject)
    fine = await mail(mailing, ana, subject="two\r\nBcc: all@example.com")
    await drain(Outbox(mailing))
    found = await states(mailing)
    assert found[fine.message_id][0] == "sent"
    assert found[bad.message_id][0] in ("failed", "sent")
    assert all(message["Bcc"] is None for message in box.messages)


async def test_a_web_message_is_sent_by_being_written(mailing: Context) -> None:
    ana = await customer(mailing)
    visitor, conversation = new_id(), new_id()
    said = Outgoing(
        message_id=new_id(),
        channel_id=WEB,
        author="bot",
        customer_id=ana,
        conversation_id=conversation,
        address=str(visitor),
        body="Yes",
        language="en",
        at=START,
        waiting_since=START - timedelta(seconds=3),
    )
    async with mailing.database.transaction() as connection:
        await queue_many(connection, [said])
    told = (await events(mailing, "message.sent", "message.queued"))[0]
    assert (told["name"], told["channel"], told["waited_s"]) == ("message.sent", "web", 3.0)
    assert told["subject_id"] == conversation
    assert told["visitor_id"] == str(visitor)


def test_the_password_of_the_mail_server_is_in_no_representation() -> None:
    server = SmtpServer.of(Settings(smtp_url="smtp+starttls://us%40er:s3cr%21t@mail.example"))
    assert (server.username, server.password, server.port) == ("us@er", "s3cr!t", 587)
    assert "s3cr" not in repr(server)


@pytest.mark.finding("security-24")
async def test_a_mail_that_breaks_the_writer_of_mails_holds_up_no_other(
    mailing: Context, box: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = await customer(mailing)
    poisoned, sound = await mail(mailing, ana), await mail(mailing, ana)

    def write(message: Due, **settings: Any) -> Any:
        if message.id == poisoned.message_id:
            raise RecursionError("whatever nobody thought of")
        return compose(message, **settings)

    monkeypatch.setattr(outbox_module, "compose", write)
    await Outbox(mailing).step()
    found = await states(mailing)
    assert found[sound.message_id] == ("sent", None)
    assert found[poisoned.message_id] == ("failed", "this mail cannot be written: RecursionError")


@pytest.mark.finding("security-13")
async def test_one_address_gets_so_many_mails_in_an_hour_and_the_rest_says_why_it_was_skipped(
    mailing: Context, box: Mailbox
) -> None:
    changed = mailing.settings.model_copy(update={"mails_per_address_hour": 3})
    limited, ana = replace(mailing, settings=changed), await customer(mailing)
    with clock.held(clock.now()) as held:
        outbox = Outbox(limited)
        first = [await mail(limited, ana, author="shop") for _mail in range(2)]
        await outbox.step()
        rest = [await mail(limited, ana, author=author) for author in ("bot", "shop", "bot")]
        other = [
            await mail(limited, ana, author="shop", address="bo@example.com"),
            await mail(limited, ana, author="staff"),
        ]
        await outbox.step()
        found = await states(limited)
        assert [found[one.message_id][0] for one in (*first, *rest, *other)] == [
            "sent",
            "sent",
            "sent",
            "skipped",
            "skipped",
            "sent",
            "sent",
        ]
        why = "skipped: more than 3 mails in an hour to this address"
        assert found[rest[1].message_id][1] == why
        assert [event["reason"] for event in await events(limited, "message.skipped")] == [
            "address_limit"
        ] * 2
        held.advance(seconds=3700)
        later = await mail(limited, ana, author="shop")
        await outbox.step()
        assert (await states(limited))[later.message_id][0] == "sent"
