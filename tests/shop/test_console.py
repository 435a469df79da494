"""The shop's and the stock room's pages for staff, over real HTTP."""

import re
from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx
import pytest
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from safar.kernel.context import Context
from safar.kernel.database import Database, value
from safar.kernel.ids import new_id
from safar.kernel.web.actor import Actor
from safar.kernel.web.surface import Surface, build_surface
from safar.shop import pages
from safar.shop.checkout import buy_many, place_many
from safar.shop.pay import take_order
from safar.stock.model import MAIN
from tests.conftest import Serve
from tests.shop.conftest import CLOCK, MUG, books_agree, events, free, request

PAGE_BYTES_MAX = 100_000
STAFF_ID = new_id()


class _SignedIn:
    """In place of the sign-in: the role that the request names, or nobody."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        role = dict(scope["headers"]).get(b"x-role", b"").decode()
        actor = Actor(STAFF_ID, "staff@safar.example", "Sam", role) if role else None
        scope["state"] = {**scope.get("state", {}), "staff": actor}
        await self._app(scope, receive, send)


def _page_values(request: Request) -> Mapping[str, Any]:
    return {"staff": request.state.staff, "nav": []}


@pytest.fixture
async def desk(context: Context, serve: Serve) -> AsyncIterator[httpx.AsyncClient]:
    """A manager's browser on the console."""
    app = build_surface(context, Surface("console", _page_values), pages.routes, inside=[_SignedIn])
    async with httpx.AsyncClient(base_url=await serve(app), headers={"x-role": "manager"}) as client:
        yield client


def move_id(page: httpx.Response) -> str:
    found = re.search(r'name="move_id" value="([0-9a-f-]{36})"', page.text)
    assert found
    return found[1]


async def test_orders_are_listed_by_state_and_found_by_number(
    desk: httpx.AsyncClient, context: Context
) -> None:
    sold = await context.batched(buy_many, request())
    await context.batched(place_many, request(provider="test", method="ok"))
    everything = (await desk.get("/orders")).text
    assert everything.count('class="num" href="/orders/') == 2
    only = (await desk.get("/orders?state=confirmed")).text
    assert only.count('class="num" href="/orders/') == 1
    found = await desk.get("/orders", params={"q": str(sold.number)})  # type: ignore[union-attr]
    assert found.headers["location"] == f"/orders/{sold.order_id}"
    for query in ("?state=x", "?before=x", "?q=99999999999999999999", "?q=<b>", "?before=²"):
        assert (await desk.get(f"/orders{query}")).status_code == 200
    assert (await desk.get("/orders?state=delivered")).text.count("No orders here") == 1


async def test_an_order_goes_its_way_by_staff_and_the_log_says_who(
    desk: httpx.AsyncClient, context: Context
) -> None:
    sold = await context.batched(buy_many, request())
    path = f"/orders/{sold.order_id}"
    assert "Mark as shipped" in (await desk.get(path)).text
    refused = await desk.post(f"{path}/delivered")
    assert refused.status_code == 409
    for _ in range(2):
        assert (await desk.post(f"{path}/shipped")).status_code == 303
    assert (await desk.post(f"{path}/cancelled")).status_code == 409
    assert (await desk.post(f"{path}/delivered")).status_code == 303
    async with context.database.connection() as connection:
        found = await connection.execute(
            "SELECT name, staff_id FROM journal_events WHERE staff_id IS NOT NULL ORDER BY id"
        )
        assert await found.fetchall() == [("order.shipped", STAFF_ID), ("order.delivered", STAFF_ID)]
    assert (await desk.post(f"/orders/{new_id()}/shipped")).status_code == 404
    assert (await desk.get("/orders/nonsense")).status_code == 404


async def test_cancelling_a_paid_order_gives_units_and_money_back(
    desk: httpx.AsyncClient, context: Context
) -> None:
    paid = await take_order(context, request(provider="test", method="ok"))
    path = f"/orders/{paid.order_id}"
    assert (await desk.post(f"{path}/cancelled", headers={"x-role": "agent"})).status_code == 403
    assert (await desk.post(f"{path}/cancelled", headers={"x-role": ""})).status_code == 401
    assert (await desk.post(f"{path}/cancelled")).status_code == 303
    page = (await desk.get(path)).text
    assert "Refunded" in page
    assert await free(context.database) == (10, 0)
    assert await events(context.database, "order.cancelled", "payment.refunded") == [
        "order.cancelled", "payment.refunded",
    ]  # fmt: skip
    await books_agree(context.database)


async def test_stock_is_listed_by_what_runs_out_first(desk: httpx.AsyncClient) -> None:
    page = await desk.get("/stock")
    assert len(page.content) < PAGE_BYTES_MAX
    assert page.text.index("FA1") < page.text.index("CLOCK") < page.text.index("MUG")
    assert "MUG" not in (await desk.get("/stock?q=clock")).text
    assert "Nothing here" in (await desk.get("/stock?only=out")).text
    persian = await desk.get(f"/stock/{MUG}", headers={"accept-language": "fa"})
    assert 'dir="rtl"' in persian.text
    for query in ("?page=x", "?page=²", "?only=x", "?q=%00", "?page=999"):
        assert (await desk.get(f"/stock{query}")).status_code == 200


async def test_a_delivery_taken_in_twice_counts_once(desk: httpx.AsyncClient, database: Database) -> None:
    form = {
        "move_id": move_id(await desk.get(f"/stock/{MUG}")), "location_id": str(MAIN), "quantity": "۵",
        "reason": "delivery", "document": "DN 7",
    }  # fmt: skip
    for _ in range(2):
        assert (await desk.post(f"/stock/{MUG}/receive", data=form)).status_code == 303
    assert await free(database) == (15, 0)
    page = (await desk.get(f"/stock/{MUG}")).text
    assert "DN 7" in page
    other = await desk.post(f"/stock/{MUG}/receive", data={**form, "quantity": "6"})
    assert other.status_code == 409
    assert await events(database, "stock.received") == ["stock.received"] * 6
    await books_agree(database)


async def test_a_count_never_takes_what_is_promised_and_the_form_comes_back(
    desk: httpx.AsyncClient, context: Context
) -> None:
    await context.batched(place_many, request(provider="test", method="ok", lines=((CLOCK, 3),)))
    form = {
        "move_id": str(new_id()), "location_id": str(MAIN), "quantity": "-3",
        "reason": "broken in the cellar",
    }  # fmt: skip
    refused = await desk.post(f"/stock/{CLOCK}/adjust", data=form)
    assert refused.status_code == 409
    assert "only 2 can be taken away" in refused.text
    assert "broken in the cellar" in refused.text
    assert form["move_id"] in refused.text
    taken = await desk.post(f"/stock/{CLOCK}/adjust", data={**form, "quantity": "-2"})
    assert taken.status_code == 303
    assert await free(context.database, CLOCK) == (3, 3)
    await books_agree(context.database)


@pytest.mark.parametrize(
    ("bad", "status"),
    [
        ({"quantity": "0"}, 422), ({"quantity": "1" + "0" * 30}, 422), ({"quantity": "x"}, 422),
        ({"reason": ""}, 422), ({"move_id": "x"}, 422), ({"location_id": "x"}, 422),
        ({"location_id": str(new_id())}, 404),
    ],
)  # fmt: skip
async def test_a_move_that_makes_no_sense_is_refused_and_not_written(
    desk: httpx.AsyncClient, database: Database, bad: dict[str, str], status: int
) -> None:
    good = {"move_id": str(new_id()), "location_id": str(MAIN), "quantity": "2", "reason": "count"}
    for kind in ("receive", "adjust"):
        answer = await desk.post(f"/stock/{MUG}/{kind}", data={**good, **bad})
        assert answer.status_code == status
    assert await free(database) == (10, 0)
    assert (await desk.post(f"/stock/{new_id()}/receive", data=good)).status_code == 404
    agent = await desk.post(f"/stock/{MUG}/receive", data=good, headers={"x-role": "agent"})
    assert agent.status_code == 403


async def test_a_price_changes_for_managers_only_and_never_to_nonsense(
    desk: httpx.AsyncClient, database: Database
) -> None:
    path = f"/catalogue/{MUG}/price"
    assert (await desk.post(path, data={"price": "5,25"})).status_code == 303
    for bad in ("-1", "x", "1e400", "NaN", "1.005", "<b>", ""):
        answer = await desk.post(path, data={"price": bad})
        assert answer.status_code == 422
        assert "<b>" not in answer.text
    forbidden = await desk.post(path, data={"price": "1"}, headers={"x-role": "agent"})
    assert forbidden.status_code == 403
    async with database.connection() as connection:
        assert await value(connection, "SELECT price_minor FROM variants WHERE id = %s", [MUG]) == 525
        told = await value(
            connection, "SELECT count(*) FROM journal_events WHERE name = 'price.changed' AND staff_id = %s",
            [STAFF_ID],
        )  # fmt: skip
    assert told == 1
    listed = (await desk.get("/catalogue?q=mug")).text
    assert "5.25" in listed
    assert "New price" not in (await desk.get("/catalogue", headers={"x-role": "agent"})).text
