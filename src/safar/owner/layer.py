"""Before every page: the shop's own data is read, so that what the page says of the shop is what it is."""

from starlette.types import ASGIApp, Receive, Scope, Send

from safar.kernel.context import Context
from safar.owner.reading import shop_of

# Files, pictures and what machines ask say nothing of the shop.
_WITHOUT_SHOP = ("/static/", "/images/", "/drawn/", "/brand/", "/health", "/ready")


class ShopLayer:
    """Pure ASGI layer of both surfaces; mostly without a query, and never in the way when there is none."""

    def __init__(self, app: ASGIApp, context: Context) -> None:
        self._app = app
        self._context = context

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not scope["path"].startswith(_WITHOUT_SHOP):
            await shop_of(self._context)
        await self._app(scope, receive, send)
