"""Buttons of a product's page: archive, restore, delete."""

from typing import cast

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from safar.catalogue.articles import products_by_id
from safar.catalogue.errors import UnknownProduct
from safar.catalogue.product_pages import edit_product_page
from safar.catalogue.retire import Keeper, archive_product, delete_product, restore_product
from safar.kernel.ids import parse_id
from safar.kernel.web.access import StaffRoute
from safar.kernel.web.actor import Actor, actor_of
from safar.kernel.web.forms import Fields
from safar.kernel.web.pages import context_of
from safar.kernel.web.post import Wrong, posted
from safar.kernel.web.requests import see_other


async def _archive(request: Request) -> Response:
    return await _put(request, archived=True)


async def _restore(request: Request) -> Response:
    return await _put(request, archived=False)


async def _put(request: Request, *, archived: bool) -> Response:
    actor, product_id = actor_of(request), parse_id(request.path_params["product_id"])
    async with context_of(request).database.transaction() as connection:
        if not await products_by_id(connection, [product_id]):
            raise UnknownProduct
        put = archive_product if archived else restore_product
        await put(connection, product_id, staff_id=actor.id)
    return see_other(f"/catalogue/products/{product_id}?done={'archived' if archived else 'restored'}")


async def _product(request: Request, wrong: Wrong) -> Response:
    return await edit_product_page(request, parse_id(request.path_params["product_id"]), wrong)


@posted(_product, "retire")
async def _delete(request: Request, actor: Actor, fields: Fields) -> str:
    """Delete a product that nothing refers to; else say what does."""
    fields.done()
    keepers = cast("dict[str, Keeper]", getattr(request.app.state, "keepers", {}))
    async with context_of(request).database.transaction() as connection:
        product_id = parse_id(request.path_params["product_id"])
        await delete_product(connection, product_id, keepers, staff_id=actor.id)
    return "/catalogue"


_HERE = "/catalogue/products/{product_id}"
routes: list[BaseRoute] = [
    StaffRoute(f"{_HERE}/archiving", _archive, role="manager", methods=["POST"]),
    StaffRoute(f"{_HERE}/restoration", _restore, role="manager", methods=["POST"]),
    StaffRoute(f"{_HERE}/deletion", _delete, role="manager", methods=["POST"]),
]
