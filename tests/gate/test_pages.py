"""The manager's page, and the loops that the worker runs."""

from datetime import timedelta

import pytest
from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send

from safar.capacity import jobs as capacity_jobs
from safar.capacity.actions import hold_many
from safar.capacity.model import HoldRequest
from safar.gate import jobs
from safar.gate.actions import ensure_site, figures
from safar.gate.model import SHOP
from safar.gate.pages import routes
from safar.journal.actions import of_staff
from safar.kernel import clock
from safar.kernel.context import Context
from safar.kernel.ids import new_id
from safar.kernel.web.actor import Actor
from safar.kernel.web.surface import Surface, build_surface
from tests.conftest import Serve
from tests.gate.conftest import OpenShop

STAFF = new_id()


def build_desk(context: Context, role: str) -> Starlette:
    actor = Actor(STAFF, "maryam@safar.example", "Maryam", role)

    def signed_in(app: ASGIApp) -> ASGIApp:
        async def layer(scope: Scope, receive: Receive, send: Send) -> None:
            await app({**scope, "state": {"staff": actor}}, receive, send)

        return layer

    surface = Surface("console", lambda _request: {"staff": actor, "nav": []})
    return build_surface(context, surface, routes, inside=[signed_in])


async def test_the_manager_sees_the_site_and_changes_its_capacity(
    context: Context, open_shop: OpenShop, serve: Serve
) -> None:
    shop = await open_shop(2)
    for _ in range(3):
        await shop.visitor().get("/p/tea")
    desk = await serve(build_desk(context, "manager"))
    client = shop.visitor()
    for language in ("en", "fa"):
        page = await client.get(f"{desk}/gate", headers={"accept-language": language})
        assert page.status_code == 200
        assert f'lang="{language}"' in page.text
    part = await client.get(f"{desk}/gate/figures")
    assert part.status_code == 200
    assert "Inside now" in part.text
    assert "<html" not in part.text
    saved = await client.post(f"{desk}/gate/capacity", data={"capacity": "۵"})
    assert saved.status_code == 303
    await shop.step()
    now_there = await shop.figures()
    assert (now_there.site.capacity, now_there.on_hand, now_there.site.called) == (5, 5, 1)
    await client.post(f"{desk}/gate/end")
    assert (await shop.figures()).site.ended_at is not None
    await client.post(f"{desk}/gate/open")
    async with context.database.connection() as connection:
        audit = await of_staff(connection)
    assert [event.name for event in audit] == ["site.reopened", "site.ended", "site.capacity_changed"]
    assert {event.staff_id for event in audit} == {STAFF}


@pytest.mark.parametrize("bad", ["0", "-3", "many", "", "1e9", "'; DROP TABLE gate_sites; --"])
async def test_a_bad_capacity_is_explained_and_changes_nothing(
    context: Context, open_shop: OpenShop, serve: Serve, bad: str
) -> None:
    shop = await open_shop(2)
    desk = await serve(build_desk(context, "manager"))
    answer = await shop.visitor().post(f"{desk}/gate/capacity", data={"capacity": bad})
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text
    assert (await shop.figures()).site.capacity == 2


async def test_an_agent_may_not(context: Context, open_shop: OpenShop, serve: Serve) -> None:
    shop = await open_shop(2)
    desk = await serve(build_desk(context, "agent"))
    client = shop.visitor(accept="application/json")
    assert (await client.get(f"{desk}/gate")).status_code == 403
    assert (await client.post(f"{desk}/gate/capacity", data={"capacity": "9"})).status_code == 403
    assert (await client.post(f"{desk}/gate/end")).status_code == 403
    assert (await shop.figures()).site.capacity == 2


async def test_the_loops_give_the_place_of_who_fell_silent_to_the_next(context: Context) -> None:
    at = clock.now()
    steps = {loop.name: loop.step for loop in [*jobs.loops(context), *capacity_jobs.loops(context)]}
    with clock.held(at) as held:
        async with context.database.transaction() as connection:
            site = await ensure_site(connection, SHOP, 1)
            request = HoldRequest(
                hold_id=new_id(),
                lines={site.account_id: 1},
                expires_at=at + timedelta(minutes=15),
                purpose="visit",
            )
            await hold_many(connection, [request])
            await connection.execute("UPDATE gate_sites SET issued = 1")
        for seconds, called in ((0, 0), (899, 0), (2, 1)):
            held.advance(seconds=seconds)
            assert not await steps["capacity.expire"]()
            assert not await steps["gate.step"]()
            async with context.database.connection() as connection:
                now_there = await figures(connection, SHOP)
            assert now_there is not None
            assert now_there.site.called == called
        assert not await steps["gate.forget"]()
