"""The cookies of a request, read once for all layers that ask for them."""

from collections.abc import Mapping

from starlette.requests import cookie_parser
from starlette.types import Scope

_KEPT = "safar.cookies"


def cookies_of(scope: Scope) -> Mapping[str, str]:
    """Return the request's cookies by name."""
    found: Mapping[str, str] | None = scope.get(_KEPT)
    if found is None:
        header = b"; ".join(value for name, value in scope["headers"] if name == b"cookie")
        found = scope[_KEPT] = cookie_parser(header.decode("latin-1")) if header else {}
    return found
