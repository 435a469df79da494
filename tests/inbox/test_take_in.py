"""What providers post: every element once, in order, whatever comes twice, early, wrong or at once."""

import asyncio
import json
import random
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from safar.channels.kinds.port import ChannelAccount
from safar.channels.model import Author
from safar.channels.registry import KINDS
from safar.front.build import build_front
from safar.inbox.actions import reply
from safar.inbox.errors import NoPost
from safar.inbox.jobs import take_failed
from safar.inbox.replay import read_again
from safar.inbox.take_in import take_in_many
from safar.inbox.webhooks import read_post
from safar.journal.model import Recorded
from safar.kernel.context import Context
from safar.kernel.database import values
from safar.kernel.ids import new_id
from tests.stage.channels import events
from tests.stage.inbox import conversations
from tests.stage.pigeon import WORD, PigeonReader, PigeonSender, pigeon, post_of, register, set_up, unregister
from tests.stage.serving import Serve


@pytest.fixture
async def account(shop: Context) -> AsyncIterator[ChannelAccount]:
    register(pigeon(PigeonSender()))
    yield await set_up(shop)
    unregister("pigeon")


async def take(context: Context, account: ChannelAccount, *elements: dict[str, Any]) -> list[int]:
    read = read_post(account, KINDS["pigeon"], post_of(*elements))
    async with context.database.transaction() as connection:
        return await take_in_many(connection, [read])


def said(number: int, *, by: str = "ana", **more: Any) -> dict[str, Any]:
    return {"id": f"m{number}", "from": by, "text": f"text {number}", "at": 1_760_000_000 + number, **more}


async def texts(context: Context) -> list[str]:
    async with context.database.connection() as connection:
        return await values(connection, "SELECT body FROM messages ORDER BY at, id")


async def test_every_element_of_a_post_becomes_a_message_and_again_changes_nothing(
    shop: Context, account: ChannelAccount
) -> None:
    assert await take(shop, account, said(1), said(2), said(3, by="bob")) == [3]
    assert await take(shop, account, said(1), said(2), said(3, by="bob")) == [0], "the same bytes"
    assert await take(shop, account, said(2), said(4)) == [1], "another post that says one of them again"
    assert await texts(shop) == ["text 1", "text 2", "text 3", "text 4"]
    assert len(await conversations(shop)) == 2
    assert len(await events(shop, "message.received")) == 4


async def test_one_bad_element_does_not_take_its_neighbours_with_it(
    shop: Context, account: ChannelAccount
) -> None:
    assert await take(shop, account, said(1), {"strange": True}, said(2)) == [2]
    async with shop.database.connection() as connection:
        errors = await values(connection, "SELECT error FROM channel_envelopes")
    assert errors == ["an element of no known kind"]


async def test_two_first_messages_at_once_make_one_customer_and_one_conversation(
    shop: Context, account: ChannelAccount
) -> None:
    for number in range(5):
        by = f"new-{number}"
        await asyncio.gather(
            *(take(shop, account, said(10 * number + n, by=by, name="New")) for n in range(4))
        )
    assert len(await conversations(shop)) == 5
    assert len(await events(shop, "customer.created")) == 5
    assert len(await texts(shop)) == 20


async def test_a_phone_number_decides_before_a_name_of_the_provider(
    shop: Context, account: ChannelAccount
) -> None:
    phone, name = ["phone", "+5511987654321", ""], ["whatsapp", "BR.1", "portfolio"]
    await take(shop, account, said(1, people=[phone]))
    await take(shop, account, said(2, people=[phone, name]))
    await take(shop, account, said(3, people=[name]))
    assert len(await conversations(shop)) == 1, "the name became theirs with the number"
    await take(shop, account, said(4, people=[["whatsapp", "BR.1", "another portfolio"]]))
    assert len(await conversations(shop)) == 2, "in another scope it is somebody else"


async def test_what_is_told_of_a_message_may_come_before_it(shop: Context, account: ChannelAccount) -> None:
    await take(shop, account, {"id": "m1", "what": "edited", "words": "better", "at": 1_760_000_009})
    await take(shop, account, {"id": "m1", "what": "reacted", "words": "❤️", "by": "ana"})
    await take(shop, account, said(1))
    async with shop.database.connection() as connection:
        assert await values(connection, "SELECT body FROM messages") == ["better"]
        assert await values(connection, "SELECT reactions FROM messages") == [{"ana": "❤️"}]
    await take(shop, account, {"id": "m1", "what": "reacted", "words": "", "by": "ana", "at": 1_760_000_099})
    await take(shop, account, {"id": "m1", "what": "deleted"})
    async with shop.database.connection() as connection:
        assert await values(connection, "SELECT reactions FROM messages WHERE deleted_at > at") == []
        assert await values(connection, "SELECT reactions FROM messages") == [{}]


async def test_what_a_person_wrote_in_the_providers_own_app_ends_the_waiting_and_silences_the_bot(
    shop: Context, account: ChannelAccount
) -> None:
    await take(shop, account, said(1))
    await take(shop, account, said(2, echo=True))
    (conversation,) = await conversations(shop)
    assert conversation.waiting_since is None
    assert conversation.with_staff
    async with shop.database.transaction() as connection:
        outcome = await reply(
            connection, conversation.id, "I am a bot", author=Author.BOT, message_id=new_id()
        )
    assert outcome == "with_staff"


async def test_a_word_of_leaving_is_a_consent_withdrawn(shop: Context, account: ChannelAccount) -> None:
    await take(shop, account, said(1))
    await take(shop, account, {"stop": "ana"})
    async with shop.database.connection() as connection:
        assert await values(connection, "SELECT given FROM customer_consents WHERE channel = 'http'") == [
            False
        ]


async def test_the_address_of_an_account_takes_posts_with_proof_only(
    shop: Context, account: ChannelAccount, serve: Serve
) -> None:
    url = f"{await serve(build_front(shop))}/channels/{account.key}"
    async with httpx.AsyncClient() as client:
        body = json.dumps([said(1)]).encode()
        taken = await client.post(url, content=body, headers={"x-word": WORD})
        assert (taken.status_code, taken.content) == (200, b"")
        assert "set-cookie" not in taken.headers, "a provider is no visitor"
        for headers in ({}, {"x-word": "wrong"}):
            refused = await client.post(url, content=body, headers=headers)
            assert refused.status_code == 401
        assert (await client.post(f"{url}x", content=body)).status_code == 404
        unread = await client.post(url, content=b"\x00{", headers={"x-word": WORD})
        assert unread.status_code == 200, "kept for staff; again would not be better"
        shake = await client.get(url, params={"word": WORD, "challenge": "17"})
        assert shake.text == "17"
        assert (await client.get(url, params={"word": "x", "challenge": "17"})).status_code == 401
    assert await texts(shop) == ["text 1"]
    async with shop.database.connection() as connection:
        assert await values(connection, "SELECT error FROM channel_envelopes WHERE error IS NOT NULL") == [
            "not JSON"
        ]


@pytest.mark.parametrize("seed", range(4))
async def test_posts_in_any_order_any_number_of_times_and_at_once_end_the_same(
    shop: Context, account: ChannelAccount, seed: int
) -> None:
    """Sixty messages of six people in posts of up to four, each post twice, shuffled, eight at a time."""
    chance = random.Random(seed)
    elements = [said(number, by=f"p{number % 6}") for number in range(60)]
    posts = [elements[at : at + 1 + chance.randrange(4)] for at in range(0, 60, 2)]
    again = posts + [post for post in posts if chance.random() < 0.7]
    chance.shuffle(again)
    for at in range(0, len(again), 8):
        await asyncio.gather(*(take(shop, account, *post) for post in again[at : at + 8]))
    expected = {element["text"] for post in posts for element in post}
    found = await texts(shop)
    assert len(found) == len(set(found))
    assert set(found) == expected
    assert len(await conversations(shop)) == 6


async def test_a_post_that_could_not_be_read_is_read_again_when_that_is_mended(
    shop: Context, account: ChannelAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_args: object) -> None:
        raise KeyError("a fault of ours")

    with monkeypatch.context() as fault:
        fault.setattr(PigeonReader, "_one", broken)
        assert await take(shop, account, said(1), said(2)) == [0]
    async with shop.database.connection() as connection:
        (envelope,) = await values(connection, "SELECT id FROM channel_envelopes WHERE error IS NOT NULL")
    assert await read_again(shop, envelope) == 2
    assert await read_again(shop, envelope) == 0
    assert await texts(shop) == ["text 1", "text 2"]
    async with shop.database.connection() as connection:
        assert await values(connection, "SELECT id FROM channel_envelopes WHERE error IS NOT NULL") == []
    with pytest.raises(NoPost):
        await read_again(shop, new_id())


async def test_who_the_provider_says_does_not_want_messages_is_not_written_to_again(
    shop: Context, account: ChannelAccount
) -> None:
    await take(shop, account, said(1))
    (conversation,) = await conversations(shop)
    event = Recorded(
        id=1,
        name="message.failed",
        customer_id=conversation.customer_id,
        properties={"reason": "opted_out", "channel": "pigeon", "message_id": str(new_id())},
    )
    async with shop.database.transaction() as connection:
        await take_failed(connection, [event])
        assert await values(connection, "SELECT given FROM customer_consents WHERE channel = 'pigeon'") == [
            False
        ]
