"""Money that comes in: it counts once, pays its order when it is enough, goes back when it is not owed."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from safar.channels.actions import queue_many
from safar.channels.model import Outgoing
from safar.journal.actions import append_many
from safar.journal.model import Event
from safar.kernel import clock
from safar.kernel.database import Connection, as_json, execute, row, rows
from safar.kernel.ids import derived_id
from safar.kernel.queries import queries_beside
from safar.orders.changes import OrderStanding
from safar.orders.confirm import Confirmation, confirm_many
from safar.orders.model import OrderState
from safar.payments.books.ask_refund import write_refunds
from safar.payments.books.decide import missing, newly_over, same_receipt, with_captured
from safar.payments.books.mail import short_mail
from safar.payments.books.model import (
    NewReceipt,
    OrderMoney,
    Receipt,
    ReceiptKeyReused,
    Received,
    RefundRequest,
)
from safar.payments.books.reading import lock_accounts

QUERIES = queries_beside(__file__)


async def receive_money_many(
    connection: Connection, receipts: Sequence[NewReceipt]
) -> list[Received | ReceiptKeyReused]:
    """Write down money that arrived, and confirm the orders that are paid in full by it.

    Too little: the order goes on waiting, and its customer is told what is missing. Too much: the rest is
    asked to go back. For an order that was cancelled the payment is OWED, for `payments.refunds`. Writes
    payment.received, and what `confirm_many` writes.
    """
    accounts = await lock_accounts(connection, {r.order_id for r in receipts if r.order_id})
    before = await rows(Receipt, connection, QUERIES["receipts"], {"ids": [r.id for r in receipts]})
    known: dict[UUID, Receipt | NewReceipt] = {receipt.id: receipt for receipt in before}
    fresh: dict[UUID, NewReceipt] = {}
    for receipt in receipts:
        if receipt.id not in known:
            known[receipt.id] = fresh[receipt.id] = receipt
    await _insert(connection, list(fresh.values()))
    return await _book(connection, receipts, known, fresh, accounts)


async def give_to_order(
    connection: Connection,
    receipt_id: UUID,
    order_id: UUID,
    *,
    link: str,
    staff_id: UUID,
) -> Received | None:
    """Say what money is for of which nobody knew; None when that is settled, or it is another currency."""
    accounts = await lock_accounts(connection, [order_id])
    receipt = await row(Receipt, connection, QUERIES["lock_unknown_receipt"], {"id": receipt_id})
    account = accounts.get(order_id)
    if receipt is None or account is None or receipt.currency != account.currency:
        return None
    await execute(connection, QUERIES["give_receipt"], {"id": receipt_id, "order_id": order_id})
    new = NewReceipt(
        receipt_id,
        order_id,
        receipt.provider,
        receipt.amount_minor,
        receipt.currency,
        receipt.reference,
        receipt.named,
        link,
        staff_id,
    )
    booked = await _book(connection, [new], {receipt_id: new}, {receipt_id: new}, accounts)
    return booked[0] if isinstance(booked[0], Received) else None


async def close_receipt(connection: Connection, receipt_id: UUID, *, note: str, staff_id: UUID) -> bool:
    """Write down that money nobody knows was dealt with in another way: given back, or not for this shop."""
    params = {"id": receipt_id, "note": note, "staff_id": staff_id, "now": clock.now()}
    closed = await execute(connection, QUERIES["close_receipt"], params) > 0
    if closed:
        event = Event(
            name="payment.receipt_closed", staff_id=staff_id, subject_id=receipt_id, properties={"note": note}
        )
        await append_many(connection, [event])
    return closed


async def _insert(connection: Connection, receipts: Sequence[NewReceipt]) -> None:
    if receipts:
        params = {"receipts": as_json(receipts), "now": clock.now()}
        await execute(connection, QUERIES["insert_receipts"], params)


async def _book(
    connection: Connection,
    receipts: Sequence[NewReceipt],
    known: Mapping[UUID, Receipt | NewReceipt],
    fresh: Mapping[UUID, NewReceipt],
    accounts: dict[UUID, OrderMoney],
) -> list[Received | ReceiptKeyReused]:
    """Count what is fresh, settle its orders, and answer every receipt."""
    over = {receipt.id: _count(receipt, accounts) for receipt in fresh.values() if receipt.order_id}
    events = await _write(connection, fresh, over)
    paid = [
        Confirmation(receipt.order_id, receipt.link, receipt.reference or None)
        for receipt in fresh.values()
        if receipt.order_id and not missing(accounts[receipt.order_id])
    ]
    confirmed = await confirm_many(connection, paid) if paid else []
    standings = {standing.order_id: standing for standing in confirmed}
    events += [_event(receipt, accounts) for receipt in fresh.values()]
    await queue_many(connection, _mails(fresh, accounts))
    await append_many(connection, events)
    answered: set[UUID] = set()
    answers: list[Received | ReceiptKeyReused] = []
    for receipt in receipts:
        replayed = receipt.id not in fresh or receipt.id in answered
        answered.add(receipt.id)
        answers.append(_answer(receipt, known[receipt.id], accounts, standings, over, replayed=replayed))
    return answers


def _count(receipt: NewReceipt, accounts: dict[UUID, OrderMoney]) -> int:
    """Add the receipt to its account; return how much of it is over."""
    assert receipt.order_id is not None
    account = accounts[receipt.order_id]
    accounts[receipt.order_id] = with_captured(account, receipt.amount_minor)
    return newly_over(account, arrived_minor=receipt.amount_minor)


async def _write(
    connection: Connection, fresh: Mapping[UUID, NewReceipt], over: Mapping[UUID, int]
) -> list[Event]:
    """Write what was captured and ask back what is over; the events are told after everything is locked."""
    captured: dict[UUID, int] = {}
    for receipt in fresh.values():
        if receipt.order_id:
            captured[receipt.order_id] = captured.get(receipt.order_id, 0) + receipt.amount_minor
    if not captured:
        return []
    records = [{"order_id": id_, "amount_minor": amount} for id_, amount in captured.items()]
    await execute(connection, QUERIES["capture"], {"captured": as_json(records)})
    requests = [
        RefundRequest(derived_id("over", id_), order_id, amount, "paid_too_much")
        for id_, amount in over.items()
        if amount and (order_id := fresh[id_].order_id)
    ]
    if not requests:
        return []
    _answers, events = await write_refunds(connection, requests)
    return events


def _mails(fresh: Mapping[UUID, NewReceipt], accounts: Mapping[UUID, OrderMoney]) -> list[Outgoing]:
    return [
        short_mail(
            account,
            receipt.id,
            came_minor=account.captured_minor,
            missing_minor=missing(account),
            link=receipt.link,
        )
        for receipt in fresh.values()
        if receipt.order_id
        and missing(account := accounts[receipt.order_id])
        and account.order_state == OrderState.PLACED
    ]


def _answer(
    receipt: NewReceipt,
    before: Receipt | NewReceipt,
    accounts: Mapping[UUID, OrderMoney],
    standings: Mapping[UUID, OrderStanding],
    over: Mapping[UUID, int],
    *,
    replayed: bool,
) -> Received | ReceiptKeyReused:
    if not same_receipt(receipt, before):
        return ReceiptKeyReused(receipt.id)
    account = accounts.get(receipt.order_id) if receipt.order_id else None
    if account is None:
        return Received(receipt.id, None, None, replayed=replayed)
    standing = standings.get(account.order_id)
    return Received(
        receipt.id,
        standing.state if standing else account.order_state,
        standing.payment_state if standing else account.state,
        standing.reason if standing else None,
        missing(account),
        over.get(receipt.id, 0),
        replayed,
    )


def _event(receipt: NewReceipt, accounts: Mapping[UUID, OrderMoney]) -> Event:
    account = accounts.get(receipt.order_id) if receipt.order_id else None
    return Event(
        name="payment.received",
        customer_id=account.customer_id if account else None,
        campaign_id=account.campaign_id if account else None,
        staff_id=receipt.staff_id,
        subject_id=receipt.order_id,
        properties={
            "receipt_id": receipt.id,
            "provider": receipt.provider,
            "amount_minor": receipt.amount_minor,
            "currency": receipt.currency,
            "missing_minor": missing(account) if account else None,
        },
    )
