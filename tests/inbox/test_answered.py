"""The whole way of a question: browser, journal, bot, journal, browser."""

import asyncio
import json

import pytest

from safar.answers.jobs import subscribers
from safar.journal.subscribe import Subscriber, register
from safar.kernel.context import Context
from safar.kernel.ids import new_id
from safar.kernel.loops import repeat
from tests.stage.chat import Browser
from tests.stage.inbox import stream


@pytest.mark.parametrize("language", ["en", "fa", "hi", "pt-BR"])
async def test_the_bot_answers_in_the_open_chat_by_itself(
    shop: Context, browser: Browser, language: str
) -> None:
    greetings = {"en": "Hello!", "fa": "سلام", "hi": "नमस्ते", "pt-BR": "Olá!"}
    (reader,) = subscribers(shop)
    async with shop.database.transaction() as connection:
        await register(connection, reader)
    reading = asyncio.create_task(_follow(shop, reader))
    client = browser()
    await client.get("/chat", headers={"accept-language": language})
    async with stream(client, "/chat/stream") as live:
        id_ = str(new_id())
        await client.post("/chat/messages", json={"id": id_, "text": greetings[language]})
        own = json.loads((await live.next("message"))[0])
        answer = json.loads((await live.next("message"))[0])
    reading.cancel()
    await asyncio.wait({reading})
    assert own["id"] == id_
    assert answer["author"] == "bot"


async def _follow(shop: Context, reader: Subscriber) -> None:
    async def step() -> bool:
        return await reader.step(shop.database)

    await repeat(reader.name, step, idle_s=0.1)
