"""What the shop writes to a customer about an order, in the language it was ordered in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from uuid import UUID

from safar.catalogue.images import image_url
from safar.channels.letters import LetterPart, MailKind, ShopLetter, plain_text
from safar.channels.model import EMAIL, Author, Outgoing
from safar.kernel.i18n import N_, _, day, money, number, speaking
from safar.kernel.ids import derived_id
from safar.kernel.text import plain_words
from safar.orders.model import Order, PaymentState
from safar.orders.words import REASONS

_LINES_MAX = 50
_NAME_MAX, _LINE_MAX = 60, 120


@dataclass(slots=True, kw_only=True)  # not frozen: made for every order
class MailedOrder:
    """An order as its mails tell of it; a line is (quantity, title, price of one, picture's digest or "").

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
    lines: Sequence[tuple[int, str, int, str]] = ()
    discount_minor: int = 0
    shipping_minor: int = 0
    tax_minor: int = 0
    tax_included: bool = True
    promised_on: date | None = None
    proven: bool = False
    credit_minor: int = 0


CLOSING = N_("Questions? Just reply to this e-mail.")
KINDS = {
    "confirmed": MailKind(
        "order-confirmed",
        N_("Order confirmed"),
        N_("Your order %(number)s is confirmed"),
        N_("Thank you for your order. We’re packing it now and will e-mail you when it ships."),
        ("number", "total"),
        CLOSING,
    ),
    "cancelled": MailKind(
        "order-cancelled",
        N_("Order cancelled"),
        N_("Your order %(number)s has been cancelled"),
        N_("We’re sorry: your order could not go ahead."),
        ("number", "total"),
        CLOSING,
    ),
    "refunded": MailKind(
        "order-refunded",
        N_("Order refunded"),
        N_("Your refund for order %(number)s is on its way"),
        N_("We’ve refunded %(total)s to the payment method you used."),
        ("number", "total"),
        CLOSING,
    ),
}


def mail_of(kind: str, about: MailedOrder) -> Outgoing:
    """Return the mail of a `kind` of KINDS; each order gets each kind at most once."""
    with speaking(about.language):
        parts = _news(kind, about)
        if kind == "confirmed":
            parts += _goods(about)
            if about.proven:
                address = [plain_words(line, _LINE_MAX) for line in about.address.splitlines()]
                rows = [(line,) for line in [plain_words(about.name, _NAME_MAX), *address] if line]
                parts.append(LetterPart("lines", _("Delivery address:"), rows=rows))
        named = {
            "number": str(about.number),
            "total": _amount(about.language, about.total_minor, about.currency),
        }
        return letter(
            about, derived_id("order mail", about.order_id, kind), KINDS[kind], named, parts, about.link
        )


def letter(
    to: Order | MailedOrder,
    message_id: UUID,
    kind: MailKind,
    named: Mapping[str, str],
    parts: Sequence[LetterPart],
    link: str,
) -> Outgoing:
    """Return a mail to a customer, `parts` between its first words and what every mail ends with.

    Call it while speaking the customer's language.
    """
    words = [
        LetterPart("text", salutation(to.name, proven=to.proven)),
        LetterPart("intro", _(kind.intro) % named),
        *parts,
    ]
    if link:
        words.append(LetterPart("button", _("Track your order"), link))
    words.append(LetterPart("closing", _(kind.closing)))
    return Outgoing(
        message_id=message_id,
        channel_id=EMAIL,
        author=Author.SHOP,
        customer_id=to.customer_id,
        campaign_id=to.campaign_id,
        address=to.email,
        subject=_(kind.subject) % named,
        body=plain_text(words),
        language=to.language,
        letter=ShopLetter(kind.key, named, words),
    )


def salutation(name: str, *, proven: bool) -> str:
    """Return a mail's greeting, with the customer's name only when the address is proven to be theirs.

    Until then a mail says nothing that somebody typed: it may be a stranger's who reads it.
    """
    words = plain_words(name, _NAME_MAX) if proven else ""
    return _("Hello %(name)s,", name=words) if words else _("Hello,")


def _news(kind: str, about: MailedOrder) -> list[LetterPart]:
    """Return what is said besides the first words, which staff may change."""
    if kind == "confirmed":
        if not about.promised_on:
            return []
        late = _(
            "Some items are still on their way to us and will ship on %(day)s.", day=day(about.promised_on)
        )
        return [LetterPart("text", late)]
    if kind == "refunded":
        return []
    amount = _amount(about.language, about.total_minor, about.currency)
    why = REASONS[about.reason or "cancelled_by_shop"]
    news = [_(why)]
    if about.payment_state == PaymentState.OWED:
        news.append(_("We’ll refund %(amount)s and e-mail you when it is done.", amount=amount))
    elif about.payment_state == PaymentState.STARTED:
        news.append(_("If your payment still reaches us, we’ll refund it in full."))
    if about.credit_minor:
        credit = _amount(about.language, about.credit_minor, about.currency)
        news.append(_("We’ll refund %(amount)s once the items you’re returning are here.", amount=credit))
    return [LetterPart("text", text) for text in news]


def _goods(about: MailedOrder) -> list[LetterPart]:
    """Return what was ordered and what it costs."""

    def amount(minor: int) -> str:
        return _amount(about.language, minor, about.currency)

    goods = [
        (line[1], amount(line[2] * line[0]), image_url(line[3], 160) if line[3] else "", number(line[0]))
        for line in about.lines[:_LINES_MAX]
    ]
    extra = (
        (_("Discount"), -about.discount_minor),
        (_("Delivery"), about.shipping_minor),
        (_("Tax"), 0 if about.tax_included else about.tax_minor),
    )
    sums = [(label, amount(minor)) for label, minor in extra if minor]
    paid = about.payment_state == PaymentState.PAID
    sums.append((_("Paid") if paid else _("To pay on delivery"), amount(about.total_minor)))
    return [LetterPart("goods", rows=goods), LetterPart("sums", rows=sums)]


@lru_cache(maxsize=2048)
def _amount(language: str, minor: int, currency: str) -> str:
    """Formatting an amount takes longer than the rest of the mail, and the same prices come again."""
    with speaking(language):
        return money(minor, currency)
