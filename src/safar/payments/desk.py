"""The desk to which providers' notices are handed in."""

from starlette.requests import Request

from safar.kernel.context import Context
from safar.kernel.web.pages import context_of
from safar.orders.changes import OrderStanding
from safar.payments.books.model import NewReceipt, OrderMoney, ReceiptKeyReused, Received
from safar.payments.providers.port import Configured, ProviderWord
from safar.payments.settle import receive_money, settle_by_word
from safar.payments.ways import ways_of


class NoticeDesk:
    """Writes down what providers tell of their own accord."""

    def __init__(self, context: Context) -> None:
        self.context = context

    async def way(self, name: str) -> Configured | None:
        return (await ways_of(self.context)).get(name)

    async def settle(self, account: OrderMoney, word: ProviderWord) -> OrderStanding | None:
        return await settle_by_word(self.context, account, word)

    async def receive(self, receipt: NewReceipt) -> Received | ReceiptKeyReused:
        return await receive_money(self.context, receipt)


def desk_of(request: Request) -> NoticeDesk:
    return NoticeDesk(context_of(request))
