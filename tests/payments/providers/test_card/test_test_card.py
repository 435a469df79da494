"""Every way a payment can go: the order ends confirmed, or cancelled with a reason and the money back."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from safar.capacity.actions import expire_due
from safar.kernel import clock
from safar.kernel.context import Context
from safar.orders.confirm import Confirmation, confirm_many
from safar.orders.model import Taken
from safar.orders.place import buy_many, place_many
from safar.payments.providers.port import Charge, RefundOrder
from safar.payments.providers.test_card import provider as test_card
from safar.payments.providers.test_card.provider import CardBehaviour, TestCard
from safar.payments.refunds import carry_out_due
from safar.payments.settle import settle_open
from safar.shop.checkout.take_order import take_order
from tests.stage.payments import books_agree, charged, events, free, order, request

pytestmark = pytest.mark.usefixtures("shop")


@pytest.mark.parametrize("method", ["ok", "slow", "twice"])
async def test_a_card_that_pays_confirms_the_order(context: Context, method: str) -> None:
    sent = request(method=method)
    first, again = [await take_order(context, sent) for _ in range(2)]
    assert isinstance(first, Taken)
    assert isinstance(again, Taken)
    assert (first.state, first.payment_state) == (again.state, again.payment_state) == ("confirmed", "paid")
    assert again.replayed
    assert await free(context) == (9, 0)
    assert await events(context, "order.confirmed", "payment.received") == [
        "order.confirmed",
        "payment.received",
    ]
    await books_agree(context)


async def test_a_declined_card_cancels_and_says_why(context: Context) -> None:
    sent = request(method="fail")
    for _ in range(2):
        answer = await take_order(context, sent)
        assert isinstance(answer, Taken)
        assert (answer.state, answer.reason, answer.payment_state) == (
            "cancelled",
            "payment_declined",
            "failed",
        )
    assert await free(context) == (10, 0)
    assert await events(context, "payment.failed", "order.cancelled") == [
        "payment.failed",
        "order.cancelled",
    ]


async def test_an_answer_that_gets_lost_is_asked_for_later(context: Context, later: Any) -> None:
    sent = request(method="timeout")
    answer = await take_order(context, sent)
    assert isinstance(answer, Taken)
    assert answer.state == "placed"
    await settle_open(context)
    assert (await order(context, sent.order_id)).state == "placed"
    later.advance(seconds=20)
    await settle_open(context)
    assert (await order(context, sent.order_id)).state == "confirmed"
    assert await free(context) == (9, 0)
    await books_agree(context)


async def test_paid_late_the_units_are_held_again(context: Context, later: Any) -> None:
    taken = await take_order(context, request(provider="test", method="late"))
    assert isinstance(taken, Taken)
    assert taken.state == "placed"
    later.advance(seconds=15 * 60 + 1)
    await settle_open(context)
    assert (await order(context, taken.order_id)).state == "placed"
    later.advance(seconds=20)
    await settle_open(context)
    assert (await order(context, taken.order_id)).state == "confirmed"
    assert await free(context) == (9, 0)
    await books_agree(context)


async def test_paid_late_and_sold_out_by_then_the_money_goes_back(context: Context, later: Any) -> None:
    taken = await take_order(context, request(provider="test", method="late", units=10))
    assert isinstance(taken, Taken)
    later.advance(seconds=15 * 60 + 10)
    async with context.database.transaction() as connection:
        await expire_due(connection)
        await buy_many(connection, [request(provider="cod")])
    await settle_open(context)
    late = await order(context, taken.order_id)
    assert (late.state, late.reason, late.payment_state) == (
        "cancelled",
        "sold_out_while_paying",
        "refunded",
    )
    assert await charged(context, taken.order_id) == "refunded"
    assert await free(context) == (9, 0)
    await books_agree(context)


async def test_a_payment_that_never_comes_cancels_and_one_that_comes_after_all_goes_back(
    context: Context, later: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(test_card, "LATE", timedelta(hours=1))
    taken = await take_order(context, request(provider="test", method="late"))
    assert isinstance(taken, Taken)
    later.advance(seconds=17 * 60)
    await settle_open(context)
    waiting = await order(context, taken.order_id)
    assert (waiting.state, waiting.reason, waiting.payment_state) == (
        "cancelled",
        "payment_unfinished",
        "started",
    )
    assert await free(context) == (10, 0)
    later.advance(seconds=3600)
    await settle_open(context)
    back = await order(context, taken.order_id)
    assert (back.state, back.payment_state) == ("cancelled", "refunded")
    assert await charged(context, taken.order_id) == "refunded"
    await books_agree(context)


async def test_a_crash_before_the_charge_frees_the_units(context: Context, later: Any) -> None:
    one = request(provider="test", method="ok")
    await context.batched(place_many, one)
    later.advance(seconds=20)
    await settle_open(context)
    dead = await order(context, one.order_id)
    assert (dead.state, dead.reason, dead.payment_state) == ("cancelled", "payment_unfinished", "failed")
    assert await free(context) == (10, 0)
    # The customer's browser sends the form again: nothing is charged for what was cancelled.
    again = await take_order(context, one)
    assert isinstance(again, Taken)
    assert again.state == "cancelled"
    assert await charged(context, one.order_id) is None


async def test_a_crash_after_the_charge_confirms(context: Context, later: Any) -> None:
    one = request(provider="test", method="ok")
    taken = await context.batched(place_many, one)
    assert isinstance(taken, Taken)
    charge = Charge(one.order_id, taken.total_minor, taken.currency, CardBehaviour.OK, clock.now())
    await TestCard(context.database).start(charge)
    later.advance(seconds=20)
    await asyncio.gather(*(settle_open(context) for _ in range(3)))
    assert (await order(context, one.order_id)).state == "confirmed"
    assert await events(context, "order.confirmed") == ["order.confirmed"]
    assert await free(context) == (9, 0)


async def test_a_crash_before_the_refund_is_made_good(
    context: Context, later: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = request(provider="test", method="ok")
    placed = await context.batched(place_many, one)
    assert isinstance(placed, Taken)
    later.advance(seconds=20)
    await settle_open(context)  # cancels: nothing was charged
    charge = Charge(one.order_id, placed.total_minor, placed.currency, CardBehaviour.OK, clock.now())
    await TestCard(context.database).start(charge)  # a charge that was on its way all the time

    async def down(self: TestCard, back: RefundOrder) -> None:
        raise ConnectionError

    await context.batched(confirm_many, Confirmation(one.order_id, "link"))
    assert (await order(context, one.order_id)).payment_state == "owed"
    later.advance(seconds=20)
    with monkeypatch.context() as broken:
        broken.setattr(TestCard, "refund", down)
        await settle_open(context)
    assert (await order(context, one.order_id)).payment_state == "owed"
    later.advance(seconds=61)
    await asyncio.gather(*(carry_out_due(context) for _ in range(3)))
    assert (await order(context, one.order_id)).payment_state == "refunded"
    assert await charged(context, one.order_id) == "refunded"


async def test_one_order_whose_provider_fails_keeps_no_other_waiting(
    context: Context, later: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = request(provider="test", method="timeout"), request(provider="test", method="timeout")
    for one in (bad, good):
        await take_order(context, one)
    plain = TestCard.look_up

    async def look_up(self: TestCard, key: UUID, data: Any) -> Any:
        if key == bad.order_id:
            raise ConnectionError
        return await plain(self, key, data)

    monkeypatch.setattr(TestCard, "look_up", look_up)
    later.advance(seconds=20)
    await settle_open(context)
    assert (await order(context, bad.order_id)).state == "placed"
    assert (await order(context, good.order_id)).state == "confirmed"
