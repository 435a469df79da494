"""How an order's money is shown to its customer: how to pay, what is missing, what goes back."""

from dataclasses import dataclass
from datetime import datetime

import segno
from markupsafe import Markup

from safar.kernel.context import Context
from safar.kernel.i18n import N_, _
from safar.kernel.money import Money
from safar.shop.model import Order, OrderState, PaymentState
from safar.shop.payments.books import accounts_of, refunds_of
from safar.shop.payments.decide import TOLD, missing
from safar.shop.payments.links import path_to_pay
from safar.shop.payments.mail import pay_rows
from safar.shop.payments.model import Account, Refund
from safar.shop.payments.pix import code_for
from safar.shop.payments.port import PIX, STRIPE, UPI
from safar.shop.payments.transfer import epc_code
from safar.shop.payments.upi import link_for
from safar.shop.payments.ways import KINDS

_QR_BORDER = 4  # modules, by ISO/IEC 18004

REFUND_STATES = {
    "asked": N_("on its way"),
    "by_hand": N_("on its way"),
    "failed": N_("delayed; we look into it"),
    "done": N_("given back"),
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
    """Return what template shop/payment_box.html shows as `payment`."""
    async with context.database.connection() as connection:
        account = (await accounts_of(connection, [order.id]))[order.id]
        refunds = await refunds_of(connection, order.id) if account.refunding_minor else []
    return box_of(context, account, refunds)


def box_of(context: Context, account: Account, refunds: list[Refund]) -> Box:
    waits = account.state == PaymentState.STARTED and account.order_state == OrderState.PLACED
    is_open = waits and (account.provider == STRIPE or (account.provider in TOLD and bool(account.data)))
    kind = KINDS.get(account.provider)
    code, link, qr = _means(context, account) if is_open else (None, None, None)
    return Box(
        provider=account.provider,
        label=_(kind.label) if kind else account.provider,
        open=is_open,
        rows=[row for row in pay_rows(account) if row[1] != account.data.get("code")] if is_open else [],
        code=code,
        link=link,
        qr=_drawn(qr) if qr else None,
        amount_minor=account.amount_minor,
        came_minor=account.captured_minor,
        missing_minor=missing(account),
        currency=account.currency,
        until=account.expires_at or account.held_until if is_open else None,
        longer_until=account.longer_until if is_open else None,
        refunds=refunds,
    )


def _means(context: Context, account: Account) -> tuple[str | None, str | None, segno.QRCode | None]:
    """Return the code to copy, the link to follow and the code to scan, for what is still missing."""
    rest = Money(missing(account), account.currency)
    if account.provider == STRIPE:
        return None, path_to_pay(context, account.order_id), None
    if account.provider == PIX:
        code = code_for(account.data, rest)
        return code, None, segno.make_qr(code, error="m")
    if account.provider == UPI:
        link = link_for(account.data, rest)
        return None, link, segno.make_qr(link, error="m")
    return None, None, epc_code(account.data, rest)


def _drawn(code: segno.QRCode) -> Markup:
    """Draw the code to scan: dark on light in every theme, with the quiet zone that scanners need."""
    drawn = code.svg_inline(
        border=_QR_BORDER, dark="#000", light="#fff", svgclass="qr", lineclass=None, omitsize=True,
        title=_("Code to scan with your banking app"),
    )  # fmt: skip
    return Markup(drawn)  # noqa: S704 - drawn by segno; the title is escaped by it
