"""What is in a visitor's cart as it can be bought now: prices, units that are left, the discount code."""

import itertools
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from safar.capacity import actions as ledger
from safar.cart.available import Available, available_at
from safar.cart.most import Most, Mosts, Parts, beyond, mosts_of
from safar.catalogue.actions import VARIANTS
from safar.catalogue.kits import KITS
from safar.catalogue.model import Price, ProductWords, Variant
from safar.catalogue.prices import PRICES
from safar.catalogue.words import TITLES, title_in
from safar.kernel import clock
from safar.kernel.calls import reading
from safar.kernel.database import Connection, as_array, in_one_trip, rows, tuples
from safar.kernel.queries import queries_beside
from safar.kernel.rare import known
from safar.pricing.discounts import discounts
from safar.pricing.model import Discount, DiscountReason, Priced, Rules
from safar.pricing.quote import discount_refusal
from safar.pricing.rules import rules_at
from safar.stock import actions as stock
from safar.stock.model import Level, Place

QUERIES = queries_beside(__file__)


@dataclass(frozen=True, slots=True)
class PricedCartRequest:
    """Whose cart to read, and for whom. Prices in `currency` if all of it has one, else in the shop's own."""

    cart_id: UUID
    campaign_id: UUID | None
    currency: str
    language: str


@dataclass(frozen=True, slots=True)
class PricedLine:
    """A line of a cart with what has changed since the customer saw it last."""

    variant_id: UUID
    product_id: UUID
    sku: str
    title: str
    slug: str
    category: str
    image: str | None
    tax_class: str
    weight_g: int
    quantity: int
    price_minor: int
    was_minor: int | None
    currency: str
    offer: Available
    sold: bool = True
    order_max: int | None = None

    @property
    def amount_minor(self) -> int:
        return self.price_minor * self.quantity

    @property
    def too_many(self) -> bool:
        return not self.sold or self.quantity > self.offer.buyable

    @property
    def repriced(self) -> bool:
        return self.was_minor is not None and self.was_minor != self.price_minor


@dataclass(frozen=True, slots=True)
class PricedCart:
    """A cart; empty when there is none, or when it was ordered. `used_up`: no use of its code is left.

    `over`: of these products there are more in it than go into one order.
    """

    cart_id: UUID
    lines: tuple[PricedLine, ...]
    currency: str
    code: str = ""
    discount: Discount | None = None
    used_up: bool = False
    over: tuple[Most, ...] = ()

    @property
    def units(self) -> int:
        return sum(line.quantity for line in self.lines)

    @property
    def subtotal_minor(self) -> int:
        return sum(line.amount_minor for line in self.lines)

    @property
    def priced(self) -> list[Priced]:
        return [
            Priced(
                line.variant_id, line.price_minor, line.quantity, line.tax_class, line.weight_g, line.category
            )
            for line in self.lines
        ]

    @property
    def short(self) -> list[PricedLine]:
        """The lines of which there is not enough, or which we do not sell any more."""
        return [line for line in self.lines if line.too_many]

    def refusal(self, rules: Rules) -> DiscountReason | None:
        """Return why the code in the cart is not taken, or None, also when there is no code."""
        if not self.code:
            return None
        reason = discount_refusal(self.discount, self.priced, rules, currency=self.currency, now=clock.now())
        return reason or (DiscountReason.USED_UP if self.used_up else None)


@dataclass(slots=True)  # not frozen: made for every line
class CartLine:
    """A line of an open cart, with the price that its customer saw."""

    cart_id: UUID
    discount_code: str
    variant_id: UUID
    quantity: int
    seen_minor: int
    seen_currency: str


@dataclass(frozen=True, slots=True)
class _World:
    """What the carts of a batch have in common: `prices` by currency, `words` by language."""

    variants: Mapping[UUID, Variant]
    prices: Mapping[tuple[str, UUID], Price]
    words: Mapping[tuple[str, UUID], ProductWords]
    offers: Mapping[UUID | None, Mapping[UUID, Available]]
    discounts: Mapping[str, Discount]
    used_up: frozenset[int]
    kits: Parts
    mosts: Mosts


@reading
async def priced_carts_many(
    connection: Connection, requests: Sequence[PricedCartRequest]
) -> list[PricedCart]:
    """Return the carts as they stand: a plural reading, for a batcher."""
    ids = as_array(request.cart_id for request in requests)
    cart_rows, (version, levels, of) = await in_one_trip(
        connection,
        _lines(connection, ids),
        levels_in_carts(connection, ids),
    )
    if not cart_rows:
        return [PricedCart(request.cart_id, (), request.currency) for request in requests]
    wanted = {row.variant_id for row in cart_rows}
    if not wanted <= of:  # what somebody took out of a cart in between
        version, levels = await stock.levels_now(connection, wanted)
    by_cart: dict[UUID, list[CartLine]] = {request.cart_id: [] for request in requests}
    for row in cart_rows:
        by_cart[row.cart_id].append(row)
    world = await _world(connection, version, levels, requests, cart_rows)
    return [_basket(request, by_cart[request.cart_id], world) for request in requests]


async def _lines(connection: Connection, ids: str) -> list[CartLine]:
    return await rows(CartLine, connection, QUERIES["baskets"], {"ids": ids})


async def lines_in_carts(connection: Connection, cart_ids: Collection[UUID]) -> dict[UUID, list[CartLine]]:
    """Return what is in carts that were not ordered yet, in the order in which it was put there."""
    by_cart: dict[UUID, list[CartLine]] = {}
    if cart_ids:
        for line in await _lines(connection, as_array(cart_ids)):
            by_cart.setdefault(line.cart_id, []).append(line)
    return by_cart


async def levels_in_carts(
    connection: Connection, ids: str, variant_ids: Iterable[UUID] = ()
) -> tuple[str, dict[Place, Level], set[UUID]]:
    """Return version and levels of what is in carts (and of these), and of which variants these are."""
    params = {"ids": ids, "variant_ids": as_array(variant_ids)}
    level_rows = await tuples(connection, QUERIES["levels_in_carts"], params)
    levels = {
        (variant_id, location_id): Level(*level)
        for _version, variant_id, location_id, *level in level_rows
        if location_id is not None
    }
    return level_rows[0][0] if level_rows else "", levels, {row[1] for row in level_rows}


async def priced_cart_of(connection: Connection, request: PricedCartRequest) -> PricedCart:
    return (await priced_carts_many(connection, [request]))[0]


async def _world(
    connection: Connection,
    version: str,
    levels: dict[Place, Level],
    requests: Sequence[PricedCartRequest],
    cart_rows: Sequence[CartLine],
) -> _World:
    ids = {row.variant_id for row in cart_rows}
    variants = await known(connection, version, VARIANTS, ids)
    products = {variant.product_id for variant in variants.values()}
    own = {variant.currency for variant in variants.values()}
    currencies = {request.currency for request in requests if own != {request.currency}}
    languages = {request.language for request in requests}
    codes, used_up = await _discounts(
        connection, {row.discount_code for row in cart_rows if row.discount_code}
    )
    kit_parts = await known(connection, version, KITS, ids)
    parts = await known(
        connection, version, VARIANTS, {id_ for made_of in kit_parts.values() for id_, _units in made_of}
    )
    await rules_at(connection, version)  # for the price that is asked for next
    return _World(
        variants=variants,
        prices=await known(connection, version, PRICES, itertools.product(currencies, ids)),
        words=await known(connection, version, TITLES, itertools.product(languages, products)),
        offers=await available_at(
            connection, version, ids, levels, {request.campaign_id for request in requests}
        ),
        discounts=codes,
        used_up=used_up,
        kits=kit_parts,
        mosts=mosts_of((*variants.values(), *parts.values())),
    )


async def _discounts(
    connection: Connection, codes: Collection[str]
) -> tuple[Mapping[str, Discount], frozenset[int]]:
    """Return the discounts of these codes, and the accounts of those of which no use is left."""
    if not codes:
        return {}, frozenset()
    by_code = await discounts(connection, codes)
    limited = [discount.account_id for discount in by_code.values() if discount.account_id is not None]
    uses = await ledger.accounts(connection, limited) if limited else {}
    return by_code, frozenset(id_ for id_, account in uses.items() if account.free <= 0)


def _basket(request: PricedCartRequest, cart_rows: Sequence[CartLine], world: _World) -> PricedCart:
    if not cart_rows:
        return PricedCart(request.cart_id, (), request.currency)
    own = {row.variant_id: world.variants[row.variant_id].currency for row in cart_rows}
    chosen = all(
        own_currency == request.currency or (request.currency, id_) in world.prices
        for id_, own_currency in own.items()
    )
    currency = request.currency if chosen else own[cart_rows[0].variant_id]
    code = cart_rows[0].discount_code
    discount = world.discounts.get(code)
    lines = tuple(_line(row, currency, request, world) for row in cart_rows)
    titles = {line.product_id: line.title for line in reversed(lines)}
    over = beyond({line.variant_id: line.quantity for line in lines}, world.kits, world.mosts)
    return PricedCart(
        cart_id=request.cart_id,
        lines=lines,
        over=tuple(replace(most, title=titles.get(most.product_id, most.title)) for most in over),
        currency=currency,
        code=code,
        discount=discount,
        used_up=discount is not None and discount.account_id in world.used_up,
    )


def _line(row: CartLine, currency: str, request: PricedCartRequest, world: _World) -> PricedLine:
    variant = world.variants[row.variant_id]
    price = world.prices.get((currency, variant.id))
    own = variant.currency == currency
    return PricedLine(
        variant_id=variant.id,
        product_id=variant.product_id,
        order_max=variant.order_max,
        sku=variant.sku,
        slug=variant.slug,
        category=variant.category,
        image=variant.image,
        title=title_in(
            variant.title, variant.options, world.words.get((request.language, variant.product_id))
        ),
        tax_class=variant.tax_class,
        weight_g=variant.weight_g,
        quantity=row.quantity,
        currency=currency,
        price_minor=variant.price_minor if own else price.price_minor if price else 0,
        was_minor=row.seen_minor if row.seen_currency == currency else None,
        offer=world.offers[request.campaign_id].get(variant.id) or Available(variant.id),
        sold=variant.published and (own or price is not None),
    )
