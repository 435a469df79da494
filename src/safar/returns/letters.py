"""What customers are written about returns and what will not come, in the language they ordered in."""

from collections.abc import Sequence
from uuid import UUID

from safar.channels.model import Outgoing
from safar.kernel.i18n import N_, _, money, number, speaking
from safar.kernel.ids import derived_id
from safar.orders.mail import letter
from safar.orders.model import Order
from safar.returns.model import Return, ReturnState

_LINES_MAX = 50

_SUBJECTS = {
    ReturnState.REQUESTED: N_("We have your return request %(number)s"),
    ReturnState.APPROVED: N_("You can send back your return %(number)s"),
    ReturnState.REFUSED: N_("About your return %(number)s"),
    ReturnState.RECEIVED: N_("Your return %(number)s has arrived"),
    ReturnState.EXCHANGED: N_("Your return %(number)s has arrived"),
}
_NEWS = {
    ReturnState.REQUESTED: N_("you want to send something back. We look at it and answer you here."),
    ReturnState.APPROVED: N_("please send it back, and write the number %(number)s on the parcel."),
    ReturnState.REFUSED: N_("we cannot take this return."),
    ReturnState.RECEIVED: N_("what you sent back is here. We tell you when the money has gone back."),
    ReturnState.EXCHANGED: N_("what you sent back is here. Thank you."),
}


def given_up_letter(
    order: Order,
    message_id: UUID,
    lines: Sequence[tuple[int, str]],
    link: str,
    *,
    reason: str,
    refund_minor: int,
    waived_minor: int,
) -> Outgoing:
    """Return the mail that units of an order will not come; `lines` are (units, title)."""
    with speaking(order.language):
        goods = [f"{number(units)} × {title}" for units, title in lines[:_LINES_MAX]]
        parts = ["\n".join([_("We are sorry: we cannot send this part of your order."), *goods]), reason]
        if refund_minor:
            amount = money(refund_minor, order.currency)
            parts.append(_("You get %(amount)s back; we tell you as soon as it is done.", amount=amount))
        if waived_minor:
            amount = money(waived_minor, order.currency)
            parts.append(_("You pay %(amount)s less on delivery.", amount=amount))
        subject = _("A part of your order %(number)s will not come", number=order.number)
        return letter(order, derived_id("order mail", order.id, "given up", message_id), subject, parts, link)


def return_letter(
    order: Order,
    return_: Return,
    state: ReturnState,
    link: str,
    *,
    answer: str = "",
    send_to: str = "",
    exchange: tuple[Order, str] | None = None,
    due: str = "",
) -> Outgoing:
    """Return the mail that a return has reached `state`; `exchange`: the new order and its page.

    `due`: what is paid on delivery for what has not come.
    """
    with speaking(order.language):
        named = {"number": return_.number}
        parts = [_(_NEWS[state]) % named if "%(" in _NEWS[state] else _(_NEWS[state])]
        if answer:
            parts.append(answer)
        if send_to:
            parts.append(_("Send it to:") + "\n" + send_to)
        if due:
            parts.append(
                _("Not everything has come. You pay %(amount)s when the exchange arrives.", amount=due)
            )
        if exchange is not None:
            parts += _exchange_news(*exchange)
        subject = _(_SUBJECTS[state], **named)
        return letter(order, derived_id("return mail", return_.id, state.value), subject, parts, link)


def _exchange_news(new: Order, link: str) -> list[str]:
    parts = [_("What you get instead is set aside for you as order %(number)s.", number=new.number)]
    if new.total_minor:
        amount = money(new.total_minor, new.currency)
        parts.append(_("The difference of %(amount)s is paid on delivery.", amount=amount))
    parts.append(_("See how your new order stands: %(link)s", link=link))
    return parts
