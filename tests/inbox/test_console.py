"""The inbox of the console over real HTTP: folders, replies, colleagues, live."""

import asyncio
import re
from datetime import UTC, datetime
from uuid import UUID

import httpx
import pytest

from safar.channels.model import EMAIL
from safar.inbox.actions import close_conversation, hand_over, reply
from safar.inbox.folders import PAGE, View, folder_page
from safar.kernel import clock
from safar.kernel.context import Context
from safar.kernel.ids import new_id
from safar.kernel.keyset import key_moment, parse_page_key
from tests.stage.channels import events, states
from tests.stage.inbox import compose, conversation, mail, receive, stream
from tests.stage.people import signed_in, staff_member

START = datetime(2026, 11, 21, 9, tzinfo=UTC)


def shown(html: str) -> list[str]:
    """Return the conversations of a list, in order."""
    return re.findall(r'id="c-([0-9a-f-]{36})"', html)


async def names(client: httpx.AsyncClient, query: str) -> list[str]:
    page = await client.get(f"/inbox?{query}")
    assert page.status_code == 200
    return re.findall(r"<bdi>(\w+)</bdi></a>", page.text)


async def test_strangers_see_nothing(console: str) -> None:
    async with httpx.AsyncClient(base_url=console) as client:
        assert (await client.get("/inbox")).status_code == 303
        assert (await client.get("/inbox/stream", headers={"accept": "text/event-stream"})).status_code == 401
        assert (await client.post(f"/inbox/{new_id()}/closure")).status_code in (303, 401)


async def test_each_folder_shows_what_it_is_for(shop: Context, console: str) -> None:
    with clock.held(START) as held:
        ids = {}
        for name in ("Ana", "Babak", "Chandra", "Dora"):
            held.advance(seconds=10)
            (receipt,) = await receive(shop, mail("Hello", address=f"{name}@example.com", name=name))
            ids[name] = receipt.conversation_id
        async with shop.database.transaction() as connection:
            await hand_over(connection, ids["Babak"], "asks_for_person")
            await hand_over(connection, ids["Ana"], "unsure")
            await close_conversation(connection, ids["Dora"], staff_id=new_id())
    async with await signed_in(shop, console) as client:
        await client.post(f"/inbox/{ids['Chandra']}/assignee", data={"to": "me"})
        assert await names(client, "") == ["Chandra", "Babak", "Ana"]
        assert await names(client, "folder=mine") == ["Chandra"]
        assert await names(client, "folder=unassigned") == ["Babak", "Ana"]
        assert await names(client, "folder=waiting") == ["Ana", "Babak", "Chandra"]
        assert await names(client, "folder=closed") == ["Dora"]
        assert await names(client, "q=BABAK@exam") == ["Babak"]
        assert await names(client, "q=%25") == []
    async with await signed_in(shop, console) as other:
        assert await names(other, "folder=mine") == []


async def test_pages_follow_each_other_without_gap_or_repeat(shop: Context) -> None:
    total = PAGE * 2 + 5
    with clock.held(START) as held:
        for number in range(total):
            held.advance(seconds=number % 2)  # some at the same moment
            await receive(shop, mail("Hello", address=f"c{number}@example.com"))
    seen = []
    view: View | None = View("open")
    while view is not None:
        async with shop.database.connection() as connection:
            found = await folder_page(connection, view)
        seen += [line.id for line in found.lines]
        view = View("open", after=parse_page_key(found.older, key_moment, UUID)) if found.older else None
    assert len(seen) == len(set(seen)) == total


async def test_a_reply_by_form_is_sent_once_and_ends_the_waiting(shop: Context, console: str) -> None:
    (receipt,) = await receive(shop, mail("Where is it?"))
    id_ = receipt.conversation_id
    async with await signed_in(shop, console, "agent", "Sara") as client:
        form = await compose(client, id_) | {"text": "On its way", "to": f"{EMAIL} ana@example.com"}
        sent = await asyncio.gather(*(client.post(f"/inbox/{id_}/messages", data=form) for _n in range(3)))
        assert {answer.status_code for answer in sent} == {303}
        page = await client.get(f"/inbox/{id_}")
    assert page.text.count("On its way") == 2, "in the thread and in the list"
    assert "queued" in page.text
    assert [state for state, _reason in (await states(shop)).values()].count("queued") == 1
    found = await conversation(shop, id_)
    assert (found.waiting_since, found.with_staff) == (None, True)
    queued = (await events(shop, "message.queued"))[0]
    assert queued["author"] == "staff"


async def test_a_colleagues_reply_is_pointed_out_before_mine_goes(shop: Context, console: str) -> None:
    (receipt,) = await receive(shop, mail("Hello"))
    id_ = receipt.conversation_id
    colleague = await staff_member(shop, name="Omid")
    async with await signed_in(shop, console, "agent", "Sara") as client:
        form = await compose(client, id_) | {"text": "My words", "to": f"{EMAIL} ana@example.com"}
        async with shop.database.transaction() as connection:
            await reply(
                connection, id_, "His words", author="staff", message_id=new_id(), staff_id=colleague.id
            )
        held_back = await client.post(f"/inbox/{id_}/messages", data=form)
        assert held_back.status_code == 409
        assert "A colleague has replied" in held_back.text
        assert "His words" in held_back.text
        assert "My words</textarea>" in held_back.text
        again = dict(re.findall(r'<input type="hidden" name="(id|seen_at)" value="([^"]+)"', held_back.text))
        sent = await client.post(f"/inbox/{id_}/messages", data=again | {"text": "My words"})
        assert sent.status_code == 303
    assert len(await states(shop)) == 3


async def test_hostile_names_and_words_stay_text(shop: Context, console: str) -> None:
    hostile = '"><script>alert(1)</script>'
    (receipt,) = await receive(shop, mail(hostile, name=hostile, subject=hostile))
    async with await signed_in(shop, console) as client:
        for path in ("/inbox", f"/inbox/{receipt.conversation_id}", f"/inbox?q={hostile}"):
            page = await client.get(path)
            assert page.status_code == 200
            assert "<script>alert" not in page.text


@pytest.mark.parametrize("path", ["/inbox/nonsense", "/inbox/01a200f0-9c5b-7776-93db-f4e1e66aa0d4"])
async def test_what_is_not_there_is_not_found(shop: Context, console: str, path: str) -> None:
    async with await signed_in(shop, console) as client:
        assert (await client.get(path)).status_code == 404
        assert (await client.post(f"{path}/closure")).status_code == 404


async def test_staff_acts_are_in_the_audit_log(shop: Context, console: str) -> None:
    (receipt,) = await receive(shop, mail("Hello"))
    async with await signed_in(shop, console) as client:
        for act in ("assignee", "closure", "reopening"):
            answer = await client.post(f"/inbox/{receipt.conversation_id}/{act}", data={"to": "me"})
            assert answer.status_code == 303
    async with shop.database.connection() as connection:
        found = await connection.execute(
            "SELECT name FROM journal_events WHERE staff_id IS NOT NULL ORDER BY id"
        )
        named = [name for (name,) in await found.fetchall()]
    assert named == ["conversation.assigned", "conversation.closed", "conversation.reopened"]


async def test_stale_list_and_events_make_the_fresh_list(shop: Context, console: str) -> None:
    """Whatever happens, the last update of a stream is what a reload would show."""
    receipts = await receive(shop, *(mail("Hello", address=f"c{n}@example.com") for n in range(4)))
    ids = [receipt.conversation_id for receipt in receipts]
    async with await signed_in(shop, console) as client:

        async def fresh() -> list[str]:
            return shown((await client.get("/inbox")).text)

        async with stream(client, "/inbox/stream?folder=open") as live:
            stale, _id = await live.next("threads")
            assert shown(stale) == await fresh()
            for change in (
                lambda: receive(shop, mail("Me again", address="c0@example.com")),
                lambda: receive(shop, mail("New here", address="new@example.com")),
                lambda: client.post(f"/inbox/{ids[2]}/closure"),
                lambda: client.post(f"/inbox/{ids[3]}/assignee", data={"to": "me"}),
            ):
                await change()
                data, _id = await live.next("threads")
                while shown(data) != await fresh():  # one change may be told in two updates
                    data, _id = await live.next("threads")
        await receive(shop, mail("While you were away", address="away@example.com"))
        async with stream(client, "/inbox/stream?folder=open") as live:
            data, _id = await live.next("threads")
            assert shown(data) == await fresh()
            assert len(shown(data)) == 5


async def test_an_open_conversation_is_live(shop: Context, console: str) -> None:
    (receipt,) = await receive(shop, mail("Hello"))
    id_ = receipt.conversation_id
    async with (
        await signed_in(shop, console) as client,
        stream(client, f"/inbox/stream?folder=open&open={id_}") as live,
    ):
        await live.next("messages")
        await receive(shop, mail("One more thing"))
        data, _id = await live.next("messages")
        assert "One more thing" in data
        async with shop.database.transaction() as connection:
            await hand_over(connection, id_, "asks_for_person")
        while "asks for a person" not in (await live.next("standing"))[0]:
            pass
