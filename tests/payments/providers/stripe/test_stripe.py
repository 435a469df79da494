"""Stripe through its own library, against a loopback server that speaks Stripe's shapes."""

import asyncio
import gc
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from pydantic import SecretStr

from safar.capacity.actions import expire_due
from safar.catalogue.actions import import_products, variant_id_of
from safar.kernel import clock
from safar.kernel.clock import held
from safar.kernel.context import Context
from safar.kernel.database import value
from safar.kernel.ids import new_id
from safar.orders.cancel import Cancellation
from safar.orders.errors import TotalNotTaken
from safar.orders.links import link_back, path_to_pay, read_link
from safar.orders.model import Taken
from safar.orders.place import buy_many
from safar.payments.books.ask_refund import refund_many
from safar.payments.books.end_refund import retry_refund
from safar.payments.books.model import RefundRequest
from safar.payments.books.names import STRIPE
from safar.payments.books.reading import notices, refund_tasks
from safar.payments.providers.port import PaymentOutcome
from safar.payments.providers.stripe.client import _clients, stripe_for
from safar.payments.providers.stripe.provider import session_word
from safar.payments.public import Asks
from safar.payments.refunds import carry_out_due
from safar.payments.settle import settle_open
from safar.payments.show import box
from safar.payments.ways import offered, ways_of
from safar.returns.cancel_order import cancel_with_exchanges_many
from safar.settings import Settings
from safar.shop.checkout.take_order import path_after, take_order
from safar.stock.actions import receive_stock_many as receive_stock
from safar.stock.model import MAIN
from safar.stock.model import StockReceipt as Delivery
from tests.stage.payments import (
    ITEMS,
    books_agree,
    events,
    free,
    mails,
    money,
    offer,
    order,
    refunds,
    request,
    taken,
)
from tests.stage.serving import Serve
from tests.stage.stripe_server import KEY, WEBHOOK_SECRET, StripeServer, event, signed

# The library hands its body to httpx in the old way.
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")


def order_in(context: Context, answer: httpx.Response) -> UUID:
    """Return the order to whose page an answer leads."""
    return read_link(context, answer.headers["location"].removeprefix("/orders/")).order_id


@pytest.fixture
def far() -> StripeServer:
    return StripeServer()


@pytest.fixture
async def settings(tmp_path: Path, far: StripeServer, serve: Serve) -> Settings:
    url = await serve(far.app())
    return Settings(
        data_dir=tmp_path,
        secret_key=SecretStr("only-for-tests"),
        payment_timeout_s=0.4,
        stripe_api_url=url,
    )


@pytest.fixture(autouse=True)
async def _stripe(context: Context, shop: None) -> AsyncIterator[None]:
    await offer(context, STRIPE, secrets={"secret_key": KEY, "webhook_secret": WEBHOOK_SECRET})
    yield
    for client in _clients.get(context.database, {}).values():
        await client._requestor._client.close_async()  # type: ignore[union-attr]
    gc.collect()


async def tell(doors: httpx.AsyncClient, payload: bytes, **headers: str) -> httpx.Response:
    return await doors.post("/pay/notices/stripe", content=payload, headers={**signed(payload), **headers})


@pytest.mark.finding("issue-7.2")
async def test_an_order_leads_to_stripes_page_without_a_script(
    context: Context, far: StripeServer, doors: httpx.AsyncClient
) -> None:
    answer = await taken(context, "MUG", STRIPE)
    assert (answer.state, answer.payment_state) == ("placed", "started")
    session = far.of_order(answer.order_id)
    assert (session["amount_total"], session["currency"], session["locale"]) == (495, "gbp", "en")
    placed_at = (await order(context, answer.order_id)).placed_at
    assert session["success_url"] == link_back(context, answer.order_id, placed_at)
    # Whoever pays has shown nothing about the order's mailbox: this link proves none.
    gone_back = read_link(context, session["cancel_url"].rpartition("/")[2])
    assert (gone_back.order_id, gone_back.by_mail) == (answer.order_id, False)
    path = path_after(context, answer.order_id, STRIPE)
    assert read_link(context, path.removeprefix("/pay/")).order_id == answer.order_id
    page = await doors.get(path)
    assert page.status_code == 200
    assert f'content="1;url={session["url"]}"' in page.text
    assert f'href="{session["url"]}"' in page.text
    shown = await box(context, await order(context, answer.order_id))
    assert (shown.open, (shown.link or "").startswith("/pay/")) == (True, True)
    assert await free(context) == (10, 1)


@pytest.mark.finding("issue-7.5")
async def test_the_same_order_has_one_page_however_often_it_is_asked_for(
    context: Context, far: StripeServer, doors: httpx.AsyncClient
) -> None:
    sent = request(provider=STRIPE, hold_minutes=31)
    far.lost = 1
    lost = await take_order(context, sent)
    assert isinstance(lost, Taken)
    assert lost.state == "placed"
    assert (await money(context, sent.order_id)).redirect is None
    with held(clock.now() + timedelta(minutes=2)):
        page = await doors.get(path_to_pay(context, sent.order_id))
        assert far.of_order(sent.order_id)["url"] in page.text
        await take_order(context, sent)
    assert len(far.sessions) == 1


@pytest.mark.parametrize("comes_back_first", [True, False])
async def test_paid_the_order_is_confirmed_by_whoever_tells_first(
    context: Context, far: StripeServer, doors: httpx.AsyncClient, comes_back_first: bool
) -> None:
    answer = await taken(context, "MUG", STRIPE)
    session = far.pay(far.of_order(answer.order_id)["id"])
    payload = event("checkout.session.completed", session)

    async def come_back() -> None:
        back = await doors.get(path_to_pay(context, answer.order_id) + "/back")
        assert (back.status_code, order_in(context, back)) == (303, answer.order_id)

    async def notice() -> None:
        assert (await tell(doors, payload)).json() == {"outcome": "taken"}

    for step in (come_back, notice) if comes_back_first else (notice, come_back):
        await step()
        assert (await order(context, answer.order_id)).state == "confirmed"
    await asyncio.gather(*(notice() for _ in range(3)))
    account = await money(context, answer.order_id)
    assert (account.state, account.reference, account.captured_minor) == (
        "paid",
        session["payment_intent"],
        495,
    )
    assert await events(context, "order.confirmed", "payment.received") == [
        "order.confirmed",
        "payment.received",
    ]
    gone = await doors.get(path_to_pay(context, answer.order_id))
    assert order_in(context, gone) == answer.order_id
    await books_agree(context)


async def test_a_forged_old_or_changed_notice_is_refused(
    context: Context, far: StripeServer, doors: httpx.AsyncClient
) -> None:
    answer = await taken(context, "MUG", STRIPE)
    payload = event("checkout.session.completed", far.pay(far.of_order(answer.order_id)["id"]))
    good = signed(payload)
    for headers, body in (
        ({}, payload),
        (signed(payload, "whsec_other"), payload),
        (signed(payload, at=1_000_000_000), payload),
        (good, payload.replace(b"paid", b"Paid")),
        (good, payload + b" "),
        ({"stripe-signature": "t=,v1="}, payload),
        ({"stripe-signature": "x" * 3000}, b"\xff\xfe"),
        (signed(b"[]"), b"[]"),
        (signed(b'{"data": 1}'), b'{"data": 1}'),
    ):
        refused = await doors.post("/pay/notices/stripe", content=body, headers=headers)
        assert refused.status_code == 400, headers
    assert (await order(context, answer.order_id)).state == "placed"
    # From anywhere: the signature counts, not the page.
    assert (await tell(doors, payload, origin="https://evil.example")).status_code == 200
    assert (await order(context, answer.order_id)).state == "confirmed"


async def test_notices_in_any_order_and_about_others_do_no_harm(
    context: Context, far: StripeServer, doors: httpx.AsyncClient
) -> None:
    answer = await taken(context, "MUG", STRIPE)
    session = far.of_order(answer.order_id)
    paid = event("checkout.session.completed", {**far.pay(session["id"])}, 2)
    assert (await tell(doors, paid)).json() == {"outcome": "taken"}
    late = event("checkout.session.expired", {**session, "status": "expired", "payment_status": "unpaid"}, 3)
    assert (await tell(doors, late)).json() == {"outcome": "taken"}
    assert (await order(context, answer.order_id)).state == "confirmed"
    other = {**session, "client_reference_id": str(new_id()), "metadata": {}}
    assert (await tell(doors, event("checkout.session.completed", other, 4))).json() == {"outcome": "unknown"}
    foreign = {**session, "currency": "usd"}
    assert (await tell(doors, event("checkout.session.completed", foreign, 5))).json() == {
        "outcome": "unknown"
    }
    assert (await tell(doors, event("customer.created", {"id": "cus_1"}, 6))).json() == {"outcome": "ignored"}
    async with context.database.connection() as connection:
        outcomes = {one.external_id: one.outcome for one in await notices(connection)}
    assert outcomes == {
        "evt_2": "taken",
        "evt_3": "taken",
        "evt_4": "unknown",
        "evt_5": "unknown",
        "evt_6": "ignored",
    }


async def test_money_that_takes_days_confirms_when_it_comes_and_cancels_when_it_fails(
    context: Context, far: StripeServer, doors: httpx.AsyncClient
) -> None:
    good, bad = [await taken(context, "MUG", STRIPE) for _ in range(2)]
    for number, answer in enumerate((good, bad)):
        session = far.pay(far.of_order(answer.order_id)["id"], later=True)
        await tell(doors, event("checkout.session.completed", session, 10 + number))
        assert (await order(context, answer.order_id)).state == "placed"
    came = {**far.of_order(good.order_id), "payment_status": "paid"}
    await tell(doors, event("checkout.session.async_payment_succeeded", came, 20))
    failed = far.of_order(bad.order_id)
    await tell(doors, event("checkout.session.async_payment_failed", failed, 21))
    assert (await order(context, good.order_id)).state == "confirmed"
    gone = await order(context, bad.order_id)
    assert (gone.state, gone.reason, gone.payment_state) == ("cancelled", "payment_declined", "failed")
    assert await free(context) == (9, 0)


async def test_who_never_pays_loses_the_units_and_the_page_is_closed(
    context: Context, far: StripeServer, later: Any
) -> None:
    answer = await taken(context, "MUG", STRIPE)
    later.advance(seconds=33 * 60)
    await settle_open(context)
    gone = await order(context, answer.order_id)
    assert (gone.state, gone.reason) == ("cancelled", "payment_unfinished")
    assert far.of_order(answer.order_id)["status"] == "expired"
    later.advance(seconds=3600)
    await settle_open(context)
    assert (await order(context, answer.order_id)).payment_state == "failed"
    assert await free(context) == (10, 0)


async def test_a_lost_notice_is_made_good_by_asking(context: Context, far: StripeServer, later: Any) -> None:
    answer = await taken(context, "MUG", STRIPE)
    far.pay(far.of_order(answer.order_id)["id"])
    later.advance(seconds=61)
    far.down = True
    await settle_open(context)
    assert (await order(context, answer.order_id)).state == "placed"
    far.down = False
    later.advance(seconds=61)
    await settle_open(context)
    assert (await order(context, answer.order_id)).state == "confirmed"


async def test_paid_after_the_end_and_sold_out_the_card_gets_its_money_back(
    context: Context, far: StripeServer, doors: httpx.AsyncClient, later: Any
) -> None:
    answer = await taken(context, "MUG", STRIPE, units=10)
    later.advance(seconds=31 * 60 + 1)
    async with context.database.transaction() as connection:
        await expire_due(connection)
        await buy_many(connection, [request(provider="cod")])
    session = far.pay(far.of_order(answer.order_id)["id"])
    await tell(doors, event("checkout.session.completed", session))
    gone = await order(context, answer.order_id)
    assert (gone.state, gone.reason, gone.payment_state) == (
        "cancelled",
        "sold_out_while_paying",
        "refunded",
    )
    assert [refund["amount"] for refund in far.refunds.values()] == [4950]
    await tell(doors, event("checkout.session.completed", session))
    assert len(far.refunds) == 1
    await books_agree(context)


async def paid(context: Context, far: StripeServer, doors: httpx.AsyncClient) -> Taken:
    answer = await taken(context, "MUG", STRIPE)
    session = far.pay(far.of_order(answer.order_id)["id"])
    await tell(doors, event("checkout.session.completed", session))
    return answer


async def ask_back(context: Context, answer: Taken, minor: int, reason: str = "returned") -> RefundRequest:
    asked = RefundRequest(new_id(), answer.order_id, minor, reason)
    async with context.database.transaction() as connection:
        await refund_many(connection, [asked])
    return asked


async def test_a_part_goes_back_once_also_when_the_answer_is_lost(
    context: Context, far: StripeServer, doors: httpx.AsyncClient, later: Any
) -> None:
    answer = await paid(context, far, doors)
    await ask_back(context, answer, 200)
    far.lost = 1
    await carry_out_due(context)
    assert [one.state for one in await refunds(context, answer.order_id)] == ["asked"]
    later.advance(seconds=61)
    await asyncio.gather(*(carry_out_due(context) for _ in range(3)))
    assert [(one.state, one.amount_minor) for one in await refunds(context, answer.order_id)] == [
        ("done", 200)
    ]
    assert [refund["amount"] for refund in far.refunds.values()] == [200]
    assert (await order(context, answer.order_id)).payment_state == "paid"
    assert "£2.00" in (await mails(context))[-1][1] or any(
        "£2.00" in body for _s, body in await mails(context)
    )
    await ask_back(context, answer, 295)
    await carry_out_due(context)
    assert (await order(context, answer.order_id)).payment_state == "refunded"
    await books_agree(context)


async def test_a_refund_under_way_ends_when_stripe_says_so(
    context: Context, far: StripeServer, doors: httpx.AsyncClient
) -> None:
    answer = await paid(context, far, doors)
    far.refund_status = "pending"
    await ask_back(context, answer, 200)
    await carry_out_due(context)
    [waiting] = await refunds(context, answer.order_id)
    assert (waiting.state, waiting.reference) == ("asked", "re_2")
    told = {**far.refunds["re_2"], "status": "succeeded"}
    for _ in range(2):
        await tell(doors, event("refund.updated", told))
    assert [one.state for one in await refunds(context, answer.order_id)] == ["done"]
    await books_agree(context)


async def test_a_refund_that_stripe_refuses_is_a_task_for_people(
    context: Context, far: StripeServer, doors: httpx.AsyncClient
) -> None:
    answer = await paid(context, far, doors)
    far.sessions[far.of_order(answer.order_id)["id"]]["amount_total"] = 100
    asked = await ask_back(context, answer, 200)
    await carry_out_due(context)
    async with context.database.connection() as connection:
        [task] = await refund_tasks(connection)
    assert (task.state, task.number) == ("failed", answer.number)
    assert "greater than unrefunded" in (task.problem or "")
    far.sessions[far.of_order(answer.order_id)["id"]]["amount_total"] = 495
    async with context.database.transaction() as connection:
        assert await retry_refund(connection, asked.refund_id)
    await carry_out_due(context)
    assert [one.state for one in await refunds(context, answer.order_id)] == ["done"]
    await books_agree(context)


async def test_a_refund_that_bounces_after_all_is_owed_again_and_a_task(
    context: Context, far: StripeServer, doors: httpx.AsyncClient
) -> None:
    answer = await paid(context, far, doors)
    await ask_back(context, answer, 495)
    await carry_out_due(context)
    assert (await order(context, answer.order_id)).payment_state == "refunded"
    [refund] = far.refunds.values()
    bounced = {**refund, "status": "failed", "failure_reason": "expired_or_canceled_card"}
    for _ in range(2):
        await tell(doors, event("refund.failed", bounced))
    account = await money(context, answer.order_id)
    assert (account.state, account.refunded_minor, account.refunding_minor) == ("paid", 0, 495)
    async with context.database.connection() as connection:
        assert [task.problem for task in await refund_tasks(connection)] == ["expired_or_canceled_card"]
    await books_agree(context)


async def test_what_was_refunded_in_stripes_dashboard_is_written_down_once(
    context: Context, far: StripeServer, doors: httpx.AsyncClient
) -> None:
    answer = await paid(context, far, doors)
    intent = far.of_order(answer.order_id)["payment_intent"]
    await ask_back(context, answer, 100)
    await carry_out_due(context)
    far.add_refund(intent, 150, {})
    charge = {
        "id": intent.replace("pi_", "ch_"),
        "object": "charge",
        "currency": "gbp",
        "amount_refunded": 250,
        "metadata": {"order_id": str(answer.order_id)},
    }
    for _ in range(2):
        assert (await tell(doors, event("charge.refunded", charge))).json() == {"outcome": "taken"}
    back = await refunds(context, answer.order_id)
    assert sorted((one.amount_minor, one.reason, one.state) for one in back) == [
        (100, "returned", "done"),
        (150, "at_provider", "done"),
    ]
    assert len(far.refunds) == 2
    await books_agree(context)


async def test_a_wrong_key_declines_at_once_and_is_told_by_the_test_of_the_connection(
    context: Context, far: StripeServer
) -> None:
    await stripe_for(context, (await ways_of(context))[STRIPE]).ping()
    await offer(context, STRIPE, secrets={"secret_key": "sk_test_wrong", "webhook_secret": WEBHOOK_SECRET})
    answer = await taken(context, "MUG", STRIPE)
    assert (answer.state, answer.reason) == ("cancelled", "payment_declined")
    assert await free(context) == (10, 0)
    import stripe

    with pytest.raises(stripe.AuthenticationError):
        await stripe_for(context, (await ways_of(context))[STRIPE]).ping()


async def test_cancelled_by_staff_while_the_page_is_open_nothing_can_be_paid_any_more(
    context: Context, far: StripeServer, later: Any
) -> None:
    answer = await taken(context, "MUG", STRIPE)
    cancellation = Cancellation(
        answer.order_id, "link", "cancelled_by_shop", may_still_arrive=True, staff_id=new_id()
    )
    await context.batched(cancel_with_exchanges_many, cancellation)
    later.advance(seconds=20)
    await settle_open(context)
    assert far.of_order(answer.order_id)["status"] == "expired"
    assert (await order(context, answer.order_id)).payment_state == "failed"


@pytest.mark.finding("security-11")
async def test_ones_own_link_is_no_way_to_flood_the_provider(
    context: Context, far: StripeServer, doors: httpx.AsyncClient
) -> None:
    answer = await taken(context, "MUG", STRIPE)
    back = path_to_pay(context, answer.order_id) + "/back"
    before = len(far.calls)
    with clock.held(clock.now()):
        for _again in range(20):
            assert (await doors.get(back)).status_code == 303
    assert len(far.calls) - before == 1


@pytest.mark.finding("security-11")
def test_a_provider_is_asked_the_same_again_after_three_seconds() -> None:
    asks, order_id = Asks(), new_id()
    with clock.held(clock.now()) as held:
        assert [asks.may("look up", order_id) for _again in range(3)] == [True, False, False]
        assert asks.may("start", order_id)
        assert asks.may("look up", new_id())
        held.advance(seconds=3)
        assert asks.may("look up", order_id)


@pytest.mark.finding("security-low-stripe")
@pytest.mark.parametrize("status", ["paid", "no_payment_required"])
@pytest.mark.parametrize("amount", [{}, {"amount_total": None}, {"amount_total": 0, "currency": "gbp"}])
def test_an_unknown_amount_is_not_all_of_it(status: str, amount: dict[str, Any]) -> None:
    assert (
        session_word({"payment_status": status, "payment_intent": "pi_1", **amount}).outcome
        is PaymentOutcome.PENDING
    )


@pytest.mark.finding("goods-J")
async def test_a_total_that_stripe_cannot_take_is_refused_before_anything_is_placed(
    context: Context, far: StripeServer
) -> None:
    dinars = replace(ITEMS[0], sku="DINAR", price_minor=12_345, currency="KWD")
    async with context.database.transaction() as connection:
        await import_products(connection, [dinars])
        mug = variant_id_of("DINAR")
        await receive_stock(
            connection,
            [Delivery(move_id=new_id(), variant_id=mug, location_id=MAIN, quantity=9, reason="delivery")],
        )
    sent = replace(request(provider=STRIPE), lines=((mug, 1),), currency="KWD")
    with pytest.raises(TotalNotTaken):
        await take_order(context, sent)
    async with context.database.connection() as connection:
        assert await value(connection, "SELECT count(*) FROM orders") == 0
    assert far.calls == []
    offers = {total: await offered(context, "KWD", "KW", total) for total in (12_345, 12_340)}
    shown = {total: {way.provider: way.for_total for way in ways} for total, ways in offers.items()}
    assert (shown[12_345][STRIPE], shown[12_340][STRIPE]) == (False, True)
    tens = replace(sent, order_id=new_id(), lines=((mug, 2),))
    assert isinstance(await take_order(context, tens), Taken)
