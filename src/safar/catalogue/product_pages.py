"""The page of a product for staff: its words, its pictures, its variants; and the page of a new one."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from safar.catalogue.articles import Article, articles_by_id, articles_of_product, products_by_id
from safar.catalogue.categories import categories_listed
from safar.catalogue.errors import SkuTaken, UnknownProduct
from safar.catalogue.forms import read_new, read_product, texts_of_options, values_of_product
from safar.catalogue.images import image_url, images_of, picture_url
from safar.catalogue.model import TAX_CLASSES
from safar.catalogue.names import CATEGORIES, category_name
from safar.catalogue.saving import save_many, set_published
from safar.kernel.database import Connection
from safar.kernel.errors import SafarError
from safar.kernel.i18n import LANGUAGES, N_, _
from safar.kernel.ids import parse_id
from safar.kernel.money import plain_amount
from safar.kernel.web.actor import actor_of
from safar.kernel.web.forms import read_fields
from safar.kernel.web.pages import context_of, error_text, page
from safar.kernel.web.requests import see_other

DONE = {
    "created": N_("The product is made. Add pictures and words in other languages here."),
    "saved": N_("Saved."),
    "published": N_("The product is in the shop now."),
    "hidden": N_("The product is out of the shop now."),
    "pictures": N_("The pictures are changed."),
}
TAX_NAMES = {"standard": N_("Standard rate"), "reduced": N_("Reduced rate"), "zero": N_("No tax")}


def tax_choices() -> list[tuple[str, str]]:
    return [(key, _(TAX_NAMES[key])) for key in TAX_CLASSES]


async def category_choices(connection: Connection) -> list[tuple[str, str]]:
    """Return (key, name) of every category a product can be in."""
    listed = {one.key: category_name(one.key, one.names) for one in await categories_listed(connection)}
    return list({**listed, **{key: category_name(key) for key in CATEGORIES if key not in listed}}.items())


async def _new(request: Request) -> Response:
    return await _new_page(request, {"published": "1", "tax_class": "standard"}, {})


async def _new_page(
    request: Request,
    typed: Mapping[str, str],
    problems: Mapping[str, str],
    *,
    problem: str | None = None,
    status: int = 200,
) -> Response:
    actor_of(request, "manager")
    async with context_of(request).database.connection() as connection:
        categories = await category_choices(connection)
    values = {
        "typed": typed, "problems": problems, "problem": problem, "categories": categories,
        "tax_classes": tax_choices(), "currency": context_of(request).settings.currency,
    }  # fmt: skip
    return page(request, "catalogue/new.html", values, status=status)


async def _create(request: Request) -> Response:
    """Make a product with its first variant; an article number that is there already is refused."""
    actor, context = actor_of(request, "manager"), context_of(request)
    fields = await read_fields(request)
    try:
        async with context.database.transaction() as connection:
            keys = {key for key, _name in await category_choices(connection)}
            article = read_new(fields, context.settings.currency, keys)
            if not fields.problems:
                if await articles_by_id(connection, [article.variant.id]):
                    raise SkuTaken(sku=article.variant.sku)
                await save_many(connection, [article], staff_id=actor.id)
    except SafarError as refused:
        return await _new_page(request, fields.values, {}, problem=error_text(refused), status=refused.status)
    if fields.problems:
        return await _new_page(request, fields.values, fields.problems, status=422)
    return see_other(f"/catalogue/products/{article.product.id}?done=created")


async def _product(request: Request) -> Response:
    return await product_page(request, parse_id(request.path_params["product_id"]))


async def product_page(
    request: Request,
    product_id: UUID,
    *,
    wrong: UUID | None = None,
    typed: Mapping[str, str] | None = None,
    problems: Mapping[str, str] | None = None,
    problem: str | None = None,
    status: int | None = None,
) -> Response:
    """Return the page of a product; `wrong` is the variant whose price could not be read."""
    actor, settings = actor_of(request), context_of(request).settings
    async with context_of(request).database.connection() as connection:
        articles = await articles_of_product(connection, product_id)
        if not articles:
            raise UnknownProduct
        images = await images_of(connection, product_id)
        categories = await category_choices(connection)
    product, said = articles[0].product, texts_of_options(articles)
    own = typed if typed is not None and not wrong else values_of_product(product, said)
    values: dict[str, Any] = {
        "product": product, "images": [(one, image_url(one.digest, 320)) for one in images],
        "variants": [_shown(article, images[0].digest if images else None) for article in articles],
        "typed": own, "price_typed": (typed or {}).get("price", ""), "problems": problems or {},
        "problem": problem, "wrong": wrong, "categories": categories, "said": said,
        "spoken": [(code, name) for code, name in LANGUAGES.items() if code != settings.language],
        "own_language": LANGUAGES.get(settings.language, settings.language),
        "may_write": actor.may("manager"), "public_url": settings.public_url,
        "done": _(DONE[done]) if (done := request.query_params.get("done", "")) in DONE else None,
    }  # fmt: skip
    return page(
        request, "catalogue/product.html", values, status=status or (422 if problem or problems else 200)
    )


def _shown(article: Article, first: str | None) -> dict[str, Any]:
    variant = article.variant
    return {
        "variant": variant, "options": " · ".join(variant.options.values()),
        "plain": plain_amount(variant.price_minor, variant.currency),
        "picture": picture_url(variant.image or first, article.product.slug, 320),
    }  # fmt: skip


async def _save(request: Request) -> Response:
    """Change a product's words and category."""
    actor, context = actor_of(request, "manager"), context_of(request)
    product_id = parse_id(request.path_params["product_id"])
    fields = await read_fields(request)
    async with context.database.transaction() as connection:
        articles = await articles_of_product(connection, product_id)
        if not articles:
            raise UnknownProduct
        keys = {key for key, _name in await category_choices(connection)}
        said = texts_of_options(articles)
        draft = read_product(fields, articles[0].product, context.settings.language, keys, said)
        if not fields.problems:
            await save_many(connection, [Article(draft, articles[0].variant)], staff_id=actor.id)
    if fields.problems:
        return await product_page(request, product_id, typed=fields.values, problems=fields.problems)
    return see_other(f"/catalogue/products/{product_id}?done=saved")


async def _publish(request: Request) -> Response:
    return await _set_published(request, True)


async def _withdraw(request: Request) -> Response:
    return await _set_published(request, False)


async def _set_published(request: Request, published: bool) -> Response:
    actor = actor_of(request, "manager")
    product_id = parse_id(request.path_params["product_id"])
    async with context_of(request).database.transaction() as connection:
        if not await products_by_id(connection, [product_id]):
            raise UnknownProduct
        await set_published(connection, product_id, published, staff_id=actor.id)
    return see_other(f"/catalogue/products/{product_id}?done={'published' if published else 'hidden'}")


routes: list[BaseRoute] = [
    Route("/catalogue/new", _new),
    Route("/catalogue/products", _create, methods=["POST"]),
    Route("/catalogue/products/{product_id}", _product),
    Route("/catalogue/products/{product_id}", _save, methods=["POST"]),
    Route("/catalogue/products/{product_id}/publication", _publish, methods=["POST"]),
    Route("/catalogue/products/{product_id}/withdrawal", _withdraw, methods=["POST"]),
]
