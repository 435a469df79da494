"""Whether a PIX notice can be trusted, without I/O."""

from datetime import datetime, timedelta
from enum import StrEnum

from safar.kernel.i18n import N_
from safar.orders.model import OrderState, PaymentState
from safar.payments.books.decide import missing
from safar.payments.books.model import OrderMoney
from safar.payments.books.names import PIX
from safar.payments.providers.pix.provider import PixReceived

_CLOCKS_DIFFER = timedelta(minutes=5)
_TOLD_LATE = timedelta(days=2)


class Doubt(StrEnum):
    """Why a payment that a bank reported has to be checked by staff before it counts for an order."""

    UNPROVEN = "unproven"
    AMOUNT = "amount"
    NOT_OPEN = "not_open"
    ID = "id"
    TIME = "time"


DOUBTS = {
    Doubt.UNPROVEN: N_("The notice did not prove that it is the bank's."),
    Doubt.AMOUNT: N_("It is not the amount that is missing."),
    Doubt.NOT_OPEN: N_("The order does not wait for a PIX."),
    Doubt.ID: N_("Its endToEndId is not written as banks write it."),
    Doubt.TIME: N_("Its time does not fit the order."),
}


def doubt_of(
    pix: PixReceived,
    account: OrderMoney,
    *,
    placed_at: datetime,
    now: datetime,
    proven: bool,
    believed_max_minor: int,
) -> Doubt | None:
    """Return why a notice is not trusted, or None.

    `proven`: the bank has shown who it is, by its certificate or a signature. Without that only amounts up
    to `believed_max_minor` are taken for what they say.
    """
    if account.order_state != OrderState.PLACED or account.state != PaymentState.STARTED:
        return Doubt.NOT_OPEN
    if account.provider != PIX:
        return Doubt.NOT_OPEN
    if pix.amount_minor != missing(account):
        return Doubt.AMOUNT
    if pix.made_at is None:
        return Doubt.ID
    earliest = max(placed_at - _CLOCKS_DIFFER, now - _TOLD_LATE)
    if not earliest <= pix.made_at + timedelta(minutes=1) or pix.made_at > now + _CLOCKS_DIFFER:
        return Doubt.TIME
    if not proven and pix.amount_minor > believed_max_minor:
        return Doubt.UNPROVEN
    return None
