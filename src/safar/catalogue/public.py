"""The catalogue's pictures on the web: photographs by their digest, drawings by the product's address."""

import asyncio
import re
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from safar.catalogue.actions import QUERIES
from safar.catalogue.drawn_pictures import Drawing, drawing_of, svg_of
from safar.catalogue.errors import UnknownPicture
from safar.catalogue.images import image_file
from safar.catalogue.pixels import WIDTHS
from safar.kernel.context import Context
from safar.kernel.database import Database, row
from safar.kernel.web.access import PublicRoute
from safar.kernel.web.headers import list_of
from safar.kernel.web.pages import context_of

_DIGEST = re.compile(r"[0-9a-f]{32}")
_SLUG = re.compile(r"[a-z0-9-]{1,160}")
_WIDTHS = {str(width): width for width in WIDTHS}
_DRAWINGS_MAX = 20_000
_UNKNOWN_MAX = 20_000
_UNKNOWN_S = 5.0
_FOREVER = "public, max-age=31536000, immutable"
_A_DAY = "public, max-age=86400, stale-while-revalidate=604800"


@dataclass(frozen=True, slots=True)
class _Named:
    title: str


@dataclass(slots=True)
class PictureCache:
    """What this process has given out lately: pictures up to so many bytes, and which drawing is whose."""

    bytes_max: int
    bytes_kept: int = 0
    pictures: OrderedDict[tuple[str, int], bytes] = field(default_factory=OrderedDict)
    drawings: OrderedDict[str, Drawing] = field(default_factory=OrderedDict)
    fetching: dict[tuple[str, int], asyncio.Task[bytes | None]] = field(default_factory=dict)
    unknown: OrderedDict[Hashable, float] = field(default_factory=OrderedDict)  # until when (loop time)

    def is_unknown(self, key: Hashable) -> bool:
        """Tell whether the database has said a moment ago that there is nothing of this name."""
        return self.unknown.get(key, 0.0) > asyncio.get_running_loop().time()

    def note_unknown(self, key: Hashable) -> None:
        """Remember for a few seconds that there is none; what is added meanwhile is seen after them."""
        self.unknown.pop(key, None)
        self.unknown[key] = asyncio.get_running_loop().time() + _UNKNOWN_S
        if len(self.unknown) > _UNKNOWN_MAX:
            self.unknown.popitem(last=False)

    def keep(self, key: tuple[str, int], body: bytes) -> None:
        """Keep a picture; those that were not asked for the longest make room."""
        if key in self.pictures or len(body) > self.bytes_max:
            return
        self.pictures[key] = body
        self.bytes_kept += len(body)
        while self.bytes_kept > self.bytes_max:
            _old, dropped = self.pictures.popitem(last=False)
            self.bytes_kept -= len(dropped)


_shelves: WeakKeyDictionary[Database, PictureCache] = WeakKeyDictionary()


def _shelf(context: Context) -> PictureCache:
    return _shelves.setdefault(context.database, PictureCache(context.settings.image_cache_bytes))


async def image(request: Request) -> Response:
    digest, width = request.path_params["digest"], _WIDTHS.get(request.path_params["width"])
    if not _DIGEST.fullmatch(digest) or width is None:
        raise UnknownPicture
    headers = {"cache-control": _FOREVER, "etag": f'"{digest}-{width}"'}
    if headers["etag"] in list_of(request.headers, "if-none-match"):
        return Response(status_code=304, headers=headers)
    body = await _picture(context_of(request), digest, width)
    if body is None:
        raise UnknownPicture
    return Response(body, media_type="image/webp", headers=headers)


async def _picture(context: Context, digest: str, width: int) -> bytes | None:
    """Return a file from the shelf or the database; many who ask at once are one question."""
    shelf, key = _shelf(context), (digest, width)
    if key in shelf.pictures:
        shelf.pictures.move_to_end(key)
        return shelf.pictures[key]
    task = shelf.fetching.get(key)
    if task is None:
        if shelf.is_unknown(digest):
            return None
        task = asyncio.create_task(_fetch(context, digest, width))
        shelf.fetching[key] = task
        task.add_done_callback(lambda _done: shelf.fetching.pop(key, None))
    body = await asyncio.shield(task)
    if body is None:
        shelf.note_unknown(digest)
    else:
        shelf.keep(key, body)
    return body


async def _fetch(context: Context, digest: str, width: int) -> bytes | None:
    async with context.database.connection() as connection:
        return await image_file(connection, digest, width)


async def drawn(request: Request) -> Response:
    slug = request.path_params["slug"]
    if not _SLUG.fullmatch(slug):
        raise UnknownPicture
    drawing = await _drawing(context_of(request), slug)
    what = drawing.motif or f"{ord(drawing.letter[:1] or ' '):x}"
    etag = f'"{what}-{drawing.ground}-{drawing.palette}"'
    headers = {"cache-control": _A_DAY, "etag": etag}
    if etag in list_of(request.headers, "if-none-match"):
        return Response(status_code=304, headers=headers)
    return Response(svg_of(drawing), media_type="image/svg+xml", headers=headers)


async def _drawing(context: Context, slug: str) -> Drawing:
    shelf = _shelf(context)
    known = shelf.drawings.get(slug)
    if known is not None:
        return known
    if shelf.is_unknown(slug):
        raise UnknownPicture
    async with context.database.connection() as connection:
        named = await row(_Named, connection, QUERIES["product_named"], {"slug": slug})
    if named is None:
        shelf.note_unknown(slug)
        raise UnknownPicture
    drawing = drawing_of(slug, named.title)
    shelf.drawings[slug] = drawing
    while len(shelf.drawings) > _DRAWINGS_MAX:
        shelf.drawings.popitem(last=False)
    return drawing


routes: list[BaseRoute] = [
    PublicRoute("/images/{digest}/{width}.webp", image, why="a picture of a product"),
    PublicRoute("/drawn/{slug}.svg", drawn, why="the drawn picture of a product"),
]
