"""What a parcel holds and what is still to go, without I/O; where a parcel is followed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from urllib.parse import quote, urlsplit
from uuid import UUID

from safar.kernel.clock import shop_day
from safar.orders.model import Goods, Order, OrderState, PaymentState
from safar.shipments.model import ToGo
from safar.stock.model import Place

CODE_PLACE = "{code}"


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
    here = [piece for piece in goods if piece.shelf_id == shelf_id and piece.quantity > piece.shipped]
    left: dict[UUID, int] = {}
    for piece in here:
        left[piece.variant_id] = left.get(piece.variant_id, 0) + piece.quantity - piece.shipped
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
    to_go = sum(piece.quantity - piece.shipped for piece in goods)
    return Parcel(units, _taken(here, units), last=to_go == sum(units.values()))


def _taken(here: Sequence[Goods], units: Mapping[UUID, int]) -> dict[Place, int]:
    """Return from which locations' books the units go, in the order of the goods."""
    left, taken = dict(units), {}
    for goods in here:
        count = min(left.get(goods.variant_id, 0), goods.quantity - goods.shipped)
        if count:
            taken[goods.variant_id, goods.location_id] = count
            left[goods.variant_id] -= count
    return taken


def to_go_of(goods: Sequence[Goods]) -> dict[UUID, list[ToGo]]:
    """Return what is still to leave, by the shelf that it leaves from: an article once on each."""
    left: dict[UUID, dict[UUID, ToGo]] = {}
    for piece in goods:
        if piece.quantity > piece.shipped:
            here = left.setdefault(piece.shelf_id, {})
            units = piece.quantity - piece.shipped
            if piece.variant_id in here:
                units += here[piece.variant_id].units
            here[piece.variant_id] = ToGo(piece.variant_id, piece.sku, piece.title, units)
    return {shelf_id: list(here.values()) for shelf_id, here in left.items()}


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
