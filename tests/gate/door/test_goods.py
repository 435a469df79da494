"""A waiting room before one product: only who wants it waits, nobody gets past, and sold out ends it."""

from safar.gate.site.sites import remove_site, site_figures
from safar.kernel.ids import new_id
from tests.stage.gate import Drop


async def test_only_who_wants_the_product_waits(drop: Drop) -> None:
    first, second = drop.visitor(), drop.visitor()
    assert (await first.get(drop.path)).status_code == 200
    assert (await second.get("/")).status_code == 200
    clock_path = (await second.get("/search?q=clock", follow_redirects=True)).text.split('href="/p/')[1]
    assert (await second.get("/p/" + clock_path.split('"')[0])).status_code == 200
    sent = await second.get(drop.path)
    assert sent.status_code == 303
    assert sent.headers["location"].startswith(f"/wait?site={drop.key}&next=%2Fp%2F")
    page = await second.get(sent.headers["location"])
    assert "Retrospot mug" in page.text
    told = (await second.get(f"/wait/poll?site={drop.key}")).json()
    assert (told["place"], told["units_left_text"]) == (1, "2")
    assert (await second.get("/")).status_code == 200


async def test_nobody_gets_past_the_room_by_the_cart_or_by_one_request(drop: Drop) -> None:
    inside, outside = drop.visitor(), drop.visitor()
    await inside.get(drop.path)
    await outside.get("/")
    for data in ({"sku": "MUG"}, {"sku": " mug "}):
        sent = await outside.post("/cart/lines", data=data)
        assert (sent.status_code, sent.headers["location"]) == (303, drop.path)
    refused = await drop.buy(outside)
    assert (refused.status_code, refused.json()["error"]) == (503, "waiting")
    assert (await outside.post("/cart/lines", data={"sku": "CLOCK"})).status_code == 303
    assert (await inside.post("/cart/lines", data={"sku": "MUG"})).status_code == 303
    assert (await drop.buy(inside)).status_code == 201


async def test_when_the_last_unit_is_sold_the_queue_ends_at_once_and_says_so(drop: Drop) -> None:
    inside, waiting = drop.visitor(), drop.visitor()
    await inside.get(drop.path)
    await waiting.get(drop.path)
    for left in ("1", "0"):
        assert (await drop.buy(inside)).status_code == 201
        if left == "1":
            await drop.work()
            told = (await waiting.get(f"/wait/poll?site={drop.key}")).json()
            assert (told["state"], told["units_left_text"]) == ("waiting", left)
    await drop.work()
    async with drop.context.database.connection() as connection:
        found = await site_figures(connection, drop.key)
    assert found is not None
    assert (found.site.ended_reason, found.site.units_left) == ("sold_out", 0)
    assert (await waiting.get(f"/wait/poll?site={drop.key}")).json()["state"] == "ended"
    page = await waiting.get(f"/wait?site={drop.key}")
    assert "Sold out" in page.text
    async with drop.context.database.connection() as connection:
        told = await connection.execute("SELECT properties FROM journal_events WHERE name = 'site.ended'")
        assert await told.fetchall() == [({"site": drop.key, "waiting": 1, "reason": "sold_out"},)]


async def test_a_room_that_is_taken_away_lets_everybody_through(drop: Drop) -> None:
    first, second = drop.visitor(), drop.visitor()
    await first.get(drop.path)
    assert (await second.get(drop.path)).status_code == 303
    async with drop.context.database.transaction() as connection:
        await remove_site(connection, drop.key, staff_id=new_id())
    await drop.work()
    assert (await second.get(drop.path)).status_code == 200
