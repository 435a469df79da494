"""The ledger's decisions, without I/O: what a batch of requests does to the accounts.

Everything here takes the figures of locked accounts and returns outcomes, in the order of arrival.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from safar.capacity.model import (
    Balance,
    EndedHold,
    Held,
    HoldOutcome,
    HoldRequest,
    HoldRow,
    HoldState,
    Mismatch,
    Refused,
)


@dataclass(slots=True)
class Decision:
    """What to write: the outcomes in order, the requests newly held, and the change of each account."""

    outcomes: list[HoldOutcome] = field(default_factory=list)
    placed: list[HoldRequest] = field(default_factory=list)
    refused: list[HoldRequest] = field(default_factory=list)
    held: dict[int, int] = field(default_factory=dict)


def decide_holds(
    balances: Mapping[int, Balance], known: Mapping[UUID, HoldRow], requests: Sequence[HoldRequest]
) -> Decision:
    """Grant each request all of its lines or none, first come, first served.

    `known` are the holds that already exist under the requests' ids: the same lines for the same purpose
    replay the first answer, others are a Mismatch. An account that does not exist has nothing.
    """
    decision = Decision()
    seen: dict[UUID, tuple[Mapping[int, int], HoldOutcome]] = {}
    for request in requests:
        hold_id = request.hold_id
        outcome: HoldOutcome | None = None
        if hold_id in known or hold_id in seen:
            outcome = _replay(known.get(hold_id), seen.get(hold_id), request)
        if outcome is None:
            outcome = _grant(balances, decision, request)
            seen[hold_id] = (request.lines, outcome)
        decision.outcomes.append(outcome)
    return decision


def _replay(
    row: HoldRow | None, earlier: tuple[Mapping[int, int], HoldOutcome] | None, request: HoldRequest
) -> HoldOutcome | None:
    if row is not None:
        if row.lines != dict(request.lines) or row.purpose != request.purpose:
            return Mismatch(request.hold_id)
        return Held(row.id, row.expires_at, replayed=True)
    if earlier is not None:
        lines, outcome = earlier
        if dict(lines) != dict(request.lines):
            return Mismatch(request.hold_id)
        if isinstance(outcome, Held):
            return Held(outcome.hold_id, outcome.expires_at, replayed=True)
        return outcome
    return None


def _grant(balances: Mapping[int, Balance], decision: Decision, request: HoldRequest) -> HoldOutcome:
    held = decision.held
    short = {}
    for account_id, quantity in request.lines.items():
        balance = balances.get(account_id)
        left = balance.available - held.get(account_id, 0) if balance else 0
        if quantity > left:
            short[account_id] = left
    if short:
        decision.refused.append(request)
        return Refused(request.hold_id, short)
    for account_id, quantity in request.lines.items():
        held[account_id] = held.get(account_id, 0) + quantity
    decision.placed.append(request)
    return Held(request.hold_id, request.expires_at)


@dataclass(slots=True)
class Endings:
    """What to write: outcomes in order, the holds that end, and the change of each account's figures."""

    outcomes: list[EndedHold] = field(default_factory=list)
    ended: list[HoldRow] = field(default_factory=list)
    held: dict[int, int] = field(default_factory=dict)
    on_hand: dict[int, int] = field(default_factory=dict)


def decide_endings(
    rows: Mapping[UUID, HoldRow], hold_ids: Iterable[UUID], ending: HoldState, now: datetime
) -> Endings:
    """End each live hold as `ending`; one that ended before keeps its end.

    A claim needs the hold unexpired at `now`; an expiry needs it due; a release may come at any time while
    it is live. Only a claim takes units away for good (on_hand); every ending frees what was held.
    """
    endings = Endings()
    states: dict[UUID, HoldState] = {}
    for hold_id in hold_ids:
        row = rows.get(hold_id)
        if row is None:
            endings.outcomes.append(EndedHold(hold_id, None))
            continue
        state = states.get(hold_id, HoldState(row.state))
        due = row.expires_at <= now
        if state is not HoldState.LIVE:
            endings.outcomes.append(EndedHold(hold_id, state))
        elif ending is HoldState.CLAIMED and due:
            endings.outcomes.append(EndedHold(hold_id, HoldState.EXPIRED))
        elif ending is HoldState.EXPIRED and not due:
            endings.outcomes.append(EndedHold(hold_id, HoldState.LIVE, expires_at=row.expires_at))
        else:
            states[hold_id] = ending
            _end(endings, row, ending)
            endings.outcomes.append(EndedHold(hold_id, ending, changed=True))
    return endings


def _end(endings: Endings, row: HoldRow, ending: HoldState) -> None:
    endings.ended.append(row)
    for account_id, quantity in row.lines.items():
        endings.held[account_id] = endings.held.get(account_id, 0) - quantity
        if ending is HoldState.CLAIMED:
            endings.on_hand[account_id] = endings.on_hand.get(account_id, 0) - quantity
