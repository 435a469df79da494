"""Pages: Jinja2 templates of every room, rendered in the request's language."""

from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, cast

from jinja2 import Environment, FileSystemLoader, PrefixLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from safar.kernel import clock, i18n
from safar.kernel.context import Context
from safar.kernel.errors import BodyTooLarge, BodyTooSlow, InvalidInput, SafarError
from safar.kernel.log import log, route_of
from safar.kernel.web.headers import list_of
from safar.kernel.web.static import static_url

_PACKAGE = Path(__file__).parent.parent.parent


@cache
def environment() -> Environment:
    """Return the template environment: "shop/cart.html" is src/safar/shop/templates/cart.html."""
    rooms = {folder.parent.name: FileSystemLoader(folder) for folder in sorted(_PACKAGE.glob("*/templates"))}
    env = Environment(
        loader=PrefixLoader(rooms),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
    )
    install = cast("Any", env).install_gettext_callables
    install(i18n._, _ngettext, newstyle=True, pgettext=i18n.pgettext)
    env.globals |= {"static": static_url, "languages": list(i18n.LANGUAGES.items())}
    env.filters |= {
        "money": i18n.money,
        "currency_name": i18n.currency_name,
        "number": i18n.number,
        "percent": i18n.percent,
        "date": i18n.date,
        "day": i18n.day,
        "time": i18n.time_of_day,
        "datetime": i18n.datetime_text,
        "duration": i18n.duration,
        "moment": i18n.moment,
    }
    return env


def _ngettext(singular: str, plural: str, count: int) -> str:
    return i18n.ngettext_plain(singular, plural, count)


def context_of(request: Request) -> Context:
    """Return the process's shared things."""
    return cast("Context", request.app.state.context)


def today_of(request: Request) -> date:
    """Return the day that it is where the shop is."""
    return clock.today(context_of(request).settings.timezone)


def render(template: str, values: Mapping[str, Any]) -> str:
    """Return a template's text, without a request: for parts of pages, live updates and mails."""
    language = i18n.current_language()
    return (
        environment()
        .get_template(template)
        .render({"lang": language, "dir": i18n.direction(language), **values})
    )


def page(
    request: Request, template: str, values: Mapping[str, Any] | None = None, *, status: int = 200
) -> HTMLResponse:
    """Return `template` as a page: with the surface's own values (navigation, cart …) added."""
    surface = request.app.state.surface
    theme = request.cookies.get("theme", "auto")
    shared = {
        "request": request,
        "path": request.url.path,
        "theme": theme if theme in ("light", "dark") else "auto",
        **surface.page_values(request),
    }
    return HTMLResponse(render(template, {**shared, **(values or {})}), status)


def wants_json(request: Request) -> bool:
    """Tell whether the caller is a program: it sent JSON or asks for it."""
    return "application/json" in request.headers.get("content-type", "") or (
        "application/json" in list_of(request.headers, "accept")
    )


def error_text(error: SafarError) -> str:
    """Return the error's message in the language in force, its details filled in."""
    text = i18n._(error.message())
    return text % error.details if error.details else text


def error_response(request: Request, error: SafarError) -> Response:
    """Return `error` in the caller's language and form: JSON for programs, a page for people."""
    headers = {"retry-after": "3"} if error.status == 503 else {}
    if isinstance(error, (BodyTooLarge, BodyTooSlow)):
        headers["connection"] = "close"  # the rest of the body is never read
    text = error_text(error)
    if wants_json(request):
        body: dict[str, Any] = {"error": error.code, "message": text}
        if isinstance(error, InvalidInput):
            body["fields"] = error.problems
        return JSONResponse(body, error.status, headers)
    if "app" not in request.scope:  # refused at the edge, before the application was entered
        return HTMLResponse(_bare_page(text), error.status, headers)
    surface = request.app.state.surface
    try:
        response = page(
            request, f"{surface.name}/error.html", {"error": error, "message": text}, status=error.status
        )
    except Exception as failure:  # what the layout shows may be what failed
        log.error("error_page.crashed", route=route_of(request.scope), exc_info=failure)
        return HTMLResponse(_bare_page(text), error.status, headers)
    response.headers.update(headers)
    return response


def _bare_page(text: str) -> str:
    source = (
        '<!doctype html><html lang="{{ lang }}" dir="{{ dir }}">'
        "<title>{{ text }}</title><p>{{ text }}</p></html>"
    )
    language = i18n.current_language()
    return environment().from_string(source).render(lang=language, dir=i18n.direction(language), text=text)
