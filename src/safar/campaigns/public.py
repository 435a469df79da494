"""What customers reach from a message: the tracked link, and the way out."""

from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from safar.campaigns.links import send_of_link, send_of_unsubscribe
from safar.campaigns.outcomes import Click, Landing, click_many, landing_of
from safar.campaigns.reading import QUERIES, send_owner
from safar.customers.actions import Consent, consent_many
from safar.customers.visitor import came_by, visitor_of
from safar.kernel import clock
from safar.kernel.context import Context
from safar.kernel.database import execute
from safar.kernel.errors import NotFound
from safar.kernel.i18n import LANGUAGES
from safar.kernel.web.access import PublicRoute
from safar.kernel.web.headers import list_of
from safar.kernel.web.pages import context_of, page
from safar.kernel.web.requests import see_other

_AGAIN = "again"
_AHEAD = ("sec-purpose", "purpose", "x-purpose", "x-moz")


async def _link(request: Request) -> Response:
    """Note that the link was opened, and by which campaign the visitor comes; show the offer.

    Links are forwarded: whoever opens one is not taken for whom it was sent to. And machines open them:
    mail filters, previews, browsers that fetch ahead. What is no page that somebody asked for, or does not
    bring the cookie back when it is asked to, is shown the offer and counts for nothing.
    """
    context, visitor = context_of(request), visitor_of(request)
    send_id = send_of_link(context.vault, request.path_params["token"])
    if not _asked_for(request):
        return await _show(context, send_id)
    if not visitor.returned and _AGAIN not in request.query_params:
        return see_other(f"{request.url.path}?{_AGAIN}=1")  # with a cookie, which a browser brings along
    if not visitor.returned:
        return await _show(context, send_id)
    landing = await context.batched(click_many, Click(send_id, visitor.visitor_id))
    if landing is None:
        raise NotFound
    came_by(request, campaign_id=landing.campaign_id, link_id=send_id)
    return see_other(_offer_of(landing))


def _asked_for(request: Request) -> bool:
    """Tell whether this is a page that a person asked for, as far as the request says (Fetch Metadata)."""
    ahead = any("prefetch" in list_of(request.headers, name).lower() for name in _AHEAD)
    wanted = request.headers.get("sec-fetch-dest", "document") == "document"
    return request.method == "GET" and wanted and not ahead


async def _show(context: Context, send_id: UUID) -> Response:
    async with context.database.connection() as connection:
        landing = await landing_of(connection, send_id)
    if landing is None:
        raise NotFound
    return see_other(_offer_of(landing))


def _offer_of(landing: Landing) -> str:
    language = f"?lang={landing.language}" if landing.language in LANGUAGES else ""
    return f"/p/{landing.slug}{language}"


async def _ask(request: Request) -> Response:
    """Show the page with the button; a mail reader that fetches links ahead changes nothing."""
    send_of_unsubscribe(context_of(request).vault, request.path_params["token"])
    return page(request, "campaigns/unsubscribe.html", {"done": False})


async def _unsubscribe(request: Request) -> Response:
    """Withdraw the consent to e-mail: by the page's button, or one click in the mail reader (RFC 8058)."""
    context = context_of(request)
    send_id = send_of_unsubscribe(context.vault, request.path_params["token"])
    async with context.database.connection() as connection:
        customer_id = await send_owner(connection, send_id)
    if customer_id is None:
        raise NotFound
    await context.batched(consent_many, Consent(customer_id, "email", False, "unsubscribe"))
    async with context.database.transaction() as connection:
        await execute(connection, QUERIES["note_unsubscribed"], {"id": send_id, "now": clock.now()})
    return page(request, "campaigns/unsubscribe.html", {"done": True})


routes: list[BaseRoute] = [
    PublicRoute("/l/{token}", _link, why="whoever has the signed link"),
    PublicRoute("/unsubscribe/{token}", _ask, why="whoever has the signed link"),
    PublicRoute("/unsubscribe/{token}", _unsubscribe, why="whoever has the signed link", methods=["POST"]),
]
