"""The verbs of the ledger. Plural, idempotent, in the caller's transaction; locks in the order of ids.

Two verbs in one transaction lock in the order of the calls, and two such transactions can wait for each
other: put what belongs together into one call.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString
from uuid import UUID

import psycopg

from safar.capacity.decide import Decision, Endings, decide_endings, decide_holds
from safar.capacity.errors import BelowPromised
from safar.capacity.model import (
    Account,
    Balance,
    EndedHold,
    HoldOutcome,
    HoldRequest,
    HoldRow,
    HoldState,
)
from safar.journal.actions import append_many
from safar.journal.model import Event
from safar.kernel import clock
from safar.kernel.database import (
    Connection,
    as_array,
    as_json,
    execute,
    goes_past_locks,
    in_one_trip,
    rows,
    runs_again,
    send,
    tuples,
    value,
    values,
)
from safar.kernel.errors import Busy
from safar.kernel.queries import queries_beside

QUERIES = queries_beside(__file__)
EXPIRE_MAX = 500
_LOCK = QUERIES["lock_accounts_of_holds"]
# The event of each end.
_ENDED = {
    HoldState.CLAIMED: "hold.claimed",
    HoldState.RELEASED: "hold.released",
    HoldState.EXPIRED: "hold.expired",
}


@dataclass(frozen=True, slots=True)
class _Locked:
    id: int
    on_hand: int
    held: int
    backorder: int
    reserve: int


@dataclass(frozen=True, slots=True)
class AccountLimits:
    """How many units of an account are kept back, and how many may be promised beyond what is there."""

    account_id: int
    reserve: int = 0
    backorder: int = 0


@dataclass(frozen=True, slots=True)
class OnHandChange:
    """Add `quantity` (negative: take away) to what an account has on hand."""

    account_id: int
    quantity: int


@dataclass(frozen=True, slots=True)
class Extension:
    """Keep a live hold until `expires_at`; never shortens."""

    hold_id: UUID
    expires_at: datetime


async def open_account(connection: Connection, kind: str, key: str, *, backorder: int = 0) -> int:
    """Return the id of the account `kind`/`key`, opened empty if there was none."""
    params = {"kind": kind, "key": key, "backorder": backorder}
    return int(await value(connection, QUERIES["open_account"], params))


async def open_many(connection: Connection, kind: str, on_hand: Mapping[str, int]) -> dict[str, int]:
    """Return the ids of accounts by key; those that there were not are opened with these units on hand.

    Locks nothing that is there already, so that it can come before `hold_many` in one transaction.
    """
    records = [{"key": key, "on_hand": units} for key, units in on_hand.items()]
    await execute(connection, QUERIES["open_accounts"], {"kind": kind, "accounts": as_json(records)})
    return dict(await tuples(connection, QUERIES["account_ids"], {"kind": kind, "keys": list(on_hand)}))


async def accounts(connection: Connection, ids: Sequence[int]) -> dict[int, Account]:
    """Return accounts as they stand, without locking them."""
    existing = await rows(Account, connection, QUERIES["accounts"], {"ids": list(ids)})
    return {account.id: account for account in existing}


async def hold_many(connection: Connection, requests: Sequence[HoldRequest]) -> list[HoldOutcome]:
    """Hold units for each request, all of its lines or none, in order; the plural verb for a batcher.

    Repeating the id of a placed hold with the same lines gives the first answer again, however it has ended
    since. A refusal keeps nothing: a later call with its id is a new request. Placed and refused holds are
    events (`hold.placed`, `hold.refused`) with account ids and units in `lines`. An id that another
    transaction uses for other accounts at the same moment is waited for: a Mismatch once that is committed.
    """
    return await _place_many(connection, requests, HoldState.LIVE)


async def take_many(connection: Connection, requests: Sequence[HoldRequest]) -> list[HoldOutcome]:
    """Hold units and claim them in the same breath: as `hold_many`, for what needs no waiting.

    The holds are CLAIMED from the start, an event each (`hold.claimed`, or `hold.refused`).
    """
    return await _place_many(connection, requests, HoldState.CLAIMED)


async def _place_many(
    connection: Connection, requests: Sequence[HoldRequest], state: HoldState
) -> list[HoldOutcome]:
    now = clock.now()
    wanted = {account_id for request in requests for account_id in request.lines}
    lock = QUERIES["try_accounts" if goes_past_locks(connection) else "lock_accounts"]
    locked, known = await in_one_trip(
        connection,
        tuples(connection, lock, {"ids": list(wanted)}),
        _holds(connection, [request.hold_id for request in requests]),
    )
    balances = {id_: Balance(*figures) for id_, *figures in locked}
    if goes_past_locks(connection) and len(balances) < len(wanted):
        await _missing(connection, wanted - balances.keys(), requests)
    while True:
        decision = decide_holds(balances, known, requests)
        try:
            await _write_holds(connection, decision, state, now)
            return decision.outcomes
        except psycopg.errors.UniqueViolation:  # of other accounts, or our lock would have shown it to us
            await execute(connection, "ROLLBACK TO SAVEPOINT holds_written")
            before = len(known)
            known = await _holds(connection, [request.hold_id for request in requests])
            if len(known) <= before:
                raise


async def _missing(connection: Connection, ids: set[int], requests: Sequence[HoldRequest]) -> None:
    """Raise Busy with the holds that need accounts which others have locked, not those that are not there."""
    locked = (await accounts(connection, list(ids))).keys()
    if busy := frozenset(request.hold_id for request in requests if not locked.isdisjoint(request.lines)):
        raise Busy(busy)


async def _write_holds(connection: Connection, decision: Decision, state: HoldState, now: datetime) -> None:
    """Write holds, all or none: after a UniqueViolation the transaction goes on from its savepoint.

    Where it would be run again as a whole (`runs_again`), nobody waits here for the answer.
    """
    taken = state is HoldState.CLAIMED
    careful = not runs_again(connection)
    if careful:
        send(connection, "SAVEPOINT holds_written")
    if decision.placed:
        _insert(connection, decision.placed, state, now)
        if taken:
            gone = {account_id: -units for account_id, units in decision.held.items()}
            _change(connection, held={}, on_hand=gone)
        else:
            _change(connection, held=decision.held)
    name = "hold.claimed" if taken else "hold.placed"
    await append_many(
        connection,
        [_event(name, request, now) for request in decision.placed]
        + [_event("hold.refused", request, now) for request in decision.refused],
    )
    if careful:
        await execute(connection, "RELEASE SAVEPOINT holds_written")


async def lock_many(
    connection: Connection, account_ids: Iterable[int], hold_ids: Iterable[UUID] = ()
) -> None:
    """Lock accounts, and those of holds, in their order: for a decision made before units are held or end.

    On a connection that goes past locks those of others are left out: whoever then needs one raises Busy.
    """
    params = {"account_ids": list(account_ids), "hold_ids": list(hold_ids)}
    await execute(connection, QUERIES["try_both" if goes_past_locks(connection) else "lock_both"], params)


async def claim_many(connection: Connection, hold_ids: Sequence[UUID]) -> list[EndedHold]:
    """Take the held units for good. A hold that is due answers EXPIRED, whether or not it was swept."""
    return await _end_many(connection, hold_ids, HoldState.CLAIMED)


async def release_many(connection: Connection, hold_ids: Sequence[UUID]) -> list[EndedHold]:
    """Give the held units back."""
    return await _end_many(connection, hold_ids, HoldState.RELEASED)


async def due_holds(
    connection: Connection, *, after: tuple[datetime, UUID] | None = None, limit: int = EXPIRE_MAX
) -> list[tuple[datetime, UUID]]:
    """Return holds past their expiry as (expiry, id), the longest overdue first, those that rest left out."""
    params = {"now": clock.now(), "limit": limit, "after": after and after[0], "after_id": after and after[1]}
    return await tuples(connection, QUERIES["due_holds"], params)


async def expire_many(connection: Connection, hold_ids: Sequence[UUID]) -> list[EndedHold]:
    """End holds whose time has passed. Waits for nobody: one whose account is locked is left as it is."""
    return await _end_many(connection, hold_ids, HoldState.EXPIRED, query=QUERIES["try_accounts_of_holds"])


async def expire_due(connection: Connection, *, limit: int = EXPIRE_MAX) -> int:
    """Expire due holds in the caller's transaction; return how many were due."""
    hold_ids = [hold_id for _expires_at, hold_id in await due_holds(connection, limit=limit)]
    if hold_ids:
        await _end_many(connection, hold_ids, HoldState.EXPIRED)
    return len(hold_ids)


async def extend_many(connection: Connection, extensions: Sequence[Extension]) -> list[EndedHold]:
    """Keep live holds longer; the answer is LIVE with its new expiry, or how the hold had ended."""
    hold_ids = [extension.hold_id for extension in extensions]
    known = await _lock_holds(connection, hold_ids)
    longest: dict[UUID, Extension] = {}
    for extension in sorted(extensions, key=lambda extension: extension.expires_at):
        longest[extension.hold_id] = extension
    records = [{"id": id, "expires_at": e.expires_at} for id, e in longest.items() if id in known]
    params = {"extensions": as_json(records), "now": clock.now()}
    extended = await tuples(connection, QUERIES["extend_holds"], params)
    expiry: dict[UUID, datetime] = dict(extended)
    return [
        EndedHold(hold_id, HoldState.LIVE, True, expiry[hold_id])
        if hold_id in expiry
        else EndedHold(hold_id, _state_now(known.get(hold_id)))
        for hold_id in hold_ids
    ]


async def change_many(connection: Connection, changes: Sequence[OnHandChange]) -> list[Account]:
    """Change what accounts have on hand, all or nothing; return the accounts as they stand after it.

    Raises BelowPromised when an account would keep less than is held of it. The caller writes the fact
    (a stock move, a new site capacity) in the same transaction.
    """
    totals: dict[int, int] = {}
    for change in changes:
        totals[change.account_id] = totals.get(change.account_id, 0) + change.quantity
    balances = await _lock(connection, totals)
    for account_id, quantity in totals.items():
        removable = balances[account_id].removable
        if quantity < 0 and removable + quantity < 0:
            raise BelowPromised(free=max(removable, 0))
    _change(connection, held={}, on_hand=totals)
    return list((await accounts(connection, list(totals))).values())


async def set_limits_many(connection: Connection, limits: Sequence[AccountLimits]) -> None:
    """Set what is kept back and what may be promised beyond; a backorder in use is not cut below its use."""
    await _lock(connection, [limit.account_id for limit in limits])
    await execute(connection, QUERIES["set_limits"], {"limits": as_json(limits)})


async def recount_accounts(connection: Connection) -> list[Account]:
    """Return the accounts whose figures disagree with their holds; an empty answer is the invariant."""
    return await rows(Account, connection, QUERIES["recount"])


async def _end_many(
    connection: Connection, hold_ids: Sequence[UUID], ending: HoldState, *, query: LiteralString = _LOCK
) -> list[EndedHold]:
    now = clock.now()
    known = await _lock_holds(connection, hold_ids, query=query)
    endings = decide_endings(known, hold_ids, ending, now)
    if endings.ended:
        await _write_endings(connection, endings, ending, now)
    return endings.outcomes


async def _write_endings(connection: Connection, endings: Endings, ending: HoldState, now: datetime) -> None:
    ids = [row.id for row in endings.ended]
    send(connection, QUERIES["end_holds"], {"ids": ids, "state": ending.value, "now": now})
    _change(connection, held=endings.held, on_hand=endings.on_hand)
    await append_many(connection, [_event(_ENDED[ending], row, now) for row in endings.ended])


async def _lock(connection: Connection, ids: Iterable[int]) -> dict[int, Balance]:
    locked = await rows(_Locked, connection, QUERIES["lock_accounts"], {"ids": list(ids)})
    return {row.id: Balance(row.on_hand, row.held, row.backorder, row.reserve) for row in locked}


async def _lock_holds(
    connection: Connection, ids: Sequence[UUID], *, query: LiteralString = _LOCK
) -> dict[UUID, HoldRow]:
    """Lock the accounts of holds, then return the holds.

    A hold committed between the two is left out, as if we had asked a moment earlier: its accounts may not
    be locked.
    """
    lock = QUERIES["try_accounts_of_holds"] if goes_past_locks(connection) else query
    locked = set(await values(connection, lock, {"ids": list(ids)}))
    holds = await _holds(connection, ids)
    if goes_past_locks(connection):
        busy = frozenset(id_ for id_, hold in holds.items() if not locked.issuperset(hold.account_ids))
        if busy:
            raise Busy(busy)
    return {hold_id: hold for hold_id, hold in holds.items() if locked.issuperset(hold.account_ids)}


async def _holds(connection: Connection, ids: Sequence[UUID]) -> dict[UUID, HoldRow]:
    hold_rows = await rows(HoldRow, connection, QUERIES["holds"], {"ids": as_array(ids)})
    return {row.id: row for row in hold_rows}


def _state_now(row: HoldRow | None) -> HoldState | None:
    if row is None:
        return None
    return HoldState.EXPIRED if row.state == HoldState.LIVE else HoldState(row.state)


def _insert(connection: Connection, placed: Sequence[HoldRequest], state: HoldState, now: datetime) -> None:
    records = [
        {
            "id": request.hold_id,
            "account_ids": list(request.lines.keys()),
            "quantities": list(request.lines.values()),
            "purpose": request.purpose,
            "customer_id": request.customer_id,
            "campaign_id": request.campaign_id,
            "expires_at": request.expires_at,
        }
        # In the order of their ids: two batches with the same two never wait for each other in a circle.
        for request in sorted(placed, key=lambda request: request.hold_id)
    ]
    params = {
        "holds": as_json(records),
        "now": now,
        "state": state.value,
        "ended_at": None if state is HoldState.LIVE else now,
    }
    send(connection, QUERIES["insert_holds"], params)


def _change(
    connection: Connection, *, held: Mapping[int, int], on_hand: Mapping[int, int] | None = None
) -> None:
    on_hand = on_hand or {}
    changes = [
        {"id": account_id, "on_hand": on_hand.get(account_id, 0), "held": held.get(account_id, 0)}
        for account_id in held.keys() | on_hand.keys()
    ]
    params = {"ids": [change["id"] for change in changes], "changes": as_json(changes)}
    send(connection, QUERIES["change_accounts"], params)


def _event(name: str, hold: HoldRequest | HoldRow, now: datetime) -> Event:
    return Event(
        name=name,
        at=now,
        subject_id=hold.hold_id if isinstance(hold, HoldRequest) else hold.id,
        customer_id=hold.customer_id,
        campaign_id=hold.campaign_id,
        properties={"purpose": hold.purpose, "lines": [list(line) for line in hold.lines.items()]},
    )
