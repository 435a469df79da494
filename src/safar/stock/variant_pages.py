"""A variant in the stock room: where it lies, what moved, and everything that can be done with its units."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from safar.catalogue.actions import variants_by_id
from safar.catalogue.errors import UnknownProduct
from safar.catalogue.model import Variant
from safar.kernel import clock
from safar.kernel.database import Connection, value
from safar.kernel.i18n import _
from safar.kernel.ids import new_id, parse_id
from safar.kernel.keyset import cut, key_moment, page_key, parse_page_key
from safar.kernel.web.access import StaffRoute
from safar.kernel.web.actor import Actor, actor_of
from safar.kernel.web.forms import UNITS_MAX, Fields
from safar.kernel.web.pages import context_of, page
from safar.kernel.web.post import NOTHING, Wrong, posted
from safar.stock import actions as stock
from safar.stock import forms
from safar.stock.bins import BIN_MAX, Bin, bins_of, set_bins
from safar.stock.decide import state_of, transfer_of_adjustment, transfer_of_receipt
from safar.stock.lots import Lot, assign_many, lots_of, open_lots, shelf_units, shelves_of
from safar.stock.policies import Policy, policies, set_policy_many
from safar.stock.promise import promises
from safar.stock.restock import (
    Handled,
    follow_fresh,
    restock_many,
    send_back_many,
    take_out_many,
    write_off_many,
)

_MOVES_SIZE = 30
_DAYS_MAX = 730


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a form of this page asks for, read and checked."""

    variant: Variant
    move_id: UUID
    location_id: UUID
    to_id: UUID | None
    quantity: int
    reason: str
    document: str | None
    lot: Lot | None
    staff_id: UUID

    @property
    def lot_id(self) -> UUID | None:
        return self.lot.id if self.lot else None


async def _variant(request: Request, wrong: Wrong = NOTHING) -> Response:
    actor = actor_of(request)
    variant_id = parse_id(request.path_params["id"])
    before = parse_page_key(request.query_params.get("before"), key_moment, UUID)
    async with context_of(request).database.connection() as connection:
        variant = await _known(connection, variant_id)
        levels = await stock.levels(connection, [variant_id])
        locations = await stock.own_locations(connection)
        recent = await stock.moves_of_variant(connection, variant_id, before=before, limit=_MOVES_SIZE + 1)
        lots = await lots_of(connection, variant_id) if variant.tracks_lots else []
        policy = (await policies(connection, [variant_id])).get(variant_id, Policy(variant_id))
        places = await forms.location_choices(connection)
        shelves = await bins_of(connection, [variant_id])
        promise = (await promises(connection, [variant_id], today=clock.today(connection.zone)))[variant_id]
    moves, last = cut(recent, _MOVES_SIZE)
    older = forms.at("", before=page_key(last.at, last.id)) if last else None
    values = {
        "variant": variant,
        "moves": moves,
        "older": older,
        "first": before is None,
        "levels": [(p, levels[variant_id, p.id]) for p in locations if (variant_id, p.id) in levels],
        "places": places,
        "place_name": forms.place_name,
        "state_of": state_of,
        "lots": lots,
        "policy": policy,
        "promise": promise,
        "may_move": actor.may("manager"),
        "new_id": new_id,
        "bins": shelves,
        "opened": request.query_params.get("do", ""),
        **wrong.values(),
    }
    return page(request, "stock/variant.html", values, status=wrong.status)


async def _receive(connection: Connection, asked: _Asked) -> None:
    receipt = stock.StockReceipt(
        asked.move_id,
        asked.variant.id,
        asked.location_id,
        asked.quantity,
        asked.reason,
        asked.document,
        asked.staff_id,
    )
    outcomes = await stock.receive_stock_many(connection, [receipt])
    stated = {asked.move_id: asked.lot_id} if asked.lot_id else {}
    if stated:
        await follow_fresh(connection, [transfer_of_receipt(receipt)], outcomes, stated)


async def _adjust(connection: Connection, asked: _Asked) -> None:
    adjustment = stock.Adjustment(
        asked.move_id,
        asked.variant.id,
        asked.location_id,
        asked.quantity,
        asked.reason,
        asked.document,
        asked.staff_id,
    )
    outcomes = await stock.adjust_many(connection, [adjustment])
    stated = {asked.move_id: asked.lot_id} if asked.lot_id else {}
    await follow_fresh(connection, [transfer_of_adjustment(adjustment)], outcomes, stated)


async def _transfer(connection: Connection, asked: _Asked) -> None:
    assert asked.to_id is not None
    move = stock.Transfer(
        asked.move_id,
        asked.variant.id,
        asked.location_id,
        asked.to_id,
        asked.quantity,
        asked.reason,
        asked.document,
        asked.staff_id,
    )
    stated = {asked.move_id: asked.lot_id} if asked.lot_id else {}
    await take_out_many(connection, [move], "stock.transferred", stated)


async def _return(connection: Connection, asked: _Asked) -> None:
    await restock_many(connection, [_handled(asked)])


async def _send_back(connection: Connection, asked: _Asked) -> None:
    await send_back_many(connection, [_handled(asked)])


async def _write_off(connection: Connection, asked: _Asked) -> None:
    await write_off_many(connection, [_handled(asked)])


def _handled(asked: _Asked) -> Handled:
    return Handled(
        asked.move_id,
        asked.variant.id,
        asked.location_id,
        asked.quantity,
        asked.reason,
        asked.document,
        asked.staff_id,
        asked.lot_id,
    )


_Verb = Callable[[Connection, _Asked], Awaitable[None]]
_VERBS: Mapping[str, _Verb] = {
    "receive": _receive, "adjust": _adjust, "transfer": _transfer, "return": _return,
    "send-back": _send_back, "write-off": _write_off,
}  # fmt: skip


def _moving(form: str) -> Callable[[Request], Awaitable[Response]]:
    """Return the handler of a form; its move id makes a second click harmless."""

    @posted(_variant, form)
    async def handler(request: Request, actor: Actor, fields: Fields) -> str:
        variant_id = parse_id(request.path_params["id"])
        async with context_of(request).database.transaction() as connection:
            variant = await _known(connection, variant_id)
            asked = await _asked(connection, actor, fields, form, variant)
            fields.done()
            if asked.lot:
                await _check_lot(connection, fields, form, asked)
                fields.done()
            await _VERBS[form](connection, asked)
        return f"/stock/{variant_id}"

    return handler


async def _check_lot(connection: Connection, fields: Fields, form: str, asked: _Asked) -> None:
    """Open the lot of units that come in; of units that leave, see that they are of this lot."""
    assert asked.lot is not None
    if form in ("receive", "return") or (form == "adjust" and asked.quantity > 0):
        await open_lots(connection, [asked.lot])
        return
    if await value(connection, stock.QUERIES["moves"], {"ids": [asked.move_id]}):
        return  # sent twice: it moves nothing again
    here = [
        lot.units
        for lot in await lots_of(connection, asked.variant.id)
        if (lot.lot_id, lot.location_id) == (asked.lot.id, asked.location_id)
    ]
    if sum(here) < abs(asked.quantity):
        fields.problems["lot"] = _("Fewer units of this lot lie there.")


async def _asked(connection: Connection, actor: Actor, fields: Fields, form: str, variant: Variant) -> _Asked:
    location_id = await forms.chosen_location(connection, fields, "location_id")
    to_id = await forms.chosen_location(connection, fields, "to_id") if form == "transfer" else None
    quantity = fields.integer("quantity", least=-UNITS_MAX if form == "adjust" else 1, most=UNITS_MAX)
    if quantity == 0 and "quantity" not in fields.problems:
        fields.problems["quantity"] = _("Zero changes nothing: give the difference, such as -2.")
    code = fields.text("lot", length_max=60, required=False) if variant.tracks_lots else ""
    expires_on = fields.day("expires_on")
    return _Asked(
        variant=variant,
        move_id=fields.uuid("move_id"),
        location_id=location_id,
        to_id=to_id,
        quantity=quantity,
        reason=fields.text("reason", length_max=200, required=form != "receive") or _("Delivery"),
        document=fields.text("document", length_max=100, required=False) or None,
        lot=Lot(variant.id, code, expires_on) if code else None,
        staff_id=actor.id,
    )


@posted(_variant, "policy")
async def _policy(request: Request, actor: Actor, fields: Fields) -> str:
    variant_id = parse_id(request.path_params["id"])
    policy = Policy(
        variant_id,
        safety_units=fields.integer("safety_units", least=0, most=UNITS_MAX),
        backorder_units=fields.integer("backorder_units", least=0, most=UNITS_MAX),
        preorder_from=fields.day("preorder_from"),
        promise_days=fields.optional_integer("promise_days", least=0, most=_DAYS_MAX),
    )
    async with context_of(request).database.transaction() as connection:
        await _known(connection, variant_id)
        fields.done()
        await set_policy_many(connection, [policy], staff_id=actor.id)
    return f"/stock/{variant_id}"


@posted(_variant, "lots")
async def _lots(request: Request, _actor: Actor, fields: Fields) -> str:
    """Say that units that lie there are of a lot."""
    variant_id = parse_id(request.path_params["id"])
    entry_id, location_id = fields.uuid("move_id"), fields.uuid("location_id")
    units = fields.integer("quantity", least=1, most=UNITS_MAX)
    lot = Lot(variant_id, fields.text("lot", length_max=60), fields.day("expires_on"))
    async with context_of(request).database.transaction() as connection:
        await _known(connection, variant_id)
        fields.done()
        await open_lots(connection, [lot])
        location_id = (await shelves_of(connection, [location_id])).get(location_id, location_id)
        lying = await shelf_units(connection, variant_id, location_id)
        await assign_many(connection, [(entry_id, lot.id, location_id, units)], expected={entry_id: lying})
    return f"/stock/{variant_id}"


@posted(_variant, "shelf")
async def _shelf(request: Request, _actor: Actor, fields: Fields) -> str:
    """Say where in a location the article lies."""
    variant_id = parse_id(request.path_params["id"])
    name = fields.text("bin", length_max=BIN_MAX, required=False)
    async with context_of(request).database.transaction() as connection:
        await _known(connection, variant_id)
        place = await forms.chosen_location(connection, fields, "location_id")
        fields.done()
        await set_bins(connection, [Bin(variant_id, place, name)])
    return f"/stock/{variant_id}"


async def _known(connection: Connection, variant_id: UUID) -> Variant:
    variant = (await variants_by_id(connection, [variant_id])).get(variant_id)
    if variant is None:
        raise UnknownProduct
    return variant


routes: list[BaseRoute] = [
    StaffRoute("/stock/{id}", _variant, role="agent"),
    *(
        StaffRoute(f"/stock/{{id}}/{form}", _moving(form), role="manager", methods=["POST"])
        for form in _VERBS
    ),
    StaffRoute("/stock/{id}/policy", _policy, role="manager", methods=["POST"]),
    StaffRoute("/stock/{id}/shelf", _shelf, role="manager", methods=["POST"]),
    StaffRoute("/stock/{id}/lots", _lots, role="manager", methods=["POST"]),
]
