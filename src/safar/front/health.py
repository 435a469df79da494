"""What every public site has: health, readiness, robots.txt, an icon."""

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute

from safar.kernel.web.access import PublicRoute
from safar.kernel.web.pages import context_of
from safar.kernel.web.static import static_url
from safar.watch.reading import Watch

_ROBOTS = """User-agent: *
Disallow: /back-in-stock
Disallow: /cart
Disallow: /checkout
Disallow: /buy
Disallow: /chat
Disallow: /here
Disallow: /l/
Disallow: /orders/
Disallow: /unsubscribe
Disallow: /search/
Disallow: /wait
Disallow: /wishlist

Sitemap: {base}/sitemap.xml
"""


async def _health(_request: Request) -> Response:
    """Tell that the process lives."""
    return PlainTextResponse("ok")


async def _ready(request: Request) -> Response:
    """Tell a load balancer whether this process can answer visitors, then what else is wrong; from memory.

    A silent worker takes no front away: all of them would go at once, and no visitor elsewhere be better off.
    """
    watch: Watch = request.app.state.watch
    said = ["ready" if watch.ready else "the database does not answer", *watch.lines()]
    return PlainTextResponse("\n".join(said), 200 if watch.ready else 503)


async def _health_of_shop(request: Request) -> Response:
    """Tell a monitor whether the shop as a whole runs, what is wrong a line each: never for a load balancer.

    503 while something stands still that nobody but people will set going; what only somebody should look at
    in time is told beside an "ok".
    """
    watch: Watch = request.app.state.watch
    said = ["ok" if watch.runs else "something stands still", *watch.lines()]
    if not watch.ready:
        said = ["the database does not answer"]
    return PlainTextResponse("\n".join(said), 200 if watch.runs else 503, {"cache-control": "no-store"})


async def _robots(request: Request) -> Response:
    text = _ROBOTS.format(base=context_of(request).settings.public_url)
    return PlainTextResponse(text, headers={"cache-control": "public, max-age=86400"})


async def _favicon(_request: Request) -> Response:
    return RedirectResponse(static_url("kernel/icon.svg"), 302, {"cache-control": "public, max-age=86400"})


plain_routes: list[BaseRoute] = [
    PublicRoute("/health", _health, why="says only that the process lives"),
    PublicRoute("/health/shop", _health_of_shop, why="says only what of the machinery stands still"),
    PublicRoute("/ready", _ready, why="says only that the database answers"),
    PublicRoute("/robots.txt", _robots, why="for search engines"),
    PublicRoute("/favicon.ico", _favicon, why="an icon"),
]
