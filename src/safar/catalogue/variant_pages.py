"""The page of a variant for staff: what it costs, weighs and is made of; and the page of a new one."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from safar.catalogue.articles import Article, articles_by_id, articles_of_product, variant_id_of
from safar.catalogue.decide import OPTIONS_MAX
from safar.catalogue.errors import PriceUnusual, SkuTaken, UnknownProduct
from safar.catalogue.forms import read_first_options, read_sister, read_variant, values_of_variant
from safar.catalogue.images import image_url, images_of
from safar.catalogue.price_change import check_price
from safar.catalogue.prices import currencies, prices_in
from safar.catalogue.product_pages import DONE, tax_choices
from safar.catalogue.saving import save_articles_many
from safar.catalogue.stale import check_mark, mark_of
from safar.kernel.database import Connection
from safar.kernel.i18n import _
from safar.kernel.ids import parse_id
from safar.kernel.money import plain_amount
from safar.kernel.web.access import StaffRoute
from safar.kernel.web.actor import Actor, actor_of
from safar.kernel.web.forms import Fields
from safar.kernel.web.pages import context_of, page
from safar.kernel.web.post import NOTHING, Wrong, posted


async def _variant(request: Request, wrong: Wrong = NOTHING) -> Response:
    actor, variant_id = actor_of(request), parse_id(request.path_params["id"])
    async with context_of(request).database.connection() as connection:
        article = (await articles_by_id(connection, [variant_id])).get(variant_id)
        if article is None:
            raise UnknownProduct
        others = await _others(connection, request, article.variant.currency)
        values = {
            **await _form_values(connection, article, others),
            "parts": await _parts(connection, article),
            "typed": values_of_variant(article.variant) if wrong.fields is None else wrong.typed,
            "problems": wrong.problems,
            "problem": wrong.problem,
            "may_write": actor.may("manager"),
            "is_new": False,
            "mark": mark_of(article.variant),
            "unusual": isinstance(wrong.refused, PriceUnusual),
            "first": None,
            "done": _(DONE["saved"]) if request.query_params.get("done") == "saved" else None,
        }
    return page(request, "catalogue/variant.html", values, status=wrong.status)


async def _form_values(connection: Connection, article: Article, others: Sequence[str]) -> dict[str, Any]:
    """Return what the form of a variant shows beside what is typed."""
    variant, product = article.variant, article.product
    converted = {}
    for currency in others:
        priced = (await prices_in(connection, [variant.id], currency)).get(variant.id)
        converted[currency] = plain_amount(priced.price_minor, currency) if priced else ""
    images = await images_of(connection, product.id)
    return {
        "product": product,
        "variant": variant,
        "others": [(other, converted[other]) for other in others],
        "images": [(image, image_url(image.digest, 320)) for image in images],
        "tax_classes": tax_choices(),
        "option_rows": range(min(max(len(variant.options) + 1, 2), OPTIONS_MAX)),
    }


async def _parts(connection: Connection, article: Article) -> list[tuple[Article, int]]:
    """Return the articles that a kit consists of, with how many units of each."""
    units = {variant_id_of(sku): count for sku, count in article.variant.parts.items()}
    return [(part, units[id_]) for id_, part in (await articles_by_id(connection, units)).items()]


async def _others(connection: Connection, request: Request, own: str) -> list[str]:
    shop = context_of(request).settings.currency
    return [currency for currency in await currencies(connection, shop) if currency != own]


@posted(_variant)
async def _save(request: Request, actor: Actor, fields: Fields) -> str:
    """Change a variant."""
    variant_id = parse_id(request.path_params["id"])
    async with context_of(request).database.transaction() as connection:
        article = (await articles_by_id(connection, [variant_id])).get(variant_id)
        if article is None:
            raise UnknownProduct
        others = await _others(connection, request, article.variant.currency)
        check_mark(fields, article.variant)
        draft = read_variant(fields, article.variant, others)
        shown = {image.digest for image in await images_of(connection, article.product.id)}
        if draft.image and draft.image not in shown:
            fields.problems["image"] = _("Choose one of the options.")
        fields.done()
        known = article.variant
        check_price(fields, known.sku, known.price_minor, draft.price_minor, known.currency)
        await save_articles_many(connection, [Article(article.product, draft)], staff_id=actor.id)
    return f"/catalogue/variants/{variant_id}?done=saved"


async def _new(request: Request, wrong: Wrong = NOTHING) -> Response:
    """Show the form of a new variant, filled with what the other variants have in common."""
    product_id = parse_id(request.path_params["product_id"])
    async with context_of(request).database.connection() as connection:
        articles = await articles_of_product(connection, product_id)
        if not articles:
            raise UnknownProduct
        sibling = articles[-1]
        others = await _others(connection, request, sibling.variant.currency)
        like = values_of_variant(sibling.variant)
        shared = {"price", "was_price", "weight_g", "tax_class", "tracks_lots"}
        start = {key: text for key, text in like.items() if key in shared or key.startswith("option_name:")}
        values = {
            **await _form_values(connection, sibling, others),
            "parts": [],
            "typed": {**start, "variant_published": "1"} if wrong.fields is None else wrong.typed,
            "problems": wrong.problems,
            "problem": wrong.problem,
            "may_write": True,
            "is_new": True,
            "mark": "",
            "unusual": False,
            "done": None,
            "first": _first_of(articles),
        }
    return page(request, "catalogue/variant.html", values, status=wrong.status)


def _first_of(articles: Sequence[Article]) -> Article | None:
    """Return the only variant of a product when nothing sets it apart yet: a second one makes that needed."""
    return articles[0] if len(articles) == 1 and not articles[0].variant.options else None


@posted(_new)
async def _create(request: Request, actor: Actor, fields: Fields) -> str:
    """Add a variant to a product."""
    product_id = parse_id(request.path_params["product_id"])
    async with context_of(request).database.transaction() as connection:
        articles = await articles_of_product(connection, product_id)
        if not articles:
            raise UnknownProduct
        last = articles[-1].variant
        others = await _others(connection, request, last.currency)
        article = read_sister(fields, articles[0].product, last.currency, others)
        fields.done()
        if await articles_by_id(connection, [article.variant.id]):
            raise SkuTaken(sku=article.variant.sku)
        first = _first_of(articles)
        options = read_first_options(fields) if first else {}
        fields.done()
        first_renamed = [Article(first.product, replace(first.variant, options=options))] if first else []
        await save_articles_many(connection, [*first_renamed, article], staff_id=actor.id)
    return f"/catalogue/products/{product_id}?done=saved"


routes: list[BaseRoute] = [
    StaffRoute("/catalogue/products/{product_id}/variants/new", _new, role="manager"),
    StaffRoute("/catalogue/products/{product_id}/variants", _create, role="manager", methods=["POST"]),
    StaffRoute("/catalogue/variants/{id}", _variant, role="agent"),
    StaffRoute("/catalogue/variants/{id}", _save, role="manager", methods=["POST"]),
]
