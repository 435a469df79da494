"""The page of a product for staff: its words, its pictures, its variants; and the page of a new one."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from safar.catalogue.articles import Article, articles_by_id, articles_of_product, products_by_id
from safar.catalogue.categories import categories_listed
from safar.catalogue.errors import PriceUnusual, ProductArchived, ProductInUse, SkuTaken, UnknownProduct
from safar.catalogue.forms import read_new, read_product, texts_of_options, values_of_product
from safar.catalogue.images import image_url, images_of, picture_url
from safar.catalogue.model import TAX_CLASSES
from safar.catalogue.names import CATEGORIES, category_name
from safar.catalogue.price_change import price_note
from safar.catalogue.retire import archived_at
from safar.catalogue.saving import save_articles_many, set_published
from safar.catalogue.shelves import stock_room_of
from safar.catalogue.stale import check_mark, mark_of
from safar.kernel.database import Connection
from safar.kernel.i18n import LANGUAGES, N_, _
from safar.kernel.ids import parse_id
from safar.kernel.money import plain_amount
from safar.kernel.text import whole_number
from safar.kernel.web.access import StaffRoute
from safar.kernel.web.actor import Actor, actor_of
from safar.kernel.web.forms import UNITS_MAX, Fields
from safar.kernel.web.pages import context_of, page
from safar.kernel.web.post import NOTHING, Wrong, posted
from safar.kernel.web.requests import see_other

DONE = {
    "created": N_("Product created. Add pictures and translations here."),
    "saved": N_("Saved."),
    "published": N_("Published: the product is in the shop."),
    "hidden": N_("Unpublished: the product is no longer in the shop."),
    "archived": N_("Archived: the product is no longer in the shop or in the catalogue list."),
    "restored": N_("Restored."),
    "pictures": N_("Pictures changed."),
}
TAX_NAMES = {"standard": N_("Standard rate"), "reduced": N_("Reduced rate"), "zero": N_("No tax")}


def tax_choices() -> list[tuple[str, str]]:
    return [(key, _(TAX_NAMES[key])) for key in TAX_CLASSES]


async def category_choices(connection: Connection) -> list[tuple[str, str]]:
    """Return (key, name) of every category a product can be in."""
    listed = {
        category.key: category_name(category.key, category.names)
        for category in await categories_listed(connection)
    }
    return list({**listed, **{key: category_name(key) for key in CATEGORIES if key not in listed}}.items())


async def _new(request: Request, wrong: Wrong = NOTHING) -> Response:
    async with context_of(request).database.connection() as connection:
        categories = await category_choices(connection)
    values = {
        **wrong.values(),
        "typed": wrong.typed or {"published": "1", "tax_class": "standard"},
        "categories": categories,
        "tax_classes": tax_choices(),
        "currency": context_of(request).settings.currency,
        "with_units": stock_room_of(request) is not None,
    }
    return page(request, "catalogue/new.html", values, status=wrong.status)


@posted(_new)
async def _create(request: Request, actor: Actor, fields: Fields) -> str:
    """Make a product with its first variant; an article number that is there already is refused."""
    context, shelves = context_of(request), stock_room_of(request)
    async with context.database.transaction() as connection:
        keys = {key for key, _name in await category_choices(connection)}
        article = read_new(fields, context.settings.currency, keys)
        units = fields.optional_integer("units", least=0, most=UNITS_MAX)
        fields.done()
        if await articles_by_id(connection, [article.variant.id]):
            raise SkuTaken(sku=article.variant.sku)
        await save_articles_many(connection, [article], staff_id=actor.id)
        if units and shelves is not None:
            await shelves.begin(connection, article.variant.id, units, staff_id=actor.id)
    return f"/catalogue/products/{article.product.id}?done=created"


async def _product(request: Request, wrong: Wrong = NOTHING) -> Response:
    return await edit_product_page(request, parse_id(request.path_params["product_id"]), wrong)


async def edit_product_page(
    request: Request,
    product_id: UUID,
    wrong: Wrong = NOTHING,
    *,
    price_of: UUID | None = None,
) -> Response:
    """Return the page of a product; `price_of` is the variant whose price could not be read."""
    actor, settings = actor_of(request), context_of(request).settings
    async with context_of(request).database.connection() as connection:
        articles = await articles_of_product(connection, product_id)
        if not articles:
            raise UnknownProduct
        images = await images_of(connection, product_id)
        archived = await archived_at(connection, product_id)
        categories = await category_choices(connection)
        shelves = stock_room_of(request)
        ids = [article.variant.id for article in articles]
        units = await shelves.units_of(connection, ids) if shelves is not None else {}
    product, option_texts = articles[0].product, texts_of_options(articles)
    own_form = wrong.form == "product"
    own = wrong.typed if own_form else values_of_product(product, option_texts)
    values: dict[str, Any] = {
        "product": product,
        "archived": archived,
        "images": [(image, image_url(image.digest, 320)) for image in images],
        "variants": [_shown(article, images[0].digest if images else None) for article in articles],
        "units": units,
        "typed": own,
        "price_typed": wrong.typed.get("price", ""),
        "problems": wrong.problems if own_form else {},
        "problem": wrong.problem if own_form else wrong.first,
        "in_use": isinstance(wrong.refused, ProductInUse),
        "wrong": price_of,
        "unusual": isinstance(wrong.refused, PriceUnusual),
        "priced": _priced(request, articles),
        "mark": mark_of(product),
        "categories": categories,
        "said": option_texts,
        "spoken": [(code, name) for code, name in LANGUAGES.items() if code != settings.language],
        "own_language": LANGUAGES.get(settings.language, settings.language),
        "may_write": actor.may("manager"),
        "public_url": settings.public_url,
        "done": _(DONE[done]) if (done := request.query_params.get("done", "")) in DONE else None,
    }
    return page(request, "catalogue/product.html", values, status=wrong.status)


def _priced(request: Request, articles: Sequence[Article]) -> dict[str, str] | None:
    """Return the price that was changed just now, as its address says, with the way back."""
    asked = request.query_params
    before, after = (whole_number(asked.get(name, "")) for name in ("from", "to"))
    for article in articles:
        variant = article.variant
        if asked.get("price") == str(variant.id) and after == variant.price_minor and before is not None:
            return price_note(variant.id, variant.sku, before, after, variant.currency)
    return None


def _shown(article: Article, first: str | None) -> dict[str, Any]:
    variant = article.variant
    return {
        "variant": variant,
        "options": " · ".join(variant.options.values()),
        "plain": plain_amount(variant.price_minor, variant.currency),
        "picture": picture_url(variant.image or first, article.product.slug, 320),
    }


@posted(_product, "product")
async def _save(request: Request, actor: Actor, fields: Fields) -> str:
    """Change a product's words and category."""
    context, product_id = context_of(request), parse_id(request.path_params["product_id"])
    async with context.database.transaction() as connection:
        articles = await articles_of_product(connection, product_id)
        if not articles:
            raise UnknownProduct
        keys = {key for key, _name in await category_choices(connection)}
        option_texts = texts_of_options(articles)
        check_mark(fields, articles[0].product)
        draft = read_product(fields, articles[0].product, context.settings.language, keys, option_texts)
        fields.done()
        await save_articles_many(connection, [Article(draft, articles[0].variant)], staff_id=actor.id)
    return f"/catalogue/products/{product_id}?done=saved"


async def _publish(request: Request) -> Response:
    return await _set_published(request, True)


async def _withdraw(request: Request) -> Response:
    return await _set_published(request, False)


async def _set_published(request: Request, published: bool) -> Response:
    actor = actor_of(request)
    product_id = parse_id(request.path_params["product_id"])
    async with context_of(request).database.transaction() as connection:
        if not await products_by_id(connection, [product_id]):
            raise UnknownProduct
        if published and await archived_at(connection, product_id):
            raise ProductArchived
        await set_published(connection, product_id, published, staff_id=actor.id)
    return see_other(f"/catalogue/products/{product_id}?done={'published' if published else 'hidden'}")


routes: list[BaseRoute] = [
    StaffRoute("/catalogue/new", _new, role="manager"),
    StaffRoute("/catalogue/products", _create, role="manager", methods=["POST"]),
    StaffRoute("/catalogue/products/{product_id}", _product, role="agent"),
    StaffRoute("/catalogue/products/{product_id}", _save, role="manager", methods=["POST"]),
    StaffRoute("/catalogue/products/{product_id}/publication", _publish, role="manager", methods=["POST"]),
    StaffRoute("/catalogue/products/{product_id}/withdrawal", _withdraw, role="manager", methods=["POST"]),
]
