"""The settings of the shop: what its owner sets, a page for each group; and a test of the mail server."""

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from safar.channels.actions import note_trouble
from safar.channels.compose import compose
from safar.channels.design import mail_look
from safar.channels.model import EMAIL, Author, Due
from safar.channels.server import mail_server, sender_address
from safar.channels.smtp import send_one
from safar.kernel import clock
from safar.kernel.context import Context
from safar.kernel.errors import NotFound
from safar.kernel.i18n import N_, _, current_language
from safar.kernel.ids import new_id
from safar.kernel.web.access import StaffRoute
from safar.kernel.web.actor import Actor
from safar.kernel.web.forms import Fields
from safar.kernel.web.pages import context_of, page
from safar.kernel.web.post import NOTHING, Wrong, posted
from safar.kernel.web.told import tell
from safar.owner.actions import change_shop
from safar.owner.facts import BY_NAME
from safar.owner.forms import changes_in, typed_of
from safar.owner.model import Shop
from safar.owner.reading import stored_shop


@dataclass(frozen=True, slots=True)
class SettingsGroup:
    """Facts that are set on one page."""

    title: str
    text: str
    facts: tuple[str, ...]


GROUPS: Mapping[str, SettingsGroup] = {
    "shop": SettingsGroup(
        N_("Shop"),
        N_("Who you are: on your pages, in your mails and on invoices."),
        ("name", "address", "country", "tax_id", "email", "phone"),
    ),
    "times": SettingsGroup(
        N_("Times and orders"),
        N_("When you answer, and what you promise for orders and returns."),
        ("opening_hours", "holidays", "ship_days", "return_days", "location_rule"),
    ),
    "mail": SettingsGroup(
        N_("E-mail"),
        N_("Whom your mails come from, and the server that sends them."),
        (
            "mail_name", "mail_from", "mail_host", "mail_port", "mail_security", "mail_user",
            "mail_password",
        ),
    ),
}  # fmt: skip
_INPUTS = {
    "email": "email",
    "lines": "textarea",
    "number": "number",
    "choice": "select",
    "secret": "password",
}


async def settings_page(request: Request, wrong: Wrong = NOTHING) -> Response:
    """Show one group of settings, with what is set elsewhere beside it."""
    return await _group_page(request, request.path_params.get("group", "shop"), wrong)


async def _mail_page(request: Request, wrong: Wrong = NOTHING) -> Response:
    return await _group_page(request, "mail", wrong)


async def _group_page(request: Request, key: str, wrong: Wrong) -> Response:
    group = GROUPS.get(key)
    if group is None:
        raise NotFound
    context = context_of(request)
    async with context.database.connection() as connection:
        shop = await stored_shop(connection)
    fields = [
        (
            (fact := BY_NAME[name]).name,
            _(fact.label),
            _(fact.hint) if fact.hint else "",
            _INPUTS.get(fact.kind.value, "text"),
            [(value, _(label)) for value, label in fact.options.items()],
            fact.most,
            fact.required,
        )
        for name in group.facts
    ]
    settings = context.settings
    values = {
        "key": key,
        "groups": [(one, _(of.title)) for one, of in GROUPS.items()],
        "title": _(group.title),
        "text": _(group.text),
        "fields": fields,
        "typed": typed_of(shop) if not wrong.typed else {**wrong.typed, "mail_password": ""},
        "problems": wrong.problems,
        "problem": wrong.problem,
        "fixed": [
            (_("Currency"), settings.currency, "SAFAR_CURRENCY"),
            (_("Time zone"), settings.timezone, "SAFAR_TIMEZONE"),
            (_("Language"), settings.language, "SAFAR_LANGUAGE"),
            (_("Address of the shop"), settings.public_url, "SAFAR_PUBLIC_URL"),
        ],
        "sender": sender_address(settings, shop),
        "server": f"{(server := mail_server(settings, shop, context.vault)).host}:{server.port}",
        "tested": bool(shop.mail_tested) and shop.mail_tested == server.host,
    }
    return page(request, "console/settings.html", values, status=wrong.status)


@posted(settings_page)
async def post_settings(request: Request, actor: Actor, fields: Fields) -> str:
    """Save what was sent of one group."""
    key, context = request.path_params["group"], context_of(request)
    if key not in GROUPS:
        raise NotFound
    changes = changes_in(fields, GROUPS[key].facts)
    fields.done()
    if password := str(changes.pop("mail_password", "")):
        changes["mail_password"] = context.vault.encrypt(password).decode()
    if "mail_host" in changes and not changes["mail_host"]:
        changes["mail_password"] = ""
    async with context.database.transaction() as connection:
        changed = await change_shop(connection, changes, staff_id=actor.id)
    tell(
        request, _("Saved. The shop uses it within a few seconds.") if changed else _("Nothing was changed.")
    )
    return f"/settings/{key}"


@posted(_mail_page)
async def post_mail_test(request: Request, actor: Actor, fields: Fields) -> str:
    """Send a mail to whoever asks through the server as it is set, and say what the server said."""
    context = context_of(request)
    async with context.database.connection() as connection:
        shop = await stored_shop(connection)
    server = mail_server(context.settings, shop, context.vault)
    mail = _test_mail(context, shop, actor)
    refused = await send_one(
        server, sender_address(context.settings, shop), actor.email, mail, context.settings.smtp_timeout_s
    )
    if refused is not None:
        fields.problems["mail_host"] = _(
            "The test was not sent. %(host)s: %(reason)s",
            host=f"{server.host}:{server.port}",
            reason=_(refused),
        )
        fields.done()
    async with context.database.transaction() as connection:
        await change_shop(connection, {"mail_tested": server.host}, staff_id=actor.id)
        await note_trouble(connection, EMAIL, None)
    tell(request, _("Test sent to %(address)s. Please check your mailbox.", address=actor.email))
    return "/settings/mail"


def _test_mail(context: Context, shop: Shop, actor: Actor) -> bytes:
    message = Due(
        id=new_id(),
        author=Author.SHOP,
        address=actor.email,
        subject=_("Test from %(shop)s", shop=shop.name),
        body=_("This is a test. If you can read it, your shop can send e-mail."),
        language=current_language(),
        unsubscribe_url=None,
        in_reply_to=None,
        tries=1,
        at=clock.now(),
    )
    return compose(
        message,
        mail_from=sender_address(context.settings, shop),
        look=mail_look(shop, context.settings.public_url),
        sender=shop.mail_name,
    )


routes: list[BaseRoute] = [
    StaffRoute("/settings", settings_page, role="owner"),
    StaffRoute("/settings/mail/test", post_mail_test, role="owner", methods=["POST"]),
    StaffRoute("/settings/{group}", settings_page, role="owner"),
    StaffRoute("/settings/{group}", post_settings, role="owner", methods=["POST"]),
]
