"""Returns: asked for, answered, received, paid back or exchanged: over a real database."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from safar.catalogue.actions import variant_id_of
from safar.gate.site.sites import NewSite, open_site, product_key
from safar.gate.tickets.model import SiteKind
from safar.kernel import clock
from safar.kernel.context import Context
from safar.kernel.database import value
from safar.kernel.errors import SameKeyOtherBody
from safar.kernel.ids import new_id
from safar.orders.reading import goods_of
from safar.owner.actions import change_shop
from safar.payments.books.end_refund import end_refunds_many
from safar.payments.books.model import Ending
from safar.payments.books.reading import refunds_of
from safar.returns.errors import MoreThanSent, NothingToExchange, NotReturnable, RefundTooLarge
from safar.returns.exchange import exchange_id
from safar.returns.model import (
    Approval,
    Arrived,
    AskedLine,
    Refusal,
    Return,
    ReturnArrival,
    ReturnOutcome,
    ReturnRefund,
    ReturnRequest,
)
from safar.returns.reading import progress_of, returns_by_id
from safar.returns.receive import approve_many, receive_returns_many, refund_return_many
from safar.returns.refuse import refuse_many
from safar.returns.request import can_return, request_many
from safar.returns.show import payment_word, state_word
from safar.stock import actions as stock
from safar.stock.model import LOSS, MAIN, QUARANTINE
from tests.stage.books import books_agree, events
from tests.stage.orders import LINK, SAM, bought, delivered, order_of, sent_units
from tests.stage.returns import DAYS, ask
from tests.stage.shop import CLOCK, MUG, free


async def approved(context: Context, request: ReturnRequest) -> UUID:
    await context.batched(request_many, request)
    await context.batched(approve_many, Approval(request.return_id, SAM, LINK, "new", "1 Road"))
    return request.return_id


async def received(context: Context, return_id: UUID, *lines: tuple[UUID, int]) -> ReturnOutcome:
    goods = tuple(Arrived(variant_id, MAIN, units) for variant_id, units in lines)
    return await context.batched(receive_returns_many, ReturnArrival(return_id, SAM, LINK, lines, goods))


async def as_it_stands(context: Context, return_id: UUID) -> Return:
    async with context.database.connection() as connection:
        return (await returns_by_id(connection, [return_id]))[return_id]


async def test_what_comes_back_goes_where_it_is_put_and_the_money_follows_once(context: Context) -> None:
    order_id = await delivered(context, (MUG, 3))
    return_id = await approved(context, ask(order_id, (MUG, 3)))
    goods = (Arrived(MUG, MAIN, 1), Arrived(MUG, QUARANTINE, 1), Arrived(MUG, LOSS, 1))
    arrival = ReturnArrival(return_id, SAM, LINK, ((MUG, 3),), goods)
    for changed in (True, False):
        assert (await context.batched(receive_returns_many, arrival)).changed is changed
    assert await free(context.database) == (8, 0)
    assert await sent_units(context.database, MUG) == 0
    for changed in (True, False):
        back = await context.batched(refund_return_many, ReturnRefund(return_id, SAM, LINK))
        assert (back.done, back.changed) == (True, changed)
    async with context.database.connection() as connection:
        refunds = await connection.execute("SELECT order_id, amount_minor, state FROM refunds")
        assert await refunds.fetchall() == [(order_id, 3 * 495, "by_hand")]
    assert (await as_it_stands(context, return_id)).refund_minor == 3 * 495
    names = ["return.requested", "return.approved", "return.received", "return.refunded"]
    assert await events(context.database, *names) == names
    await books_agree(context.database)


async def test_parts_of_a_line_sum_to_what_was_paid_for_it(context: Context) -> None:
    order_id = await delivered(context, (MUG, 3), (CLOCK, 1))
    amounts = []
    for units in (1, 2):
        return_id = await approved(context, ask(order_id, (MUG, units)))
        await received(context, return_id, (MUG, units))
        await context.batched(refund_return_many, ReturnRefund(return_id, SAM, LINK))
        amounts.append((await as_it_stands(context, return_id)).refund_minor)
    assert amounts == [495, 990]
    async with context.database.connection() as connection:
        assert await can_return(connection, order_id) == {MUG: 0, CLOCK: 1}


async def test_nothing_comes_back_that_has_not_left_is_back_already_or_is_too_old(context: Context) -> None:
    with clock.held(clock.now()) as time:
        unsent = await bought(context, (MUG, 1))
        with pytest.raises(NotReturnable):
            await context.batched(request_many, ask(unsent, (MUG, 1)))
        order_id = await delivered(context, (MUG, 2))
        for lines in ([(MUG, 3)], [(CLOCK, 1)], [(MUG, 2), (MUG, 1)]):
            with pytest.raises(MoreThanSent):
                await context.batched(request_many, ask(order_id, *lines))
        first = ask(order_id, (MUG, 2))
        await context.batched(request_many, first)
        with pytest.raises(NotReturnable):
            await context.batched(request_many, ask(order_id, (MUG, 1)))
        await context.batched(refuse_many, Refusal(first.return_id, SAM, LINK, "Used"))
        time.advance(seconds=timedelta(days=DAYS + 1).total_seconds())
        with pytest.raises(NotReturnable):
            await context.batched(request_many, ask(order_id, (MUG, 1)))
        late = await context.batched(request_many, ask(order_id, (MUG, 1), staff_id=SAM))
    assert late.state == "requested"


async def test_the_same_request_twice_is_one_return_and_another_body_is_refused(context: Context) -> None:
    order_id = await delivered(context, (MUG, 2))
    request = ask(order_id, (MUG, 1))
    found = await asyncio.gather(*(context.batched(request_many, request) for _ in range(3)))
    assert {one.id for one in found} == {request.return_id}
    other = ask(order_id, (MUG, 2))
    twin = ReturnRequest(request.return_id, order_id, other.lines, "refund", DAYS, LINK)
    with pytest.raises(SameKeyOtherBody):
        await context.batched(request_many, twin)
    assert await events(context.database, "return.requested") == ["return.requested"]


async def test_more_money_than_was_paid_never_goes_back(context: Context) -> None:
    order_id = await delivered(context, (MUG, 2))
    return_id = await approved(context, ask(order_id, (MUG, 2)))
    await received(context, return_id, (MUG, 1))
    with pytest.raises(RefundTooLarge):
        await context.batched(refund_return_many, ReturnRefund(return_id, SAM, LINK, amount_minor=496))
    await context.batched(refund_return_many, ReturnRefund(return_id, SAM, LINK, amount_minor=400))
    assert (await as_it_stands(context, return_id)).refund_minor == 400


async def test_an_exchange_for_the_same_costs_nothing_and_holds_its_units_at_once(context: Context) -> None:
    order_id = await delivered(context, (MUG, 2))
    return_id = await approved(context, ask(order_id, (MUG, 2), wish="exchange"))
    new = await order_of(context.database, exchange_id(return_id))
    assert (new.state, new.total_minor, new.customer_id) == (
        "confirmed",
        0,
        (await order_of(context.database, order_id)).customer_id,
    )
    assert await free(context.database) == (6, 0)
    assert (await received(context, return_id, (MUG, 2))).state == "exchanged"
    assert await free(context.database) == (8, 0)
    await books_agree(context.database)


async def test_an_exchange_comes_from_the_shelf_that_the_shops_rule_chooses(context: Context) -> None:
    store = new_id()
    async with context.database.transaction() as connection:
        await stock.open_locations(connection, [(store, "Store", "store")])
        await stock.receive_stock_many(connection, [stock.StockReceipt(new_id(), MUG, store, 90, "delivery")])
    request = ask(await delivered(context, (MUG, 1)), (MUG, 1), wish="exchange")
    await context.batched(request_many, request)
    async with context.database.transaction() as connection:
        await change_shop(connection, {"location_rule": "fullest"}, staff_id=None)
    approval = Approval(request.return_id, SAM, LINK, "new")
    await context.batched(approve_many, approval)
    new_order = exchange_id(request.return_id)
    async with context.database.connection() as connection:
        taken = (await goods_of(connection, [new_order]))[new_order]
    assert [one.location_id for one in taken] == [store]
    await books_agree(context.database)


async def test_an_exchange_is_all_or_nothing(context: Context) -> None:
    order_id = await delivered(context, (CLOCK, 3))
    request = ask(order_id, (CLOCK, 3), wish="exchange")
    await context.batched(request_many, request)
    approval = Approval(request.return_id, SAM, LINK, "new")
    with pytest.raises(NothingToExchange):
        await context.batched(approve_many, approval)
    assert (await as_it_stands(context, request.return_id)).state == "requested"
    assert await free(context.database, CLOCK) == (2, 0)
    await books_agree(context.database)


async def test_an_exchange_for_something_else_costs_or_gives_back_the_difference(context: Context) -> None:
    dear = await delivered(context, (MUG, 1))
    cheap = await delivered(context, (CLOCK, 1))
    up = ask(cheap, wish="exchange", asked=(AskedLine(CLOCK, 1, "wrong", MUG),))
    down = ask(dear, wish="exchange", asked=(AskedLine(MUG, 1, "wrong", CLOCK),))
    for request in (up, down):
        await approved(context, request)
    assert (await order_of(context.database, exchange_id(up.return_id))).total_minor == 495 - 375
    assert (await order_of(context.database, exchange_id(down.return_id))).total_minor == 0
    await received(context, down.return_id, (MUG, 1))
    assert (await as_it_stands(context, down.return_id)).refund_minor == 495 - 375
    async with context.database.connection() as connection:
        assert await value(connection, "SELECT sum(amount_minor) FROM refunds") == 120


async def test_a_refused_exchange_puts_its_units_back_on_the_shelf(context: Context) -> None:
    order_id = await delivered(context, (MUG, 1))
    return_id = await approved(context, ask(order_id, (MUG, 1), wish="exchange"))
    assert await free(context.database) == (8, 0)
    await context.batched(refuse_many, Refusal(return_id, SAM, LINK, "It never came"))
    assert await free(context.database) == (9, 0)
    assert (await order_of(context.database, exchange_id(return_id))).state == "cancelled"
    async with context.database.connection() as connection:
        told = await value(connection, "SELECT count(*) FROM messages WHERE body LIKE '%%It never came%%'")
    assert told == 1
    await books_agree(context.database)


async def test_a_kit_comes_back_in_its_parts_and_is_paid_as_a_kit(context: Context) -> None:
    kit = variant_id_of("PT1")
    async with context.database.transaction() as connection:
        await connection.execute("UPDATE variants SET is_kit = true WHERE id = %s", [kit])
        await connection.execute(
            "INSERT INTO kit_parts VALUES (%s, %s, 2), (%s, %s, 1)", [kit, MUG, kit, CLOCK]
        )
    order_id = await delivered(context, (kit, 2))
    assert await free(context.database) == (6, 0)
    return_id = await approved(context, ask(order_id, (kit, 1)))
    goods = (Arrived(MUG, MAIN, 2), Arrived(CLOCK, LOSS, 1))
    more = ReturnArrival(return_id, SAM, LINK, ((kit, 1),), (Arrived(MUG, MAIN, 5),))
    with pytest.raises(MoreThanSent):
        await context.batched(receive_returns_many, more)
    await context.batched(receive_returns_many, ReturnArrival(return_id, SAM, LINK, ((kit, 1),), goods))
    await context.batched(refund_return_many, ReturnRefund(return_id, SAM, LINK))
    assert await free(context.database) == (8, 0)
    assert await free(context.database, CLOCK) == (3, 0)
    assert (await as_it_stands(context, return_id)).refund_minor == 1250
    await books_agree(context.database)


async def test_the_customer_is_written_at_every_turn(context: Context) -> None:
    order_id = await delivered(context, (MUG, 1), language="fa")
    return_id = await approved(context, ask(order_id, (MUG, 1)))
    await received(context, return_id, (MUG, 1))

    async with context.database.connection() as connection:
        bodies = await connection.execute("SELECT body FROM messages WHERE subject LIKE '%%50%%' ORDER BY at")
        texts = [body for (body,) in await bodies.fetchall()]
    assert len(texts) == 3
    assert "1 Road" in texts[1]


@pytest.mark.finding("security-8")
@pytest.mark.parametrize("barred", ["unpublished", "room"])
async def test_an_exchange_is_for_what_could_be_ordered(context: Context, barred: str) -> None:
    wanted = ask(
        await delivered(context, (CLOCK, 1)), wish="exchange", asked=(AskedLine(CLOCK, 1, "wrong", MUG),)
    )
    same = ask(await delivered(context, (MUG, 1)), (MUG, 1), wish="exchange")
    await context.batched(request_many, wanted)
    async with context.database.transaction() as connection:
        product_id = await value(connection, "SELECT product_id FROM variants WHERE id = %s", [MUG])
        if barred == "room":
            room = NewSite(
                key=product_key(product_id),
                capacity=1,
                kind=SiteKind.PRODUCT,
                title="Mug",
                path="/p/mug",
                product_id=product_id,
            )
            await open_site(connection, room, staff_id=SAM)
        else:
            await connection.execute("UPDATE products SET published = false WHERE id = %s", [product_id])
    with pytest.raises(NothingToExchange):
        await context.batched(approve_many, Approval(wanted.return_id, SAM, LINK, "new"))
    await approved(context, same)


@pytest.mark.finding("goods-J")
async def test_what_has_come_back_is_neither_delivered_nor_just_paid(context: Context) -> None:
    order_id = await delivered(context, (MUG, 2))

    async def words() -> tuple[str, str]:
        order = await order_of(context.database, order_id)
        async with context.database.connection() as connection:
            progress = (await progress_of(connection, [order_id]))[order_id]
        return state_word(order, progress), payment_word(order, progress)

    async def come_back() -> None:
        return_id = await approved(context, ask(order_id, (MUG, 1)))
        await received(context, return_id, (MUG, 1))
        await context.batched(refund_return_many, ReturnRefund(return_id, SAM, LINK))

    async def paid_out() -> None:
        async with context.database.connection() as connection:
            refunds = await refunds_of(connection, order_id)
        async with context.database.transaction() as connection:
            await end_refunds_many(connection, [Ending(one.id, "done", LINK) for one in refunds])

    assert await words() == ("Delivered", "Paid")
    await come_back()
    assert await words() == ("Delivered", "Refund in progress")
    await paid_out()
    assert await words() == ("Delivered", "Partly refunded")
    await come_back()
    await paid_out()
    assert await words() == ("Sent back", "Refunded")
