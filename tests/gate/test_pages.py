"""The manager's page, and the loops that the worker runs."""

from datetime import timedelta

import pytest
from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send

from safar.capacity import jobs as capacity_jobs
from safar.capacity.actions import hold_many
from safar.capacity.model import HoldRequest
from safar.catalogue.actions import import_products
from safar.gate import jobs
from safar.gate.pages import routes
from safar.gate.site.form import external_of
from safar.gate.site.sites import ensure_site, site_figures
from safar.gate.tickets.model import SHOP
from safar.journal.actions import of_staff
from safar.kernel import clock
from safar.kernel.context import Context
from safar.kernel.errors import InvalidInput
from safar.kernel.ids import new_id
from safar.kernel.web.actor import Actor
from safar.kernel.web.forms import Fields
from safar.kernel.web.surface import Surface, build_surface
from tests.stage.gate import OpenShop
from tests.stage.serving import Serve
from tests.stage.shop import ITEMS

STAFF = new_id()


def build_desk(context: Context, role: str) -> Starlette:
    actor = Actor(STAFF, "maryam@safar.example", "Maryam", role)

    def signed_in(app: ASGIApp) -> ASGIApp:
        async def layer(scope: Scope, receive: Receive, send: Send) -> None:
            await app({**scope, "state": {"staff": actor}}, receive, send)

        return layer

    surface = Surface("console", lambda _request: {"shop_name": "Safar", "staff": actor, "nav": []})
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
    part = await client.get(f"{desk}/gate/shop/figures")
    assert part.status_code == 200
    assert "Inside now" in part.text
    assert "<html" not in part.text
    saved = await client.post(f"{desk}/gate/shop/capacity", data={"capacity": "۵"})
    assert saved.status_code == 303
    await shop.step()
    now_there = await shop.figures()
    assert (now_there.site.capacity, now_there.on_hand, now_there.site.called) == (5, 5, 1)
    await client.post(f"{desk}/gate/shop/state", data={"state": "ended"})
    assert (await shop.figures()).site.ended_at is not None
    await client.post(f"{desk}/gate/shop/state", data={"state": "open"})
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
    answer = await shop.visitor().post(f"{desk}/gate/shop/capacity", data={"capacity": bad})
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text
    assert (await shop.figures()).site.capacity == 2


async def test_an_agent_may_not(context: Context, open_shop: OpenShop, serve: Serve) -> None:
    shop = await open_shop(2)
    desk = await serve(build_desk(context, "agent"))
    client = shop.visitor(accept="application/json")
    assert (await client.get(f"{desk}/gate")).status_code == 403
    assert (await client.post(f"{desk}/gate/shop/capacity", data={"capacity": "9"})).status_code == 403
    assert (await client.post(f"{desk}/gate/shop/state", data={"state": "ended"})).status_code == 403
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
                now_there = await site_figures(connection, SHOP)
            assert now_there is not None
            assert now_there.site.called == called
        assert not await steps["gate.forget"]()


async def test_every_control_does_what_it_says_and_says_who_did_it(
    context: Context, open_shop: OpenShop, serve: Serve
) -> None:
    shop = await open_shop(10)
    desk = await serve(build_desk(context, "manager"))
    client = shop.visitor()
    forms: list[tuple[str, dict[str, str]]] = [
        ("capacity", {"capacity": "20", "adaptive": "yes", "least": "5", "most": "50", "invited": "25"}),
        ("pace", {"per_minute": "۹۰", "work": "yes"}),
        ("opening", {"opens_at": "2999-05-01T10:00", "work": "yes"}),
        ("message", {"message_en": "Soon", "message_fa": "به زودی"}),
        ("state", {"state": "held"}),
    ]
    for name, body in forms:
        saved = await client.post(f"{desk}/gate/shop/{name}", data=body)
        assert (saved.status_code, saved.headers["location"]) == (303, "/gate/shop"), name
    site = (await shop.figures()).site
    assert (site.capacity, site.adaptive, site.capacity_least, site.capacity_most) == (20, True, 5, 50)
    assert (site.invited_percent, site.pace_per_minute, site.work, site.mode) == (25, 90, True, "held")
    assert (site.message, site.opens_at is not None) == ({"en": "Soon", "fa": "به زودی"}, True)
    for language in ("en", "fa", "hi", "pt-BR"):
        shown = await client.get(f"{desk}/gate/shop", headers={"accept-language": language})
        assert (shown.status_code, 'value="2999-05-01T10:00"' in shown.text) == (200, True)
    made = await client.post(f"{desk}/gate/shop/invitations", data={"hours": "2"})
    assert made.status_code == 200
    assert "/invited/" in made.text
    opened = await client.post(f"{desk}/gate/shop/opening", data={"now": "yes"})
    assert opened.status_code == 303
    assert not (await shop.figures()).site.before_opening(clock.now())
    async with context.database.connection() as connection:
        audit = await of_staff(connection)
    assert [event.name for event in reversed(audit)] == [
        "site.capacity_changed",
        "site.adaptive_changed",
        "site.invited_changed",
        "site.pace_changed",
        "site.work_changed",
        "site.opening_set",
        "site.message_changed",
        "site.mode_changed",
        "site.invitation_made",
        "site.opening_set",
    ]
    assert {event.staff_id for event in audit} == {STAFF}


@pytest.mark.parametrize(("form", "body", "field"), [
    ("pace", {"per_minute": "many"}, "per_minute"), ("state", {"state": "upside down"}, "state"),
    ("opening", {"opens_at": "tomorrow"}, "opens_at"),
    ("opening", {"opens_at": "2001-01-01T10:00"}, "opens_at"),
    ("message", {"message_hi": "x" * 301}, "message_hi"), ("invitations", {"hours": "0"}, "hours"),
    ("capacity", {"capacity": "5", "adaptive": "yes", "least": "9", "most": "8"}, "most"),
    ("capacity", {"capacity": "5", "invited": "51"}, "invited"),
])  # fmt: skip
async def test_what_cannot_be_is_explained_at_its_field_and_changes_nothing(
    context: Context, open_shop: OpenShop, serve: Serve, form: str, body: dict[str, str], field: str
) -> None:
    shop = await open_shop(2)
    before = (await shop.figures()).site
    desk = await serve(build_desk(context, "manager"))
    client = shop.visitor(accept="application/json")
    refused = await client.post(f"{desk}/gate/shop/{form}", data=body)
    assert (refused.status_code, list(refused.json()["fields"])) == (422, [field])
    page = await client.post(f"{desk}/gate/shop/{form}", data=body, headers={"accept": "text/html"})
    assert page.status_code == 422
    assert (await shop.figures()).site == before


async def test_a_site_of_others_gets_its_room_its_lines_and_goes_again(
    context: Context, open_shop: OpenShop, serve: Serve
) -> None:
    shop = await open_shop(2)
    desk = await serve(build_desk(context, "manager"))
    client = shop.visitor()
    good = {
        "key": "outlet",
        "title": "Outlet",
        "url": "https://www.outlet.example/",
        "capacity": "20",
        "cookie_domain": ".outlet.example",
    }
    for field, bad in (
        ("key", "shop"),
        ("key", "p-1"),
        ("key", "Outlet!"),
        ("url", "outlet.example"),
        ("url", "https://x/y"),
        ("url", "javascript://x"),
        ("url", "https://a:b@c.example"),
        ("cookie_domain", "evil.example"),
        ("cookie_domain", "example"),
        ("capacity", "0"),
        ("title", ""),
    ):
        refused = await client.post(
            f"{desk}/gate/sites", data={**good, field: bad}, headers={"accept": "application/json"}
        )
        assert (refused.status_code, list(refused.json()["fields"])) == (422, [field]), bad
    opened = await client.post(f"{desk}/gate/sites", data=good)
    assert opened.headers["location"] == "/gate/outlet"
    page = await client.get(f"{desk}/gate/outlet")
    assert "uri /forward-auth/outlet" in page.text
    assert "Outlet" in (await client.get(f"{desk}/gate")).text
    again = await client.post(f"{desk}/gate/sites", data=good, headers={"accept": "application/json"})
    assert (again.status_code, again.json()["error"]) == (409, "site_taken")
    await shop.app.state.board.refresh()
    room = shop.app.state.board.room("outlet")
    assert room.cookies.without("pass_outlet").endswith("Secure; Domain=outlet.example")
    assert (await client.post(f"{desk}/gate/outlet/removal")).status_code == 303
    assert (await client.get(f"{desk}/gate/outlet")).status_code == 404
    assert (await client.post(f"{desk}/gate/sites", data=good)).status_code == 303
    assert (await client.post(f"{desk}/gate/shop/removal")).status_code == 303
    assert (await client.get(f"{desk}/gate/shop")).status_code == 200


async def test_a_product_is_found_by_its_sku_and_gets_its_room(
    context: Context, open_shop: OpenShop, serve: Serve
) -> None:
    shop = await open_shop(2)
    async with context.database.transaction() as connection:
        await import_products(connection, ITEMS)
    desk = await serve(build_desk(context, "manager"))
    client = shop.visitor()
    unknown = await client.post(f"{desk}/gate/rooms", data={"sku": "NONE", "capacity": "5"})
    assert (unknown.status_code, "There is no such SKU" in unknown.text) == (422, True)
    opened = await client.post(f"{desk}/gate/rooms", data={"sku": "mug", "capacity": "5"})
    assert opened.status_code == 303
    page = await client.get(f"{desk}{opened.headers['location']}")
    assert "Retrospot mug" in page.text
    assert 'name="adaptive"' not in page.text


@pytest.mark.finding("security-low-form")
@pytest.mark.parametrize(
    "url", ["https://a:99999", "https://a:x", "https://[a", "https://a:-1", "https://a:0"]
)
def test_a_port_that_is_none_is_a_problem_of_the_form_and_no_crash(url: str) -> None:
    fields = Fields({"key": "outlet", "title": "Outlet", "url": url, "cookie_domain": "a.b", "capacity": "5"})
    with pytest.raises(InvalidInput) as refused:
        external_of(fields)
    assert "url" in refused.value.problems
