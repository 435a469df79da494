"""The way of an order and of a return, without I/O: which step leads where, what a parcel holds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import quote, urlsplit
from uuid import UUID

from safar.kernel.clock import shop_day
from safar.shop.fulfilment.model import ReturnState, ReturnStep, Step, ToGo
from safar.shop.model import Goods, Order, OrderLine, OrderState
from safar.stock.model import Place

CODE_PLACE = "{code}"

# Every step that there is, from every state in which it can be taken. What is not here is refused.
WAY: Mapping[tuple[OrderState, Step], OrderState] = {
    (OrderState.PLACED, Step.CONFIRM): OrderState.CONFIRMED,
    (OrderState.PLACED, Step.CANCEL): OrderState.CANCELLED,
    (OrderState.PLACED, Step.CANCEL_BY_CUSTOMER): OrderState.CANCELLED,
    (OrderState.CONFIRMED, Step.CANCEL): OrderState.CANCELLED,
    (OrderState.CONFIRMED, Step.CANCEL_BY_CUSTOMER): OrderState.CANCELLED,
    (OrderState.CONFIRMED, Step.PACK): OrderState.PACKED,
    (OrderState.CONFIRMED, Step.SHIP_PART): OrderState.CONFIRMED,
    (OrderState.CONFIRMED, Step.SHIP): OrderState.SHIPPED,
    (OrderState.PACKED, Step.CANCEL): OrderState.CANCELLED,
    (OrderState.PACKED, Step.SHIP_PART): OrderState.PACKED,
    (OrderState.PACKED, Step.SHIP): OrderState.SHIPPED,
    (OrderState.SHIPPED, Step.DELIVER): OrderState.DELIVERED,
    (OrderState.DELIVERED, Step.CLOSE): OrderState.CLOSED,
}

RETURN_WAY: Mapping[tuple[ReturnState, ReturnStep], ReturnState] = {
    (ReturnState.REQUESTED, ReturnStep.APPROVE): ReturnState.APPROVED,
    (ReturnState.REQUESTED, ReturnStep.REFUSE): ReturnState.REFUSED,
    (ReturnState.APPROVED, ReturnStep.REFUSE): ReturnState.REFUSED,
    (ReturnState.APPROVED, ReturnStep.RECEIVE): ReturnState.RECEIVED,
    (ReturnState.APPROVED, ReturnStep.EXCHANGE): ReturnState.EXCHANGED,
    (ReturnState.RECEIVED, ReturnStep.REFUSE): ReturnState.REFUSED,
    (ReturnState.RECEIVED, ReturnStep.REFUND): ReturnState.REFUNDED,
}

_LEAVING = frozenset({Step.CANCEL, Step.CANCEL_BY_CUSTOMER})


def after(state: str, step: Step, *, partly_shipped: bool = False) -> OrderState | None:
    """Return where `step` leads from `state`; None when it cannot be taken.

    An order of which something has left can be cancelled by nobody any more.
    """
    if partly_shipped and step in _LEAVING:
        return None
    return WAY.get((OrderState(state), step))


def return_after(state: str, step: ReturnStep) -> ReturnState | None:
    """Return where `step` leads a return from `state`; None when it cannot be taken."""
    return RETURN_WAY.get((ReturnState(state), step))


@dataclass(frozen=True, slots=True)
class Parcel:
    """What leaves one shelf at once; `last`: nothing of the order is still to go after it.

    `taken` gives the same units by variant and by the location in whose books they stand.
    """

    units: Mapping[UUID, int]
    taken: Mapping[Place, int]
    last: bool


@dataclass(frozen=True, slots=True)
class TooMany:
    """More of a variant was asked for than is still to go from there."""

    variant_id: UUID
    left: int


def parcel_of(
    goods: Sequence[Goods], shelf_id: UUID, wanted: Sequence[tuple[UUID, int]] | None
) -> Parcel | TooMany | None:
    """Return what a parcel from `shelf_id` holds: `wanted`, or all that is still to go; None: nothing."""
    here = [one for one in goods if one.shelf_id == shelf_id and one.quantity > one.shipped]
    left: dict[UUID, int] = {}
    for one in here:
        left[one.variant_id] = left.get(one.variant_id, 0) + one.quantity - one.shipped
    units = dict(left)
    if wanted is not None:
        units = {}
        for variant_id, quantity in wanted:
            if quantity > 0:
                units[variant_id] = units.get(variant_id, 0) + quantity
    if not units:
        return None
    for variant_id, quantity in units.items():
        if quantity > left.get(variant_id, 0):
            return TooMany(variant_id, left.get(variant_id, 0))
    to_go = sum(one.quantity - one.shipped for one in goods)
    return Parcel(units, _taken(here, units), last=to_go == sum(units.values()))


def _taken(here: Sequence[Goods], units: Mapping[UUID, int]) -> dict[Place, int]:
    """Return from which locations' books the units go, in the order of the goods."""
    left, taken = dict(units), {}
    for one in here:
        count = min(left.get(one.variant_id, 0), one.quantity - one.shipped)
        if count:
            taken[one.variant_id, one.location_id] = count
            left[one.variant_id] -= count
    return taken


def to_go_of(goods: Sequence[Goods]) -> dict[UUID, list[ToGo]]:
    """Return what is still to leave, by the shelf that it leaves from: an article once on each."""
    left: dict[UUID, dict[UUID, ToGo]] = {}
    for one in goods:
        if one.quantity > one.shipped:
            here = left.setdefault(one.shelf_id, {})
            units = one.quantity - one.shipped
            if one.variant_id in here:
                units += here[one.variant_id].units
            here[one.variant_id] = ToGo(one.variant_id, one.sku, one.title, units)
    return {shelf_id: list(here.values()) for shelf_id, here in left.items()}


def is_partly_shipped(goods: Sequence[Goods]) -> bool:
    """Tell whether something has left and something has not."""
    shipped = sum(one.shipped for one in goods)
    return 0 < shipped < sum(one.quantity for one in goods)


def returnable(
    lines: Sequence[OrderLine],
    goods: Sequence[Goods],
    kits: Mapping[UUID, Sequence[tuple[UUID, int]]],
    returned: Mapping[UUID, int],
) -> dict[UUID, int]:
    """Return how many units of each line can still come back: of what has left, less what came already.

    A kit can come back as often as all its parts have left.
    """
    sent: dict[UUID, int] = {}
    for one in goods:
        sent[one.variant_id] = sent.get(one.variant_id, 0) + one.shipped
    left = {}
    for line in lines:
        parts = ((line.variant_id, 1),) if line.variant_id in sent else kits.get(line.variant_id, ())
        whole = min((sent.get(part, 0) // units for part, units in parts), default=0)
        left[line.variant_id] = max(min(line.quantity, whole) - returned.get(line.variant_id, 0), 0)
    return left


def within_window(order: Order, days: int, now: datetime, zone: str) -> bool:
    """Tell whether the customer may still ask to return something: until the last day, whole, of `days`.

    Days of the shop, in its `zone`; the day of the delivery itself is not counted.
    """
    if order.state in (OrderState.CANCELLED, OrderState.CLOSED):
        return False
    if order.delivered_at is None:
        return True
    return shop_day(now, zone) <= shop_day(order.delivered_at, zone) + timedelta(days=days)


def tracking_link(template: str, code: str) -> str:
    """Return where the parcel with this code is followed; "" when its carrier has no such page."""
    return template.replace(CODE_PLACE, quote(code, safe="")) if template and code else ""


def is_tracking_template(template: str) -> bool:
    """Tell whether a carrier's address can be made into a link: a web page, with the place of the code."""
    try:
        parts = urlsplit(template)
    except ValueError:
        return False
    return parts.scheme in ("https", "http") and bool(parts.hostname) and CODE_PLACE in template
