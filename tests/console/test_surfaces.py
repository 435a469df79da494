"""The same figure is the same everywhere: terminal, campaign, journey and Today are read and compared."""

import html
import re
from uuid import UUID

import httpx
import pytest

from safar.campaigns import outcomes, sending
from safar.campaigns.outcomes import Click, click_many
from safar.console.build import build_console
from safar.journey.report import as_table, promise_report, sentences
from safar.kernel.context import Context
from safar.kernel.ids import new_id
from safar.orders.cancel import Cancellation
from safar.orders.model import Taken
from safar.orders.place import buy_many
from safar.returns.cancel_order import cancel_with_exchanges_many
from safar.shipments.actions import pack_many
from safar.shipments.model import Pack
from tests.stage import campaigns as makers
from tests.stage.campaigns import caught_up, read
from tests.stage.console import figure
from tests.stage.people import signed_in
from tests.stage.serving import Serve
from tests.stage.shop import request


async def _campaign(context: Context) -> UUID:
    """Four mails sent, three links opened, four orders of which one is cancelled and one packed."""
    campaign_id = await makers.started(context, reach=4, units=10)
    ((variant_id,),) = await read(context, "SELECT variant_id FROM campaigns")
    await sending.send_due(context)
    await makers.delivered(context)
    sends = [id_ for (id_,) in await read(context, "SELECT id FROM sends ORDER BY id")]
    orders = []
    for number, send_id in enumerate(sends[:3]):
        await context.batched(click_many, Click(send_id, new_id()))
        for _order in range(2 if number == 0 else 1):
            wanted = request(lines=((variant_id, 1),), campaign_id=campaign_id)
            answer = await context.batched(buy_many, wanted)
            assert isinstance(answer, Taken), answer
            orders.append(answer.order_id)
    gone = Cancellation(orders[3], "https://shop.example/orders/x", "cancelled_by_customer")
    assert (await context.batched(cancel_with_exchanges_many, gone)).state == "cancelled"
    await context.batched(pack_many, Pack(orders[0], new_id()))
    await caught_up(context, outcomes.outcomes_reader())
    return campaign_id


async def _text(client: httpx.AsyncClient, path: str) -> str:
    return html.unescape((await client.get(path)).text)


@pytest.mark.finding("console-16")
@pytest.mark.finding("console-17")
@pytest.mark.finding("console-4")
@pytest.mark.finding("issue-7.9")
async def test_every_surface_tells_the_same_of_a_campaign(context: Context, serve: Serve) -> None:
    campaign_id = await _campaign(context)
    base = await serve(build_console(context))
    async with await signed_in(context, base) as client:
        today = await _text(client, "/")
        campaign = await _text(client, f"/campaigns/{campaign_id}")
        journey = await _text(client, f"/journey?campaign={campaign_id}")
        headers = {"accept": "application/json"}
        figures = (await client.get(f"/journey?campaign={campaign_id}", headers=headers)).json()
        everybody = (await client.get("/journey", headers=headers)).json()
    async with context.database.connection() as connection:
        report = await promise_report(connection, campaign_id)
    terminal = dict(as_table(report))
    assert (terminal["Orders"], terminal["Opened the link"]) == ("3", "3")
    assert figure(campaign, "Orders") == figure(today, "Orders today") == terminal["Orders"]
    assert figure(campaign, "Opened the link") == terminal["Opened the link"]
    assert figure(today, "Revenue today") == terminal["Revenue"]
    assert terminal["Revenue"] in campaign
    for label, value in terminal.items():
        assert re.search(
            rf'<th scope="row">{re.escape(label)}</th><td class="end">{re.escape(value)}', journey
        )
    for sentence in sentences(report):
        assert sentence in journey
    assert figures["bottleneck"] == everybody["bottleneck"] == report.bottleneck
    assert figures["stages"] == everybody["stages"], "one campaign is all there is, so it is everybody"
    assert report.disagreements == []


@pytest.mark.finding("console-4")
async def test_what_was_sold_today_does_not_fall_when_it_is_packed(context: Context, serve: Serve) -> None:
    await _campaign(context)
    base = await serve(build_console(context))
    async with await signed_in(context, base) as client:
        before = await _text(client, "/")
        rest = await read(context, "SELECT id FROM orders WHERE state = 'confirmed'")
        for (order_id,) in rest:
            await context.batched(pack_many, Pack(order_id, new_id()))
        assert len(rest) == 2
        await read(context, "UPDATE orders SET state = 'closed' WHERE id = %s RETURNING id", rest[0][0])
    async with await signed_in(context, await serve(build_console(context))) as client:
        after = await _text(client, "/")
    for label in ("Orders today", "Revenue today"):
        assert figure(before, label) == figure(after, label)
