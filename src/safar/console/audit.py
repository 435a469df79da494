"""The audit log: everything staff did, newest first, from the journal."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from safar.console.sentences import SENTENCES
from safar.customers.sentences import tone_of
from safar.journal.actions import of_staff
from safar.journal.model import Recorded
from safar.kernel.keyset import cut
from safar.kernel.text import whole_number
from safar.kernel.web.access import StaffRoute
from safar.kernel.web.pages import context_of, page
from safar.team.actions import staff_names

PAGE_SIZE = 50
# Where the page about an event's subject is, by the event's first word.
_SUBJECT_PAGES = {
    "order": "/orders/", "conversation": "/inbox/", "campaign": "/campaigns/", "customer": "/customers/",
    "location": "/stock/locations/", "purchase": "/stock/purchases/", "transfer": "/stock/transfers/",
    "count": "/stock/counts/",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class AuditLine:
    """One thing that somebody did, as it is shown; `about` is a member of the staff, or empty."""

    id: int
    at: datetime
    who: str
    text: str
    about: str
    href: str | None
    icon: str
    tone: str


async def audit_page(request: Request) -> Response:
    before = whole_number(request.query_params.get("before", ""))
    async with context_of(request).database.connection() as connection:
        events = await of_staff(connection, before=before, limit=PAGE_SIZE + 1)
        shown, last = cut(events, PAGE_SIZE)
        people = {id for e in shown for id in (e.staff_id, e.subject_id) if id}
        names = await staff_names(connection, people)
    older = f"?before={last.id}" if last else None
    values = {"lines": [_line(e, names) for e in shown], "older": older, "first": before is None}
    return page(request, "console/audit.html", values)


def _line(event: Recorded, names: dict[UUID, str]) -> AuditLine:
    who = names.get(event.staff_id, "–") if event.staff_id else "–"
    about = names.get(event.subject_id, "") if event.subject_id and event.subject_id != event.staff_id else ""
    base = _SUBJECT_PAGES.get(event.name.split(".")[0])
    href = f"{base}{event.subject_id}" if base and event.subject_id else None
    text, icon = SENTENCES.sentence(event), SENTENCES.icon_of(event)
    return AuditLine(event.id, event.at, who, text, about, href, icon, tone_of(event))


routes: list[BaseRoute] = [StaffRoute("/audit", audit_page, role="manager")]
