"""What the shop writes to a customer about an order, in the language it was ordered in."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID

from safar.channels.model import EMAIL, Author, Outgoing
from safar.kernel.i18n import N_, _, money, speaking
from safar.kernel.ids import derived_id
from safar.shop.decide import REASONS
from safar.shop.model import PaymentState

_LINES_MAX = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """An order as its mails tell of it; a line is (quantity, title, price of one)."""

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


_SUBJECTS = {
    "confirmed": N_("Your order %(number)s is confirmed"),
    "cancelled": N_("Your order %(number)s was cancelled"),
    "refunded": N_("Your money for order %(number)s is on its way back"),
    "shipped": N_("Your order %(number)s is on its way"),
}


def mail_of(kind: str, about: About) -> Outgoing:
    """Return the mail of a `kind` of _SUBJECTS; each order gets each kind at most once."""
    with speaking(about.language):
        return Outgoing(
            message_id=derived_id("order mail", about.order_id, kind),
            channel_id=EMAIL,
            author=Author.SHOP,
            customer_id=about.customer_id,
            campaign_id=about.campaign_id,
            address=about.email,
            subject=_(_SUBJECTS[kind], number=about.number),
            body=_body(kind, about),
            language=about.language,
        )


def _body(kind: str, about: About) -> str:
    parts = [_("Hello %(name)s,", name=about.name), "\n".join(_news(kind, about))]
    if kind == "confirmed":
        parts.append("\n".join(_goods(about)))
        parts.append(_("It goes to:") + "\n" + about.address)
    if about.link:
        parts.append(_("See how your order stands: %(link)s", link=about.link))
    parts.append(_("Questions? Just answer this e-mail."))
    return "\n\n".join(parts) + "\n"


def _news(kind: str, about: About) -> list[str]:
    amount = _amount(about.language, about.total_minor, about.currency)
    if kind == "confirmed":
        paid = about.payment_state == PaymentState.PAID
        payment = _("You have paid %(amount)s.") if paid else _("You pay %(amount)s on delivery.")
        kept = _("thank you. The units are yours and we are packing them.")
        return [kept, payment % {"amount": amount}]
    if kind == "refunded":
        return [_("we have given back %(amount)s to the card you paid with.", amount=amount)]
    if kind == "shipped":
        return [_("we have handed your order to the carrier.")]
    why = REASONS[about.reason or "cancelled_by_shop"]
    news = [_("we are sorry: your order could not be carried out."), _(why)]
    if about.payment_state == PaymentState.OWED:
        news.append(_("You get %(amount)s back; we tell you as soon as it is done.", amount=amount))
    elif about.payment_state == PaymentState.STARTED:
        news.append(_("Should the payment still arrive, you get it back in full."))
    return news


def _goods(about: About) -> list[str]:
    goods = [
        f"{quantity} × {title}  {_amount(about.language, price * quantity, about.currency)}"
        for quantity, title, price in about.lines[:_LINES_MAX]
    ]
    total = _amount(about.language, about.total_minor, about.currency)
    return [*goods, _("Total: %(amount)s", amount=total)]


@lru_cache(maxsize=2048)
def _amount(language: str, minor: int, currency: str) -> str:
    """Formatting an amount takes longer than the rest of the mail, and the same prices come again."""
    with speaking(language):
        return money(minor, currency)
