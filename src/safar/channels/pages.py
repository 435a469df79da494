"""The channels page of the console: what could not be sent, what could not be read, and why."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from safar.channels.account_pages import routes as account_routes
from safar.channels.actions import (
    envelope,
    failed_messages,
    in_flight,
    retry_message,
    troubles,
    unknown_messages,
    unread_envelopes,
)
from safar.channels.errors import NotFailed
from safar.kernel.errors import NotFound
from safar.kernel.ids import parse_id
from safar.kernel.web.access import StaffRoute
from safar.kernel.web.actor import actor_of
from safar.kernel.web.pages import context_of, page
from safar.kernel.web.requests import see_other


async def channels(request: Request) -> Response:
    """Show how the channels stand."""
    async with context_of(request).database.connection() as connection:
        values = {
            "troubles": await troubles(connection),
            "problems": await failed_messages(connection),
            "unknown": await unknown_messages(connection),
            "envelopes": await unread_envelopes(connection),
            "in_flight": await in_flight(connection),
        }
    return page(request, "channels/channels.html", values)


async def post_retry(request: Request) -> Response:
    """Send a failed message again."""
    actor = actor_of(request)
    async with context_of(request).database.transaction() as connection:
        if not await retry_message(connection, parse_id(request.path_params["id"]), staff_id=actor.id):
            raise NotFailed
    return see_other("/channels")


async def raw_mail(request: Request) -> Response:
    """Hand out a mail as it came, to be saved and never shown as a page."""
    async with context_of(request).database.connection() as connection:
        raw = await envelope(connection, parse_id(request.path_params["id"]))
    if raw is None:
        raise NotFound
    headers = {
        "content-disposition": 'attachment; filename="mail.eml"',
        "content-security-policy": "default-src 'none'; sandbox",
        "x-content-type-options": "nosniff",
        "cache-control": "private, no-store",
    }
    return Response(raw, media_type="application/octet-stream", headers=headers)


routes: list[BaseRoute] = [
    *account_routes,
    StaffRoute("/channels", channels, role="agent"),
    StaffRoute("/channels/messages/{id}/retry", post_retry, role="agent", methods=["POST"]),
    StaffRoute("/channels/mails/{id}", raw_mail, role="agent"),
]
