"""The console's pages of the accounts at providers: connected, set up, tried out, and how each stands."""

from collections.abc import Mapping
from dataclasses import replace

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from safar.channels.accounts import load_accounts, missing_settings, new_account, save_account
from safar.channels.attempts import attempts_of, settle_unknown
from safar.channels.errors import NotUnknown
from safar.channels.kinds.kind import ChannelKind
from safar.channels.kinds.port import ChannelAccount, OutboundMessage, Verdict
from safar.channels.news import newest_news
from safar.channels.registry import KINDS
from safar.channels.senders import Senders
from safar.channels.standing import channel_standings
from safar.channels.upkeep import Upkeep
from safar.channels.words import verdict_text
from safar.kernel.context import Context
from safar.kernel.errors import NotFound
from safar.kernel.i18n import _, current_language
from safar.kernel.ids import new_id, parse_id
from safar.kernel.web.access import Endpoint, StaffRoute
from safar.kernel.web.actor import Actor, actor_of
from safar.kernel.web.forms import Fields
from safar.kernel.web.pages import context_of, page
from safar.kernel.web.post import NOTHING, Wrong, posted
from safar.kernel.web.requests import see_other
from safar.kernel.web.told import tell

_NAME_MAX = 60
_ADDRESS_MAX = 200


async def accounts_page(request: Request, wrong: Wrong = NOTHING) -> Response:
    """Show the accounts, how each stands, and what can be connected."""
    context = context_of(request)
    async with context.database.connection() as connection:
        values = {
            "standings": await channel_standings(connection),
            "news": await newest_news(connection),
            "kinds": {name: _(kind.label) for name, kind in KINDS.items()},
            **wrong.values(),
        }
    return page(request, "channels/accounts.html", values, status=wrong.status)


@posted(accounts_page)
async def _connect(request: Request, actor: Actor, fields: Fields) -> str:
    context = context_of(request)
    kind = fields.choice("kind", KINDS)
    name = fields.text("name", length_max=_NAME_MAX)
    fields.done()
    account = replace(new_account(KINDS[kind], name, context.settings.public_url), active=False)
    await save_account(context, account, staff_id=actor.id)
    return f"/channels/accounts/{account.id}"


async def account_page(request: Request, wrong: Wrong = NOTHING) -> Response:
    """Show one account: what to paste where, what it needs, how it stands."""
    context = context_of(request)
    account, kind = await _account(request)
    async with context.database.connection() as connection:
        standings = await channel_standings(connection)
    values = {
        "account": account,
        "kind": kind,
        "steps": _steps(account, kind),
        "missing": ", ".join(_(label) for label in missing_settings(kind, account)),
        "standing": next((s for s in standings if s.id == account.id), None),
        **wrong.values(),
        "typed": {**account.details, "name": account.name, **_shown(wrong.typed, kind)},
    }
    return page(request, "channels/account.html", values, status=wrong.status)


def _steps(account: ChannelAccount, kind: ChannelKind) -> list[str]:
    """Return what to do at the provider, with the account's own values in it."""
    made = {setting.name: account.value(setting.name) for setting in kind.settings if setting.made}
    named = {"webhook": account.webhook_url, "verify": made.get("verify_token", ""), **made}
    steps = [_(step) for step in kind.steps]
    for name, text in named.items():
        steps = [step.replace(f"{{{name}}}", text) for step in steps]
    return steps


def _shown(typed: Mapping[str, str], kind: ChannelKind) -> dict[str, str]:
    """Return what was typed, without the secrets: they are never sent back."""
    hidden = {setting.name for setting in kind.settings if setting.secret}
    return {name: text for name, text in typed.items() if name not in hidden}


@posted(account_page)
async def _save(request: Request, actor: Actor, fields: Fields) -> str:
    """Keep how the account is set up; a secret that is left empty stays as it is."""
    context = context_of(request)
    before, kind = await _account(request)
    details, secrets = dict(before.details), dict(before.secrets)
    for setting in kind.settings:
        if setting.made:
            continue
        known = setting.secret and setting.name in secrets
        text = fields.text(
            setting.name, length_max=setting.length_max, required=setting.required and not known
        )
        if text and not setting.fits(text):
            fields.problems[setting.name] = _(setting.wrong)
        elif setting.secret and text:
            secrets[setting.name] = text
        elif not setting.secret:
            details[setting.name] = text
    name = fields.text("name", length_max=_NAME_MAX)
    active = "active" in fields.values
    fields.done()
    account = replace(before, name=name, details=details, secrets=secrets, active=active)
    account = await save_account(context, account, staff_id=actor.id)
    senders = Senders()
    try:
        health = await Upkeep(context, senders).connect(account)
    finally:
        await senders.close()
    if health is not None and health.problem:
        tell(request, _(health.problem))
    return f"/channels/accounts/{account.id}"


@posted(account_page)
async def _ask(request: Request, _actor: Actor, _fields: Fields) -> str:
    """Ask the provider how the account stands, as it is set up now."""
    context = context_of(request)
    account, _kind = await _account(request)
    senders = Senders()
    try:
        health = await Upkeep(context, senders).ask(account)
    finally:
        await senders.close()
    tell(request, _(health.problem) if health.problem else _("The connection works."))
    return f"/channels/accounts/{account.id}"


@posted(account_page)
async def _try(request: Request, _actor: Actor, fields: Fields) -> str:
    """Send a test to an address of the member of staff."""
    account, _kind = await _account(request)
    address = fields.text("address", length_max=_ADDRESS_MAX)
    fields.done()
    letter = OutboundMessage(
        id=new_id(),
        address=address,
        text=_("This is a test from your shop: %(name)s works.", name=account.name),
        language=current_language(),
        human=True,
    )
    senders = Senders()
    try:
        result = await (await senders.of(account)).send(letter)
    finally:
        await senders.close()
    if result.verdict is Verdict.SENT:
        tell(request, _("Test sent to %(address)s.", address=address))
    else:
        reason = f"{result.code or ''} {result.reason or ''}".strip()
        tell(request, _("The test was not sent: %(reason)s", reason=reason or verdict_text(result.verdict)))
    return f"/channels/accounts/{account.id}"


async def message_attempts(request: Request) -> Response:
    """Show every attempt to send one message."""
    id_ = parse_id(request.path_params["id"])
    async with context_of(request).database.connection() as connection:
        values = {"attempts": await attempts_of(connection, id_), "verdict_text": verdict_text}
    return page(request, "channels/attempts.html", values)


def _settled(*, arrived: bool) -> Endpoint:
    async def settle(request: Request) -> Response:
        actor = actor_of(request)
        id_ = parse_id(request.path_params["id"])
        async with context_of(request).database.transaction() as connection:
            if not await settle_unknown(connection, id_, arrived=arrived, staff_id=actor.id):
                raise NotUnknown
        return see_other("/channels")

    return settle


async def _account(request: Request) -> tuple[ChannelAccount, ChannelKind]:
    id_ = parse_id(request.path_params["id"])
    account = next((one for one in await _all(context_of(request)) if one.id == id_), None)
    if account is None:
        raise NotFound
    return account, KINDS[account.kind]


async def _all(context: Context) -> list[ChannelAccount]:
    async with context.database.connection() as connection:
        return await load_accounts(context, connection)


routes: list[BaseRoute] = [
    StaffRoute("/channels/accounts", accounts_page, role="manager"),
    StaffRoute("/channels/accounts", _connect, role="manager", methods=["POST"]),
    StaffRoute("/channels/accounts/{id}", account_page, role="manager"),
    StaffRoute("/channels/accounts/{id}", _save, role="manager", methods=["POST"]),
    StaffRoute("/channels/accounts/{id}/ask", _ask, role="manager", methods=["POST"]),
    StaffRoute("/channels/accounts/{id}/test", _try, role="manager", methods=["POST"]),
    StaffRoute("/channels/messages/{id}/attempts", message_attempts, role="agent"),
    StaffRoute("/channels/messages/{id}/arrived", _settled(arrived=True), role="agent", methods=["POST"]),
    StaffRoute("/channels/messages/{id}/again", _settled(arrived=False), role="agent", methods=["POST"]),
]
