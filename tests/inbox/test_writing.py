"""Notes, drafts and saved replies: theirs who write them, and never a customer's."""

import random
import re
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import httpx
import pytest

from safar.channels.model import EMAIL, WEB
from safar.channels.outbox import Outbox
from safar.customers.visitor import COOKIE, Visitor, signed
from safar.inbox.actions import reply
from safar.inbox.drafts import keep_draft, kept_draft_of
from safar.inbox.model import Colleague, Inbound
from safar.inbox.notes import mentioned_in, unseen_mentions, write_inbox_note
from safar.inbox.presence import Onlookers
from safar.inbox.saved_replies import SavedReply, filled, open_places, words_for
from safar.kernel import clock
from safar.kernel.context import Context
from safar.kernel.database import values
from safar.kernel.ids import derived_id, new_id
from safar.kernel.web.actor import Actor
from tests.stage.chat import Browser
from tests.stage.inbox import compose, mail, receive, stream, web
from tests.stage.mailbox import mailbox
from tests.stage.people import signed_in, staff_member

_CHANDRA = "chandra@example.com"


def ids_of(page: str, name: str) -> str:
    """Return what a hidden field of a page says."""
    found = re.search(rf'<input type="hidden" name="{name}" value="([^"]+)"', page)
    assert found
    return found[1]


async def own_id(context: Context, name: str) -> UUID:
    async with context.database.connection() as connection:
        (id_,) = await values(connection, "SELECT id FROM staff WHERE name = %(name)s", {"name": name})
    return UUID(str(id_))


async def kept_draft(context: Context, conversation_id: UUID, staff_id: UUID) -> str | None:
    async with context.database.connection() as connection:
        draft = await kept_draft_of(connection, conversation_id, staff_id)
    return draft.text if draft else None


async def test_a_note_stands_in_the_thread_once_and_is_live_for_colleagues(
    shop: Context, console: str
) -> None:
    (receipt,) = await receive(shop, mail("Hello"))
    id_ = receipt.conversation_id
    async with (
        await signed_in(shop, console, "agent", "Sara") as sara,
        await signed_in(shop, console, "agent", "Omid") as omid,
        stream(omid, f"/inbox/stream?folder=open&open={id_}") as live,
    ):
        await live.next("messages")
        page = (await sara.get(f"/inbox/{id_}")).text
        form = {"note_id": ids_of(page, "note_id"), "note": "Asked twice already"}
        for _click in range(2):
            assert (await sara.post(f"/inbox/{id_}/notes", data=form)).status_code == 303
        data, _id = await live.next("messages")
        assert data.count("Asked twice already") == 1
        assert "only for colleagues" in data
        assert (await omid.get(f"/inbox/{id_}")).text.count("Asked twice already") == 1
        empty = await sara.post(f"/inbox/{id_}/notes", data={"note_id": str(new_id()), "note": " "})
        assert empty.status_code == 422


async def test_a_mentioned_colleague_sees_it_as_theirs_until_they_look(shop: Context, console: str) -> None:
    (receipt,) = await receive(shop, mail("Hello"))
    id_ = receipt.conversation_id
    async with (
        await signed_in(shop, console, "agent", "Sara") as sara,
        await signed_in(shop, console, "agent", "Omid Karimi") as omid,
    ):
        form = {"note_id": str(new_id()), "note": "@omid can you look at the lens?"}
        await sara.post(f"/inbox/{id_}/notes", data=form)
        assert "can you look at the lens?" not in (await sara.get("/inbox")).text
        assert "can you look at the lens?" in (await omid.get("/inbox")).text
        assert "@Omid Karimi" in (await omid.get(f"/inbox/{id_}")).text
        assert "can you look at the lens?" not in (await omid.get("/inbox")).text


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("@Sara please", ["Sara Lind"]),
        ("@sara lind please", ["Sara Lind"]),
        ("@Omid and @علی رضا", ["Omid", "علی رضا"]),
        ("@علي رضا", ["علی رضا"]),
        ("write to sara@sara.example", []),
        ("@Sarah", []),
        ("@Ana", []),  # two of them
        ("@Ana Ruiz", ["Ana Ruiz"]),
        ("(@Omid)", ["Omid"]),
    ],
)
def test_a_note_names_whom_it_means(text: str, named: list[str]) -> None:
    staff = [Colleague(new_id(), name) for name in ("Sara Lind", "Omid", "علی رضا", "Ana Ruiz", "Ana Melo")]
    names = {colleague.id: colleague.name for colleague in staff}
    assert [names[id_] for id_ in mentioned_in(text, staff)] == named


async def test_a_draft_is_there_again_for_its_writer_only_and_ends_with_the_reply(
    shop: Context, console: str
) -> None:
    (receipt,) = await receive(shop, mail("Hello"))
    id_ = receipt.conversation_id
    async with (
        await signed_in(shop, console, "agent", "Sara") as sara,
        await signed_in(shop, console, "agent", "Omid") as omid,
    ):
        form = await compose(sara, id_)
        to = f"{EMAIL} ana@example.com"
        typed = {"id": form["id"], "text": "It will be", "to": to}
        assert (await sara.post(f"/inbox/{id_}/draft", data=typed)).status_code == 204
        assert "It will be</textarea>" in (await sara.get(f"/inbox/{id_}")).text
        assert "It will be" not in (await omid.get(f"/inbox/{id_}")).text
        sent = form | {"text": "It will be there on Monday", "to": to}
        assert (await sara.post(f"/inbox/{id_}/messages", data=sent)).status_code == 303
        assert await kept_draft(shop, id_, await own_id(shop, "Sara")) is None
        # What the browser sent before, and arrives after the reply, brings nothing back.
        assert (await sara.post(f"/inbox/{id_}/draft", data=typed)).status_code == 204
        assert await kept_draft(shop, id_, await own_id(shop, "Sara")) is None


async def test_fault_03_a_reply_that_is_sent_again_with_other_words_is_not_lost_in_silence(
    shop: Context, console: str
) -> None:
    """On a weak link the first answer does not come: the same words go once, other words are pointed out."""
    (receipt,) = await receive(shop, mail("Hello"))
    id_ = receipt.conversation_id
    async with await signed_in(shop, console, "agent", "Sara") as client:
        form = await compose(client, id_) | {"to": f"{EMAIL} ana@example.com"}
        for _try in range(3):
            again = await client.post(f"/inbox/{id_}/messages", data=form | {"text": "On its way"})
            assert again.status_code == 303
        other = await client.post(f"/inbox/{id_}/messages", data=form | {"text": "Lost, I am sorry"})
        assert other.status_code == 409
        assert "Lost, I am sorry</textarea>" in other.text
        fresh = ids_of(other.text, "id")
        assert fresh != form["id"]
        sent = await client.post(
            f"/inbox/{id_}/messages", data=form | {"id": fresh, "text": "Lost, I am sorry"}
        )
        assert sent.status_code == 303
    async with shop.database.connection() as connection:
        said = await values(connection, "SELECT body FROM messages WHERE direction = 'out' ORDER BY at")
    assert said == ["On its way", "Lost, I am sorry"]


async def test_a_saved_reply_is_offered_in_the_customers_language_with_what_is_known(
    shop: Context, console: str
) -> None:
    (receipt,) = await receive(shop, mail("Quando chega o meu pedido?", language="pt-BR"))
    id_ = receipt.conversation_id
    async with await signed_in(shop, console, "manager", "Sara") as client:
        words = {
            "id": str(new_id()),
            "shortcut": "Hello",
            "words-en": "Hello {{ customer }} from {{shop}}",
            "words-pt-BR": "Olá, {{ customer }}. Pedido {{ order }}",
        }
        assert (await client.post("/saved-replies", data=words)).status_code == 303
        taken = await client.post("/saved-replies", data=words | {"id": str(new_id())})
        assert taken.status_code == 409
        wrong = await client.post("/saved-replies", data=words | {"shortcut": "b", "words-en": "{{ card }}"})
        assert wrong.status_code == 422
        assert "Nothing is filled in for" in wrong.text
        (offered,) = (await client.get(f"/inbox/{id_}/replies")).json()["replies"]
        assert offered == {"shortcut": "hello", "text": "Olá, Ana. Pedido {{ order }}"}
        form = await compose(client, id_) | {"to": f"{EMAIL} ana@example.com", "text": offered["text"]}
        refused = await client.post(f"/inbox/{id_}/messages", data=form)
        assert refused.status_code == 409, "a place that nothing was put in goes to nobody"
        assert (await client.post(f"/saved-replies/{words['id']}/remove")).status_code == 303
        assert (await client.get(f"/inbox/{id_}/replies")).json()["replies"] == []
    async with await signed_in(shop, console, "agent") as agent:
        assert (await agent.get("/saved-replies")).status_code == 200
        assert (await agent.post("/saved-replies", data=words)).status_code == 403


def test_words_are_taken_in_their_language_else_in_the_main_one_else_in_any() -> None:
    both = SavedReply(new_id(), "a", {"en": "Hello", "fa": "سلام"})
    assert words_for(both, "fa", "en") == "سلام"
    assert words_for(both, "hi", "en") == "Hello"
    assert words_for(both, "hi", "pt-BR") in both.words.values()
    assert filled("{{customer}} {{ order }}", {"customer": "{{ shop }}", "order": None}) == (
        "{{ shop }} {{ order }}"
    )
    assert open_places("{{order}} {{ nothing }}") == ["order"]


@pytest.mark.parametrize("seed", range(3))
async def test_no_note_draft_or_other_customers_word_is_in_anything_that_goes_out(
    shop: Context, console: str, browser: Browser, seed: int
) -> None:
    """A random walk in which every text is a canary; then all that leaves is searched for them."""
    chance = random.Random(seed)
    staff = [await staff_member(shop, "agent", name) for name in ("Sara", "Omid")]
    visitors = {name: new_id() for name in ("ana", "babak", "chandra")}
    canaries: dict[str, tuple[str, str]] = {}  # by word: what it is, whose conversation it is in
    threads: dict[str, UUID] = {}

    def canary(kind: str, of: str) -> str:
        word = f"canary{len(canaries):04d}x{chance.randrange(10**6):06d}"
        canaries[word] = (kind, of)
        return word

    def incoming(name: str) -> Inbound:
        if name == "chandra":  # writes by e-mail
            return mail(canary("said", name), address=_CHANDRA)
        return web(canary("said", name), visitor=visitors[name])

    for name in visitors:
        threads[name] = (await receive(shop, incoming(name)))[0].conversation_id
    for _step in range(60):
        name, person = chance.choice(list(visitors)), chance.choice(staff)
        match chance.randrange(4):
            case 0:
                await receive(shop, incoming(name))
            case 1:
                async with shop.database.transaction() as connection:
                    text = f"@Omid {canary('note', name)}"
                    await write_inbox_note(
                        connection, threads[name], text, note_id=new_id(), staff_id=person.id
                    )
            case 2:
                async with shop.database.transaction() as connection:
                    await keep_draft(
                        connection,
                        threads[name],
                        person.id,
                        canary("draft", name),
                        send_to="",
                        message_id=new_id(),
                    )
            case _:
                async with shop.database.transaction() as connection:
                    await reply(
                        connection,
                        threads[name],
                        canary("reply", name),
                        author="staff",
                        message_id=derived_id("reply", new_id()),
                        staff_id=person.id,
                        channel_id=EMAIL if name == "chandra" else WEB,
                        address=_CHANDRA if name == "chandra" else str(visitors[name]),
                    )
    async with shop.database.connection() as connection:
        sent = await values(
            connection,
            "SELECT address || ' ' || to_jsonb(m)::text FROM messages AS m WHERE direction = 'out'",
        )
        mentions = await unseen_mentions(connection, staff[1].id)
    assert sent
    assert mentions
    for row in sent:
        to = next((name for name, visitor in visitors.items() if row.startswith(str(visitor))), "chandra")
        for word in re.findall(r"canary\d{4}x\d{6}", row):
            assert canaries[word] == ("reply", to)
    async with mailbox() as box:
        settings = shop.settings.model_copy(update={"smtp_url": f"smtp://127.0.0.1:{box.port}"})
        outbox = Outbox(replace(shop, settings=settings))
        while await outbox.step():
            pass
        parts = [part for letter in box.messages for part in letter.walk() if not part.is_multipart()]
        words = [word for part in parts for word in re.findall(r"canary\d{4}x\d{6}", part.get_content())]
    assert words
    assert {canaries[word] for word in words} == {("reply", "chandra")}
    await _visitors_see_their_own(shop, browser, visitors, canaries)


async def _visitors_see_their_own(
    shop: Context, browser: Browser, visitors: dict[str, UUID], canaries: dict[str, tuple[str, str]]
) -> None:
    """Read the chat over HTTP as each of them: every byte of it is theirs."""
    for name, visitor in visitors.items():
        if name == "chandra":
            continue
        client = browser()
        client.cookies.set(COOKIE, signed(shop.vault, Visitor(visitor)))
        seen = "".join([(await client.get(path)).text for path in ("/chat/history", "/chat")])
        words = re.findall(r"canary\d{4}x\d{6}", seen)
        assert words
        assert {canaries[word] for word in words} <= {("reply", name), ("said", name)}


async def test_fault_14_colleagues_see_who_looks_and_who_types(shop: Context, console: str) -> None:
    (receipt,) = await receive(shop, mail("Hello"))
    path = f"/inbox/{receipt.conversation_id}/onlookers"

    async def others(client: httpx.AsyncClient, doing: str = "looks") -> list[str]:
        answer = await client.post(path, data={"doing": doing})
        assert answer.status_code == 200
        found = answer.json()["others"]
        assert isinstance(found, list)
        return found

    async with (
        await signed_in(shop, console, "agent", "Sara") as sara,
        await signed_in(shop, console, "agent", "Omid") as omid,
    ):
        assert await others(sara) == [], "oneself is no colleague"
        assert await others(omid, "types") == ["Sara has this open, too."]
        assert await others(sara) == ["Omid is typing a reply."]
        assert (await omid.post(path, data={"doing": "left"})).status_code == 204
        assert await others(sara) == []


def test_who_is_not_heard_of_is_gone() -> None:
    onlookers, id_ = Onlookers(), new_id()
    sara, omid = (Actor(new_id(), "a@shop.example", name, "agent") for name in ("Sara", "Omid"))
    with clock.held(datetime(2026, 11, 21, 9, tzinfo=UTC)) as held:
        onlookers.look(id_, omid, typing=False)
        held.advance(seconds=19)
        assert [o.name for o in onlookers.look(id_, sara, typing=False)] == ["Omid"]
        held.advance(seconds=2)
        assert onlookers.look(id_, sara, typing=False) == []
