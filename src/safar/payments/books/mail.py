"""What the shop writes to a customer about money: how to pay, that some is missing, that some went back."""

from datetime import datetime
from uuid import UUID

from safar.channels.model import EMAIL, Author, Outgoing
from safar.kernel.i18n import N_, _, datetime_text, money, pgettext, speaking
from safar.kernel.ids import derived_id
from safar.payments.books.model import OrderMoney
from safar.payments.books.names import PIX, TRANSFER, UPI
from safar.payments.books.reference import spaced

_SUBJECTS = {
    "pay": N_("How to pay your order %(number)s"),
    "short": N_("A part of the money for order %(number)s is missing"),
    "refund": N_("Money for order %(number)s is on its way back"),
}


def pay_mail(account: OrderMoney, link: str, until: datetime) -> Outgoing:
    """Return how to pay, for a way that asks the customer to do something."""
    with speaking(account.language):
        amount = money(account.amount_minor, account.currency)
        told = [
            _("thank you for your order. Please pay %(amount)s in this way:", amount=amount),
            "\n".join(f"{label}: {value}" for label, value in pay_rows(account)),
            _("The units are set aside for you until %(time)s.", time=datetime_text(until)),
            longer_words(account),
        ]
        return _mail("pay", account, account.order_id, told, link)


def longer_words(account: OrderMoney) -> str:
    """Return how the customer gets more time to pay, "" where they have all of it."""
    if account.longer_until is None:
        return ""
    return _(
        "Open the link in this e-mail by then to confirm your address: we then keep them until %(time)s.",
        time=datetime_text(account.longer_until),
    )


def short_mail(
    account: OrderMoney, receipt_id: UUID, *, came_minor: int, missing_minor: int, link: str
) -> Outgoing:
    """Return that not all of the money came, and until when the rest is waited for."""
    with speaking(account.language):
        told = [
            _(
                "we have received %(came)s. That is %(missing)s less than the order costs.",
                came=money(came_minor, account.currency),
                missing=money(missing_minor, account.currency),
            ),
            _(
                "Please pay the rest with the same reference until %(time)s; else you get back what came.",
                time=datetime_text(account.held_until),
            ),
        ]
        return _mail("short", account, receipt_id, told, link)


def refund_mail(account: OrderMoney, refund_id: UUID, amount_minor: int, link: str) -> Outgoing:
    with speaking(account.language):
        amount = money(amount_minor, account.currency)
        told = [_("we have given back %(amount)s in the way you paid.", amount=amount)]
        return _mail("refund", account, refund_id, told, link)


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


def _mail(kind: str, account: OrderMoney, about: UUID, told: list[str], link: str) -> Outgoing:
    parts = [_("Hello,"), *filter(None, told)]
    if link:
        parts.append(_("See how your order stands: %(link)s", link=link))
    parts.append(_("Questions? Just answer this e-mail."))
    return Outgoing(
        message_id=derived_id("payment mail", about, kind),
        channel_id=EMAIL,
        author=Author.SHOP,
        customer_id=account.customer_id,
        campaign_id=account.campaign_id,
        address=account.email,
        subject=_(_SUBJECTS[kind], number=account.number),
        body="\n\n".join(parts) + "\n",
        language=account.language,
    )
