"""Credits: what exchanges are paid with. The money stays where it was paid; the credit says what it pays for.

The money behind an order's goods is its own, and what other orders' money pays of it. Whatever becomes of the
goods (returned, exchanged again, never sent), the money behind them goes the same way: back, or on.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from safar.journal.actions import append_many
from safar.kernel.database import Connection, as_json, execute, rows
from safar.kernel.ids import derived_id
from safar.kernel.queries import queries_beside
from safar.payments.books.ask_refund import write_refunds
from safar.payments.books.decide import Fund, own_money, refundable, split_by_fund
from safar.payments.books.model import OrderMoney, RefundAsked, RefundRequest
from safar.payments.books.reading import lock_accounts

QUERIES = queries_beside(__file__)


@dataclass(frozen=True, slots=True)
class _Credit:
    order_id: UUID
    from_order_id: UUID
    left_minor: int


@dataclass(frozen=True, slots=True)
class Purse:
    """The money behind an order's goods, in the order in which it is used: paid, or due on delivery."""

    order_id: UUID
    currency: str
    funds: tuple[Fund, ...]

    @property
    def total_minor(self) -> int:
        return sum(fund.left_minor for fund in self.funds)

    @property
    def credit_minor(self) -> int:
        return sum(fund.left_minor for fund in self.funds if fund.order_id != self.order_id)


@dataclass(frozen=True, slots=True)
class MoneyBack:
    """`refunded_minor` goes back; `waived_minor` was due and need not be paid any more."""

    refund_id: UUID | None
    refunded_minor: int
    waived_minor: int


async def purses_of(connection: Connection, order_ids: Iterable[UUID]) -> dict[UUID, Purse]:
    """Return the money behind these orders, under the lock of all that it lies at."""
    ids = list(order_ids)
    credits = await rows(_Credit, connection, QUERIES["credits"], {"ids": ids})
    accounts = await lock_accounts(connection, ids)
    return {id_: _purse(accounts[id_], credits) for id_ in ids if id_ in accounts}


async def money_back_of(
    connection: Connection, purse: Purse, amount_minor: int, *, key: UUID, reason: str, staff_id: UUID | None
) -> MoneyBack:
    """Ask so much of an order's money to go back, each part where it was paid.

    What is still due there is not asked for any more instead. `amount_minor` is at most what the purse has.
    `key`: what it is for; it names the refunds.
    """
    parts = split_by_fund(amount_minor, purse.funds)
    await _free(connection, purse.order_id, parts)
    accounts = await lock_accounts(connection, [fund.order_id for fund in parts])
    requests: list[RefundRequest] = []
    waived = 0
    for fund in parts:
        paid = min(fund.left_minor, refundable(accounts[fund.order_id]))
        if paid:
            refund_id = derived_id("part back", key, fund.order_id)
            requests.append(RefundRequest(refund_id, fund.order_id, paid, reason, staff_id))
        if paid < fund.left_minor:
            unpaid = fund.left_minor - paid
            waived += unpaid
            await execute(connection, QUERIES["waive"], {"id": fund.order_id, "amount": unpaid})
    answers, events = await write_refunds(connection, requests) if requests else ([], [])
    if not all(isinstance(answer, RefundAsked) for answer in answers):
        raise RuntimeError(f"the purse of order {purse.order_id} has less than it said")
    await append_many(connection, events)
    refunded = sum(request.amount_minor for request in requests)
    return MoneyBack(requests[0].refund_id if requests else None, refunded, waived)


async def carry_on(connection: Connection, purse: Purse, new_order_id: UUID, amount_minor: int) -> None:
    """Let so much of an order's money pay for a new order, which is written: at most what the purse has."""
    parts = split_by_fund(amount_minor, purse.funds)
    if not parts:
        return
    await _free(connection, purse.order_id, parts)
    records = [
        {"order_id": new_order_id, "from_order_id": fund.order_id, "amount_minor": fund.left_minor}
        for fund in parts
    ]
    await execute(connection, QUERIES["add_credits"], {"parts": as_json(records)})
    await _carried(connection, [(fund.order_id, fund.left_minor) for fund in parts])


async def hand_credit_back(connection: Connection, purse: Purse, amount_minor: int, *, to: UUID) -> None:
    """Hand so much of an order's credits back to the order whose goods they came with."""
    credits = [fund for fund in purse.funds if fund.order_id != purse.order_id]
    parts = split_by_fund(min(amount_minor, purse.credit_minor), credits)
    await _free(connection, purse.order_id, parts)
    # What that order was paid with itself lies at yet another one, and pays for its goods again.
    await _free(connection, to, [Fund(fund.order_id, -fund.left_minor) for fund in parts])


async def ask_after_all(connection: Connection, order_id: UUID, amount_minor: int) -> bool:
    """Let what a credit was to pay be paid on delivery; False when the order is paid or ended already."""
    params = {"id": order_id, "amount": amount_minor}
    return await execute(connection, QUERIES["ask_after_all"], params) > 0


def _purse(account: OrderMoney, credits: Sequence[_Credit]) -> Purse:
    funds = [
        Fund(credit.from_order_id, credit.left_minor)
        for credit in credits
        if credit.order_id == account.order_id
    ]
    if own := own_money(account):
        funds.append(Fund(account.order_id, own))
    return Purse(account.order_id, account.currency, tuple(funds))


async def _free(connection: Connection, order_id: UUID, parts: Sequence[Fund]) -> None:
    """Take these parts out of an order's credits; its own money is where it is."""
    others = [fund for fund in parts if fund.order_id != order_id]
    if others:
        records = [
            {"order_id": order_id, "from_order_id": fund.order_id, "amount_minor": fund.left_minor}
            for fund in others
        ]
        await execute(connection, QUERIES["free_credits"], {"parts": as_json(records)})
        await _carried(connection, [(fund.order_id, -fund.left_minor) for fund in others])


async def _carried(connection: Connection, sums: Sequence[tuple[UUID, int]]) -> None:
    records: list[Mapping[str, Any]] = [{"order_id": id_, "amount_minor": amount} for id_, amount in sums]
    await execute(connection, QUERIES["add_carried"], {"parts": as_json(records)})
