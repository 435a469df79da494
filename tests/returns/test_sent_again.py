"""A request that is sent again under its id: the same is answered the same, another one is refused."""

from dataclasses import replace

import pytest

from safar.kernel import clock
from safar.kernel.context import Context
from safar.kernel.errors import SameKeyOtherBody
from safar.kernel.ids import new_id
from safar.payments.books.decide import plan_refunds
from safar.payments.books.model import Refund, RefundAsked, RefundKeyReused, RefundRequest
from safar.returns.give_up import give_up_many
from safar.returns.model import AskedLine, Return
from safar.returns.request import request_many
from safar.shipments.actions import ship_many
from safar.shipments.model import Shipping
from safar.stock.model import MAIN
from tests.stage.orders import LINK, SAM, bought, delivered
from tests.stage.returns import ask, give_up, paid, send
from tests.stage.shop import CLOCK, MUG

pytestmark = pytest.mark.finding("issue-7.6")


async def test_a_return_with_a_line_more_or_something_else_wanted_is_another_one(context: Context) -> None:
    order_id = await delivered(context, (MUG, 2), (CLOCK, 1))
    first = ask(order_id, (MUG, 1))
    made = await context.batched(request_many, first)
    assert (await context.batched(request_many, first)).number == made.number
    (line,) = first.lines
    for lines in (
        (line, AskedLine(CLOCK, 1, "broken")),
        (line, line),
        (replace(line, wanted_id=CLOCK),),
    ):
        with pytest.raises(SameKeyOtherBody):
            await context.batched(request_many, replace(first, lines=lines))
    twin = ask(order_id, (CLOCK, 1))
    async with context.database.transaction() as connection:
        taken, other = await request_many(connection, [twin, replace(twin, note="Sorry")])
    assert taken.id == twin.return_id
    assert not isinstance(other, Return), "also beside one another, before either was written"


async def test_a_parcel_with_a_line_more_or_of_all_that_is_left_is_another_one(context: Context) -> None:
    order_id = await bought(context, (MUG, 2), (CLOCK, 1))
    first = Shipping(new_id(), order_id, MAIN, LINK, ((MUG, 1),), "Post", "A", SAM)
    await context.batched(ship_many, first)
    assert not (await context.batched(ship_many, first)).changed
    for units in (((MUG, 1), (CLOCK, 1)), ((MUG, 1), (CLOCK, 0)), None):
        with pytest.raises(SameKeyOtherBody):
            await context.batched(ship_many, replace(first, units=units))


async def test_what_is_given_up_with_a_line_more_is_something_else(context: Context) -> None:
    order_id = await paid(context, (MUG, 3), (CLOCK, 1))
    await send(context, order_id, (MUG, 1))
    first = give_up(order_id, (MUG, 1))
    await context.batched(give_up_many, first)
    assert not (await context.batched(give_up_many, first)).changed
    for other in ({"units": ((MUG, 1), (CLOCK, 1))}, {"units": None}, {"with_shipping": True}):
        with pytest.raises(SameKeyOtherBody):
            await context.batched(give_up_many, replace(first, **other))


def test_a_refund_for_another_reason_is_another_one() -> None:
    asked = RefundRequest(new_id(), new_id(), 100, "It broke", SAM)
    known = Refund(
        asked.refund_id,
        asked.order_id,
        "transfer",
        100,
        "GBP",
        "by_hand",
        "It broke",
        None,
        None,
        SAM,
        None,
        clock.now(),
        None,
        0,
    )
    answers, fresh = plan_refunds([asked, replace(asked, reason="Late")], {}, {known.id: known})
    assert answers == [
        RefundAsked(asked.refund_id, "by_hand", replayed=True),
        RefundKeyReused(asked.refund_id),
    ]
    assert fresh == []
