"""What a request says about its caller, and redirects that stay on this site."""

from uuid import UUID

from starlette.requests import Request
from starlette.responses import RedirectResponse

from safar.kernel.i18n import _
from safar.kernel.ids import derived_id, new_id
from safar.kernel.web.forms import Fields
from safar.kernel.web.pages import context_of
from safar.kernel.web.proxies import caller_address


def client_address(request: Request) -> str:
    """Return the caller's network address, seen through as many proxies as we were told to trust."""
    settings = context_of(request).settings
    peer = request.client.host if request.client else ""
    return caller_address(
        request.headers, peer, trusted=settings.proxies_trusted, header=settings.proxies_header
    )


def local_path(target: str | None, default: str = "/") -> str:
    """Return `target` if it is a path of this site, else `default`: never a redirect to elsewhere."""
    if not target or not target.startswith("/") or target.startswith(("//", "/\\")) or "\n" in target:
        return default
    return target if len(target) <= 500 and target.isprintable() else default


def request_key(request: Request, fields: Fields, purpose: str, owner: UUID) -> UUID:
    """Return the key under which this write is done once, from what the caller sends with it.

    That is the header `Idempotency-Key`, else the field `request_id`, else a new one; it counts for this
    `purpose` of this `owner` alone. One that is no UUID becomes a problem of `request_id` in `fields`.
    """
    text = request.headers.get("idempotency-key", "") or fields.values.get("request_id", "")
    if not text:
        return new_id()
    try:
        return derived_id(purpose, owner, UUID(text))
    except ValueError:
        fields.problems["request_id"] = _("This is not a request id (a UUID).")
        return new_id()


def see_other(path: str) -> RedirectResponse:
    """Return the redirect after a form was taken (303)."""
    return RedirectResponse(path, status_code=303)
