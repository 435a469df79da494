"""The way of an order and of a return, without I/O: which step leads where, what a parcel holds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from urllib.parse import quote, urlsplit
from uuid import UUID

from safar.kernel.clock import shop_day
from safar.shop.fulfilment.model import ReturnState, ReturnStep, Step, ToGo
from safar.shop.model import Goods, Order, OrderLine, OrderState, PaymentState
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
    (OrderState.SHIPPED, Step.CLOSE): OrderState.CLOSED,
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
    lines: Sequence[OrderLine], goods: Sequence[Goods], returned: Mapping[UUID, int]
) -> dict[UUID, int]:
    """Return how many units of each line can still come back: of what has left, less what came already.

    A kit can come back as often as all its parts have left. Each line by itself: lines that share goods, as a
    kit and its part do, share what has left, so ask again with those that come in `returned`.
    """
    sent: dict[UUID, int] = {}
    for one in goods:
        sent[one.variant_id] = sent.get(one.variant_id, 0) + one.shipped
    for line in lines:
        for part, units in line.made_of:
            sent[part] = sent.get(part, 0) - units * returned.get(line.variant_id, 0)
    return {line.variant_id: _whole(line, sent, returned.get(line.variant_id, 0)) for line in lines}


def _whole(line: OrderLine, pool: Mapping[UUID, int], gone: int) -> int:
    """Return how many whole units of a line the pool has the parts of, `gone` of it being settled already."""
    whole = min(pool.get(part, 0) // units for part, units in line.made_of)
    return max(min(line.quantity - line.given_up - gone, whole), 0)


@dataclass(frozen=True, slots=True)
class Rest:
    """What is given up of an order: units of its lines, and the goods that go back, by place.

    `shares`: of each line, the part of its units' worth as (missing, of so many): a kit of which something is
    sent lacks only the rest.
    """

    lines: Mapping[UUID, int]
    goods: Mapping[tuple[UUID, UUID], int]
    shares: Mapping[UUID, tuple[int, int]]
    last: bool


def to_give_up(lines: Sequence[OrderLine], goods: Sequence[Goods]) -> dict[UUID, int]:
    """Return how many units of each line can be given up: none of what they are made of has left."""
    pool = _to_go(goods)
    return {line.variant_id: _whole(line, pool, 0) for line in lines}


def rest_of(
    lines: Sequence[OrderLine], goods: Sequence[Goods], wanted: Sequence[tuple[UUID, int]] | None
) -> Rest | TooMany | None:
    """Return what giving up `wanted` units of lines comes to, or (None) all that is still to go.

    None: there is nothing to give up.
    """
    if wanted is None:
        return _all_of(lines, goods)
    known = {line.variant_id: line for line in lines}
    pool = _to_go(goods)
    units: dict[UUID, int] = {}
    for variant_id, quantity in wanted:
        line = known.get(variant_id)
        most = _whole(line, pool, units.get(variant_id, 0)) if line else 0
        if quantity > most:
            return TooMany(variant_id, most)
        if line and quantity > 0:
            units[variant_id] = units.get(variant_id, 0) + quantity
            for part, each in line.made_of:
                pool[part] -= each * quantity
    left = {part: n - pool[part] for part, n in _to_go(goods).items() if n > pool[part]}
    return _rest(units, {}, goods, left) if units else None


def _all_of(lines: Sequence[OrderLine], goods: Sequence[Goods]) -> Rest | None:
    to_go = _to_go(goods)
    if not any(to_go.values()):
        return None
    sent: dict[UUID, int] = {}
    for one in goods:
        sent[one.variant_id] = sent.get(one.variant_id, 0) + one.shipped
    units, shares = {}, {}
    for line in sorted(lines, key=lambda one: len(one.made_of)):  # what is sold by itself goes before kits
        kept = _whole(line, sent, 0)
        missing = line.quantity - line.given_up - kept
        for part, each in line.made_of:
            sent[part] = sent.get(part, 0) - each * kept
        if missing:
            units[line.variant_id] = missing
            of = sum(each for _part, each in line.made_of) * missing
            here = 0
            for part, each in line.made_of:
                taken = min(sent.get(part, 0), each * missing)
                sent[part] = sent.get(part, 0) - taken
                here += taken
            shares[line.variant_id] = (of - here, of)
    return _rest(units, shares, goods, to_go)


def _to_go(goods: Sequence[Goods]) -> dict[UUID, int]:
    pool: dict[UUID, int] = {}
    for one in goods:
        pool[one.variant_id] = pool.get(one.variant_id, 0) + one.quantity - one.shipped
    return pool


def _rest(
    units: Mapping[UUID, int],
    shares: Mapping[UUID, tuple[int, int]],
    goods: Sequence[Goods],
    demand: Mapping[UUID, int],
) -> Rest:
    """Return what is given up, its goods taken from the places where they are still to go."""
    left, places = dict(demand), {}
    for one in goods:
        taken = min(one.quantity - one.shipped, left.get(one.variant_id, 0))
        if taken:
            places[one.variant_id, one.location_id] = taken
            left[one.variant_id] -= taken
    to_go = sum(_to_go(goods).values())
    return Rest(units, places, shares, last=to_go == sum(places.values()))


def came_on(order: Order, way_days: int, zone: str) -> date | None:
    """Return the shop's day on which an order came; None while something of it is still to leave.

    Where nobody said that it came, it counts as delivered `way_days` after its last parcel left: longer than
    a parcel takes. A customer whose parcel is later still writes, and staff take the return down.
    """
    if order.delivered_at is not None:
        return shop_day(order.delivered_at, zone)
    if order.shipped_at is not None:
        return shop_day(order.shipped_at, zone) + timedelta(days=way_days)
    return None


def is_over(order: Order, days: int, way_days: int, now: datetime, zone: str) -> bool:
    """Tell whether an order ends by itself: its days for returns are over, and it is not to be paid yet."""
    came = came_on(order, way_days, zone)
    if came is None or order.state not in (OrderState.SHIPPED, OrderState.DELIVERED):
        return False
    return order.payment_state != PaymentState.DUE and shop_day(now, zone) > came + timedelta(days=days)


def within_window(order: Order, days: int, way_days: int, now: datetime, zone: str) -> bool:
    """Tell whether the customer may still ask to return something: until the last day, whole, of `days`.

    Days of the shop, in its `zone`; the day of the delivery itself is not counted. `way_days`: see `came_on`.
    """
    if order.state in (OrderState.CANCELLED, OrderState.CLOSED):
        return False
    came = came_on(order, way_days, zone)
    return came is None or shop_day(now, zone) <= came + timedelta(days=days)


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
