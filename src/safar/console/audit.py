"""The audit log: everything staff did, newest first, from the journal; filtered, and as a file."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from safar.console.details import audit_details
from safar.console.sentences import SENTENCES
from safar.customers.sentences import tone_of
from safar.journal.actions import of_staff
from safar.journal.model import Recorded
from safar.kernel.clock import day_start
from safar.kernel.database import Connection
from safar.kernel.i18n import N_, _
from safar.kernel.keyset import cut
from safar.kernel.sheets import write_csv
from safar.kernel.text import whole_number
from safar.kernel.web.access import StaffRoute
from safar.kernel.web.forms import Fields
from safar.kernel.web.pages import context_of, page
from safar.team.actions import all_staff, staff_names

PAGE_SIZE = 50
_FILE_ROWS_MAX = 20_000
# Where the page about an event's subject is, by the event's first word.
_SUBJECT_PAGES = {
    "order": "/orders/", "conversation": "/inbox/", "campaign": "/campaigns/", "customer": "/customers/",
    "location": "/stock/locations/", "purchase": "/stock/purchases/", "transfer": "/stock/transfers/",
    "count": "/stock/counts/", "product": "/catalogue/products/",
}  # fmt: skip
AREAS: Mapping[str, str] = {
    "order": N_("Orders"), "payment": N_("Payments"), "refund": N_("Refunds"), "return": N_("Returns"),
    "product": N_("Catalogue"), "stock": N_("Stock"), "purchase": N_("Purchase orders"),
    "transfer": N_("Transfers"), "count": N_("Stock counts"), "conversation": N_("Inbox"),
    "customer": N_("Customers"), "campaign": N_("Campaigns"), "site": N_("Gate"),
    "shop": N_("Settings"), "staff": N_("Staff"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Whose deeds are wanted, about what, and on which days (both included)."""

    who: UUID | None = None
    area: str = ""
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True)
class AuditLine:
    """One thing that somebody did, as it is shown; `about` is a member of the staff, or empty."""

    id: int
    at: datetime
    who: str
    text: str
    details: Sequence[str]
    about: str
    href: str | None
    icon: str
    tone: str


async def audit_page(request: Request) -> Response:
    before, wanted = whole_number(request.query_params.get("before", "")), _wanted(request)
    async with context_of(request).database.connection() as connection:
        events = await _events(request, connection, wanted, before, PAGE_SIZE + 1)
        shown, last = cut(events, PAGE_SIZE)
        names = await _names(connection, shown)
        people = await all_staff(connection)
    older = f"?{request.url.include_query_params(before=last.id).query}" if last else None
    values = {
        "lines": [_line(e, names) for e in shown],
        "older": older,
        "first": before is None,
        "wanted": wanted,
        "filtered": wanted != AuditFilter(),
        "people": [(member.id, member.name or member.email) for member in people],
        "areas": [(key, _(label)) for key, label in AREAS.items()],
        "file": f"/audit/file.csv?{urlencode(list(request.query_params.items()))}",
    }
    return page(request, "console/audit.html", values)


async def audit_file(request: Request) -> Response:
    """Hand out what the filter finds as a CSV file, newest first."""
    wanted, zone = _wanted(request), ZoneInfo(context_of(request).settings.timezone)
    async with context_of(request).database.connection() as connection:
        events = await _events(request, connection, wanted, None, _FILE_ROWS_MAX)
        names = await _names(connection, events)
    lines = [_line(event, names) for event in events]
    head = (_("When"), _("Who"), _("What"), _("Details"), _("About"))
    rows = [
        (_local(line.at, zone), line.who, line.text, "; ".join(line.details), line.about) for line in lines
    ]
    body = await asyncio.to_thread(lambda: b"".join(write_csv([head, *rows])))
    headers = {
        "content-disposition": 'attachment; filename="audit.csv"',
        "cache-control": "private, no-store",
    }
    return Response(body, media_type="text/csv; charset=utf-8", headers=headers)


def _local(at: datetime, zone: ZoneInfo) -> str:
    return at.astimezone(zone).isoformat(" ", "seconds")


def _wanted(request: Request) -> AuditFilter:
    """Return the filter of the address; what cannot be read is not asked for."""
    fields = Fields(request.query_params)
    since, until = fields.day("since"), fields.day("until")
    who = fields.uuid("who")
    area = request.query_params.get("area", "")
    return AuditFilter(
        who if "who" not in fields.problems else None,
        area if area in AREAS else "",
        since if "since" not in fields.problems else None,
        until if "until" not in fields.problems else None,
    )


async def _events(
    request: Request, connection: Connection, wanted: AuditFilter, before: int | None, limit: int
) -> list[Recorded]:
    zone = context_of(request).settings.timezone
    return await of_staff(
        connection,
        before=before,
        limit=limit,
        who=wanted.who,
        area=wanted.area or None,
        since=day_start(wanted.since, zone) if wanted.since else None,
        until=day_start(wanted.until + timedelta(days=1), zone) if wanted.until else None,
    )


async def _names(connection: Connection, events: Sequence[Recorded]) -> dict[UUID, str]:
    return await staff_names(connection, {id for e in events for id in (e.staff_id, e.subject_id) if id})


def _line(event: Recorded, names: Mapping[UUID, str]) -> AuditLine:
    who = names.get(event.staff_id, "–") if event.staff_id else "–"
    about = names.get(event.subject_id, "") if event.subject_id and event.subject_id != event.staff_id else ""
    base = _SUBJECT_PAGES.get(event.name.split(".")[0])
    href = f"{base}{event.subject_id}" if base and event.subject_id else None
    text, icon = SENTENCES.sentence(event), SENTENCES.icon_of(event)
    return AuditLine(event.id, event.at, who, text, audit_details(event), about, href, icon, tone_of(event))


routes: list[BaseRoute] = [
    StaffRoute("/audit", audit_page, role="manager"),
    StaffRoute("/audit/file.csv", audit_file, role="manager"),
]
