"""Accounts and holds: the words of the ledger."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class HoldState(StrEnum):
    """A hold is live until it ends, once, as one of the others."""

    LIVE = "live"
    CLAIMED = "claimed"
    RELEASED = "released"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Account:
    """Something that can run out. All amounts are whole units."""

    id: int
    kind: str
    key: str
    on_hand: int
    held: int
    backorder: int
    reserve: int = 0

    @property
    def free(self) -> int:
        """Units on hand that are not promised; down to `-backorder` may still be promised."""
        return self.on_hand - self.held


@dataclass(frozen=True, slots=True)
class Balance:
    """An account's figures as a decision needs them."""

    on_hand: int
    held: int
    backorder: int = 0
    reserve: int = 0

    @property
    def available(self) -> int:
        """How many more units may be promised: free units plus the allowed backorder, less the reserve."""
        return self.on_hand - self.held + self.backorder - self.reserve

    @property
    def removable(self) -> int:
        """How many units may be taken away without breaking a promise."""
        return self.on_hand - self.held + self.backorder


@dataclass(slots=True, kw_only=True)  # not frozen: made for every hold
class HoldRequest:
    """Ask for all `lines` (account id → units ≥ 1) or nothing; `hold_id` is the idempotency key."""

    hold_id: UUID
    lines: Mapping[int, int]
    expires_at: datetime
    purpose: str
    customer_id: UUID | None = None
    campaign_id: UUID | None = None

    def __post_init__(self) -> None:
        """Raise ValueError for a request that asks for nothing, or gives instead of asking."""
        if not self.lines or min(self.lines.values()) < 1:
            raise ValueError(f"a hold needs lines of at least one unit each, not {dict(self.lines)}")


@dataclass(frozen=True, slots=True)
class HoldRow:
    """A hold as it stands in the ledger."""

    id: UUID
    state: str
    account_ids: list[int]
    quantities: list[int]
    purpose: str
    customer_id: UUID | None
    campaign_id: UUID | None
    expires_at: datetime

    @property
    def lines(self) -> dict[int, int]:
        return dict(zip(self.account_ids, self.quantities, strict=True))


@dataclass(frozen=True, slots=True)
class Held:
    """The units are kept until `expires_at`; `replayed` when this id had asked before."""

    hold_id: UUID
    expires_at: datetime
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing was held: `short` gives, for each account that has too little, what may still be promised."""

    hold_id: UUID
    short: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Mismatch:
    """The hold id was used before for something else; nothing was changed."""

    hold_id: UUID


@dataclass(frozen=True, slots=True)
class EndedHold:
    """How a hold stands after a claim, a release or an extension was asked for.

    `state` None: no such hold. `changed`: it was this request that ended it. A claim succeeded if and only
    if `state` is CLAIMED; LIVE after a claim cannot be, EXPIRED means hold again or refund.
    """

    hold_id: UUID
    state: HoldState | None
    changed: bool = False
    expires_at: datetime | None = None


HoldOutcome = Held | Refused | Mismatch
