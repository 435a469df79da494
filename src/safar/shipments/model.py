"""Parcels and carriers: the words of what leaves."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from safar.kernel.once import Asked


@dataclass(frozen=True, slots=True)
class Carrier:
    """Who takes parcels along; `tracking_url` has {code} where the tracking code goes."""

    id: UUID
    name: str
    tracking_url: str
    active: bool


@dataclass(frozen=True, slots=True)
class Pack:
    """The goods of this order lie ready to leave."""

    order_id: UUID
    staff_id: UUID


@dataclass(frozen=True, slots=True)
class Shipping:
    """Goods that leave `location_id` in one parcel; `shipment_id` is the idempotency key.

    `units` by variant; None: everything that is still to go from there. `link`: the order's page.
    """

    shipment_id: UUID
    order_id: UUID
    location_id: UUID
    link: str
    units: tuple[tuple[UUID, int], ...] | None = None
    carrier: str = ""
    tracking_code: str = ""
    staff_id: UUID | None = None

    @property
    def asked(self) -> Asked:
        """The request as it is told from another one under its id."""
        units = None if self.units is None else sorted([str(id_), count] for id_, count in self.units)
        body = [self.order_id, self.location_id, units, self.carrier, self.tracking_code]
        return Asked(self.shipment_id, body)


@dataclass(frozen=True, slots=True)
class OrderDelivery:
    """An order has arrived, all of it; without `staff_id` the carrier says so."""

    order_id: UUID
    staff_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Shipment:
    """A parcel, as it stands."""

    id: UUID
    order_id: UUID
    location_id: UUID
    location: str
    carrier: str
    tracking_code: str
    tracking_url: str
    shipped_at: datetime
    delivered_at: datetime | None


@dataclass(frozen=True, slots=True)
class Sent:
    """Units of a variant in a parcel."""

    shipment_id: UUID
    variant_id: UUID
    quantity: int
    sku: str
    title: str


@dataclass(frozen=True, slots=True)
class OrderMoved:
    """How an order stands after a step; `done`: the step is taken, by this call (`changed`) or before.

    State None: there is no such order.
    """

    order_id: UUID
    state: str | None
    done: bool = False
    changed: bool = False


@dataclass(frozen=True, slots=True)
class ToGo:
    """Units of an article that are still to leave a shelf for one order."""

    variant_id: UUID
    sku: str
    title: str
    units: int


@dataclass(frozen=True, slots=True)
class Pick:
    """Units of an order that are to be taken from a shelf, whichever books they stand in."""

    order_id: UUID
    variant_id: UUID
    location_id: UUID
    location: str
    sku: str
    title: str
    barcode: str | None
    units: int
    bin: str = ""
