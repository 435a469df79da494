"""Orders as the shop's mails tell of them."""

from safar.kernel.ids import derived_id
from safar.orders.mail import MailedOrder
from safar.orders.model import PaymentState


def mailed_order(
    *, language: str = "en", proven: bool = False, address: str = "12 High Street"
) -> MailedOrder:
    return MailedOrder(
        order_id=derived_id("order", 7),
        number=7,
        customer_id=derived_id("customer", 7),
        campaign_id=None,
        name="Ana Silva",
        email="ana@example.com",
        address=address,
        language=language,
        total_minor=1300,
        currency="GBP",
        payment_state=PaymentState.PAID,
        reason=None,
        link="https://shop.example/orders/x",
        lines=[(2, "Mug", 500, "0" * 32)],
        shipping_minor=300,
        proven=proven,
    )
