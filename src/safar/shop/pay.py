"""Paying: outside every transaction; what the provider says is then written down, however late it comes."""

import asyncio
from collections.abc import Awaitable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID

from safar.kernel import clock, setbacks
from safar.kernel.context import Context
from safar.kernel.ids import derived_id
from safar.kernel.log import log
from safar.kernel.setbacks import nobodys_fault
from safar.shop.checkout import buy_many, place_many
from safar.shop.decide import OrderRequest, Unheard, when_unheard
from safar.shop.model import Answer, CancelReason, Order, OrderState, PaymentState, Taken
from safar.shop.orders import orders_by_id
from safar.shop.payments.asking import give_back_many
from safar.shop.payments.books import accounts_of, open_payments, rest
from safar.shop.payments.carry import carry_out_of
from safar.shop.payments.decide import TOLD, to_give_back
from safar.shop.payments.errors import WayNotOffered
from safar.shop.payments.links import link_back, link_of, link_shown, path_of, path_to_pay
from safar.shop.payments.model import Account, NewReceipt, ReceiptKeyReused, Received
from safar.shop.payments.port import CASH, STRIPE, CannotPay, Charge, Outcome, Provider, Said, Started
from safar.shop.payments.receive import receive_many
from safar.shop.payments.start import Kept, keep_started_many
from safar.shop.payments.ways import provider_of, serves, total_minor_max, total_minor_step, ways_of
from safar.shop.settle import Cancellation, Confirmation, Standing, cancel_many, confirm_many

__all__ = [
    "give_back", "link_of", "path_after", "path_of", "receive", "settle_open", "settle_said", "start",
    "take_order",
]  # fmt: skip

T = TypeVar("T")

_BATCH_MAX = 100
_LANES = 2  # an order takes about as long to decide as to write
_AT_ONCE_MAX = 10
# A provider is asked when its answer did not come in the time that the checkout waits for it, and some more.
ASK_AFTER = timedelta(seconds=15)
_GRACE = timedelta(minutes=1)
# Stripe tells of its own accord; asking is for the notice that got lost.
_STRIPE_RESTS = timedelta(seconds=45)
_LATE_RESTS = timedelta(minutes=30)


def path_after(context: Context, order_id: UUID, provider: str) -> str:
    """Return where a customer goes after ordering: to the provider's page, else to the order's."""
    return path_to_pay(context, order_id) if provider == STRIPE else path_of(context, order_id)


async def take_order(context: Context, request: OrderRequest) -> Answer:
    """Take one order: at once when it is paid on delivery, else placed, paid and settled.

    Raises WayNotOffered for a new order by a way that is switched off, or not for its currency or country.
    """
    await _set_way(context, request)
    if request.provider == CASH:
        return await context.batched(buy_many, request, lanes=_LANES)
    answer = await context.batched(place_many, request, lanes=_LANES)
    return await pay(context, answer) if isinstance(answer, Taken) else answer


async def _set_way(context: Context, request: OrderRequest) -> None:
    """Set what the way to pay allows; refuse one that is not offered."""
    way = (await ways_of(context)).get(request.provider)
    currency, own = request.currency or context.settings.currency, context.settings.currency
    if way is not None and serves(way, currency, request.country):
        request.total_minor_max = total_minor_max(way, currency, own)
        request.total_minor_step = total_minor_step(way, currency)
        return
    async with context.database.connection() as connection:
        known = await orders_by_id(connection, [request.order_id])
    if not known:  # else the same key is answered the same again
        raise WayNotOffered


async def pay(context: Context, taken: Taken) -> Taken:
    """Charge a placed order and settle it by the answer; return how the order stands then.

    When no answer comes in time the order stays PLACED and the recovery loop asks again.
    """
    if taken.state != OrderState.PLACED:
        return taken
    if taken.total_minor == 0:
        rule = context.settings.order_location_rule
        paid = Confirmation(taken.order_id, link_of(context, taken.order_id), location_rule=rule)
        return _as_taken(taken, await context.batched(confirm_many, paid))
    async with context.database.connection() as connection:
        account = (await accounts_of(connection, [taken.order_id]))[taken.order_id]
    standing = await start(context, account)
    return taken if standing is None else _as_taken(taken, standing)


async def start(context: Context, account: Account) -> Standing | None:
    """Ask the provider of a placed order for the money; None while nothing is decided."""
    try:
        async with asyncio.timeout(context.settings.payment_timeout_s):
            started = await (await provider_of(context, account.provider)).start(_charge(context, account))
    except CannotPay:
        return await settle_said(context, account, Said(Outcome.DECLINED))
    except Exception as error:
        # Whatever went wrong on the way, the provider may have taken the money.
        log.warning("payment.no_answer", order_id=str(account.order_id), error=type(error).__name__)
        return None
    if started.data:
        await context.batched(keep_started_many, _kept(context, account, started))
    standing: Standing | None = None
    for said in started.said:
        standing = await settle_said(context, account, said) or standing
    return standing


def _charge(context: Context, account: Account) -> Charge:
    """Return the same for the same order: a provider refuses another request under one key.

    So its links are made at the order's own moment, and they are no mailbox's: whoever pays sees them.
    """
    order_id, placed_at = account.order_id, account.placed_at
    return Charge(
        key=order_id, amount_minor=account.amount_minor, currency=account.currency,
        method=account.method, kept_until=account.held_until, number=account.number, email=account.email,
        language=account.language, link=link_shown(context, order_id, placed_at),
        back=link_back(context, order_id, placed_at),
    )  # fmt: skip


def _kept(context: Context, account: Account, started: Started) -> Kept:
    return Kept(
        account.order_id, started.data, started.redirect, started.expires_at, _rests(account, clock.now()),
        link_of(context, account.order_id),
    )  # fmt: skip


def _rests(account: Account, now: datetime) -> datetime:
    """Return until when the recovery loop need not look: nobody can be asked what a bank has not told."""
    if account.order_state == OrderState.CANCELLED and account.provider in (STRIPE, *TOLD):
        return now + _LATE_RESTS
    if account.provider in TOLD:
        return max(account.held_until + _GRACE, now) - ASK_AFTER
    return now + _STRIPE_RESTS if account.provider == STRIPE else now


async def settle_open(context: Context) -> bool:
    """Settle payments nobody waits for any more; return whether there may be more of them."""
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
            await rest(connection, {order_id: _rests(account, now) for order_id, account in after.items()})
    return len(order_ids) == _BATCH_MAX


async def give_back(context: Context, order_id: UUID, provider: str) -> Standing:
    """Refund what was paid for an order that was cancelled: at once where a provider does it.

    Where people paid by hand it becomes a task of the staff, and the payment stays OWED until it is done.
    """
    await context.batched(give_back_many, order_id)
    await carry_out_of(context, order_id)
    async with context.database.connection() as connection:
        account = (await accounts_of(connection, [order_id]))[order_id]
        order = (await orders_by_id(connection, [order_id]))[order_id]
    return Standing(order_id, account.order_state, account.state, order.reason)


async def receive(context: Context, receipt: NewReceipt) -> Received | ReceiptKeyReused:
    """Write down money that arrived; when its order is not to be sent any more, ask it back at once."""
    received = await context.batched(receive_many, receipt)
    if isinstance(received, Received) and receipt.order_id and received.state == OrderState.CANCELLED:
        await give_back(context, receipt.order_id, receipt.provider)
    return received


async def _settle_one(context: Context, order: Order, account: Account) -> None:
    if to_give_back(account):
        await give_back(context, order.id, order.provider)
    if account.state != PaymentState.STARTED:
        return
    provider = await _known_provider(context, order.provider)
    if order.state == OrderState.CANCELLED and provider is not None:
        with suppress(Exception):  # the customer may still pay, and gets it back then
            await _in_time(context, provider.stop(order.id, account.data))
    said: Said | None = Said(Outcome.PENDING)
    if provider is not None:
        said = await _in_time(context, provider.look_up(order.id, account.data))
    if said is not None and await settle_said(context, account, said) is not None:
        return
    step = when_unheard(order, pending=said is not None, now=clock.now())
    if step is not Unheard.WAIT:
        cancellation = Cancellation(
            order.id, link_of(context, order.id), "payment_unfinished",
            may_still_arrive=step is Unheard.CANCEL_AND_ASK,
        )  # fmt: skip
        await context.batched(cancel_many, cancellation)
        if provider is not None:
            with suppress(Exception):
                await _in_time(context, provider.stop(order.id, account.data))
    if account.captured_minor and step is not Unheard.WAIT:
        await give_back(context, order.id, order.provider)


async def _known_provider(context: Context, name: str) -> Provider | None:
    """Return the provider, or None for one that is not set up any more: then its notices still count."""
    try:
        return await provider_of(context, name)
    except KeyError:
        return None


async def _in_time(context: Context, call: Awaitable[T]) -> T:
    async with asyncio.timeout(context.settings.payment_timeout_s):
        return await call


async def settle_said(context: Context, account: Account, said: Said) -> Standing | None:
    """Write down what the provider said; None when it does not know yet."""
    order_id, link = account.order_id, link_of(context, account.order_id)
    if said.outcome is Outcome.PENDING:
        return None
    if said.outcome is not Outcome.PAID:
        reason: CancelReason = (
            "payment_declined" if said.outcome is Outcome.DECLINED else "payment_unfinished"
        )
        return await context.batched(cancel_many, Cancellation(order_id, link, reason))
    receipt = NewReceipt(
        derived_id("paid", order_id), order_id, account.provider, said.amount_minor or account.amount_minor,
        account.currency, said.reference or "", link=link,
        location_rule=context.settings.order_location_rule,
    )  # fmt: skip
    received = await context.batched(receive_many, receipt)
    if isinstance(received, ReceiptKeyReused):
        log.error("payment.said_otherwise", order_id=str(order_id))
        return None
    standing = Standing(order_id, received.state, received.payment_state, received.reason)
    if standing.state == OrderState.CANCELLED and standing.payment_state != PaymentState.REFUNDED:
        return await give_back(context, order_id, account.provider)
    return standing


def _as_taken(taken: Taken, standing: Standing) -> Taken:
    return replace(
        taken, state=standing.state or taken.state,
        payment_state=standing.payment_state or taken.payment_state, reason=standing.reason,
    )  # fmt: skip
