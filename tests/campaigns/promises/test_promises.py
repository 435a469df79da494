"""Promises: every one that is made is kept or broken, once, whatever the order in which news comes."""

import random
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from safar.campaigns.promises import keeping as promises
from safar.channels.model import Author
from safar.journal.model import Event
from safar.kernel import clock
from safar.kernel.context import Context
from safar.kernel.ids import derived_id, new_id
from safar.orders.model import OrderRequest
from safar.orders.place import place_many
from tests.stage import campaigns as makers
from tests.stage.buyers import anybody
from tests.stage.campaigns import caught_up, conversation, happened, read

START = datetime(2026, 11, 21, 9, tzinfo=UTC)
REPLY_S = 60


def state_at_last(made_at: float, replies: list[float]) -> str:
    """How a promise must have ended, told apart from the SQL that decides it: the model of this test."""
    return "kept" if any(made_at <= at <= made_at + REPLY_S for at in replies) else "broken"


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def asked(campaign_id: UUID, number: int, seconds: float, message: int = 0) -> Event:
    message_id = derived_id("message", number, message)
    return Event(
        name="message.received",
        at=at(seconds),
        customer_id=derived_id("customer", number),
        campaign_id=campaign_id,
        subject_id=conversation(number),
        properties={"channel": "web", "author": "customer", "message_id": str(message_id)},
    )


def answered(number: int, seconds: float, author: str = "bot") -> Event:
    return Event(
        name="message.sent",
        at=at(seconds),
        customer_id=derived_id("customer", number),
        subject_id=conversation(number),
        properties={"author": author, "message_id": str(new_id())},
    )


async def standing(context: Context) -> dict[tuple[str, str], int]:
    return Counter((kind, state) for kind, state in await read(context, "SELECT kind, state FROM promises"))


async def told(context: Context) -> dict[str, int]:
    found = await read(
        context,
        "SELECT name FROM journal_events WHERE name LIKE 'promise.%%'",
    )
    return Counter(name for (name,) in found)


@pytest.fixture
async def campaign_id(context: Context) -> UUID:
    with clock.held(at(-600)):
        return await makers.started(context, reach=2, reply_seconds=REPLY_S)


async def test_an_answer_in_time_keeps_every_question_asked_before_it(
    context: Context, campaign_id: UUID
) -> None:
    with clock.held(at(30)):
        await happened(
            context,
            asked(campaign_id, 1, 0, 1),
            asked(campaign_id, 1, 5, 2),
            answered(1, 20, "staff"),
            asked(campaign_id, 1, 25, 3),
        )
        await caught_up(context, promises.promises_reader())
    assert await standing(context) == {("reply", "kept"): 2, ("reply", "made"): 1}


async def test_a_question_nobody_answers_is_broken_when_it_is_due(
    context: Context, campaign_id: UUID
) -> None:
    with clock.held(at(59)) as now:
        await happened(context, asked(campaign_id, 1, 0), answered(2, 5))
        await caught_up(context, promises.promises_reader())
        await promises.settle_due(context)
        assert await standing(context) == {("reply", "made"): 1}
        now.advance(seconds=4)
        await promises.settle_due(context)
        await promises.settle_due(context)
    assert await standing(context) == {("reply", "broken"): 1}
    assert await read(context, "SELECT ended_at FROM promises") == [(at(60),)]
    assert await told(context) == {"promise.made": 1, "promise.broken": 1}


async def test_a_late_answer_and_the_shops_own_notice_do_not_keep_it(
    context: Context, campaign_id: UUID
) -> None:
    with clock.held(at(120)):
        notice = answered(1, 10, str(Author.SHOP))
        await happened(context, asked(campaign_id, 1, 0), notice, answered(1, 61), asked(campaign_id, 2, 0))
        await caught_up(context, promises.promises_reader())
        assert await standing(context) == {("reply", "made"): 2}
        await promises.settle_due(context)
    assert await standing(context) == {("reply", "broken"): 2}


async def test_questions_outside_a_standing_offer_make_no_promise(
    context: Context, campaign_id: UUID
) -> None:
    elsewhere = asked(campaign_id, 3, 10)
    elsewhere.campaign_id = None
    await happened(context, asked(campaign_id, 1, -700), elsewhere, asked(new_id(), 2, 10))
    await caught_up(context, promises.promises_reader())
    assert await standing(context) == {}


def ordered(campaign_id: UUID, name: str, number: int, variant_id: UUID, units: int = 1) -> Event:
    return Event(
        name=name,
        at=at(number),
        customer_id=derived_id("customer", number),
        campaign_id=campaign_id,
        subject_id=derived_id("order", number),
        properties={"lines": [[str(variant_id), None, units]], "reason": "out_of_stock"},
    )


async def test_units_are_kept_by_a_confirmed_order_and_broken_by_a_refused_one(
    context: Context, campaign_id: UUID
) -> None:
    lantern, other = derived_id("variant", "L1"), derived_id("variant", "L2")
    news = [
        ordered(campaign_id, "order.confirmed", 1, lantern),
        ordered(campaign_id, "order.refused", 2, lantern),
        ordered(campaign_id, "order.refused", 3, other),
        ordered(campaign_id, "order.refused", 2, lantern),
    ]
    await happened(context, *news, *news)
    await caught_up(context, promises.promises_reader())
    assert await standing(context) == {("units", "kept"): 1, ("units", "broken"): 1}
    assert await told(context) == {"promise.made": 2, "promise.kept": 1, "promise.broken": 1}


async def test_units_that_had_gone_while_a_customer_paid_are_a_broken_promise(
    context: Context, campaign_id: UUID
) -> None:
    """Their order is cancelled by an event without lines; what they wanted stands in the order."""
    lantern = derived_id("variant", "L1")
    request = OrderRequest(
        **anybody(),
        order_id=derived_id("order", 9),
        customer_id=derived_id("customer", 9),
        campaign_id=campaign_id,
        cart_id=None,
        lines=((lantern, 1),),
        email="d@example.com",
        name="Di",
        address="Lane 1",
        language="en",
        provider="test",
    )
    async with context.database.transaction() as connection:
        await place_many(connection, [request])
    gave_up = Event(
        name="order.cancelled",
        at=at(5),
        customer_id=request.customer_id,
        campaign_id=campaign_id,
        subject_id=request.order_id,
        properties={"reason": "payment_failed"},
    )
    await happened(context, gave_up)
    await caught_up(context, promises.promises_reader())
    assert await standing(context) == {}
    await happened(context, replace(gave_up, properties={"reason": "sold_out_while_paying"}))
    await caught_up(context, promises.promises_reader())
    assert await standing(context) == {("units", "broken"): 1}


@pytest.mark.parametrize("seed", range(12))
async def test_every_promise_ends_once_whatever_the_order_of_news(
    context: Context, campaign_id: UUID, seed: int
) -> None:
    chance = random.Random(seed)
    questions = {(n, m): chance.uniform(0, 200) for n in range(25) for m in range(chance.randint(1, 3))}
    replies = {n: [chance.uniform(0, 300) for _r in range(chance.randint(0, 3))] for n in range(25)}
    news = [asked(campaign_id, n, seconds, m) for (n, m), seconds in questions.items()]
    news += [answered(n, seconds) for n, times in replies.items() for seconds in times]
    chance.shuffle(news)  # the journal's order need not be the order of time
    with clock.held(at(0)) as now:
        while news:
            batch = [news.pop() for _event in range(min(len(news), chance.randint(1, 12)))]
            latest = max([at(0), *(event.at for event in batch)])
            now.advance(seconds=max(0.0, (latest - clock.now()).total_seconds()))
            await happened(context, *batch)
            if chance.random() < 0.7:
                await caught_up(context, promises.promises_reader())
        await caught_up(context, promises.promises_reader())
        now.advance(seconds=1000)
        await promises.settle_due(context)
    found = dict(await read(context, "SELECT id, state FROM promises"))
    expected = {
        derived_id("reply", derived_id("message", n, m)): state_at_last(seconds, replies[n])
        for (n, m), seconds in questions.items()
    }
    assert found == expected
    ends = await read(
        context,
        "SELECT count(*), count(DISTINCT properties->>'promise_id') FROM journal_events"
        " WHERE name IN ('promise.kept', 'promise.broken')",
    )
    assert ends == [(len(expected), len(expected))]
    assert (await told(context))["promise.made"] == len(expected)
