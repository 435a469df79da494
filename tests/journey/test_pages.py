"""The journey's page: for everybody, for one campaign, and before anything has happened."""

from uuid import UUID

import pytest

from safar.campaigns import actions
from safar.console.build import build_console
from safar.journal.model import Event
from safar.kernel.context import Context
from safar.kernel.ids import new_id
from tests.stage import campaigns as makers
from tests.stage.campaigns import happened
from tests.stage.people import signed_in
from tests.stage.serving import Serve


@pytest.fixture
async def variant_id(context: Context) -> UUID:
    found = await makers.shop(context)
    await makers.customers(context, 6)
    return found


async def test_the_journey_is_drawn_for_all_for_one_and_for_nobody(
    context: Context, serve: Serve, variant_id: UUID
) -> None:
    base = await serve(build_console(context))
    async with await signed_in(context, base, "agent") as client:
        assert "No journeys yet" in (await client.get("/journey")).text
        campaign_id = await makers.campaign(context, variant_id)
        async with context.database.transaction() as connection:
            await actions.start_campaign(connection, campaign_id)
        await happened(context, Event(name="link.clicked", customer_id=new_id(), campaign_id=campaign_id))
        for address in (
            "/journey",
            f"/journey?campaign={campaign_id}",
            f"/journey?campaign={campaign_id}&lang=fa",
        ):
            page = await client.get(address)
            assert page.status_code == 200
            assert 'class="journey-map"' in page.text
        part = await client.get(f"/journey/report?campaign={campaign_id}&lang=en")
        assert "No promise is due yet" in part.text
        assert (await client.get("/journey?campaign=x")).status_code == 404
        assert (await client.get(f"/journey?campaign={new_id()}")).status_code == 404
        figures = await client.get("/journey", headers={"accept": "application/json"})
        assert figures.json()["stages"][1]["arrivals"] == 1
