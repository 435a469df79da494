"""Nobody gets goods for pretended money: off when fresh, refused in the open, said aloud where it is on."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import orjson
import pytest

from safar.catalogue.actions import import_products
from safar.console.build import build_console
from safar.front.build import build_front
from safar.installation import prepare
from safar.kernel.context import Context, make_context
from safar.kernel.database import value
from safar.kernel.exposure import doubts, open_to_the_world
from safar.kernel.ids import new_id
from safar.kernel.ports import reserve_port
from safar.payments import ways
from safar.payments.books.names import STRIPE, TEST_CARD
from safar.payments.desk import NoticeDesk
from safar.payments.errors import WayNotOffered
from safar.payments.providers.stripe.notices import same_mode, take_stripe_notice
from safar.payments.settle import settle_open
from safar.payments.trial import switch_on_for_trial
from safar.settings import Settings
from safar.shop.checkout.take_order import take_order
from safar.stock import actions as stock
from safar.stock.model import StockReceipt as Delivery
from safar.storefront.look import load_look
from tests.stage.payments import ITEMS, MUG, charged, free, offer, order, request
from tests.stage.people import signed_in
from tests.stage.serving import Serve
from tests.stage.stripe_server import WEBHOOK_SECRET, signed

_BANNER = 'id="test-payments"'


@pytest.fixture
async def fresh(fresh_url: str, settings: Settings) -> AsyncIterator[Context]:
    """An installation just made, nothing set up."""
    context = make_context(settings, fresh_url)
    await context.database.open()
    await prepare(context, "owner@shop.example")
    yield context
    await context.batchers.drained()
    await context.database.close()


def visiting(base: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=base, follow_redirects=True, timeout=60)


def opened(context: Context, **settings: Any) -> Context:
    """The same shop, reachable from outside."""
    update = {"public_url": "https://shop.example", **settings}
    return replace(context, settings=context.settings.model_copy(update=update))


@pytest.mark.finding("security-6")
async def test_a_fresh_shop_offers_no_way_to_pay_and_takes_no_order(fresh: Context) -> None:
    assert await ways.offered(fresh, "GBP", "GB") == []
    for provider in ("test", "cod"):
        with pytest.raises(WayNotOffered):
            await take_order(fresh, request(provider=provider, method="ok"))
    async with fresh.database.connection() as connection:
        assert await value(connection, "SELECT count(*) FROM orders") == 0


@pytest.mark.finding("security-6")
async def test_a_fresh_shop_says_at_the_checkout_and_on_today_that_nobody_can_pay(
    fresh: Context, serve: Serve
) -> None:
    async with httpx.AsyncClient(
        base_url=await serve(build_front(fresh)), follow_redirects=True, timeout=60
    ) as visitor:
        async with fresh.database.transaction() as connection:
            await import_products(connection, ITEMS[:1])
            await stock.receive_stock_many(
                connection, [Delivery(new_id(), MUG, stock.MAIN, 10, "delivery", None, None)]
            )
        await visitor.get("/cart")
        await visitor.post("/cart/lines", data={"sku": "MUG", "quantity": "1"})
        assert "This shop can’t take payments yet" in (await visitor.get("/checkout")).text
    async with await signed_in(fresh, await serve(build_console(fresh))) as staff:
        assert 'id="no-way-to-pay"' in (await staff.get("/")).text
        async with fresh.database.transaction() as connection:
            await switch_on_for_trial(connection)
        assert 'id="no-way-to-pay"' not in (await staff.get("/")).text


@pytest.mark.finding("security-6")
@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("address", ["https://shop.example", "http://shop.example", "http://192.0.2.7:8000"])
async def test_in_the_open_the_test_card_is_refused_by_the_verb(context: Context, address: str) -> None:
    public = opened(context, public_url=address)
    with pytest.raises(WayNotOffered):
        await take_order(public, request(method="ok"))
    assert [way.provider for way in await ways.offered(public, "GBP", "GB")] == ["cod"]
    assert await free(context) == (10, 0)


@pytest.mark.finding("security-6")
@pytest.mark.usefixtures("shop")
async def test_in_the_open_the_test_card_is_taken_only_where_the_operator_says_so(context: Context) -> None:
    staging = opened(context, test_payments=True)
    answer: Any = await take_order(staging, request(method="ok"))
    assert answer.state == "confirmed"
    assert any("SAFAR_TEST_PAYMENTS" in doubt for doubt in doubts(staging.settings))


@pytest.mark.finding("security-6")
@pytest.mark.usefixtures("shop")
async def test_what_the_test_card_was_charged_before_confirms_nothing_in_the_open(
    context: Context, later: Any
) -> None:
    answer: Any = await take_order(context, request(method="timeout"))
    assert (answer.state, await charged(context, answer.order_id)) == ("placed", "paid")
    later.advance(seconds=20)
    await settle_open(opened(context))
    assert (await order(context, answer.order_id)).state != "confirmed"


@pytest.mark.finding("security-6")
@pytest.mark.parametrize(
    ("provider", "key", "pretended"),
    [
        (TEST_CARD, "", True),
        (STRIPE, "sk_test_1", True),
        (STRIPE, "rk_test_1", True),
        (STRIPE, "sk_live_1", False),
    ],
)
async def test_pretended_money_is_the_test_card_and_every_test_key(
    fresh: Context, provider: str, key: str, pretended: bool
) -> None:
    await offer(fresh, provider, secrets={"secret_key": key, "webhook_secret": WEBHOOK_SECRET})
    assert (await ways.payment_warnings(fresh)).pretended is pretended
    async with fresh.database.connection() as connection:
        assert (await load_look(fresh, connection)).pretended is pretended


@pytest.mark.finding("security-6")
async def test_while_money_is_pretended_shop_and_console_say_so_on_every_page(
    fresh: Context, serve: Serve
) -> None:
    front, console = await serve(build_front(fresh)), await serve(build_console(fresh))
    secrets = {"secret_key": "sk_test_1", "webhook_secret": WEBHOOK_SECRET}
    async with await signed_in(fresh, console) as staff:
        assert _BANNER not in (await staff.get("/orders")).text
        await offer(fresh, STRIPE, secrets=secrets)
        for path in ("/", "/orders", "/payments/ways", "/audit"):
            assert _BANNER in (await staff.get(path)).text, path
    async with visiting(front) as visitor:
        for path in ("/", "/cart", "/nowhere"):
            assert _BANNER in (await visitor.get(path)).text, path


@pytest.mark.finding("security-6")
async def test_a_test_card_that_is_refused_is_said_to_staff_and_not_to_customers(
    context: Context, serve: Serve
) -> None:
    public = opened(context)
    async with await signed_in(context, await serve(build_console(public))) as staff:
        assert "The test card is switched on, but refused" in (await staff.get("/orders")).text
    async with httpx.AsyncClient(
        base_url=await serve(build_front(public)), follow_redirects=True, timeout=60
    ) as visitor:
        assert _BANNER not in (await visitor.get("/cart")).text


@pytest.mark.finding("security-6")
@pytest.mark.parametrize(
    ("event", "thing", "pretended", "same"),
    [
        (True, True, False, True),
        (False, False, False, False),
        (None, None, False, False),  # a live key believes only what says that it is live
        (True, False, False, False),
        (True, None, False, True),
        (False, False, True, True),
        (None, None, True, True),
        (True, True, True, False),
        (False, True, True, False),
    ],
)
def test_an_event_counts_only_in_the_mode_of_our_key(
    event: bool | None, thing: bool | None, pretended: bool, same: bool
) -> None:
    told: dict[str, Any] = {} if event is None else {"livemode": event}
    about: dict[str, Any] = {} if thing is None else {"livemode": thing}
    assert same_mode(told, about, pretended=pretended) is same


@pytest.mark.finding("security-6")
@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize(("key", "livemode"), [("sk_live_1", False), ("sk_test_1", True)])
async def test_an_event_of_the_other_mode_confirms_no_order(
    context: Context, key: str, livemode: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    nobody = context.settings.model_copy(update={"stripe_api_url": f"http://127.0.0.1:{reserve_port()}"})
    context = replace(context, settings=nobody)
    await offer(context, STRIPE, secrets={"secret_key": key, "webhook_secret": WEBHOOK_SECRET})
    placed: Any = await take_order(context, request(provider=STRIPE))  # Stripe cannot be reached here
    thing = {
        "id": "cs_1",
        "object": "checkout.session",
        "client_reference_id": str(placed.order_id),
        "status": "complete",
        "payment_status": "paid",
        "payment_intent": "pi_1",
        "amount_total": placed.total_minor,
        "currency": "gbp",
    }
    told = {
        "id": "evt_1",
        "type": "checkout.session.completed",
        "data": {"object": thing},
        "livemode": livemode,
    }
    payload = orjson.dumps(told)
    outcome = await take_stripe_notice(NoticeDesk(context), payload, signed(payload)["stripe-signature"])
    assert outcome == "ignored"
    assert (await order(context, placed.order_id)).state == "placed"
    right = orjson.dumps({**told, "id": "evt_2", "livemode": not livemode})
    assert await take_stripe_notice(NoticeDesk(context), right, signed(right)["stripe-signature"]) == "taken"
    assert (await order(context, placed.order_id)).state == "confirmed"


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("http://127.0.0.1:8000", False), ("http://localhost:8000", False), ("http://[::1]:8000", False),
        ("http://shop.localhost", False), ("https://127.0.0.1", True), ("http://10.0.0.4", True),
        ("http://shop.example", True), ("https://shop.example", True), ("http://0.0.0.0:8000", True),
    ],
)  # fmt: skip
def test_open_is_what_is_https_or_not_this_machines_own(address: str, public: bool) -> None:
    assert open_to_the_world(Settings(public_url=address)) is public


@pytest.mark.finding("security-14")
def test_https_without_a_trusted_proxy_is_doubted_at_the_start() -> None:
    apart = {"public_url": "https://shop.example", "console_url": "https://staff.example"}
    assert any("SAFAR_PROXIES_TRUSTED" in doubt for doubt in doubts(Settings(**apart)))  # type: ignore[arg-type]
    assert doubts(Settings(**apart, proxies_trusted=1)) == []  # type: ignore[arg-type]
    assert doubts(Settings()) == []
