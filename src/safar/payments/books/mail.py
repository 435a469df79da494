"""What the shop writes to a customer about money: how to pay, that some is missing, that some went back."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from safar.channels.letters import LetterPart, MailKind, ShopLetter, plain_text
from safar.channels.model import EMAIL, Author, Outgoing
from safar.kernel.i18n import N_, _, datetime_text, money, pgettext, speaking
from safar.kernel.ids import derived_id
from safar.payments.books.model import OrderMoney
from safar.payments.books.names import PIX, TRANSFER, UPI
from safar.payments.books.reference import spaced

CLOSING = N_("Questions? Just reply to this e-mail.")
KINDS = {
    "pay": MailKind(
        "payment-how",
        N_("How to pay"),
        N_("How to pay for your order %(number)s"),
        N_("Thank you for your order. Please pay %(amount)s with these details:"),
        ("number", "amount"),
        CLOSING,
    ),
    "short": MailKind(
        "payment-short",
        N_("Payment incomplete"),
        N_("Your payment for order %(number)s is incomplete"),
        N_("We’ve received %(amount)s. There is still %(missing)s to pay."),
        ("number", "amount", "missing"),
        CLOSING,
    ),
    "refund": MailKind(
        "payment-refund",
        N_("Refund sent"),
        N_("Your refund for order %(number)s is on its way"),
        N_("We’ve refunded %(amount)s to the payment method you used."),
        ("number", "amount"),
        CLOSING,
    ),
}


def pay_mail(account: OrderMoney, link: str, until: datetime) -> Outgoing:
    """Return how to pay, for a way that asks the customer to do something."""
    with speaking(account.language):
        amount = money(account.amount_minor, account.currency)
        hold_text = _("We’ll hold your items until %(time)s.", time=datetime_text(until))
        longer = longer_words(account)
        parts = [
            LetterPart("facts", rows=pay_rows(account)),
            LetterPart("text", hold_text),
            LetterPart("text", longer),
        ]
        return _mail("pay", account, account.order_id, {"amount": amount}, parts, link)


def longer_words(account: OrderMoney) -> str:
    """Return how the customer gets more time to pay, "" where they have all of it."""
    if account.longer_until is None:
        return ""
    return _(
        "Open the link in this e-mail by then to confirm your address: we’ll then hold them until %(time)s.",
        time=datetime_text(account.longer_until),
    )


def short_mail(
    account: OrderMoney, receipt_id: UUID, *, came_minor: int, missing_minor: int, link: str
) -> Outgoing:
    """Return that not all of the money came, and until when the rest is waited for."""
    with speaking(account.language):
        named = {
            "amount": money(came_minor, account.currency),
            "missing": money(missing_minor, account.currency),
        }
        rest = _(
            "Please pay the rest with the same reference by %(time)s. Otherwise we’ll refund what you paid.",
            time=datetime_text(account.held_until),
        )
        return _mail("short", account, receipt_id, named, [LetterPart("text", rest)], link)


def refund_mail(account: OrderMoney, refund_id: UUID, amount_minor: int, link: str) -> Outgoing:
    with speaking(account.language):
        named = {"amount": money(amount_minor, account.currency)}
        return _mail("refund", account, refund_id, named, [], link)


def pay_rows(account: OrderMoney) -> list[tuple[str, str]]:
    """Return what the customer types or pastes to pay, as (label, value)."""
    data = account.data
    reference = spaced(data["reference"]) if "reference" in data else ""
    if account.provider == TRANSFER:
        rows = [
            (_("Account holder"), data.get("holder", "")),
            ("IBAN", _grouped(data.get("iban", ""))),
            (_("Account"), data.get("account", "")),
            ("BIC", data.get("bic", "")),
            (_("Bank"), data.get("bank", "")),
            (_("Reference"), reference),
        ]
    elif account.provider == PIX:
        rows = [
            (pgettext("person", "To"), data.get("holder", "")),
            (_("PIX code to copy"), data.get("code", "")),
        ]
    elif account.provider == UPI:
        rows = [
            (pgettext("person", "To"), data.get("holder", "")),
            (_("UPI address"), data.get("address", "")),
            (_("Reference"), data.get("reference", "")),
        ]
    else:
        rows = []
    return [(label, value) for label, value in rows if value]


def _grouped(iban: str) -> str:
    return " ".join(iban[at : at + 4] for at in range(0, len(iban), 4))


def _mail(
    kind: str,
    account: OrderMoney,
    about: UUID,
    values: Mapping[str, str],
    parts: Sequence[LetterPart],
    link: str,
) -> Outgoing:
    words, named = KINDS[kind], {"number": str(account.number), **values}
    whole = [LetterPart("text", _("Hello,")), LetterPart("intro", _(words.intro) % named), *parts]
    if link:
        whole.append(LetterPart("button", _("Track your order"), link))
    whole = [part for part in whole if part.text or part.rows] + [LetterPart("closing", _(words.closing))]
    return Outgoing(
        message_id=derived_id("payment mail", about, kind),
        channel_id=EMAIL,
        author=Author.SHOP,
        customer_id=account.customer_id,
        campaign_id=account.campaign_id,
        address=account.email,
        subject=_(words.subject) % named,
        body=plain_text(whole),
        language=account.language,
        letter=ShopLetter(words.key, named, whole),
    )
