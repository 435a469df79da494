"""Lots: what expires first leaves first, and no lot ever has more units than came in."""

from datetime import date, timedelta
from uuid import UUID

import httpx
from hypothesis import given
from hypothesis import strategies as st

from safar.capacity import actions as ledger
from safar.capacity.model import HoldRequest
from safar.kernel import clock
from safar.kernel.database import Database
from safar.kernel.ids import derived_id, new_id
from safar.stock import actions as stock
from safar.stock.lots import Lot, expiring, lots_of, suggest
from safar.stock.lots_decide import LotLevel, PickRequest, follow, picks_of
from safar.stock.model import CUSTOMER, MAIN, SUPPLIER, Shipped, StockClaim, Transfer, outgoing_of
from safar.stock.restock import Handled, restock_many, write_off_many
from safar.stock.transfers import TransferArrival, TransferPlan, arrive, draft, send_transfer
from tests.stage.books import books_agree
from tests.stage.stock import AGENT, JAM, STAFF, STORE, level

_TODAY = date(2031, 3, 1)
_LOTS = [derived_id("lot", number) for number in range(4)]
_PLACES = [MAIN, STORE]
_SHELVES = {outgoing_of(place): place for place in _PLACES}


@st.composite
def _levels(draw: st.DrawFn) -> list[LotLevel]:
    found = []
    for lot_id in _LOTS:
        expires_on = draw(st.dates(date(2031, 1, 1), date(2031, 12, 31)))
        for place in _PLACES:
            units = draw(st.integers(0, 20))
            found.append(LotLevel(lot_id, JAM, str(lot_id)[:4], expires_on, place, units))
    return found


@st.composite
def _moves(draw: st.DrawFn) -> list[Transfer]:
    places = [MAIN, STORE, SUPPLIER, CUSTOMER, outgoing_of(MAIN)]
    moves = []
    for number in range(draw(st.integers(0, 8))):
        source = draw(st.sampled_from(places))
        target = draw(st.sampled_from([place for place in places if place != source]))
        moves.append(Transfer(derived_id("m", number), JAM, source, target, draw(st.integers(1, 30)), "test"))
    return moves


@given(_levels(), _moves(), st.data())
def test_no_lot_goes_below_zero_and_units_of_a_lot_come_from_outside_only(
    levels: list[LotLevel], moves: list[Transfer], data: st.DataObject
) -> None:
    stated: dict[UUID, UUID] = {
        move.move_id: data.draw(st.sampled_from(_LOTS)) for move in moves if data.draw(st.booleans())
    }
    units = {(one.lot_id, one.location_id): one.units for one in levels}
    total = sum(units.values())
    came = sum(
        move.quantity
        for move in moves
        if move.move_id in stated
        and move.from_location_id in (SUPPLIER, CUSTOMER)
        and move.to_location_id not in (SUPPLIER, CUSTOMER)
    )
    for entry in follow(levels, moves, stated, shelves=_SHELVES, today=_TODAY):
        place = (entry.lot_id, entry.location_id)
        units[place] = units.get(place, 0) + entry.units
        assert units[place] >= 0
    assert sum(units.values()) <= total + came


@given(_levels(), st.integers(1, 60))
def test_what_expires_first_is_picked_first_and_never_more_than_is_there(
    levels: list[LotLevel], wanted: int
) -> None:
    picks = picks_of(levels, JAM, MAIN, wanted)
    here = [one for one in levels if one.location_id == MAIN]
    assert sum(pick.units for pick in picks) == min(wanted, sum(one.units for one in here))
    assert [pick.expires_on for pick in picks] == sorted(pick.expires_on for pick in picks)
    if picks:
        earlier = [one for one in here if one.expires_on < picks[-1].expires_on]
        assert sum(one.units for one in earlier) == sum(
            pick.units for pick in picks if pick.expires_on < picks[-1].expires_on
        )


@given(_levels(), st.integers(1, 60))
def test_a_customer_gets_nothing_that_has_expired(levels: list[LotLevel], wanted: int) -> None:
    sold = Transfer(new_id(), JAM, outgoing_of(MAIN), CUSTOMER, wanted, "shipped")
    expired = {one.lot_id for one in levels if one.expires_on < _TODAY}
    fit = sum(one.units for one in levels if one.location_id == MAIN and one.lot_id not in expired)
    entries = follow(levels, [sold], {}, shelves=_SHELVES, today=_TODAY)
    assert -sum(one.units for one in entries if one.lot_id not in expired) == min(wanted, fit)
    assert not any(one.lot_id in expired for one in entries)


@given(_levels(), st.integers(1, 30), st.integers(1, 30))
def test_two_orders_are_never_told_of_the_same_unit(levels: list[LotLevel], first: int, second: int) -> None:
    """Whichever is sent first: the later one leaves what the earlier one is told to take."""
    told = picks_of(levels, JAM, MAIN, first, in_date_on=_TODAY)
    later = picks_of(levels, JAM, MAIN, second, in_date_on=_TODAY, behind=first)
    for lying in levels:
        named = sum(pick.units for pick in (*told, *later) if pick.lot_id == lying.lot_id)
        assert lying.location_id != MAIN or named <= lying.units
    sent = Transfer(new_id(), JAM, outgoing_of(MAIN), CUSTOMER, second, "shipped")
    entries = follow(levels, [sent], {}, shelves=_SHELVES, behind={sent.move_id: first}, today=_TODAY)
    assert {one.lot_id: -one.units for one in entries} == {pick.lot_id: pick.units for pick in later}


async def _kept(database: Database) -> list[tuple[str, str, int]]:
    async with database.connection() as connection:
        return [(one.code, one.location, one.units) for one in await lots_of(connection, JAM)]


async def test_picking_suggests_what_expires_first_and_nothing_that_has_expired(jars: Database) -> None:
    async with jars.connection() as connection:
        found = await suggest(connection, [PickRequest(JAM, MAIN, 7), PickRequest(JAM, STORE, 1)])
        soon = await expiring(connection, days=30)
    assert [(pick.code, pick.units) for pick in found[0].picks] == [("SOON", 6), ("LATE", 1)]
    assert found[1].picks == ()
    assert [(one.code, one.units) for one in soon] == [("OLD", 2), ("SOON", 6)]


async def test_lots_follow_the_units_out_to_the_customer_and_through_a_transfer(jars: Database) -> None:
    hold_id = new_id()
    async with jars.transaction() as connection:
        old = Lot(JAM, "old").id
        await write_off_many(connection, [Handled(new_id(), JAM, MAIN, 2, "expired", lot_id=old)])
        account = (await stock.levels(connection, [JAM]))[JAM, MAIN].account_id
        expires_at = clock.now() + timedelta(minutes=5)
        hold = HoldRequest(hold_id=hold_id, lines={account: 3}, purpose="order", expires_at=expires_at)
        await ledger.hold_many(connection, [hold])
        await stock.claim_stock_many(connection, [StockClaim(hold_id, ((JAM, MAIN, 3),), "order 1")])
    soon, late = ("SOON", "Main warehouse"), ("LATE", "Main warehouse")
    assert await _kept(jars) == [(*soon, 6), (*late, 8)], "what is sold still stands on the shelf"
    shipped = Shipped(new_id(), JAM, MAIN, 3)
    plan = TransferPlan(new_id(), MAIN, STORE, ((JAM, 4),), staff_id=STAFF)
    async with jars.transaction() as connection:
        await stock.ship_stock_many(connection, [shipped])
        await stock.ship_stock_many(connection, [shipped])
        await draft(connection, plan)
        await send_transfer(connection, plan.transfer_id, staff_id=STAFF)
        assert ("LATE", "On the way", 1) in [
            (one.code, one.location, one.units) for one in await lots_of(connection, JAM)
        ]
        await arrive(connection, TransferArrival(new_id(), plan.transfer_id, ((JAM, 4),)))
        back = Handled(new_id(), JAM, STORE, 1, "unopened", lot_id=Lot(JAM, "soon").id)
        await restock_many(connection, [back])
        await restock_many(connection, [back])
    assert await _kept(jars) == [("SOON", "High Street", 4), ("LATE", "High Street", 1), (*late, 7)]
    assert (await level(jars, JAM, STORE)).on_hand == 5
    await books_agree(jars)


async def test_expired_units_are_listed_and_written_off_by_their_lot(
    jars: Database, desk: httpx.AsyncClient
) -> None:
    page = (await desk.get("/stock/lots?days=7")).text
    assert "OLD" in page
    assert "SOON" not in page
    assert "Write off" not in (await desk.get("/stock/lots", headers=AGENT)).text
    form = {
        "move_id": str(new_id()),
        "location_id": str(MAIN),
        "quantity": "2",
        "reason": "expired",
        "lot": "old",
    }
    more = await desk.post(f"/stock/{JAM}/write-off", data={**form, "quantity": "3"})
    assert (more.status_code, "Fewer units of this lot" in more.text) == (422, True)
    for _click in range(2):
        assert (await desk.post(f"/stock/{JAM}/write-off", data=form)).status_code == 303
    assert [code for code, _place, _units in await _kept(jars)] == ["SOON", "LATE"]
    assert (await level(jars, JAM)).on_hand == 14


async def test_units_that_are_here_are_put_into_a_lot_and_no_more_of_them(
    shelves: Database, desk: httpx.AsyncClient
) -> None:
    plain = {"move_id": str(new_id()), "location_id": str(MAIN), "quantity": "5", "reason": "delivery"}
    assert (await desk.post(f"/stock/{JAM}/receive", data=plain)).status_code == 303
    form = {
        "move_id": str(new_id()),
        "location_id": str(MAIN),
        "quantity": "4",
        "lot": "L1",
        "expires_on": "2040-01-01",
    }
    for _click in range(2):
        assert (await desk.post(f"/stock/{JAM}/lots", data=form)).status_code == 303
    second = {**form, "move_id": str(new_id()), "lot": "L2", "quantity": "2"}
    refused = await desk.post(f"/stock/{JAM}/lots", data=second)
    assert (refused.status_code, "belong to no lot" in refused.text) == (409, True)
    assert await _kept(shelves) == [("L1", "Main warehouse", 4)]
