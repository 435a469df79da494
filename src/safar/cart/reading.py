"""What is in a visitor's cart as it can be bought now: prices, units that are left, the discount code."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from safar.capacity import actions as ledger
from safar.cart.available import Available, available_to
from safar.cart.most import Most, Mosts, Parts, beyond, mosts_of
from safar.catalogue.actions import variants_by_id
from safar.catalogue.kits import kits
from safar.catalogue.model import ProductWords
from safar.catalogue.prices import prices_in
from safar.catalogue.words import title_in, words_in
from safar.kernel import clock
from safar.kernel.calls import reading
from safar.kernel.database import Connection, as_array, each, in_one_trip, rows
from safar.kernel.queries import queries_beside
from safar.pricing.discounts import discounts
from safar.pricing.model import Discount, DiscountReason, Priced, Rules
from safar.pricing.quote import discount_refusal

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


@dataclass(frozen=True, slots=True)
class _Row:
    cart_id: UUID
    discount_code: str
    variant_id: UUID
    product_id: UUID
    sku: str
    title: str
    slug: str
    category: str
    image: str | None
    options: dict[str, str]
    tax_class: str
    weight_g: int
    published: bool
    quantity: int
    price_minor: int
    currency: str
    seen_minor: int
    seen_currency: str
    is_kit: bool
    order_max: int | None


@dataclass(frozen=True, slots=True)
class _World:
    """What the carts of a batch have in common."""

    prices: Mapping[str, Mapping[UUID, int]]
    words: Mapping[str, Mapping[UUID, ProductWords]]
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
    cart_rows = await rows(
        _Row, connection, QUERIES["baskets"], {"ids": as_array(request.cart_id for request in requests)}
    )
    by_cart: dict[UUID, list[_Row]] = {request.cart_id: [] for request in requests}
    for row in cart_rows:
        by_cart[row.cart_id].append(row)
    world = await _world(connection, requests, cart_rows)
    return [_basket(request, by_cart[request.cart_id], world) for request in requests]


async def priced_cart_of(connection: Connection, request: PricedCartRequest) -> PricedCart:
    return (await priced_carts_many(connection, [request]))[0]


async def _world(
    connection: Connection, requests: Sequence[PricedCartRequest], cart_rows: Sequence[_Row]
) -> _World:
    if not cart_rows:
        return _World({}, {}, {}, {}, frozenset(), {}, {})
    ids = {row.variant_id for row in cart_rows}
    products = {row.product_id for row in cart_rows}
    own = {row.currency for row in cart_rows}
    prices, words, offers, (codes, used_up), (kit_parts, mosts) = await in_one_trip(
        connection,
        each(
            connection,
            {request.currency for request in requests if own != {request.currency}},
            lambda currency: prices_in(connection, ids, currency),
        ),
        each(
            connection,
            {request.language for request in requests},
            lambda language: words_in(connection, products, language),
        ),
        available_to(connection, ids, {request.campaign_id for request in requests}),
        _discounts(connection, {row.discount_code for row in cart_rows if row.discount_code}),
        _mosts(connection, cart_rows),
    )
    return _World(
        prices={
            currency: {id_: price.price_minor for id_, price in priced.items()}
            for currency, priced in prices.items()
        },
        words=words,
        offers=offers,
        discounts=codes,
        used_up=used_up,
        kits=kit_parts,
        mosts=mosts,
    )


async def _discounts(
    connection: Connection, codes: Iterable[str]
) -> tuple[Mapping[str, Discount], frozenset[int]]:
    """Return the discounts of these codes, and the accounts of those of which no use is left."""
    known = await discounts(connection, codes)
    limited = [discount.account_id for discount in known.values() if discount.account_id is not None]
    uses = await ledger.accounts(connection, limited) if limited else {}
    return known, frozenset(id_ for id_, account in uses.items() if account.free <= 0)


async def _mosts(connection: Connection, cart_rows: Sequence[_Row]) -> tuple[Parts, Mosts]:
    """Return the parts of the kits in these carts, and what goes into one order at most, by variant."""
    mosts = {
        row.variant_id: Most(row.product_id, row.order_max, row.title)
        for row in cart_rows
        if row.order_max is not None
    }
    kit_ids = [row.variant_id for row in cart_rows if row.is_kit]
    if not kit_ids:
        return {}, mosts
    kit_parts = await kits(connection, kit_ids)
    parts = await variants_by_id(
        connection, {id_ for made_of in kit_parts.values() for id_, _units in made_of}
    )
    return kit_parts, mosts | mosts_of(parts.values())


def _basket(request: PricedCartRequest, cart_rows: Sequence[_Row], world: _World) -> PricedCart:
    if not cart_rows:
        return PricedCart(request.cart_id, (), request.currency)
    prices = world.prices.get(request.currency, {})
    chosen = all(row.currency == request.currency or row.variant_id in prices for row in cart_rows)
    currency = request.currency if chosen else cart_rows[0].currency
    code = cart_rows[0].discount_code
    discount = world.discounts.get(code)
    lines = tuple(_line(row, prices if chosen else {}, currency, request, world) for row in cart_rows)
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


def _line(
    row: _Row, prices: Mapping[UUID, int], currency: str, request: PricedCartRequest, world: _World
) -> PricedLine:
    shown: dict[str, Any] = {
        "price_minor": row.price_minor if row.currency == currency else prices.get(row.variant_id, 0),
        "was_minor": row.seen_minor if row.seen_currency == currency else None,
    }
    return PricedLine(
        variant_id=row.variant_id,
        product_id=row.product_id,
        order_max=row.order_max,
        sku=row.sku,
        slug=row.slug,
        category=row.category,
        image=row.image,
        title=title_in(row.title, row.options, world.words[request.language].get(row.product_id)),
        tax_class=row.tax_class,
        weight_g=row.weight_g,
        quantity=row.quantity,
        currency=currency,
        offer=world.offers[request.campaign_id].get(row.variant_id) or Available(row.variant_id),
        sold=row.published and (row.currency == currency or row.variant_id in prices),
        **shown,
    )
