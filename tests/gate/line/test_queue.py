"""The queue over real HTTP: who waits, who comes in, in what order, and what they are told."""

import asyncio
from http.cookiejar import DefaultCookiePolicy

import httpx
import psycopg

from safar.capacity.actions import recount_accounts
from safar.gate.line.actions import admit_many, enter_many
from safar.gate.line.calling import end_queue, reopen_queue, set_capacity
from safar.gate.tickets.model import SHOP, Admitted, Arrival, EntryClaim, Queued
from safar.kernel import clock
from safar.kernel.ids import new_id
from tests.stage.databases import KEEPER
from tests.stage.gate import OpenShop, Shop, with_cookies

JSON = {"accept": "application/json"}


async def arrive(shop: Shop, count: int) -> list[httpx.AsyncClient]:
    """So many visitors, one after the other."""
    visitors = [shop.visitor() for _ in range(count)]
    for visitor in visitors:
        await visitor.get("/p/tea")
    return visitors


async def state(visitor: httpx.AsyncClient) -> dict[str, object]:
    answer = await visitor.get("/wait/poll?next=/p/tea")
    assert answer.status_code == 200
    return dict(answer.json())


async def test_with_room_a_newcomer_comes_in_at_once_and_stays_in(open_shop: OpenShop) -> None:
    shop = await open_shop(2)
    async with shop.visitor() as visitor:
        answer = await visitor.get("/p/tea")
        assert (answer.status_code, answer.text) == (200, "the shelf of /p/tea")
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith("pass=")
        assert "HttpOnly" in cookie
        again = await visitor.get("/p/cup")
        assert again.status_code == 200
        assert "set-cookie" not in again.headers
    assert (await shop.figures()).inside == 1


async def test_a_full_site_makes_newcomers_wait_and_lets_them_in_in_order(open_shop: OpenShop) -> None:
    shop = await open_shop(2)
    first, second, third, fourth, fifth = await arrive(shop, 5)
    for place, waiting in enumerate((third, fourth, fifth), start=1):
        sent_to = await waiting.get("/p/tea?size=2")
        assert sent_to.status_code == 303
        assert sent_to.headers["location"] == "/wait?next=%2Fp%2Ftea%3Fsize%3D2"
        assert (await state(waiting))["place"] == place
    await shop.let_out(first)
    await shop.step()
    assert [(await state(v))["state"] for v in (third, fourth, fifth)] == ["admitted", "waiting", "waiting"]
    assert (await fourth.get("/p/tea")).status_code == 303
    assert (await third.get("/p/tea")).status_code == 200
    assert "ticket" not in third.cookies
    await shop.step()
    assert (await state(fourth))["state"] == "waiting"
    await shop.let_out(second)
    await shop.step()
    assert (await fourth.get("/p/tea")).status_code == 200
    assert (await fifth.get("/p/tea")).status_code == 303
    assert (await shop.figures()).inside == 2


async def test_a_newcomer_does_not_slip_in_before_those_who_wait(open_shop: OpenShop) -> None:
    shop = await open_shop(1)
    inside, waiting = await arrive(shop, 2)
    await shop.let_out(inside)
    async with shop.visitor() as newcomer:
        assert (await newcomer.get("/p/tea")).status_code == 303
        await shop.step()
        assert (await newcomer.get("/p/tea")).status_code == 303
    assert (await waiting.get("/p/tea")).status_code == 200


async def test_who_was_called_and_never_comes_does_not_block_the_others(open_shop: OpenShop) -> None:
    shop = await open_shop(1)
    inside, _gone, waiting = await arrive(shop, 3)
    await shop.let_out(inside)
    await shop.step()
    assert (await state(waiting))["state"] == "waiting"
    async with shop.context.database.transaction() as connection:
        await connection.execute("UPDATE gate_sites SET open_s = open_s + 60")
    await shop.step()
    assert (await waiting.get("/p/tea")).status_code == 200
    assert (await shop.figures()).site.show_up < 0.9


async def test_a_late_comer_is_still_let_in_when_there_is_room(open_shop: OpenShop) -> None:
    shop = await open_shop(1)
    inside, late = await arrive(shop, 2)
    await shop.let_out(inside)
    await shop.step()
    async with shop.context.database.transaction() as connection:
        await connection.execute("UPDATE gate_sites SET open_s = open_s + 60")
    await shop.step()
    assert (await late.get("/p/tea")).status_code == 200


async def test_five_hundred_at_once_never_overfill_the_site_and_all_numbers_differ(
    open_shop: OpenShop,
) -> None:
    shop = await open_shop(37)
    browsers = [with_cookies(shop.visitor()) for _ in range(500)]

    async def arrive_together(cookies: list[str]) -> list[int]:
        async with shop.stranger() as client:
            client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))
            answers = await asyncio.gather(*(client.get("/p/tea", headers={"cookie": c}) for c in cookies))
        return [answer.status_code for answer in answers]

    # By twenty clients: one has a hundred connections at most, and goes through all of them for each answer.
    parts = await asyncio.gather(*(arrive_together(browsers[part::20]) for part in range(20)))
    statuses = [status for part in parts for status in part]
    assert (statuses.count(200), statuses.count(303)) == (37, 463)
    now_there = await shop.figures()
    assert (now_there.inside, now_there.site.issued, now_there.site.admitted) == (37, 463, 37)
    async with shop.context.database.connection() as connection:
        assert await recount_accounts(connection) == []
        numbers = await connection.execute("SELECT number FROM gate_visits WHERE number IS NOT NULL")
        assert sorted(n for (n,) in await numbers.fetchall()) == list(range(1, 464))


async def test_the_poll_tells_place_estimate_and_stock_and_asks_no_database(open_shop: OpenShop) -> None:
    shop = await open_shop(1)
    _inside, waiting = await arrive(shop, 2)
    await shop.app.state.board.refresh()
    async with await psycopg.AsyncConnection.connect(shop.context.database.url, autocommit=True) as onlooker:
        await shop.context.database.close()
        for _ in range(20):
            answer = await state(waiting)
        others = await (
            await onlooker.execute(
                "SELECT count(*) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name <> %s",
                [KEEPER],
            )
        ).fetchone()
    assert others == (0,)
    assert answer == {
        "state": "waiting",
        "place": 1,
        "place_text": "1",
        "estimate_s": None,
        "estimate_text": "Not known yet",
        "units_left_text": "42",
        "progress": 0,
        "retry_ms": 2010,
    }


async def test_the_estimate_appears_once_the_pace_is_known(open_shop: OpenShop) -> None:
    shop = await open_shop(1)
    _inside, waiting = await arrive(shop, 2)
    async with shop.context.database.transaction() as connection:
        await connection.execute("UPDATE gate_sites SET admitted_per_s = 0.05, observed_s = 120, issued = 40")
    await shop.app.state.board.refresh()
    answer = await state(waiting)
    assert answer["estimate_text"] != "Not known yet"
    assert 20 < int(str(answer["estimate_s"])) < 200


async def test_a_ticket_lets_in_once_even_when_it_is_shown_by_two_tabs_or_after_leaving(
    open_shop: OpenShop,
) -> None:
    shop = await open_shop(3)
    *inside, waiting = await arrive(shop, 4)
    for visitor in inside:
        await shop.let_out(visitor)
    await shop.step()
    browser = with_cookies(waiting)
    tabs = [shop.visitor(cookie=browser) for _ in range(2)]
    answers = await asyncio.gather(*(tab.get("/p/tea") for tab in tabs))
    assert [answer.status_code for answer in answers] == [200, 200]
    assert (await shop.figures()).inside == 1
    assert (
        await tabs[0].post("/leave", headers={"cookie": f"{browser}; pass={tabs[0].cookies['pass']}"})
    ).status_code == 204
    assert (await shop.figures()).inside == 0
    late = await shop.visitor(cookie=browser).get("/p/tea")
    assert late.status_code == 200
    assert (await shop.figures()).inside == 1
    assert "pass=" in late.headers["set-cookie"]
    async with shop.context.database.connection() as connection:
        visits = await connection.execute("SELECT count(*) FROM journal_events WHERE name = 'visit.arrived'")
        assert await visits.fetchone() == (5,)  # the used ticket began a new visit


async def test_each_visit_is_told_once_in_the_journal(open_shop: OpenShop) -> None:
    shop = await open_shop(1)
    inside, waiting = await arrive(shop, 2)
    for _ in range(3):
        await waiting.get("/p/tea")
        await inside.get("/p/tea")
    await shop.let_out(inside)
    await shop.step()
    for _ in range(3):
        await waiting.get("/p/tea")
    async with shop.context.database.connection() as connection:
        told = await connection.execute(
            "SELECT name, properties->'queued', (properties->>'waited_s')::float > 0,"
            " customer_id IS NOT NULL, campaign_id IS NOT NULL"
            " FROM journal_events WHERE name LIKE 'visit.%' ORDER BY id"
        )
        assert await told.fetchall() == [
            ("visit.arrived", False, None, True, True),
            ("visit.admitted", None, False, True, True),
            ("visit.arrived", True, None, True, True),
            ("visit.admitted", None, True, True, True),
        ]
        same = await connection.execute(
            "SELECT count(DISTINCT subject_id) FROM journal_events WHERE name LIKE 'visit.%'"
        )
        assert await same.fetchone() == (2,)


async def test_an_arrival_or_admission_run_again_gives_the_same_answer_and_no_second_event(
    open_shop: OpenShop,
) -> None:
    shop = await open_shop(1)
    arrivals = [Arrival(SHOP, new_id(), None, None, clock.now().replace(year=2100)) for _ in range(3)]
    async with shop.context.database.transaction() as connection:
        once = await enter_many(connection, arrivals)
    async with shop.context.database.transaction() as connection:
        again = await enter_many(connection, arrivals)
    assert again == once
    assert isinstance(once[0], Admitted)
    assert [entry.ticket.number for entry in once[1:] if isinstance(entry, Queued)] == [1, 2]
    async with shop.context.database.transaction() as connection:
        await connection.execute("UPDATE gate_sites SET called = 1, capacity = 2")
        await connection.execute("UPDATE capacity_accounts SET on_hand = 2")
        assert isinstance(once[1], Queued)
        claim = EntryClaim(SHOP, once[1].ticket, None, None, clock.now().replace(year=2100))
        admitted = await admit_many(connection, [claim])
        assert await admit_many(connection, [claim, claim]) == [admitted[0], admitted[0]]
        events = await connection.execute("SELECT name FROM journal_events WHERE name LIKE 'visit.%'")
        names = [name for (name,) in await events.fetchall()]
    assert (names.count("visit.arrived"), names.count("visit.admitted")) == (3, 2)


async def test_leaving_gives_the_place_to_the_next(open_shop: OpenShop) -> None:
    shop = await open_shop(1)
    inside, waiting = await arrive(shop, 2)
    page = await inside.post("/leave", headers={"accept": "text/html"})
    assert page.status_code == 200
    assert "pass" not in inside.cookies
    await shop.step()
    assert (await waiting.get("/p/tea")).status_code == 200
    assert (await inside.get("/p/tea")).status_code == 303


async def test_an_ended_queue_says_so_and_can_be_opened_again(open_shop: OpenShop) -> None:
    shop = await open_shop(1)
    inside, waiting = await arrive(shop, 2)
    async with shop.context.database.transaction() as connection:
        await end_queue(connection, SHOP, staff_id=new_id())
    await shop.step()
    assert (await state(waiting)) == {"state": "ended", "next": None}
    page = await waiting.get("/p/tea", follow_redirects=True)
    assert (page.status_code, "The queue has ended" in page.text) == (200, True)
    assert (await inside.get("/p/tea")).status_code == 200
    async with shop.visitor(**JSON) as program:
        assert (await program.get("/p/tea")).status_code == 410
    async with shop.context.database.transaction() as connection:
        await reopen_queue(connection, SHOP, staff_id=new_id())
    await shop.let_out(inside)
    await shop.step()
    assert (await waiting.get("/p/tea")).status_code == 200


async def test_fewer_places_put_nobody_out_and_follow_as_people_leave(open_shop: OpenShop) -> None:
    shop = await open_shop(3)
    visitors = await arrive(shop, 4)
    async with shop.context.database.transaction() as connection:
        await set_capacity(connection, SHOP, 1, staff_id=new_id())
    assert (await shop.figures()).inside == 3
    for visitor in visitors[:2]:
        await shop.let_out(visitor)
        await shop.step()
        assert (await shop.figures()).free == 0
    await shop.let_out(visitors[2])
    await shop.step()
    now_there = await shop.figures()
    assert (now_there.on_hand, now_there.free, now_there.site.called) == (1, 1, 1)
    assert (await visitors[3].get("/p/tea")).status_code == 200
    async with shop.context.database.transaction() as connection:
        changed = await connection.execute(
            "SELECT staff_id IS NOT NULL, properties FROM journal_events WHERE name = 'site.capacity_changed'"
        )
        assert await changed.fetchall() == [(True, {"site": SHOP, "before": 3, "capacity": 1})]
