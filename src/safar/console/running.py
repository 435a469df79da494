"""Running: what of the machinery stands still or failed, and what staff can do about it."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from safar.journal.actions import append_many
from safar.journal.model import Event
from safar.journal.subscribe import ask_again, dismiss, failures
from safar.kernel.errors import NotFound
from safar.kernel.i18n import _, duration, ngettext, number
from safar.kernel.setbacks import setbacks, try_now
from safar.kernel.web.access import StaffRoute
from safar.kernel.web.actor import actor_of
from safar.kernel.web.forms import read_fields
from safar.kernel.web.pages import context_of, page
from safar.kernel.web.requests import see_other
from safar.watch.decide import wrong
from safar.watch.model import Finding, TroubleKind
from safar.watch.reading import shop_standing

_TEN_S = 10.0


def said(finding: Finding) -> str:
    """Return what is wrong as a sentence that staff read; times in steps of ten seconds."""
    time = duration((finding.seconds or 0.0) // _TEN_S * _TEN_S)
    match finding.kind:
        case TroubleKind.WORKER_SILENT:
            if finding.seconds is None:
                return _("The background worker is not running: no mail is sent and nobody gets in.")
            return _("The background worker has been silent for %(time)s.", time=time)
        case TroubleKind.LINE_STANDS:
            return _("Live updates have stopped for %(time)s.", time=time)
        case TroubleKind.HOLDS_OVERDUE:
            return _("Expired reservations are not released: the oldest for %(time)s.", time=time)
        case TroubleKind.OUTBOX_OLDEST:
            return _("The oldest outgoing message has been waiting for %(time)s.", time=time)
        case TroubleKind.READER_BEHIND:
            return _("%(name)s is %(time)s behind.", name=finding.about, time=time)
        case TroubleKind.LOOP_LAPSED:
            return _(
                "%(name)s failed %(count)s times in a row (%(error)s).",
                name=finding.about,
                count=number(finding.count),
                error=finding.error,
            )
        case TroubleKind.CLOCK_OFF:
            return _(
                "The clock of the machine that runs “%(name)s” is off by %(time)s. Please set it.",
                name=finding.about,
                time=duration(finding.seconds),
            )
        case TroubleKind.SETBACKS:
            return ngettext(
                "%(num)s task keeps failing and is retried later",
                "%(num)s tasks keep failing and are retried later",
                finding.count,
            )
        case TroubleKind.FAILED_JOBS:
            return ngettext("%(num)s job failed for good", "%(num)s jobs failed for good", finding.count)


async def running_page(request: Request) -> Response:
    """Show everything that is wrong behind the pages."""
    async with context_of(request).database.connection() as connection:
        values = {
            "findings": [said(finding) for finding in wrong(await shop_standing(connection))],
            "failures": await failures(connection),
            "setbacks": await setbacks(connection),
        }
    return page(request, "console/running.html", values)


async def post_failure(request: Request) -> Response:
    """Have an event taken again, or do without it."""
    actor = actor_of(request)
    event_id = request.path_params["event_id"]
    if event_id >= 2**63:
        raise NotFound
    verb = {"retry": ask_again, "dismiss": dismiss}.get(request.path_params["verb"])
    if verb is None:
        raise NotFound
    async with context_of(request).database.transaction() as connection:
        reader = request.path_params["reader"]
        if "\0" in reader or not await verb(connection, reader, event_id, staff_id=actor.id):
            raise NotFound
    return see_other("/running")


async def post_setback(request: Request) -> Response:
    """Have an item tried at once."""
    actor = actor_of(request)
    fields = await read_fields(request)
    queue, item = (fields.values.get(name, "").replace("\0", "") for name in ("queue", "item"))
    async with context_of(request).database.transaction() as connection:
        if not await try_now(connection, queue, item):
            raise NotFound
        properties = {"queue": queue, "item": item}
        await append_many(
            connection, [Event(name="setback.retried", staff_id=actor.id, properties=properties)]
        )
    return see_other("/running")


routes: list[BaseRoute] = [
    StaffRoute("/running", running_page, role="manager"),
    StaffRoute("/running/setbacks", post_setback, role="manager", methods=["POST"]),
    StaffRoute(
        "/running/failures/{reader}/{event_id:int}/{verb}", post_failure, role="manager", methods=["POST"]
    ),
]
