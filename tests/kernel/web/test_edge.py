"""The edge: language by request, refusal of other sites' writes, bounded bodies, headers on every answer."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from safar.front.build import build_front
from safar.kernel import errors
from safar.kernel.context import Context
from safar.kernel.errors import SafarError
from safar.kernel.i18n import LANGUAGES
from safar.kernel.ids import new_id
from safar.kernel.web.access import PublicRoute
from safar.kernel.web.edge import SECURITY_HEADERS
from safar.kernel.web.forms import read_fields
from safar.kernel.web.surface import Surface, build_surface
from tests.stage.serving import Serve

_VALUES = {"shop_name": "Safar", "cart_count": 0, "query": "", "people_answer": ""}

_PROGRAM = {"accept": "application/json"}


async def _echo(request: Request) -> Response:
    return JSONResponse({"bytes": len(await request.body())})


async def _fields(request: Request) -> Response:
    return JSONResponse(dict((await read_fields(request)).values))


async def _crash(request: Request) -> Response:
    raise LookupError("a detail that no visitor may see")


async def _refuse(request: Request) -> Response:
    kind: type[SafarError] = getattr(errors, request.query_params["kind"])
    if kind is errors.InvalidInput:
        raise errors.InvalidInput(name="This is needed.", email="<b>no</b>")
    if kind is errors.Busy:
        raise errors.Busy(frozenset({new_id()}))
    raise kind(bytes_max=5, minutes=3)


def _broken_layout(request: Request) -> Mapping[str, Any]:
    raise KeyError("the layout itself is broken")


class _Doorkeeper:
    """A layer inside the edge that refuses, as sign-in and gate do."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == "/closed":
            raise errors.SignInNeeded
        if scope["type"] == "http" and scope["path"] == "/stumbles":
            raise ZeroDivisionError
        await self._app(scope, receive, send)


_ROUTES = [
    PublicRoute("/echo", _echo, why="a test", methods=["POST"]),
    PublicRoute("/fields", _fields, why="a test", methods=["POST"]),
    PublicRoute("/crash", _crash, why="a test"),
    PublicRoute("/refuse", _refuse, why="a test"),
]


@dataclass(frozen=True)
class Site:
    base: str
    client: httpx.AsyncClient


@pytest.fixture
async def site(context: Context, serve: Serve) -> AsyncIterator[Site]:
    surface = Surface("front", lambda _request: _VALUES)
    base = await serve(build_surface(context, surface, _ROUTES, inside=[_Doorkeeper]))
    async with httpx.AsyncClient(base_url=base) as client:
        yield Site(base, client)


async def test_health_over_real_http(context: Context, serve: Serve) -> None:
    base = await serve(build_front(context))
    async with httpx.AsyncClient(base_url=base) as client:
        answer = await client.get("/health")
        assert answer.status_code == 200
        assert "default-src 'self'" in answer.headers["content-security-policy"]


async def test_each_request_keeps_its_own_language_among_many_at_once(site: Site) -> None:
    async def text(language: str) -> str:
        answer = await site.client.get("/no-such-page", headers={"accept-language": language})
        assert answer.status_code == 404
        return answer.text

    languages = ["en", "fa", "hi", "pt-BR"] * 25
    alone = {language: await text(language) for language in set(languages)}
    assert len(set(alone.values())) == 4
    assert await asyncio.gather(*map(text, languages)) == [alone[language] for language in languages]


async def test_a_chosen_language_is_remembered_in_a_cookie_and_beats_the_browsers_wish(site: Site) -> None:
    chosen = await site.client.get("/no?lang=fa", headers={"accept-language": "hi"})
    assert 'lang="fa" dir="rtl"' in chosen.text
    cookie = chosen.headers["set-cookie"]
    assert cookie.startswith("lang=fa;")
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    later = await site.client.get("/no", headers={"accept-language": "hi"})
    assert 'lang="fa"' in later.text
    assert "set-cookie" not in later.headers


@pytest.mark.parametrize("lang", ["xx", "", "fa%0d%0aSet-Cookie:x=1", "../fa", "%00", "FA"])
async def test_a_language_that_we_do_not_have_is_neither_used_nor_set(site: Site, lang: str) -> None:
    answer = await site.client.get(f"/no?lang={lang}", headers={"accept-language": "hi"})
    assert 'lang="hi"' in answer.text
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "cookie", ["lang=xx", "lang=fa; a/b=1; (x)=y", "lang", "lang=;lang=fa", '"; lang=fa', "a,b=lang=fa"]
)
async def test_no_cookie_header_breaks_a_page(site: Site, cookie: str) -> None:
    answer = await site.client.get("/no", headers={"cookie": cookie})
    assert answer.status_code == 404


async def test_a_write_from_another_site_is_refused(site: Site) -> None:
    host = urlsplit(site.base).netloc
    refused = [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "junk"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": f"http://{host}.evil.example"},
        {"origin": f"http://evil.example/{host}"},
        {"sec-fetch-site": "cross-site", "origin": site.base},
    ]
    for headers in refused:
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            answer = await site.client.request(method, "/echo", headers={**_PROGRAM, **headers})
            assert answer.status_code == 403, headers
            assert answer.json()["error"] == "cross_site"
    for headers in ({}, {"sec-fetch-site": "same-origin"}, {"sec-fetch-site": "none"}, {"origin": site.base}):
        assert (await site.client.post("/echo", headers=headers)).status_code == 200, headers


async def _chunked(site: Site, head: str, total: int) -> bytes:
    """Send `total` bytes in chunks without saying how many will come; return the answer's first line."""
    parts = urlsplit(site.base)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    writer.write(
        f"POST /echo HTTP/1.1\r\nHost: {parts.netloc}\r\nAccept: application/json\r\n{head}"
        "Transfer-Encoding: chunked\r\n\r\n".encode()
    )
    try:
        for _chunk in range(total // 8192):
            writer.write(b"2000\r\n" + b"x" * 8192 + b"\r\n")
            await writer.drain()
        writer.write(b"0\r\n\r\n")
        await writer.drain()
    except ConnectionError:
        pass  # hung up on us while we were sending: the answer came first
    try:
        async with asyncio.timeout(10):
            return await reader.readline()
    finally:
        writer.transport.abort()


async def test_an_oversized_body_is_refused_whether_or_not_its_length_is_declared(
    context: Context, site: Site
) -> None:
    limit = context.settings.body_bytes_max
    declared = await site.client.post("/echo", content=b"x" * (limit + 1), headers=_PROGRAM)
    assert declared.status_code == 413
    assert declared.json()["error"] == "body_too_large"
    assert str(limit) in declared.json()["message"]
    assert (await site.client.post("/echo", content=b"x" * limit)).json() == {"bytes": limit}
    assert b" 413 " in await _chunked(site, "", limit + 8192)
    assert b" 200 " in await _chunked(site, "", limit)


async def test_a_small_declared_length_does_not_let_a_large_chunked_body_in(
    context: Context, site: Site
) -> None:
    first_line = await _chunked(site, "Content-Length: 10\r\n", context.settings.body_bytes_max * 2)
    assert b" 200 " not in first_line


async def test_every_answer_has_the_security_headers_errors_too(site: Site) -> None:
    requests = [
        ("GET", "/no", 404),
        ("GET", "/crash", 500),
        ("POST", "/crash", 405),
        ("GET", "/closed", 401),
        ("GET", "/stumbles", 500),
        ("POST", "/echo", 200),
        ("GET", "/static/x/no/such", 404),
        ("GET", "/refuse?kind=Overloaded", 503),
    ]
    for method, path, status in requests:
        for headers in ({}, _PROGRAM):
            answer = await site.client.request(method, path, headers=headers)
            assert answer.status_code == status, path
            for name, value in SECURITY_HEADERS.items():
                assert answer.headers[name] == value, (path, name)
            assert answer.headers["cache-control"] == "no-store"
    cross = await site.client.post("/echo", headers={"origin": "null"})
    assert cross.headers["x-frame-options"] == "DENY"
    assert "'unsafe-" not in SECURITY_HEADERS["content-security-policy"]


_ERRORS = sorted(
    name
    for name, kind in vars(errors).items()
    if isinstance(kind, type) and issubclass(kind, SafarError) and kind is not SafarError
)


@pytest.mark.parametrize("kind", _ERRORS)
async def test_each_error_is_told_to_people_and_to_programs(site: Site, kind: str) -> None:
    error: type[SafarError] = getattr(errors, kind)
    program = await site.client.get(f"/refuse?kind={kind}", headers=_PROGRAM)
    assert program.status_code == error.status
    assert program.json()["error"] == error.code
    message = program.json()["message"]
    assert message
    assert "%(" not in message
    assert ("retry-after" in program.headers) == (error.status == 503)
    if error is errors.InvalidInput:
        assert set(program.json()["fields"]) == {"name", "email"}
    person = await site.client.get(f"/refuse?kind={kind}", headers={"accept": "text/html"})
    assert person.status_code == error.status
    assert person.headers["content-type"].startswith("text/html")
    assert "<b>no</b>" not in person.text, "what somebody sent is text, never markup"
    assert "retry-after" in person.headers or error.status != 503


@pytest.mark.parametrize("path", ["/crash", "/stumbles"])
async def test_a_crash_tells_nobody_its_details(site: Site, path: str) -> None:
    for headers in ({}, _PROGRAM):
        answer = await site.client.get(path, headers=headers)
        assert answer.status_code == 500
        assert "visitor" not in answer.text
        assert "LookupError" not in answer.text
        assert "Traceback" not in answer.text


async def test_an_error_is_still_told_when_the_layout_is_what_fails(context: Context, serve: Serve) -> None:
    base = await serve(build_surface(context, Surface("front", _broken_layout), _ROUTES))
    async with httpx.AsyncClient(base_url=base) as client:
        answer = await client.get("/refuse?kind=NotFound", headers={"accept-language": "fa"})
    assert answer.status_code == 404
    assert 'dir="rtl"' in answer.text


async def test_all_languages_have_a_direction_on_the_error_page(site: Site) -> None:
    for language in LANGUAGES:
        answer = await site.client.post("/echo", headers={"origin": "null", "accept-language": language})
        assert f'lang="{language}" dir="{"rtl" if language == "fa" else "ltr"}"' in answer.text


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"{", "application/json"),
        (b"[1]", "application/json"),
        (b"x", "multipart/form-data"),
        (
            b'--x\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n\r\nb\r\n--x--\r\n',
            "multipart/form-data; boundary=x",
        ),
    ],
)
async def test_a_malformed_body_is_a_bad_request(site: Site, body: bytes, kind: str) -> None:
    answer = await site.client.post("/fields", content=body, headers={**_PROGRAM, "content-type": kind})
    assert answer.status_code == 400
    assert answer.json()["error"] == "bad_request"


async def test_static_files_are_served_whole_and_nothing_outside_their_folders(site: Site) -> None:
    from safar.kernel.web.static import static_url

    answer = await site.client.get(static_url("kernel/vendor/htmx.min.js"))
    assert answer.status_code == 200
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["x-content-type-options"] == "nosniff"
    for path in (
        "kernel/../pages.py",
        "kernel/%2e%2e/pages.py",
        "kernel//etc/passwd",
        "nowhere/x",
        "kernel/",
        "kernel",
        "kernel/%00",
        "kernel/" + "x" * 300,
        "kernel/..%2f..%2fsettings.py",
        "%2e%2e/settings.py",
    ):
        answer = await site.client.get(f"/static/0/{path}")
        assert answer.status_code == 404, path
