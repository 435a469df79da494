"""Carriers for staff: what they are called, and where their parcels are followed."""

from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from safar.journal.actions import append_many
from safar.journal.model import Event
from safar.kernel import clock
from safar.kernel.context import Context
from safar.kernel.database import value
from safar.kernel.i18n import _
from safar.kernel.ids import new_id, parse_id
from safar.kernel.web.access import StaffRoute
from safar.kernel.web.actor import Actor, actor_of
from safar.kernel.web.forms import Fields
from safar.kernel.web.pages import context_of, page
from safar.kernel.web.post import NOTHING, Wrong, posted
from safar.shipments.decide import is_tracking_template
from safar.shipments.errors import CarrierTaken
from safar.shipments.reading import QUERIES, carriers

_URL_CHARACTERS_MAX = 500


async def _carriers(request: Request, wrong: Wrong = NOTHING) -> Response:
    actor = actor_of(request)
    async with context_of(request).database.connection() as connection:
        known = await carriers(connection)
    values = {
        "carriers": known,
        "new_id": new_id(),
        "may_manage": actor.may("manager"),
        **wrong.values(),
    }
    return page(request, "shipments/carriers.html", values, status=wrong.status)


@posted(_carriers)
async def _save(request: Request, actor: Actor, fields: Fields) -> str:
    """Make a carrier, or change the one with this id."""
    carrier_id = parse_id(fields.values.get("id", ""))
    name = fields.text("name", length_max=80)
    url = fields.text("tracking_url", length_max=_URL_CHARACTERS_MAX, required=False)
    if url and "tracking_url" not in fields.problems and not is_tracking_template(url):
        fields.problems["tracking_url"] = _("A web address with {code} where the tracking code goes.")
    params = {
        "id": carrier_id,
        "name": name,
        "tracking_url": url,
        "active": "hidden" not in fields.values,
        "now": clock.now(),
    }
    fields.done()
    await _write(context_of(request), params, staff_id=actor.id)
    return "/carriers"


async def _write(context: Context, params: dict[str, Any], *, staff_id: UUID) -> None:
    """Write a carrier, in a name that nobody else has. Writes carrier.changed. Raises CarrierTaken."""
    async with context.database.transaction() as connection:
        if await value(connection, QUERIES["save_carrier"], params) is None:
            raise CarrierTaken
        properties = {"carrier": params["name"]}
        event = Event(
            name="carrier.changed", staff_id=staff_id, subject_id=params["id"], properties=properties
        )
        await append_many(connection, [event])


routes: list[BaseRoute] = [
    StaffRoute("/carriers", _carriers, role="agent"),
    StaffRoute("/carriers", _save, role="manager", methods=["POST"]),
]
