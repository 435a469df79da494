"""The owner's pages in the shop."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from safar.kernel.errors import NotFound
from safar.kernel.web.access import PublicRoute
from safar.kernel.web.pages import context_of, page
from safar.storefront import shelf
from safar.storefront.layer import look_in
from safar.storefront.markdown import written
from safar.storefront.own_pages.actions import goods_of_page, own_page
from safar.storefront.public import visit_of


async def _own_page(request: Request) -> Response:
    slug, look = request.path_params["slug"], look_in(request)
    if not slug.isprintable():
        raise NotFound
    async with context_of(request).database.connection() as connection:
        shown = await own_page(connection, slug)
        if shown is None:
            raise NotFound
        ids = await goods_of_page(connection, shown.skus)
        cards = await shelf.product_cards(connection, ids, visit_of(request))
    text = look.said(shown.texts)
    values = {"slug": slug, "title": look.said(shown.titles), "text": text, "cards": cards}
    return page(request, "storefront/own_page.html", {**values, "html": written(text)})


routes: list[BaseRoute] = [PublicRoute("/pages/{slug}", _own_page, why="what the shop says of itself")]
