"""What replenishment is about: days of demand, a forecast, a rule, a suggestion and its reasons."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from uuid import UUID

WEEKS_MAX = 104
"""How much history a forecast looks at."""

Demand = Literal["smooth", "erratic", "intermittent", "lumpy", "new", "none"]
NO_SUPPLIER = UUID(int=0)
"""Stands in the index of suggestions for "nobody delivers this yet"."""


@dataclass(frozen=True, slots=True)
class Day:
    """What moved on one day (UTC). `change`: what the day did to the units on our own shelves."""

    day: date
    sold: int
    returned: int
    change: int


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a week is expected to sell. `deviation`: of a week, from the errors on past four-week sums.

    `error` and `naive_error`: mean absolute error on those sums, of the chosen model and of "as in the last
    four weeks' last week"; None where the history is too short to look back.
    """

    variant_id: UUID
    demand: Demand
    model: str
    week_mean: float
    week_deviation: float
    weeks: int
    error: float | None
    naive_error: float | None


@dataclass(frozen=True, slots=True)
class ReplenishRule:
    """What staff want of a variant; None and zero leave it to the calculation."""

    variant_id: UUID
    reorder_point: int | None = None
    order_up_to: int | None = None
    minimum_units: int = 1
    service_percent: float | None = None
    supplier_id: UUID | None = None
    paused: bool = False


@dataclass(frozen=True, slots=True)
class VariantStanding:
    """All that decides whether a variant must be bought now. Units are over the locations that sell."""

    variant_id: UUID
    sku: str
    title: str
    week_mean: float
    week_deviation: float
    fixed_point: int | None
    fixed_up_to: int | None
    minimum_units: int
    service_percent: float | None
    on_hand: int
    held: int
    reserve: int
    incoming: int
    supplier_id: UUID | None
    cost_minor: int | None
    currency: str | None
    pack_size: int
    lead_days: int | None

    @property
    def position(self) -> int:
        """What is there or has been ordered, and is not promised to anybody."""
        return self.on_hand - self.held + self.incoming


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds where neither rule nor supplier says anything."""

    service_percent: float
    cover_days: int
    lead_days: int


@dataclass(frozen=True, slots=True)
class Levels:
    """When to buy, and up to how much."""

    reorder_point: int
    order_up_to: int


@dataclass(frozen=True, slots=True)
class PurchaseSuggestion:
    """A variant at or below its reorder point, what to buy of it, and the figures behind that."""

    variant_id: UUID
    sku: str
    title: str
    supplier_id: UUID | None
    quantity: int
    cost_minor: int | None
    currency: str | None
    on_hand: int
    held: int
    incoming: int
    reserve: int
    reorder_point: int
    order_up_to: int
    week_mean: float
    week_deviation: float
    service_percent: float
    lead_days: int
    pack_size: int
    days_left: float | None
    low_since: datetime

    @property
    def position(self) -> int:
        """What is there or has been ordered, and is not promised to anybody."""
        return self.on_hand - self.held + self.incoming

    @property
    def safety_units(self) -> int:
        """What the reorder point has beyond the demand expected until a delivery."""
        return max(self.reorder_point - round(self.week_mean / 7 * (self.lead_days + 1)), 0)


@dataclass(frozen=True, slots=True)
class SuggestedPurchase:
    """A purchase order to be drafted from suggestions; `order_id` is the idempotency key."""

    order_id: UUID
    supplier_id: UUID
    location_id: UUID
    quantities: Mapping[UUID, int]
    staff_id: UUID | None


@dataclass(frozen=True, slots=True)
class Run:
    """One calculation of all forecasts."""

    id: UUID
    asked_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    error: str | None
    series: int
    low: int
    staff_id: UUID | None

    @property
    def over(self) -> bool:
        return self.ended_at is not None


@dataclass(frozen=True, slots=True)
class Group:
    """What should be bought of one supplier; `supplier_id` None: nobody delivers it yet."""

    supplier_id: UUID | None
    supplier: str | None
    articles: int
    units: int
    cost_minor: int
    currency: str | None
    days_left: float
    lead_days: int


@dataclass(frozen=True, slots=True)
class Low:
    """A variant that has run low, as staff are told of it."""

    variant_id: UUID
    sku: str
    title: str
    supplier_id: UUID | None
    supplier: str | None
    free: int
    incoming: int
    reorder_point: int
    quantity: int
    days_left: float | None
    low_since: datetime
