"""Campaigns in the console: written, previewed, started and watched, by those who may."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import httpx
import pytest

from safar.campaigns import actions
from safar.campaigns.jobs import start_scheduled
from safar.console.build import build_console
from safar.journal.line import LineKeeper
from safar.kernel import clock
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
        assert "is never closed" in template.text
        unknown = await client.post("/campaigns", data=form(new_id()))
        assert unknown.status_code == 422
        too_many = await client.post("/campaigns", data=form(variant_id, units="101"))
        assert too_many.status_code == 422
        assert "Only 100 are free" in too_many.text
    assert await read(context, "SELECT state FROM campaigns") == []


async def test_a_draft_is_changed_copied_and_deleted_and_a_started_one_only_copied(
    context: Context, serve: Serve, variant_id: UUID
) -> None:
    base = await serve(build_console(context))
    async with await signed_in(context, base, "manager") as client:
        values = form(variant_id)
        page = (await client.post("/campaigns", data=values)).headers["location"]
        edit = (await client.get(f"{page}/edit")).text
        assert "Lanterns &lt;b&gt;" in edit
        changed = values | {"name": "Lamps", "units": "30", "body_en": "Come: {{ link }}"}
        assert (await client.post(f"{page}/edit", data=changed)).headers["location"] == page
        assert (await client.post(f"{page}/edit", data=changed | {"units": "999"})).status_code == 422
        assert await read(context, "SELECT name, units_offered FROM campaigns") == [("Lamps", 30)]
        copy = (await client.get("/campaigns/new", params={"from": page.rpartition("/")[2]})).text
        assert "Copy of Lamps" in copy
        assert "Come: {{ link }}" in copy
        assert page.rpartition("/")[2] not in copy.replace(f"from={page.rpartition('/')[2]}", "")
        other = (await client.post("/campaigns", data=form(variant_id))).headers["location"]
        assert (await client.post(f"{other}/delete")).headers["location"] == "/campaigns"
        assert (await client.get(other)).status_code == 404
        assert (await client.post(f"{page}/start")).status_code == 303
        assert (await client.post(f"{page}/edit", data=changed)).status_code == 409
        assert (await client.post(f"{page}/delete")).status_code == 409
        assert (await client.get(f"{page}/edit")).headers["location"] == page
    assert await read(context, "SELECT name, state FROM campaigns") == [("Lamps", "sending")]


async def test_a_draft_says_how_many_get_it_shows_the_mail_and_sends_its_writer_a_test(
    context: Context, serve: Serve, variant_id: UUID
) -> None:
    base = await serve(build_console(context))
    async with await signed_in(context, base, "manager") as client:
        values = form(variant_id, subject_fa="«گذاشته‌ایم»", body_fa="{{ link }}", limit="4")
        page = (await client.post("/campaigns", data=values)).headers["location"]
        shown = (await client.get(page)).text
        assert "Send to 4 people?" in shown
        assert "Hi Ana Torres" in shown
        assert "{{" not in shown
        tested = await client.post(f"{page}/test", follow_redirects=True)
        assert "Test e-mail on its way" in tested.text
        assert await read(context, "SELECT state FROM campaigns") == [("draft",)]
    mails = await read(context, "SELECT subject, customer_id FROM messages ORDER BY subject")
    assert mails == [("Test: Glass lantern <i>", None), ("Test: «گذاشته‌ایم»", None)]
    letters = await read(context, "SELECT letter ->> 'kind', letter::text LIKE '%button%' FROM messages")
    assert letters == [("campaign", True)] * 2, "a test looks as the real mail does"


async def test_a_campaign_starts_at_its_time_or_is_a_draft_again_that_says_why(
    context: Context, serve: Serve, variant_id: UUID
) -> None:
    base = await serve(build_console(context))
    async with await signed_in(context, base, "manager") as client:
        pages = [
            (await client.post("/campaigns", data=form(variant_id, name=name))).headers["location"]
            for name in ("First", "Second", "Third")
        ]
        at = (clock.now() + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M")
        for page in pages:
            assert (await client.post(f"{page}/schedule", data={"at": at})).status_code == 303
        assert (await client.post(f"{pages[0]}/schedule", data={"at": "2020-01-01T10:00"})).status_code == 409
        assert "Starts on" in (await client.get(pages[0])).text
        assert await start_scheduled(context) is False, "not before its time"
        with clock.held(clock.now() + timedelta(hours=2)):
            assert await start_scheduled(context) is True
        found = await read(context, "SELECT name, state, reason FROM campaigns ORDER BY name")
        assert found == [
            ("First", "sending", None),
            ("Second", "sending", None),
            ("Third", "draft", "nothing_to_promise"),
        ]
        assert "The scheduled start failed" in (await client.get(pages[2])).text
        assert (await client.post(f"{pages[0]}/rest")).status_code == 303
    assert await read(context, "SELECT waits_for_answers FROM campaigns WHERE name = 'First'") == [(False,)]


async def test_a_mistake_in_one_language_hides_the_preview_of_no_other(
    context: Context, serve: Serve, variant_id: UUID
) -> None:
    base = await serve(build_console(context))
    async with await signed_in(context, base, "manager") as client:
        wrong = form(variant_id, subject_fa="x", body_fa="یک\n{% if %}{{ link }}{% endif %}")
        preview = (await client.post("/campaigns/preview", data=wrong)).text
    assert "Hi Ana Torres" in preview
    assert "Line 2: {% if %} is empty" in preview


async def test_the_language_that_a_campaign_needs_is_the_shops(
    context: Context, serve: Serve, variant_id: UUID
) -> None:
    persian = replace(context, settings=context.settings.model_copy(update={"language": "fa"}))
    base = await serve(build_console(persian))
    async with await signed_in(persian, base, "manager") as client:
        only = form(variant_id, subject_en="", body_en="", subject_fa="فانوس", body_fa="{{ link }}")
        assert (await client.post("/campaigns", data=only)).status_code == 303
        assert (await client.post("/campaigns", data=form(variant_id))).status_code == 422


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

        await until("Nothing is sent before")
        async with context.database.transaction() as connection:
            await actions.start_campaign(connection, campaign_id)
        await LineKeeper(context.database).step()
        await until("still to send")
