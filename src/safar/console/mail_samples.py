"""A sample of each kind of mail, by what writes the real ones: for staff who look at their words."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from uuid import UUID

from safar.channels.letters import MailKind
from safar.channels.model import Outgoing
from safar.kernel import clock
from safar.kernel.ids import derived_id
from safar.orders import mail as order_mails
from safar.orders import new_link
from safar.orders.mail import MailedOrder, letter, mail_of
from safar.orders.model import Order, PaymentState
from safar.payments.books import mail as payment_mails
from safar.payments.books.mail import pay_mail, refund_mail, short_mail
from safar.payments.books.model import OrderMoney
from safar.payments.books.names import TRANSFER
from safar.returns import letters as return_letters
from safar.returns.letters import given_up_letter
from safar.returns.model import ReturnState
from safar.shipments import letters as shipment_letters
from safar.shipments.letters import shipment_letter
from safar.shipments.model import Shipping
from safar.storefront import back_in_stock_mail
from safar.storefront.back_in_stock_mail import confirm_mail, told_mail
from safar.storefront.model import BackInStockRequest
from safar.storefront.newsletter.mail import SIGN_UP, sign_up_mail
from safar.storefront.newsletter.model import NewsletterRequest

_ID = UUID(int=0)
_EMAIL, _NAME, _TITLE = "ana@example.com", "Ana Silva", "Retrospot mug"
_ADDRESS = "12 High Street\nYork YO1 7HH\nUnited Kingdom"
Write = Callable[[str, str], Outgoing]  # the language, and below which address the shop's pages are


def _mailed(language: str, base: str, state: PaymentState = PaymentState.PAID) -> MailedOrder:
    return MailedOrder(
        order_id=_ID,
        number=10001,
        customer_id=_ID,
        campaign_id=None,
        name=_NAME,
        email=_EMAIL,
        address=_ADDRESS,
        language=language,
        total_minor=2290,
        currency="GBP",
        payment_state=state,
        reason=None,
        link=f"{base}/",
        lines=[(2, _TITLE, 995, "")],
        shipping_minor=300,
        proven=True,
    )


def _order(language: str) -> Order:
    now = clock.now()
    return Order(
        id=_ID,
        number=10001,
        state="confirmed",
        reason=None,
        fingerprint=b"",
        customer_id=_ID,
        visitor_id=None,
        cart_id=None,
        campaign_id=None,
        hold_id=_ID,
        held_until=now,
        email=_EMAIL,
        name=_NAME,
        address=_ADDRESS,
        language=language,
        total_minor=2290,
        currency="GBP",
        placed_at=now,
        confirmed_at=now,
        shipped_at=None,
        delivered_at=None,
        cancelled_at=None,
        provider=TRANSFER,
        method="",
        payment_state=PaymentState.PAID,
        payment_reason=None,
        proven=True,
    )


def _money(language: str) -> OrderMoney:
    now = clock.now()
    return OrderMoney(
        order_id=_ID,
        number=10001,
        order_state="placed",
        provider=TRANSFER,
        method="",
        state="started",
        amount_minor=2290,
        currency="GBP",
        reference=None,
        reason=None,
        data={"holder": "The shop", "iban": "GB33BUKB20201555555555", "reference": "RF18539007547034"},
        redirect=None,
        expires_at=None,
        captured_minor=0,
        carried_minor=0,
        refunding_minor=0,
        refunded_minor=0,
        customer_id=_ID,
        campaign_id=None,
        name=_NAME,
        email=_EMAIL,
        language=language,
        placed_at=now,
        held_until=now + timedelta(days=3),
    )


def _request(language: str) -> BackInStockRequest:
    return BackInStockRequest(
        id=_ID,
        variant_id=_ID,
        product_id=_ID,
        customer_id=_ID,
        campaign_id=None,
        email=_EMAIL,
        language=language,
        sku="MUG",
        title=_TITLE,
        slug="mug",
    )


def _sign_up(language: str, base: str) -> Outgoing:
    now = clock.now()
    asked = NewsletterRequest(_ID, _ID, _EMAIL, language, "footer", "", "asked", now)
    return sign_up_mail(asked, "The shop", f"{base}/")


def _returned(state: ReturnState) -> Write:
    kind = return_letters.KINDS[state]

    def write(language: str, base: str) -> Outgoing:
        return letter(
            _order(language), derived_id("sample", kind.key), kind, {"number": "501"}, [], f"{base}/"
        )

    return write


def _shipped(language: str, base: str) -> Outgoing:
    shipping = Shipping(_ID, _ID, _ID, f"{base}/", carrier="Royal Mail", tracking_code="AB123456789GB")
    return shipment_letter(
        _order(language),
        shipping,
        [(2, _TITLE)],
        tracking_url=f"{base}/",
        in_parts=True,
        more_to_come=False,
    )


def _part_unavailable(language: str, base: str) -> Outgoing:
    lines = [(1, _TITLE)]
    return given_up_letter(
        _order(language), _ID, lines, f"{base}/", reason="", refund_minor=995, waived_minor=0
    )


def _new_link(language: str, base: str) -> Outgoing:
    return letter(_order(language), _ID, new_link.KIND, {"number": "10001"}, [], f"{base}/")


SAMPLES: Mapping[str, tuple[MailKind, Write]] = {
    kind.key: (kind, write)
    for kind, write in (
        (order_mails.KINDS["confirmed"], lambda lang, base: mail_of("confirmed", _mailed(lang, base))),
        (shipment_letters.KIND, _shipped),
        (order_mails.KINDS["cancelled"], lambda lang, base: mail_of("cancelled", _mailed(lang, base))),
        (order_mails.KINDS["refunded"], lambda lang, base: mail_of("refunded", _mailed(lang, base))),
        (return_letters.GIVEN_UP, _part_unavailable),
        (new_link.KIND, _new_link),
        (
            payment_mails.KINDS["pay"],
            lambda lang, b: pay_mail(_money(lang), f"{b}/", _money(lang).held_until),
        ),
        (
            payment_mails.KINDS["short"],
            lambda lang, b: short_mail(_money(lang), _ID, came_minor=2000, missing_minor=290, link=f"{b}/"),
        ),
        (payment_mails.KINDS["refund"], lambda lang, b: refund_mail(_money(lang), _ID, 2290, f"{b}/")),
        *((return_letters.KINDS[state], _returned(state)) for state in return_letters.KINDS),
        (SIGN_UP, _sign_up),
        (back_in_stock_mail.CONFIRM, lambda lang, base: confirm_mail(_request(lang), _TITLE, f"{base}/")),
        (back_in_stock_mail.TOLD, lambda lang, base: told_mail(_request(lang), _TITLE, base)),
    )
}
