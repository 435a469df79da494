"""The cookies of a surface: read once for all layers that ask for them, written in one way.

Over HTTPS (`cookies_secure`) their names say what a browser must check: `__Host-` that this host set the
cookie, for all paths and over HTTPS; `__Secure-` only the last, for one path or for a whole domain.
A cookie under another name than the one in force is somebody else's, a neighbouring host's perhaps: not read.
"""

from collections.abc import Mapping

from starlette.requests import cookie_parser
from starlette.types import Scope

from safar.settings import Settings

_KEPT = "safar.cookies"


def cookies_of(scope: Scope) -> Mapping[str, str]:
    """Return the request's cookies by the names under which they came."""
    cookies: Mapping[str, str] | None = scope.get(_KEPT)
    if cookies is None:
        header = b"; ".join(value for name, value in scope["headers"] if name == b"cookie")
        cookies = scope[_KEPT] = cookie_parser(header.decode("latin-1")) if header else {}
    return cookies


def name_in_force(settings: Settings, name: str, *, path: str = "/", domain: str | None = None) -> str:
    """Return the name that the cookie `name` has in this installation."""
    if not settings.cookies_secure:
        return name
    return f"__Host-{name}" if path == "/" and domain is None else f"__Secure-{name}"


def cookie_of(scope: Scope, settings: Settings, name: str, *, path: str = "/") -> str | None:
    """Return the value of the cookie `name`, None without it."""
    return cookies_of(scope).get(name_in_force(settings, name, path=path))


def cookie_set(settings: Settings, name: str, value: str, *, life_s: int, path: str = "/") -> str:
    """Return the value of a `Set-Cookie` header; a life of 0 s takes the cookie away."""
    named = name_in_force(settings, name, path=path)
    return f"{named}={value}; Max-Age={life_s}; {attributes(settings, path=path)}"


def attributes(
    settings: Settings, *, path: str = "/", domain: str | None = None, secure: bool = False
) -> str:
    """Return what every cookie of ours says of itself: for this site, and for no script."""
    flag = "; Secure" if secure or settings.cookies_secure else ""
    shared = f"; Domain={domain}" if domain else ""
    return f"Path={path}; HttpOnly; SameSite=Lax{flag}{shared}"
