"""What the shop writes to a customer about an order, in the language it was ordered in."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from uuid import UUID

from safar.channels.model import EMAIL, Author, Outgoing
from safar.kernel.i18n import N_, _, day, money, speaking
from safar.kernel.ids import derived_id
from safar.kernel.text import plain_words
from safar.orders.model import Order, PaymentState
from safar.orders.words import REASONS

_LINES_MAX = 50
_NAME_MAX, _LINE_MAX = 60, 120


@dataclass(slots=True, kw_only=True)  # not frozen: made for every order
class MailedOrder:
    """An order as its mails tell of it; a line is (quantity, title, price of one).

    `promised_on`: the day on which units that are still to come leave. `proven`: the customer has shown that
    they read the mailbox. `credit_minor`: see `Change`.
    """

    order_id: UUID
    number: int
    customer_id: UUID
    campaign_id: UUID | None
    name: str
    email: str
    address: str
    language: str
    total_minor: int
    currency: str
    payment_state: str
    reason: str | None
    link: str
    lines: Sequence[tuple[int, str, int]] = ()
    discount_minor: int = 0
    shipping_minor: int = 0
    tax_minor: int = 0
    tax_included: bool = True
    promised_on: date | None = None
    proven: bool = False
    credit_minor: int = 0


_SUBJECTS = {
    "confirmed": N_("Your order %(number)s is confirmed"),
    "cancelled": N_("Your order %(number)s was cancelled"),
    "refunded": N_("Your money for order %(number)s is on its way back"),
}


def mail_of(kind: str, about: MailedOrder) -> Outgoing:
    """Return the mail of a `kind` of _SUBJECTS; each order gets each kind at most once."""
    with speaking(about.language):
        parts = ["\n".join(_news(kind, about))]
        if kind == "confirmed":
            parts.append("\n".join(_goods(about)))
            if about.proven:
                address = [plain_words(line, _LINE_MAX) for line in about.address.splitlines()]
                parts.append("\n".join([_("It goes to:"), *filter(None, address)]))
        subject = _(_SUBJECTS[kind], number=about.number)
        return letter(about, derived_id("order mail", about.order_id, kind), subject, parts, about.link)


def letter(
    to: Order | MailedOrder, message_id: UUID, subject: str, paragraphs: Sequence[str], link: str
) -> Outgoing:
    """Return a mail to a customer, `paragraphs` between the salutation and what every mail ends with.

    Call it while speaking the customer's language.
    """
    parts = [salutation(to.name, proven=to.proven), *(text for text in paragraphs if text)]
    if link:
        parts.append(_("See how your order stands: %(link)s", link=link))
    parts.append(_("Questions? Just answer this e-mail."))
    return Outgoing(
        message_id=message_id,
        channel_id=EMAIL,
        author=Author.SHOP,
        customer_id=to.customer_id,
        campaign_id=to.campaign_id,
        address=to.email,
        subject=subject,
        body="\n\n".join(parts) + "\n",
        language=to.language,
    )


def salutation(name: str, *, proven: bool) -> str:
    """Return how a mail begins: with the name only where the address is known to be theirs who typed it.

    Until then a mail says nothing that somebody typed: it may be a stranger's who reads it.
    """
    words = plain_words(name, _NAME_MAX) if proven else ""
    return _("Hello %(name)s,", name=words) if words else _("Hello,")


def _news(kind: str, about: MailedOrder) -> list[str]:
    amount = _amount(about.language, about.total_minor, about.currency)
    if kind == "confirmed":
        paid = about.payment_state == PaymentState.PAID
        payment = _("You have paid %(amount)s.") if paid else _("You pay %(amount)s on delivery.")
        kept = _("thank you. The units are yours and we are packing them.")
        news = [kept, payment % {"amount": amount}]
        if about.promised_on:
            news.append(
                _("Some of it is still on its way to us: it leaves on %(day)s.", day=day(about.promised_on))
            )
        return news
    if kind == "refunded":
        return [_("we have given back %(amount)s in the way you paid.", amount=amount)]
    why = REASONS[about.reason or "cancelled_by_shop"]
    news = [_("we are sorry: your order could not be carried out."), _(why)]
    if about.payment_state == PaymentState.OWED:
        news.append(_("You get %(amount)s back; we tell you as soon as it is done.", amount=amount))
    elif about.payment_state == PaymentState.STARTED:
        news.append(_("Should the payment still arrive, you get it back in full."))
    if about.credit_minor:
        credit = _amount(about.language, about.credit_minor, about.currency)
        news.append(_("You get %(amount)s for what you send back, as soon as it is here.", amount=credit))
    return news


def _goods(about: MailedOrder) -> list[str]:
    goods = [
        f"{quantity} × {title}  {_amount(about.language, price * quantity, about.currency)}"
        for quantity, title, price in about.lines[:_LINES_MAX]
    ]
    extra = (
        (_("Discount: %(amount)s"), -about.discount_minor),
        (_("Delivery: %(amount)s"), about.shipping_minor),
        (_("Tax: %(amount)s"), 0 if about.tax_included else about.tax_minor),
    )
    goods += [text % {"amount": _amount(about.language, n, about.currency)} for text, n in extra if n]
    total = _amount(about.language, about.total_minor, about.currency)
    return [*goods, _("Total: %(amount)s", amount=total)]


@lru_cache(maxsize=2048)
def _amount(language: str, minor: int, currency: str) -> str:
    """Formatting an amount takes longer than the rest of the mail, and the same prices come again."""
    with speaking(language):
        return money(minor, currency)
