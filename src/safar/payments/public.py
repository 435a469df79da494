"""The public doors of paying: to the provider's page, back from it, and the providers' notices."""

import asyncio
from collections import OrderedDict
from datetime import datetime, timedelta
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from safar.kernel import clock
from safar.kernel.context import Context
from safar.kernel.errors import NotFound
from safar.kernel.log import log
from safar.kernel.web.access import PublicRoute
from safar.kernel.web.pages import context_of, page
from safar.kernel.web.requests import see_other
from safar.orders.links import path_of
from safar.orders.model import OrderState, PaymentState
from safar.orders.opening import opened
from safar.payments.books.model import OrderMoney
from safar.payments.books.reading import accounts_of
from safar.payments.desk import desk_of
from safar.payments.registry import KINDS
from safar.payments.settle import settle_by_word
from safar.payments.start import start_payment
from safar.payments.ways import provider_of

# What comes here is believed for its signature or secret, wherever it comes from: no browser sends it.
SIGNED_PATHS = ("/pay/notices/",)
_ASK_AGAIN = timedelta(seconds=3)
_ASKED_MAX = 10_000


async def _pay(request: Request) -> Response:
    """Lead to the provider's page, from a page of ours: a redirect after a form stays on this site (CSP)."""
    context = context_of(request)
    account = await _account(context, (await opened(request)).order_id)
    if _waits(account) and not account.redirect and _asks(request).may("start", account.order_id):
        await start_payment(context, account)  # the answer got lost before: the same key gives the same page
        account = await _account(context, account.order_id)
    path = path_of(context, account.order_id)
    if not _waits(account) or not account.redirect:
        return see_other(path)
    values = {"account": account, "order_path": path}
    return page(request, "payments/pay.html", values)


async def _back(request: Request) -> Response:
    """Ask the provider how it went, and show the order; a provider that is silent is asked again later."""
    context = context_of(request)
    account = await _account(context, (await opened(request)).order_id)
    if account.state == PaymentState.STARTED and _asks(request).may("look up", account.order_id):
        try:
            async with asyncio.timeout(context.settings.payment_timeout_s):
                provider = await provider_of(context, account.provider)
                word = await provider.look_up(account.order_id, account.data)
            if word is not None:
                await settle_by_word(context, account, word)
        except Exception as error:
            log.warning("payment.no_answer", order_id=str(account.order_id), error=type(error).__name__)
    return see_other(path_of(context, account.order_id))


class Asks:
    """Limits how often a provider is asked about one order, so that reloading a page cannot flood it."""

    def __init__(self) -> None:
        self._asked: OrderedDict[tuple[str, UUID], datetime] = OrderedDict()

    def may(self, what: str, order_id: UUID) -> bool:
        """Tell whether the provider may be asked this about the order now, and count it if so."""
        asked = (what, order_id)
        now, before = clock.now(), self._asked.get(asked)
        if before is not None and timedelta() <= now - before < _ASK_AGAIN:
            return False
        self._asked[asked] = now
        self._asked.move_to_end(asked)
        if len(self._asked) > _ASKED_MAX:
            self._asked.popitem(last=False)
        return True


def _asks(request: Request) -> Asks:
    state = request.app.state
    if not hasattr(state, "payment_asks"):
        state.payment_asks = Asks()
    asks: Asks = state.payment_asks
    return asks


async def _account(context: Context, order_id: UUID) -> OrderMoney:
    async with context.database.connection() as connection:
        account = (await accounts_of(connection, [order_id])).get(order_id)
    if account is None:
        raise NotFound
    return account


def _waits(account: OrderMoney) -> bool:
    return account.state == PaymentState.STARTED and account.order_state == OrderState.PLACED


routes: list[BaseRoute] = [
    PublicRoute("/pay/{signed}", _pay, why="whoever has the signed link"),
    PublicRoute("/pay/{signed}/back", _back, why="whoever has the signed link"),
    *(route for kind in KINDS.values() if kind.notices for route in kind.notices.routes(desk_of)),
]
