"""The sign-up form for e-mails about offers, and the page that its mail leads to."""

from collections.abc import Awaitable, Callable
from uuid import UUID

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from safar.customers.visitor import visitor_of
from safar.gate.door.limits import bucket_of
from safar.kernel.database import Connection
from safar.kernel.errors import BadRequest
from safar.kernel.i18n import N_, _, current_language
from safar.kernel.web.access import PublicRoute
from safar.kernel.web.forms import read_fields
from safar.kernel.web.pages import context_of, page, wants_json
from safar.kernel.web.requests import client_address, request_key, see_other
from safar.storefront.errors import UnknownSignUp
from safar.storefront.newsletter.actions import (
    PURPOSE,
    confirm_sign_up,
    decline_sign_up,
    find_sign_up,
    sign_up,
)
from safar.storefront.newsletter.model import NewsletterRequest, SignUp

WORDING = N_("Yes, e-mail me news and offers. I can unsubscribe at any time.")
_SIGNED_CHARACTERS_MAX = 200
_STATES = ("asked", "confirmed")


async def sign_up_from(request: Request, key: UUID, email: str, source: str) -> str:
    """Take the wish of this browser; return its state. Raises TooManyFromNetwork."""
    context = context_of(request)
    asked = SignUp(
        key=key,
        customer_id=visitor_of(request).customer_id,
        email=email,
        language=current_language(),
        source=source,
        wording=_(WORDING),
        network=bucket_of(client_address(request)),
    )
    async with context.database.transaction() as connection:
        return await sign_up(context, connection, asked)


async def _form(request: Request) -> Response:
    """Show the form, or what happens next; the same for everybody, so that it tells nothing of an address."""
    state = request.query_params.get("state", "")
    return page(
        request, "storefront/newsletter.html", {"state": state if state in _STATES else "", **_words()}
    )


def _words() -> dict[str, object]:
    return {"wording": _(WORDING), "problem": None, "typed": ""}


async def _sign_up(request: Request) -> Response:
    fields = await read_fields(request)
    email = fields.email("email")
    key = request_key(request, fields, PURPOSE, visitor_of(request).visitor_id)
    if fields.problems and not wants_json(request):
        values = {**_words(), "state": "", "problem": next(iter(fields.problems.values())), "typed": email}
        return page(request, "storefront/newsletter.html", values, status=422)
    fields.done()
    state = await sign_up_from(request, key, email, "sign_up")
    if wants_json(request):
        return JSONResponse({"state": state}, 202)
    return see_other(f"/newsletter?state={state}")


async def _show(request: Request) -> Response:
    """Show the sign-up with its buttons; a mail reader that opens links ahead changes nothing."""
    async with context_of(request).database.connection() as connection:
        return _answer_page(request, await find_sign_up(connection, _request_id(request)))


def _answered(
    verb: Callable[[Request, Connection], Awaitable[NewsletterRequest]],
) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        async with context_of(request).database.transaction() as connection:
            return _answer_page(request, await verb(request, connection))

    return endpoint


async def _yes(request: Request, connection: Connection) -> NewsletterRequest:
    return await confirm_sign_up(connection, _request_id(request), browser=visitor_of(request).customer_id)


async def _no(request: Request, connection: Connection) -> NewsletterRequest:
    return await decline_sign_up(connection, _request_id(request))


def _answer_page(request: Request, asked: NewsletterRequest) -> Response:
    values = {"asked": asked, "signed": request.path_params["signed"]}
    return page(request, "storefront/newsletter_answer.html", values)


def _request_id(request: Request) -> UUID:
    signed = request.path_params["signed"]
    if len(signed) > _SIGNED_CHARACTERS_MAX:
        raise UnknownSignUp
    try:
        return UUID(str(context_of(request).vault.unsign(PURPOSE, signed)))
    except (BadRequest, ValueError):
        raise UnknownSignUp from None


_ANYBODY = "anybody may ask; the address has to confirm it"
_SIGNED = "whoever has the signed link"
routes: list[BaseRoute] = [
    PublicRoute("/newsletter", _form, why="says only what happens next"),
    PublicRoute("/newsletter", _sign_up, why=_ANYBODY, methods=["POST"]),
    PublicRoute("/newsletter/{signed}", _show, why=_SIGNED),
    PublicRoute("/newsletter/{signed}", _answered(_yes), why=_SIGNED, methods=["POST"]),
    PublicRoute("/newsletter/{signed}/decline", _answered(_no), why=_SIGNED, methods=["POST"]),
]
