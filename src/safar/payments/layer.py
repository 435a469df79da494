"""Before every page of the console: how the ways to pay stand, so that nobody works past it."""

from starlette.types import ASGIApp, Receive, Scope, Send

from safar.kernel.context import Context
from safar.kernel.log import log
from safar.payments.ways import PaymentWarnings, payment_warnings

_WITHOUT_PAGES = ("/static/", "/images/", "/drawn/", "/health")


class PaymentsLayer:
    """Pure ASGI layer: puts a Standing at `request.state.payments`; mostly without a query."""

    def __init__(self, app: ASGIApp, context: Context) -> None:
        self._app = app
        self._context = context

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not scope["path"].startswith(_WITHOUT_PAGES):
            scope["state"] = {**scope.get("state", {}), "payments": await self._standing()}
        await self._app(scope, receive, send)

    async def _standing(self) -> PaymentWarnings:
        try:
            return await payment_warnings(self._context)
        except Exception as error:  # the page itself says what is the matter with the database
            log.warning("payments.not_read", error=type(error).__name__)
            return PaymentWarnings()
