"""An order that is paid after its hold has ended: its units are held again, from whatever shelf has them."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from safar.capacity import actions as ledger
from safar.capacity.model import Held, HoldRequest
from safar.kernel.database import Connection, as_json, execute
from safar.kernel.ids import derived_id
from safar.orders.model import Goods, Order
from safar.orders.reading import QUERIES
from safar.pricing.discounts import uses_left
from safar.stock import actions as stock
from safar.stock.choose import Chosen, choose_locations
from safar.stock.locations import location_rule, selling_locations
from safar.stock.model import Place, allocation_of

_AGAIN = timedelta(minutes=1)


async def claim_again(
    connection: Connection,
    orders: Sequence[Order],
    goods: Mapping[UUID, list[Goods]],
    now: datetime,
) -> dict[UUID, UUID]:
    """Sell orders whose hold has ended, where there is still enough; return their new hold, by order.

    Each takes its units from the shelves that the rule of now chooses, and the use of its code if there is
    one left: it keeps its price without one, too.
    The caller has locked the accounts of the holds and of every level of the variants.
    """
    if not orders:
        return {}
    # A hold that is due but was not swept yet still keeps its units: first give them back.
    await ledger.release_many(connection, [order.hold_id for order in orders])
    levels = await stock.levels(connection, {piece.variant_id for o in orders for piece in goods[o.id]})
    locations, rule = await selling_locations(connection), await location_rule(connection)
    held: dict[UUID, UUID] = {}
    claims, moved = [], {}
    for order in orders:
        demand: dict[UUID, int] = {}
        for piece in goods[order.id]:
            demand[piece.variant_id] = demand.get(piece.variant_id, 0) + piece.quantity
        first = allocation_of(order.campaign_id) if order.campaign_id else None
        chosen = choose_locations(demand, levels, locations, rule=rule, country=order.country, first=first)
        if not isinstance(chosen, Chosen):
            continue
        hold_id = derived_id("held again", order.id)
        lines = {levels[place].account_id: units for place, units in chosen.goods.items()}
        request = HoldRequest(
            hold_id=hold_id,
            lines=lines | await uses_left(connection, order.hold_id),
            expires_at=now + _AGAIN,
            purpose="order",
            customer_id=order.customer_id,
            campaign_id=order.campaign_id,
        )
        (outcome,) = await ledger.hold_many(connection, [request])
        if not isinstance(outcome, Held) or outcome.replayed:
            continue  # a hold that is there already is another's
        held[order.id] = hold_id
        claims.append(stock.StockClaim(hold_id, _triples(chosen.goods), f"order {order.number}"))
        if chosen.goods != {
            (piece.variant_id, piece.location_id): piece.quantity for piece in goods[order.id]
        }:
            moved[order.id] = chosen.goods
        levels = await stock.levels(connection, {piece.variant_id for o in orders for piece in goods[o.id]})
    await stock.claim_stock_many(connection, claims)
    await _write_goods(connection, moved)
    return held


def claim_of(order: Order, hold_id: UUID, goods: Sequence[Goods]) -> stock.StockClaim:
    lines = tuple((piece.variant_id, piece.location_id, piece.quantity) for piece in goods)
    return stock.StockClaim(hold_id, lines, f"order {order.number}")


def _triples(goods: Mapping[Place, int]) -> tuple[tuple[UUID, UUID, int], ...]:
    return tuple((variant_id, at, units) for (variant_id, at), units in goods.items())


async def _write_goods(connection: Connection, moved: Mapping[UUID, Mapping[Place, int]]) -> None:
    """Write from which shelves orders come that were first meant to come from others."""
    if not moved:
        return
    records = [
        {"order_id": order_id, "variant_id": variant_id, "location_id": at, "quantity": units}
        for order_id, goods in moved.items()
        for (variant_id, at), units in goods.items()
    ]
    await execute(connection, QUERIES["forget_goods"], {"ids": list(moved)})
    await execute(connection, QUERIES["insert_goods"], {"goods": as_json(records)})
