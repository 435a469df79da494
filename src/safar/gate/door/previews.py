"""What a link leads to, for who cannot be shown the page itself: its true title, words and picture."""

import time
from collections import OrderedDict
from dataclasses import dataclass

from starlette.requests import Request

from safar.catalogue.actions import product_of
from safar.catalogue.errors import UnknownProduct
from safar.catalogue.images import images_of, picture_url
from safar.catalogue.words import words_in
from safar.kernel.context import Context
from safar.kernel.i18n import current_language
from safar.kernel.web.pages import context_of
from safar.owner.reading import known_shop

_PRODUCTS = "/p/"
_DESCRIPTION_MAX = 200
_PICTURE_WIDTH = 1280
_KEPT_MAX = 500
_KEPT_S = 60.0


@dataclass(frozen=True, slots=True)
class Preview:
    """A page in short; `image` is an address."""

    title: str
    description: str
    url: str
    image: str | None = None


class _Kept:
    """The previews asked for last, each for a minute: crawlers ask for the same again and again."""

    def __init__(self) -> None:
        self._previews: OrderedDict[tuple[str, str], tuple[float, Preview]] = OrderedDict()

    def get(self, key: tuple[str, str]) -> Preview | None:
        entry = self._previews.get(key)
        return entry[1] if entry is not None and time.monotonic() - entry[0] < _KEPT_S else None

    def put(self, key: tuple[str, str], preview: Preview) -> None:
        self._previews[key] = (time.monotonic(), preview)
        self._previews.move_to_end(key)
        if len(self._previews) > _KEPT_MAX:
            self._previews.popitem(last=False)


async def preview_of(request: Request, path: str, *, may_read: bool = True) -> Preview:
    """Return what the page at `path` is about; without asking the database, only what is known already."""
    context, previews = context_of(request), _previews(request)
    key = (path, current_language())
    preview = previews.get(key)
    if preview is None and may_read and path.startswith(_PRODUCTS):
        preview = await _read(context, path)
        previews.put(key, preview)
    return preview or _of_shop(context)


def _previews(request: Request) -> _Kept:
    state = request.app.state
    if not hasattr(state, "previews"):
        state.previews = _Kept()
    previews: _Kept = state.previews
    return previews


async def _read(context: Context, path: str) -> Preview:
    base = context.settings.public_url.rstrip("/")
    async with context.database.connection() as connection:
        try:
            product, _variants = await product_of(connection, path.removeprefix(_PRODUCTS))
        except UnknownProduct:
            return _of_shop(context)
        words = (await words_in(connection, [product.id], current_language()))[product.id]
        pictures = await images_of(connection, product.id)
    address = f"{base}/p/{product.slug}"
    image = base + picture_url(pictures[0].digest if pictures else None, product.slug, _PICTURE_WIDTH)
    return Preview(words.title, (words.description or words.title)[:_DESCRIPTION_MAX], address, image)


def _of_shop(context: Context) -> Preview:
    name = known_shop(context).name
    return Preview(name, name, f"{context.settings.public_url.rstrip('/')}/")
