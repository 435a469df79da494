"""Settling payments by what providers report, however late; providers that stay silent are polled."""

import asyncio
from collections.abc import Awaitable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID

from safar.kernel import clock, setbacks
from safar.kernel.context import Context
from safar.kernel.ids import derived_id
from safar.kernel.log import log
from safar.kernel.setbacks import nobodys_fault
from safar.orders.cancel import Cancellation, CancelReason, cancel_unpaid_many
from safar.orders.changes import OrderStanding
from safar.orders.links import order_link
from safar.orders.model import Order, OrderState, PaymentState
from safar.orders.reading import orders_by_id
from safar.orders.way import UnpaidStep, when_unpaid
from safar.payments.books.decide import to_refund
from safar.payments.books.model import NewReceipt, OrderMoney, ReceiptKeyReused, Received
from safar.payments.books.names import TOLD
from safar.payments.books.reading import accounts_of, open_payments, rest
from safar.payments.books.receive import receive_money_many
from safar.payments.providers.port import PaymentOutcome, Provider, ProviderWord
from safar.payments.refunds import refund_cancelled
from safar.payments.registry import KINDS
from safar.payments.ways import provider_of

T = TypeVar("T")

_BATCH_MAX = 100
_AT_ONCE_MAX = 10
# A provider is asked when its answer did not come in the time that the checkout waits for it, and some more.
ASK_AFTER = timedelta(seconds=15)
_GRACE = timedelta(minutes=1)
# Of who tells of its own accord; asking is for the notice that got lost.
_NOTICE_RESTS = timedelta(seconds=45)
_LATE_RESTS = timedelta(minutes=30)


def rests(account: OrderMoney, now: datetime) -> datetime:
    """Return until when the recovery loop skips this payment: a bank that only notifies cannot be polled."""
    kind, told_by_staff = KINDS.get(account.provider), account.provider in TOLD
    tells = kind is not None and kind.notices is not None
    if account.order_state == OrderState.CANCELLED and (tells or told_by_staff):
        return now + _LATE_RESTS
    if told_by_staff:
        return max(account.held_until + _GRACE, now) - ASK_AFTER
    return now + _NOTICE_RESTS if tells else now


async def settle_open(context: Context) -> bool:
    """Settle open payments whose customer is gone; return whether there may be more of them."""
    now = clock.now()
    async with context.database.connection() as connection:
        order_ids = await open_payments(connection, until=now - ASK_AFTER, limit=_BATCH_MAX)
        orders = await orders_by_id(connection, order_ids)
        accounts = await accounts_of(connection, order_ids)
    slots = asyncio.Semaphore(_AT_ONCE_MAX)
    settled: list[UUID] = []

    async def settle(order_id: UUID) -> None:
        async with slots:
            try:
                await _settle_one(context, orders[order_id], accounts[order_id])
            except Exception as error:
                # One order whose provider is down must not keep the others waiting.
                if nobodys_fault(error):
                    log.warning("payment.unsettled", order_id=str(order_id), error=type(error).__name__)
                else:
                    await setbacks.note(context.database, "shop.settle", order_id, error)
                return
        settled.append(order_id)

    await asyncio.gather(*map(settle, order_ids))
    if order_ids:
        await setbacks.end(context.database, "shop.settle", settled)
        async with context.database.transaction() as connection:
            after = await accounts_of(connection, order_ids)
            await rest(connection, {order_id: rests(account, now) for order_id, account in after.items()})
    return len(order_ids) == _BATCH_MAX


async def receive_money(context: Context, receipt: NewReceipt) -> Received | ReceiptKeyReused:
    """Write down money that arrived; when its order is not to be sent any more, ask it back at once."""
    received = await context.batched(receive_money_many, receipt)
    if isinstance(received, Received) and receipt.order_id and received.state == OrderState.CANCELLED:
        await refund_cancelled(context, receipt.order_id)
    return received


async def _settle_one(context: Context, order: Order, account: OrderMoney) -> None:
    if to_refund(account):
        await refund_cancelled(context, order.id)
    if account.state != PaymentState.STARTED:
        return
    provider = await _known_provider(context, order.provider)
    if order.state == OrderState.CANCELLED and provider is not None:
        with suppress(Exception):  # the customer may still pay, and gets it back then
            await _in_time(context, provider.stop(order.id, account.data))
    word: ProviderWord | None = ProviderWord(PaymentOutcome.PENDING)
    if provider is not None:
        word = await _in_time(context, provider.look_up(order.id, account.data))
    if word is not None and await settle_by_word(context, account, word) is not None:
        return
    step = when_unpaid(order, pending=word is not None, now=clock.now())
    if step is not UnpaidStep.WAIT:
        cancellation = Cancellation(
            order.id,
            order_link(context, order.id),
            "payment_unfinished",
            may_still_arrive=step is UnpaidStep.CANCEL_AND_ASK,
        )
        await context.batched(cancel_unpaid_many, cancellation)
        if provider is not None:
            with suppress(Exception):
                await _in_time(context, provider.stop(order.id, account.data))
    if account.captured_minor and step is not UnpaidStep.WAIT:
        await refund_cancelled(context, order.id)


async def _known_provider(context: Context, name: str) -> Provider | None:
    """Return the provider, or None for one that is not set up any more: then its notices still count."""
    try:
        return await provider_of(context, name)
    except KeyError:
        return None


async def _in_time(context: Context, call: Awaitable[T]) -> T:
    async with asyncio.timeout(context.settings.payment_timeout_s):
        return await call


async def settle_by_word(context: Context, account: OrderMoney, word: ProviderWord) -> OrderStanding | None:
    """Settle the order by what the provider said; None while the provider does not know yet."""
    order_id, link = account.order_id, order_link(context, account.order_id)
    if word.outcome is PaymentOutcome.PENDING:
        return None
    if word.outcome is not PaymentOutcome.PAID:
        reason: CancelReason = (
            "payment_declined" if word.outcome is PaymentOutcome.DECLINED else "payment_unfinished"
        )
        return await context.batched(cancel_unpaid_many, Cancellation(order_id, link, reason))
    receipt = NewReceipt(
        derived_id("paid", order_id),
        order_id,
        account.provider,
        word.amount_minor or account.amount_minor,
        account.currency,
        word.reference or "",
        link=link,
    )
    received = await context.batched(receive_money_many, receipt)
    if isinstance(received, ReceiptKeyReused):
        log.error("payment.said_otherwise", order_id=str(order_id))
        return None
    standing = OrderStanding(order_id, received.state, received.payment_state, received.reason)
    if standing.state == OrderState.CANCELLED and standing.payment_state != PaymentState.REFUNDED:
        return await refund_cancelled(context, order_id)
    return standing
