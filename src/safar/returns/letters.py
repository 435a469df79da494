"""What customers are written about returns and what will not come, in the language they ordered in."""

from collections.abc import Sequence
from uuid import UUID

from safar.channels.letters import LetterPart, MailKind
from safar.channels.model import Outgoing
from safar.kernel.i18n import N_, _, money, number, speaking
from safar.kernel.ids import derived_id
from safar.orders.mail import CLOSING, letter
from safar.orders.model import Order
from safar.returns.model import Return, ReturnState

_LINES_MAX = 50

KINDS = {
    ReturnState.REQUESTED: MailKind(
        "return-requested",
        N_("Return requested"),
        N_("We’ve received your return request %(number)s"),
        N_("We’ll look at your request and reply by e-mail."),
        ("number",),
        CLOSING,
    ),
    ReturnState.APPROVED: MailKind(
        "return-approved",
        N_("Return approved"),
        N_("Your return %(number)s is approved"),
        N_("Please send the items back to us and write the return number %(number)s on the parcel."),
        ("number",),
        CLOSING,
    ),
    ReturnState.REFUSED: MailKind(
        "return-refused",
        N_("Return declined"),
        N_("About your return %(number)s"),
        N_("We’re sorry: we can’t accept this return."),
        ("number",),
        CLOSING,
    ),
    ReturnState.RECEIVED: MailKind(
        "return-received",
        N_("Return received"),
        N_("Your return %(number)s has arrived"),
        N_("Your parcel is here. We’ll e-mail you when your refund is on its way."),
        ("number",),
        CLOSING,
    ),
    ReturnState.EXCHANGED: MailKind(
        "return-exchanged",
        N_("Exchange received"),
        N_("Your return %(number)s has arrived"),
        N_("Your parcel is here. Thank you."),
        ("number",),
        CLOSING,
    ),
}
GIVEN_UP = MailKind(
    "order-part-unavailable",
    N_("Part of an order unavailable"),
    N_("Part of your order %(number)s is unavailable"),
    N_("We’re sorry: we can’t send these items."),
    ("number",),
    CLOSING,
)


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
        goods = [(title, "", "", number(units)) for units, title in lines[:_LINES_MAX]]
        parts = [LetterPart("goods", rows=goods), LetterPart("text", reason)]
        if refund_minor:
            amount = money(refund_minor, order.currency)
            parts.append(
                LetterPart(
                    "text", _("We’ll refund %(amount)s and e-mail you when it is done.", amount=amount)
                )
            )
        if waived_minor:
            amount = money(waived_minor, order.currency)
            parts.append(LetterPart("text", _("You’ll pay %(amount)s less on delivery.", amount=amount)))
        named = {"number": str(order.number)}
        return letter(
            order, derived_id("order mail", order.id, "given up", message_id), GIVEN_UP, named, parts, link
        )


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
        parts = []
        if answer:
            parts.append(LetterPart("text", answer))
        if send_to:
            rows = [(line,) for line in send_to.splitlines() if line.strip()]
            parts.append(LetterPart("lines", _("Return address:"), rows=rows))
        if due:
            missing = _(
                "Not everything has arrived. You’ll pay %(amount)s when your exchange arrives.", amount=due
            )
            parts.append(LetterPart("text", missing))
        if exchange is not None:
            parts += _exchange_news(*exchange)
        named = {"number": str(return_.number)}
        message_id = derived_id("return mail", return_.id, state.value)
        return letter(order, message_id, KINDS[state], named, parts, link)


def _exchange_news(new: Order, link: str) -> list[LetterPart]:
    words = _("We’ve reserved your exchange as order %(number)s.", number=new.number)
    parts = [LetterPart("text", words)]
    if new.total_minor:
        amount = money(new.total_minor, new.currency)
        parts.append(
            LetterPart("text", _("You’ll pay the difference of %(amount)s on delivery.", amount=amount))
        )
    parts.append(LetterPart("button", _("Track your new order"), link))
    return parts
