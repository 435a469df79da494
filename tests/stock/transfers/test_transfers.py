"""Transfers: units leave, are on the way, and arrive; what does not is lost for a stated reason."""

import httpx
import pytest

from safar.kernel.database import Database
from safar.kernel.errors import SameKeyOtherBody
from safar.kernel.ids import new_id
from safar.stock import actions as stock
from safar.stock.errors import NoSuchMove
from safar.stock.model import MAIN
from safar.stock.policies import Policy, set_policy_many
from safar.stock.transfers import (
    TransferArrival,
    TransferPlan,
    arrive,
    call_off,
    draft,
    send_transfer,
    transfer,
)
from safar.stock.transfers.model import (
    MoreArrivedThanSent,
    NotOnTheWay,
    NotPlanned,
    TooManyToTransfer,
    WhyLost,
)
from tests.stage.books import books_agree, events
from tests.stage.stock import AGENT, CLOCK, MUG, MUG_CODE, STAFF, STORE, level, lying


def plan(*lines: tuple[object, int]) -> TransferPlan:
    return TransferPlan(new_id(), MAIN, STORE, lines or ((MUG, 6), (CLOCK, 2)), staff_id=STAFF)  # type: ignore[arg-type]


async def left(database: Database, one: TransferPlan) -> TransferPlan:
    async with database.transaction() as connection:
        await draft(connection, one)
        await send_transfer(connection, one.transfer_id, staff_id=STAFF)
    return one


async def test_units_on_the_way_are_at_neither_end_and_arrive_in_parts(shelves: Database) -> None:
    one = await left(shelves, plan())
    assert await lying(shelves) == {
        ("MUG", "Main warehouse"): 4,
        ("MUG", "On the way"): 6,
        ("CLOCK", "Main warehouse"): 3,
        ("CLOCK", "On the way"): 2,
    }
    part = TransferArrival(new_id(), one.transfer_id, ((MUG, 4),), staff_id=STAFF)
    async with shelves.transaction() as connection:
        await arrive(connection, part)
        await arrive(connection, part)
        await send_transfer(connection, one.transfer_id, staff_id=STAFF)
    assert (await level(shelves, MUG, STORE)).on_hand == 4
    rest = TransferArrival(new_id(), one.transfer_id, ((MUG, 2), (CLOCK, 2)), staff_id=STAFF)
    async with shelves.transaction() as connection:
        await arrive(connection, rest)
        found = await transfer(connection, one.transfer_id)
        assert found is not None
        assert (found.state, found.units_arrived, found.units_lost) == ("arrived", 8, 0)
        await arrive(connection, rest)
    assert (await level(shelves, MUG, STORE)).on_hand == 6
    await books_agree(shelves)


async def test_a_short_arrival_is_a_loss_with_its_reason(shelves: Database) -> None:
    one = await left(shelves, plan())
    short = TransferArrival(new_id(), one.transfer_id, ((MUG, 5), (CLOCK, 2)), last=True, staff_id=STAFF)
    with pytest.raises(WhyLost):
        async with shelves.transaction() as connection:
            await arrive(connection, short)
    said = TransferArrival(short.arrival_id, one.transfer_id, short.lines, True, "box was open", STAFF)
    async with shelves.transaction() as connection:
        await arrive(connection, said)
        await arrive(connection, said)
    assert await lying(shelves) == {
        ("MUG", "Main warehouse"): 4,
        ("MUG", "High Street"): 5,
        ("MUG", "Loss"): 1,
        ("CLOCK", "Main warehouse"): 3,
        ("CLOCK", "High Street"): 2,
    }
    assert await events(shelves, "transfer.arrived", "stock.written_off") == [
        "stock.written_off",
        "transfer.arrived",
    ]
    with pytest.raises(NotOnTheWay):
        async with shelves.transaction() as connection:
            await arrive(connection, TransferArrival(new_id(), one.transfer_id, ((MUG, 1),)))


async def test_more_than_was_sent_does_not_arrive_and_a_changed_repetition_is_refused(
    shelves: Database,
) -> None:
    one = await left(shelves, plan())
    async with shelves.transaction() as connection:
        with pytest.raises(MoreArrivedThanSent, match="MUG"):
            await arrive(connection, TransferArrival(new_id(), one.transfer_id, ((MUG, 7),)))
    part = TransferArrival(new_id(), one.transfer_id, ((MUG, 4),))
    async with shelves.transaction() as connection:
        await arrive(connection, part)
    with pytest.raises(SameKeyOtherBody):
        async with shelves.transaction() as connection:
            await arrive(connection, TransferArrival(part.arrival_id, one.transfer_id, ((MUG, 2),)))


async def test_what_is_promised_or_not_there_does_not_leave(shelves: Database) -> None:
    with pytest.raises(TooManyToTransfer, match="Only 10 of MUG"):
        await left(shelves, plan((MUG, 11)))
    async with shelves.transaction() as connection:
        await set_policy_many(connection, [Policy(MUG, backorder_units=50)], staff_id=STAFF)
    with pytest.raises(TooManyToTransfer, match="Only 10 of MUG"):
        await left(shelves, plan((MUG, 11)))
    with pytest.raises(NoSuchMove):
        async with shelves.transaction() as connection:
            await draft(connection, TransferPlan(new_id(), MAIN, MAIN))
    assert await lying(shelves) == {("MUG", "Main warehouse"): 10, ("CLOCK", "Main warehouse"): 5}


async def test_more_than_lies_there_is_refused_on_the_line_with_the_article_named(
    desk: httpx.AsyncClient, shelves: Database
) -> None:
    form = {"transfer_id": str(new_id()), "from_id": str(MAIN), "to_id": str(STORE)}
    path = (await desk.post("/stock/transfers", data=form)).headers["location"]
    refused = await desk.post(f"{path}/lines", data={"code": "MUG", "quantity": "99999"})
    assert refused.status_code == 409
    assert "Only 10 of MUG can leave" in refused.text
    assert (await desk.post(f"{path}/lines", data={"code": "MUG", "quantity": "10"})).status_code == 303


async def test_a_transfer_that_is_called_off_brings_back_what_is_on_the_way(shelves: Database) -> None:
    one, never = await left(shelves, plan()), plan()
    async with shelves.transaction() as connection:
        await draft(connection, never)
        await arrive(connection, TransferArrival(new_id(), one.transfer_id, ((MUG, 1),)))
        for transfer_id in (one.transfer_id, never.transfer_id):
            await call_off(connection, transfer_id, "van broke down", staff_id=STAFF)
            await call_off(connection, transfer_id, "again", staff_id=STAFF)
    with pytest.raises(NotPlanned):
        async with shelves.transaction() as connection:
            await send_transfer(connection, never.transfer_id, staff_id=STAFF)
    assert await lying(shelves) == {
        ("MUG", "Main warehouse"): 9,
        ("MUG", "High Street"): 1,
        ("CLOCK", "Main warehouse"): 5,
    }
    await books_agree(shelves)


async def test_the_console_carries_a_transfer_through(shelves: Database, desk: httpx.AsyncClient) -> None:
    transfer_id = new_id()
    form = {"transfer_id": str(transfer_id), "from_id": str(MAIN), "to_id": str(STORE), "note": "Friday"}
    assert (await desk.post("/stock/transfers", data={**form, "to_id": str(MAIN)})).status_code == 422
    outside = {**form, "from_id": str(stock.SUPPLIER)}
    assert (await desk.post("/stock/transfers", data=outside)).status_code == 422
    assert (await desk.post("/stock/transfers", data=form)).status_code == 303
    path = f"/stock/transfers/{transfer_id}"
    nothing = await desk.post(f"{path}/sent")
    assert nothing.status_code == 422
    await desk.post(f"{path}/lines", data={"code": MUG_CODE, "quantity": "3"})
    assert (
        await desk.post(f"{path}/lines", data={"variant_id": str(CLOCK), "quantity": "1"})
    ).status_code == 303
    assert (await desk.post(f"{path}/sent")).status_code == 303
    assert "on the way" in (await desk.get("/stock/transfers?state=sent")).text
    short = {"arrival_id": str(new_id()), f"units-{MUG}": "2", "last": "1"}
    refused = await desk.post(f"{path}/arrivals", data=short, headers=AGENT)
    assert (refused.status_code, "written off as a loss" in refused.text) == (422, True)
    why = await desk.post(f"{path}/arrivals", data={**short, "reason": "crushed"}, headers=AGENT)
    assert why.status_code == 303
    page = (await desk.get(path)).text
    assert "crushed" in page
    assert (await level(shelves, MUG, STORE)).on_hand == 2
    await books_agree(shelves)


@pytest.mark.finding("security-22")
async def test_an_arrival_sent_again_with_one_line_more_is_refused_and_loses_nothing(
    shelves: Database, desk: httpx.AsyncClient
) -> None:
    one = await left(shelves, plan())
    address, arrival_id = f"/stock/transfers/{one.transfer_id}/arrivals", str(new_id())
    form = {"arrival_id": arrival_id, f"units-{MUG}": "3"}
    assert (await desk.post(address, data=form)).status_code == 303
    assert (await desk.post(address, data=form)).status_code == 303, "the same form twice is one arrival"
    corrected = await desk.post(address, data={**form, f"units-{CLOCK}": "2"})
    assert corrected.status_code == 409
    async with shelves.connection() as connection:
        found = await transfer(connection, one.transfer_id)
    assert found is not None
    assert (found.state, found.units_arrived, found.on_the_way) == ("sent", 3, 5)
    everything = {"arrival_id": str(new_id()), "all": "on"}
    for _again in range(2):
        assert (await desk.post(address, data=everything)).status_code == 303
    assert (await lying(shelves)).get(("MUG", "On the way")) is None
    async with shelves.connection() as connection:
        found = await transfer(connection, one.transfer_id)
    assert found is not None
    assert (found.state, found.units_arrived) == ("arrived", 8)
    await books_agree(shelves)
