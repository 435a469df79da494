"""What a manager does for a person who asks: hand out all that is kept of them, or take it away."""

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from safar.kernel.ids import parse_id
from safar.kernel.web.access import StaffRoute
from safar.kernel.web.actor import actor_of
from safar.kernel.web.pages import context_of
from safar.kernel.web.requests import see_other
from safar.privacy.people import erase, export


async def post_export(request: Request) -> Response:
    """Hand out everything that is kept of a customer, as a file."""
    actor = actor_of(request)
    customer_id = parse_id(request.path_params["id"])
    async with context_of(request).database.transaction() as connection:
        kept = await export(connection, customer_id, staff_id=actor.id)
    headers = {"content-disposition": f'attachment; filename="customer-{customer_id}.json"'}
    return Response(as_file(kept), media_type="application/json", headers=headers)


async def post_erasure(request: Request) -> Response:
    """Take away who a customer is."""
    actor = actor_of(request)
    customer_id = parse_id(request.path_params["id"])
    context = context_of(request)
    async with context.database.transaction() as connection:
        await erase(connection, customer_id, staff_id=actor.id, order_years=context.settings.order_years)
    return see_other(f"/customers/{customer_id}")


def as_file(kept: object) -> bytes:
    """Return an export as people and machines read it."""
    return orjson.dumps(kept, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE, default=str)


routes: list[BaseRoute] = [
    StaffRoute("/customers/{id}/export", post_export, role="manager", methods=["POST"]),
    StaffRoute("/customers/{id}/erasure", post_erasure, role="manager", methods=["POST"]),
]
