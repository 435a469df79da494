"""What a batch of orders asks for: the world that they are planned in, read in as few trips as it allows."""

import itertools
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from safar.capacity import actions as ledger
from safar.capacity.model import HoldOutcome, HoldRequest
from safar.cart.most import mosts_of
from safar.catalogue.actions import VARIANTS
from safar.catalogue.kits import KITS, stocked_ids
from safar.catalogue.model import Variant
from safar.catalogue.prices import PRICES
from safar.gate.tickets.model import GoodsRoom
from safar.kernel.database import Connection, as_json, in_one_trip, rows
from safar.kernel.rare import known
from safar.orders.model import OrderRequest
from safar.orders.plan import World
from safar.orders.reading import QUERIES, FoundOrder
from safar.pricing.discounts import Use, accounts_of_uses, discounts, plain_code
from safar.pricing.model import DiscountReason
from safar.pricing.rules import rules_at
from safar.stock import actions as stock
from safar.stock.locations import CHANNEL, SELLING
from safar.stock.model import allocation_of

Take = Callable[[Connection, Sequence[HoldRequest]], Awaitable[list[HoldOutcome]]]


@dataclass(slots=True)
class OrderBatch:
    """What a batch asks for: the world it is planned in and, by order, the accounts its code uses one of.

    `take`: how the ledger is asked for the units, to keep them or to have them at once. `claimants`: of the
    customers who ask those that have a row, with who they are now.
    """

    world: World
    take: Take = ledger.hold_many
    uses: Mapping[UUID, Mapping[int, DiscountReason]] = field(default_factory=dict)
    claimants: Mapping[UUID, UUID] = field(default_factory=dict)
    numbers: Sequence[int] = ()


async def read_order_batch(
    connection: Connection,
    version: str,
    requests: Sequence[OrderRequest],
    world: World,
    rooms: Mapping[UUID, GoodsRoom],
) -> OrderBatch:
    """Read what else planning these requests needs."""
    await _read_rare(connection, version, requests, world, rooms)
    if world.kits:
        world.levels = await stock.levels(connection, stocked_ids(world.variants, world.kits))
    asked = OrderBatch(world)
    codes = {request.discount_code for request in requests if request.discount_code}
    if codes:
        world.discounts = await discounts(connection, codes)
        proven = await _proven_for_codes(connection, requests, world)
        uses = [
            Use(request.order_id, discount, request.email, request.order_id in proven)
            for request in requests
            if (discount := world.discounts.get(plain_code(request.discount_code)))
        ]
        asked.uses = await accounts_of_uses(connection, uses)
    if _choices(requests, world) > 1:
        # Where units can come from several shelves, the choice is made under their locks: made before, it
        # would refuse customers because another process had just emptied the shelf that was chosen.
        accounts = {level.account_id for level in world.levels.values()}
        accounts |= {account_id for used in asked.uses.values() for account_id in used}
        stocked = stocked_ids(world.variants, world.kits)
        _locked, (under_lock, world.levels) = await in_one_trip(
            connection, ledger.lock_many(connection, accounts), stock.levels_now(connection, stocked)
        )
        if under_lock != version:
            await _read_rare(connection, under_lock, requests, world, rooms)
    return asked


async def _read_rare(
    connection: Connection,
    version: str,
    requests: Sequence[OrderRequest],
    world: World,
    rooms: Mapping[UUID, GoodsRoom],
) -> None:
    """Put into the world what changes rarely, as it was when the levels were read."""
    world.rules = await rules_at(connection, version)
    world.locations = (await known(connection, version, SELLING, [CHANNEL]))[CHANNEL]
    ids = {variant_id for request in requests for variant_id, _quantity in request.lines}
    world.variants = await known(connection, version, VARIANTS, ids)
    world.kits = await known(
        connection, version, KITS, [id_ for id_, variant in world.variants.items() if variant.is_kit]
    )
    parts: Mapping[UUID, Variant] = {}
    if world.kits:
        parts = await known(connection, version, VARIANTS, stocked_ids(world.variants, world.kits))
    world.mosts = mosts_of((*world.variants.values(), *parts.values()))
    world.rooms = {}
    if rooms:
        world.rooms = {
            id_: rooms[variant.product_id]
            for id_, variant in (*world.variants.items(), *parts.items())
            if variant.product_id in rooms
        }
    own = {variant.currency for variant in world.variants.values()}
    wanted = {request.currency for request in requests if request.currency} | own
    if len(wanted) > 1:
        world.prices = await known(connection, version, PRICES, itertools.product(wanted, world.variants))


async def _proven_for_codes(
    connection: Connection, requests: Sequence[OrderRequest], world: World
) -> set[UUID]:
    """Return which orders with a code for one use each come from who has shown to read the mailbox.

    Of those it is noted in the world who has used the code before, when nobody had shown it yet.
    """
    once = [
        {
            "id": request.order_id,
            "customer_id": request.customer_id,
            "email": request.email,
            "code": discount.code,
        }
        for request in requests
        if (discount := world.discounts.get(plain_code(request.discount_code))) and discount.customers_once
    ]
    if not once:
        return set()
    params = {"orders": as_json(once)}
    proven = await rows(FoundOrder, connection, QUERIES["proven_mailboxes"], params)
    used = await rows(FoundOrder, connection, QUERIES["codes_used_before"], params) if proven else []
    world.code_used = frozenset(order.id for order in used)
    return {order.id for order in proven}


def _choices(requests: Sequence[OrderRequest], world: World) -> int:
    """Return from how many shelves at most a variant can come."""
    places = {location.location_id for location in world.locations}
    places |= {allocation_of(request.campaign_id) for request in requests if request.campaign_id}
    shelves: dict[UUID, int] = {}
    for variant_id, location_id in world.levels:
        if location_id in places:
            shelves[variant_id] = shelves.get(variant_id, 0) + 1
    return max(shelves.values(), default=0)
