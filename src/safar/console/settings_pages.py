"""The settings of the shop: what its owner sets, a page for each group; and a test of the mail server."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from safar.channels.actions import note_trouble
from safar.channels.compose import compose
from safar.channels.design import mail_look
from safar.channels.letters import LetterPart, ShopLetter, plain_text
from safar.channels.model import EMAIL, Author, Due
from safar.channels.server import mail_server, sender_address
from safar.channels.smtp import send_one
from safar.console.board import QUERIES
from safar.kernel import clock
from safar.kernel.context import Context
from safar.kernel.database import Connection, row
from safar.kernel.errors import NotFound
from safar.kernel.i18n import N_, _, currencies_in_use, currency_name, current_language
from safar.kernel.ids import new_id
from safar.kernel.web.access import StaffRoute
from safar.kernel.web.actor import Actor
from safar.kernel.web.forms import Fields
from safar.kernel.web.pages import context_of, page
from safar.kernel.web.post import NOTHING, Wrong, posted
from safar.kernel.web.told import tell
from safar.owner.actions import change_shop
from safar.owner.facts import BY_NAME, OF_PROCESS, Fact, FactKind
from safar.owner.forms import changes_in, typed_of
from safar.owner.marks import brand_of
from safar.owner.model import Shop
from safar.owner.reading import shop_of, stored_shop
from safar.settings import zone_names


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
    "brand": SettingsGroup(
        N_("Brand"),
        N_("How your shop looks: on its pages, in its mails and on invoices."),
        ("colour",),
    ),
    "places": SettingsGroup(
        N_("Languages and currency"),
        N_("What customers can choose, and what you enter prices and texts in."),
        ("languages", "language", "currency", "timezone"),
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
    "color": "color",
    "several": "several",
    "currency": "select",
    "zone": "select",
}


async def settings_page(request: Request, wrong: Wrong = NOTHING, *, key: str = "") -> Response:
    """Show one group of settings, with what is set elsewhere beside it."""
    return await _group_page(request, key or request.path_params.get("group", "shop"), wrong)


async def _mail_page(request: Request, wrong: Wrong = NOTHING) -> Response:
    return await _group_page(request, "mail", wrong)


async def _group_page(request: Request, key: str, wrong: Wrong) -> Response:
    group = GROUPS.get(key)
    if group is None:
        raise NotFound
    context = context_of(request)
    async with context.database.connection() as connection:
        shop = await stored_shop(connection)
        fixed = await _fixed(connection)
    settings = context.settings
    fields = [
        (
            (fact := BY_NAME[name]).name,
            _(fact.label),
            _(fact.hint) if fact.hint else "",
            _INPUTS.get(fact.kind.value, "text"),
            _options(fact),
            fact.most,
            fact.required,
        )
        for name in group.facts
        if name not in fixed
    ]
    # What the owner has not said yet is what this process goes by.
    said = {name: getattr(settings, name) for name in OF_PROCESS}
    values = {
        "key": key,
        "groups": [(other_key, _(of.title)) for other_key, of in GROUPS.items()],
        "title": _(group.title),
        "text": _(group.text),
        "fields": fields,
        "typed": typed_of(shop) | said if not wrong.typed else {**wrong.typed, "mail_password": ""},
        "form": wrong.form,
        "brand": brand_of(shop),
        "problems": wrong.problems,
        "problem": wrong.problem,
        "fixed": [
            *((_(BY_NAME[name].label), said[name], "") for name in group.facts if name in fixed),
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
    spoken = changes.get("languages", ())
    main = changes.get("language", context.settings.language)
    if isinstance(spoken, tuple) and spoken and main not in spoken:
        fields.problems.setdefault("languages", _("The main language has to be one of them."))
    fields.done()
    if password := str(changes.pop("mail_password", "")):
        changes["mail_password"] = context.vault.encrypt(password).decode()
    if "mail_host" in changes and not changes["mail_host"]:
        changes["mail_password"] = ""
    async with context.database.transaction() as connection:
        fixed = await _fixed(connection)
        changes = {name: value for name, value in changes.items() if name not in fixed}
        changed = await change_shop(connection, changes, staff_id=actor.id)
    await shop_of(context)  # what is said next is said by what was decided
    tell(
        request, _("Saved. The shop uses it within a few seconds.") if changed else _("Nothing was changed.")
    )
    return f"/settings/{key}"


def _options(fact: Fact) -> list[tuple[str, str]]:
    """Return what can be chosen, in words of the reader."""
    match fact.kind:
        case FactKind.CURRENCY:
            named = ((code, f"{currency_name(code)} ({code})") for code in currencies_in_use())
            return sorted(named, key=lambda one: one[1])
        case FactKind.ZONE:
            return [(zone, zone.replace("_", " ")) for zone in sorted(zone_names())]
        case _:
            return [(value, _(label)) for value, label in fact.options.items()]


@dataclass(frozen=True, slots=True)
class _Begun:
    """What there is already, so that what it was entered in cannot change any more."""

    orders: bool
    amounts: bool
    products: bool


async def _fixed(connection: Connection) -> frozenset[str]:
    """Return the facts that nobody can change any more."""
    begun = await row(_Begun, connection, QUERIES["begun"])
    assert begun is not None
    fixed = {"currency": begun.amounts, "timezone": begun.orders, "language": begun.products}
    return frozenset(name for name, is_so in fixed.items() if is_so)


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
    said = LetterPart("text", _("This is a test. If you can read it, your shop can send e-mail."))
    message = Due(
        id=new_id(),
        author=Author.SHOP,
        address=actor.email,
        subject=_("Test from %(shop)s", shop=shop.name),
        body=plain_text([said]),
        language=current_language(),
        unsubscribe_url=None,
        in_reply_to=None,
        tries=1,
        at=clock.now(),
        letter=asdict(ShopLetter("", {}, [said])),
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
