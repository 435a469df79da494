"""What staff can do to a queue: hold, drain, pace, message, invitations; and how visits end early."""

from datetime import datetime, timedelta
from itertools import pairwise

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from safar.capacity.actions import recount_accounts
from safar.gate.line.calling import end_queue, reopen_queue, set_capacity
from safar.gate.line.decide import grown_allowance, next_called, places, poll_before_opening_s
from safar.gate.line.visits import LEAVING, free_left_places, renew_many
from safar.gate.site.settings import set_invited, set_message, set_mode, set_pace
from safar.gate.tickets.invitations import invitation_url, new_invitation
from safar.gate.tickets.model import SHOP, Admitted, Mode, Over, Renewal
from safar.kernel import clock
from safar.kernel.ids import new_id
from tests.stage.gate import OpenShop, Shop, with_cookies

STAFF = new_id()
counts = st.integers(0, 1000)


@given(counts, st.integers(0, 50), counts, counts)
def test_shares_never_add_up_to_more_than_the_capacity_or_what_is_inside(
    capacity: int, percent: int, inside: int, invited_inside: int
) -> None:
    everybody, invited = places(
        capacity=capacity,
        invited_places=capacity * percent // 100,
        inside=inside,
        invited_inside=invited_inside,
    )
    assert everybody >= inside
    assert invited >= invited_inside
    assert everybody + invited <= max(capacity, inside + invited_inside)
    if inside + invited_inside == 0:
        assert everybody + invited == capacity


@given(st.floats(-50, 50), st.integers(1, 10_000), st.lists(st.floats(0, 2), max_size=50))
def test_the_pace_lets_in_no_more_than_it_says_over_any_time(
    allowance: float, per_minute: int, steps: list[float]
) -> None:
    allowance = min(allowance, 0.0)
    let_in = 0.0
    for elapsed_s in steps:
        allowance = grown_allowance(allowance, per_minute, elapsed_s)
        called = next_called(issued=10**6, called=0, free=10**6, calls=[], show_up=0.5, allowance=allowance)
        let_in += called * 0.5
        allowance -= called * 0.5
    assert let_in <= per_minute * sum(steps) / 60 + max(1, per_minute / 12) + 1


@given(st.floats(-10, 1e6), st.integers(0, 10**7), st.floats(0, 1))
def test_before_the_opening_polls_are_spread_by_how_many_wait(
    left_s: float, joined: int, share: float
) -> None:
    again_s = poll_before_opening_s(left_s, joined, share)
    assert 1 <= again_s <= 30
    assert again_s >= poll_before_opening_s(left_s, joined, 0)


async def arrive(shop: Shop, count: int) -> list[httpx.AsyncClient]:
    visitors = [shop.visitor() for _ in range(count)]
    for visitor in visitors:
        await visitor.get("/p/tea")
    return visitors


async def state(visitor: httpx.AsyncClient) -> dict[str, object]:
    return dict((await visitor.get("/wait/poll?next=/p/tea")).json())


async def steered(shop: Shop, mode: Mode) -> None:
    async with shop.context.database.transaction() as connection:
        await set_mode(connection, SHOP, mode, staff_id=STAFF)
    await shop.step()


async def test_while_held_nobody_comes_in_and_newcomers_get_numbers(open_shop: OpenShop) -> None:
    shop = await open_shop(3)
    await steered(shop, Mode.HELD)
    first, second = await arrive(shop, 2)
    for _ in range(3):
        await shop.step()
    assert [(await state(visitor))["place"] for visitor in (first, second)] == [1, 2]
    assert (await shop.figures()).inside == 0
    told = await state(first)
    assert "paused entry" in str(told["message"])
    assert told["estimate_text"] == "Not known yet"
    page = (await first.get("/p/tea", follow_redirects=True)).text
    assert "paused entry" in page
    assert "The shop is full" not in page
    await steered(shop, Mode.OPEN)
    assert "message" not in await state(second)
    assert (await first.get("/p/tea")).status_code == 200
    await steered(shop, Mode.HELD)
    assert (await second.get("/p/tea")).status_code == 303
    assert (await first.get("/p/cup")).status_code == 200  # who is inside stays


async def test_draining_lets_in_those_who_wait_and_nobody_new(open_shop: OpenShop) -> None:
    shop = await open_shop(1)
    inside, waiting = await arrive(shop, 2)
    await steered(shop, Mode.DRAINING)
    new = shop.visitor()
    page = await new.get("/p/tea", follow_redirects=True)
    assert "takes nobody new" in page.text
    assert "ticket" not in new.cookies
    await shop.let_out(inside)
    await shop.step()
    assert (await waiting.get("/p/tea")).status_code == 200
    assert (await shop.figures()).site.issued == 1


async def test_the_pace_holds_however_many_places_are_free(open_shop: OpenShop) -> None:
    with clock.held(clock.now()) as held:
        shop = await open_shop(1000)
        async with shop.context.database.transaction() as connection:
            await set_pace(connection, SHOP, 60, staff_id=STAFF)
        await shop.step()
        visitors = await arrive(shop, 30)
        come = []
        for _ in range(12):
            held.advance(seconds=1)
            await shop.step()
            for visitor in visitors:
                if "pass" not in visitor.cookies and (await state(visitor))["state"] == "admitted":
                    await visitor.get("/p/tea")
            come.append(sum("pass" in visitor.cookies for visitor in visitors))
    assert 8 <= come[-1] <= 14
    assert all(after - before <= 4 for before, after in pairwise(come))


async def test_those_who_wait_read_the_message_in_their_language(open_shop: OpenShop) -> None:
    shop = await open_shop(1)
    _inside, waiting = await arrive(shop, 2)
    message = {"en": "Back in ten <minutes>", "fa": "ده دقیقهٔ دیگر", "hi": "", "pt-BR": ""}
    async with shop.context.database.transaction() as connection:
        await set_message(connection, SHOP, message, staff_id=STAFF)
    await shop.app.state.board.refresh()
    for language, said in (("en", message["en"]), ("fa", message["fa"]), ("hi", message["en"])):
        headers = {"accept-language": language}
        assert (await waiting.get("/wait/poll", headers=headers)).json()["message"] == said
        page = (await waiting.get("/wait", headers=headers)).text
        assert said.replace("<", "&lt;").replace(">", "&gt;") in page
    async with shop.context.database.connection() as connection:
        told = await connection.execute(
            "SELECT staff_id, properties->'languages' FROM journal_events WHERE name = 'site.message_changed'"
        )
        assert await told.fetchall() == [(STAFF, ["en", "fa"])]


@pytest.mark.parametrize(("reason", "said"), [("staff", "The queue has ended"), ("sold_out", "Sold out")])
async def test_an_ended_queue_says_why(open_shop: OpenShop, reason: str, said: str) -> None:
    shop = await open_shop(1)
    _inside, waiting = await arrive(shop, 2)
    async with shop.context.database.transaction() as connection:
        await end_queue(connection, SHOP, reason=reason)
    await shop.step()
    assert (await state(waiting))["state"] == "ended"
    assert said in (await waiting.get("/wait")).text
    async with shop.context.database.transaction() as connection:
        await reopen_queue(connection, SHOP, STAFF)
    await shop.step()
    assert (await state(waiting))["place"] == 1


async def test_an_invitation_goes_past_the_queue_within_its_share(open_shop: OpenShop) -> None:
    shop = await open_shop(10)
    async with shop.context.database.transaction() as connection:
        await set_invited(connection, SHOP, 10, staff_id=STAFF)
    await shop.step()
    visitors = await arrive(shop, 12)
    assert [(await v.get("/p/tea")).status_code for v in visitors].count(200) == 9
    settings = shop.context.settings.model_copy(update={"public_url": shop.base})
    first, second = (
        invitation_url(shop.context.vault, settings, SHOP, new_invitation(clock.now().replace(year=2100)))
        for _ in range(2)
    )
    guest = shop.visitor()
    assert (await guest.get(f"{first}?next=/p/tea")).headers["location"] == "/p/tea"
    assert (await guest.get("/p/tea")).status_code == 200
    other = shop.visitor()
    await other.get(f"{second}?next=/p/tea")
    assert (await other.get("/p/tea")).status_code == 303  # the share is used up: in line like everybody
    assert "ticket" in other.cookies
    now_there = await shop.figures()
    assert (now_there.inside, now_there.invited_inside) == (9, 1)
    copied = shop.visitor()
    await copied.get(f"{first}?next=/p/tea")
    assert (await copied.get("/p/tea")).status_code == 200
    assert (await shop.figures()).invited_inside == 1  # the one visit that the link is good for
    await guest.post("/leave")
    assert (await other.get("/p/tea")).status_code == 200
    async with shop.context.database.connection() as connection:
        assert await recount_accounts(connection) == []


async def test_a_forged_or_old_invitation_opens_nothing(open_shop: OpenShop) -> None:
    shop = await open_shop(10)
    settings = shop.context.settings.model_copy(update={"public_url": shop.base})
    old = invitation_url(shop.context.vault, settings, SHOP, new_invitation(clock.now()))
    assert (await shop.visitor().get(old)).status_code == 410
    for token in ("x", old.rsplit("/", 1)[1][:-2] + "zz", "%00"):
        answer = await shop.stranger().get(f"/invited/{token}")
        assert (answer.status_code, "set-cookie" in answer.headers) == (403, True)
        assert "invited=" not in answer.headers["set-cookie"]


async def test_a_closed_tab_frees_its_place_soon_unless_the_visitor_comes_back(open_shop: OpenShop) -> None:
    with clock.held(clock.now()) as held:
        shop = await open_shop(2)
        gone, back = await arrive(shop, 2)
        for visitor in (gone, back):
            answer = await visitor.post("/leave?tab=closed", headers={"accept": "text/html"})
            assert answer.status_code == 204
            assert "pass" in visitor.cookies
        held.advance(seconds=20)
        assert (await back.post("/stay")).status_code == 204
        held.advance(seconds=LEAVING.total_seconds() - 10)
        assert not await free_left_places(shop.context.database)
        assert (await shop.figures()).inside == 1
        assert (await back.get("/p/tea")).status_code == 200
        assert (await shop.figures()).inside == 1


async def test_a_copied_pass_opens_nothing_in_another_browser(open_shop: OpenShop) -> None:
    shop = await open_shop(1)
    (visitor,) = await arrive(shop, 1)
    thief = shop.visitor(cookie=with_cookies(shop.visitor(), **{"pass": visitor.cookies["pass"]}))
    assert (await thief.get("/p/tea")).status_code == 303


async def test_a_browser_copied_whole_shares_the_one_place(open_shop: OpenShop) -> None:
    shop = await open_shop(1)
    (visitor,) = await arrive(shop, 1)
    twin = shop.visitor(cookie=with_cookies(visitor))
    assert (await twin.get("/p/cup")).status_code == 200
    assert (await shop.figures()).inside == 1
    await twin.post("/leave")
    assert (await shop.figures()).inside == 0


async def test_only_the_newest_copy_of_a_pass_is_renewed(open_shop: OpenShop) -> None:
    with clock.held(clock.now()) as held:
        shop = await open_shop(1)
        (visitor,) = await arrive(shop, 1)
        old = shop.app.state.board.room(SHOP).cookies.seal.pass_(visitor.cookies["pass"])

        async def renewed(expires_at: datetime) -> Admitted | Over:
            until = clock.now() + timedelta(minutes=15)
            async with shop.context.database.transaction() as connection:
                return (await renew_many(connection, [Renewal(old.visit_id, expires_at, until)]))[0]

        held.advance(seconds=8 * 60)
        newest = await renewed(old.expires_at)
        assert isinstance(newest, Admitted)
        held.advance(seconds=20)
        assert isinstance(await renewed(old.expires_at), Admitted)  # another tab, at the same moment
        held.advance(seconds=40)
        assert isinstance(await renewed(old.expires_at), Over)
        assert isinstance(await renewed(newest.expires_at + timedelta(seconds=20)), Admitted)


async def test_fewer_places_are_shared_without_ever_going_over_the_capacity(open_shop: OpenShop) -> None:
    shop = await open_shop(10)
    await arrive(shop, 10)
    async with shop.context.database.transaction() as connection:
        await set_invited(connection, SHOP, 50, staff_id=STAFF)
    await shop.step()
    now_there = await shop.figures()
    assert (now_there.on_hand, now_there.invited_on_hand) == (10, 0)
    async with shop.context.database.transaction() as connection:
        await set_capacity(connection, SHOP, 20, staff_id=STAFF)
    await shop.step()
    now_there = await shop.figures()
    assert (now_there.on_hand, now_there.invited_on_hand) == (10, 10)
