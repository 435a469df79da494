"""The page of a product: its variants by options, pictures, price, what is there and when it comes."""

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from safar.cart.available import Available, available_of
from safar.cart.decide import UNITS_MAX
from safar.cart.stock_words import Stock, stock_of
from safar.catalogue.actions import product_of
from safar.catalogue.images import images_of
from safar.catalogue.model import Picture, Price, Product, ProductWords, Variant
from safar.catalogue.names import category_name
from safar.catalogue.prices import prices_in
from safar.catalogue.words import words_in
from safar.customers.visitor import Visitor, visitor_of
from safar.journal.actions import record_many
from safar.journal.model import Event
from safar.kernel.context import Context
from safar.kernel.database import Connection
from safar.kernel.errors import Overloaded
from safar.kernel.money import plain_amount
from safar.kernel.web.access import PublicRoute
from safar.kernel.web.page_cache import tell_when_sent
from safar.kernel.web.pages import context_of, page, today_of
from safar.owner.model import Shop
from safar.owner.reading import shop_of
from safar.pricing.model import Destination, Rules
from safar.pricing.rules import rules_of
from safar.pricing.shipping import methods_to
from safar.storefront import shelf
from safar.storefront.currency import currency_of
from safar.storefront.decide import blocks, product_options
from safar.storefront.layer import look_in
from safar.storefront.model import DeliveryTerms, ProductCard, Seen
from safar.storefront.public import visit_of
from safar.storefront.structured import structured_product


@dataclass(frozen=True, slots=True)
class _Shown:
    """Everything that a product page is made of."""

    product: Product
    words: ProductWords
    variants: Sequence[Variant]
    prices: Mapping[UUID, Price]
    offers: Mapping[UUID, Available]
    pictures: Sequence[Picture]
    related: Sequence[ProductCard]
    together: bool


@dataclass(frozen=True, slots=True)
class _Problems:
    """What went wrong with what was just sent: with buying, with the address to be told at."""

    buying: str | None = None
    email: str | None = None
    typed: str = ""


async def _product(request: Request) -> Response:
    """Show a product; looking at it is an event."""
    shown = await _read(request, request.path_params["slug"])
    variant = _selected(request, shown)
    visitor = visitor_of(request)
    if not tell_when_sent(request.scope, Seen(variant.id, variant.sku)) and visitor.returned:
        await viewed(context_of(request), visitor, variant)
    return await _render(request, shown)


async def viewed(context: Context, visitor: Visitor, variant: Variant) -> None:
    """Write product.viewed, unless too much is going on: better a page that was not counted than no page."""
    event = Event(
        name="product.viewed",
        customer_id=visitor.customer_id,
        campaign_id=visitor.campaign_id,
        subject_id=variant.id,
        properties={"variant_id": variant.id, "sku": variant.sku},
    )
    with contextlib.suppress(Overloaded):
        await context.batched(record_many, event)


async def product_page(
    request: Request,
    slug: str,
    *,
    problem: str | None = None,
    email_problem: str | None = None,
    typed: str = "",
    sku: str | None = None,
    status: int = 200,
) -> Response:
    """Show a product again with what went wrong: the units of variant `sku` cannot be had, say."""
    problems = _Problems(problem, email_problem, typed)
    return await _render(request, await _read(request, slug), problems=problems, sku=sku, status=status)


async def _read(request: Request, slug: str) -> _Shown:
    visit = visit_of(request)
    async with context_of(request).database.connection() as connection:
        product, variants = await product_of(connection, slug)
        words = (await words_in(connection, [product.id], visit.language))[product.id]
        ids = [variant.id for variant in variants]
        return _Shown(
            product,
            words,
            variants,
            await _prices(connection, variants, visit.currency),
            await available_of(connection, ids, visit.campaign_id),
            await images_of(connection, product.id),
            *await shelf.related(connection, product.id, product.category, product.title, visit),
        )


async def _prices(connection: Connection, variants: Sequence[Variant], currency: str) -> Mapping[UUID, Price]:
    return await prices_in(connection, [variant.id for variant in variants], currency)


def _selected(request: Request, shown: _Shown, sku: str | None = None) -> Variant:
    """Return the variant that the address asks for, else the first that can be bought."""
    wanted = (sku or request.query_params.get("sku", "")).upper()
    by_sku = {variant.sku: variant for variant in shown.variants}
    buyable = (v for v in shown.variants if shown.offers[v.id].buyable and v.id in shown.prices)
    return by_sku.get(wanted) or next(buyable, shown.variants[0])


async def _render(
    request: Request,
    shown: _Shown,
    *,
    problems: _Problems | None = None,
    sku: str | None = None,
    status: int = 200,
) -> Response:
    context, currency = context_of(request), currency_of(request)
    rules, selected = await rules_of(context), _selected(request, shown, sku)
    offer, price = shown.offers[selected.id], shown.prices.get(selected.id)
    gone = frozenset(v.sku for v in shown.variants if not shown.offers[v.id].buyable)
    shop = await shop_of(context)
    many = len(shown.variants) > 1
    values = {
        "product": shown.product,
        "words": shown.words,
        "title": shown.words.title,
        "description": blocks(shown.words.description),
        "category_name": category_name(shown.product.category, _names(request, shown.product.category)),
        "variant": selected,
        "variants": shown.variants if many else [],
        "choices": product_options(shown.variants, selected, gone) if many else (),
        "gone": gone,
        "stock": stock_of(offer) if price else Stock(0, "", "bad"),
        "offer": offer,
        "units_max": min(offer.buyable, selected.order_max or UNITS_MAX, UNITS_MAX) if price else 0,
        "price": price,
        "currency": currency,
        "tax": rules.taxes.get(shop.country) or rules.taxes.get(""),
        "delivery": delivery_of(rules, shop, selected, offer, price, currency, today_of(request))
        if price
        else None,
        "spoken_choice": ", ".join(shown.words.options.get(o, o) for o in selected.options.values()),
        "amount_plain": plain_amount(price.price_minor, currency) if price else "",
        "pictures": _ordered(shown.pictures, selected),
        "related": shown.related,
        "together": shown.together,
        "problems": problems or _Problems(),
        "structured": structured_product(
            context.settings.public_url,
            shown.product,
            shown.words,
            shown.variants,
            shown.prices,
            shown.offers,
            currency,
            shop.name,
        ),
    }
    return page(request, "storefront/product.html", values, status=status)


def _names(request: Request, category: str) -> Mapping[str, str]:
    return next((aisle.names for aisle in look_in(request).aisles if aisle.key == category), {})


def _ordered(pictures: Sequence[Picture], selected: Variant) -> list[Picture]:
    """Return the pictures, the selected variant's own first."""
    return sorted(pictures, key=lambda picture: picture.digest != selected.image)


def delivery_of(
    rules: Rules, shop: Shop, variant: Variant, offer: Available, price: Price, currency: str, today: date
) -> DeliveryTerms | None:
    """Return what sending one unit costs at the least and when it comes; None where nothing is known.

    Counted as an order's page counts it: it leaves so many days after it was ordered, or when it is there.
    """
    methods = methods_to(
        rules,
        Destination(shop.country),
        weight_g=variant.weight_g,
        goods_minor=price.price_minor,
        currency=currency,
    )
    if not methods:
        return None
    least = min(method.price_minor for method in methods)
    cheapest = next(method for method in methods if method.price_minor == least)
    leaves_on = today + timedelta(days=shop.ship_days)
    if not offer.free:
        if offer.promised_on is None:
            return DeliveryTerms(least, None, None)
        leaves_on = max(leaves_on, offer.promised_on)
    first, last = (leaves_on + timedelta(days=days) for days in (cheapest.days_least, cheapest.days_most))
    return DeliveryTerms(least, first, last)


routes: list[BaseRoute] = [PublicRoute("/p/{slug}", _product, why="a product")]
