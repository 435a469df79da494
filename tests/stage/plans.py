"""Shelves, articles and baskets of which orders are planned."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from safar.catalogue.model import Variant
from safar.kernel.ids import derived_id, new_id
from safar.orders.model import (
    OrderRequest,
)
from safar.orders.plan import World
from safar.stock.choose import LocationRule
from safar.stock.model import MAIN, Level, Place, Selling
from tests.stage.orders import IDS, ORDERED_AT
from tests.stage.shop import request

KIT = derived_id("v", "kit")
STORE = derived_id("location", "store")
KITS = {KIT: ((IDS[0], 2), (IDS[1], 1))}
SELLING = [Selling(MAIN, "warehouse", "GB"), Selling(STORE, "store", "BR", priority=2)]
VARIANTS = {
    id_: Variant(id_, new_id(), f"S{n}", f"Thing {n}", 100 * n + 5, "GBP", f"thing-{n}", "home", weight_g=100)
    for n, id_ in enumerate([*IDS, KIT])
}


def request_of(*lines: tuple[UUID, int], **other: Any) -> OrderRequest:
    return request(lines=lines, customer_id=derived_id("customer"), **other)


def world_of(levels: dict[Place, Level], **other: object) -> World:
    world = World(VARIANTS, dict(levels), SELLING, ORDERED_AT, LocationRule.NEAREST, kits=KITS)
    return replace(world, **other)  # type: ignore[arg-type]


def plenty() -> dict[Place, Level]:
    return {(id_, MAIN): Level(number, 100, 0) for number, id_ in enumerate(IDS)}
