"""Counts in the console: the sheet that is counted blind, and the differences that wait for approval."""

from functools import partial
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from safar.catalogue.actions import categories, variants_by_id
from safar.catalogue.names import category_name
from safar.kernel.database import Connection
from safar.kernel.i18n import _
from safar.kernel.ids import derived_id, new_id, parse_id
from safar.kernel.web.access import StaffRoute
from safar.kernel.web.actor import Actor, actor_of
from safar.kernel.web.forms import UNITS_MAX, Fields
from safar.kernel.web.pages import context_of, page
from safar.kernel.web.post import NOTHING, Wrong, posted
from safar.stock import documents, forms
from safar.stock.counts import actions
from safar.stock.counts.model import Count, CountEntry, CountState, Sheet, UnknownCount

_KINDS = ("warehouse", "store", "quarantine")  # where units lie: what is set aside lies in one of these
_FOLDERS = {"open": ("open",), "counted": ("counted",), "closed": ("approved", "cancelled")}


async def _counts(request: Request, wrong: Wrong = NOTHING) -> Response:
    actor = actor_of(request)
    async with context_of(request).database.connection() as connection:
        listing = await documents.latest(request, _FOLDERS, partial(actions.counts, connection))
        places = await forms.location_choices(connection, *_KINDS)
        kinds = await categories(connection)
    values = {
        **listing,
        "places": places,
        "may_count": actor.may("manager"),
        "count_id": new_id(),
        "categories": [("", _("All categories")), *((key, category_name(key)) for key in kinds)],
        "category_name": category_name,
        "place_name": forms.place_name,
        **wrong.values(),
    }
    if not wrong.fields:
        values["typed"] = dict(request.query_params)
    return page(request, "stock/counts.html", values, status=wrong.status)


@posted(_counts)
async def _open(request: Request, actor: Actor, fields: Fields) -> str:
    async with context_of(request).database.transaction() as connection:
        sheet = Sheet(
            count_id=fields.uuid("count_id"),
            location_id=await forms.chosen_location(connection, fields, "location_id", *_KINDS),
            category=fields.text("category", length_max=60, required=False),
            after_sku=fields.text("after_sku", length_max=64, required=False),
            staff_id=actor.id,
        )
        fields.done()
        await actions.open_count(connection, sheet)
    return f"/stock/counts/{sheet.count_id}"


async def _count(request: Request, wrong: Wrong = NOTHING) -> Response:
    actor, count_id = actor_of(request), parse_id(request.path_params["id"])
    after = _after(request)
    async with context_of(request).database.connection() as connection:
        count = await actions.count_of(connection, count_id)
        if count is None:
            raise UnknownCount
        blind = count.state in (CountState.OPEN, CountState.CANCELLED)
        if blind:
            limit = documents.PAGE_SIZE + 1
            sheet = documents.page_of(
                await actions.count_lines_of(connection, count_id, after=after, limit=limit), after
            )
        else:
            sheet = {"lines": await actions.different_lines(connection, count_id)}
        scanned = await _scanned(request, connection, count)
    values = {
        **sheet,
        "count": count,
        "blind": blind,
        "scanned": scanned,
        "may_approve": actor.may("manager"),
        "entry_id": new_id(),
        "rows_id": new_id(),
        "after": after,
        "full": count.lines >= actions.LINES_MAX,
        "category_name": category_name,
        "place_name": forms.place_name,
        **wrong.values(),
    }
    return page(request, "stock/count.html", values, status=wrong.status)


async def _scanned(request: Request, connection: Connection, count: Count) -> object:
    """Return the line that was scanned last, so that it can be shown large."""
    text = request.query_params.get("scanned", "")
    if count.state != CountState.OPEN or not text:
        return None
    return await actions.line_of(connection, count.id, parse_id(text))


@posted(_count, "entries")
async def _entries(request: Request, actor: Actor, fields: Fields) -> str:
    """Take down a scan (so many more), or the figures of the rows that have one."""
    count_id, entry_id = parse_id(request.path_params["id"]), fields.uuid("entry_id")
    if "code" in fields.values:
        return await _scan(request, actor, fields, count_id, entry_id)
    units = fields.units()
    if not units:
        fields.problems.setdefault("units", _("Enter what you counted."))
    async with context_of(request).database.transaction() as connection:
        if (await variants_by_id(connection, units)).keys() != units.keys():
            fields.problems["units"] = _("Choose one of the options.")
        fields.done()
        entries = [
            CountEntry(
                derived_id("counted", count_id, entry_id, variant_id),
                count_id,
                variant_id,
                counted,
                False,
                actor.id,
            )
            for variant_id, counted in units.items()
        ]
        await actions.enter_counted_many(connection, entries)
    return forms.at(f"/stock/counts/{count_id}", after=_after(request))


async def _scan(request: Request, actor: Actor, fields: Fields, count_id: UUID, entry_id: UUID) -> str:
    units = fields.integer("units", least=-UNITS_MAX, most=UNITS_MAX)
    async with context_of(request).database.transaction() as connection:
        variant_id = await documents.article_of(connection, fields)
        fields.done()
        await actions.enter_counted_many(
            connection, [CountEntry(entry_id, count_id, variant_id, units, True, actor.id)]
        )
    return f"/stock/counts/{count_id}?scanned={variant_id}"


@posted(_count, "finish")
async def _finished(request: Request, actor: Actor, fields: Fields) -> str:
    count_id, rest_is_none = parse_id(request.path_params["id"]), fields.ticked("rest_is_none")
    async with context_of(request).database.transaction() as connection:
        await actions.finish_count(connection, count_id, rest_is_none=rest_is_none, staff_id=actor.id)
    return f"/stock/counts/{count_id}"


@posted(_count, "approval")
async def _approval(request: Request, actor: Actor, fields: Fields) -> str:
    """Make the differences into moves, but those that were ticked to be turned down."""
    count_id = parse_id(request.path_params["id"])
    async with context_of(request).database.transaction() as connection:
        lines = await actions.different_lines(connection, count_id)
        accepted = {line.variant_id for line in lines if not fields.ticked(f"no-{line.variant_id}")}
        await actions.approve_count(connection, count_id, accepted, staff_id=actor.id)
    return f"/stock/counts/{count_id}"


@posted(_count, "reopening")
async def _reopening(request: Request, actor: Actor, _fields: Fields) -> str:
    count_id = parse_id(request.path_params["id"])
    async with context_of(request).database.transaction() as connection:
        await actions.reopen_count(connection, count_id, staff_id=actor.id)
    return f"/stock/counts/{count_id}"


@posted(_count, "cancellation")
async def _cancellation(request: Request, actor: Actor, _fields: Fields) -> str:
    count_id = parse_id(request.path_params["id"])
    async with context_of(request).database.transaction() as connection:
        await actions.cancel_count(connection, count_id, staff_id=actor.id)
    return f"/stock/counts/{count_id}"


def _after(request: Request) -> str:
    after = request.query_params.get("after", "")
    return after if after.isprintable() else ""


routes: list[BaseRoute] = [
    StaffRoute("/stock/counts", _counts, role="agent"),
    StaffRoute("/stock/counts", _open, role="manager", methods=["POST"]),
    StaffRoute("/stock/counts/{id}", _count, role="agent"),
    StaffRoute("/stock/counts/{id}/entries", _entries, role="agent", methods=["POST"]),
    StaffRoute("/stock/counts/{id}/finished", _finished, role="agent", methods=["POST"]),
    StaffRoute("/stock/counts/{id}/approval", _approval, role="manager", methods=["POST"]),
    StaffRoute("/stock/counts/{id}/reopening", _reopening, role="manager", methods=["POST"]),
    StaffRoute("/stock/counts/{id}/cancellation", _cancellation, role="manager", methods=["POST"]),
]
