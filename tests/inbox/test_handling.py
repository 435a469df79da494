"""What staff do with conversations besides answering: put off, sort, label, mark as spam, several at once."""

import re
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from safar.inbox import handling
from safar.inbox.actions import hand_over
from safar.inbox.decide_handling import snooze_end
from safar.inbox.errors import ClosedConversation, NoConversation
from safar.inbox.folders import View, folder_page
from safar.inbox.model import Conversation
from safar.kernel import clock
from safar.kernel.context import Context
from safar.kernel.ids import new_id
from tests.stage.channels import events
from tests.stage.inbox import conversation, mail, receive, web
from tests.stage.people import signed_in, staff_member

NOW = datetime(2026, 11, 25, 10, tzinfo=UTC)  # a Wednesday


async def begun(context: Context, count: int = 1) -> list[UUID]:
    return [(await receive(context, web("Hello")))[0].conversation_id for _number in range(count)]


async def in_folder(context: Context, folder: str, **more: object) -> list[UUID]:
    async with context.database.connection() as connection:
        found = await folder_page(connection, View(folder, **more))  # type: ignore[arg-type]  # of a test
    return [line.id for line in found.lines]


@pytest.mark.parametrize(
    ("choice", "zone", "expected"),
    [
        ("later", "UTC", "2026-11-25T13:00:00+00:00"),
        ("tomorrow", "Europe/Lisbon", "2026-11-26T09:00:00+00:00"),
        ("tomorrow", "Asia/Tehran", "2026-11-26T09:00:00+03:30"),
        ("monday", "America/Sao_Paulo", "2026-11-30T09:00:00-03:00"),
        ("answer", "UTC", None),
    ],
)
def test_when_a_conversation_is_back(choice: str, zone: str, expected: str | None) -> None:
    back = snooze_end(choice, NOW, zone)
    assert back == (datetime.fromisoformat(expected) if expected else None)


async def test_what_is_put_off_is_out_of_sight_until_its_time(shop: Context) -> None:
    with clock.held(NOW) as held:
        (id_,) = await begun(shop)
        async with shop.database.transaction() as connection:
            await handling.snooze_many(connection, [id_], NOW + timedelta(hours=1), staff_id=new_id())
        assert (await in_folder(shop, "open"), await in_folder(shop, "snoozed")) == ([], [id_])
        assert await handling.wake_due(shop.database) == 0
        held.advance(seconds=3600)
        assert await handling.wake_due(shop.database) == 1
        assert (await in_folder(shop, "open"), await in_folder(shop, "snoozed")) == ([id_], [])


async def test_an_answer_brings_back_what_was_put_off_and_a_machine_does_not(shop: Context) -> None:
    (receipt,) = await receive(shop, mail("Where is it?"))
    id_ = receipt.conversation_id
    async with shop.database.transaction() as connection:
        await handling.snooze_many(connection, [id_], None, staff_id=new_id())
    await receive(shop, mail("Out of office", automatic=True))
    assert (await conversation(shop, id_)).snoozed
    await receive(shop, mail("I have it now"))
    found = await conversation(shop, id_)
    assert (found.snoozed, found.snoozed_until) == (False, None)


async def test_spam_stays_closed_and_no_bot_hears_it(shop: Context) -> None:
    visitor = new_id()
    (receipt,) = await receive(shop, web("Cheap watches", visitor=visitor))
    id_ = receipt.conversation_id
    async with shop.database.transaction() as connection:
        await hand_over(connection, id_, "unsure")
        await handling.mark_spam_many(connection, [id_], spam=True, staff_id=new_id())
    await receive(shop, web("Cheaper watches", visitor=visitor))
    found = await conversation(shop, id_)
    assert (found.state, found.waiting_since, found.with_staff) == ("closed", None, False)
    assert (await events(shop, "message.received"))[-1]["automatic"] is True, "the bot takes no such message"
    assert (await in_folder(shop, "spam"), await in_folder(shop, "closed")) == ([id_], [])
    async with shop.database.transaction() as connection:
        await handling.mark_spam_many(connection, [id_], spam=False, staff_id=new_id())
    await receive(shop, web("I am a customer", visitor=visitor))
    assert (await conversation(shop, id_)).state == "open"


async def test_what_one_refuses_undoes_nothing_of_the_others(shop: Context) -> None:
    first, second = await begun(shop, 2)
    async with shop.database.transaction() as connection:
        await handling.close_conversations(connection, [first], staff_id=new_id())
        outcomes = await handling.snooze_many(connection, [first, second, new_id()], None, staff_id=new_id())
    assert [type(outcome) for outcome in outcomes] == [ClosedConversation, Conversation, NoConversation]
    assert (await conversation(shop, second)).snoozed


async def test_labels_and_priorities_find_conversations_and_are_counted(shop: Context) -> None:
    first, second = await begun(shop, 2)
    async with shop.database.transaction() as connection:
        assert await handling.add_label(connection, "Wholesale", "info", staff_id=new_id())
        assert not await handling.add_label(connection, "Wholesale", "bad", staff_id=new_id())
        (label,) = await handling.labels(connection)
        await handling.label_many(connection, [first], put=[label.id], staff_id=new_id())
        await handling.label_many(connection, [first], put=[label.id], staff_id=new_id())
        await handling.prioritise_many(connection, [second], "urgent", staff_id=new_id())
    assert len(await events(shop, "conversation.labelled")) == 1
    assert await in_folder(shop, "open", label_id=label.id) == [first]
    assert await in_folder(shop, "open", priority="urgent") == [second]
    async with shop.database.connection() as connection:
        found = await folder_page(connection, View("open"))
    assert [(one.name, one.count) for one in found.labels] == [("Wholesale", 1)]
    assert (found.counts["open"], found.counts["urgent"]) == (2, 1)


async def test_several_are_done_at_once_and_what_was_left_is_told(shop: Context, console: str) -> None:
    first, second, third = await begun(shop, 3)
    colleague = await staff_member(shop, name="Omid")
    async with await signed_in(shop, console) as client:
        ticked = [str(first), str(second)]
        await client.post("/inbox/bulk", data={"id": ticked, "deed": f"assign {colleague.id}"})
        assert {(await conversation(shop, id_)).assigned_to for id_ in (first, second)} == {colleague.id}
        await client.post("/inbox/bulk", data={"id": ticked, "deed": "close"})
        assert await in_folder(shop, "open") == [third]
        done = await client.post(
            "/inbox/bulk",
            data={"id": [str(first), str(third)], "deed": "snooze answer"},
            follow_redirects=True,
        )
        assert "1 conversation done. 1 left as it was. This conversation is closed." in done.text
        assert (await client.post("/inbox/bulk", data={"deed": "close"})).status_code == 422
        assert (await client.post("/inbox/bulk", data={"id": ticked, "deed": "shred"})).status_code == 422


async def test_the_forms_beside_a_conversation_do_what_they_say(shop: Context, console: str) -> None:
    (id_,) = await begun(shop)
    async with await signed_in(shop, console) as client:
        await client.post("/inbox/labels", data={"name": "Gift", "tone": "good"})
        page = await client.get(f"/inbox/{id_}")
        (label,) = set(re.findall(r'name="(label-[0-9a-f-]+)"', page.text))
        await client.post(f"/inbox/{id_}/handling", data={"priority": "high", label: "1"})
        page = await client.get(f"/inbox/{id_}")
        assert re.search(rf'name="{label}" value="1" checked', page.text)
        assert (await conversation(shop, id_)).priority == "high"
        past = await client.post(f"/inbox/{id_}/snooze", data={"day": "2020-01-01"})
        assert past.status_code == 422
        await client.post(f"/inbox/{id_}/snooze", data={"until": "tomorrow"})
        assert (await conversation(shop, id_)).snoozed_until is not None
        await client.post(f"/inbox/{id_}/waking")
        assert not (await conversation(shop, id_)).snoozed
        await client.post(f"/inbox/{id_}/spam", data={"spam": "1"})
        assert (await conversation(shop, id_)).spam
        await client.post(f"/inbox/labels/{label.removeprefix('label-')}/removal")
        assert "<bdi>Gift<" not in (await client.get("/inbox/labels")).text
