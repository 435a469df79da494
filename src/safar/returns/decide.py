"""The way of a return, what can come back and what is given up of an order, without I/O."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from safar.kernel.clock import shop_day
from safar.orders.model import Goods, Order, OrderLine, OrderState
from safar.returns.model import ReturnState, ReturnStep
from safar.shipments.decide import TooMany, came_on

RETURN_WAY: Mapping[tuple[ReturnState, ReturnStep], ReturnState] = {
    (ReturnState.REQUESTED, ReturnStep.APPROVE): ReturnState.APPROVED,
    (ReturnState.REQUESTED, ReturnStep.REFUSE): ReturnState.REFUSED,
    (ReturnState.APPROVED, ReturnStep.REFUSE): ReturnState.REFUSED,
    (ReturnState.APPROVED, ReturnStep.RECEIVE): ReturnState.RECEIVED,
    (ReturnState.APPROVED, ReturnStep.EXCHANGE): ReturnState.EXCHANGED,
    (ReturnState.RECEIVED, ReturnStep.REFUSE): ReturnState.REFUSED,
    (ReturnState.RECEIVED, ReturnStep.REFUND): ReturnState.REFUNDED,
}


def return_after(state: str, step: ReturnStep) -> ReturnState | None:
    """Return where `step` leads a return from `state`; None when it cannot be taken."""
    return RETURN_WAY.get((ReturnState(state), step))


def returnable(
    lines: Sequence[OrderLine], goods: Sequence[Goods], returned: Mapping[UUID, int]
) -> dict[UUID, int]:
    """Return how many units of each line can still come back: of what has left, less what came already.

    A kit can come back as often as all its parts have left. Each line by itself: lines that share goods, as a
    kit and its part do, share what has left, so ask again with those that come in `returned`.
    """
    sent: dict[UUID, int] = {}
    for piece in goods:
        sent[piece.variant_id] = sent.get(piece.variant_id, 0) + piece.shipped
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
    for piece in goods:
        sent[piece.variant_id] = sent.get(piece.variant_id, 0) + piece.shipped
    units, shares = {}, {}
    for line in sorted(
        lines, key=lambda piece: len(piece.made_of)
    ):  # what is sold by itself goes before kits
        whole = _whole(line, sent, 0)
        missing = line.quantity - line.given_up - whole
        for part, each in line.made_of:
            sent[part] = sent.get(part, 0) - each * whole
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
    for piece in goods:
        pool[piece.variant_id] = pool.get(piece.variant_id, 0) + piece.quantity - piece.shipped
    return pool


def _rest(
    units: Mapping[UUID, int],
    shares: Mapping[UUID, tuple[int, int]],
    goods: Sequence[Goods],
    demand: Mapping[UUID, int],
) -> Rest:
    """Return what is given up, its goods taken from the places where they are still to go."""
    left, places = dict(demand), {}
    for piece in goods:
        taken = min(piece.quantity - piece.shipped, left.get(piece.variant_id, 0))
        if taken:
            places[piece.variant_id, piece.location_id] = taken
            left[piece.variant_id] -= taken
    to_go = sum(_to_go(goods).values())
    return Rest(units, places, shares, last=to_go == sum(places.values()))


def within_window(order: Order, days: int, way_days: int, now: datetime, zone: str) -> bool:
    """Tell whether the customer may still ask to return something: until the last day, whole, of `days`.

    Days of the shop, in its `zone`; the day of the delivery itself is not counted. `way_days`: see `came_on`.
    """
    if order.state in (OrderState.CANCELLED, OrderState.CLOSED):
        return False
    came = came_on(order, way_days, zone)
    return came is None or shop_day(now, zone) <= came + timedelta(days=days)
