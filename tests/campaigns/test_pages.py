"""Campaigns in the console: written, previewed, started and watched, by those who may."""

from uuid import UUID

import httpx
import pytest

from safar.campaigns import actions
from safar.console.build import build_console
from safar.journal.line import LineKeeper
from safar.kernel.context import Context
from safar.kernel.ids import new_id
from tests.stage import campaigns as makers
from tests.stage.campaigns import read, states
from tests.stage.people import signed_in
from tests.stage.serving import Serve


@pytest.fixture
async def variant_id(context: Context) -> UUID:
    found = await makers.shop(context)
    await makers.customers(context, 6)
    return found


def form(variant_id: UUID, **changes: str) -> dict[str, str]:
    return {
        "campaign_id": str(new_id()),
        "name": "Lanterns <b>",
        "variant_id": str(variant_id),
        "units": "۴۰",
        "reply_minutes": "5",
        "offer_days": "7",
        "language": "",
        "country": "",
        "limit": "",
        "subject_en": "{{ product.title }} <i>",
        "body_en": "Hi {{ customer.name }}\n{{ link }}",
        "subject_fa": "",
        "body_fa": "",
    } | changes


async def test_a_manager_writes_previews_starts_pauses_and_stops_a_campaign(
    context: Context, serve: Serve, variant_id: UUID
) -> None:
    base = await serve(build_console(context))
    async with await signed_in(context, base, "manager") as client:
        assert "No campaign yet" in (await client.get("/campaigns")).text
        assert "Glass lantern" in (await client.get("/campaigns/new")).text
        found = await client.get("/campaigns/products", params={"q": "LANT gla"})
        assert "Glass lantern" in found.text
        assert "Glass lantern" not in (await client.get("/campaigns/products", params={"q": "%"})).text
        preview = await client.post("/campaigns/preview", data=form(variant_id))
        assert "Glass lantern &lt;i&gt;" in preview.text
        assert "Hi Ana Torres" in preview.text
        reach = await client.post("/campaigns/reach", data=form(variant_id))
        assert "6 customers" in reach.text
        values = form(variant_id)
        for _time in range(2):  # the button pressed twice is one campaign
            made = await client.post("/campaigns", data=values)
            assert made.status_code == 303
        page = made.headers["location"]
        shown = (await client.get(page)).text
        assert "Lanterns &lt;b&gt;" in shown
        assert "40 units" in shown
        for verb, state in (
            ("start", "sending"),
            ("pause", "paused"),
            ("resume", "sending"),
            ("stop", "stopped"),
        ):
            assert (await client.post(f"{page}/{verb}")).status_code == 303
            assert (await read(context, "SELECT state FROM campaigns")) == [(state,)]
        again = await client.post(f"{page}/start")
        assert again.status_code == 409
        assert "cannot do that now" in again.text
        assert (await client.post(f"{page}/explode")).status_code == 404
        assert (await client.get("/campaigns/not-an-id")).status_code == 404
        assert "stopped" in (await client.get("/campaigns")).text
    audit = await read(
        context,
        "SELECT name FROM journal_events WHERE staff_id IS NOT NULL AND name LIKE 'campaign%%' ORDER BY id",
    )
    assert [name for (name,) in audit] == [
        "campaign.created",
        "campaign.started",
        "campaign.paused",
        "campaign.resumed",
        "campaign.ended",
    ]


async def test_what_is_wrong_in_the_form_is_said_beside_it_and_nothing_is_written(
    context: Context, serve: Serve, variant_id: UUID
) -> None:
    base = await serve(build_console(context))
    async with await signed_in(context, base, "manager") as client:
        bad = form(variant_id, units="-1", body_en="{{ link }} {{ nonsense }", name="", language="xx")
        answer = await client.post("/campaigns", data=bad)
        assert answer.status_code == 422
        assert answer.text.count("is-invalid") >= 3
        template = await client.post("/campaigns", data=form(variant_id, body_en="{{ link }} {{ nonsense }"))
        assert template.status_code == 422
        assert "cannot be read" in template.text
        unknown = await client.post("/campaigns", data=form(new_id()))
        assert unknown.status_code == 422
        too_many = await client.post("/campaigns", data=form(variant_id, units="101"))
        refused = await client.post(f"{too_many.headers['location']}/start")
        assert refused.status_code == 409
        assert "101" in refused.text
    assert await read(context, "SELECT state FROM campaigns") == [("draft",)]


async def test_agents_look_and_do_not_touch(context: Context, serve: Serve, variant_id: UUID) -> None:
    base = await serve(build_console(context))
    campaign_id = await makers.campaign(context, variant_id)
    async with await signed_in(context, base, "agent") as client:
        assert (await client.get(f"/campaigns/{campaign_id}")).status_code == 200
        assert "/start" not in (await client.get(f"/campaigns/{campaign_id}")).text
        assert (await client.get("/campaigns/new")).status_code == 403
        assert (await client.post("/campaigns", data=form(variant_id))).status_code == 403
        assert (await client.post(f"/campaigns/{campaign_id}/start")).status_code == 403
    async with httpx.AsyncClient(base_url=base) as stranger:
        assert (await stranger.get("/campaigns")).status_code == 303
    assert await states(context, campaign_id) == {}


async def test_the_page_follows_the_campaign_live(context: Context, serve: Serve, variant_id: UUID) -> None:
    base = await serve(build_console(context))
    campaign_id = await makers.campaign(context, variant_id)
    async with (
        await signed_in(context, base, "agent") as client,
        client.stream("GET", f"/campaigns/{campaign_id}/stream") as stream,
    ):
        lines = stream.aiter_lines()

        async def until(text: str) -> None:
            async for line in lines:
                if text in line:
                    return

        await until("Nothing is planned")
        async with context.database.transaction() as connection:
            await actions.start_campaign(connection, campaign_id)
        await LineKeeper(context.database).step()
        await until("to send")
