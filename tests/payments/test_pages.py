"""The console's pages of money: setting ways up, marking money as received, giving it back."""

import re
from collections.abc import Mapping
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request

from safar.kernel.context import Context
from safar.kernel.database import value
from safar.kernel.ids import new_id
from safar.kernel.web.forms import Fields
from safar.kernel.web.surface import Surface, build_surface
from safar.payments import pages
from safar.payments.books.model import NewReceipt
from safar.payments.books.names import PIX, TRANSFER
from safar.payments.books.receive import receive_money_many
from safar.payments.books.reference import reference_of
from safar.payments.way_form import read_way
from safar.payments.ways import offered, ways_of
from safar.team.layer import StaffLayer
from tests.stage.payments import books_agree, events, money, offer, order, refunds, taken
from tests.stage.people import signed_in
from tests.stage.serving import Serve


def _values(request: Request) -> Mapping[str, Any]:
    return {"shop_name": "Safar", "staff": getattr(request.state, "staff", None), "nav": []}


def surface(context: Context) -> Starlette:
    """The console with these pages only."""
    inside = [lambda app: StaffLayer(app, context)]
    return build_surface(context, Surface("console", _values), pages.routes, inside=inside)


@pytest.fixture
async def console(context: Context, shop: None, serve: Serve) -> Any:
    base = await serve(surface(context))
    async with await signed_in(context, base, "manager") as client:
        yield client


def request_id(page: httpx.Response) -> str:
    found = re.search(r'name="request_id" value="([0-9a-f-]{36})"', page.text)
    assert found
    return found[1]


async def test_a_way_is_offered_when_it_is_set_up_and_its_secrets_are_never_shown(
    context: Context, console: httpx.AsyncClient
) -> None:
    key = "123e4567-e12b-12d1-a456-426655440000"
    form = {
        "enabled": "on",
        "holder": "Loja Safar",
        "city": "Recife",
        "key": key.upper(),
        "countries": "br, pt",
    }
    saved = await console.post("/payments/ways/pix", data=form)
    assert saved.status_code == 303
    assert [way.provider for way in await offered(context, "BRL", "BR")][:1] == [PIX]
    assert PIX not in [way.provider for way in await offered(context, "BRL", "DE")]
    page = await console.get("/payments/ways/pix")
    assert key not in page.text
    token = (await ways_of(context))[PIX].secrets["token"]
    assert f"/pay/notices/pix/{token}" in page.text
    async with context.database.connection() as connection:
        stored = await value(connection, "SELECT secrets FROM payment_ways WHERE provider = 'pix'")
        told = await value(
            connection, "SELECT properties::text FROM journal_events WHERE name = 'payment.way_changed'"
        )
    assert key.encode() not in bytes(stored)
    assert key not in told
    await console.post("/payments/ways/pix", data={**form, "key": "", "renew": "on"})
    kept = (await ways_of(context))[PIX].secrets
    assert kept["key"] == key
    assert kept["token"] != token
    await console.post("/payments/ways/pix", data={**form, "key": "", "enabled": ""} | {"enabled": "on"})
    assert (await ways_of(context))[PIX].secrets == kept


@pytest.mark.parametrize(
    ("provider", "form", "wrong"),
    [
        ("transfer", {"holder": "Safar", "iban": "DE00370400440532013000"}, "iban"),
        ("transfer", {"holder": "Safar"}, "iban"),
        ("transfer", {"holder": "", "iban": "DE89370400440532013000"}, "holder"),
        ("transfer", {"holder": "S", "account": "12-34 5678", "currencies": "EUR XXQ"}, "currencies"),
        ("pix", {"holder": "دکان", "city": "Recife", "key": "a@b.example"}, "holder"),
        ("pix", {"holder": "Loja", "city": "Recife", "key": "123"}, "key"),
        ("pix", {"holder": "Loja", "city": "Recife"}, "key"),
        ("upi", {"holder": "Safar", "address": "safar"}, "address"),
        ("upi", {"holder": "Safar", "address": "a1@bank", "category": "12"}, "category"),
        ("stripe", {"secret_key": "pk_test_1234567", "webhook_secret": "whsec_1234567"}, "secret_key"),
        ("cod", {"countries": "Germany", "most": "50"}, "countries"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_by_field(provider: str, form: dict[str, str], wrong: str) -> None:
    fields = Fields({"enabled": "on", **form})
    read_way(fields, provider, None)
    assert list(fields.problems) == [wrong]


@pytest.mark.usefixtures("shop")
async def test_what_is_wrong_stands_beside_its_field_and_nothing_is_kept(
    context: Context, console: httpx.AsyncClient
) -> None:
    before = dict(await ways_of(context))
    refused = await console.post(
        "/payments/ways/transfer", data={"enabled": "on", "holder": "S", "iban": "DE00"}
    )
    assert refused.status_code == 422
    assert 'id="f-iban-error"' in refused.text
    assert dict(await ways_of(context)) == before


async def test_a_manager_marks_a_transfer_as_received(context: Context, console: httpx.AsyncClient) -> None:
    await offer(context, TRANSFER, holder="Safar", iban="DE89370400440532013000")
    answer = await taken(context, "KANNE", TRANSFER)
    listed = await console.get("/payments")
    assert reference_of(answer.number) in listed.text.replace(" ", "")
    path = f"/payments/orders/{answer.order_id}"
    form = {"request_id": request_id(await console.get(path)), "amount": "20,00", "reference": "bank 1"}
    for _ in range(2):  # the form is sent twice
        assert (await console.post(f"{path}/receipts", data=form)).status_code == 303
    page = await console.get(path)
    assert "€20.00" in page.text
    assert "€3.00" in page.text
    other = await console.post(f"{path}/receipts", data={**form, "amount": "3.00"})
    assert other.status_code == 409
    rest = {**form, "request_id": request_id(page), "amount": "۳٫۰۰"}
    assert (await console.post(f"{path}/receipts", data=rest)).status_code == 303
    assert (await order(context, answer.order_id)).state == "confirmed"
    async with context.database.connection() as connection:
        by_staff = await value(
            connection,
            "SELECT count(*) FROM journal_events WHERE name = 'payment.received' AND staff_id IS NOT NULL",
        )
    assert by_staff == 2
    await books_agree(context)


@pytest.mark.finding("security-low-amount")
@pytest.mark.parametrize("amount", ["0", "-1", "1e3", "x", "", "999999999999999", "1.049", "0.001", "1.2.3"])
def test_an_amount_that_is_none_is_refused(amount: str) -> None:
    fields = Fields({"amount": amount})
    assert fields.amount("amount", "EUR", least=1) is None
    assert "amount" in fields.problems


async def test_a_manager_gives_money_back_and_never_more_than_came(
    context: Context, console: httpx.AsyncClient
) -> None:
    answer = await taken(context, "MUG", "test", method="ok")
    path = f"/payments/orders/{answer.order_id}"
    form = {"request_id": request_id(await console.get(path)), "amount": "2.00", "reason": "goodwill"}
    for _ in range(2):
        assert (await console.post(f"{path}/refunds", data=form)).status_code == 303
    assert [(one.amount_minor, one.state) for one in await refunds(context, answer.order_id)] == [
        (200, "done")
    ]
    much = {**form, "request_id": str(new_id()), "amount": "2.96"}
    refused = await console.post(f"{path}/refunds", data=much)
    assert refused.status_code == 409
    assert "£2.95" in refused.text
    assert (await console.post(f"{path}/refunds", data={**much, "amount": "2.95"})).status_code == 303
    assert (await money(context, answer.order_id)).state == "refunded"
    await books_agree(context)


async def test_a_refund_by_hand_is_a_task_until_it_is_marked_done(
    context: Context, console: httpx.AsyncClient
) -> None:
    await offer(context, TRANSFER, holder="Safar", iban="DE89370400440532013000")
    answer = await taken(context, "KANNE", TRANSFER)
    receipt = NewReceipt(new_id(), answer.order_id, TRANSFER, 2500, "EUR", "bank 1")
    await context.batched(receive_money_many, receipt)
    [task] = await refunds(context, answer.order_id)
    assert f'href="/payments/orders/{answer.order_id}"' in (await console.get("/payments")).text
    retry = await console.post(f"/payments/refunds/{task.id}/retry")
    assert retry.status_code == 409
    for _ in range(2):
        done = await console.post(f"/payments/refunds/{task.id}/done", data={"reference": "bank 2"})
        assert done.status_code == 303
    [ended] = await refunds(context, answer.order_id)
    assert (ended.state, ended.reference, ended.amount_minor) == ("done", "bank 2", 200)
    assert await events(context, "payment.refund_asked", "payment.refunded") == [
        "payment.refund_asked",
        "payment.refunded",
    ]


async def test_money_of_nobody_is_assigned_by_number_or_reference(
    context: Context, console: httpx.AsyncClient
) -> None:
    await offer(context, TRANSFER, holder="Safar", iban="DE89370400440532013000")
    answer = await taken(context, "KANNE", TRANSFER)
    one, other = [NewReceipt(new_id(), None, PIX, 2300, currency, "E1") for currency in ("EUR", "BRL")]
    for receipt in (one, other):
        await context.batched(receive_money_many, receipt)
    assert "Payments to check" in (await console.get("/payments")).text
    path = f"/payments/receipts/{one.id}/order"
    assert (await console.post(path, data={"order": "1"})).status_code == 404
    right = await console.post(path, data={"order": reference_of(answer.number)})
    assert right.headers["location"] == f"/payments/orders/{answer.order_id}"
    assert (await order(context, answer.order_id)).state == "confirmed"
    wrong = await console.post(f"/payments/receipts/{other.id}/order", data={"order": str(answer.number)})
    assert wrong.status_code == 409
    closed = await console.post(f"/payments/receipts/{other.id}/closed", data={"note": "sent back"})
    assert closed.status_code == 303
    assert "Payments to check" not in (await console.get("/payments")).text


async def test_an_agent_sees_money_and_moves_none(context: Context, shop: None, serve: Serve) -> None:
    answer = await taken(context, "MUG", "test", method="ok")
    base = await serve(surface(context))
    async with await signed_in(context, base, "agent") as agent:
        page = await agent.get(f"/payments/orders/{answer.order_id}")
        assert page.status_code == 200
        assert "<form" not in page.text.split("<main", 1)[1]
        assert (await agent.get("/payments")).status_code == 200
        path = f"/payments/orders/{answer.order_id}/refunds"
        assert (await agent.post(path, data={"amount": "1", "reason": "goodwill"})).status_code == 403
