"""Where stock lies and how it moves: the words of the room."""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Literal
from uuid import UUID

from safar.kernel.ids import derived_id

SUPPLIER = derived_id("location", "supplier")
CUSTOMER = derived_id("location", "customer")
LOSS = derived_id("location", "loss")
MAIN = derived_id("location", "main")
TRANSIT = derived_id("location", "transit")
QUARANTINE = derived_id("location", "quarantine")

# Kinds of locations whose units can be promised, or set aside: only these have levels and accounts.
KINDS_WITH_LEVELS = frozenset({"warehouse", "store", "allocation", "quarantine"})

Place = tuple[UUID, UUID]  # variant, location


def allocation_of(campaign_id: UUID) -> UUID:
    """Return the id of the location that keeps the units a campaign has offered."""
    return derived_id("allocation", campaign_id)


@lru_cache(maxsize=4096)
def outgoing_of(location_id: UUID) -> UUID:
    """Return the id of the location beside `location_id` for what is sold there and not yet shipped.

    Its units lie on the same shelves, so a count of `location_id` finds them too; they are promised, so they
    have no level and no account.
    """
    return derived_id("outgoing", location_id)


@dataclass(slots=True)  # not frozen: made for every order
class Transfer:
    """Move units from one location to another; `move_id` is the idempotency key."""

    move_id: UUID
    variant_id: UUID
    from_location_id: UUID
    to_location_id: UUID
    quantity: int
    reason: str
    document: str | None = None
    staff_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class StockReceipt:
    """Units that came from the supplier."""

    move_id: UUID
    variant_id: UUID
    location_id: UUID
    quantity: int
    reason: str
    document: str | None = None
    staff_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Adjustment:
    """The difference a count has found: positive for units found, negative for units missing."""

    move_id: UUID
    variant_id: UUID
    location_id: UUID
    difference: int
    reason: str
    document: str | None = None
    staff_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Moved:
    """A move is written; `replayed` when its id had been used before for the same move."""

    move_id: UUID
    replayed: bool = False


@dataclass(slots=True)  # not frozen: made for every order
class StockClaim:
    """Units of a hold that were sold: (variant, location, quantity) for each line of it."""

    hold_id: UUID
    lines: tuple[tuple[UUID, UUID, int], ...]
    document: str


@dataclass(frozen=True, slots=True)
class Shipped:
    """Sold units that leave `location_id` for the customer; `behind`: units of orders before on its shelf."""

    move_id: UUID
    variant_id: UUID
    location_id: UUID
    quantity: int
    document: str | None = None
    staff_id: UUID | None = None
    behind: int = 0


@dataclass(frozen=True, slots=True)
class Level:
    """The units of a variant at one of our locations."""

    account_id: int
    on_hand: int
    held: int
    reserve: int = 0
    backorder: int = 0

    @property
    def free(self) -> int:
        """What can leave now: neither promised nor kept back. Negative while backorders are open."""
        return self.on_hand - self.held - self.reserve

    @property
    def promisable(self) -> int:
        """What can still be promised, units that are still to come included."""
        return self.free + self.backorder


LevelState = Literal["out", "low", "plenty"]


@dataclass(frozen=True, slots=True)
class Move:
    """A move as it stands, with the names of both ends."""

    id: UUID
    at: datetime
    variant_id: UUID
    from_location_id: UUID
    from_name: str
    from_kind: str
    to_location_id: UUID
    to_name: str
    to_kind: str
    quantity: int
    reason: str
    document: str | None


@dataclass(frozen=True, slots=True)
class Location:
    """One of our own locations."""

    id: UUID
    name: str
    kind: str


@dataclass(frozen=True, slots=True)
class Selling:
    """A location that a channel sells from; the lowest `priority` first. Country: ISO 3166, "" unknown."""

    location_id: UUID
    kind: str
    country: str = ""
    latitude: float | None = None
    longitude: float | None = None
    priority: int = 0


@dataclass(frozen=True, slots=True)
class Missing:
    """A place from which more would leave than lies there."""

    variant_id: UUID
    location_id: UUID


@dataclass(frozen=True, slots=True)
class Miscount:
    """A level, or what is sold beside it, that does not follow from its moves: there is never one."""

    variant_id: UUID
    location_id: UUID
    on_hand: int
    moved: int
