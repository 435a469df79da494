"""A payment's start: its provider is asked for the money, outside every transaction."""

import asyncio
from dataclasses import replace

from safar.kernel import clock
from safar.kernel.context import Context
from safar.kernel.log import log
from safar.orders.changes import OrderStanding
from safar.orders.confirm import Confirmation, confirm_many
from safar.orders.links import link_back, link_shown, order_link
from safar.orders.model import OrderState, Taken
from safar.payments.books.model import OrderMoney
from safar.payments.books.reading import accounts_of
from safar.payments.books.started import StartedPayment, keep_started_many
from safar.payments.providers.port import CannotPay, Charge, PaymentOutcome, ProviderWord, StartedCharge
from safar.payments.settle import rests, settle_by_word
from safar.payments.ways import provider_of


async def pay(context: Context, taken: Taken) -> Taken:
    """Charge a placed order and settle it by the answer; return how the order stands then.

    When no answer comes in time the order stays PLACED and the recovery loop asks again.
    """
    if taken.state != OrderState.PLACED:
        return taken
    if taken.total_minor == 0:
        paid = Confirmation(taken.order_id, order_link(context, taken.order_id))
        return _as_taken(taken, await context.batched(confirm_many, paid))
    async with context.database.connection() as connection:
        account = (await accounts_of(connection, [taken.order_id]))[taken.order_id]
    standing = await start_payment(context, account)
    return taken if standing is None else _as_taken(taken, standing)


async def start_payment(context: Context, account: OrderMoney) -> OrderStanding | None:
    """Ask the provider of a placed order for the money; None while nothing is decided."""
    try:
        async with asyncio.timeout(context.settings.payment_timeout_s):
            started = await (await provider_of(context, account.provider)).start(_charge(context, account))
    except CannotPay:
        return await settle_by_word(context, account, ProviderWord(PaymentOutcome.DECLINED))
    except Exception as error:
        # Whatever went wrong on the way, the provider may have taken the money.
        log.warning("payment.no_answer", order_id=str(account.order_id), error=type(error).__name__)
        return None
    if started.data:
        await context.batched(keep_started_many, _stored(context, account, started))
    standing: OrderStanding | None = None
    for word in started.words:
        standing = await settle_by_word(context, account, word) or standing
    return standing


def _charge(context: Context, account: OrderMoney) -> Charge:
    """Return the same for the same order: a provider refuses another request under one key.

    So its links are made at the order's own moment, and they are no mailbox's: whoever pays sees them.
    """
    order_id, placed_at = account.order_id, account.placed_at
    return Charge(
        key=order_id,
        amount_minor=account.amount_minor,
        currency=account.currency,
        method=account.method,
        kept_until=account.held_until,
        number=account.number,
        email=account.email,
        language=account.language,
        link=link_shown(context, order_id, placed_at),
        back=link_back(context, order_id, placed_at),
    )


def _stored(context: Context, account: OrderMoney, started: StartedCharge) -> StartedPayment:
    return StartedPayment(
        account.order_id,
        started.data,
        started.redirect,
        started.expires_at,
        rests(account, clock.now()),
        order_link(context, account.order_id),
    )


def _as_taken(taken: Taken, standing: OrderStanding) -> Taken:
    return replace(
        taken,
        state=standing.state or taken.state,
        payment_state=standing.payment_state or taken.payment_state,
        reason=standing.reason,
    )
