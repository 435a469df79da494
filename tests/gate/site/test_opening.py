"""An opening: one lot a browser, the order of the draw for those before it, first come first served after."""

import asyncio
import hashlib
import hmac
import re
from datetime import datetime, timedelta

import httpx
import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safar.capacity.actions import recount_accounts
from safar.gate.line.actions import enter_many
from safar.gate.line.calling import call_next
from safar.gate.line.visits import number_many
from safar.gate.site.opening import set_opening
from safar.gate.site.sites import site_figures
from safar.gate.tickets.draw import commitment, draw_key, lot
from safar.gate.tickets.errors import OpeningHasBegun
from safar.gate.tickets.model import SHOP, Arrival, NotYet, Queued, Site
from safar.kernel import clock
from safar.kernel.ids import new_id
from safar.kernel.secrets import Vault
from tests.stage.gate import OpenShop, Shop

VAULT = Vault("only-for-tests")
HOUR = timedelta(hours=1)


@settings(max_examples=25)
@given(st.uuids(), st.lists(st.uuids(), unique=True, min_size=1, max_size=30))
def test_anybody_can_compute_a_lot_from_the_key_and_the_key_has_its_fingerprint(
    opening_id: object, clients: list[object]
) -> None:
    key = draw_key(VAULT, opening_id)  # type: ignore[arg-type]
    assert commitment(key) == hashlib.sha256(key).hexdigest()
    assert key != draw_key(Vault("another secret"), opening_id)  # type: ignore[arg-type]
    for client in clients:
        mine = lot(key, opening_id, client)  # type: ignore[arg-type]
        digest = hmac.new(key, client.hex.encode(), "sha256").digest()  # type: ignore[attr-defined]
        assert mine.share == int.from_bytes(digest[:8], "big") / 2**64
        assert -(2**63) <= mine.draw < 2**63


async def open_at(shop: Shop, opens_at: datetime) -> Site:
    async with shop.context.database.transaction() as connection:
        await set_opening(connection, shop.context.vault, SHOP, opens_at, work=False, staff_id=new_id())
    await shop.app.state.board.refresh()
    return (await shop.figures()).site


async def begin(shop: Shop) -> None:
    """The opening's time comes, and the worker makes its step."""
    async with shop.context.database.transaction() as connection:
        await connection.execute("UPDATE gate_sites SET opens_at = now() - interval '1 second'")
    await shop.step()


async def state(visitor: httpx.AsyncClient) -> dict[str, object]:
    answer = await visitor.get("/wait/poll?next=/p/tea")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_before_the_opening_all_take_part_in_the_draw_and_none_comes_in(open_shop: OpenShop) -> None:
    shop = await open_shop(5)
    site = await open_at(shop, clock.now() + HOUR)
    visitors = [shop.visitor() for _ in range(8)]
    for visitor in visitors:
        sent = await visitor.get("/p/tea")
        assert sent.status_code == 303
        page = await visitor.get(sent.headers["location"])
        assert page.status_code == 200
        assert site.draw_hash is not None
        assert site.draw_hash in page.text
        assert draw_key(shop.context.vault, site.opening_id).hex() not in page.text  # type: ignore[arg-type]
        assert (await state(visitor))["state"] == "early"
    await shop.step()
    now_there = await shop.figures()
    assert (now_there.inside, now_there.site.issued, now_there.site.joined) == (0, 0, 8)


async def test_the_draw_gives_each_a_number_by_lot_and_latecomers_come_after(open_shop: OpenShop) -> None:
    shop = await open_shop(3)
    site = await open_at(shop, clock.now() + HOUR)
    visitors = [shop.visitor() for _ in range(10)]
    for visitor in visitors:
        await visitor.get("/p/tea")
    seal = shop.app.state.board.room(SHOP).cookies.seal
    ids = [seal.ticket(visitor.cookies["ticket"]).visit_id for visitor in visitors]
    key = draw_key(shop.context.vault, site.opening_id)  # type: ignore[arg-type]
    by_lot = sorted(range(10), key=lambda n: lot(key, site.opening_id, ids[n]).draw)  # type: ignore[arg-type]
    await begin(shop)
    late = shop.visitor()
    await late.get("/p/tea")
    for place, n in enumerate(by_lot, start=1):
        told = await state(visitors[n])
        assert told["state"] == ("admitted" if place <= 3 else "waiting")
        assert seal.ticket(visitors[n].cookies["ticket"]).number == place
    assert seal.ticket(late.cookies["ticket"]).number == 11
    page = (await visitors[by_lot[5]].get("/wait?next=/p/tea")).text
    assert key.hex() in page
    assert hashlib.sha256(key).hexdigest() == site.draw_hash
    mine = re.search(r"<code dir=\"ltr\">(0\.\d+)</code>", page)
    assert mine is not None
    assert site.opening_id is not None
    assert float(mine[1]) == pytest.approx(
        lot(key, site.opening_id, ids[by_lot[5]]).share,
        abs=1e-8,
    )
    assert key.hex() not in (await late.get("/wait?next=/p/tea")).text
    for n in by_lot[:3]:
        assert (await visitors[n].get("/p/tea")).status_code == 200
    assert (await visitors[by_lot[3]].get("/p/tea")).status_code == 303


async def test_a_reload_a_second_tab_or_a_lost_ticket_brings_no_second_lot(open_shop: OpenShop) -> None:
    shop = await open_shop(1)
    await open_at(shop, clock.now() + HOUR)
    visitor = shop.visitor()
    await visitor.get("/p/tea")
    ticket = visitor.cookies["ticket"]
    await asyncio.gather(*(visitor.get("/p/tea") for _ in range(5)))
    visitor.cookies.delete("ticket")
    await visitor.get("/p/cup")
    seal = shop.app.state.board.room(SHOP).cookies.seal
    assert seal.ticket(visitor.cookies["ticket"]).visit_id == seal.ticket(ticket).visit_id
    assert (await shop.figures()).site.joined == 1
    async with shop.context.database.connection() as connection:
        told = await connection.execute(
            "SELECT count(*) FROM journal_events"
            " WHERE name = 'visit.arrived' AND properties->'early' = 'true'"
        )
        assert await told.fetchone() == (1,)


async def test_waiting_for_the_draw_asks_the_database_once_for_the_number_and_never_else(
    open_shop: OpenShop,
) -> None:
    shop = await open_shop(1)
    await open_at(shop, clock.now() + HOUR)
    first, second = shop.visitor(), shop.visitor()
    await first.get("/p/tea")
    await second.get("/p/tea")
    await begin(shop)
    waiting = second if (await state(first))["state"] == "admitted" else first
    await state(waiting)
    await shop.context.database.close()
    async with await psycopg.AsyncConnection.connect(shop.context.database.url, autocommit=True):
        assert (await state(waiting))["place"] == 1


async def test_an_opening_can_be_moved_but_not_while_it_is_drawn(open_shop: OpenShop) -> None:
    shop = await open_shop(1)
    before = await open_at(shop, clock.now() + HOUR)
    await shop.visitor().get("/p/tea")
    moved = await open_at(shop, clock.now() + 2 * HOUR)
    assert (moved.opening_id, moved.draw_hash, moved.joined) == (before.opening_id, before.draw_hash, 1)
    async with shop.context.database.transaction() as connection:
        await connection.execute("UPDATE gate_sites SET drawn_at = now(), opens_at = now()")
    with pytest.raises(OpeningHasBegun):
        await open_at(shop, clock.now() + HOUR)


async def test_a_newcomer_at_the_very_moment_of_the_opening_comes_after_the_draw(open_shop: OpenShop) -> None:
    shop = await open_shop(10)
    await open_at(shop, clock.now() + HOUR)
    early = shop.visitor()
    await early.get("/p/tea")
    async with shop.context.database.transaction() as connection:
        await connection.execute("UPDATE gate_sites SET opens_at = now() - interval '1 second'")
        arrival = Arrival(SHOP, new_id(), None, None, clock.now() + HOUR)
        (entry,) = await enter_many(connection, [arrival])
    assert isinstance(entry, Queued)
    assert entry.ticket.number == 2  # the step has not run: number 1 is kept for the draw
    await shop.step()
    assert (await state(early))["state"] == "admitted"


async def test_who_comes_without_a_lot_before_the_opening_gets_no_number(open_shop: OpenShop) -> None:
    shop = await open_shop(1)
    await open_at(shop, clock.now() + HOUR)
    async with shop.context.database.transaction() as connection:
        arrival = Arrival(SHOP, new_id(), None, None, clock.now() + HOUR)
        assert await enter_many(connection, [arrival]) == [NotYet()]


async def test_twenty_five_thousand_are_drawn_in_steps_each_number_once_in_the_order_of_the_lots(
    open_shop: OpenShop,
) -> None:
    shop = await open_shop(10)
    site = await open_at(shop, clock.now() + HOUR)
    async with shop.context.database.transaction() as connection:
        await connection.execute(
            "INSERT INTO gate_lots (visit_id, site_id, opening_id, draw, joined_at)"
            " SELECT gen_random_uuid(), %s, %s, (random() * 2e18)::bigint, now()"
            " FROM generate_series(1, 25000)",
            [site.id, site.opening_id],
        )
        await connection.execute("CREATE TABLE lots AS SELECT * FROM gate_lots")
        await connection.execute("UPDATE gate_sites SET joined = 25000, issued = 7, opens_at = now()")
        reached = []
        for _ in range(3):
            await call_next(connection, SHOP)
            found = await site_figures(connection, SHOP)
            assert found is not None
            assert found.site.called <= found.site.callable
            reached.append(found.site.drawn)
        assert reached == [10_000, 20_000, 25_000]
        wrong = await connection.execute(
            "SELECT count(*) FROM gate_visits AS v INNER JOIN (SELECT visit_id,"
            " 7 + row_number() OVER (ORDER BY draw, visit_id) AS number FROM lots) AS l ON l.visit_id = v.id"
            " WHERE v.number <> l.number"
        )
        numbers = await connection.execute(
            "SELECT count(DISTINCT number), min(number), max(number) FROM gate_visits"
        )
        assert await wrong.fetchone() == (0,)
        assert await numbers.fetchone() == (25_000, 8, 25_007)
        one = await connection.execute("SELECT id FROM gate_visits LIMIT 1")
        known = (await one.fetchone() or (None,))[0]
        assert known is not None
        assert (await number_many(connection, [known, new_id()]))[1] is None
        assert await recount_accounts(connection) == []
