"""Who visits the front: a signed cookie, no database. A browser is a customer of its own, without a row.

Nothing that a link carries or that is typed changes who a browser is: customers.claims joins it to somebody
when they have shown that they read a mailbox.
"""

import dataclasses
from dataclasses import dataclass, field
from urllib.parse import urlsplit
from uuid import UUID

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from safar.kernel.context import Context
from safar.kernel.errors import BadRequest, CookiesNeeded
from safar.kernel.ids import new_id
from safar.kernel.secrets import Vault
from safar.kernel.web.cookies import cookie_of, cookie_set

COOKIE = "visitor"
_PURPOSE = "visitor"
_YEAR_S = 365 * 24 * 3600
_COOKIE_CHARACTERS_MAX = 600
# Shared caches keep these answers: a cookie on them would make strangers one visitor.
_WITHOUT_COOKIE = ("/static/", "/images/", "/drawn/", "/brand/", "/sitemap.xml", "/robots.txt", "/health")


@dataclass(frozen=True, slots=True)
class Visitor:
    """A browser, and what brought it: a campaign, by the link that was sent as `link_id`.

    Whoever carries the link is no more its addressee than whoever reads a poster. `returned`: the cookie came
    back with this request. Until then nobody has shown that there is a browser at all, and nothing scarce is
    given: no place, no stream, no message of the chat.
    """

    visitor_id: UUID
    campaign_id: UUID | None = None
    link_id: UUID | None = None
    returned: bool = field(default=False, compare=False)

    @property
    def customer_id(self) -> UUID:
        """The customer that this browser is: its own id, whether or not it has a row."""
        return self.visitor_id


def somebody(request: Request) -> Visitor:
    """Return the visitor of a request. Raises CookiesNeeded for nobody yet: no cookie has come back.

    What costs something (a place, a stream, a message, an order) is given to somebody only; every door that
    gives it asks here, or looks at `returned` where the rule stands at the verb. See docs/programs.md.
    """
    visitor = visitor_of(request)
    if not visitor.returned:
        raise CookiesNeeded
    return visitor


def new_visitor() -> Visitor:
    """Return a visitor nobody has seen before."""
    return Visitor(new_id())


def signed(vault: Vault, visitor: Visitor) -> str:
    """Return the cookie's value for `visitor`."""
    campaign = visitor.campaign_id.hex if visitor.campaign_id else ""
    link = visitor.link_id.hex if visitor.link_id else ""
    return vault.sign(_PURPOSE, f"{visitor.visitor_id.hex}.{campaign}.{link}")


def unsigned(vault: Vault, cookie: str) -> Visitor | None:
    """Return the visitor of a cookie; None when it was not made here."""
    if len(cookie) > _COOKIE_CHARACTERS_MAX:
        return None
    try:
        visitor, campaign, link = str(vault.unsign(_PURPOSE, cookie)).split(".")
        return Visitor(
            UUID(visitor), UUID(campaign) if campaign else None, UUID(link) if link else None, returned=True
        )
    except (BadRequest, ValueError):
        return None


def visitor_of(request: Request) -> Visitor:
    """Return who makes the request; outside the layer (an answer from the edge) a passing stranger."""
    visitor = getattr(request.state, "visitor", None)
    return visitor if isinstance(visitor, Visitor) else new_visitor()


def came_by(request: Request, *, campaign_id: UUID, link_id: UUID) -> Visitor:
    """Note that the visitor came by this campaign's link; the answer carries the new cookie."""
    visitor = dataclasses.replace(visitor_of(request), campaign_id=campaign_id, link_id=link_id)
    request.state.visitor = visitor
    return visitor


def blocks_cookies(request: Request) -> bool:
    """Tell whether this browser came from a page of ours and brought nothing back: it keeps no cookies."""
    if visitor_of(request).returned:
        return False
    site, host = request.headers.get("sec-fetch-site"), request.headers.get("host", "")
    if site is not None:
        return site == "same-origin"
    return urlsplit(request.headers.get("referer", "")).netloc == host != ""


class VisitorLayer:
    """Pure ASGI layer of the front: puts the visitor at `request.state.visitor` and keeps the cookie."""

    def __init__(self, app: ASGIApp, context: Context) -> None:
        self._app = app
        self._vault = context.vault
        self._settings = context.settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        returning = self._returning(scope)
        # A dictionary of this request's own: the server may hand the same one to all of them.
        state = scope["state"] = {**scope.get("state", {}), "visitor": returning or new_visitor()}
        keeps_cookie = not scope["path"].startswith(_WITHOUT_COOKIE)

        async def send_with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start" and keeps_cookie and state["visitor"] != returning:
                text = signed(self._vault, state["visitor"])
                cookie = cookie_set(self._settings, COOKIE, text, life_s=_YEAR_S)
                MutableHeaders(scope=message).append("set-cookie", cookie)
            await send(message)

        await self._app(scope, receive, send_with_cookie)

    def _returning(self, scope: Scope) -> Visitor | None:
        cookie = cookie_of(scope, self._settings, COOKIE)
        return unsigned(self._vault, cookie) if cookie else None
