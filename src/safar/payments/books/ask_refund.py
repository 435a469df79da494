"""Asking for money to go back: in the books, never more than came in; `payments.refunds` carries it out."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from safar.journal.actions import append_many
from safar.journal.model import Event
from safar.kernel import clock
from safar.kernel.database import Connection, as_json, execute, rows
from safar.kernel.ids import derived_id
from safar.kernel.queries import queries_beside
from safar.payments.books.decide import first_state, plan_refunds, to_refund
from safar.payments.books.model import OrderMoney, Refund, RefundAnswer, RefundAsked, RefundRequest
from safar.payments.books.reading import lock_accounts

QUERIES = queries_beside(__file__)


async def refund_many(connection: Connection, requests: Sequence[RefundRequest]) -> list[RefundAnswer]:
    """Ask for money to go back: never more than came in, once for each id.

    A loop carries it out at the provider; where people paid by hand, people pay back by hand. Writes
    payment.refund_asked.
    """
    answers, events = await write_refunds(connection, requests)
    await append_many(connection, events)
    return answers


async def write_refunds(
    connection: Connection, requests: Sequence[RefundRequest]
) -> tuple[list[RefundAnswer], list[Event]]:
    """As `refund_many`, the events left to the caller, who has more to write before them."""
    accounts = await lock_accounts(connection, {request.order_id for request in requests})
    ids = [request.refund_id for request in requests]
    known = {refund.id: refund for refund in await rows(Refund, connection, QUERIES["refunds"], {"ids": ids})}
    answers, new = plan_refunds(requests, accounts, known)
    if new:
        records = [_record(request, accounts[request.order_id]) for request in new]
        params = {"refunds": as_json(records), "now": clock.now()}
        await execute(connection, QUERIES["insert_refunds"], params)
        await execute(connection, QUERIES["add_refunding"], {"added": as_json(sums(records))})
    return answers, [refund_event("payment.refund_asked", accounts[r.order_id], r, r.staff_id) for r in new]


async def refund_cancelled_many(connection: Connection, order_ids: Sequence[UUID]) -> list[bool]:
    """Ask back what nobody has asked back yet of orders that will never be sent; tell which there were."""
    accounts = await lock_accounts(connection, order_ids)
    requests = [
        RefundRequest(
            derived_id("give back", id_, account.refunding_minor),
            id_,
            owed,
            account.reason or "order_cancelled",
        )
        for id_, account in accounts.items()
        if (owed := to_refund(account)) > 0
    ]
    answers, events = await write_refunds(connection, requests) if requests else ([], [])
    await append_many(connection, events)
    asked = {
        request.order_id
        for request, answer in zip(requests, answers, strict=True)
        if isinstance(answer, RefundAsked)
    }
    return [order_id in asked for order_id in order_ids]


def _record(request: RefundRequest, account: OrderMoney) -> dict[str, Any]:
    return {
        "id": request.refund_id,
        "order_id": request.order_id,
        "provider": account.provider,
        "amount_minor": request.amount_minor,
        "currency": account.currency,
        "state": first_state(account.provider),
        "reason": request.reason,
        "staff_id": request.staff_id,
    }


def sums(records: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return one sum an order: an UPDATE ... FROM counts one row of each only."""
    sums: dict[UUID, int] = {}
    for record in records:
        sums[record["order_id"]] = sums.get(record["order_id"], 0) + record["amount_minor"]
    return [{"order_id": order_id, "amount_minor": amount} for order_id, amount in sums.items()]


def refund_event(
    name: str, account: OrderMoney, refund: Refund | RefundRequest, staff_id: UUID | None
) -> Event:
    return Event(
        name=name,
        customer_id=account.customer_id,
        campaign_id=account.campaign_id,
        staff_id=staff_id,
        subject_id=account.order_id,
        properties={
            "refund_id": refund.refund_id if isinstance(refund, RefundRequest) else refund.id,
            "amount_minor": refund.amount_minor,
            "currency": account.currency,
            "reason": refund.reason,
        },
    )
