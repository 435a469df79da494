"""What is kept of a charge that its provider has taken on, so that it can be paid, found and stopped."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from safar.channels.actions import queue_many
from safar.journal.actions import append_many
from safar.journal.model import Event
from safar.kernel.database import Connection, as_json, execute
from safar.kernel.queries import queries_beside
from safar.payments.books.mail import pay_mail
from safar.payments.books.model import OrderMoney
from safar.payments.books.names import TOLD
from safar.payments.books.reading import lock_accounts

QUERIES = queries_beside(__file__)


@dataclass(frozen=True, slots=True)
class StartedPayment:
    """What a provider said when it took a charge on; `link`: the order's page, for the mail."""

    order_id: UUID
    data: Mapping[str, Any]
    redirect: str | None
    expires_at: datetime | None
    rest_until: datetime | None
    link: str


async def keep_started_many(connection: Connection, started: Sequence[StartedPayment]) -> list[None]:
    """Keep what was said, and tell the customer how to pay where that needs telling. For a batcher.

    Writes payment.started once for each order.
    """
    accounts = await lock_accounts(connection, [payment.order_id for payment in started])
    records = [
        {
            "order_id": payment.order_id,
            "data": payment.data,
            "redirect": payment.redirect,
            "expires_at": payment.expires_at,
            "rest_until": payment.rest_until,
        }
        for payment in started
    ]
    await execute(connection, QUERIES["keep_started"], {"started": as_json(records)})
    known = [payment for payment in started if payment.order_id in accounts]
    new = {charge.order_id: charge for charge in known if not accounts[charge.order_id].data}
    mails = [
        pay_mail(replace(account, data=charge.data), charge.link, account.held_until)
        for order_id, charge in new.items()
        if (account := accounts[order_id]).provider in TOLD
    ]
    await queue_many(connection, mails)
    await append_many(connection, [_event(accounts[order_id]) for order_id in new])
    return [None] * len(started)


def _event(account: OrderMoney) -> Event:
    return Event(
        name="payment.started",
        customer_id=account.customer_id,
        campaign_id=account.campaign_id,
        subject_id=account.order_id,
        properties={"provider": account.provider},
    )
