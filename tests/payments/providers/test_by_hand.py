"""Bank transfer, PIX and UPI: too little, too much, late, twice and unknown money; none of it is silent."""

import asyncio
import hashlib
import hmac
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import orjson
import pytest

from safar.capacity.actions import expire_due
from safar.kernel import clock
from safar.kernel.context import Context
from safar.kernel.errors import NotFound
from safar.kernel.ids import new_id
from safar.orders.cancel import Cancellation
from safar.orders.links import order_link
from safar.orders.model import Taken
from safar.orders.place import buy_many
from safar.payments.books.ask_refund import refund_many
from safar.payments.books.end_refund import end_refunds_many
from safar.payments.books.model import (
    Ending,
    NewReceipt,
    ReceiptKeyReused,
    Received,
    RefundRefused,
    RefundRequest,
)
from safar.payments.books.names import PIX, TRANSFER, UPI
from safar.payments.books.reading import notices, refund_tasks, unknown_receipts
from safar.payments.books.receive import close_receipt, give_to_order
from safar.payments.books.reference import reference_of
from safar.payments.desk import NoticeDesk
from safar.payments.errors import WayNotOffered
from safar.payments.providers.pix.notices import caller_of
from safar.payments.settle import receive_money, settle_open
from safar.payments.show import box
from safar.payments.ways import offered
from safar.returns.cancel_order import cancel_with_exchanges_many
from safar.shop.checkout.take_order import take_order
from tests.stage.brcode import fields_of, parts_of
from tests.stage.payments import (
    MANAGER,
    books_agree,
    events,
    free,
    mails,
    money,
    offer,
    order,
    receipts,
    refunds,
    request,
    taken,
)

TOKEN = "a-secret-token"
SIGNING = "what-signs-the-notices"
BANK: dict[str, Any] = {"holder": "Safar Gifts GmbH", "iban": "DE89370400440532013000", "bic": "COBADEFFXXX"}


@pytest.fixture(autouse=True)
async def _ways(context: Context, shop: None) -> None:
    await offer(context, TRANSFER, **BANK)
    await offer(
        context,
        PIX,
        secrets={"key": "loja@safar.example", "token": TOKEN, "signing": SIGNING},
        holder="Loja Safar",
        city="Recife",
    )
    await offer(context, UPI, holder="Safar Gifts", address="safar@okbank", category="5947")


def arrived(context: Context, order: Taken, minor: int, provider: str = TRANSFER, **other: Any) -> NewReceipt:
    return NewReceipt(
        other.pop("id", None) or new_id(),
        order.order_id,
        provider,
        minor,
        order.currency,
        link=order_link(context, order.order_id),
        **other,
    )


async def received(context: Context, receipt: NewReceipt) -> Received:
    answer = await receive_money(context, receipt)
    assert isinstance(answer, Received)
    return answer


async def test_a_checkout_offers_what_can_pay_its_currency_and_country(context: Context) -> None:
    async def keys(currency: str, country: str = "") -> list[str]:
        return [way.provider for way in await offered(context, currency, country)]

    assert await keys("BRL") == ["pix", "transfer", "cod", "test"]
    assert await keys("INR") == ["upi", "transfer", "cod", "test"]
    assert await keys("EUR") == ["transfer", "cod", "test"]
    await offer(context, TRANSFER)  # without an account there is nothing to pay into
    assert await keys("EUR") == ["cod", "test"]


async def test_a_way_that_is_not_offered_takes_no_new_order_and_repeats_an_old_one(context: Context) -> None:
    for other in (request(provider="stripe"), request("KANNE", provider=PIX), request(provider="none")):
        with pytest.raises(WayNotOffered):
            await take_order(context, other)
    old = request("KANNE", provider=TRANSFER)
    first = await take_order(context, old)
    await offer(context, TRANSFER)
    again = await take_order(context, old)
    assert isinstance(first, Taken)
    assert isinstance(again, Taken)
    assert (again.order_id, again.number, again.replayed) == (first.order_id, first.number, True)


async def test_a_transfer_keeps_its_units_for_days_and_tells_how_to_pay(context: Context, later: Any) -> None:
    answer = await taken(context, "KANNE", TRANSFER)
    assert (answer.state, answer.payment_state) == ("placed", "started")
    shown = await box(context, await order(context, answer.order_id))
    rows = dict(shown.rows)
    assert shown.open
    assert rows["IBAN"] == "DE89 3704 0044 0532 0130 00"
    assert rows["Reference"].replace(" ", "") == reference_of(answer.number)
    assert shown.qr is not None
    assert "<svg" in shown.qr
    subject, body = (await mails(context))[-1]
    assert subject == f"How to pay for your order {answer.number}"
    assert "DE89 3704" in body
    later.advance(seconds=4 * 24 * 3600)
    for _ in range(2):
        await settle_open(context)
    assert (await order(context, answer.order_id)).state == "placed"
    assert await free(context, "KANNE") == (10, 1)


async def test_money_in_full_confirms_and_counts_once(context: Context) -> None:
    answer = await taken(context, "KANNE", TRANSFER)
    receipt = arrived(context, answer, 2300, reference="bank-1")
    first, *rest = await asyncio.gather(*(received(context, receipt) for _ in range(3)))
    assert (first.state, first.payment_state) == ("confirmed", "paid")
    assert [one.replayed for one in rest] == [True, True]
    assert len(await receipts(context, answer.order_id)) == 1
    assert await events(context, "order.confirmed", "payment.received") == [
        "order.confirmed",
        "payment.received",
    ]
    other = NewReceipt(receipt.id, answer.order_id, TRANSFER, 1, "EUR")
    assert await receive_money(context, other) == ReceiptKeyReused(receipt.id)
    await books_agree(context)


@pytest.mark.finding("issue-7.6")
async def test_a_receipt_told_again_with_anything_else_is_refused(context: Context) -> None:
    answer = await taken(context, "KANNE", TRANSFER)
    receipt = replace(arrived(context, answer, 2300, reference="bank-1"), named="S10001")
    await received(context, receipt)
    others: list[dict[str, Any]] = [
        {"reference": "bank-2"},
        {"named": "S10002"},
        {"amount_minor": 2301},
        {"currency": "GBP"},
        {"provider": "pix"},
        {"order_id": new_id()},
    ]
    for changed in others:
        assert await receive_money(context, replace(receipt, **changed)) == ReceiptKeyReused(receipt.id), (
            changed
        )
    said_less = replace(receipt, reference="", named="", order_id=None)
    for same in (receipt, said_less, replace(receipt, staff_id=new_id())):
        assert isinstance(await receive_money(context, same), Received), same
    await books_agree(context)


async def test_too_little_waits_for_the_rest_and_says_so(context: Context) -> None:
    answer = await taken(context, "KANNE", TRANSFER)
    part = await received(context, arrived(context, answer, 2000))
    assert (part.state, part.payment_state, part.missing_minor) == ("placed", "started", 300)
    shown = await box(context, await order(context, answer.order_id))
    assert (shown.came_minor, shown.missing_minor, shown.open) == (2000, 300, True)
    subject, body = (await mails(context))[-1]
    assert "incomplete" in subject
    assert "€20.00" in body
    assert "€3.00" in body
    rest = await received(context, arrived(context, answer, 300))
    assert (rest.state, rest.payment_state, rest.missing_minor) == ("confirmed", "paid", 0)
    await books_agree(context)


async def test_too_little_until_the_end_goes_back_in_full(context: Context, later: Any) -> None:
    answer = await taken(context, "KANNE", TRANSFER)
    await received(context, arrived(context, answer, 2000))
    later.advance(seconds=5 * 24 * 3600 + 120)
    await settle_open(context)
    gone = await order(context, answer.order_id)
    assert (gone.state, gone.reason) == ("cancelled", "payment_unfinished")
    assert await free(context, "KANNE") == (10, 0)
    back = await refunds(context, answer.order_id)
    assert [(one.amount_minor, one.state) for one in back] == [(2000, "by_hand")]
    assert (await box(context, gone)).back_minor == 0
    async with context.database.transaction() as connection:
        await end_refunds_many(connection, [Ending(back[0].id, "done", "link")])
    shown = await box(context, gone)
    assert (shown.came_minor, shown.back_minor) == (2000, 2000)
    await books_agree(context)


async def test_part_paid_and_cancelled_by_staff_it_goes_back_without_waiting_for_days(
    context: Context, later: Any
) -> None:
    answer = await taken(context, "KANNE", TRANSFER)
    await received(context, arrived(context, answer, 2000))
    cancellation = Cancellation(answer.order_id, "link", "cancelled_by_shop", may_still_arrive=True)
    await context.batched(cancel_with_exchanges_many, cancellation)
    later.advance(seconds=20)
    await settle_open(context)
    assert [one.amount_minor for one in await refunds(context, answer.order_id)] == [2000]
    # The rest comes all the same, and goes back as well.
    await received(context, arrived(context, answer, 300))
    assert sorted(one.amount_minor for one in await refunds(context, answer.order_id)) == [300, 2000]
    await books_agree(context)


async def test_too_much_confirms_and_the_rest_goes_back(context: Context) -> None:
    answer = await taken(context, "KANNE", TRANSFER)
    over = await received(context, arrived(context, answer, 2500))
    assert (over.state, over.payment_state, over.over_minor) == ("confirmed", "paid", 200)
    twice = await received(context, arrived(context, answer, 2300))
    assert (twice.state, twice.over_minor) == ("confirmed", 2300)
    back = await refunds(context, answer.order_id)
    assert sorted((one.amount_minor, one.reason, one.state) for one in back) == [
        (200, "paid_too_much", "by_hand"),
        (2300, "paid_too_much", "by_hand"),
    ]
    async with context.database.connection() as connection:
        assert [task.number for task in await refund_tasks(connection)] == [answer.number] * 2
    done = Ending(back[0].id, "done", order_link(context, answer.order_id), "bank-9", staff_id=MANAGER.id)
    assert await context.batched(end_refunds_many, done) is True
    assert await context.batched(end_refunds_many, done) is False
    account = await money(context, answer.order_id)
    assert (account.state, account.refunded_minor) == ("paid", back[0].amount_minor)
    assert (await mails(context))[-1][0] == f"Your refund for order {answer.number} is on its way"
    await books_agree(context)


async def test_paid_late_the_units_are_held_again_and_when_there_are_none_the_money_goes_back(
    context: Context, later: Any
) -> None:
    first = await taken(context, "REDE", PIX)
    second = await taken(context, "REDE", PIX, units=9)
    later.advance(seconds=30 * 60 + 90)
    async with context.database.transaction() as connection:
        await expire_due(connection)
    again = await received(context, arrived(context, first, 12990, PIX))
    assert (again.state, again.payment_state) == ("confirmed", "paid")
    async with context.database.transaction() as connection:
        await buy_many(connection, [request("REDE", provider="cod")])
    none_left = await received(context, arrived(context, second, 9 * 12990, PIX))
    assert (none_left.state, none_left.payment_state, none_left.reason) == (
        "cancelled",
        "owed",
        "sold_out_while_paying",
    )
    back = await refunds(context, second.order_id)
    assert [(one.amount_minor, one.state) for one in back] == [(9 * 12990, "by_hand")]
    await context.batched(end_refunds_many, Ending(back[0].id, "done", "link", "D1", staff_id=MANAGER.id))
    assert (await money(context, second.order_id)).state == "refunded"
    subjects = [subject for subject, _body in await mails(context)]
    assert f"Your refund for order {second.number} is on its way" in subjects
    await books_agree(context)


async def test_a_pix_code_carries_the_amount_and_our_reference(context: Context) -> None:
    answer = await taken(context, "REDE", PIX)
    shown = await box(context, await order(context, answer.order_id))
    fields = fields_of(shown.code or "")
    assert (fields["54"], dict(parts_of(fields["62"]))["05"]) == ("129.90", reference_of(answer.number))
    assert shown.until is not None
    assert shown.until - clock.now() < timedelta(minutes=31)


async def test_what_is_missing_is_what_the_code_asks_for(context: Context) -> None:
    pix, upi = await taken(context, "REDE", PIX), await taken(context, "CHAI", UPI)
    await received(context, arrived(context, pix, 10000, PIX))
    await received(context, arrived(context, upi, 40000, UPI))
    assert fields_of((await box(context, await order(context, pix.order_id))).code or "")["54"] == "29.90"
    assert "&am=50.00&" in ((await box(context, await order(context, upi.order_id))).link or "")


async def test_what_an_order_still_waits_for_is_not_given_back_meanwhile(context: Context) -> None:
    answer = await taken(context, "KANNE", TRANSFER)
    await received(context, arrived(context, answer, 2000))
    asked = RefundRequest(new_id(), answer.order_id, 100, "goodwill")
    assert await context.batched(refund_many, asked) == RefundRefused(asked.refund_id, 0)


async def test_a_upi_link_opens_the_app_with_the_amount(context: Context) -> None:
    answer = await taken(context, "CHAI", UPI)
    shown = await box(context, await order(context, answer.order_id))
    assert (shown.link or "").startswith("upi://pay?pa=safar@okbank&pn=Safar%20Gifts&mc=5947&tr=RF")
    assert "&am=450.00&cu=INR" in (shown.link or "")
    assert shown.qr is not None


def told(answer: Taken, valor: str, **other: Any) -> dict[str, Any]:
    """A callback of API Pix."""
    pix = {
        "endToEndId": end_to_end(answer.number),
        "txid": reference_of(answer.number),
        "chave": "loja@safar.example",
        "valor": valor,
        "horario": "2026-11-22T10:00:00.000Z",
        **other,
    }
    return {"pix": [pix]}


def end_to_end(number: int) -> str:
    """An id as banks give it to a PIX that is made now."""
    return f"E00360305{clock.now():%Y%m%d%H%M}{number:011d}"


async def tell(doors: httpx.AsyncClient, body: Any, *, token: str = TOKEN, signing: str = SIGNING) -> Any:
    """Post a callback, signed as a bank or a relay signs it."""
    content = orjson.dumps(body)
    signature = hmac.new(signing.encode(), content, hashlib.sha256).hexdigest()
    headers = {"content-type": "application/json", "x-signature": f"sha256={signature}"}
    return await doors.post(f"/pay/notices/pix/{token}", content=content, headers=headers)


@pytest.mark.finding("security-18")
@pytest.mark.parametrize(
    ("doubt", "other"),
    [
        ("amount", {"valor": "129.89"}), ("amount", {"valor": "130.00"}), ("amount", {"valor": "0.01"}),
        ("id", {"endToEndId": "E0036030520261122xx"}),
        ("id", {"endToEndId": "E00360305209913990000aaaaaaaaaaa"}),
        ("time", {"endToEndId": "E00360305202001010000aaaaaaaaaaa"}),
        ("time", {"endToEndId": "E00360305209901010000aaaaaaaaaaa"}),
    ],
)  # fmt: skip
async def test_a_notice_that_does_not_fit_is_shown_to_staff_and_confirms_nothing(
    context: Context, doors: httpx.AsyncClient, doubt: str, other: dict[str, str]
) -> None:
    answer = await taken(context, "REDE", PIX)
    body = {"pix": [{**told(answer, "129.90")["pix"][0], **other}]}
    for _ in range(2):
        assert (await tell(doors, body)).json() == {"outcomes": ["to_check"]}
    assert (await order(context, answer.order_id)).state == "placed"
    async with context.database.connection() as connection:
        assert [one.doubt for one in await unknown_receipts(connection)] == [doubt]


@pytest.mark.finding("security-18")
async def test_a_notice_without_proof_is_told_and_not_believed_and_people_confirm_it(
    context: Context, doors: httpx.AsyncClient
) -> None:
    answer = await taken(context, "REDE", PIX)
    for signing in ("another-secret-of-16", ""):
        assert (await tell(doors, told(answer, "129.90"), signing=signing)).json() == {
            "outcomes": ["to_check"]
        }
    assert (await order(context, answer.order_id)).payment_state == "started"
    async with context.database.transaction() as connection:
        (unknown,) = await unknown_receipts(connection)
        assert unknown.doubt == "unproven"
        link = order_link(context, answer.order_id)
        await give_to_order(connection, unknown.id, answer.order_id, link=link, staff_id=MANAGER.id)
    assert (await order(context, answer.order_id)).payment_state == "paid"
    again = await tell(doors, told(answer, "129.90", endToEndId=unknown.reference))
    assert again.json() == {"outcomes": ["taken"]}
    assert len(await receipts(context, answer.order_id)) == 1
    twice = await tell(doors, told(answer, "129.90", endToEndId=end_to_end(1)))
    assert twice.json() == {"outcomes": ["to_check"]}, "the order is paid already"


@pytest.mark.finding("security-18")
async def test_a_banks_certificate_proves_a_notice_too(context: Context) -> None:
    known = context.settings.model_copy(update={"pix_client_subject": "CN=bank"})
    bank = replace(context, settings=known)
    for subject, proven in (("CN=bank", True), ("CN=somebody", False), ("", False), (None, False)):
        caller = await caller_of(NoticeDesk(bank), TOKEN, b"{}", signature=None, subject=subject)
        assert caller.proven is proven
    assert not (await caller_of(NoticeDesk(context), TOKEN, b"{}", signature="", subject="")).proven


@pytest.mark.finding("security-18")
async def test_an_address_that_was_replaced_works_for_a_while(context: Context) -> None:
    until = clock.now() + timedelta(hours=1)
    secrets = {
        "key": "loja@safar.example",
        "signing": SIGNING,
        "token": "the-new-one",
        "token_before": TOKEN,
        "token_until": until.isoformat(),
    }
    await offer(context, PIX, secrets=secrets, holder="Loja", city="Recife")
    assert await caller_of(NoticeDesk(context), TOKEN, b"", signature=None, subject=None)
    with clock.held(until + timedelta(seconds=1)):
        assert await caller_of(NoticeDesk(context), "the-new-one", b"", signature=None, subject=None)
        with pytest.raises(NotFound):
            await caller_of(NoticeDesk(context), TOKEN, b"", signature=None, subject=None)


async def test_the_banks_notice_pays_an_order_once_however_often_it_comes(
    context: Context, doors: httpx.AsyncClient
) -> None:
    answer = await taken(context, "REDE", PIX)
    body = told(answer, "129.90")
    for token in (TOKEN, f"{TOKEN}/pix"):
        heard = await tell(doors, body, token=token)
        assert (heard.status_code, heard.json()) == (200, {"outcomes": ["taken"]})
    paid = await order(context, answer.order_id)
    assert (paid.state, paid.payment_state) == ("confirmed", "paid")
    assert len(await receipts(context, answer.order_id)) == 1
    async with context.database.connection() as connection:
        assert [(one.times, one.number) for one in await notices(connection)] == [(2, answer.number)]
    await books_agree(context)


async def test_a_notice_with_a_wrong_secret_or_no_sense_changes_nothing(
    context: Context, doors: httpx.AsyncClient
) -> None:
    answer = await taken(context, "REDE", PIX)
    for token in ("wrong", "", TOKEN + "x", "x" * 3000):
        assert (await doors.post(f"/pay/notices/pix/{token}", json=told(answer, "129.90"))).status_code == 404
    bodies: tuple[Any, ...] = ([], {"pix": [{}]}, told(answer, "-1"))
    for body in bodies:
        assert (await doors.post(f"/pay/notices/pix/{TOKEN}", json=body)).status_code == 400
    assert (await order(context, answer.order_id)).state == "placed"
    await offer(context, PIX, secrets={"key": "loja@safar.example"}, holder="Loja", city="Recife")
    assert (await doors.post("/pay/notices/pix/", json=told(answer, "129.90"))).status_code == 404


async def test_money_that_nobody_knows_is_shown_until_somebody_says_what_it_is_for(
    context: Context, doors: httpx.AsyncClient
) -> None:
    answer = await taken(context, "REDE", PIX)
    for number, other in enumerate(({"txid": "RF99123"}, {"txid": ""}, {"chave": "someone@else.example"})):
        body = told(answer, "129.90", endToEndId=end_to_end(number), **other)
        assert (await doors.post(f"/pay/notices/pix/{TOKEN}", json=body)).json() == {"outcomes": ["unknown"]}
    async with context.database.connection() as connection:
        unknown = await unknown_receipts(connection)
    assert [one.amount_minor for one in unknown] == [12990] * 3
    link = order_link(context, answer.order_id)
    async with context.database.transaction() as connection:
        given = await give_to_order(
            connection, unknown[0].id, answer.order_id, link=link, staff_id=MANAGER.id
        )
    assert given is not None
    assert (given.state, given.payment_state) == ("confirmed", "paid")
    async with context.database.transaction() as connection:
        assert (
            await give_to_order(connection, unknown[0].id, answer.order_id, link=link, staff_id=MANAGER.id)
            is None
        )
        assert await close_receipt(connection, unknown[1].id, note="sent back", staff_id=MANAGER.id)
        assert not await close_receipt(connection, unknown[1].id, note="sent back", staff_id=MANAGER.id)
        assert [one.id for one in await unknown_receipts(connection)] == [unknown[2].id]
    await books_agree(context)


async def test_what_the_bank_gave_back_is_no_task_any_more(
    context: Context, doors: httpx.AsyncClient
) -> None:
    answer = await taken(context, "REDE", PIX)
    await tell(doors, body := told(answer, "129.90"))
    asked = RefundRequest(new_id(), answer.order_id, 1000, "paid_too_much")
    await context.batched(refund_many, asked)
    back = {"devolucoes": [{"id": "1", "rtrId": "D777", "valor": "10.00", "status": "DEVOLVIDO"}]}
    for _ in range(2):
        await tell(doors, {"pix": [{**body["pix"][0], **back}]})
    assert [
        (one.amount_minor, one.state, one.reference) for one in await refunds(context, answer.order_id)
    ] == [(1000, "done", "D777")]
    more = {"devolucoes": [{"id": "2", "rtrId": "D778", "valor": "5.00", "status": "DEVOLVIDO"}]}
    await tell(doors, {"pix": [{**body["pix"][0], **more}]})
    assert [one.reason for one in await refunds(context, answer.order_id)] == ["paid_too_much", "at_provider"]
    await books_agree(context)


async def test_a_notice_needs_no_cookie_and_comes_from_anywhere_but_other_pages_may_not(
    context: Context, doors: httpx.AsyncClient
) -> None:
    answer = await taken(context, "REDE", PIX)
    for headers in ({"sec-fetch-site": "cross-site"}, {"origin": "https://bank.example"}):
        heard = await doors.post(f"/pay/notices/pix/{TOKEN}", json=told(answer, "129.90"), headers=headers)
        assert heard.status_code == 200
        other = await doors.post(f"/pay/{UUID(int=0)}", headers=headers)
        assert other.status_code == 403
