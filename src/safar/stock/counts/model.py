"""A count and its lines: the words of this part."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from safar.kernel.errors import Conflict, NotFound, SafarError


class CountState(StrEnum):
    """A count is open until somebody says that it is counted; it ends as approved or as cancelled."""

    OPEN = "open"
    COUNTED = "counted"
    APPROVED = "approved"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Sheet:
    """Ask for a count of what lies at a location, of one category or of all; `count_id` is its key.

    `after_sku`: only articles that come after it, for a location that one sheet does not hold.
    """

    count_id: UUID
    location_id: UUID
    category: str = ""
    after_sku: str = ""
    staff_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class CountEntry:
    """Units somebody has counted: so many more (`added`, a scan), or so many in all."""

    entry_id: UUID
    count_id: UUID
    variant_id: UUID
    units: int
    added: bool = False
    staff_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Count:
    """A count as it stands."""

    id: UUID
    number: int
    location_id: UUID
    location: str
    category: str
    after_sku: str
    state: str
    created_at: datetime
    counted_by: UUID | None
    counted_at: datetime | None
    decided_by: UUID | None
    decided_at: datetime | None
    lines: int
    lines_counted: int
    lines_different: int


@dataclass(frozen=True, slots=True)
class CountLine:
    """One variant on the sheet. `expected` is what lay there at the moment at which it was counted."""

    variant_id: UUID
    sku: str
    title: str
    barcode: str | None
    counted: int | None
    expected: int | None
    counted_at: datetime | None
    accepted: bool | None

    @property
    def difference(self) -> int:
        return (self.counted or 0) - (self.expected or 0) if self.counted is not None else 0


class UnknownCount(NotFound):
    """There is no such count. Look for it in the list."""

    code = "unknown_count"


class NotCountedNow(Conflict):
    """This count does not take figures any more: it is finished. Reload the page."""

    code = "not_counted_now"


class NotToDecide(Conflict):
    """There is nothing to decide: the count is still open, or it was decided. Reload the page."""

    code = "not_to_decide"


class NothingToCount(SafarError):
    """Nothing of this lies there, so there is nothing to count."""

    status = 422
    code = "nothing_to_count"


class NothingCounted(SafarError):
    """Nothing was counted yet. Count at least one article first."""

    status = 422
    code = "nothing_counted"


class Promised(Conflict):
    """Missing units of %(skus)s are promised to customers. Cancel what cannot be kept, or untick them."""

    code = "missing_units_promised"
