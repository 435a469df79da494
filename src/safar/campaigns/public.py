"""What customers reach from a message: the tracked link, and the way out."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from safar.campaigns.links import send_of_link, send_of_unsubscribe
from safar.campaigns.outcomes import Click, click_many
from safar.campaigns.reading import send_owner
from safar.customers.actions import Consent, consent_many
from safar.customers.visitor import came_by, visitor_of
from safar.kernel.errors import NotFound
from safar.kernel.i18n import LANGUAGES
from safar.kernel.web.pages import context_of, page
from safar.kernel.web.requests import see_other


async def _link(request: Request) -> Response:
    """Note that the link was opened, and by which campaign the visitor comes; show the offer.

    Links are forwarded: whoever opens one is not taken for whom it was sent to.
    """
    context = context_of(request)
    send_id = send_of_link(context.vault, request.path_params["token"])
    landing = await context.batched(click_many, Click(send_id, visitor_of(request).visitor_id))
    if landing is None:
        raise NotFound
    came_by(request, campaign_id=landing.campaign_id, link_id=send_id)
    language = f"?lang={landing.language}" if landing.language in LANGUAGES else ""
    return see_other(f"/p/{landing.slug}{language}")


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
    return page(request, "campaigns/unsubscribe.html", {"done": True})


routes: list[BaseRoute] = [
    Route("/l/{token}", _link),
    Route("/unsubscribe/{token}", _ask, methods=["GET"]),
    Route("/unsubscribe/{token}", _unsubscribe, methods=["POST"]),
]
