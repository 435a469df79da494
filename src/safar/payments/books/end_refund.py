"""Money that goes back: asked for in the books first, then carried out by its provider or by people."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from safar.channels.actions import queue_many
from safar.journal.actions import append_many
from safar.kernel import clock
from safar.kernel.database import Connection, as_json, execute, rows
from safar.kernel.queries import queries_beside
from safar.orders.model import PaymentState
from safar.orders.refunded import Refunded, refunded_many
from safar.payments.books.ask_refund import refund_event, sums, write_refunds
from safar.payments.books.decide import ends, held_money
from safar.payments.books.mail import refund_mail
from safar.payments.books.model import DueRefund, Ending, NotedRefund, OrderMoney, Refund, RefundAsked
from safar.payments.books.reading import lock_accounts

QUERIES = queries_beside(__file__)
_TAKEN_FOR = timedelta(minutes=1)
_AT_ONCE_MAX = 20


async def note_many(connection: Connection, noted: Sequence[NotedRefund]) -> list[bool]:
    """Write down money that has gone back already; False when it is more than ever came in."""
    answers, events = await write_refunds(connection, [refund.request for refund in noted])
    taken = [isinstance(answer, RefundAsked) for answer in answers]
    endings = [
        Ending(note.request.refund_id, "done", note.link, note.reference)
        for note, is_taken in zip(noted, taken, strict=True)
        if is_taken
    ]
    await end_refunds_many(connection, endings)
    await append_many(connection, events)
    return taken


async def end_refunds_many(connection: Connection, endings: Sequence[Ending]) -> list[bool]:
    """Write down that refunds were carried out, or that their provider refuses; tell which were open.

    Writes payment.refunded or payment.refund_failed, and the mail that tells.
    """
    asked = {ending.refund_id: ending for ending in reversed(endings)}
    ids = {"ids": list(asked)}
    orders = {refund.order_id for refund in await rows(Refund, connection, QUERIES["refunds"], ids)}
    accounts = await lock_accounts(connection, orders)
    refunds = {refund.id: refund for refund in await rows(Refund, connection, QUERIES["refunds"], ids)}
    changed = [refund for refund in refunds.values() if ends(refund.state, asked[refund.id].state)]
    if changed:
        await _write_endings(connection, changed, asked)
    await _tell(connection, changed, asked, accounts)
    return [any(refund.id == ending.refund_id for refund in changed) for ending in endings]


async def _write_endings(
    connection: Connection, changed: Sequence[Refund], asked: Mapping[UUID, Ending]
) -> None:
    """Write the endings down; money that came back to the provider after all is owed again."""
    now = clock.now()
    ended = [{"id": refund.id, **_ending(asked[refund.id])} for refund in changed]
    await execute(connection, QUERIES["end_refunds"], {"ended": as_json(ended), "now": now})
    went = [refund for refund in changed if asked[refund.id].state == "done"]
    bounced = [refund for refund in changed if refund.state == "done"]
    back = [{**record, "amount_minor": -record["amount_minor"]} for record in _records(bounced)]
    changed_sums = sums([*_records(went), *back])
    await execute(connection, QUERIES["add_refunded"], {"added": as_json(changed_sums)})
    if bounced:
        params = {"ids": sorted({refund.order_id for refund in bounced}), "now": now}
        await execute(connection, QUERIES["not_refunded_after_all"], params)


async def _tell(
    connection: Connection,
    changed: Sequence[Refund],
    asked: dict[UUID, Ending],
    accounts: dict[UUID, OrderMoney],
) -> None:
    """Tell of refunds that ended: an order that was cancelled has its own words for all of its money."""
    done = [refund for refund in changed if asked[refund.id].state == "done"]
    owed = {id_ for id_, account in accounts.items() if account.state == PaymentState.OWED}
    back = {refund.order_id: asked[refund.id].link for refund in done if refund.order_id in owed}
    whole = await _given_back(connection, back)
    others = [refund for refund in done if refund.order_id not in whole]
    params = {"ids": sorted({refund.order_id for refund in others}), "now": clock.now()}
    await execute(connection, QUERIES["all_refunded"], params)
    await queue_many(
        connection,
        [
            refund_mail(accounts[refund.order_id], refund.id, refund.amount_minor, asked[refund.id].link)
            for refund in others
        ],
    )
    await refunded_many(connection, [Refunded(order_id, back[order_id]) for order_id in whole])
    events = [
        refund_event("payment.refunded", accounts[r.order_id], r, asked[r.id].staff_id) for r in others
    ] + [
        refund_event("payment.refund_failed", accounts[r.order_id], r, None)
        for r in changed
        if asked[r.id].state == "failed"
    ]
    await append_many(connection, events)


async def _given_back(connection: Connection, order_ids: dict[UUID, str]) -> list[UUID]:
    """Return those of the orders that are owed nothing any more."""
    accounts = await lock_accounts(connection, order_ids)
    return sorted(id_ for id_, account in accounts.items() if account.refunded_minor >= held_money(account))


async def take_due_refunds(connection: Connection) -> list[DueRefund]:
    """Take refunds that are to be carried out now; another worker takes them again when this one dies."""
    now = clock.now()
    params = {"now": now, "again": now + _TAKEN_FOR, "limit": _AT_ONCE_MAX}
    return await rows(DueRefund, connection, QUERIES["take_due_refunds"], params)


async def take_of(connection: Connection, order_id: UUID) -> list[DueRefund]:
    """Take the refunds of one order that nobody has tried yet."""
    params = {"order_id": order_id, "again": clock.now() + _TAKEN_FOR}
    return await rows(DueRefund, connection, QUERIES["take_refunds_of"], params)


async def retry_refund(connection: Connection, refund_id: UUID) -> bool:
    """Ask the provider again for a refund that it refused."""
    return await execute(connection, QUERIES["retry_refund"], {"id": refund_id, "now": clock.now()}) > 0


async def postpone(
    connection: Connection, refund: DueRefund, *, pause: timedelta, problem: str | None, reference: str | None
) -> None:
    """Try this refund again after the pause."""
    record = {
        "id": refund.id,
        "next_try_at": clock.now() + pause,
        "problem": problem,
        "reference": reference,
    }
    await execute(connection, QUERIES["postpone_refunds"], {"postponed": as_json([record])})


def _records(refunds: Sequence[Refund]) -> list[dict[str, Any]]:
    return [{"order_id": refund.order_id, "amount_minor": refund.amount_minor} for refund in refunds]


def _ending(ending: Ending) -> dict[str, Any]:
    return {
        "state": ending.state,
        "reference": ending.reference,
        "problem": ending.problem,
        "staff_id": ending.staff_id,
    }
