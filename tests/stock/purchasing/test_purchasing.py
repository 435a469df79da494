"""Purchase orders: drafted once, received as it comes, closed with what is missing."""

from datetime import date, timedelta

import httpx
import pytest

from safar.kernel import clock
from safar.kernel.database import Database
from safar.kernel.errors import SameKeyOtherBody
from safar.kernel.ids import new_id
from safar.stock.model import MAIN
from safar.stock.purchasing import PurchaseDraft, Supplier, SupplierItem, draft_many
from safar.stock.purchasing.errors import (
    MoreCameThanOrdered,
    NotADraft,
    NothingOrdered,
    PurchaseNotOpen,
    UnknownSupplier,
)
from safar.stock.purchasing.model import Came, PurchaseDelivery
from safar.stock.purchasing.orders import (
    close_purchase,
    purchase,
    purchase_lines_of,
    send_purchase,
    set_purchase_line,
)
from safar.stock.purchasing.receiving import receive_purchase
from safar.stock.purchasing.suppliers import items_of_variants, save_items, save_supplier
from tests.stage.books import books_agree, events
from tests.stage.stock import AGENT, CLOCK, JAM, MUG, MUG_CODE, STAFF, level

POTTERY = new_id()


@pytest.fixture
async def supplied(shelves: Database) -> Database:
    """The pottery has mugs for 2.10 and delivers within 5 days."""
    async with shelves.transaction() as connection:
        await save_supplier(
            connection, Supplier(id=POTTERY, name="Pottery", currency="GBP", lead_days=5), staff_id=STAFF
        )
        mugs = SupplierItem(supplier_id=POTTERY, variant_id=MUG, cost_minor=210, pack_size=6)
        await save_items(connection, [mugs], staff_id=STAFF)
    return shelves


def draft(*lines: tuple[object, int, int]) -> PurchaseDraft:
    return PurchaseDraft(new_id(), POTTERY, MAIN, lines or ((MUG, 12, 210), (CLOCK, 4, 300)), staff_id=STAFF)  # type: ignore[arg-type]


async def sent(database: Database, order: PurchaseDraft) -> PurchaseDraft:
    async with database.transaction() as connection:
        await draft_many(connection, [order])
        await send_purchase(connection, order.order_id, staff_id=STAFF)
    return order


async def test_a_draft_asked_for_twice_is_one_order_and_another_body_is_refused(supplied: Database) -> None:
    one = draft()
    async with supplied.transaction() as connection:
        first, again = await draft_many(connection, [one, one])
        later = (await draft_many(connection, [one]))[0]
    assert first.number == again.number == later.number
    assert later.replayed
    other = PurchaseDraft(one.order_id, POTTERY, MAIN, ((MUG, 1, 210),), staff_id=STAFF)
    with pytest.raises(SameKeyOtherBody):
        async with supplied.transaction() as connection:
            await draft_many(connection, [other])
    with pytest.raises(UnknownSupplier):
        async with supplied.transaction() as connection:
            await draft_many(connection, [PurchaseDraft(new_id(), new_id(), MAIN)])
    assert await events(supplied, "purchase.drafted") == ["purchase.drafted"]


async def test_a_sent_order_is_expected_after_the_lead_time_and_stays_as_it_is(supplied: Database) -> None:
    order, empty = draft(), PurchaseDraft(new_id(), POTTERY, MAIN)
    async with supplied.transaction() as connection:
        await draft_many(connection, [order, empty])
        await set_purchase_line(connection, order.order_id, CLOCK, 0, 0)
        await send_purchase(connection, order.order_id, staff_id=STAFF)
        await send_purchase(connection, order.order_id, staff_id=STAFF)
        found = await purchase(connection, order.order_id)
        assert found is not None
        assert (found.units, found.total_minor) == (12, 12 * 210)
        assert found.expected_on == clock.now().date() + timedelta(days=5)
    with pytest.raises(NotADraft):
        async with supplied.transaction() as connection:
            await set_purchase_line(connection, order.order_id, MUG, 99, 1)
    with pytest.raises(NothingOrdered):
        async with supplied.transaction() as connection:
            await send_purchase(connection, empty.order_id, staff_id=STAFF)
    assert await events(supplied, "purchase.sent") == ["purchase.sent"]


async def test_deliveries_count_once_and_the_order_is_received_when_all_has_come(supplied: Database) -> None:
    order = await sent(supplied, draft())
    first = PurchaseDelivery(new_id(), order.order_id, (Came(MUG, 5),), "DN 1", STAFF)
    async with supplied.transaction() as connection:
        assert await receive_purchase(connection, first)
        assert not await receive_purchase(connection, first)
        found = await purchase(connection, order.order_id)
        assert found is not None
        assert (found.state, found.units_received) == ("partly_received", 5)
    with pytest.raises(SameKeyOtherBody):
        async with supplied.transaction() as connection:
            await receive_purchase(
                connection, PurchaseDelivery(first.receipt_id, order.order_id, (Came(MUG, 6),), "DN 1", STAFF)
            )
    rest = PurchaseDelivery(new_id(), order.order_id, (Came(MUG, 8), Came(CLOCK, 4)), "DN 2", STAFF)
    with pytest.raises(MoreCameThanOrdered, match="MUG"):
        async with supplied.transaction() as connection:
            await receive_purchase(connection, rest)
    async with supplied.transaction() as connection:
        await receive_purchase(
            connection,
            PurchaseDelivery(rest.receipt_id, order.order_id, rest.lines, "DN 2", STAFF, more=True),
        )
        found = await purchase(connection, order.order_id)
        assert found is not None
        assert (found.state, found.closed_at is not None) == ("received", True)
    assert (await level(supplied, MUG)).on_hand == 10 + 13
    assert (await level(supplied, CLOCK)).on_hand == 5 + 4
    with pytest.raises(PurchaseNotOpen):
        async with supplied.transaction() as connection:
            await receive_purchase(connection, PurchaseDelivery(new_id(), order.order_id, (Came(MUG, 1),)))
    await books_agree(supplied)


async def test_an_order_is_closed_as_received_when_some_came_and_as_cancelled_when_none_did(
    supplied: Database,
) -> None:
    some, none = await sent(supplied, draft()), await sent(supplied, draft())
    async with supplied.transaction() as connection:
        await receive_purchase(connection, PurchaseDelivery(new_id(), some.order_id, (Came(MUG, 1),)))
        for order in (some, none):
            await close_purchase(connection, order.order_id, "they gave up", staff_id=STAFF)
            await close_purchase(connection, order.order_id, "again", staff_id=STAFF)
        states = [await purchase(connection, order.order_id) for order in (some, none)]
        assert [(one.state, one.reason) for one in states if one] == [
            ("received", "they gave up"),
            ("cancelled", "they gave up"),
        ]
    assert await events(supplied, "purchase.closed", "purchase.cancelled") == [
        "purchase.closed",
        "purchase.cancelled",
    ]


async def test_of_suppliers_the_cheapest_comes_first_and_one_not_in_use_not_at_all(
    supplied: Database,
) -> None:
    cheap, gone = new_id(), new_id()
    async with supplied.transaction() as connection:
        for id_, active in ((cheap, True), (gone, False)):
            one = Supplier(id=id_, name="Other", currency="GBP", active=active)
            await save_supplier(connection, one, staff_id=STAFF)
        items = [
            SupplierItem(supplier_id=cheap, variant_id=MUG, cost_minor=200),
            SupplierItem(supplier_id=gone, variant_id=MUG, cost_minor=1),
        ]
        await save_items(connection, items, staff_id=STAFF)
        found = await items_of_variants(connection, [MUG, CLOCK])
    assert [item.supplier_id for item in found[MUG]] == [cheap, POTTERY]
    assert CLOCK not in found


async def test_a_buyer_drafts_by_scanning_and_the_warehouse_takes_in_what_came(
    supplied: Database, desk: httpx.AsyncClient
) -> None:
    order_id = new_id()
    form = {"order_id": str(order_id), "supplier_id": str(POTTERY), "location_id": str(MAIN)}
    for _click in range(2):
        made = await desk.post("/stock/purchases", data=form)
        assert made.headers["location"] == f"/stock/purchases/{order_id}"
    path = f"/stock/purchases/{order_id}"
    await desk.post(f"{path}/lines", data={"code": MUG_CODE, "quantity": "۶"})
    await desk.post(f"{path}/lines", data={"code": "jam", "quantity": "20", "cost": "1,05"})
    unknown = await desk.post(f"{path}/lines", data={"code": "4006381333931", "quantity": "1"})
    assert (unknown.status_code, "4006381333931" in unknown.text) == (422, True)
    titled = await desk.post(f"{path}/lines", data={"code": "clock ALARM", "quantity": "3", "cost": "2"})
    assert titled.status_code == 303, "words that one article is called by mean it"
    await desk.post(f"{path}/lines", data={"variant_id": str(CLOCK), "quantity": "0"})
    several = await desk.post(f"{path}/lines", data={"code": "m", "quantity": "1"})
    assert "Several articles match" in several.text
    options = (await desk.get("/stock/articles", params={"code": "plum"})).text
    assert options.split() == ["<option", 'value="JAM">Plum', "jam</option>"]
    assert "option" not in (await desk.get("/stock/articles", params={"code": "%%"})).text
    async with supplied.connection() as connection:
        lines = await purchase_lines_of(connection, order_id)
        found = [(line.sku, line.quantity, line.cost_minor) for line in lines]
        assert found == [("JAM", 20, 105), ("MUG", 6, 210)]
    forbidden = await desk.post(f"{path}/sent", data={}, headers=AGENT)
    assert forbidden.status_code == 403
    assert (await desk.post(f"{path}/sent", data={"expected_on": "2031-05-01"})).status_code == 303
    receipt = {"receipt_id": str(new_id()), f"units-{JAM}": "20", f"units-{MUG}": "2", "document": "DN 8"}
    without_lot = await desk.post(f"{path}/receipts", data=receipt, headers=AGENT)
    assert without_lot.status_code == 422, "jam comes with its lot"
    full = {**receipt, f"lot-{JAM}": "L7", f"expires-{JAM}": "2032-01-31"}
    for _click in range(2):
        taken = await desk.post(f"{path}/receipts", data=full, headers=AGENT)
        assert taken.status_code == 303
    page = (await desk.get(path)).text
    assert "L7" in page
    assert "DN 8" in page
    assert (await level(supplied, JAM)).on_hand == 20
    all_of_it = {"receipt_id": str(new_id()), "all": "1"}
    assert (await desk.post(f"{path}/receipts", data=all_of_it, headers=AGENT)).status_code == 303
    assert (await level(supplied, MUG)).on_hand == 16
    assert "received" in (await desk.get("/stock/purchases?state=closed")).text
    assert date(2031, 5, 1).isoformat() in (await desk.get("/stock/purchases")).text
    await books_agree(supplied)


async def test_a_supplier_and_what_they_ask_are_kept_by_the_console(
    shelves: Database, desk: httpx.AsyncClient
) -> None:
    form = {
        "supplier_id": str(POTTERY),
        "name": "Cerâmica",
        "email": "",
        "lead_days": "9",
        "currency": "BRL",
    }
    assert (await desk.post("/stock/suppliers", data={**form, "lead_days": "x"})).status_code == 422
    assert (await desk.post("/stock/suppliers", data=form)).status_code == 303
    path = f"/stock/suppliers/{POTTERY}"
    item = {"code": "MUG", "cost": "12.50", "pack_size": "6", "supplier_sku": "C-1"}
    assert (await desk.post(f"{path}/items", data={**item, "cost": "-1"})).status_code == 422
    assert (await desk.post(f"{path}/items", data=item)).status_code == 303
    assert "C-1" in (await desk.get(path)).text
    assert (await desk.post(f"{path}/items/removal", data={"variant_id": str(MUG)})).status_code == 303
    assert "C-1" not in (await desk.get(path)).text
    assert "Cerâmica" in (await desk.get("/stock/suppliers", headers=AGENT)).text


async def test_what_cannot_be_done_with_an_order_is_said_on_its_page(
    supplied: Database, desk: httpx.AsyncClient
) -> None:
    order = draft()
    async with supplied.transaction() as connection:
        await draft_many(connection, [order])
    path = f"/stock/purchases/{order.order_id}"
    assert (await desk.post(f"{path}/closure", data={"reason": "given up"})).status_code == 303
    for deed, form in (("expected", {"expected_on": "2031-05-01"}), ("sent", {})):
        refused = await desk.post(f"{path}/{deed}", data=form)
        assert refused.status_code == 409
        assert 'role="alert"' in refused.text
        assert "given up" in refused.text, "the order itself stands below"
    missing = await desk.post(f"{path}/closure", data={})
    assert (missing.status_code, "given up" in missing.text) == (422, True)
