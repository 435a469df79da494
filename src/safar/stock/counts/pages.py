"""Counts in the console: the sheet that is counted blind, and the differences that wait for approval."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from safar.catalogue.actions import categories, variants_by_id
from safar.catalogue.names import category_name
from safar.kernel.database import Connection
from safar.kernel.errors import SafarError
from safar.kernel.i18n import _
from safar.kernel.ids import derived_id, new_id, parse_id
from safar.kernel.web.actor import actor_of
from safar.kernel.web.forms import Fields, read_fields
from safar.kernel.web.pages import context_of, error_text, page
from safar.kernel.web.requests import see_other
from safar.stock import forms
from safar.stock.counts import actions
from safar.stock.counts.model import Count, CountState, Entry, Sheet, UnknownCount

PAGE_SIZE = 50
_FOLDERS = {"open": ("open",), "counted": ("counted",), "closed": ("approved", "cancelled")}


async def _counts(request: Request) -> Response:
    return await _counts_page(request)


async def _counts_page(
    request: Request, fields: Fields | None = None, problem: str | None = None, status: int = 200
) -> Response:
    actor = actor_of(request)
    folder = request.query_params.get("state", "")
    before = forms.number_before(request.query_params)
    async with context_of(request).database.connection() as connection:
        found = await actions.counts(
            connection, states=_FOLDERS.get(folder), before=before, limit=PAGE_SIZE + 1
        )
        places = await forms.places(connection)
        kinds = await categories(connection)
    older = forms.at("", state=folder, before=found[PAGE_SIZE - 1].number) if found[PAGE_SIZE:] else None
    typed = dict(fields.values) if fields else dict(request.query_params)
    values = {
        "counts": found[:PAGE_SIZE], "older": older, "first": before is None, "places": places,
        "folder": folder if folder in _FOLDERS else "", "may_count": actor.may("manager"),
        "categories": [("", _("All categories")), *((key, category_name(key)) for key in kinds)],
        "category_name": category_name, "count_id": new_id(), "place_name": forms.place_name,
        **forms.wrong(fields, problem), "typed": typed,
    }  # fmt: skip
    return page(request, "stock/counts.html", values, status=status)


async def _open(request: Request) -> Response:
    actor, fields = actor_of(request, "manager"), await read_fields(request)
    sheet = Sheet(
        count_id=forms.uuid_of(fields, "count_id"), location_id=forms.uuid_of(fields, "location_id"),
        category=fields.text("category", length_max=60, required=False),
        after_sku=fields.text("after_sku", length_max=64, required=False), staff_id=actor.id,
    )  # fmt: skip
    try:
        async with context_of(request).database.transaction() as connection:
            if sheet.location_id not in dict(await forms.places(connection)):
                fields.problems.setdefault("location_id", _("Choose one of the options."))
            if not fields.problems:
                await actions.open_count(connection, sheet)
    except SafarError as refused:
        return await _counts_page(request, fields, error_text(refused), refused.status)
    if fields.problems:
        return await _counts_page(request, fields, status=422)
    return see_other(f"/stock/counts/{sheet.count_id}")


async def _count(request: Request) -> Response:
    return await _count_page(request)


async def _count_page(
    request: Request,
    form: str = "",
    fields: Fields | None = None,
    *,
    problem: str | None = None,
    status: int = 200,
) -> Response:
    actor, count_id = actor_of(request), parse_id(request.path_params["id"])
    after = request.query_params.get("after", "")
    async with context_of(request).database.connection() as connection:
        count = await actions.find(connection, count_id)
        if count is None:
            raise UnknownCount
        blind = count.state in (CountState.OPEN, CountState.CANCELLED)
        if blind:
            lines = await actions.lines_of(
                connection, count_id, after=after if after.isprintable() else "", limit=PAGE_SIZE + 1
            )
        else:
            lines = await actions.different_lines(connection, count_id)
        scanned = await _scanned(request, connection, count)
    more = blind and lines[PAGE_SIZE:]
    values = {
        "count": count, "blind": blind, "lines": lines[:PAGE_SIZE] if blind else lines, "form": form,
        "more": forms.at("", after=lines[PAGE_SIZE - 1].sku) if more else None, "first": not after,
        "scanned": scanned, "may_approve": actor.may("manager"), "entry_id": new_id(),
        "rows_id": new_id(), "after": after, "full": count.lines >= actions.LINES_MAX,
        "category_name": category_name, "place_name": forms.place_name, **forms.wrong(fields, problem),
    }  # fmt: skip
    return page(request, "stock/count.html", values, status=status)


async def _scanned(request: Request, connection: Connection, count: Count) -> object:
    """Return the line that was scanned last, so that it can be shown large."""
    text = request.query_params.get("scanned", "")
    if count.state != CountState.OPEN or not text:
        return None
    return await actions.line_of(connection, count.id, parse_id(text))


async def _entries(request: Request) -> Response:
    """Take down a scan (so many more), or the figures of the rows that have one."""
    actor, count_id = actor_of(request), parse_id(request.path_params["id"])
    fields = await read_fields(request)
    entry_id = forms.uuid_of(fields, "entry_id")
    rows = forms.units_by_variant(fields)
    units, entries, last = 0, [], None
    scan = "code" in fields.values
    if scan:
        units = fields.integer("units", least=-forms.UNITS_MAX, most=forms.UNITS_MAX)
    try:
        async with context_of(request).database.transaction() as connection:
            if await actions.find(connection, count_id) is None:
                raise UnknownCount
            if scan:
                last = await forms.variant_in(connection, fields)
                entries = [Entry(entry_id, count_id, last.id, units, True, actor.id)] if last else []
            else:
                entries = [
                    Entry(derived_id(entry_id, variant_id), count_id, variant_id, counted, False, actor.id)
                    for variant_id, counted in rows.items()
                ]
                known = await variants_by_id(connection, rows)
                if known.keys() != rows.keys():
                    fields.problems["units"] = _("Choose one of the options.")
            if not entries:
                fields.problems.setdefault("units", _("Enter what you counted."))
            if not fields.problems:
                await actions.enter_many(connection, entries)
    except SafarError as refused:
        return await _again(request, "scan" if scan else "rows", fields, refused)
    if fields.problems:
        return await _count_page(request, "scan" if scan else "rows", fields, status=422)
    if last:
        return see_other(f"/stock/counts/{count_id}?scanned={last.id}")
    after = request.query_params.get("after", "")
    return see_other(forms.at(f"/stock/counts/{count_id}", after=after if after.isprintable() else ""))


async def _finished(request: Request) -> Response:
    actor, count_id = actor_of(request), parse_id(request.path_params["id"])
    fields = await read_fields(request)
    try:
        async with context_of(request).database.transaction() as connection:
            await actions.finish(
                connection, count_id, rest_is_none=forms.ticked(fields, "rest_is_none"), staff_id=actor.id
            )
    except SafarError as refused:
        return await _again(request, "finish", fields, refused)
    return see_other(f"/stock/counts/{count_id}")


async def _approval(request: Request) -> Response:
    """Make the differences into moves, but those that were ticked to be turned down."""
    actor, count_id = actor_of(request, "manager"), parse_id(request.path_params["id"])
    fields = await read_fields(request)
    try:
        async with context_of(request).database.transaction() as connection:
            lines = await actions.different_lines(connection, count_id)
            accepted = {
                line.variant_id for line in lines if not forms.ticked(fields, f"no-{line.variant_id}")
            }
            await actions.approve(connection, count_id, accepted, staff_id=actor.id)
    except SafarError as refused:
        return await _again(request, "approval", fields, refused)
    return see_other(f"/stock/counts/{count_id}")


async def _reopening(request: Request) -> Response:
    actor, count_id = actor_of(request, "manager"), parse_id(request.path_params["id"])
    async with context_of(request).database.transaction() as connection:
        await actions.reopen(connection, count_id, staff_id=actor.id)
    return see_other(f"/stock/counts/{count_id}")


async def _cancellation(request: Request) -> Response:
    actor, count_id = actor_of(request, "manager"), parse_id(request.path_params["id"])
    async with context_of(request).database.transaction() as connection:
        await actions.cancel(connection, count_id, staff_id=actor.id)
    return see_other(f"/stock/counts/{count_id}")


async def _again(request: Request, form: str, fields: Fields, refused: SafarError) -> Response:
    if refused.status == 404:
        raise refused
    return await _count_page(request, form, fields, problem=error_text(refused), status=refused.status)


routes: list[BaseRoute] = [
    Route("/stock/counts", _counts),
    Route("/stock/counts", _open, methods=["POST"]),
    Route("/stock/counts/{id}", _count),
    Route("/stock/counts/{id}/entries", _entries, methods=["POST"]),
    Route("/stock/counts/{id}/finished", _finished, methods=["POST"]),
    Route("/stock/counts/{id}/approval", _approval, methods=["POST"]),
    Route("/stock/counts/{id}/reopening", _reopening, methods=["POST"]),
    Route("/stock/counts/{id}/cancellation", _cancellation, methods=["POST"]),
]
