"""How an order's money is shown to its customer: how to pay, what is missing, what goes back."""

from dataclasses import dataclass
from datetime import datetime

import segno
from markupsafe import Markup

from safar.kernel.context import Context
from safar.kernel.i18n import N_, _
from safar.kernel.money import Money
from safar.orders.links import path_to_pay
from safar.orders.model import Order, OrderState, PaymentState
from safar.payments.books.decide import missing
from safar.payments.books.mail import pay_rows
from safar.payments.books.model import OrderMoney, Refund
from safar.payments.books.names import TOLD
from safar.payments.books.reading import accounts_of, refunds_of
from safar.payments.providers.kind import Means, ProviderKind
from safar.payments.registry import KINDS

_QR_BORDER = 4  # modules, by ISO/IEC 18004

REFUND_STATES = {
    "asked": N_("on its way"),
    "by_hand": N_("on its way"),
    "failed": N_("delayed; we’re looking into it"),
    "done": N_("refunded"),
}


@dataclass(frozen=True, slots=True)
class Box:
    """What the page of an order tells about its payment; `open`: the customer still has something to do.

    `rows` are (label, value) to type or paste; `code` the text to copy into an app; `link` leads to the app
    or to the provider's page; `qr` is the drawn code.
    """

    provider: str
    label: str
    open: bool
    rows: list[tuple[str, str]]
    code: str | None
    link: str | None
    qr: Markup | None
    amount_minor: int
    came_minor: int
    missing_minor: int
    currency: str
    until: datetime | None
    longer_until: datetime | None
    refunds: list[Refund]

    @property
    def back_minor(self) -> int:
        """What was given back of it by now."""
        return sum(refund.amount_minor for refund in self.refunds if refund.state == "done")

    @property
    def refund_words(self) -> list[tuple[int, str]]:
        return [(refund.amount_minor, _(REFUND_STATES[refund.state])) for refund in self.refunds]


async def box(context: Context, order: Order) -> Box:
    """Return what template payments/box.html shows as `payment`."""
    async with context.database.connection() as connection:
        account = (await accounts_of(connection, [order.id]))[order.id]
        refunds = await refunds_of(connection, order.id) if account.refunding_minor else []
    return box_of(context, account, refunds)


def box_of(context: Context, account: OrderMoney, refunds: list[Refund]) -> Box:
    waits = account.state == PaymentState.STARTED and account.order_state == OrderState.PLACED
    kind = KINDS.get(account.provider)
    has_page = kind is not None and kind.has_page
    is_open = waits and (has_page or (account.provider in TOLD and bool(account.data)))
    means = _means(context, account, kind) if is_open and kind else Means()
    return Box(
        provider=account.provider,
        label=_(kind.label) if kind else account.provider,
        open=is_open,
        rows=[row for row in pay_rows(account) if row[1] != account.data.get("code")] if is_open else [],
        code=means.code,
        link=means.link,
        qr=_drawn(means.qr) if means.qr else None,
        amount_minor=account.amount_minor,
        came_minor=account.captured_minor,
        missing_minor=missing(account),
        currency=account.currency,
        until=account.expires_at or account.held_until if is_open else None,
        longer_until=account.longer_until if is_open else None,
        refunds=refunds,
    )


def _means(context: Context, account: OrderMoney, kind: ProviderKind) -> Means:
    """Return how to pay what is still missing."""
    if kind.has_page:
        return Means(link=path_to_pay(context, account.order_id))
    return kind.means(account.data, Money(missing(account), account.currency))


def _drawn(code: segno.QRCode) -> Markup:
    """Draw the code to scan: dark on light in every theme, with the quiet zone that scanners need."""
    drawn = code.svg_inline(
        border=_QR_BORDER,
        dark="#000",
        light="#fff",
        svgclass="qr",
        lineclass=None,
        omitsize=True,
        title=_("Code to scan with your banking app"),
    )
    return Markup(drawn)  # noqa: S704 - drawn by segno; the title is escaped by it
