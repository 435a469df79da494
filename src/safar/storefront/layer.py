"""Before every page of the front: the look of the shop and the visitor's currency."""

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qs

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from safar.cart.cookie import cart_count
from safar.kernel import clock
from safar.kernel.context import Context
from safar.kernel.hours import away_until
from safar.kernel.i18n import LANGUAGES, current_language, hours_text, set_language, weekday_and_time
from safar.kernel.web.cookies import cookie_of, cookie_set
from safar.kernel.web.page_cache import request_id_of
from safar.kernel.web.pages import context_of
from safar.owner.marks import brand_of
from safar.owner.reading import known_shop
from safar.storefront.currency import COOKIE, choose_currency, currency_of
from safar.storefront.look import look_of
from safar.storefront.model import Look

_YEAR_S = 365 * 24 * 3600
# Files, streams and what machines ask have no layout.
_WITHOUT_LOOK = (
    "/static/",
    "/images/",
    "/drawn/",
    "/brand/",
    "/health",
    "/ready",
    "/chat/stream",
    "/wait/poll",
    "/here",
)


class StorefrontLayer:
    """Pure ASGI layer of the front: puts look and currency at `request.state`, keeps the cookie."""

    def __init__(self, app: ASGIApp, context: Context) -> None:
        self._app = app
        self._context = context

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(_WITHOUT_LOOK):
            await self._app(scope, receive, send)
            return
        self._speak()
        look = await look_of(self._context)
        currency, chosen = self._currency(scope, look)
        state = scope.get("state", {})
        # The visitor layer reads its own dictionary again; another may be the server's for everyone.
        scope["state"] = state if "visitor" in state else dict(state)
        scope["state"].update(look=look, currency=currency)
        if not chosen:
            await self._app(scope, receive, send)
            return

        async def send_with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start":
                cookie = cookie_set(self._context.settings, COOKIE, currency, life_s=_YEAR_S)
                MutableHeaders(scope=message).append("set-cookie", cookie)
            await send(message)

        await self._app(scope, receive, send_with_cookie)

    def _speak(self) -> None:
        """Answer in a language of the shop, whatever else we could say."""
        offered, own = known_shop(self._context).languages, self._context.settings.language
        if offered and current_language() not in offered:
            set_language(own if own in offered else offered[0])

    def _currency(self, scope: Scope, look: Look) -> tuple[str, bool]:
        own = self._context.settings.currency
        if len(look.currencies) < 2:
            return own, False
        query = scope["query_string"]
        asked = parse_qs(query.decode("latin-1")).get("currency", [""])[0] if b"currency=" in query else ""
        return choose_currency(look.currencies, own, asked, cookie_of(scope, self._context.settings, COOKIE))


def page_values(request: Request) -> Mapping[str, Any]:
    """Return what the layout of every page wants."""
    context = context_of(request)
    shop = known_shop(context)
    zone = context.settings.timezone
    return {
        "cart_count": cart_count(request),
        "request_id": request_id_of(request.scope),
        "query": request.query_params.get("q", "")[:100],
        "look": look_in(request),
        "currency_chosen": currency_of(request),
        "public_url": context.settings.public_url,
        "shop_name": shop.name,
        "shop_data": shop,
        "brand": brand_of(shop),
        "languages": [(code, name) for code, name in LANGUAGES.items() if code in shop.languages],
        "people_answer": hours_text(shop.opening_hours),
        "people_away": _away(clock.now().replace(second=0, microsecond=0), shop.opening_hours, zone),
    }


def _away(minute: datetime, opening_hours: str, zone: str) -> str:
    """Return when people answer again, in words; "" while they do."""
    back_at = _back_at(minute, opening_hours, zone)
    return weekday_and_time(back_at) if back_at else ""


@lru_cache(maxsize=64)
def _back_at(minute: datetime, opening_hours: str, zone: str) -> datetime | None:
    return away_until(minute, opening_hours, zone)


def look_in(request: Request) -> Look:
    """Return the look that the layer found; a plain one for an answer from outside of it."""
    look = getattr(request.state, "look", None)
    return look if isinstance(look, Look) else Look()
