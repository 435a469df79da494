"""The catalogue's pages for staff: the list, what a scanner reads, a quick change of a price."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from safar.catalogue import (
    image_pages,
    matrix_pages,
    product_pages,
    retire_pages,
    setting_pages,
    variant_pages,
)
from safar.catalogue.actions import QUERIES, patterns_of, set_price, variants_by_id
from safar.catalogue.categories import categories_listed
from safar.catalogue.codes import variant_of_code
from safar.catalogue.decide import barcode_of
from safar.catalogue.errors import UnknownProduct
from safar.catalogue.images import picture_url
from safar.catalogue.model import Variant
from safar.catalogue.names import category_name
from safar.catalogue.price_change import check_price, check_seen
from safar.catalogue.product_pages import edit_product_page
from safar.catalogue.public import drawn, image
from safar.kernel.database import Connection, rows, value
from safar.kernel.ids import parse_id
from safar.kernel.keyset import COUNTED_MAX, cut
from safar.kernel.web.access import StaffRoute
from safar.kernel.web.actor import Actor, actor_of
from safar.kernel.web.forms import Fields
from safar.kernel.web.pages import context_of, page, wants_json
from safar.kernel.web.post import Wrong, posted
from safar.kernel.web.requests import see_other

_PAGE_SIZE = 50
_STATES = {"published": True, "hidden": False}


@dataclass(frozen=True, slots=True)
class ProductRow:
    """A product in the list of the staff."""

    id: UUID
    slug: str
    title: str
    category: str
    published: bool
    image: str | None
    skus: list[str]
    variants: int
    least_minor: int
    most_minor: int
    currency: str

    @property
    def picture(self) -> str:
        return picture_url(self.image, self.slug, 320)


async def _catalogue(request: Request) -> Response:
    """Show products by title; a barcode that was scanned into the search leads to its article."""
    actor = actor_of(request)
    query = request.query_params.get("q", "").strip()[:100]
    state = request.query_params.get("state", "")
    async with context_of(request).database.connection() as connection:
        scanned = await variant_of_code(connection, query) if barcode_of(query) else None
        if scanned:
            return see_other(f"/catalogue/variants/{scanned.id}")
        categories = await categories_listed(connection)
        chosen = request.query_params.get("category", "")
        category = chosen if any(category.key == chosen for category in categories) else None
        after_title, after_id = await _after(connection, request.query_params.get("after", ""))
        params = {
            "after_title": after_title,
            "after_id": after_id,
            "patterns": patterns_of(query),
            "category": category,
            "published": _STATES.get(state),
            "archived": state == "archived",
            "limit": _PAGE_SIZE + 1,
        }
        product_rows = await rows(ProductRow, connection, QUERIES["catalogue_page"], params)
        total = await value(connection, QUERIES["catalogue_count"], params | {"limit": COUNTED_MAX + 1})
    shown, last = cut(product_rows, _PAGE_SIZE)
    older = f"?{request.url.include_query_params(after=last.id).query}" if last else None
    values: dict[str, Any] = {
        "lines": shown,
        "total": total,
        "query": query,
        "state": state if state in {*_STATES, "archived"} else "",
        "category": category or "",
        "categories": [
            (category.key, category_name(category.key, category.names)) for category in categories
        ],
        "names": {category.key: category_name(category.key, category.names) for category in categories},
        "older": older,
        "first": not after_title,
        "may_write": actor.may("manager"),
    }
    return page(request, "catalogue/list.html", values)


async def _after(connection: Connection, text: str) -> tuple[str, UUID]:
    """Return the title and id of the product after which the page begins."""
    try:
        product_id = UUID(text)
    except ValueError:
        return "", UUID(int=0)
    title = await value(connection, QUERIES["title_of"], {"id": product_id})
    return (title, product_id) if title is not None else ("", UUID(int=0))


async def _lookup(request: Request) -> Response:
    """Find the article of a code that was scanned or typed."""
    code = request.query_params.get("code", "")
    async with context_of(request).database.connection() as connection:
        variant = await variant_of_code(connection, code)
    if variant is None:
        raise UnknownProduct
    if wants_json(request):
        return JSONResponse(
            {
                "id": str(variant.id),
                "sku": variant.sku,
                "title": variant.title,
                "barcode": variant.barcode,
                "price_minor": variant.price_minor,
                "currency": variant.currency,
            }
        )
    return see_other(f"/catalogue/variants/{variant.id}")


async def _product_of(request: Request, wrong: Wrong) -> Response:
    async with context_of(request).database.connection() as connection:
        variant = await _variant(connection, request)
    return await edit_product_page(request, variant.product_id, wrong, price_of=variant.id)


@posted(_product_of, "price")
async def _price(request: Request, actor: Actor, fields: Fields) -> str:
    """Change a price, given in major units with a point or a comma."""
    async with context_of(request).database.transaction() as connection:
        variant = await _variant(connection, request)
        price_minor = fields.amount("price", variant.currency)
        fields.done()
        check_seen(fields, variant)
        check_price(fields, variant.sku, variant.price_minor, price_minor or 0, variant.currency)
        await set_price(connection, variant.id, price_minor or 0, staff_id=actor.id)
    query = urlencode({"price": variant.id, "from": variant.price_minor, "to": price_minor or 0})
    return f"/catalogue/products/{variant.product_id}?{query}"


async def _variant(connection: Connection, request: Request) -> Variant:
    variant_id = parse_id(request.path_params["id"])
    variant = (await variants_by_id(connection, [variant_id])).get(variant_id)
    if variant is None:
        raise UnknownProduct
    return variant


routes: list[BaseRoute] = [
    StaffRoute("/images/{digest}/{width}.webp", image, role="agent"),
    StaffRoute("/drawn/{slug}.svg", drawn, role="agent"),
    StaffRoute("/catalogue", _catalogue, role="agent"),
    StaffRoute("/catalogue/lookup", _lookup, role="agent"),
    *setting_pages.routes,
    *product_pages.routes,
    *retire_pages.routes,
    *matrix_pages.routes,
    *variant_pages.routes,
    *image_pages.routes,
    StaffRoute("/catalogue/{id}/price", _price, role="manager", methods=["POST"]),
]
