"""Transfers in the console: what is planned, what is on the way, and what arrives."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from safar.catalogue.actions import variants_by_id
from safar.kernel import clock
from safar.kernel.errors import SafarError
from safar.kernel.i18n import _
from safar.kernel.ids import new_id, parse_id
from safar.kernel.web.actor import actor_of
from safar.kernel.web.forms import Fields, read_fields
from safar.kernel.web.pages import context_of, error_text, page
from safar.kernel.web.requests import see_other
from safar.stock import forms
from safar.stock.transfers import actions
from safar.stock.transfers.model import Arrival, Plan, UnknownTransfer

PAGE_SIZE = 50
LINES_SHOWN = 150
_FOLDERS = {"draft": ("draft",), "sent": ("sent",), "closed": ("arrived", "cancelled")}


async def _transfers(request: Request) -> Response:
    return await _transfers_page(request)


async def _transfers_page(
    request: Request, fields: Fields | None = None, problem: str | None = None, status: int = 200
) -> Response:
    actor = actor_of(request)
    folder = request.query_params.get("state", "")
    before = forms.number_before(request.query_params)
    async with context_of(request).database.connection() as connection:
        found = await actions.transfers(
            connection, states=_FOLDERS.get(folder), before=before, limit=PAGE_SIZE + 1
        )
        places = await forms.places(connection)
    older = forms.at("", state=folder, before=found[PAGE_SIZE - 1].number) if found[PAGE_SIZE:] else None
    values = {
        "transfers": found[:PAGE_SIZE], "older": older, "first": before is None, "places": places,
        "folder": folder if folder in _FOLDERS else "", "may_move": actor.may("manager"),
        "transfer_id": new_id(), "today": clock.now().date(), "place_name": forms.place_name,
        **forms.wrong(fields, problem),
    }  # fmt: skip
    return page(request, "stock/transfers.html", values, status=status)


async def _draft(request: Request) -> Response:
    actor, fields = actor_of(request, "manager"), await read_fields(request)
    plan = Plan(
        transfer_id=forms.uuid_of(fields, "transfer_id"),
        from_location_id=forms.uuid_of(fields, "from_id"), to_location_id=forms.uuid_of(fields, "to_id"),
        expected_on=forms.day_of(fields, "expected_on"),
        note=fields.text("note", length_max=200, required=False), staff_id=actor.id,
    )  # fmt: skip
    try:
        async with context_of(request).database.transaction() as connection:
            ours = dict(await forms.places(connection))
            for name, place in (("from_id", plan.from_location_id), ("to_id", plan.to_location_id)):
                if place not in ours:
                    fields.problems.setdefault(name, _("Choose one of the options."))
            if not fields.problems:
                await actions.draft(connection, plan)
    except SafarError as refused:
        return await _transfers_page(request, fields, error_text(refused), refused.status)
    if fields.problems:
        return await _transfers_page(request, fields, status=422)
    return see_other(f"/stock/transfers/{plan.transfer_id}")


async def _transfer(request: Request) -> Response:
    return await _transfer_page(request)


async def _transfer_page(
    request: Request,
    form: str = "",
    fields: Fields | None = None,
    *,
    problem: str | None = None,
    status: int = 200,
) -> Response:
    actor, transfer_id = actor_of(request), parse_id(request.path_params["id"])
    after = request.query_params.get("after", "")
    async with context_of(request).database.connection() as connection:
        found = await actions.transfer(connection, transfer_id)
        if found is None:
            raise UnknownTransfer
        lines = await actions.lines_of(connection, transfer_id)
    shown = [line for line in lines if line.sku > after]
    values = {
        "transfer": found, "lines": shown[:LINES_SHOWN], "form": form, "first": not after,
        "more": forms.at("", after=shown[LINES_SHOWN - 1].sku) if shown[LINES_SHOWN:] else None,
        "may_move": actor.may("manager"), "arrival_id": new_id(), "place_name": forms.place_name,
        **forms.wrong(fields, problem),
    }  # fmt: skip
    return page(request, "stock/transfer.html", values, status=status)


async def _line(request: Request) -> Response:
    """Put an article on a transfer: scanned or typed with its units, or a row of the table changed."""
    actor_of(request, "manager")
    transfer_id, fields = parse_id(request.path_params["id"]), await read_fields(request)
    quantity = fields.integer("quantity", least=0, most=forms.UNITS_MAX)
    try:
        async with context_of(request).database.transaction() as connection:
            if await actions.transfer(connection, transfer_id) is None:
                raise UnknownTransfer
            if "variant_id" in fields.values:
                variant_id = forms.uuid_of(fields, "variant_id")
                if variant_id not in await variants_by_id(connection, [variant_id]):
                    fields.problems["variant_id"] = _("Choose one of the options.")
            else:
                variant = await forms.variant_in(connection, fields)
                variant_id = variant.id if variant else transfer_id
            if not fields.problems:
                await actions.set_line(connection, transfer_id, variant_id, quantity)
    except SafarError as refused:
        return await _again(request, "line", fields, refused)
    if fields.problems:
        return await _transfer_page(request, "line", fields, status=422)
    return see_other(f"/stock/transfers/{transfer_id}#lines")


async def _sent(request: Request) -> Response:
    actor, transfer_id = actor_of(request, "manager"), parse_id(request.path_params["id"])
    fields = await read_fields(request)
    try:
        async with context_of(request).database.transaction() as connection:
            await actions.send(connection, transfer_id, staff_id=actor.id)
    except SafarError as refused:
        return await _again(request, "sent", fields, refused)
    return see_other(f"/stock/transfers/{transfer_id}")


async def _arrival(request: Request) -> Response:
    """Take in what arrived: the units of each row, or all that is on the way."""
    actor, transfer_id = actor_of(request), parse_id(request.path_params["id"])
    fields = await read_fields(request)
    arrival_id = forms.uuid_of(fields, "arrival_id")
    last = forms.ticked(fields, "last")
    reason = fields.text("reason", length_max=200, required=False)
    units = forms.units_by_variant(fields)
    try:
        async with context_of(request).database.transaction() as connection:
            lines = await actions.lines_of(connection, transfer_id)
            if not lines:
                raise UnknownTransfer
            if forms.ticked(fields, "all"):
                units = {line.variant_id: line.on_the_way for line in lines if line.on_the_way}
            if not any(units.values()) and not last:
                fields.problems.setdefault("reason", _("Enter how many units of an article arrived."))
            arrival = Arrival(arrival_id, transfer_id, tuple(units.items()), last, reason, actor.id)
            if not fields.problems:
                await actions.arrive(connection, arrival)
    except SafarError as refused:
        return await _again(request, "arrival", fields, refused)
    if fields.problems:
        return await _transfer_page(request, "arrival", fields, status=422)
    return see_other(f"/stock/transfers/{transfer_id}")


async def _cancellation(request: Request) -> Response:
    actor, transfer_id = actor_of(request, "manager"), parse_id(request.path_params["id"])
    fields = await read_fields(request)
    reason = fields.text("reason", length_max=200)
    if fields.problems:
        return await _transfer_page(request, "cancellation", fields, status=422)
    async with context_of(request).database.transaction() as connection:
        await actions.call_off(connection, transfer_id, reason, staff_id=actor.id)
    return see_other(f"/stock/transfers/{transfer_id}")


async def _again(request: Request, form: str, fields: Fields, refused: SafarError) -> Response:
    if refused.status == 404:
        raise refused
    return await _transfer_page(request, form, fields, problem=error_text(refused), status=refused.status)


routes: list[BaseRoute] = [
    Route("/stock/transfers", _transfers),
    Route("/stock/transfers", _draft, methods=["POST"]),
    Route("/stock/transfers/{id}", _transfer),
    Route("/stock/transfers/{id}/lines", _line, methods=["POST"]),
    Route("/stock/transfers/{id}/sent", _sent, methods=["POST"]),
    Route("/stock/transfers/{id}/arrivals", _arrival, methods=["POST"]),
    Route("/stock/transfers/{id}/cancellation", _cancellation, methods=["POST"]),
]
