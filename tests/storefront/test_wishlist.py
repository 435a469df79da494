"""A wishlist by signed cookie: its owner changes it, whoever has the link looks at it."""

import re

import httpx
import pytest

from safar.kernel.context import Context
from safar.kernel.database import Database
from safar.kernel.ids import new_id
from tests.stage.books import events


async def share(browser: httpx.AsyncClient) -> str:
    """Have a link made; return where it leads."""
    assert (await browser.post("/wishlist/link")).headers["location"] == "/wishlist"
    found = re.search(r'href="(/wishlist/[^"]+)">', (await browser.get("/wishlist")).text)
    assert found is not None
    return found.group(1)


async def test_what_is_kept_can_be_shared_to_look_at_and_only_its_owner_changes_it(
    browser: httpx.AsyncClient, base: str, database: Database
) -> None:
    assert "Your wishlist is empty" in (await browser.get("/wishlist")).text
    for sku in ("MUG", "SHIRT-BL", "SHIRT-RS"):
        assert (await browser.post("/wishlist", data={"sku": sku})).headers["location"] == "/wishlist"
    mine = (await browser.get("/wishlist")).text
    assert "Retrospot mug" in mine
    assert "Blue · L" in mine
    link = await share(browser)
    async with httpx.AsyncClient(base_url=base) as friend:
        seen = (await friend.get(link)).text
        assert "Retrospot mug" in seen
        assert "/remove" not in seen
        assert (await friend.post("/wishlist/MUG/remove")).status_code == 404
        assert "empty" in (await friend.get("/wishlist")).text
        assert (await friend.get(f"{link}x")).status_code == 404
        assert (await friend.get("/wishlist/forged.link")).status_code == 404
    assert (await browser.post("/wishlist/MUG/remove")).status_code == 303
    assert "Retrospot mug" not in (await browser.get("/wishlist")).text
    assert await events(database, "wishlist.created", "wishlist.changed") == [
        "wishlist.created",
        *["wishlist.changed"] * 4,
    ]


async def test_moving_to_the_cart_takes_it_off_the_list_and_what_is_gone_stays_on_it(
    browser: httpx.AsyncClient,
) -> None:
    for sku in ("MUG", "SHIRT-RS"):
        await browser.post("/wishlist", data={"sku": sku})
    assert (await browser.post("/wishlist/MUG/cart")).headers["location"] == "/cart"
    assert "Retrospot mug" in (await browser.get("/cart")).text
    gone = await browser.post("/wishlist/SHIRT-RS/cart")
    assert gone.status_code == 409
    left = (await browser.get("/wishlist")).text
    assert "Retrospot mug" not in left
    assert "E-mail me when it’s back" in left
    for sku in ("NOPE", "%00"):
        assert (await browser.post(f"/wishlist/{sku}/cart")).status_code == 404


async def test_sent_twice_it_happens_once_and_one_key_means_one_thing(
    browser: httpx.AsyncClient, database: Database
) -> None:
    key = str(new_id())
    for _time in range(2):
        assert (await browser.post("/wishlist", data={"sku": "MUG", "request_id": key})).status_code == 303
    other = await browser.post("/wishlist", json={"sku": "CANDLE"}, headers={"idempotency-key": key})
    assert (other.status_code, other.json()["error"]) == (409, "same_key_other_body")
    assert await events(database, "wishlist.changed") == ["wishlist.changed"]
    moved = str(new_id())
    for _time in range(2):
        assert (await browser.post("/wishlist/MUG/cart", data={"request_id": moved})).status_code == 303
    assert await events(database, "wishlist.changed", "cart.changed") == [
        "wishlist.changed",
        "cart.changed",
        "wishlist.changed",
    ]
    bad = await browser.post("/wishlist", json={"sku": "MUG"}, headers={"idempotency-key": "x"})
    assert bad.status_code == 422


async def test_the_forms_of_one_page_share_its_request_id(browser: httpx.AsyncClient) -> None:
    page = (await browser.get("/p/mug-page")).text
    ids = set(re.findall(r'name="request_id" value="([^"]+)"', page))
    assert len(ids) == 1
    fields = {"sku": "MUG", "request_id": ids.pop()}
    for path in ("/wishlist", "/cart/lines"):
        assert (await browser.post(path, data=fields)).status_code == 303
    assert {"wishlist", "cart"} <= set(browser.cookies)


async def test_a_forged_cookie_is_no_wishlist(browser: httpx.AsyncClient, context: Context) -> None:
    browser.cookies.set("wishlist", context.vault.sign("cart", "x"), domain="127.0.0.1")
    assert "Your wishlist is empty" in (await browser.get("/wishlist")).text


async def test_a_list_has_an_end(browser: httpx.AsyncClient, database: Database) -> None:
    await browser.post("/wishlist", data={"sku": "MUG"})
    async with database.transaction() as connection:
        await connection.execute("""
            INSERT INTO variants (id, product_id, sku, title, price_minor, currency)
            SELECT gen_random_uuid(), (SELECT id FROM products LIMIT 1), 'V' || n, 'V', 1, 'GBP'
            FROM generate_series(1, 199) AS n
        """)
        await connection.execute("""
            INSERT INTO wishlist_items
            SELECT (SELECT id FROM wishlists), id, now() FROM variants WHERE sku ~ '^V[0-9]+$'
        """)
    full = await browser.post("/wishlist", json={"sku": "CANDLE"})
    assert (full.status_code, full.json()["error"]) == (409, "wishlist_full")
    assert (await browser.post("/wishlist", json={"sku": "MUG"})).status_code == 201  # it is there already


@pytest.mark.finding("security-low-wishlist")
async def test_a_link_is_made_when_asked_for_ends_by_itself_and_at_once_when_its_owner_wants(
    browser: httpx.AsyncClient, base: str, database: Database
) -> None:
    assert (await browser.post("/wishlist/link")).status_code == 404, "there is no list yet"
    await browser.post("/wishlist", data={"sku": "MUG"})
    assert 'href="/wishlist/' not in (await browser.get("/wishlist")).text
    key = str(new_id())
    for _time in range(2):
        assert (await browser.post("/wishlist/link", data={"request_id": key})).status_code == 303
    assert await events(database, "wishlist.shared") == ["wishlist.shared"]
    async with httpx.AsyncClient(base_url=base) as friend:
        first = await share(browser)
        assert (await friend.get(first)).status_code == 200
        second = await share(browser)
        assert (await friend.get(first)).status_code == 404, "a new link ends the one before"
        assert (await friend.get(second)).status_code == 200
        assert "Stop sharing" not in (await friend.get(second)).text
        async with database.transaction() as connection:
            await connection.execute("UPDATE wishlists SET link_until = now() - interval '1 second'")
        assert (await friend.get(second)).status_code == 404
        assert "Share this list" in (await browser.get("/wishlist")).text
        third = await share(browser)
        assert (await browser.post("/wishlist/link/end")).status_code == 303
        assert (await friend.get(third)).status_code == 404
        assert (await friend.post("/wishlist/link/end")).status_code == 404
