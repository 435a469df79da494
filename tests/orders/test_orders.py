"""Taking, confirming and cancelling orders: nothing sold twice, nothing lost, whatever is repeated."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from safar.capacity import actions as ledger
from safar.catalogue.errors import UnknownProduct
from safar.customers.actions import Proof
from safar.kernel import clock
from safar.kernel.context import Context
from safar.kernel.database import Database, value
from safar.kernel.errors import SameKeyOtherBody
from safar.kernel.ids import new_id
from safar.orders.cancel import Cancellation
from safar.orders.changes import OrderStanding
from safar.orders.confirm import Confirmation, confirm_many
from safar.orders.errors import DiscountRefused, OutOfStock
from safar.orders.model import OrderState, Taken
from safar.orders.ownership import take_proof
from safar.orders.place import buy_many, place_many
from safar.orders.reading import orders_by_id
from safar.orders.refunded import Refunded, refunded_many
from safar.returns.cancel_order import cancel_with_exchanges_many
from safar.shop.console import codes as reading
from safar.stock import actions as stock
from safar.stock.model import MAIN, Transfer
from tests.stage.books import books_agree, events
from tests.stage.orders import answered
from tests.stage.prices import code
from tests.stage.shop import CLOCK, MUG, free, receive, request


async def test_more_buyers_than_units_get_exactly_the_units_and_a_clear_no(context: Context) -> None:
    answers = await asyncio.gather(*(answered(context, buy_many, request()) for _ in range(40)))
    kinds = Counter(type(answer) for answer in answers)
    assert kinds == {Taken: 10, OutOfStock: 30}
    assert {a.left[MUG] for a in answers if isinstance(a, OutOfStock)} == {0}
    assert len({a.number for a in answers if isinstance(a, Taken)}) == 10
    assert await free(context.database) == (0, 0)
    assert Counter(await events(context.database, "order.placed", "order.confirmed", "order.refused")) == {
        "order.placed": 10,
        "order.confirmed": 10,
        "order.refused": 30,
    }
    await books_agree(context.database)


async def test_two_processes_selling_the_same_units_never_oversell(context: Context) -> None:
    async def sell(turn: int) -> list[object]:
        lines = ((MUG, 1), (CLOCK, 1)) if turn % 2 else ((CLOCK, 1), (MUG, 1))
        async with context.database.transaction() as connection:
            return list(await buy_many(connection, [request(lines=lines) for _ in range(3)]))

    sold = [answer for answers in await asyncio.gather(*map(sell, range(6))) for answer in answers]
    assert sum(isinstance(answer, Taken) for answer in sold) == 5
    assert await free(context.database) == (5, 0)
    assert await free(context.database, CLOCK) == (0, 0)
    await books_agree(context.database)


async def test_an_order_is_all_or_nothing_and_sums_its_lines(database: Database) -> None:
    async with database.transaction() as connection:
        both, summed = await buy_many(
            connection,
            [request(lines=((MUG, 1), (CLOCK, 6))), request(lines=((CLOCK, 3), (CLOCK, 3)))],
        )
    for refused in (both, summed):
        assert isinstance(refused, OutOfStock)
        assert refused.left == {CLOCK: 5}
    assert await free(database) == (10, 0)


async def test_the_same_id_gets_the_same_answer_and_another_body_a_refusal(context: Context) -> None:
    one = request(provider="test", method="ok")
    answers = await asyncio.gather(*(context.batched(place_many, one) for _ in range(5)))
    assert {(a.order_id, a.number) for a in answers if isinstance(a, Taken)} == {
        (one.order_id, answers[0].number)
    }
    assert sum(not a.replayed for a in answers if isinstance(a, Taken)) == 1
    for other in (replace(one, lines=((MUG, 2),)), replace(one, email="eve@evil.example")):
        assert isinstance(await answered(context, place_many, other), SameKeyOtherBody)
    # Another browser, or a lost cookie: still the same order.
    again = await context.batched(place_many, replace(one, customer_id=new_id(), language="fa"))
    assert isinstance(again, Taken)
    assert again.replayed
    assert await free(context.database) == (10, 1)


async def test_the_same_id_in_two_transactions_at_once_is_one_order(context: Context) -> None:
    one = request()

    async def buy() -> object:
        async with context.database.transaction() as connection:
            return (await buy_many(connection, [one]))[0]

    answers = await asyncio.gather(*(buy() for _ in range(5)))
    assert {a.number for a in answers if isinstance(a, Taken)} == {answers[0].number}  # type: ignore[attr-defined]
    assert await free(context.database) == (9, 0)


async def test_a_refusal_wrote_nothing_so_asking_again_asks_anew(context: Context) -> None:
    many = request(lines=((MUG, 11),))
    assert isinstance(await answered(context, buy_many, many), OutOfStock)
    async with context.database.connection() as connection:
        assert await value(connection, "SELECT count(*) FROM orders") == 0
        assert await value(connection, "SELECT count(*) FROM customers") == 0
        assert await value(connection, "SELECT count(*) FROM capacity_holds") == 0
    await receive(context.database, {"MUG": 1})
    assert isinstance(await context.batched(buy_many, many), Taken)


async def test_what_is_not_sold_here_is_refused_whatever_is_asked_for_beside_it(context: Context) -> None:
    stranger = new_id()
    answer = await answered(context, buy_many, request(lines=((MUG, 1), (stranger, 1))))
    assert isinstance(answer, UnknownProduct)
    assert await free(context.database) == (10, 0)


async def test_a_campaigns_visitors_buy_first_from_what_it_has_set_aside(context: Context) -> None:
    campaign_id = new_id()
    async with context.database.transaction() as connection:
        location_id = await stock.open_allocation(connection, campaign_id, "Spring")
        move = Transfer(
            move_id=new_id(),
            variant_id=MUG,
            from_location_id=MAIN,
            to_location_id=location_id,
            quantity=2,
            reason="offer",
        )
        await stock.transfer_many(connection, [move])
    answers = await asyncio.gather(
        *(context.batched(buy_many, request(campaign_id=campaign_id)) for _ in range(3))
    )
    assert Counter(type(answer) for answer in answers) == {Taken: 3}
    assert await free(context.database) == (7, 0)
    other = request(campaign_id=campaign_id, lines=((CLOCK, 1),))
    assert isinstance(await context.batched(buy_many, other), Taken)
    await books_agree(context.database)


async def _placed(context: Context, **other: object) -> Taken:
    answer = await context.batched(place_many, request(provider="test", method="ok", **other))
    assert isinstance(answer, Taken)
    return answer


async def test_a_paid_order_is_confirmed_once_however_often_the_provider_says_so(context: Context) -> None:
    order = await _placed(context)
    said = Confirmation(order.order_id, "link", "ref")
    standings = await asyncio.gather(*(context.batched(confirm_many, said) for _ in range(4)))
    assert [s.state for s in standings] == [OrderState.CONFIRMED] * 4
    assert sum(s.changed for s in standings) == 1
    assert await free(context.database) == (9, 0)
    assert await events(context.database, "order.confirmed") == ["order.confirmed"]
    async with context.database.connection() as connection:
        assert await value(connection, "SELECT count(*) FROM messages WHERE author = 'shop'") == 1
    await books_agree(context.database)


async def test_paid_after_the_hold_ended_the_units_are_held_again(context: Context) -> None:
    with clock.held(clock.now()) as held:
        order = await _placed(context)
        held.advance(seconds=16 * 60)
        async with context.database.transaction() as connection:
            standing = (await confirm_many(connection, [Confirmation(order.order_id, "link")]))[0]
    assert standing.state == OrderState.CONFIRMED
    assert await free(context.database) == (9, 0)
    await books_agree(context.database)


async def test_paid_after_the_units_went_to_another_the_money_is_owed_and_the_customer_told(
    context: Context,
) -> None:
    with clock.held(clock.now()) as held:
        order = await _placed(context, lines=((MUG, 10),))
        held.advance(seconds=16 * 60)
        async with context.database.transaction() as connection:
            await ledger.expire_due(connection)
            assert isinstance((await buy_many(connection, [request()]))[0], Taken)
            standing = (await confirm_many(connection, [Confirmation(order.order_id, "link")]))[0]
            again = (await confirm_many(connection, [Confirmation(order.order_id, "link")]))[0]
            refunded = (await refunded_many(connection, [Refunded(order.order_id, "link")]))[0]
            await refunded_many(connection, [Refunded(order.order_id, "link")])
    assert (standing.state, standing.payment_state) == ("cancelled", "owed")
    assert (again.changed, refunded.payment_state) == (False, "refunded")
    assert await events(context.database, "order.cancelled", "payment.refunded") == [
        "order.cancelled",
        "payment.refunded",
    ]
    async with context.database.connection() as connection:
        found = await connection.execute(
            "SELECT subject FROM messages WHERE customer_id IN "
            "(SELECT customer_id FROM orders WHERE id = %s) ORDER BY at",
            [order.order_id],
        )
        subjects = " ".join(subject for (subject,) in await found.fetchall())
    assert "has been cancelled" in subjects
    assert "Your refund" in subjects
    await books_agree(context.database)


async def test_money_for_an_order_that_was_cancelled_is_owed(context: Context) -> None:
    order = await _placed(context)
    cancellation = Cancellation(order.order_id, "link", "payment_unfinished", may_still_arrive=True)
    first, second = await asyncio.gather(
        *(context.batched(cancel_with_exchanges_many, cancellation) for _ in range(2))
    )
    assert (first.state, first.payment_state, first.changed, second.changed) == (
        "cancelled",
        "started",
        True,
        False,
    )
    assert await free(context.database) == (10, 0)
    standing = await context.batched(confirm_many, Confirmation(order.order_id, "link"))
    assert (standing.state, standing.payment_state) == ("cancelled", "owed")
    assert await free(context.database) == (10, 0)


async def test_a_confirmed_order_cancelled_by_staff_brings_its_units_back(context: Context) -> None:
    answer = await context.batched(buy_many, request(lines=((MUG, 3), (CLOCK, 1))))
    cancellation = Cancellation(answer.order_id, "link", "cancelled_by_shop", staff_id=new_id())
    for _ in range(2):
        standing = await context.batched(cancel_with_exchanges_many, cancellation)
    assert (standing.state, standing.payment_state) == ("cancelled", "failed")
    assert await free(context.database) == (10, 0)
    assert await free(context.database, CLOCK) == (5, 0)
    await books_agree(context.database)


async def _uses_left(database: Database) -> int | None:
    async with database.connection() as connection:
        return (await reading.code(connection, "ONE")).left


async def test_a_cancelled_order_gives_the_use_of_its_code_back_once(context: Context) -> None:
    await code(context.database, "ONE", uses_max=2, customers_once=True)
    ada: dict[str, Any] = {"email": "ada@customers.example", "discount_code": "ONE"}
    sold = await context.batched(buy_many, request(**ada))
    assert isinstance(await answered(context, buy_many, request(**ada)), DiscountRefused)
    paid = await _placed(context, email="eve@customers.example", discount_code="ONE")
    await context.batched(confirm_many, Confirmation(paid.order_id, "link"))
    assert await _uses_left(context.database) == 0
    for order, left in ((sold, 1), (paid, 2)):
        cancellation = Cancellation(order.order_id, "link", "cancelled_by_customer")
        for _ in range(2):
            await asyncio.gather(
                *(context.batched(cancel_with_exchanges_many, cancellation) for _ in range(2))
            )
        assert await _uses_left(context.database) == left
    assert isinstance(await context.batched(buy_many, request(**ada)), Taken), "hers came back, too"
    assert await free(context.database) == (9, 0)
    await books_agree(context.database)


@pytest.mark.finding("security-low-customers_once")
async def test_a_stranger_who_types_an_address_uses_up_nothing_of_its_owner(context: Context) -> None:
    await code(context.database, "ONE", customers_once=True)
    owner = new_id()
    ada: dict[str, Any] = {"email": "ada@customers.example", "discount_code": "ONE"}
    assert isinstance(await context.batched(buy_many, request(**ada)), Taken), "a stranger's"
    again = await answered(context, buy_many, request(**ada))
    assert isinstance(again, DiscountRefused), "nor has a stranger any number of uses"
    plain = await context.batched(buy_many, request(customer_id=owner, email=ada["email"]))
    assert isinstance(plain, Taken)
    async with context.database.transaction() as connection:
        order = (await orders_by_id(connection, [plain.order_id]))[plain.order_id]
        proof = Proof(
            claimant=order.customer_id, kind="email", value=ada["email"], language="en", browser=owner
        )
        owner = await take_proof(connection, proof)
    mine = await context.batched(buy_many, request(customer_id=owner, **ada))
    assert isinstance(mine, Taken)
    for _time in range(2):
        more = await answered(context, buy_many, request(customer_id=owner, **ada))
        assert isinstance(more, DiscountRefused)
        assert more.reason == "used_before"
    cancelled = Cancellation(mine.order_id, "link", "cancelled_by_customer")
    await context.batched(cancel_with_exchanges_many, cancelled)
    assert isinstance(await context.batched(buy_many, request(customer_id=owner, **ada)), Taken)


@pytest.mark.finding("security-low-customers_once")
async def test_who_used_a_code_before_they_proved_their_mailbox_has_used_it(context: Context) -> None:
    await code(context.database, "ONE", customers_once=True)
    mine: dict[str, Any] = {
        "email": "eve@customers.example",
        "discount_code": "ONE",
        "customer_id": new_id(),
    }
    first = await context.batched(buy_many, request(**mine))
    assert isinstance(first, Taken)
    async with context.database.transaction() as connection:
        order = (await orders_by_id(connection, [first.order_id]))[first.order_id]
        proof = Proof(
            claimant=order.customer_id,
            kind="email",
            value=mine["email"],
            language="en",
            browser=mine["customer_id"],
        )
        await take_proof(connection, proof)
    again = await answered(context, buy_many, request(**mine))
    assert isinstance(again, DiscountRefused)
    assert again.reason == "used_before"


@pytest.mark.parametrize("taken", [False, True])
async def test_what_is_held_again_takes_its_use_if_one_is_left_and_gives_back_what_it_took(
    context: Context, *, taken: bool
) -> None:
    await code(context.database, "ONE", uses_max=1, customers_once=True)
    with clock.held(clock.now()) as held:
        order = await _placed(context, discount_code="ONE")
        held.advance(seconds=16 * 60)
        async with context.database.transaction() as connection:
            await ledger.expire_due(connection)
        if taken:
            assert isinstance(await context.batched(buy_many, request(discount_code="ONE")), Taken)
        late = await context.batched(confirm_many, Confirmation(order.order_id, "link"))
        assert late.state == OrderState.CONFIRMED
        assert await _uses_left(context.database) == 0
        await context.batched(
            cancel_with_exchanges_many, Cancellation(order.order_id, "link", "cancelled_by_customer")
        )
    assert await _uses_left(context.database) == (0 if taken else 1)
    await books_agree(context.database)


_WAITING = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


async def test_cancelling_held_and_sold_orders_together_locks_in_the_order_of_the_ledger(
    context: Context,
) -> None:
    async with context.database.connection() as connection:
        levels = await stock.levels(connection, [MUG, CLOCK])
    (first, early), (last, late) = sorted((levels[id_, MAIN].account_id, id_) for id_ in (MUG, CLOCK))
    await code(context.database, "ONE", uses_max=9)
    held = await _placed(context, lines=((late, 1),), discount_code="ONE")
    sold = await context.batched(buy_many, request(lines=((early, 1),), discount_code="ONE"))
    gone = [Cancellation(one.order_id, "link", "cancelled_by_customer") for one in (held, sold)]

    async def cancel() -> list[OrderStanding]:
        async with context.database.transaction() as connection:
            return await cancel_with_exchanges_many(connection, gone)

    async with context.database.transaction() as other:
        await ledger.lock_many(other, [first])
        cancelling = asyncio.create_task(cancel())
        async with asyncio.timeout(30), context.database.connection() as connection:
            while not await value(connection, _WAITING):
                await asyncio.sleep(0.005)
        await ledger.lock_many(other, [last])  # were it locked by whoever waits for us: a deadlock
    assert [standing.state for standing in await cancelling] == ["cancelled"] * 2
    assert await _uses_left(context.database) == 9
    await books_agree(context.database)


async def test_a_hold_lasts_as_long_as_the_shop_says(context: Context) -> None:
    order = await _placed(context, hold_minutes=3.0)
    async with context.database.connection() as connection:
        until = await value(connection, "SELECT held_until - placed_at FROM orders")
    assert (order.state, until) == ("placed", timedelta(minutes=3))
