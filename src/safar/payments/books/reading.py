"""Reading the money of orders, and the notes that the recovery loop keeps on it."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from uuid import UUID

from safar.kernel import clock
from safar.kernel.database import Connection, as_json, execute, row, rows, values
from safar.kernel.queries import queries_beside
from safar.payments.books.model import MoneyEntry, Notice, OrderMoney, Receipt, Refund, RefundTask

QUERIES = queries_beside(__file__)
_LISTED_MAX = 200
# A provider that failed so often is something for people to look into.
_TRIES_TOLD = 4


async def accounts_of(connection: Connection, order_ids: Iterable[UUID]) -> dict[UUID, OrderMoney]:
    money_rows = await rows(OrderMoney, connection, QUERIES["accounts"], {"ids": list(order_ids)})
    return {account.order_id: account for account in money_rows}


async def lock_accounts(connection: Connection, order_ids: Iterable[UUID]) -> dict[UUID, OrderMoney]:
    """Return the money of these orders, which nobody else changes until the transaction ends."""
    money_rows = await rows(OrderMoney, connection, QUERIES["lock_accounts"], {"ids": list(set(order_ids))})
    return {account.order_id: account for account in money_rows}


async def open_payments(connection: Connection, *, until: datetime, limit: int) -> list[UUID]:
    """Return orders whose money is open and was not looked at since `until`."""
    params = {"until": until, "limit": limit, "now": clock.now()}
    return await values(connection, QUERIES["open_payments"], params)


async def rest(connection: Connection, until: Mapping[UUID, datetime]) -> None:
    """Leave these payments alone until then."""
    await lock_accounts(connection, until)
    rests = [{"order_id": order_id, "until": at} for order_id, at in until.items()]
    await execute(connection, QUERIES["rest"], {"rests": as_json(rests)})


async def receipts_of(connection: Connection, order_id: UUID) -> list[Receipt]:
    return await rows(Receipt, connection, QUERIES["receipts_of"], {"order_id": order_id})


async def receipt_of(connection: Connection, receipt_id: UUID) -> Receipt | None:
    return await row(Receipt, connection, QUERIES["receipts"], {"ids": [receipt_id]})


async def refunds_of(connection: Connection, order_id: UUID) -> list[Refund]:
    return await rows(Refund, connection, QUERIES["refunds_of"], {"order_id": order_id})


async def refund_of(connection: Connection, refund_id: UUID) -> Refund | None:
    return await row(Refund, connection, QUERIES["refunds"], {"ids": [refund_id]})


async def unknown_receipts(connection: Connection) -> list[Receipt]:
    """Return the money of which nobody knows what it is for, the oldest first."""
    return await rows(Receipt, connection, QUERIES["unknown_receipts"], {"limit": _LISTED_MAX})


async def waiting_by_hand(connection: Connection, providers: Iterable[str]) -> list[OrderMoney]:
    """Return orders whose money somebody has to look for in the bank account, the most urgent first."""
    params = {"providers": list(providers), "limit": _LISTED_MAX}
    return await rows(OrderMoney, connection, QUERIES["waiting_by_hand"], params)


async def refund_tasks(connection: Connection) -> list[RefundTask]:
    """Return refunds that people have to carry out, or that do not get through, the oldest first."""
    params = {"limit": _LISTED_MAX, "tries": _TRIES_TOLD}
    return await rows(RefundTask, connection, QUERIES["refund_tasks"], params)


async def notices(connection: Connection, *, limit: int = 30) -> list[Notice]:
    return await rows(Notice, connection, QUERIES["notices"], {"limit": limit})


async def keep_notice(
    connection: Connection, provider: str, external_id: str, kind: str, *, order_id: UUID | None, outcome: str
) -> None:
    """Note what a provider told us of its own accord; told again, it is counted."""
    params = {
        "provider": provider,
        "external_id": external_id[:200],
        "kind": kind[:100],
        "order_id": order_id,
        "outcome": outcome,
        "now": clock.now(),
    }
    await execute(connection, QUERIES["hear"], params)


async def money_entries(
    connection: Connection, first: datetime, end: datetime, *, after: tuple[datetime, UUID], limit: int
) -> list[MoneyEntry]:
    """Return what came in and went back from `first` to before `end`, oldest first, behind (at, id)."""
    params = {"first": first, "end": end, "after_at": after[0], "after_id": after[1], "limit": limit}
    return await rows(MoneyEntry, connection, QUERIES["entries"], params)
