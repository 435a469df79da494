"""Every way a payment can go: the order ends confirmed, or cancelled with a reason and the money back."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from safar.capacity.actions import expire_due
from safar.kernel import clock
from safar.kernel.context import Context
from safar.kernel.database import value
from safar.kernel.ids import new_id
from safar.shop import payments
from safar.shop.checkout import buy_many, place_many
from safar.shop.model import Order, Taken
from safar.shop.orders import orders_by_id
from safar.shop.pay import settle_open, take_order
from safar.shop.payments import Charge, Method, TestCard
from safar.shop.settle import Confirmation, confirm_many
from tests.shop.conftest import MUG, books_agree, events, free, request
from tests.shop.test_front import BUYER, filled, hidden


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seconds of a provider's are hundredths here."""
    monkeypatch.setattr(payments, "SLOW_S", 0.02)
    monkeypatch.setattr(payments, "PATIENCE_S", 0.4)


@pytest.fixture
def later() -> Iterator[Any]:
    """A clock of the recovery loop's, to be put forward."""
    with clock.held(clock.now()) as held:
        yield held


def body(method: str, **other: object) -> dict[str, object]:
    return {
        **BUYER, "id": str(new_id()), "sku": "MUG", "quantity": 1, "provider": "test", "method": method,
        **other,
    }  # fmt: skip


async def order(context: Context, order_id: object) -> Order:
    async with context.database.connection() as connection:
        return (await orders_by_id(connection, [UUID(str(order_id))]))[UUID(str(order_id))]


async def charged(context: Context, order_id: object) -> str | None:
    async with context.database.connection() as connection:
        outcome = await value(
            connection, "SELECT outcome FROM test_card_charges WHERE key = %s", [UUID(str(order_id))]
        )
        return outcome if outcome is None else str(outcome)


@pytest.mark.parametrize("method", ["ok", "slow", "twice"])
async def test_a_card_that_pays_confirms_the_order(
    browser: httpx.AsyncClient, context: Context, method: str
) -> None:
    sent = body(method)
    first, again = [await browser.post("/buy", json=sent) for _ in range(2)]
    assert (first.status_code, first.json()["state"]) == (201, "confirmed")
    assert first.json() == again.json()
    assert (await order(context, sent["id"])).payment_state == "paid"
    assert await free(context.database) == (9, 0)
    assert await events(context.database, "order.confirmed") == ["order.confirmed"]
    await books_agree(context.database)


async def test_a_declined_card_cancels_and_says_why(browser: httpx.AsyncClient, context: Context) -> None:
    sent = body("fail")
    for _ in range(2):
        answer = await browser.post("/buy", json=sent)
        assert (answer.status_code, answer.json()["error"]) == (402, "payment_declined")
    declined = await order(context, sent["id"])
    assert (declined.state, declined.reason, declined.payment_state) == (
        "cancelled", "payment_declined", "failed",
    )  # fmt: skip
    assert await free(context.database) == (10, 0)
    assert await events(context.database, "payment.failed", "order.cancelled") == [
        "payment.failed", "order.cancelled",
    ]  # fmt: skip


async def test_after_a_declined_card_the_form_is_ready_for_another_way_to_pay(
    browser: httpx.AsyncClient,
) -> None:
    order_id = await filled(browser)
    form = {**BUYER, "provider": "test", "method": "fail", "order_id": order_id}
    page = await browser.post("/checkout", data=form)
    assert page.status_code == 402
    assert "nothing was charged" in page.text
    assert "Ada Lovelace" in page.text
    assert hidden(page) != order_id
    paid = await browser.post("/checkout", data={**form, "method": "ok", "order_id": hidden(page)})
    assert paid.status_code == 303
    assert "Confirmed" in (await browser.get(paid.headers["location"])).text


async def test_an_answer_that_gets_lost_is_asked_for_later(
    browser: httpx.AsyncClient, context: Context, later: Any
) -> None:
    sent = body("timeout")
    answer = await browser.post("/buy", json=sent)
    assert (answer.status_code, answer.json()["state"]) == (201, "placed")
    page = await browser.get(answer.json()["url"].split("8000", 1)[1])
    assert "waiting for the payment" in page.text
    await settle_open(context)
    assert (await order(context, sent["id"])).state == "placed"
    later.advance(seconds=20)
    await settle_open(context)
    assert (await order(context, sent["id"])).state == "confirmed"
    assert await free(context.database) == (9, 0)
    await books_agree(context.database)


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
    assert await free(context.database) == (9, 0)
    await books_agree(context.database)


async def test_paid_late_and_sold_out_by_then_the_money_goes_back(context: Context, later: Any) -> None:
    taken = await take_order(context, request(provider="test", method="late", lines=((MUG, 10),)))
    assert isinstance(taken, Taken)
    later.advance(seconds=15 * 60 + 10)
    async with context.database.transaction() as connection:
        await expire_due(connection)
        await buy_many(connection, [request()])
    await settle_open(context)
    late = await order(context, taken.order_id)
    assert (late.state, late.reason, late.payment_state) == (
        "cancelled", "sold_out_while_paying", "refunded",
    )  # fmt: skip
    assert await charged(context, taken.order_id) == "refunded"
    assert await free(context.database) == (9, 0)
    await books_agree(context.database)


async def test_a_payment_that_never_comes_cancels_and_one_that_comes_after_all_goes_back(
    context: Context, later: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(payments, "_LATE", timedelta(hours=1))
    taken = await take_order(context, request(provider="test", method="late"))
    assert isinstance(taken, Taken)
    later.advance(seconds=17 * 60)
    await settle_open(context)
    waiting = await order(context, taken.order_id)
    assert (waiting.state, waiting.reason, waiting.payment_state) == (
        "cancelled", "payment_unfinished", "started",
    )  # fmt: skip
    assert await free(context.database) == (10, 0)
    later.advance(seconds=3600)
    await settle_open(context)
    back = await order(context, taken.order_id)
    assert (back.state, back.payment_state) == ("cancelled", "refunded")
    assert await charged(context, taken.order_id) == "refunded"
    await books_agree(context.database)


async def test_a_crash_before_the_charge_frees_the_units(context: Context, later: Any) -> None:
    one = request(provider="test", method="ok")
    await context.batched(place_many, one)
    later.advance(seconds=20)
    await settle_open(context)
    dead = await order(context, one.order_id)
    assert (dead.state, dead.reason, dead.payment_state) == ("cancelled", "payment_unfinished", "failed")
    assert await free(context.database) == (10, 0)
    # The customer's browser sends the form again: nothing is charged for what was cancelled.
    again = await take_order(context, one)
    assert isinstance(again, Taken)
    assert again.state == "cancelled"
    assert await charged(context, one.order_id) is None


async def test_a_crash_after_the_charge_confirms(context: Context, later: Any) -> None:
    one = request(provider="test", method="ok")
    taken = await context.batched(place_many, one)
    assert isinstance(taken, Taken)
    charge = Charge(one.order_id, taken.total_minor, taken.currency, Method.OK, clock.now())
    await TestCard(context.database).charge(charge)
    later.advance(seconds=20)
    await asyncio.gather(*(settle_open(context) for _ in range(3)))
    assert (await order(context, one.order_id)).state == "confirmed"
    assert await events(context.database, "order.confirmed") == ["order.confirmed"]
    assert await free(context.database) == (9, 0)


async def test_a_crash_before_the_refund_is_made_good(
    context: Context, later: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = request(provider="test", method="ok")
    placed = await context.batched(place_many, one)
    assert isinstance(placed, Taken)
    later.advance(seconds=20)
    await settle_open(context)  # cancels: nothing was charged
    charge = Charge(one.order_id, placed.total_minor, placed.currency, Method.OK, clock.now())
    await TestCard(context.database).charge(charge)  # a charge that was on its way all the time

    async def down(self: TestCard, key: UUID) -> None:
        raise ConnectionError

    await context.batched(confirm_many, Confirmation(one.order_id, "link"))
    assert (await order(context, one.order_id)).payment_state == "owed"
    later.advance(seconds=20)
    with monkeypatch.context() as broken:
        broken.setattr(TestCard, "refund", down)
        await settle_open(context)
    assert (await order(context, one.order_id)).payment_state == "owed"
    later.advance(seconds=20)
    await settle_open(context)
    assert (await order(context, one.order_id)).payment_state == "refunded"
    assert await charged(context, one.order_id) == "refunded"


async def test_one_order_whose_provider_fails_keeps_no_other_waiting(
    context: Context, later: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = request(provider="test", method="timeout"), request(provider="test", method="timeout")
    for one in (bad, good):
        await take_order(context, one)
    plain = TestCard.look_up

    async def look_up(self: TestCard, key: UUID) -> Any:
        if key == bad.order_id:
            raise ConnectionError
        return await plain(self, key)

    monkeypatch.setattr(TestCard, "look_up", look_up)
    later.advance(seconds=20)
    await settle_open(context)
    assert (await order(context, bad.order_id)).state == "placed"
    assert (await order(context, good.order_id)).state == "confirmed"
