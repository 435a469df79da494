"""The customer's order page over real HTTP, without scripts: parcels, documents, cancelling, returns."""

import asyncio
import re
from uuid import UUID

import httpx
import pytest

from safar.kernel.context import Context
from safar.kernel.database import value
from safar.kernel.ids import new_id
from safar.orders.cancel import Cancellation
from safar.orders.model import Taken
from safar.orders.place import place_many
from safar.payments.books.end_refund import end_refunds_many
from safar.payments.books.model import Ending, NewReceipt
from safar.payments.books.reading import refunds_of
from safar.payments.refunds import refund_cancelled
from safar.payments.settle import receive_money
from safar.returns.cancel_order import cancel_with_exchanges_many
from safar.shipments.actions import pack_many, ship_many
from safar.shipments.model import Pack, Shipping
from safar.shop.checkout.take_order import take_order
from safar.stock.model import MAIN
from tests.stage.books import books_agree, events
from tests.stage.checkout import path_of
from tests.stage.orders import LINK, SAM, bought, delivered, order_of
from tests.stage.prices import code
from tests.stage.shop import CLOCK, MUG, free, request

PAGE_BYTES_MAX = 100_000


def form(page: httpx.Response, **typed: str) -> dict[str, str]:
    """Return what the return form sends, with what is typed."""
    found = re.search(r'name="request_id" value="([0-9a-f-]{36})"', page.text)
    assert found
    reasons = dict.fromkeys(re.findall(r'name="(reason-[0-9a-f-]{36})"', page.text), "broken")
    return {"request_id": found[1], "wish": "refund", "note": "", **reasons, **typed}


async def test_the_page_tells_what_left_how_to_follow_it_and_what_is_to_come(
    browser: httpx.AsyncClient, context: Context
) -> None:
    async with context.database.transaction() as connection:
        await connection.execute(
            "INSERT INTO carriers VALUES (%s, 'Royal Mail', 'https://mail.example/{code}', true, now())",
            [new_id()],
        )
    order_id = await bought(context, (MUG, 2), (CLOCK, 1), postcode="N1 1AA", city="London")
    path = path_of(context, order_id)
    page = await browser.get(path)
    assert "Ships by" in page.text
    assert "N1 1AA London" in page.text
    assert "Return an item" not in page.text
    parcel = Shipping(new_id(), order_id, MAIN, LINK, ((MUG, 1),), "Royal Mail", "AB/1", SAM)
    await context.batched(ship_many, parcel)
    page = await browser.get(path)
    assert 'href="https://mail.example/AB%2F1"' in page.text
    assert "the rest will follow" in page.text
    assert len(page.content) < PAGE_BYTES_MAX
    persian = await browser.get(path, headers={"accept-language": "fa"})
    assert 'dir="rtl"' in persian.text


async def test_the_page_shows_pictures_and_what_the_code_took_off(
    browser: httpx.AsyncClient, context: Context
) -> None:
    await code(context.database, "TEN")
    await code(context.database, "POSTFREE", kind="free_shipping", value=0)
    async with context.database.transaction() as connection:
        await connection.execute(
            "INSERT INTO pictures (digest, width, height, added_at) VALUES (%s, 640, 800, now())", ["c" * 64]
        )
        await connection.execute("UPDATE variants SET image = %s WHERE id = %s", ["c" * 64, MUG])
    order_id = await bought(context, (MUG, 2), (CLOCK, 1), discount_code="TEN")
    page = (await browser.get(path_of(context, order_id))).text
    assert f'src="/images/{"c" * 64}/640.webp"' in page
    assert "/drawn/" in page, "the clock has no photograph"
    rows = dict(re.findall(r"<dt>([^<]+)</dt><dd><span[^>]*>\s*<bdi>([^<]+)</bdi>", page))
    assert rows == {"Subtotal": "£13.65", "Discount (TEN)": "-£1.37", "Delivery": "£0.00", "Total": "£12.28"}
    free_order = await bought(context, (MUG, 1), discount_code="POSTFREE")
    assert "Delivery (POSTFREE)" in (await browser.get(path_of(context, free_order))).text


async def test_a_cancelled_order_of_which_some_money_came_says_so(
    browser: httpx.AsyncClient, context: Context
) -> None:
    placed = await context.batched(place_many, request(provider="transfer"))
    assert isinstance(placed, Taken)
    path = path_of(context, placed.order_id)
    await receive_money(context, NewReceipt(new_id(), placed.order_id, "transfer", 200, "GBP"))
    await context.batched(
        cancel_with_exchanges_many, Cancellation(placed.order_id, LINK, "payment_unfinished")
    )
    await refund_cancelled(context, placed.order_id)
    page = (await browser.get(path)).text
    assert "We received £2.00 and are refunding it" in page
    assert "You haven’t been charged" not in page
    async with context.database.connection() as connection:
        (refund,) = await refunds_of(connection, placed.order_id)
    async with context.database.transaction() as connection:
        await end_refunds_many(connection, [Ending(refund.id, "done", LINK)])
    assert "We received £2.00 and have refunded it." in (await browser.get(path)).text


async def test_a_customer_cancels_until_it_is_packed_and_gets_everything_back_once(
    browser: httpx.AsyncClient, context: Context
) -> None:
    paid = await take_order(context, request(provider="test", method="ok"))
    assert isinstance(paid, Taken)
    path = path_of(context, paid.order_id)
    assert "Yes, cancel the order" in (await browser.get(path)).text
    answers = await asyncio.gather(*(browser.post(f"{path}/cancellation") for _ in range(3)))
    assert {answer.status_code for answer in answers} == {303}
    order = await order_of(context.database, paid.order_id)
    assert (order.state, order.reason, order.payment_state) == (
        "cancelled",
        "cancelled_by_customer",
        "refunded",
    )
    assert await free(context.database) == (10, 0)
    assert await events(context.database, "order.cancelled") == ["order.cancelled"]
    packed = await bought(context, (MUG, 1))
    await context.batched(pack_many, Pack(packed, SAM))
    page = await browser.get(path_of(context, packed))
    assert "Yes, cancel the order" not in page.text
    refused = await browser.post(f"{path_of(context, packed)}/cancellation")
    assert refused.status_code == 409
    assert "Packed" in refused.text
    await books_agree(context.database)


async def test_a_return_is_asked_for_without_scripts_and_twice_is_once(
    browser: httpx.AsyncClient, context: Context
) -> None:
    order_id = await delivered(context, (MUG, 2), (CLOCK, 1))
    path = path_of(context, order_id)
    page = await browser.get(f"{path}/return")
    assert page.status_code == 200
    typed = form(page, **{f"units-{MUG}": "۲", f"units-{CLOCK}": "0", "note": "<b>Broken</b>"})
    for _ in range(2):
        sent = await browser.post(f"{path}/returns", data=typed)
        assert sent.status_code == 303
        assert sent.headers["location"].endswith("#returns")
    assert await events(context.database, "return.requested") == ["return.requested"]
    other = await browser.post(f"{path}/returns", data={**typed, f"units-{MUG}": "1"})
    assert other.status_code == 409
    shown = await browser.get(path)
    assert "Your returns" in shown.text
    assert "<b>Broken" not in shown.text


async def test_a_program_asks_with_a_key_of_its_own(browser: httpx.AsyncClient, context: Context) -> None:
    order_id = await delivered(context, (MUG, 2))
    path, key = f"{path_of(context, order_id)}/returns", str(new_id())
    body = {"wish": "refund", f"units-{MUG}": 1, f"reason-{MUG}": "wrong"}
    answers = [await browser.post(path, json=body, headers={"idempotency-key": key}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    assert answers[0].json()["id"] != key, "the key is the caller's, the id is ours"
    twisted = await browser.post(path, json={**body, "wish": "exchange"}, headers={"idempotency-key": key})
    assert (twisted.status_code, twisted.json()["error"]) == (409, "same_key_other_body")
    too_many = await browser.post(path, json={**body, f"units-{MUG}": 9})
    assert (too_many.status_code, too_many.json()["error"]) == (422, "more_than_sent")


@pytest.mark.parametrize(
    "bad",
    [
        {"units": "-1"}, {"units": "x"}, {"units": "3"}, {"reason": "x"}, {"wish": "x"}, {"units": "0"},
        {"note": "x" * 1001}, {"request_id": "x"}, {"wanted": str(new_id())}, {"wanted": "x"},
    ],
)  # fmt: skip
async def test_a_bad_request_comes_back_with_what_was_typed_and_writes_nothing(
    browser: httpx.AsyncClient, context: Context, bad: dict[str, str]
) -> None:
    order_id = await delivered(context, (MUG, 2))
    path = path_of(context, order_id)
    plain = ("wish", "note", "request_id")
    named = {name if name in plain else f"{name}-{MUG}": text for name, text in bad.items()}
    typed = {**form(await browser.get(f"{path}/return"), **{f"units-{MUG}": "1"}), **named}
    answer = await browser.post(f"{path}/returns", data=typed)
    assert answer.status_code == 422
    assert "Return an item" in answer.text
    async with context.database.connection() as connection:
        assert await value(connection, "SELECT count(*) FROM returns") == 0


async def test_an_invoice_is_for_whoever_has_the_link_and_for_orders_that_stand(
    browser: httpx.AsyncClient, context: Context
) -> None:
    order_id = await bought(context, (MUG, 2))
    answer = await browser.get(f"{path_of(context, order_id)}/invoice.pdf")
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF")
    placed = await context.batched(place_many, request(provider="test", method="ok"))
    assert isinstance(placed, Taken)
    assert (await browser.get(f"{path_of(context, placed.order_id)}/invoice.pdf")).status_code == 404
    for path in (f"{path_of(context, new_id())}/invoice.pdf", "/orders/x/invoice.pdf", "/orders/x/return"):
        assert (await browser.get(path)).status_code == 404


async def test_a_question_from_the_order_page_comes_back_to_it(
    context: Context, browser: httpx.AsyncClient
) -> None:
    order_id: UUID = await bought(context, (MUG, 1))
    path = path_of(context, order_id)
    page = (await browser.get(path)).text
    assert f'name="next" value="{path}#conversation"' in page
    assert 'action="/chat/messages"' in page
