"""An order of which something cannot be sent can end: units back, money back, the customer told."""

from uuid import UUID

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from safar.catalogue.actions import variant_id_of
from safar.kernel.context import Context
from safar.kernel.database import value
from safar.kernel.ids import new_id
from safar.orders.cancel import Cancellation
from safar.orders.model import Goods, OrderLine
from safar.returns.cancel_order import cancel_with_exchanges_many
from safar.returns.decide import Rest, rest_of, to_give_up
from safar.returns.errors import NothingSent, TooManyGivenUp
from safar.returns.give_up import give_up_many
from safar.returns.request import can_return
from safar.shipments.actions import deliver_many
from safar.shipments.decide import TooMany
from safar.shipments.errors import NothingToShip
from safar.shipments.model import OrderDelivery
from safar.stock.model import MAIN
from tests.stage.books import books_agree, events
from tests.stage.checkout import path_of
from tests.stage.orders import LINK, SAM, bought, order_of
from tests.stage.prices import code, deliver
from tests.stage.returns import give_up, paid, send
from tests.stage.shop import CLOCK, MUG, free

pytestmark = pytest.mark.finding("goods-H")
KIT = variant_id_of("PT1")


async def refunds(context: Context) -> int:
    async with context.database.connection() as connection:
        return int(await value(connection, "SELECT coalesce(sum(amount_minor), 0)::bigint FROM refunds"))


async def make_kit(context: Context) -> None:
    """A music box of two mugs and a clock."""
    async with context.database.transaction() as connection:
        await connection.execute("UPDATE variants SET is_kit = true WHERE id = %s", [KIT])
        await connection.execute(
            "INSERT INTO kit_parts VALUES (%s, %s, 2), (%s, %s, 1)", [KIT, MUG, KIT, CLOCK]
        )


async def test_the_rest_of_a_partly_sent_order_is_given_up_once(context: Context) -> None:
    await code(context.database, "TEN", value=1000)
    await deliver(context.database)
    where = {"country": "GB", "postcode": "YO1 7HH", "city": "York", "discount_code": "TEN"}
    order_id = await paid(context, (MUG, 3), **where)
    await send(context, order_id, (MUG, 1))
    refused = Cancellation(order_id, LINK, "cancelled_by_shop", staff_id=SAM)
    assert (await context.batched(cancel_with_exchanges_many, refused)).state == "confirmed"
    asked = give_up(order_id, with_shipping=True)
    for changed in (True, False):
        outcome = await context.batched(give_up_many, asked)
        assert (outcome.state, outcome.done, outcome.changed) == ("shipped", True, changed)
    total = 3 * 495 - 149  # a tenth of 14.85, rounded up
    assert await refunds(context) == total * 2 // 3 + 395
    assert await free(context.database) == (9, 0)
    async with context.database.connection() as connection:
        assert await can_return(connection, order_id) == {MUG: 1}
        body = await value(connection, "SELECT body FROM messages WHERE subject LIKE '%%is unavailable'")
    assert "2 × Retrospot mug" in body
    assert "It broke" in body
    assert "We’ll refund £12.85" in body
    names = ["order.given_up", "order.shipped"]
    assert await events(context.database, *names) == names
    await context.batched(deliver_many, OrderDelivery(order_id, SAM))
    with pytest.raises(NothingToShip):
        await context.batched(give_up_many, give_up(order_id))
    await books_agree(context.database)


async def test_what_was_to_be_paid_on_delivery_falls_and_nothing_goes_back(context: Context) -> None:
    order_id = await bought(context, (MUG, 2), (CLOCK, 1))
    await context.batched(give_up_many, give_up(order_id, (MUG, 1)))
    order = await order_of(context.database, order_id)
    assert (order.state, order.total_minor, order.waived_minor) == ("confirmed", 495 + 375, 495)
    with pytest.raises(TooManyGivenUp):
        await context.batched(give_up_many, give_up(order_id, (MUG, 2)))
    with pytest.raises(NothingSent):
        await context.batched(give_up_many, give_up(order_id))
    await send(context, order_id, (MUG, 1))
    await context.batched(give_up_many, give_up(order_id, (CLOCK, 1)))
    order = await order_of(context.database, order_id)
    assert (order.state, order.total_minor, await refunds(context)) == ("shipped", 495, 0)
    await context.batched(deliver_many, OrderDelivery(order_id, SAM))
    assert (await order_of(context.database, order_id)).payment_state == "paid"
    assert await free(context.database) == (9, 0)
    await books_agree(context.database)


@pytest.mark.finding("security-low-kit")
async def test_a_kit_of_which_something_is_sent_lacks_only_the_rest(context: Context) -> None:
    await make_kit(context)
    order_id = await paid(context, (KIT, 2), (MUG, 1))
    await send(context, order_id, (MUG, 3))
    async with context.database.transaction() as connection:
        assert await can_return(connection, order_id) == {KIT: 0, MUG: 1}
        await connection.execute(
            "UPDATE kit_parts SET units = 1 WHERE kit_id = %s AND part_id = %s", [KIT, MUG]
        )
        assert await can_return(connection, order_id) == {KIT: 0, MUG: 1}, "as it was sold"
    await context.batched(give_up_many, give_up(order_id))
    assert await refunds(context) == 2 * 1250 * 4 // 6, "two of six parts are there"
    assert (await order_of(context.database, order_id)).state == "shipped"
    await books_agree(context.database)


async def test_staff_and_customers_read_why_it_cannot_be_cancelled_and_what_was_given_up(
    context: Context, desk: httpx.AsyncClient, browser: httpx.AsyncClient
) -> None:
    order_id = await paid(context, (MUG, 3))
    await send(context, order_id, (MUG, 1))
    refused = await desk.post(f"/orders/{order_id}/cancelled")
    assert refused.status_code == 409
    assert "Cancel the remaining items instead" in refused.text
    path = path_of(context, order_id)
    await browser.get(path)
    told = await browser.post(f"{path}/cancellation")
    assert told.status_code == 409
    assert "on its way already" in told.text
    form = {"request_id": str(new_id()), "rest": "on", "reason": ""}
    assert (await desk.post(f"/orders/{order_id}/given-up", data=form)).status_code == 422
    for _ in range(2):
        done = await desk.post(f"/orders/{order_id}/given-up", data={**form, "reason": "Sold out"})
        assert done.status_code == 303
    page = (await browser.get(path)).text
    assert "2 of these won’t be sent" in page
    assert "Sold out" in page
    assert "the rest will follow" not in page
    assert "£9.90" in page
    listed = (await desk.get("/orders")).text
    assert "Partly shipped" not in listed


def _line(variant_id: UUID, quantity: int, parts: tuple[tuple[UUID, int], ...] = ()) -> OrderLine:
    return OrderLine(MAIN, variant_id, quantity, 100, 0, 0, "x", "X", "x", "x", parts=parts)


@given(st.data())
def test_whatever_is_given_up_the_goods_go_back_and_the_lines_follow(data: st.DataObject) -> None:
    units = st.integers(1, 4)
    lines = [
        _line(KIT, data.draw(units), ((MUG, 2), (CLOCK, 1))),
        _line(MUG, data.draw(units)),
    ]
    demand = {MUG: lines[0].quantity * 2 + lines[1].quantity, CLOCK: lines[0].quantity}
    goods = []
    for variant_id, quantity in demand.items():
        split = data.draw(st.integers(0, quantity))
        for at, n in ((MAIN, split), (SAM, quantity - split)):
            if n:
                goods.append(Goods(MAIN, variant_id, at, n, data.draw(st.integers(0, n)), "x", "x", at))
    to_go = sum(one.quantity - one.shipped for one in goods)
    rest = rest_of(lines, goods, None)
    if rest is None:
        assert to_go == 0
    else:
        assert isinstance(rest, Rest)
        assert rest.last
        assert sum(rest.goods.values()) == to_go
        assert all(0 <= missing <= of for missing, of in rest.shares.values())
        kept = {line.variant_id: line.quantity - rest.lines.get(line.variant_id, 0) for line in lines}
        assert min(kept.values()) >= 0
        for part, shipped in ((MUG, 2 * kept[KIT] + kept[MUG]), (CLOCK, kept[KIT])):
            assert shipped <= sum(one.shipped for one in goods if one.variant_id == part)
    for variant_id, most in to_give_up(lines, goods).items():
        assert isinstance(rest_of(lines, goods, [(variant_id, most + 1)]), TooMany)
        some = rest_of(lines, goods, [(variant_id, most)])
        assert most == 0 or (isinstance(some, Rest) and some.lines == {variant_id: most})
