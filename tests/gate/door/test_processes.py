"""Several front processes over one database, and what is left when one dies."""

import asyncio
import sys
from pathlib import Path

import httpx

from safar.capacity.actions import recount_accounts
from safar.gate.site.sites import site_figures
from safar.gate.tickets.model import SHOP
from safar.kernel.context import Context, make_context
from safar.kernel.ports import reserve_port
from tests.stage.gate import OpenShop, build_shop
from tests.stage.serving import Serve, answering


async def test_two_fronts_agree(context: Context, open_shop: OpenShop, serve: Serve) -> None:
    shop = await open_shop(10)
    other_context = make_context(context.settings, context.database.url)
    await other_context.database.open()
    other_app = build_shop(other_context)
    other = await serve(other_app)
    clients = [shop.visitor() for _ in range(40)]
    answers = await asyncio.gather(
        *(client.get(f"{(shop.base, other)[index % 2]}/p/tea") for index, client in enumerate(clients))
    )
    statuses = [answer.status_code for answer in answers]
    assert (statuses.count(200), statuses.count(303)) == (10, 30)
    inside = [client for client, status in zip(clients, statuses, strict=True) if status == 200]
    assert {(await client.get(f"{other}/p/tea")).status_code for client in inside} == {200}
    for client in inside[:4]:
        await shop.let_out(client)
    await shop.step()
    await other_app.state.board.refresh()
    waiting = [client for client, status in zip(clients, statuses, strict=True) if status == 303]
    polls = [
        ((await client.get(f"{shop.base}/wait/poll")).json(), (await client.get(f"{other}/wait/poll")).json())
        for client in waiting
    ]
    assert all(here == there for here, there in polls)
    assert sum(here["state"] == "admitted" for here, _ in polls) == 4
    assert not await recount_of(other_context)
    await other_context.batchers.drained()
    await other_context.database.close()


async def test_a_killed_front_loses_no_place_and_no_number(context: Context, open_shop: OpenShop) -> None:
    shop = await open_shop(2)
    port = reserve_port()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.stage.front_process",
        context.database.url,
        str(port),
        cwd=Path(__file__).parents[3],
    )
    try:
        await answering(port, process.pid)
        visitors = [shop.visitor() for _ in range(4)]
        doomed = f"http://127.0.0.1:{port}"
        statuses = [(await visitor.get(f"{doomed}/p/tea")).status_code for visitor in visitors]
        assert statuses == [200, 200, 303, 303]
    finally:
        process.kill()
        await process.wait()
    await shop.app.state.board.refresh()
    places: list[object] = []
    for visitor in visitors:
        answer: httpx.Response = await visitor.get("/wait/poll")
        places.append(answer.json().get("place", answer.json()["state"]))
    assert places == ["admitted", "admitted", 1, 2]
    assert (await visitors[0].get("/p/tea")).status_code == 200
    async with context.database.connection() as connection:
        now_there = await site_figures(connection, SHOP)
    assert now_there is not None
    assert (now_there.inside, now_there.site.waiting) == (2, 2)


async def recount_of(context: Context) -> list[object]:
    async with context.database.connection() as connection:
        return list(await recount_accounts(connection))
