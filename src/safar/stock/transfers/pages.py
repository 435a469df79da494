"""Transfers in the console: what is planned, what is on the way, and what arrives."""

from functools import partial

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from safar.kernel.i18n import _
from safar.kernel.ids import new_id, parse_id
from safar.kernel.web.access import StaffRoute
from safar.kernel.web.actor import Actor, actor_of
from safar.kernel.web.forms import UNITS_MAX, Fields
from safar.kernel.web.pages import context_of, page, today_of
from safar.kernel.web.post import NOTHING, Wrong, posted
from safar.stock import documents, forms
from safar.stock.transfers import actions
from safar.stock.transfers.model import TransferArrival, TransferPlan, UnknownTransfer

LINES_SHOWN = 150
_FOLDERS = {"draft": ("draft",), "sent": ("sent",), "closed": ("arrived", "cancelled")}


async def _transfers(request: Request, wrong: Wrong = NOTHING) -> Response:
    actor = actor_of(request)
    async with context_of(request).database.connection() as connection:
        listing = await documents.latest(request, _FOLDERS, partial(actions.transfers, connection))
        places = await forms.location_choices(connection)
    values = {
        **listing,
        "places": places,
        "may_move": actor.may("manager"),
        "transfer_id": new_id(),
        "today": today_of(request),
        "place_name": forms.place_name,
        **wrong.values(),
    }
    return page(request, "stock/transfers.html", values, status=wrong.status)


@posted(_transfers)
async def _draft(request: Request, actor: Actor, fields: Fields) -> str:
    async with context_of(request).database.transaction() as connection:
        plan = TransferPlan(
            transfer_id=fields.uuid("transfer_id"),
            from_location_id=await forms.chosen_location(connection, fields, "from_id"),
            to_location_id=await forms.chosen_location(connection, fields, "to_id"),
            expected_on=fields.day("expected_on"),
            note=fields.text("note", length_max=200, required=False),
            staff_id=actor.id,
        )
        fields.done()
        await actions.draft(connection, plan)
    return f"/stock/transfers/{plan.transfer_id}"


async def _transfer(request: Request, wrong: Wrong = NOTHING) -> Response:
    actor, transfer_id = actor_of(request), parse_id(request.path_params["id"])
    after = request.query_params.get("after", "")
    async with context_of(request).database.connection() as connection:
        transfer = await actions.transfer(connection, transfer_id)
        if transfer is None:
            raise UnknownTransfer
        lines = await actions.transfer_lines_of(connection, transfer_id)
    values = {
        **documents.page_of([line for line in lines if line.sku > after], after, LINES_SHOWN),
        "transfer": transfer,
        "may_move": actor.may("manager"),
        "arrival_id": new_id(),
        "place_name": forms.place_name,
        **wrong.values(),
    }
    return page(request, "stock/transfer.html", values, status=wrong.status)


@posted(_transfer, "line")
async def _line(request: Request, _actor: Actor, fields: Fields) -> str:
    """Put an article on a transfer: scanned or typed with its units, or a row of the table changed."""
    transfer_id = parse_id(request.path_params["id"])
    quantity = fields.integer("quantity", least=0, most=UNITS_MAX)
    async with context_of(request).database.transaction() as connection:
        variant_id = await documents.article_of(connection, fields, by_title=True)
        fields.done()
        await actions.set_transfer_line(connection, transfer_id, variant_id, quantity)
    return f"/stock/transfers/{transfer_id}#lines"


@posted(_transfer, "sent")
async def _sent(request: Request, actor: Actor, _fields: Fields) -> str:
    transfer_id = parse_id(request.path_params["id"])
    async with context_of(request).database.transaction() as connection:
        await actions.send_transfer(connection, transfer_id, staff_id=actor.id)
    return f"/stock/transfers/{transfer_id}"


@posted(_transfer, "arrival")
async def _arrival(request: Request, actor: Actor, fields: Fields) -> str:
    """Take in what arrived: the units of each row, or all that is on the way."""
    transfer_id, arrival_id = parse_id(request.path_params["id"]), fields.uuid("arrival_id")
    last = fields.ticked("last")
    reason = fields.text("reason", length_max=200, required=False)
    units = None if fields.ticked("all") else fields.units()
    if units is not None and not any(units.values()) and not last:
        fields.problems.setdefault("reason", _("Enter how many units of an article arrived."))
    fields.done()
    lines = None if units is None else tuple(sorted(units.items()))
    async with context_of(request).database.transaction() as connection:
        arrival = TransferArrival(arrival_id, transfer_id, lines, last, reason, actor.id)
        await actions.arrive(connection, arrival)
    return f"/stock/transfers/{transfer_id}"


@posted(_transfer, "cancellation")
async def _cancellation(request: Request, actor: Actor, fields: Fields) -> str:
    transfer_id, reason = parse_id(request.path_params["id"]), fields.text("reason", length_max=200)
    fields.done()
    async with context_of(request).database.transaction() as connection:
        await actions.call_off(connection, transfer_id, reason, staff_id=actor.id)
    return f"/stock/transfers/{transfer_id}"


routes: list[BaseRoute] = [
    StaffRoute("/stock/transfers", _transfers, role="agent"),
    StaffRoute("/stock/transfers", _draft, role="manager", methods=["POST"]),
    StaffRoute("/stock/transfers/{id}", _transfer, role="agent"),
    StaffRoute("/stock/transfers/{id}/lines", _line, role="manager", methods=["POST"]),
    StaffRoute("/stock/transfers/{id}/sent", _sent, role="manager", methods=["POST"]),
    StaffRoute("/stock/transfers/{id}/arrivals", _arrival, role="agent", methods=["POST"]),
    StaffRoute("/stock/transfers/{id}/cancellation", _cancellation, role="manager", methods=["POST"]),
]
