"""Where a returning customer's goods went last time: kept encrypted in their own browser, nowhere else.

An order tells us an e-mail address that anybody can type; what was typed with it is shown to nobody but the
browser in which it was typed. A link that was followed fills in nothing: anybody may have been given it.
"""

from collections.abc import Mapping

import orjson
from starlette.requests import Request
from starlette.responses import Response

from safar.kernel.errors import BadRequest
from safar.kernel.web.cookies import cookie_of, cookie_set
from safar.kernel.web.pages import context_of

_PURPOSE = "delivery cookie"
COOKIE = "delivery"
_PATH = "/checkout"
FIELDS = ("name", "email", "phone", "address", "postcode", "city", "region", "country", "provider")
_YEAR_S = 365 * 24 * 3600
_COOKIE_CHARACTERS_MAX = 4000


def prefilled(request: Request) -> dict[str, str]:
    """Return what the checkout can fill in for this browser."""
    return {name: value for name, value in _kept(request).items() if value}


def keep(request: Request, response: Response, typed: Mapping[str, str]) -> None:
    """Let the browser keep where the goods go, for the next time, if it fits into a cookie."""
    context = context_of(request)
    remembered = {name: typed[name] for name in FIELDS if typed.get(name)}
    cookie = context.vault.encrypt(orjson.dumps(remembered).decode(), purpose=_PURPOSE).decode()
    if len(cookie) > _COOKIE_CHARACTERS_MAX:
        return
    text = cookie_set(context.settings, COOKIE, cookie, life_s=_YEAR_S, path=_PATH)
    response.headers.append("set-cookie", text)


def forget_delivery(request: Request, response: Response) -> None:
    text = cookie_set(context_of(request).settings, COOKIE, "", life_s=0, path=_PATH)
    response.headers.append("set-cookie", text)


def _kept(request: Request) -> dict[str, str]:
    cookie = cookie_of(request.scope, context_of(request).settings, COOKIE, path=_PATH)
    if not cookie or len(cookie) > _COOKIE_CHARACTERS_MAX or not cookie.isascii():
        return {}
    try:
        remembered = orjson.loads(context_of(request).vault.decrypt(cookie.encode(), purpose=_PURPOSE))
    except (BadRequest, orjson.JSONDecodeError):
        return {}
    if not isinstance(remembered, dict):
        return {}
    return {name: remembered[name] for name in FIELDS if isinstance(remembered.get(name), str)}
