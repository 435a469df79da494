"""What nobody who works here may overlook, as a red line on every page of the console."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from starlette.types import ASGIApp, Receive, Scope, Send

from safar.channels.actions import troubles
from safar.channels.model import EMAIL, KINDS, Trouble
from safar.gate.site.sites import sites
from safar.gate.tickets.model import SHOP, Mode, Site
from safar.kernel.context import Context
from safar.kernel.i18n import _
from safar.kernel.log import error_kind, log
from safar.kernel.web.access import Role
from safar.payments.ways import PaymentWarnings

_FRESH_S = 5.0
_WITHOUT_PAGES = ("/static/", "/images/", "/drawn/", "/health")


@dataclass(frozen=True, slots=True)
class Standing:
    """How the gates, the mail and the messengers stand: what the alarms are made of."""

    gates: Sequence[Site] = ()
    mail_trouble: str = ""
    channels: Sequence[Trouble] = ()


@dataclass(frozen=True, slots=True)
class Alarm:
    """One red line; the link is for staff of this role at least."""

    id: str
    text: str
    href: str
    link: str
    role: Role = "agent"


def alarms_of(standing: Standing, payments: PaymentWarnings) -> list[Alarm]:
    """Return the red lines, the gate first: it is what keeps customers out."""
    alarms = [_gate(site) for site in standing.gates]
    if standing.mail_trouble:
        text = _("E-mail cannot be sent: %(reason)s.", reason=_(standing.mail_trouble))
        alarms.append(Alarm("mail-alarm", text, "/settings/mail", _("Mail server"), "owner"))
    for trouble in standing.channels:
        text = _("%(name)s does not work: %(reason)s.", name=trouble.name, reason=_(trouble.trouble))
        link = _("Connected channels")
        alarms.append(Alarm("channel-alarm", text, "/channels/accounts", link, "manager"))
    if payments.pretended:
        text = _("The test card is on: orders are confirmed without any money.")
        alarms.append(Alarm("test-payments", text, "/payments/ways", _("Ways to pay"), "manager"))
    elif payments.card_refused:
        text = _(
            "The test card is switched on, but refused: this shop can be reached from outside. Switch it"
            " off, or set SAFAR_TEST_PAYMENTS=true."
        )
        alarms.append(Alarm("test-payments", text, "/payments/ways", _("Ways to pay"), "manager"))
    return alarms


def _gate(site: Site) -> Alarm:
    name = _("The shop") if site.key == SHOP else site.title
    if site.ended_at is not None:
        text = _("%(name)s: the queue is closed. Nobody new gets in.", name=name)
    elif site.mode == Mode.HELD:
        text = _("%(name)s: entry is paused. Visitors stay in the waiting room.", name=name)
    else:
        text = _("%(name)s: new arrivals are turned away.", name=name)
    return Alarm(f"gate-alarm-{site.key}", text, f"/gate/{site.key}", _("Gate"), "manager")


class AlarmLayer:
    """Pure ASGI layer: puts the standing at `request.state.standing`, at most a few seconds old."""

    def __init__(self, app: ASGIApp, context: Context) -> None:
        self._app = app
        self._database = context.database
        self._standing = Standing()
        self._read_at = float("-inf")
        self._lock = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not scope["path"].startswith(_WITHOUT_PAGES):
            scope["state"] = {**scope.get("state", {}), "standing": await self._read()}
        await self._app(scope, receive, send)
        if scope["type"] == "http" and scope["method"] != "GET":
            self._read_at = float("-inf")  # whatever was done may be what an alarm is about

    async def _read(self) -> Standing:
        now = asyncio.get_running_loop().time
        async with self._lock:
            if now() - self._read_at > _FRESH_S:
                try:
                    self._standing = await self._stored()
                    self._read_at = now()
                except Exception as error:  # the page itself says what is the matter with the database
                    log.warning("alarms.not_read", error=error_kind(error))
        return self._standing

    async def _stored(self) -> Standing:
        async with self._database.connection() as connection:
            shut = [
                site
                for site in await sites(connection)
                if site.mode != Mode.OPEN or (site.ended_at is not None and site.ended_reason != "sold_out")
            ]
            in_trouble = await troubles(connection)
        mail = next((trouble.trouble for trouble in in_trouble if trouble.kind == KINDS[EMAIL]), "")
        return Standing(shut, mail, [trouble for trouble in in_trouble if trouble.kind != KINDS[EMAIL]])
