"""The money of an order, for the decisions about it."""

from datetime import UTC, datetime
from uuid import UUID

from safar.payments.books.model import OrderMoney

ACCOUNT = OrderMoney(
    order_id=UUID(int=1), number=10001, order_state="confirmed", provider="stripe", method="", state="paid",
    amount_minor=1000, currency="EUR", reference=None, reason=None, data={}, redirect=None, expires_at=None,
    captured_minor=1000, carried_minor=0, refunding_minor=0, refunded_minor=0, customer_id=UUID(int=2),
    campaign_id=None, name="Ada", email="ada@customers.example", language="en",
    placed_at=datetime(2026, 11, 21, tzinfo=UTC), held_until=datetime(2026, 11, 22, tzinfo=UTC),
)  # fmt: skip
