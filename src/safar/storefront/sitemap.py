"""What search engines read: sitemap.xml, in parts when there are many products."""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote
from xml.sax.saxutils import escape

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from safar.kernel.database import rows
from safar.kernel.errors import NotFound
from safar.kernel.web.access import PublicRoute
from safar.kernel.web.pages import context_of
from safar.storefront.info_pages import ALWAYS
from safar.storefront.layer import look_in
from safar.storefront.look import PAGES, QUERIES

_PART = 5000
_NAMESPACE = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'


@dataclass(frozen=True, slots=True)
class _Address:
    slug: str
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class _End:
    slug: str


async def _sitemap(request: Request) -> Response:
    """List the pages; of more than 5,000 products a list of parts, each named by the address it follows."""
    base, part = context_of(request).settings.public_url, request.query_params.get("part")
    if part is not None and not part.isprintable():
        raise NotFound
    async with context_of(request).database.connection() as connection:
        if part is None:
            ends = await rows(_End, connection, QUERIES["sitemap_parts"], {"limit": _PART})
            if ends:
                return _index(
                    [f"{base}/sitemap.xml?part={quote(after)}" for after in ("", *(e.slug for e in ends))]
                )
        params = {"after": part or "", "limit": _PART}
        products = await rows(_Address, connection, QUERIES["sitemap"], params)
    addresses = [(f"{base}{path}", None) for path in _plain_pages(request)] if not part else []
    return _list([*addresses, *((f"{base}/p/{product.slug}", product.changed_at) for product in products)])


def _plain_pages(request: Request) -> list[str]:
    look = look_in(request)
    infos = [key for key in PAGES if key in ALWAYS or look.say(key)]
    aisles = [f"/c/{quote(aisle.key)}" for aisle in look.aisles]
    own = [f"/pages/{quote(link.slug)}" for link in look.pages]
    return ["/", *aisles, *(f"/info/{key}" for key in infos), *own]


def _index(files: list[str]) -> Response:
    body = "".join(f"<sitemap><loc>{escape(file)}</loc></sitemap>" for file in files)
    return _xml(f"<sitemapindex {_NAMESPACE}>{body}</sitemapindex>")


def _list(addresses: list[tuple[str, datetime | None]]) -> Response:
    body = "".join(
        f"<url><loc>{escape(address)}</loc>{f'<lastmod>{at:%Y-%m-%d}</lastmod>' if at else ''}</url>"
        for address, at in addresses
    )
    return _xml(f"<urlset {_NAMESPACE}>{body}</urlset>")


def _xml(body: str) -> Response:
    headers = {"cache-control": "public, max-age=3600"}
    text = f'<?xml version="1.0" encoding="UTF-8"?>\n{body}\n'
    return Response(text, media_type="application/xml", headers=headers)


routes: list[BaseRoute] = [PublicRoute("/sitemap.xml", _sitemap, why="for search engines")]
