"""The stand-in of Telegram delivers updates as its server does."""

from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import orjson
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from safar.standins.clock import LeapingClock
from safar.standins.telegram import TelegramStandIn
from tests.stage.serving import Serve

ONE, OTHER = 1001, 1002


class _Ear:
    """Hears updates, and answers each as it is told to."""

    def __init__(self) -> None:
        self.heard: list[dict[str, Any]] = []
        self.answer: Callable[[dict[str, Any]], Response] = lambda _update: Response()
        self.secret: str | None = None

    async def hear(self, request: Request) -> Response:
        update = orjson.loads(await request.body())
        self.heard.append(update)
        self.secret = request.headers.get("x-telegram-bot-api-secret-token")
        return self.answer(update)

    def texts(self) -> list[str]:
        return [update["message"]["text"] for update in self.heard]


@pytest.fixture
async def ear(serve: Serve, telegram: TelegramStandIn) -> _Ear:
    ear = _Ear()
    url = await serve(Starlette(routes=[Route("/", ear.hear, methods=["POST"])]))
    telegram.call("setWebhook", {"url": url, "secret_token": "s3cret"})
    return ear


@pytest.fixture
async def telegram() -> AsyncIterator[TelegramStandIn]:
    async with TelegramStandIn(LeapingClock()).running() as running:
        yield running


def waits(telegram: TelegramStandIn) -> list[float]:
    assert isinstance(telegram.clock, LeapingClock)
    return telegram.clock.waited


async def test_updates_come_in_order_with_the_secret(telegram: TelegramStandIn, ear: _Ear) -> None:
    for number in range(5):
        telegram.write(ONE, str(number))
    await telegram.settled()
    assert (ear.texts(), ear.secret) == (list("01234"), "s3cret")


async def test_what_is_refused_comes_again_after_pauses_that_double_and_keeps_only_its_own_chat_waiting(
    telegram: TelegramStandIn, ear: _Ear
) -> None:
    refusals = 9

    def answer(update: dict[str, Any]) -> Response:
        nonlocal refusals
        if update["message"]["chat"]["id"] == ONE and refusals:
            refusals -= 1
            return Response(status_code=503)
        return Response()

    ear.answer = answer
    telegram.write(ONE, "stuck")
    telegram.write(ONE, "behind it")
    telegram.write(OTHER, "other")
    await telegram.settled()
    assert ear.texts().index("other") < 9
    assert ear.texts()[-2:] == ["stuck", "behind it"]
    assert waits(telegram)[:6] == [1, 2, 4, 8, 16, 32]
    assert all(60 <= pause <= 120 for pause in waits(telegram)[6:9])


async def test_it_waits_as_it_is_asked_to_an_hour_at_most(telegram: TelegramStandIn, ear: _Ear) -> None:
    answers = iter([Response(status_code=429, headers={"retry-after": each}) for each in ("30", "9999")])
    ear.answer = lambda _update: next(answers, Response())
    telegram.write(ONE, "hello")
    await telegram.settled()
    assert waits(telegram) == [30, 3600]


async def test_an_update_dies_a_day_after_its_message_and_the_next_goes_on(
    telegram: TelegramStandIn, ear: _Ear
) -> None:
    ear.answer = lambda update: Response(status_code=500 if update["message"]["text"] == "dies" else 200)
    began = telegram.clock.now()
    telegram.write(ONE, "dies")
    await telegram.settled()
    telegram.write(ONE, "lives")
    await telegram.settled()
    assert [update["message"]["text"] for update in telegram.queues.died] == ["dies"]
    assert timedelta(hours=24) <= telegram.clock.now() - began < timedelta(hours=24, minutes=3)
    assert ear.texts()[-1] == "lives"
    assert "last_error_message" in telegram.queues.webhook_info({})


async def test_who_says_gone_for_23_hours_is_posted_to_no_more(telegram: TelegramStandIn, ear: _Ear) -> None:
    ear.answer = lambda _update: Response(status_code=410)
    telegram.write(ONE, "anybody?")
    await telegram.settled()
    info = telegram.queues.webhook_info({})
    assert (info["url"], info["pending_update_count"]) == ("", 1)


async def test_an_answer_that_holds_a_method_is_carried_out(telegram: TelegramStandIn, ear: _Ear) -> None:
    body = orjson.dumps({"method": "sendMessage", "chat_id": ONE, "text": "by mistake"})
    ear.answer = lambda _update: Response(body, media_type="application/json")
    telegram.write(ONE, "hello")
    await telegram.settled()
    assert [message["text"] for message in telegram.chats[ONE].messages.values()] == ["hello", "by mistake"]


async def test_reactions_come_only_when_they_are_asked_for(telegram: TelegramStandIn, ear: _Ear) -> None:
    telegram.queues.put("message_reaction", {"chat": {"id": ONE}}, ONE)
    await telegram.settled()
    assert ear.heard == []
