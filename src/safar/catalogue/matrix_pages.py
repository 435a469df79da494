"""Variants as a matrix: options and their values are typed once, and every combination is made at once."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from safar.catalogue.articles import Article, articles_by_id, articles_of_product, new_article
from safar.catalogue.decide import sku_of
from safar.catalogue.errors import SkuTaken, UnknownProduct
from safar.catalogue.matrix import (
    CELLS_MAX,
    OPTIONS_AT_ONCE,
    Cell,
    cells_of_matrix,
    options_of,
    values_typed,
)
from safar.catalogue.saving import save_articles_many
from safar.catalogue.shelves import stock_room_of
from safar.kernel.database import Connection
from safar.kernel.i18n import _
from safar.kernel.ids import parse_id
from safar.kernel.money import plain_amount
from safar.kernel.web.access import StaffRoute
from safar.kernel.web.actor import Actor
from safar.kernel.web.forms import UNITS_MAX, Fields
from safar.kernel.web.pages import context_of, page
from safar.kernel.web.post import NOTHING, Wrong, posted

_OPTION_MAX = 60


async def _matrix(request: Request, wrong: Wrong = NOTHING) -> Response:
    """Show the combinations of what is asked for; before, the options that the variants have."""
    asked = dict(wrong.typed) or dict(request.query_params)
    async with context_of(request).database.connection() as connection:
        articles = await _articles(connection, request)
    options = _asked(asked) or (options_of(articles) if not asked else {})
    cells = cells_of_matrix(options, articles, articles[0].variant.sku) if options else []
    last = articles[-1].variant
    values: dict[str, Any] = {
        "product": articles[0].product,
        "first": _first(articles),
        "rows": _rows(asked, options),
        "cells": cells[:CELLS_MAX],
        "left_out": max(len(cells) - CELLS_MAX, 0),
        "new": sum(not cell.exists for cell in cells[:CELLS_MAX]),
        "price": plain_amount(last.price_minor, last.currency),
        "currency": last.currency,
        "with_units": stock_room_of(request) is not None,
        **wrong.values(),
    }
    return page(request, "catalogue/matrix.html", values, status=wrong.status)


def _asked(values: Mapping[str, str]) -> dict[str, list[str]]:
    options = {}
    for number in range(OPTIONS_AT_ONCE):
        name = values.get(f"name:{number}", "").strip()[:_OPTION_MAX]
        typed_values = values_typed(values.get(f"values:{number}", "")[:2000])
        if name and typed_values:
            options[name] = [value[:_OPTION_MAX] for value in typed_values]
    return options


def _rows(asked: Mapping[str, str], options: Mapping[str, Sequence[str]]) -> list[tuple[str, str]]:
    """Return what stands in the fields of each option: name, and values between commas."""
    if asked:
        return [(asked.get(f"name:{n}", ""), asked.get(f"values:{n}", "")) for n in range(OPTIONS_AT_ONCE)]
    known = [(name, ", ".join(values)) for name, values in options.items()]
    return (known + [("", "")] * OPTIONS_AT_ONCE)[:OPTIONS_AT_ONCE]


def _first(articles: Sequence[Article]) -> Article | None:
    """Return the only variant of a product as long as nothing sets it apart."""
    return articles[0] if len(articles) == 1 and not articles[0].variant.options else None


@posted(_matrix)
async def _create(request: Request, actor: Actor, fields: Fields) -> str:
    """Make the variants that are ticked, all or none."""
    room = stock_room_of(request)
    async with context_of(request).database.transaction() as connection:
        articles = await _articles(connection, request)
        options = _asked(fields.values)
        cells = cells_of_matrix(options, articles, articles[0].variant.sku)[:CELLS_MAX] if options else []
        first, position = _first(articles), max(article.variant.position for article in articles)
        own = fields.text("first", length_max=3) if first else ""
        made: list[Article] = []
        units: dict[int, int | None] = {}
        for number, cell in enumerate(cells):
            if first and own == str(number):
                made.insert(0, Article(first.product, replace(first.variant, options=dict(cell.options))))
            elif not cell.exists and fields.ticked(f"make:{number}"):
                made.append(_made(fields, number, cell, articles, position + len(made) + 1))
                units[len(made) - 1] = fields.optional_integer(f"units:{number}", least=0, most=UNITS_MAX)
        if first and not any(own == str(number) for number in range(len(cells))):
            fields.problems["first"] = _("Choose one of the options.")
        if not units:
            fields.problems.setdefault("make", _("Tick at least one new variant."))
        fields.done()
        known = await articles_by_id(connection, [made[place].variant.id for place in units])
        for article in known.values():
            raise SkuTaken(sku=article.variant.sku)
        await save_articles_many(connection, made, staff_id=actor.id)
        for place, count in units.items():
            if count and room is not None:
                await room.begin(connection, made[place].variant.id, count, staff_id=actor.id)
    return f"/catalogue/products/{articles[0].product.id}?done=saved"


def _made(fields: Fields, number: int, cell: Cell, articles: Sequence[Article], position: int) -> Article:
    last = articles[-1]
    sku = sku_of(fields.text(f"sku:{number}", length_max=100))
    if sku is None:
        fields.problems.setdefault(f"sku:{number}", _("Letters, digits and . - _ + only, at most 40."))
    price = fields.amount(f"price:{number}", last.variant.currency)
    made = new_article(sku or "X", last.product.title, last.variant.currency)
    variant = replace(
        made.variant,
        product_id=last.product.id,
        price_minor=price or 0,
        options=dict(cell.options),
        weight_g=last.variant.weight_g,
        tax_class=last.variant.tax_class,
        tracks_lots=last.variant.tracks_lots,
        position=position,
    )
    return Article(last.product, variant)


async def _articles(connection: Connection, request: Request) -> list[Article]:
    articles = await articles_of_product(connection, parse_id(request.path_params["product_id"]))
    if not articles:
        raise UnknownProduct
    return list(articles)


routes: list[BaseRoute] = [
    StaffRoute("/catalogue/products/{product_id}/matrix", _matrix, role="manager"),
    StaffRoute("/catalogue/products/{product_id}/matrix", _create, role="manager", methods=["POST"]),
]
