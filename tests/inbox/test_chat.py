"""The web chat over real HTTP: once, live, resumed, and nobody else's."""

import asyncio
import json

import httpx
import pytest

from safar.channels.model import EMAIL, Author
from safar.inbox.actions import reply
from safar.inbox.pace import MESSAGES_PER_MINUTE_MAX
from safar.kernel.context import Context
from safar.kernel.ids import new_id
from tests.stage.chat import Browser
from tests.stage.inbox import Stream, conversations, mail, receive, stream


async def say(client: httpx.AsyncClient, text: str, id_: str | None = None) -> httpx.Response:
    return await client.post("/chat/messages", json={"id": id_ or str(new_id()), "text": text})


async def answer(shop: Context, text: str, author: str = Author.BOT) -> None:
    (found,) = await conversations(shop)
    async with shop.database.transaction() as connection:
        await reply(connection, found.id, text, author=author, message_id=new_id())


async def history(client: httpx.AsyncClient) -> list[dict[str, str]]:
    found = (await client.get("/chat/history")).json()["messages"]
    assert isinstance(found, list)
    return found


async def until(live: Stream, text: str) -> tuple[dict[str, str], str]:
    """Return the message with this text; a stream may begin with what was written just before it."""
    while True:
        data, id_ = await live.next("message")
        if json.loads(data)["text"] == text:
            return json.loads(data), id_


async def test_a_message_sent_again_with_its_id_is_one_message(shop: Context, browser: Browser) -> None:
    client = browser()
    id_ = str(new_id())
    first = await say(client, "Is it in stock?", id_)
    again = await asyncio.gather(*(say(client, "Is it in stock?", id_) for _n in range(5)))
    assert first.status_code == 201
    assert all(answer.json() == first.json() for answer in again)
    assert [(m["id"], m["text"], m["author"]) for m in await history(client)] == [
        (id_, "Is it in stock?", "customer")
    ]


async def test_the_same_id_with_other_words_is_refused(browser: Browser) -> None:
    client = browser()
    id_ = str(new_id())
    await say(client, "One", id_)
    other = await say(client, "Two", id_)
    assert (other.status_code, other.json()["error"]) == (409, "same_key_other_body")


async def test_many_visitors_at_once_each_get_their_own_receipt(shop: Context, browser: Browser) -> None:
    clients = [browser() for _n in range(15)]
    answers = await asyncio.gather(*(say(client, f"{n}") for n, client in enumerate(clients)))
    assert {answer.status_code for answer in answers} == {201}
    assert len(await conversations(shop)) == 15
    for number, client in enumerate(clients):
        assert [message["text"] for message in await history(client)] == [f"{number}"]


async def test_an_answer_reaches_the_visitor_without_asking(shop: Context, browser: Browser) -> None:
    client = browser()
    await say(client, "Hello")
    async with stream(client, "/chat/stream") as live:
        await answer(shop, "Hello to you")
        shown, id_ = await until(live, "Hello to you")
    assert (shown["author"], shown["text"], shown["name"]) == ("bot", "Hello to you", "Safar Gifts")
    assert id_.isdigit()


async def test_a_stream_that_comes_back_gets_what_it_missed_once(shop: Context, browser: Browser) -> None:
    client = browser()
    await say(client, "Hello")
    async with stream(client, "/chat/stream") as live:
        await answer(shop, "One")
        _shown, last = await until(live, "One")
    await answer(shop, "Two")
    await answer(shop, "Three")
    async with stream(client, "/chat/stream", last_id=last) as live:
        texts = [json.loads((await live.next("message"))[0])["text"] for _n in range(2)]
        await answer(shop, "Four")
        texts.append(json.loads((await live.next("message"))[0])["text"])
    assert texts == ["Two", "Three", "Four"]


async def test_another_visitor_sees_nothing_of_it(shop: Context, browser: Browser) -> None:
    mine, theirs = browser(), browser()
    await say(mine, "My secret")
    await say(theirs, "Hello")
    async with stream(theirs, "/chat/stream", last_id="0") as live:
        (my_conversation,) = [c for c in await conversations(shop) if c.last_text == "My secret"]
        async with shop.database.transaction() as connection:
            await reply(connection, my_conversation.id, "Psst", author=Author.BOT, message_id=new_id())
        await say(theirs, "Anybody?")
        seen = [json.loads((await live.next("message"))[0])["text"] for _n in range(2)]
    assert seen == ["Hello", "Anybody?"]
    assert [message["text"] for message in await history(theirs)] == ["Hello", "Anybody?"]
    assert await history(browser()) == []


async def test_mail_of_the_same_customer_is_not_shown_in_the_chat(shop: Context, browser: Browser) -> None:
    client = browser()
    await say(client, "Hello")
    customer_id = (await conversations(shop))[0].customer_id
    await receive(shop, mail("By mail, in private", customer_id=customer_id))
    (found,) = await conversations(shop)
    async with shop.database.transaction() as connection:
        await connection.execute(
            "INSERT INTO customer_identities (id, customer_id, kind, value, created_at)"
            " VALUES (%s, %s, 'email', 'ana@example.com', now())",
            [new_id(), customer_id],
        )
        await reply(connection, found.id, "Mailed", author=Author.BOT, message_id=new_id(), channel_id=EMAIL)
    assert [message["text"] for message in await history(client)] == ["Hello"]


@pytest.mark.parametrize(
    "body",
    [
        {"id": "not-an-id", "text": "x"},
        {"text": "x"},
        {"id": str(new_id()), "text": "  "},
        {"id": str(new_id()), "text": "x" * 2001},
        {"id": str(new_id()), "text": "nul\x00"},
        [],
        "text",
    ],
)
async def test_bad_input_is_refused_and_nothing_is_written(
    shop: Context, browser: Browser, body: object
) -> None:
    answer = await browser().post("/chat/messages", json=body)
    assert answer.status_code in (400, 422)
    assert await conversations(shop) == []


async def test_html_is_shown_as_the_text_it_is(shop: Context, browser: Browser) -> None:
    client = browser()
    hostile = "<script>alert(1)</script>'; DROP TABLE messages; --"
    await say(client, hostile)
    assert (await history(client))[0]["text"] == hostile
    page = await client.get("/chat", headers={"accept": "text/html"})
    assert "<script>alert" not in page.text
    assert "&lt;script&gt;alert(1)" in page.text


async def test_the_chat_works_without_scripts(shop: Context, browser: Browser) -> None:
    client = browser()
    page = await client.get("/chat", headers={"accept": "text/html"})
    assert page.status_code == 200
    id_ = page.text.split('name="id" value="')[1][:36]
    form = {"id": id_, "text": "سلام، موجود است؟"}
    headers = {"accept": "text/html"}
    for _click in range(2):
        sent = await client.post("/chat/messages", data=form, headers=headers)
        assert (sent.status_code, sent.headers["location"]) == (303, "/chat")
    await answer(shop, "بله")
    shown = await client.get("/chat", headers=headers)
    assert shown.text.count("سلام، موجود است؟") == 1
    assert "بله" in shown.text
    assert (await conversations(shop))[0].language == "fa"
    empty = await client.post("/chat/messages", data={"id": id_, "text": ""}, headers=headers)
    assert empty.status_code == 422


async def test_one_visitor_cannot_flood_the_inbox(browser: Browser) -> None:
    client = browser()
    await say(client, "0")
    answers = await asyncio.gather(*(say(client, f"{n}") for n in range(MESSAGES_PER_MINUTE_MAX * 2)))
    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused
    assert (await say(browser(), "me too")).status_code == 201
