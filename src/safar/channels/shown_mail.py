"""A mail as it was sent, for staff: in a frame where nothing runs and nothing tells its sender."""

from collections.abc import Sequence

import orjson
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute

from safar.channels.mail_page import picture_data
from safar.channels.mail_parts import html_of_mail, pictures_of_mail
from safar.kernel.apart import FileTooHard, apart
from safar.kernel.errors import NotFound
from safar.kernel.i18n import _
from safar.kernel.ids import parse_id
from safar.kernel.web.access import StaffRoute
from safar.kernel.web.pages import context_of

_SAFE_PAGE = "safar.channels.mail_page:safe_page"
_SANDBOX = "sandbox allow-popups allow-popups-to-escape-sandbox"
_NEVER_RUN = {
    "content-security-policy": "default-src 'none'; sandbox",
    "x-content-type-options": "nosniff",
    "cache-control": "private, no-store",
    "cross-origin-resource-policy": "same-origin",
}


async def shown_mail(request: Request) -> Response:
    """Show a mail as it was meant, for a frame; with `pictures` also what it fetches from elsewhere."""
    id_ = parse_id(request.path_params["id"])
    elsewhere = request.query_params.get("pictures") == "1"
    async with context_of(request).database.connection() as connection:
        html = await html_of_mail(connection, id_)
        pictures = await pictures_of_mail(connection, id_) if html is not None else {}
    if html is None:
        raise NotFound
    try:
        asked = orjson.dumps({"html": html, "pictures": picture_data(pictures)})
        shown = await apart(_SAFE_PAGE, asked)
    except FileTooHard:
        words = _("This e-mail cannot be shown as it was sent. Please read it as text.")
        shown = f'<!DOCTYPE html><meta charset="utf-8"><p dir="auto">{words}</p>'
    from_where = "data: https: http:" if elsewhere else "data:"
    policy = (
        f"default-src 'none'; img-src {from_where}; style-src 'unsafe-inline'; base-uri 'none';"
        f" form-action 'none'; frame-ancestors 'self'; {_SANDBOX}"
    )
    headers = {
        **_NEVER_RUN,
        "content-security-policy": policy,
        "x-frame-options": "SAMEORIGIN",
        "referrer-policy": "no-referrer",
    }
    return HTMLResponse(shown, headers=headers)


routes: Sequence[BaseRoute] = [
    StaffRoute("/channels/messages/{id}/page", shown_mail, role="agent"),
]
