"""What an order takes from which shelf and what it costs, without I/O."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from safar.cart.most import Most, Mosts, beyond
from safar.catalogue.errors import UnknownProduct
from safar.catalogue.kits import Parts, demand_of
from safar.catalogue.model import Price, Variant
from safar.gate.tickets.errors import Waiting
from safar.gate.tickets.model import GoodsRoom
from safar.kernel.errors import CookiesNeeded
from safar.orders.errors import (
    DiscountRefused,
    NotDelivered,
    OutOfStock,
    PriceChanged,
    Refusal,
    TooManyOfProduct,
    TooManyUnits,
    TotalNotTaken,
)
from safar.orders.model import OrderRequest
from safar.orders.unpaid import Unpaid, refusal_of_unpaid
from safar.pricing.model import Destination, Discount, DiscountReason, NoShipping, Priced, Quote, Rules
from safar.pricing.quote import discount_refusal, quote
from safar.pricing.words import minimum_of
from safar.stock.choose import Chosen, LocationRule, Short, choose_locations
from safar.stock.model import Level, Place, Selling, allocation_of


@dataclass(slots=True)
class World:
    """What planning needs to know; `levels` goes down with every plan, so that a batch shares the shelves.

    `kits`: the parts of those variants that are kits. `prices`: by currency and variant, for
    currencies other than its own. `locations` by priority. `rooms`: before which variants there is a waiting
    room, parts of kits included. `mosts`: of which products only so many go into one order, parts included.
    `code_used`: the orders whose customer has used their code before.
    """

    variants: Mapping[UUID, Variant]
    levels: dict[Place, Level]
    locations: Sequence[Selling]
    now: datetime
    location_rule: LocationRule
    rules: Rules = field(default_factory=Rules)
    kits: Parts = field(default_factory=dict)
    prices: Mapping[tuple[str, UUID], Price] = field(default_factory=dict)
    discounts: Mapping[str, Discount] = field(default_factory=dict)
    rooms: Mapping[UUID, GoodsRoom] = field(default_factory=dict)
    unpaid: Unpaid = field(default_factory=Unpaid)
    mosts: Mosts = field(default_factory=dict)
    code_used: frozenset[UUID] = frozenset()


@dataclass(slots=True)  # not frozen: made for every order
class PlannedLine:
    """Units of a variant as they are sold; discount and tax are of the whole line. `parts`: of a kit."""

    variant_id: UUID
    quantity: int
    price_minor: int
    discount_minor: int
    tax_minor: int
    title: str
    tax_class: str = "standard"
    tax_rate: int = 0
    parts: tuple[tuple[UUID, int], ...] = ()
    title_shown: str = ""


@dataclass(slots=True)  # not frozen: made for every order
class OrderPlan:
    """An order that can be held for: `goods` units by place; `awaited` variants that are still to come."""

    request: OrderRequest
    lines: tuple[PlannedLine, ...]
    goods: Mapping[Place, int]
    accounts: Mapping[int, int]
    quote: Quote
    awaited: frozenset[UUID]
    discount: Discount | None = None

    @property
    def total_minor(self) -> int:
        return self.quote.total_minor

    @property
    def currency(self) -> str:
        return self.quote.currency

    @property
    def campaign_id(self) -> UUID | None:
        """The campaign to thank for the order: that which brought the visitor, else that of the code."""
        return self.request.campaign_id or (self.discount.campaign_id if self.discount else None)


def plan_order(request: OrderRequest, world: World) -> OrderPlan | Refusal:
    """Return what the order takes and costs, now off `world.levels`, or why it cannot be had."""
    units = request.units
    if not units or not all(_is_sold(world.variants.get(variant_id)) for variant_id in units):
        return UnknownProduct()
    demand = demand_of(units, world.kits)
    not_allowed = _not_allowed(request, demand, world)
    if not_allowed is not None:
        return not_allowed
    priced = priced_lines(units, world, request.currency)
    if priced is None:
        return UnknownProduct()
    lines, currency = priced.lines, priced.currency
    discount = world.discounts.get(request.discount_code) if request.discount_code else None
    if request.discount_code:
        reason = discount_refusal(discount, lines, world.rules, currency=currency, now=world.now)
        if reason is None and request.order_id in world.code_used:
            reason = DiscountReason.USED_BEFORE
        if reason is not None:
            return discount_refused(request, reason, discount, world.rules, currency)
    quoted = quote(
        lines,
        world.rules,
        Destination(request.country, request.postcode),
        currency=currency,
        shipping=request.shipping,
        discount=discount,
    )
    if isinstance(quoted, NoShipping):
        return NotDelivered()
    if request.expected_total_minor not in (None, quoted.total_minor):
        return PriceChanged(quoted.total_minor, currency)
    if not takes(quoted.total_minor, most=request.total_minor_max, step=request.total_minor_step):
        return TotalNotTaken()
    chosen = _choose(request, units, demand, world)
    if isinstance(chosen, OutOfStock):
        return chosen
    too_much = refusal_of_unpaid(request, demand, _free(demand, world), world.unpaid)
    if too_much is not None:
        return too_much
    world.unpaid.note(request, demand)
    accounts: dict[int, int] = {}
    for place, quantity in chosen.goods.items():
        level = world.levels[place]
        accounts[level.account_id] = accounts.get(level.account_id, 0) + quantity
        world.levels[place] = replace(level, held=level.held + quantity)
    planned = tuple(
        PlannedLine(
            line.variant_id,
            line.quantity,
            line.unit_minor,
            line.discount_minor,
            line.tax_minor,
            world.variants[line.variant_id].title,
            line.tax_class,
            line.tax_rate,
            world.kits.get(line.variant_id, ()),
            _shown(request, world.variants[line.variant_id]),
        )
        for line in quoted.lines
    )
    return OrderPlan(request, planned, chosen.goods, accounts, quoted, chosen.awaited, discount)


@dataclass(frozen=True, slots=True)
class PricedBasket:
    """Lines with the price of one unit each, in one currency."""

    lines: list[Priced]
    currency: str


def priced_lines(units: Mapping[UUID, int], world: World, currency: str | None) -> PricedBasket | None:
    """Return the lines with their prices, or None where one has no price in this currency."""
    wanted = currency or world.variants[next(iter(units))].currency
    lines = []
    for variant_id, quantity in units.items():
        variant = world.variants[variant_id]
        if variant.currency == wanted:
            price: int | None = variant.price_minor
        else:
            own_price = world.prices.get((wanted, variant_id))
            price = own_price.price_minor if own_price else None
        if price is None:
            return None
        lines.append(
            Priced(variant_id, price, quantity, variant.tax_class, variant.weight_g, variant.category)
        )
    return PricedBasket(lines, wanted)


def shown_left(short: Mapping[UUID, int], units: Mapping[UUID, int], kits: Parts) -> dict[UUID, int]:
    """Return what is short as the customer knows it: of a kit, how many whole ones its parts would make.

    Of parts that are not short only so much is known: they are enough for the kits that were asked for.
    """
    left: dict[UUID, int] = {}
    for variant_id, wanted in units.items():
        parts = kits.get(variant_id, ((variant_id, 1),))
        lacking = [short[part_id] // each for part_id, each in parts if part_id in short]
        if lacking:
            most = wanted if variant_id in kits else min(lacking)
            left[variant_id] = max(min(*lacking, most), 0)
    return left


def out_of_stock(plan: OrderPlan, short: Mapping[int, int], world: World) -> OutOfStock:
    """Return the ledger's refusal, by account, as one by variant."""
    by_part: dict[UUID, int] = {}
    for variant_id, location_id in plan.goods:
        account_id = world.levels[variant_id, location_id].account_id
        if account_id in short:
            by_part[variant_id] = by_part.get(variant_id, 0) + max(short[account_id], 0)
    request = plan.request
    return OutOfStock(shown_left(by_part, request.units, world.kits), request.titles)


def discount_refused(
    request: OrderRequest, reason: DiscountReason, discount: Discount | None, rules: Rules, currency: str
) -> DiscountRefused:
    """Return the refusal of the request's code; `discount`: that code, None where there is none such."""
    minimum_minor = minimum_of(discount, currency, rules)
    return DiscountRefused(reason, request.discount_code, minimum_minor, currency)


def _not_allowed(request: OrderRequest, demand: Mapping[UUID, int], world: World) -> Refusal | None:
    """Return what bars this customer from these goods, whatever they cost and whether they are there."""
    buyer, most = request.buyer, request.limits.units
    if not buyer.returned:
        return CookiesNeeded()
    if world.rooms and request.taken_by is None:
        for variant_id in (*request.units, *demand):
            room = world.rooms.get(variant_id)
            if room is not None and room.key not in buyer.rooms:
                return Waiting(room.path)
    if most and max(*request.units.values(), *demand.values()) > most:
        return TooManyUnits(most)
    for over in beyond(request.units, world.kits, world.mosts):
        return TooManyOfProduct(over.units, _product_title(request, over, world))
    return None


def _free(demand: Mapping[UUID, int], world: World) -> dict[UUID, int]:
    """Return how many of each variant nobody has yet, wherever they lie."""
    free = dict.fromkeys(demand, 0)
    for (variant_id, _location_id), level in world.levels.items():
        if variant_id in free:
            free[variant_id] += max(level.on_hand - level.held + level.backorder, 0)
    return free


def _choose(
    request: OrderRequest, units: Mapping[UUID, int], demand: Mapping[UUID, int], world: World
) -> Chosen | OutOfStock:
    chosen = choose_locations(
        demand,
        world.levels,
        world.locations,
        rule=world.location_rule,
        country=request.country,
        first=allocation_of(request.campaign_id) if request.campaign_id else None,
    )
    if isinstance(chosen, Short):
        return OutOfStock(shown_left(chosen.left, units, world.kits), request.titles)
    return chosen


def _shown(request: OrderRequest, variant: Variant) -> str:
    """Return the variant's title as the customer reads it, "" where that is its own."""
    title = request.titles.get(variant.id, "")
    return title if title != variant.title else ""


def _product_title(request: OrderRequest, most: Most, world: World) -> str:
    """Return what the product is called in the customer's language, where one of its variants is ordered."""
    ordered = (id_ for id_ in request.units if world.variants[id_].product_id == most.product_id)
    return next((request.titles[id_] for id_ in ordered if id_ in request.titles), most.title)


def _is_sold(variant: Variant | None) -> bool:
    return variant is not None and variant.published


def takes(total_minor: int, *, most: int | None, step: int) -> bool:
    """Tell whether a total can be paid in a way that takes `most` and multiples of `step`."""
    return (most is None or total_minor <= most) and total_minor % step == 0
