"""Carriers for staff: what they are called, and where their parcels are followed."""

from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from safar.journal.actions import append_many
from safar.journal.model import Event
from safar.kernel import clock
from safar.kernel.context import Context
from safar.kernel.database import value
from safar.kernel.errors import SafarError
from safar.kernel.i18n import _
from safar.kernel.ids import new_id, parse_id
from safar.kernel.web.actor import actor_of
from safar.kernel.web.forms import Fields, read_fields
from safar.kernel.web.pages import context_of, error_text, page
from safar.kernel.web.requests import see_other
from safar.shop.fulfilment.decide import is_tracking_template
from safar.shop.fulfilment.errors import CarrierTaken
from safar.shop.fulfilment.reading import QUERIES, carriers

_URL_CHARACTERS_MAX = 500


async def _carriers(request: Request) -> Response:
    return await _page(request)


async def _page(
    request: Request, *, fields: Fields | None = None, problem: str | None = None, status: int = 200
) -> Response:
    actor = actor_of(request)
    async with context_of(request).database.connection() as connection:
        found = await carriers(connection)
    values = {
        "carriers": found, "new_id": new_id(), "may_manage": actor.may("manager"), "problem": problem,
        "typed": fields.values if fields else {}, "problems": fields.problems if fields else {},
    }  # fmt: skip
    return page(request, "shop/console_carriers.html", values, status=status)


async def _save(request: Request) -> Response:
    """Make a carrier, or change the one with this id."""
    actor, context = actor_of(request, "manager"), context_of(request)
    fields = await read_fields(request)
    carrier_id = parse_id(fields.values.get("id", ""))
    name = fields.text("name", length_max=80)
    url = fields.text("tracking_url", length_max=_URL_CHARACTERS_MAX, required=False)
    if url and "tracking_url" not in fields.problems and not is_tracking_template(url):
        fields.problems["tracking_url"] = _("A web address with {code} where the tracking code goes.")
    params = {
        "id": carrier_id, "name": name, "tracking_url": url, "active": "hidden" not in fields.values,
        "now": clock.now(),
    }  # fmt: skip
    try:
        fields.done()
        await _write(context, params, staff_id=actor.id)
    except SafarError as refused:
        problem = None if fields.problems else error_text(refused)
        return await _page(request, fields=fields, problem=problem, status=refused.status)
    return see_other("/carriers")


async def _write(context: Context, params: dict[str, Any], *, staff_id: UUID) -> None:
    """Write a carrier, in a name that nobody else has. Writes carrier.changed. Raises CarrierTaken."""
    async with context.database.transaction() as connection:
        if await value(connection, QUERIES["save_carrier"], params) is None:
            raise CarrierTaken
        told = {"carrier": params["name"]}
        event = Event(name="carrier.changed", staff_id=staff_id, subject_id=params["id"], properties=told)
        await append_many(connection, [event])


routes: list[BaseRoute] = [
    Route("/carriers", _carriers),
    Route("/carriers", _save, methods=["POST"]),
]
