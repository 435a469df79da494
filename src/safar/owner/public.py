"""The shop's colour and marks on the web, for its pages, its mails and whoever shows them."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from safar.kernel.errors import NotFound
from safar.kernel.web.access import PublicRoute
from safar.kernel.web.pages import context_of
from safar.owner.colour import is_colour, palette_of
from safar.owner.marks import MARK, mark_named

_FOREVER = {"cache-control": "public, max-age=31536000, immutable"}


async def colour_sheet(request: Request) -> Response:
    """Answer with the colours that follow from the one in the address: the same for ever."""
    colour = "#" + request.path_params["colour"]
    if not is_colour(colour):
        raise NotFound
    its = palette_of(colour)
    text = (
        ":root{"
        f"--brand:light-dark({its.words},{its.words_dark});"
        f"--brand-deep:light-dark({its.words_deep},{its.words_dark_deep});"
        f"--fill:light-dark({its.fill},{its.words_dark});"
        f"--fill-deep:light-dark({its.fill_deep},{its.words_dark_deep});"
        f"--on-fill:light-dark({its.on_fill},{its.on_dark});"
        f"--brand-wash:light-dark({its.wash},{its.wash_dark});"
        f"--bar:{its.words};--hero:{its.words_deep};--on-bar:#ffffff;--hero-words:#ffffff;--sun-words:{its.words}"
        "}"
    )
    return Response(text, media_type="text/css", headers=_FOREVER)


async def mark_picture(request: Request) -> Response:
    name = request.path_params["name"]
    if not MARK.fullmatch(name):
        raise NotFound
    async with context_of(request).database.connection() as connection:
        found = await mark_named(connection, name)
    if found is None:
        raise NotFound
    return Response(found.body, media_type="image/png", headers=_FOREVER)


routes: list[BaseRoute] = [
    PublicRoute("/brand/{colour}.css", colour_sheet, why="colours, worked out of the address alone"),
    PublicRoute("/brand/{name}.png", mark_picture, why="the logo or the icon of the shop"),
]
