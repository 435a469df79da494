"""The shop as a customer meets it, over real HTTP and without JavaScript."""

import asyncio
import re
from collections import Counter

import httpx
import pytest

from safar.kernel.context import Context
from safar.kernel.database import Database, value
from safar.kernel.ids import new_id
from tests.stage.books import books_agree, events
from tests.stage.checkout import count, filled, hidden
from tests.stage.shop import CLOCK, MUG, free, receive

PAGE_BYTES_MAX = 100_000
BUYER = {
    "name": "Ada Lovelace",
    "email": "ada@customers.example",
    "address": "1 Mill Lane",
    "provider": "cod",
}


@pytest.mark.parametrize(
    ("query", "title"),
    [
        ("MUG retro", "Retrospot mug"),
        ("فرش", "فرش دستباف کاشان"),
        ("فرش كاشان", "فرش دستباف کاشان"),  # Arabic kaf
        ("क़ालीन", "हाथ से बना क़ालीन"),
        ("कालीन", "हाथ से बना क़ालीन"),  # without the nukta
        ("cancao musica", "Canção de ninar, caixinha de música"),
        ("retrospt", "Retrospot mug"),
    ],
)
async def test_search_finds_in_every_script_however_it_is_spelled(
    browser: httpx.AsyncClient, query: str, title: str
) -> None:
    page = await browser.get("/search", params={"q": query})
    assert page.status_code == 200
    titles = re.findall(r'class="card-title"><a[^>]*><bdi>([^<]+)<', page.text)
    assert titles == [title]


async def test_search_takes_anything_and_shows_it_as_text(browser: httpx.AsyncClient) -> None:
    for query in (
        "%",
        "_",
        "'; DROP TABLE orders; --",
        "<script>alert(1)</script>",
        "\\",
        "a" * 500,
        "\x01",
        "mug\x00",
    ):
        page = await browser.get("/search", params={"q": query})
        assert page.status_code == 200
        assert "<script>alert" not in page.text
    assert "Nothing found" in (await browser.get("/search", params={"q": "<b>"})).text
    for number in ("0", "-1", "1e9", "۲", "²", "999999999999", "x"):
        assert (await browser.get("/search", params={"page": number})).status_code == 200


async def test_pages_are_small_and_mirror_in_persian(browser: httpx.AsyncClient) -> None:
    order_id = await filled(browser)
    for path in ("/", "/c/home", "/p/retrospot-mug-mug", "/cart", "/checkout"):
        page = await browser.get(path, headers={"accept-language": "fa"})
        assert page.status_code == 200
        assert 'lang="fa" dir="rtl"' in page.text
        assert len(page.content) < PAGE_BYTES_MAX
    placed = await browser.post("/checkout", data={**BUYER, "order_id": order_id}, follow_redirects=True)
    assert len(placed.content) < PAGE_BYTES_MAX


async def test_a_purchase_from_the_shelf_to_the_order_page(
    browser: httpx.AsyncClient, database: Database
) -> None:
    assert "Retrospot mug" in (await browser.get("/c/kitchen")).text
    assert "In stock: 10" in (await browser.get("/p/retrospot-mug-mug")).text
    order_id = await filled(browser, quantity=2)
    assert await free(database) == (10, 0)
    bought = await browser.post("/checkout", data={**BUYER, "order_id": order_id})
    assert bought.status_code == 303
    page = await browser.get(bought.headers["location"])
    assert "We’re packing your order" in page.text
    assert "Ada Lovelace" in page.text
    assert await free(database) == (8, 0)
    assert "Your cart is empty" in (await browser.get("/cart")).text
    assert await events(
        database,
        "product.viewed",
        "cart.created",
        "cart.changed",
        "checkout.started",
        "order.placed",
        "order.confirmed",
    ) == [
        "product.viewed",
        "cart.created",
        "cart.changed",
        "checkout.started",
        "order.placed",
        "order.confirmed",
    ]
    async with database.connection() as connection:
        mail = await value(connection, "SELECT body FROM messages WHERE author = 'shop'")
    assert "2 × Retrospot mug" in mail
    order_id, *_signed = bought.headers["location"].split(".")
    assert order_id[:-4] in mail, "the same order; the link says when it was made"
    await books_agree(database)


async def test_a_form_sent_twice_is_one_order_even_when_the_first_answer_was_lost(
    browser: httpx.AsyncClient, database: Database
) -> None:
    order_id = await filled(browser)
    before = dict(browser.cookies)
    form = {**BUYER, "order_id": order_id}
    first = await browser.post("/checkout", data=form)
    browser.cookies.clear()
    for name, text in before.items():
        browser.cookies.set(name, text, domain="127.0.0.1")
    second = await browser.post("/checkout", data=form)
    assert first.status_code == second.status_code == 303
    pages = [await browser.get(one.headers["location"]) for one in (first, second)]
    assert [page.status_code for page in pages] == [200, 200]
    assert await count(database, "orders") == 1
    assert await free(database) == (9, 0)


async def test_two_clicks_at_once_are_one_order(browser: httpx.AsyncClient, database: Database) -> None:
    order_id = await filled(browser)
    form = {**BUYER, "order_id": order_id}
    answers = await asyncio.gather(*(browser.post("/checkout", data=form) for _ in range(4)))
    assert {answer.status_code for answer in answers} == {303}
    assert len({answer.headers["location"] for answer in answers}) == 1
    assert await free(database) == (9, 0)


async def test_what_was_typed_comes_back_with_what_is_wrong(
    browser: httpx.AsyncClient, database: Database
) -> None:
    order_id = await filled(browser)
    bad = {"name": "Ada", "email": "not-an-address", "address": "", "provider": "test", "method": "steal"}
    page = await browser.post("/checkout", data={**bad, "order_id": order_id})
    assert page.status_code == 422
    assert "not-an-address" in page.text
    assert "This is not an e-mail address" in page.text
    assert hidden(page) == order_id
    assert await count(database, "orders") == 0
    good = await browser.post("/checkout", data={**BUYER, "order_id": order_id})
    assert good.status_code == 303


async def test_markup_in_any_field_is_refused_or_shown_as_text(
    browser: httpx.AsyncClient, database: Database
) -> None:
    order_id = await filled(browser)
    evil = "<script>alert(1)</script>'; DROP TABLE orders; --"
    for field in ("name", "email", "address", "provider", "order_id"):
        page = await browser.post("/checkout", data={**BUYER, "order_id": order_id, field: evil})
        assert page.status_code == 422, field
        assert "<script>alert" not in page.text
    assert await count(database, "orders") == 0


@pytest.mark.parametrize("quantity", ["-1", "0", "1" + "0" * 30, "1.5", "x", "", "<b>"])
async def test_a_quantity_that_is_none_changes_nothing(
    browser: httpx.AsyncClient, database: Database, quantity: str
) -> None:
    page = await browser.post("/cart/lines", data={"sku": "MUG", "quantity": quantity})
    assert page.status_code == 422
    assert "A whole number from 1 to 999" in page.text
    assert await count(database, "carts") == 0
    answer = await browser.post("/cart/lines", json={"sku": "MUG", "quantity": quantity})
    assert (answer.status_code, answer.json()["error"]) == (422, "invalid_input")


async def test_more_than_is_left_and_what_we_do_not_sell_are_said_plainly(
    browser: httpx.AsyncClient, database: Database
) -> None:
    page = await browser.post("/cart/lines", data={"sku": "MUG", "quantity": "11"})
    assert page.status_code == 409
    assert "10 still available" in page.text
    for sku in ("NOPE", "'; DROP TABLE products; --", "x" * 500):
        assert (await browser.post("/cart/lines", data={"sku": sku, "quantity": "1"})).status_code == 404
    for path in ("/p/nope", "/p/%00", "/p/%F0%28"):
        assert (await browser.get(path)).status_code == 404
    assert (await browser.post("/cart/lines/%00", data={"quantity": "1"})).status_code == 404
    assert (await browser.get("/orders/forged.signature")).status_code == 404
    assert await count(database, "carts") == 0


async def test_the_cart_changes_and_tells_of_new_prices_and_less_stock(
    browser: httpx.AsyncClient, database: Database
) -> None:
    await browser.post("/cart/lines", data={"sku": "CLOCK", "quantity": "5"})
    await browser.post("/cart/lines", data={"sku": "MUG", "quantity": "1"})
    assert (await browser.post("/cart/lines/MUG", data={"quantity": "3"})).status_code == 303
    assert (await browser.post("/cart/lines/MUG", data={"quantity": "-3"})).status_code == 422
    async with database.transaction() as connection:
        await connection.execute("UPDATE variants SET price_minor = 600 WHERE id = %s", [MUG])
    taken = await browser.post("/buy", json={**BUYER, "id": str(new_id()), "sku": "CLOCK", "quantity": 2})
    assert taken.status_code == 201
    page = (await browser.get("/cart")).text
    assert "from £4.95 to £6.00" in page
    assert "only 3 are left" in page
    assert 'href="/checkout"' not in page
    order = await browser.post("/checkout", data={**BUYER, "order_id": str(new_id())})
    assert order.status_code == 409
    assert "Alarm clock bakelike green: 3" in order.text
    assert (await browser.post("/cart/lines/CLOCK/remove")).status_code == 303
    assert 'href="/checkout"' in (await browser.get("/cart")).text
    assert (await browser.post("/cart/lines/CLOCK", data={"quantity": "1"})).status_code == 409


async def test_a_forged_cart_is_no_cart(browser: httpx.AsyncClient) -> None:
    browser.cookies.set("cart", "forged.cookie", domain="127.0.0.1")
    assert "Your cart is empty" in (await browser.get("/cart")).text
    assert (await browser.get("/checkout")).headers["location"] == "/cart"


async def test_buyers_at_once_over_http_get_exactly_the_units_and_a_clear_409(
    browser: httpx.AsyncClient, context: Context
) -> None:
    await receive(context.database, {"CLOCK": 3})

    async def buy() -> httpx.Response:
        return await browser.post("/buy", json={**BUYER, "id": str(new_id()), "sku": "clock", "quantity": 1})

    answers = await asyncio.gather(*(buy() for _ in range(24)))
    assert Counter(answer.status_code for answer in answers) == {201: 8, 409: 16}
    refused = [answer.json() for answer in answers if answer.status_code == 409]
    assert {(body["error"], body["left"]) for body in refused} == {("out_of_stock", 0)}
    assert await free(context.database, CLOCK) == (0, 0)
    await books_agree(context.database)


async def test_buying_again_with_the_same_id_replays_and_with_another_body_is_refused(
    browser: httpx.AsyncClient, database: Database
) -> None:
    body = {**BUYER, "id": str(new_id()), "sku": "MUG", "quantity": 1}
    first, second = [await browser.post("/buy", json=body) for _ in range(2)]
    assert (first.status_code, first.json()) == (second.status_code, second.json())
    other = await browser.post("/buy", json={**body, "quantity": 2})
    assert (other.status_code, other.json()["error"]) == (409, "same_key_other_body")
    assert await free(database) == (9, 0)
    assert (await browser.get(first.json()["url"].split("8000", 1)[1])).status_code == 200


@pytest.mark.parametrize(
    "bad",
    [
        {"id": "x"}, {"quantity": -1}, {"quantity": 10**30}, {"quantity": None}, {"email": "a@b"},
        {"name": ""}, {"provider": "bank"}, {"provider": "test", "method": "x"}, {"address": "a" * 501},
    ],
)  # fmt: skip
async def test_a_bad_purchase_is_refused_in_the_callers_language_and_writes_nothing(
    browser: httpx.AsyncClient, database: Database, bad: dict[str, object]
) -> None:
    good = {**BUYER, "id": str(new_id()), "sku": "MUG", "quantity": 1}
    answer = await browser.post("/buy", json={**good, **bad})
    assert answer.status_code == 422
    assert set(answer.json()["fields"]) & set(bad)
    assert await count(database, "orders") == 0
    assert await count(database, "journal_events WHERE name LIKE 'order%'") == 0


async def test_what_is_no_json_or_not_sold_is_refused(browser: httpx.AsyncClient) -> None:
    headers = {"content-type": "application/json"}
    assert (await browser.post("/buy", content=b"{", headers=headers)).status_code == 400
    good = {**BUYER, "id": str(new_id()), "sku": "NOPE", "quantity": 1}
    answer = await browser.post("/buy", json=good)
    assert (answer.status_code, answer.json()["error"]) == (404, "unknown_product")
