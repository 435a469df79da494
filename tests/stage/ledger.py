"""A second ledger, as simple as can be: the model that checks the first. It shares no code with it."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from safar.capacity.model import HoldRequest, HoldRow, HoldState


@dataclass
class ModelHold:
    lines: dict[int, int]
    expires: datetime
    ending: str | None = None  # None while live


@dataclass
class ModelLedger:
    """Figures are never kept: what is held is counted from the live holds each time."""

    on_hand: dict[int, int] = field(default_factory=dict)
    backorder: dict[int, int] = field(default_factory=dict)
    holds: dict[UUID, ModelHold] = field(default_factory=dict)

    def held(self, account: int) -> int:
        return sum(h.lines.get(account, 0) for h in self.holds.values() if h.ending is None)

    def left(self, account: int) -> int:
        if account not in self.on_hand:
            return 0
        return self.on_hand[account] + self.backorder[account] - self.held(account)

    def hold(self, requests: list[tuple[UUID, dict[int, int], datetime]]) -> list[tuple[object, ...]]:
        answers: list[tuple[object, ...]] = []
        refused: dict[UUID, tuple[dict[int, int], tuple[object, ...]]] = {}
        for hold_id, lines, expires in requests:
            if hold_id in self.holds:
                old = self.holds[hold_id]
                answers.append(("held", old.expires, True) if old.lines == lines else ("mismatch",))
            elif hold_id in refused:  # the same batch: the same moment, the same answer
                answers.append(refused[hold_id][1] if refused[hold_id][0] == lines else ("mismatch",))
            elif short := {a: self.left(a) for a, quantity in lines.items() if quantity > self.left(a)}:
                refused[hold_id] = (lines, ("refused", short))
                answers.append(("refused", short))
            else:
                self.holds[hold_id] = ModelHold(dict(lines), expires)
                answers.append(("held", expires, False))
        return answers

    def end(self, ids: list[UUID], how: str, now: datetime) -> list[tuple[str | None, bool]]:
        answers: list[tuple[str | None, bool]] = []
        for hold_id in ids:
            hold = self.holds.get(hold_id)
            if hold is None:
                answers.append((None, False))
            elif hold.ending is not None:
                answers.append((hold.ending, False))
            elif how == "claimed" and hold.expires <= now:
                answers.append(("expired", False))
            else:
                hold.ending = how
                if how == "claimed":
                    for account, quantity in hold.lines.items():
                        self.on_hand[account] -= quantity
                answers.append((how, True))
        return answers

    def expire(self, now: datetime) -> int:
        due = [hold for hold in self.holds.values() if hold.ending is None and hold.expires <= now]
        for hold in due:
            hold.ending = "expired"
        return len(due)

    def extend(self, wanted: list[tuple[UUID, datetime]], now: datetime) -> list[tuple[str | None, object]]:
        live = {
            hold_id
            for hold_id, _until in wanted
            if hold_id in self.holds
            and self.holds[hold_id].ending is None
            and self.holds[hold_id].expires > now
        }
        for hold_id, until in wanted:
            if hold_id in live:
                self.holds[hold_id].expires = max(self.holds[hold_id].expires, until)
        answers: list[tuple[str | None, object]] = []
        for hold_id, _until in wanted:
            hold = self.holds.get(hold_id)
            if hold_id in live and hold:
                answers.append(("live", hold.expires))
            else:
                answers.append(((hold.ending or "expired") if hold else None, None))
        return answers

    def change(self, changes: list[tuple[int, int]]) -> bool:
        """Return whether it was allowed; all of it happens or nothing."""
        totals: dict[int, int] = {}
        for account, quantity in changes:
            totals[account] = totals.get(account, 0) + quantity
        if any(total < 0 and self.left(account) + total < 0 for account, total in totals.items()):
            return False
        for account, total in totals.items():
            self.on_hand[account] += total
        return True


NOW = datetime(2026, 3, 21, 12, tzinfo=UTC)
LATER = NOW + timedelta(minutes=15)


def hold_row(
    request: HoldRequest, state: HoldState = HoldState.LIVE, expires_at: datetime = LATER
) -> HoldRow:
    return HoldRow(
        id=request.hold_id,
        state=state,
        account_ids=list(request.lines),
        quantities=list(request.lines.values()),
        purpose=request.purpose,
        customer_id=None,
        campaign_id=None,
        expires_at=expires_at,
    )
