"""The edge of a surface: language, security headers, cross-site refusal; bodies, read within limits."""

from urllib.parse import parse_qs

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from safar.kernel.context import Context
from safar.kernel.errors import BadRequest, BodyTooLarge, CrossSite, SafarError
from safar.kernel.i18n import LANGUAGES, language_of_header, set_language, set_zone
from safar.kernel.log import log, route_of
from safar.kernel.web.bodies import Bodies, replayed
from safar.kernel.web.cookies import cookie_of, cookie_set
from safar.kernel.web.headers import contradicts_itself, list_of
from safar.kernel.web.networks import routed_network
from safar.kernel.web.pages import error_response
from safar.kernel.web.proxies import came_by_https
from safar.kernel.web.requests import client_address
from safar.settings import Settings

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_YEAR_S = 365 * 24 * 3600
SECURITY_HEADERS = {
    "content-security-policy": (
        "default-src 'self'; img-src 'self' data:; font-src 'self' data:; style-src 'self';"
        " script-src 'self'; connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self';"
        " frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "x-frame-options": "DENY",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
}

# Pictures and files that other sites may show; the rest is for our own pages.
_EMBEDDED = ("/images/", "/drawn/", "/brand/", "/static/")
# A proxy hands these answers on under the name of a site that is not ours: we decide nothing for that host.
_FOR_OTHERS = ("/forward-auth/",)
_OPENER = (b"cross-origin-opener-policy", b"same-origin")
_OWN, _SHARED = ((b"cross-origin-resource-policy", value) for value in (b"same-origin", b"cross-origin"))
# Not for the hosts below ours: whoever runs a shop does not always run those.
_HTTPS_ONLY = (b"strict-transport-security", b"max-age=31536000")

# As they go over the wire; ASGI has names in lower case. What a handler has set itself, it keeps.
_HEADERS = [
    *((name.encode(), value.encode()) for name, value in SECURITY_HEADERS.items()),
    (b"cache-control", b"no-store"),
]


class Edge:
    """Pure ASGI layer around a surface."""

    def __init__(
        self, app: ASGIApp, context: Context, *, uploads: bool = False, signed: tuple[str, ...] = ()
    ) -> None:
        """Let files through to the paths that end in `/uploads` when the surface takes `uploads`.

        What is sent to a path that begins as one of `signed` proves itself by its signature, not by where it
        comes from.
        """
        self._app = app
        self._signed = signed
        self._context = context
        self._uploads = uploads
        settings = context.settings
        self.bodies = Bodies(
            seconds=settings.body_timeout_s,
            bytes_per_s_least=settings.body_bytes_per_s_least,
            unfinished_max=settings.unfinished_max,
            network_max=settings.unfinished_network_max,
        )

    @property
    def _settings(self) -> Settings:
        return self._context.settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        chosen = self._choose_language(scope, headers)
        set_zone(self._settings.timezone)
        started = False

        async def send_with_headers(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                outgoing = message["headers"] = list(message.get("headers", ()))
                given = {name for name, _value in outgoing}
                outgoing.extend(header for header in self._headers(scope, headers) if header[0] not in given)
                if chosen:
                    cookie = cookie_set(self._settings, "lang", chosen, life_s=_YEAR_S)
                    outgoing.append((b"set-cookie", cookie.encode()))
            await send(message)

        try:
            if contradicts_itself(scope["headers"]):
                raise BadRequest
            if not scope["path"].startswith(self._signed):
                _refuse_cross_site(scope["method"], headers)
            whole = await self._with_body(scope, headers, receive)
        except SafarError as error:
            outside = {name: value for name, value in scope.items() if name != "app"}
            await error_response(Request(outside), error)(scope, receive, send_with_headers)
            return
        if whole is None:
            return
        try:
            await self._app(scope, whole, send_with_headers)
        except ClientDisconnect:
            return
        except Exception as error:
            if started:  # too late for another answer: cut this one short
                raise
            response = error_response(Request(scope), _as_answer(error, scope))
            await response(scope, receive, send_with_headers)

    def _headers(self, scope: Scope, headers: Headers) -> list[tuple[bytes, bytes]]:
        """Return what every answer to this request says to the browser, unless the handler says it."""
        path: str = scope["path"]
        if path.startswith(_FOR_OTHERS):
            return _HEADERS
        shared = path.startswith(_EMBEDDED)
        settings = self._settings
        safe = settings.cookies_secure and came_by_https(headers, scope["scheme"], settings.proxies_trusted)
        return [*_HEADERS, _OPENER, _SHARED if shared else _OWN, *([_HTTPS_ONLY] if safe else [])]

    def _choose_language(self, scope: Scope, headers: Headers) -> str | None:
        """Set the request's language; return it when it was chosen just now, to be remembered."""
        chosen: str | None = None
        query: bytes = scope["query_string"]
        if b"lang=" in query:
            wanted = parse_qs(query.decode("latin-1")).get("lang", [""])[0]
            chosen = wanted if wanted in LANGUAGES else None
        language = (
            chosen
            or _kept(scope, self._settings)
            or language_of_header(list_of(headers, "accept-language"))
            or self._settings.language
        )
        set_language(language)
        return chosen

    async def _with_body(self, scope: Scope, headers: Headers, receive: Receive) -> Receive | None:
        """Return a `receive` whose body has arrived already; None when its sender has gone.

        Uploads, up to `upload_bytes_max` where a surface takes them, are not kept in memory but taken in
        pieces. Raises BodyTooLarge, BodyTooSlow.
        """
        signed = scope["path"].startswith(self._signed)
        limit = self._settings.signed_bytes_max if signed else self._settings.body_bytes_max
        files = headers.get("content-type", "").startswith("multipart/form-data")
        upload = files and self._uploads and scope["path"].endswith("/uploads")
        if upload:
            limit = self._settings.upload_bytes_max
        declared = headers.get("content-length", "0")
        if not declared.isdecimal() or int(declared) > limit:
            raise BodyTooLarge(bytes_max=limit)
        if int(declared) == 0 and "transfer-encoding" not in headers:
            return receive
        if upload:
            return self.bodies.timed(receive, limit)
        network = routed_network(client_address(Request(scope)))
        body = await self.bodies.read(receive, network, limit)
        return None if body is None else replayed(body, receive)


def _as_answer(error: Exception, scope: Scope) -> SafarError:
    """Return what to tell the caller about an error that no route or layer has answered."""
    if isinstance(error, SafarError):
        return error
    log.error("request.crashed", route=route_of(scope), method=scope["method"], exc_info=error)
    return SafarError()


def _refuse_cross_site(method: str, headers: Headers) -> None:
    """Refuse a write that a browser sent from another site; browsers say where a request comes from."""
    if method in _SAFE_METHODS:
        return
    site = headers.get("sec-fetch-site")
    if site is not None:
        if site not in ("same-origin", "none"):
            raise CrossSite
        return
    origin = headers.get("origin")
    if origin is not None and origin.split("://", 1)[-1] != headers.get("host"):
        raise CrossSite


def _kept(scope: Scope, settings: Settings) -> str | None:
    value = cookie_of(scope, settings, "lang")
    return value if value in LANGUAGES else None
