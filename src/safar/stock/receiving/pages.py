"""Deliveries in the console: scanned on a phone, article by article, corrected in a list, booked at once."""

from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from safar.kernel.database import Connection
from safar.kernel.i18n import _
from safar.kernel.ids import new_id, parse_id
from safar.kernel.web.access import StaffRoute
from safar.kernel.web.actor import Actor
from safar.kernel.web.forms import UNITS_MAX, Fields
from safar.kernel.web.pages import context_of, page
from safar.kernel.web.post import NOTHING, Wrong, posted
from safar.stock import documents, forms
from safar.stock.bins import BIN_MAX
from safar.stock.receiving import actions
from safar.stock.receiving.model import LineFigures, ReceivingLine, Scan

_KINDS = ("warehouse", "store", "quarantine")
_SHOWN = 30


async def _receivings(request: Request, wrong: Wrong = NOTHING) -> Response:
    """Show the deliveries that are being scanned, and start one; `code` is its first article."""
    async with context_of(request).database.connection() as connection:
        values = {
            "receivings": await actions.receivings(connection, limit=_SHOWN),
            "places": await forms.location_choices(connection, *_KINDS),
            "code": request.query_params.get("code", "")[:64],
            "receiving_id": new_id(),
            "place_name": forms.place_name,
            **wrong.values(),
        }
    return page(request, "stock/receivings.html", values, status=wrong.status)


@posted(_receivings)
async def _start(request: Request, actor: Actor, fields: Fields) -> str:
    receiving_id = fields.uuid("receiving_id")
    document = fields.text("document", length_max=100, required=False)
    async with context_of(request).database.transaction() as connection:
        place = await forms.chosen_location(connection, fields, "location_id", *_KINDS)
        variant = await forms.variant_in(connection, fields) if fields.values.get("code") else None
        fields.done()
        await actions.start_receiving(connection, receiving_id, place, document, staff_id=actor.id)
        if variant:
            await actions.scan(connection, Scan(receiving_id, receiving_id, variant.id, 1))
    return f"/stock/receiving/{receiving_id}"


async def _receiving(request: Request, wrong: Wrong = NOTHING) -> Response:
    receiving_id = parse_id(request.path_params["id"])
    scanned = request.query_params.get("scanned", "")
    async with context_of(request).database.connection() as connection:
        receiving = await actions.receiving_of(connection, receiving_id)
        lines = await actions.lines_of(connection, receiving_id)
        last = await actions.scanned_line(connection, receiving_id, parse_id(scanned)) if scanned else None
    values = {
        "receiving": receiving,
        "lines": lines,
        "last": None if wrong.refused else last,
        "scan_id": new_id(),
        "bin_max": BIN_MAX,
        "place_name": forms.place_name,
        **wrong.values(),
    }
    return page(request, "stock/receiving.html", values, status=wrong.status)


@posted(_receiving, "scan")
async def _scan(request: Request, _actor: Actor, fields: Fields) -> str:
    """Add what was scanned: one unit, or as many as are typed; below zero takes back."""
    receiving_id, scan_id = parse_id(request.path_params["id"]), fields.uuid("scan_id")
    units = fields.integer("units", least=-UNITS_MAX, most=UNITS_MAX)
    async with context_of(request).database.transaction() as connection:
        variant_id = await documents.article_of(connection, fields)
        fields.done()
        await actions.scan(connection, Scan(scan_id, receiving_id, variant_id, units))
    return f"/stock/receiving/{receiving_id}?scanned={variant_id}"


@posted(_receiving, "lines")
async def _lines(request: Request, _actor: Actor, fields: Fields) -> str:
    receiving_id = parse_id(request.path_params["id"])
    async with context_of(request).database.transaction() as connection:
        await _correct(connection, fields, receiving_id)
    return f"/stock/receiving/{receiving_id}"


@posted(_receiving, "lines")
async def _booking(request: Request, actor: Actor, fields: Fields) -> str:
    """Book all that was scanned, with what the list says about it."""
    receiving_id = parse_id(request.path_params["id"])
    reason = fields.text("reason", length_max=200, required=False) or _("Delivery")
    async with context_of(request).database.transaction() as connection:
        if (await actions.receiving_of(connection, receiving_id)).state == "open":
            await _correct(connection, fields, receiving_id)
        await actions.book(connection, receiving_id, reason=reason, staff_id=actor.id)
    return f"/stock/receiving/{receiving_id}"


async def _correct(connection: Connection, fields: Fields, receiving_id: UUID) -> None:
    """Write what was typed into the rows of the list; units that nobody changed stay as they are now."""
    lines = await actions.lines_of(connection, receiving_id)
    figures = [_figures(fields, line) for line in lines if f"units-{line.variant_id}" in fields.values]
    fields.done()
    await actions.correct_lines(connection, receiving_id, figures)


def _figures(fields: Fields, line: ReceivingLine) -> LineFigures:
    key = line.variant_id
    units = fields.integer(f"units-{key}", least=0, most=UNITS_MAX)
    untouched = fields.values.get(f"was-{key}") == str(units)
    return LineFigures(
        key,
        None if untouched else units,
        fields.text(f"lot-{key}", length_max=60, required=False),
        fields.day(f"expires-{key}"),
        fields.text(f"bin-{key}", length_max=BIN_MAX, required=False),
    )


@posted(_receiving, "discard")
async def _discard(request: Request, _actor: Actor, _fields: Fields) -> str:
    async with context_of(request).database.transaction() as connection:
        await actions.discard(connection, parse_id(request.path_params["id"]))
    return "/stock/receiving"


routes: list[BaseRoute] = [
    StaffRoute("/stock/receiving", _receivings, role="manager"),
    StaffRoute("/stock/receiving", _start, role="manager", methods=["POST"]),
    StaffRoute("/stock/receiving/{id}", _receiving, role="manager"),
    StaffRoute("/stock/receiving/{id}/scans", _scan, role="manager", methods=["POST"]),
    StaffRoute("/stock/receiving/{id}/lines", _lines, role="manager", methods=["POST"]),
    StaffRoute("/stock/receiving/{id}/booking", _booking, role="manager", methods=["POST"]),
    StaffRoute("/stock/receiving/{id}/discard", _discard, role="manager", methods=["POST"]),
]
