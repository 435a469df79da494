"""Pages of goods: home, categories, search with its suggestions. They are kept and given to many visitors.

Nothing on them is a visitor's own but the units in the cart and the id of the next request.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from safar.catalogue.names import category_name
from safar.customers.visitor import visitor_of
from safar.kernel.errors import NotFound
from safar.kernel.i18n import _, current_language
from safar.kernel.web.access import PublicRoute
from safar.kernel.web.pages import context_of, page
from safar.pricing.rules import rules_of
from safar.storefront import shelf
from safar.storefront.currency import currency_of
from safar.storefront.layer import look_in
from safar.storefront.matching import matching_products
from safar.storefront.model import Facet, ProductCard, ProductSearch, Sort
from safar.storefront.product_search import SORTS, address, pairs_of, plain_price, wanted_of, without_option
from safar.storefront.shelf import PAGE_SIZE, Visit

_SUGGESTIONS_MAX = 6
_FACETS_MAX = 6
_LETTERS_MIN = 2
_POPULAR_MIN = 4


def visit_of(request: Request) -> Visit:
    """Return for whom a page of goods is made."""
    new_after = look_in(request).new_after
    return Visit(currency_of(request), current_language(), visitor_of(request).campaign_id, new_after)


async def _home(request: Request) -> Response:
    visit, look = visit_of(request), look_in(request)
    async with context_of(request).database.connection() as connection:
        shelves = {
            kind: await shelf.of_kind(connection, kind, visit) for kind in ("reduced", "popular", "new")
        }
        # So few sales say nothing of what is popular: then a look around says more.
        sold = len(shelves["popular"]) >= _POPULAR_MIN
        picks = [] if sold else await shelf.of_kind(connection, "picks", visit)
        wished = await shelf.kept_for(connection, visit)
        chosen = await matching_products(connection, look.say("hero_sku")) if look.say("hero_sku") else None
        hero = await shelf.product_cards(connection, chosen.ids[:1], visit) if chosen else []
    shown = shelves["popular"] if sold else picks
    hero = hero or shown[:1]
    known = {card.product_id for card in shown}
    return page(
        request,
        "storefront/home.html",
        {
            "hero": hero[0] if hero else None,
            "aisles": look.aisles,
            "kept": wished,
            "reduced": shelves["reduced"],
            "popular": shelves["popular"] if sold else [],
            "picks": picks,
            "newest": [card for card in shelves["new"] if card.product_id not in known],
        },
    )


async def _category(request: Request) -> Response:
    look, key = look_in(request), request.path_params["category"]
    if not key.isprintable():
        raise NotFound
    aisle = next((aisle for aisle in look.aisles if aisle.key == key), None)
    wanted = wanted_of(request.query_params, currency=currency_of(request), category=key)
    values = await _listed(request, replace(wanted, query="", sort=_unsearched(wanted.sort)))
    if aisle is None and not values["found"]:
        raise NotFound
    title = aisle.name if aisle else category_name(key)
    return page(request, "storefront/listing.html", {**values, "title": title, "base": request.url.path})


async def _search(request: Request) -> Response:
    """Show what was searched for; without a query, everything."""
    wanted = wanted_of(request.query_params, currency=currency_of(request))
    values = await _listed(request, wanted)
    title = _("Results for “%(query)s”", query=wanted.query) if wanted.query else _("All products")
    values |= {"title": title, "base": "/search"}
    if not values["found"] and wanted.query and not wanted.narrowed:
        async with context_of(request).database.connection() as connection:
            values["popular"] = await shelf.of_kind(connection, "popular", visit_of(request), limit=4)
    return page(request, "storefront/listing.html", values)


async def _suggestions(request: Request) -> Response:
    """Return what the first letters of a query may mean: a part of the page, for the search field."""
    wanted = wanted_of(request.query_params, currency=currency_of(request))
    shown: list[ProductCard] = []
    if len(wanted.query) >= _LETTERS_MIN:
        async with context_of(request).database.connection() as connection:
            matches = await matching_products(connection, wanted.query)
            meant = [*matches.ids, *matches.near][:_SUGGESTIONS_MAX]
            shown = await shelf.product_cards(connection, meant, visit_of(request))
    return page(request, "storefront/suggestions.html", {"cards": shown, "typed": wanted.query})


def _unsearched(sort: Sort) -> Sort:
    return Sort.POPULAR if sort == Sort.BEST else sort


async def _listed(request: Request, wanted: ProductSearch) -> dict[str, Any]:
    context = context_of(request)
    rules = await rules_of(context)
    async with context.database.connection() as connection:
        result, facets = await shelf.find_products(
            connection, wanted, visit_of(request), rules, own_currency=context.settings.currency
        )
    spoken = {name: text for card in result.cards for name, text in card.spoken.items()}
    sorts = [(sort, _(text)) for sort, text in SORTS.items() if sort != Sort.BEST or wanted.query]
    return {
        "wanted": wanted,
        "cards": result.cards,
        "found": result.found,
        "near": result.near,
        "alike": result.alike,
        "sorts": sorts,
        "facets": _grouped(facets, wanted),
        "spoken": spoken,
        "kept": [pair for pair in pairs_of(replace(wanted, page=1)) if pair[0] != "sort"],
        "chips": _chips(wanted, spoken),
        "least": plain_price(wanted.least_minor, wanted.currency),
        "most": plain_price(wanted.most_minor, wanted.currency),
        "page": wanted.page,
        "pages": -(-result.found // PAGE_SIZE),
        "popular": [],
        "cleared": address(ProductSearch(currency=wanted.currency, query=wanted.query, sort=wanted.sort)),
    }


def _grouped(facets: list[Facet], wanted: ProductSearch) -> list[tuple[str, list[tuple[Facet, bool]]]]:
    """Return options with their values and whether each is asked for: those that most products have."""
    asked = {(name, value) for name, values in wanted.options for value in values}
    groups: dict[str, list[tuple[Facet, bool]]] = {}
    for facet in facets:
        groups.setdefault(facet.name, []).append((facet, (facet.name, facet.value) in asked))
    return [(name, values) for name, values in groups.items() if len(values) > 1 or asked][:_FACETS_MAX]


def _chips(wanted: ProductSearch, spoken: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return every filter that is set, in words, with the address of the list without it."""
    first = replace(wanted, page=1)
    chips = [
        (
            f"{spoken.get(name, name)}: {spoken.get(value, value)}",
            address(without_option(wanted, name, value)),
        )
        for name, values in wanted.options
        for value in values
    ]
    if wanted.least_minor is not None or wanted.most_minor is not None:
        low, high = (
            plain_price(amount, wanted.currency) for amount in (wanted.least_minor, wanted.most_minor)
        )
        chips.append(
            (f"{low}–{high} {wanted.currency}", address(replace(first, least_minor=None, most_minor=None)))
        )
    if wanted.in_stock:
        chips.append((_("In stock"), address(replace(first, in_stock=False))))
    if wanted.reduced:
        chips.append((_("On sale"), address(replace(first, reduced=False))))
    return chips


routes: list[BaseRoute] = [
    PublicRoute("/", _home, why="the shop window"),
    PublicRoute("/search", _search, why="all products, or those searched for"),
    PublicRoute("/search/suggestions", _suggestions, why="a part of the search"),
    PublicRoute("/c/{category:path}", _category, why="a category"),
]
