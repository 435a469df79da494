"""What Stripe tells of its own accord: verified on the raw body, counted once, taken in any order."""

from collections.abc import Mapping
from typing import Any, cast
from uuid import UUID

import orjson
import stripe

from safar.kernel.context import Context
from safar.kernel.errors import NotFound
from safar.kernel.ids import derived_id
from safar.kernel.log import log
from safar.orders.links import order_link
from safar.payments.books.end_refund import end_refunds_many, note_many
from safar.payments.books.model import Ending, NotedRefund, OrderMoney, RefundRequest
from safar.payments.books.names import STRIPE
from safar.payments.books.reading import accounts_of, keep_notice
from safar.payments.providers.errors import BadSignature
from safar.payments.providers.port import Configured, NoticeTaker, PaymentOutcome, ProviderWord, RefundOutcome
from safar.payments.providers.stripe.client import is_pretended, is_set_up, stripe_for
from safar.payments.providers.stripe.money import from_stripe
from safar.payments.providers.stripe.provider import refund_word, session_word

_TOLERANCE_S = 300
_SESSION = "checkout.session."
_REFUND_KINDS = frozenset({"refund.created", "refund.updated", "refund.failed", "charge.refund.updated"})
_ENDINGS = {RefundOutcome.DONE: "done", RefundOutcome.REFUSED: "failed"}


async def take_stripe_notice(desk: NoticeTaker, payload: bytes, signature: str | None) -> str:
    """Take one event; return what was made of it: taken, ignored, or unknown.

    Raises NotFound when Stripe is not set up, BadSignature, or whatever kept it from being written down:
    Stripe then tells it again.
    """
    way = await desk.way(STRIPE)
    if way is None or not is_set_up(way):
        raise NotFound
    event = verified(payload, signature, way.secrets["webhook_secret"])
    kind, thing = str(event.get("type")), event["data"]["object"]
    account = await _account(desk.context, thing)
    outcome = "ignored"
    if same_mode(event, thing, pretended=is_pretended(way)):
        outcome = await _take(desk, way, kind, thing, account)
    else:
        log.warning("payment.other_mode", kind=kind, live=bool(event.get("livemode")))
    async with desk.context.database.transaction() as connection:
        await keep_notice(
            connection,
            STRIPE,
            str(event.get("id")),
            kind,
            outcome=outcome,
            order_id=account.order_id if account else None,
        )
    return outcome


def same_mode(event: Mapping[str, Any], thing: Mapping[str, Any], *, pretended: bool) -> bool:
    """Tell whether the event is of the mode of our key: real money of a live key, none of a test key."""
    live = {event.get("livemode", False), thing.get("livemode", event.get("livemode", False))}
    return live == {not pretended}


def verified(payload: bytes, signature: str | None, secret: str) -> Mapping[str, Any]:
    """Return the event that Stripe has signed. Raises BadSignature for everything else."""
    try:
        stripe.WebhookSignature.verify_header(payload, signature, secret, _TOLERANCE_S)
        event = orjson.loads(payload)
    except (stripe.SignatureVerificationError, ValueError):
        raise BadSignature from None
    data = event.get("data") if isinstance(event, dict) else None
    if not isinstance(data, dict) or not isinstance(data.get("object"), dict):
        raise BadSignature
    return cast("Mapping[str, Any]", event)


async def _account(context: Context, thing: Mapping[str, Any]) -> OrderMoney | None:
    """Return the money of the order that the event is about, by the mark that we put on everything."""
    mark = (thing.get("metadata") or {}).get("order_id") or thing.get("client_reference_id")
    try:
        order_id = UUID(str(mark))
    except ValueError:
        return None
    async with context.database.connection() as connection:
        account = (await accounts_of(connection, [order_id])).get(order_id)
    ours = account is not None and account.provider == STRIPE
    same_money = str(thing.get("currency") or "").upper() in ("", account.currency if account else "")
    return account if ours and same_money else None


async def _take(
    desk: NoticeTaker, way: Configured, kind: str, thing: Mapping[str, Any], account: OrderMoney | None
) -> str:
    if not kind.startswith(_SESSION) and kind != "charge.refunded" and kind not in _REFUND_KINDS:
        return "ignored"
    if account is None:
        return "unknown"  # another system's, on the same Stripe account
    if kind.startswith(_SESSION):
        failed = kind == "checkout.session.async_payment_failed"
        await desk.settle(account, ProviderWord(PaymentOutcome.DECLINED) if failed else session_word(thing))
        return "taken"
    refunds = [thing]
    if kind == "charge.refunded":
        refunds = [*await stripe_for(desk.context, way).refunds_of(str(thing["id"]))]
    outcomes = [await _take_refund(desk.context, account, refund) for refund in refunds]
    return "unknown" if "unknown" in outcomes else "taken"


async def _take_refund(context: Context, account: OrderMoney, refund: Mapping[str, Any]) -> str:
    """Write down how a refund stands: one of ours, or one made in Stripe's dashboard."""
    word = refund_word(refund)
    if word.outcome not in _ENDINGS:
        return "taken"
    link = order_link(context, account.order_id)
    ours = (refund.get("metadata") or {}).get("refund_id")
    if ours:
        ending = Ending(UUID(ours), _ENDINGS[word.outcome], link, word.reference, word.problem)
        await context.batched(end_refunds_many, ending)
        return "taken"
    if word.outcome is RefundOutcome.REFUSED:
        return "taken"
    amount = from_stripe(int(refund["amount"]), account.currency)
    request = RefundRequest(derived_id("stripe", refund["id"]), account.order_id, amount, "at_provider")
    noted = await context.batched(note_many, NotedRefund(request, link, str(refund["id"])))
    return "taken" if noted else "unknown"
