"""The doors of the console: sign-in, sign-out, one's own password; and the staff page for owners."""

from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from safar.kernel.errors import InvalidInput, SafarError
from safar.kernel.i18n import _
from safar.kernel.ids import parse_id
from safar.kernel.web.access import PublicRoute, StaffRoute
from safar.kernel.web.actor import Actor, actor_of
from safar.kernel.web.cookies import cookie_of, cookie_set
from safar.kernel.web.forms import Fields, read_fields
from safar.kernel.web.pages import context_of, error_text, page, wants_json
from safar.kernel.web.post import NOTHING, Wrong, posted
from safar.kernel.web.requests import client_address, local_path, see_other
from safar.kernel.web.told import tell
from safar.team.actions import (
    all_staff,
    change_password,
    change_role,
    disable,
    invite,
    renew_password,
    sign_in,
    sign_out,
)
from safar.team.layer import COOKIE, password_path, token_of
from safar.team.model import ROLES, Invited
from safar.team.passwords import LENGTH_MAX

DEVICE_COOKIE = "known_device"
_DEVICE_PATH = "/sign-in"
_YEAR_S = 365 * 24 * 3600


async def sign_in_page(request: Request) -> Response:
    if getattr(request.state, "staff", None) is not None:
        return see_other(_next(request))
    return page(request, "team/sign_in.html", {"email": "", **_wrong(None)})


async def post_sign_in(request: Request) -> Response:
    context = context_of(request)
    fields = await read_fields(request)
    try:
        email, password = fields.email("email"), _password(fields, "password")
        fields.done()
        network, replaces = client_address(request), token_of(request)
        signed_in = await sign_in(
            context,
            email,
            password,
            network=network,
            replaces=replaces,
            device=cookie_of(request.scope, context.settings, DEVICE_COOKIE, path=_DEVICE_PATH),
        )
    except SafarError as error:
        return _again(request, "team/sign_in.html", error, email=fields.values.get("email", "")[:254])
    onward = _next(request)
    response = see_other(password_path(onward) if signed_in.must_change_password else onward)
    known = cookie_set(context.settings, DEVICE_COOKIE, signed_in.device, life_s=_YEAR_S, path=_DEVICE_PATH)
    response.headers.append("set-cookie", known)
    return _with_cookie(request, response, signed_in.token)


async def post_sign_out(request: Request) -> Response:
    context, token = context_of(request), token_of(request)
    if token:
        async with context.database.transaction() as connection:
            await sign_out(connection, token, actor=actor_of(request))
    response = see_other("/sign-in")
    response.headers.append("set-cookie", cookie_set(context.settings, COOKIE, "", life_s=0))
    return response


async def password_page(request: Request) -> Response:
    return page(request, "team/password.html", {**_wrong(None), "forced": _forced(request)})


async def post_password(request: Request) -> Response:
    actor = actor_of(request)
    fields = await read_fields(request)
    try:
        old = None if _forced(request) and "old" not in fields.values else _password(fields, "old")
        new, again = _password(fields, "new"), _password(fields, "again")
        if not fields.problems and new != again:
            fields.problems["again"] = _("The two passwords are not the same.")
        fields.done()
        token = await change_password(
            context_of(request), actor=actor, old=old, new=new, network=client_address(request)
        )
    except SafarError as error:
        return _again(request, "team/password.html", error, forced=_forced(request))
    tell(request, _("Your password has been changed."))
    return _with_cookie(request, see_other(_next(request)), token)


async def staff_page(request: Request, wrong: Wrong = NOTHING, *, invited: Invited | None = None) -> Response:
    async with context_of(request).database.connection() as connection:
        people = await all_staff(connection)
    values = {
        "people": people,
        "me": actor_of(request).id,
        "seen_address": client_address(request),
        "invited": invited,
        "roles": _roles(),
        "entered": wrong.typed,
        "problems": wrong.problems,
        "error": wrong.problem,
    }
    return page(request, "team/staff.html", values, status=wrong.status)


@posted(staff_page)
async def post_staff(request: Request, actor: Actor, fields: Fields) -> Response:
    email, name = fields.email("email"), fields.text("name", length_max=100)
    role = fields.choice("role", frozenset(ROLES))
    fields.done()
    invited = await invite(context_of(request), actor=actor, email=email, name=name, role=role)
    return await staff_page(request, invited=invited)


@posted(staff_page)
async def post_disable(request: Request, actor: Actor, _fields: Fields) -> str:
    async with context_of(request).database.transaction() as connection:
        await disable(connection, actor=actor, staff_id=_staff_id(request))
    tell(request, _("Access ended."))
    return "/staff"


@posted(staff_page)
async def post_role(request: Request, actor: Actor, fields: Fields) -> str:
    role = fields.choice("role", frozenset(ROLES))
    fields.done()
    async with context_of(request).database.transaction() as connection:
        staff = await change_role(connection, actor=actor, staff_id=_staff_id(request), role=role)
    tell(request, _("%(name)s is now: %(role)s.", name=staff.name or staff.email, role=dict(_roles())[role]))
    return "/staff"


@posted(staff_page)
async def post_renew(request: Request, actor: Actor, _fields: Fields) -> Response:
    invited = await renew_password(context_of(request), actor=actor, staff_id=_staff_id(request))
    return await staff_page(request, invited=invited)


def _roles() -> list[tuple[str, str]]:
    return [("agent", _("Agent")), ("manager", _("Manager")), ("owner", _("Owner"))]


def _staff_id(request: Request) -> UUID:
    return parse_id(request.path_params["staff_id"])


def _wrong(error: SafarError | None) -> dict[str, Any]:
    """Return an error as the templates take it: what is wrong by field, or one sentence above the form."""
    problems = error.problems if isinstance(error, InvalidInput) else {}
    return {"problems": problems, "error": error_text(error) if error and not problems else None}


def _again(request: Request, template: str, error: SafarError, **values: Any) -> Response:
    """Show a form again with what was wrong; programs get the error itself."""
    if wants_json(request):
        raise error
    return page(request, template, {**_wrong(error), **values}, status=error.status)


def _password(fields: Fields, name: str) -> str:
    """Return a password exactly as typed."""
    password = fields.values.get(name, "")
    if not password:
        fields.problems[name] = _("This is needed.")
    elif len(password) > LENGTH_MAX:
        fields.problems[name] = _("At most %(count)s characters.", count=LENGTH_MAX)
    return password


def _forced(request: Request) -> bool:
    """Tell whether the one-time password is still in force."""
    return bool(getattr(request.state, "password_due", False))


def _next(request: Request) -> str:
    target = local_path(request.query_params.get("next"))
    return "/" if target.startswith(("/sign-in", "/sign-out", "/password")) else target


def _with_cookie(request: Request, response: Response, token: str) -> Response:
    settings = context_of(request).settings
    life_s = int(settings.staff_session_hours * 3600)
    response.headers.append("set-cookie", cookie_set(settings, COOKIE, token, life_s=life_s))
    return response


routes: list[BaseRoute] = [
    PublicRoute("/sign-in", sign_in_page, why="nobody is signed in yet"),
    PublicRoute("/sign-in", post_sign_in, why="nobody is signed in yet", methods=["POST"]),
    StaffRoute("/sign-out", post_sign_out, role="agent", methods=["POST"]),
    StaffRoute("/password", password_page, role="agent"),
    StaffRoute("/password", post_password, role="agent", methods=["POST"]),
    StaffRoute("/staff", staff_page, role="owner"),
    StaffRoute("/staff", post_staff, role="owner", methods=["POST"]),
    StaffRoute("/staff/{staff_id}/disable", post_disable, role="owner", methods=["POST"]),
    StaffRoute("/staff/{staff_id}/role", post_role, role="owner", methods=["POST"]),
    StaffRoute("/staff/{staff_id}/renew", post_renew, role="owner", methods=["POST"]),
]
