"""The gate as the manager sees it: who is inside, who waits, and the two things one can do about it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from safar.gate.actions import ensure_site, figures
from safar.gate.control import Minute, admitted_by_minute, end_queue, open_again, set_capacity
from safar.gate.decide import estimate
from safar.gate.model import SHOP, Figures
from safar.gate.public import estimate_text
from safar.kernel.database import Connection
from safar.kernel.errors import InvalidInput
from safar.kernel.web.actor import Actor, actor_of
from safar.kernel.web.forms import read_fields
from safar.kernel.web.pages import context_of, page, render, wants_json
from safar.kernel.web.requests import see_other

CAPACITY_MAX = 1_000_000


async def _read(request: Request) -> tuple[Figures, list[Minute]]:
    context = context_of(request)
    async with context.database.transaction() as connection:
        found = await figures(connection, SHOP)
        if found is None:
            await ensure_site(connection, SHOP, context.settings.site_capacity)
            found = await figures(connection, SHOP)
        assert found is not None
        return found, await admitted_by_minute(connection, found.site)


def _values(now_there: Figures, minutes: Sequence[Minute]) -> Mapping[str, Any]:
    site = now_there.site
    last = estimate(
        place=max(site.waiting, 1), rate=site.admitted_per_s, observed_s=site.observed_s, show_up=site.show_up
    )
    return {
        "site": site,
        "now_there": now_there,
        "wait_text": estimate_text(last) if site.waiting else None,
        "minutes": minutes,
        "most": max([1, *(minute.admitted for minute in minutes)]),
    }


async def gate_page(request: Request) -> Response:
    actor_of(request, "manager")
    return await _page(request)


async def _page(request: Request, error: InvalidInput | None = None, entered: str | None = None) -> Response:
    now_there, minutes = await _read(request)
    values = {
        **_values(now_there, minutes),
        "entered": entered if entered is not None else now_there.site.capacity,
        "problem": error.problems.get("capacity") if error else None,
        "capacity_max": CAPACITY_MAX,
    }
    return page(request, "gate/gate.html", values, status=error.status if error else 200)


async def figures_part(request: Request) -> Response:
    """Return the live part of the page alone."""
    actor_of(request, "manager")
    now_there, minutes = await _read(request)
    return HTMLResponse(render("gate/figures.html", {"request": request, **_values(now_there, minutes)}))


async def post_capacity(request: Request) -> Response:
    actor = actor_of(request, "manager")
    fields = await read_fields(request)
    try:
        capacity = fields.integer("capacity", least=1, most=CAPACITY_MAX)
        fields.done()
    except InvalidInput as error:
        if wants_json(request):
            raise
        return await _page(request, error, fields.values.get("capacity", "")[:20])
    await _read(request)  # opens the site if nobody has come yet
    async with context_of(request).database.transaction() as connection:
        await set_capacity(connection, SHOP, capacity, staff_id=actor.id)
    return see_other("/gate")


def _button(
    verb: Callable[[Connection, str, UUID], Awaitable[None]],
) -> Callable[[Request], Awaitable[Response]]:
    async def press(request: Request) -> Response:
        actor: Actor = actor_of(request, "manager")
        await _read(request)
        async with context_of(request).database.transaction() as connection:
            await verb(connection, SHOP, actor.id)
        return see_other("/gate")

    return press


routes: list[BaseRoute] = [
    Route("/gate", gate_page),
    Route("/gate/figures", figures_part),
    Route("/gate/capacity", post_capacity, methods=["POST"]),
    Route("/gate/end", _button(end_queue), methods=["POST"]),
    Route("/gate/open", _button(open_again), methods=["POST"]),
]
