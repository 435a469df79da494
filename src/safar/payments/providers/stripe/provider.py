"""Stripe, through its own library: a page of Stripe's takes the money (Checkout Session), without JavaScript.

Every call has a time-out and an idempotency key made from an id of ours, so that it may be repeated.
"""

from collections.abc import Mapping
from typing import Any, cast
from uuid import UUID

import stripe

from safar.kernel.i18n import _, speaking
from safar.kernel.log import log
from safar.kernel.money import Money
from safar.payments.providers.port import (
    CannotPay,
    Charge,
    PaymentOutcome,
    ProviderWord,
    RefundOrder,
    RefundOutcome,
    RefundWord,
    StartedCharge,
)
from safar.payments.providers.stripe.money import from_stripe, to_stripe

_RETRIES_MAX = 1
_LOCALES = frozenset({"en", "pt-BR"})
_REFUNDS_MAX = 100
_REFUND_OUTCOMES = {
    "succeeded": RefundOutcome.DONE,
    "pending": RefundOutcome.WAITING,
    "requires_action": RefundOutcome.WAITING,
}
_DEAD_INTENTS = frozenset({"requires_payment_method", "canceled"})
# What Stripe will answer again whenever it is asked: a person has to look into it.
_FINAL = (stripe.InvalidRequestError, stripe.CardError, stripe.IdempotencyError)


def stripe_client(*, key: str, url: str, timeout_s: float) -> stripe.StripeClient:
    return stripe.StripeClient(
        key,
        http_client=stripe.HTTPXClient(timeout=timeout_s),
        base_addresses={"api": url},
        max_network_retries=_RETRIES_MAX,
    )


class Stripe:
    """The port to one Stripe account."""

    def __init__(self, client: stripe.StripeClient, shop_name: str) -> None:
        self._client, self._shop_name = client, shop_name

    async def start(self, charge: Charge) -> StartedCharge:
        """Make the page on which the customer pays; a wrong key or a refused amount is final."""
        try:
            session = await self._client.v1.checkout.sessions.create_async(
                cast("Any", self._session(charge)), {"idempotency_key": f"safar-order-{charge.key}"}
            )
        except (ValueError, stripe.InvalidRequestError, stripe.AuthenticationError) as error:
            log.error("payment.stripe_refuses", error=type(error).__name__, code=getattr(error, "code", None))
            raise CannotPay from error
        return StartedCharge(
            words=[word]
            if (word := session_word(session.to_dict())).outcome is not PaymentOutcome.PENDING
            else (),
            data={"session": session.id},
            redirect=session.url,
            expires_at=charge.kept_until,
        )

    def _session(self, charge: Charge) -> dict[str, Any]:
        """Return the same for the same order, or Stripe refuses to repeat it."""
        with speaking(charge.language):
            title = _("Order %(number)s", number=charge.number)
        mark = {"order_id": str(charge.key)}
        price = {
            "currency": charge.currency.lower(),
            "unit_amount": to_stripe(Money(charge.amount_minor, charge.currency)),
            "product_data": {"name": f"{self._shop_name} · {title}"},
        }
        return {
            "mode": "payment",
            "client_reference_id": str(charge.key),
            "metadata": mark,
            "payment_intent_data": {"metadata": mark, "description": title},
            "line_items": [{"quantity": 1, "price_data": price}],
            "customer_email": charge.email,
            "locale": charge.language if charge.language in _LOCALES else "auto",
            "success_url": charge.back,
            "cancel_url": charge.link,
            "expires_at": int(charge.kept_until.timestamp()),
        }

    async def look_up(self, key: UUID, data: Mapping[str, Any]) -> ProviderWord | None:
        """Ask for the session; without one Stripe's answer got lost, and its notice will tell."""
        if "session" not in data:
            return ProviderWord(PaymentOutcome.PENDING)
        session = await self._client.v1.checkout.sessions.retrieve_async(
            data["session"], {"expand": ["payment_intent"]}
        )
        return session_word(session.to_dict())

    async def stop(self, key: UUID, data: Mapping[str, Any]) -> None:
        """Close the page on which the customer could still pay; one that is closed is no error."""
        if "session" in data:
            try:
                await self._client.v1.checkout.sessions.expire_async(data["session"])
            except stripe.InvalidRequestError:
                return

    async def refund(self, back: RefundOrder) -> RefundWord:
        try:
            if back.reference:
                refund = await self._client.v1.refunds.retrieve_async(back.reference)
            else:
                once: Any = {"idempotency_key": f"safar-refund-{back.key}-{back.attempt}"}
                refund = await self._client.v1.refunds.create_async(cast("Any", self._refund(back)), once)
        except _FINAL as error:
            return RefundWord(RefundOutcome.REFUSED, problem=(error.user_message or str(error))[:300])
        return refund_word(refund.to_dict())

    def _refund(self, back: RefundOrder) -> dict[str, Any]:
        return {
            "payment_intent": back.payment_reference,
            "amount": to_stripe(Money(back.amount_minor, back.currency)),
            "metadata": {"refund_id": str(back.key), "order_id": str(back.order_id)},
        }

    async def refunds_of(self, charge_id: str) -> list[Mapping[str, Any]]:
        """Return the refunds of a charge, those made in Stripe's dashboard included."""
        listed = await self._client.v1.refunds.list_async({"charge": charge_id, "limit": _REFUNDS_MAX})
        return [refund.to_dict() for refund in listed.data]

    async def ping(self) -> None:
        """Ask for something harmless. Raises stripe.StripeError when the key is wrong or nobody answers."""
        await self._client.v1.balance.retrieve_async()


def session_word(session: Mapping[str, Any]) -> ProviderWord:
    """Return what a Checkout Session tells."""
    intent = session.get("payment_intent")
    reference = intent.get("id") if isinstance(intent, Mapping) else intent
    if session.get("payment_status") in ("paid", "no_payment_required"):
        amount, currency = session.get("amount_total"), session.get("currency")
        if not (amount and currency):  # nothing was taken, or nobody says how much
            return ProviderWord(PaymentOutcome.PENDING, reference)
        return ProviderWord(PaymentOutcome.PAID, reference, from_stripe(amount, currency.upper()))
    if session.get("status") == "expired":
        return ProviderWord(PaymentOutcome.UNFINISHED, reference)
    dead = isinstance(intent, Mapping) and intent.get("status") in _DEAD_INTENTS
    if session.get("status") == "complete" and dead:
        return ProviderWord(PaymentOutcome.DECLINED, reference)
    return ProviderWord(PaymentOutcome.PENDING, reference)


def refund_word(refund: Mapping[str, Any]) -> RefundWord:
    """Return what a Refund of Stripe's tells."""
    status = str(refund.get("status"))
    outcome = _REFUND_OUTCOMES.get(status, RefundOutcome.REFUSED)
    problem = None if outcome is not RefundOutcome.REFUSED else str(refund.get("failure_reason") or status)
    return RefundWord(outcome, refund.get("id"), problem)
