"""Who waits because of a campaign sees what is left of its offer, in the poll too."""

import httpx

from safar.customers.visitor import Visitor, new_visitor, signed
from safar.front.build import build_front
from safar.front.offers import Offers
from safar.gate.site.sites import ensure_site
from safar.gate.tickets.model import SHOP
from safar.kernel.context import Context
from safar.kernel.ids import new_id
from tests.stage import campaigns as makers
from tests.stage.serving import Serve


async def test_the_queue_of_a_campaign_sees_the_units_left_and_strangers_do_not(
    context: Context, serve: Serve
) -> None:
    campaign_id = await makers.started(context, units=40)
    async with context.database.transaction() as connection:
        await ensure_site(connection, SHOP, 1)
    app = build_front(context)
    base = await serve(app)
    guest = signed(context.vault, Visitor(new_id(), campaign_id))
    known = [{"visitor": signed(context.vault, new_visitor())} for _browser in range(2)]
    async with (
        httpx.AsyncClient(base_url=base, cookies=known[0]) as inside,
        httpx.AsyncClient(base_url=base, cookies=known[1]) as stranger,
    ):
        await inside.get("/")
        await stranger.get("/")
        async with httpx.AsyncClient(base_url=base, cookies={"visitor": guest}) as invited:
            await invited.get("/")
            await app.state.board.refresh()
            offers: Offers = app.state.board._units_left.__self__
            await offers.refresh(app.state.board)
            assert (await invited.get("/wait/poll")).json()["units_left_text"] == "40"
            assert (await stranger.get("/wait/poll")).json()["units_left_text"] is None
