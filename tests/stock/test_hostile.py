"""What people type wrong, or send on purpose, on documents that are there: refused, or kept as text."""

import httpx

from safar.kernel.database import Database
from safar.kernel.ids import new_id
from safar.stock.counts import actions as counts
from safar.stock.counts.model import Sheet
from safar.stock.model import MAIN
from safar.stock.purchasing import PurchaseDraft, Supplier, draft_many
from safar.stock.purchasing.orders import send_purchase
from safar.stock.purchasing.suppliers import save_supplier
from safar.stock.transfers import TransferPlan, send_transfer
from safar.stock.transfers import draft as plan_transfer
from tests.stage.books import books_agree
from tests.stage.hostile import GARBAGE, IDS, NUMBERS, SCRIPT
from tests.stage.stock import CLOCK, MUG, STAFF, STORE, lying


async def _documents(database: Database) -> dict[str, str]:
    """Make one of each document, open for whatever comes; return their addresses by name."""
    pottery, bought, drafted, moved, planned, counted = (new_id() for _ in range(6))
    async with database.transaction() as connection:
        await save_supplier(connection, Supplier(id=pottery, name=SCRIPT, currency="GBP"), staff_id=STAFF)
        lines = ((MUG, 5, 100), (CLOCK, 5, 100))
        await draft_many(connection, [PurchaseDraft(id_, pottery, MAIN, lines) for id_ in (bought, drafted)])
        await send_purchase(connection, bought, staff_id=STAFF)
        for id_ in (moved, planned):
            await plan_transfer(connection, TransferPlan(id_, MAIN, STORE, ((MUG, 2),), note=SCRIPT))
        await send_transfer(connection, moved, staff_id=STAFF)
        await counts.open_count(connection, Sheet(counted, MAIN))
    return {
        "supplier": f"/stock/suppliers/{pottery}",
        "bought": f"/stock/purchases/{bought}",
        "drafted": f"/stock/purchases/{drafted}",
        "moved": f"/stock/transfers/{moved}",
        "planned": f"/stock/transfers/{planned}",
        "counted": f"/stock/counts/{counted}",
    }


async def test_hostile_values_change_nothing_and_are_shown_as_text(
    shelves: Database, desk: httpx.AsyncClient
) -> None:
    at = await _documents(shelves)
    before = await lying(shelves)
    numbers, ids = NUMBERS[:12], [id_ for id_ in IDS if id_]
    tries: list[tuple[str, dict[str, str], str, tuple[str, ...] | list[str]]] = [
        (
            f"{at['supplier']}/items",
            {"code": "MUG", "cost": "1", "pack_size": "1"},
            "cost",
            (*GARBAGE, "NaN", "-1"),
        ),
        (f"{at['supplier']}/items", {"code": "MUG", "cost": "1", "pack_size": "1"}, "pack_size", numbers),
        (f"{at['drafted']}/lines", {"code": "MUG", "quantity": "1"}, "quantity", numbers),
        (f"{at['drafted']}/lines", {"code": "MUG", "quantity": "1"}, "code", GARBAGE),
        (f"{at['drafted']}/lines", {"variant_id": str(MUG), "quantity": "1"}, "variant_id", ids),
        (f"{at['drafted']}/sent", {}, "expected_on", ("31.12.2030", "0001-01-01", "x", *GARBAGE)),
        (f"{at['bought']}/expected", {}, "expected_on", ("", "2030-02-30", *GARBAGE)),
        (f"{at['bought']}/receipts", {"all": "1"}, "receipt_id", ids),
        (f"{at['bought']}/receipts", {"receipt_id": str(new_id())}, f"units-{MUG}", numbers),
        (f"{at['bought']}/closure", {}, "reason", ("", *GARBAGE[:5])),
        (f"{at['planned']}/lines", {"code": "MUG", "quantity": "1"}, "quantity", numbers),
        (f"{at['moved']}/arrivals", {"arrival_id": str(new_id())}, f"units-{MUG}", numbers),
        (f"{at['moved']}/arrivals", {"arrival_id": str(new_id()), "last": "1"}, "reason", ("", *GARBAGE[:5])),
        (f"{at['moved']}/cancellation", {}, "reason", ("", *GARBAGE[:5])),
        (f"{at['counted']}/entries", {"entry_id": str(new_id()), "code": "MUG"}, "units", numbers[1:]),
        (f"{at['counted']}/entries", {"entry_id": str(new_id())}, f"units-{MUG}", numbers),
        (f"{at['counted']}/entries", {"code": "MUG", "units": "1"}, "entry_id", ids),
    ]
    for path, good, field, values in tries:
        for value in values:
            answer = await desk.post(path, data={**good, field: value})
            assert 400 <= answer.status_code < 500, (path, field, value, answer.status_code)
            assert SCRIPT not in answer.text
    assert await lying(shelves) == before
    for path in at.values():
        assert (await desk.get(f"{path}?after=%00&scanned=x")).status_code in (200, 404)
        assert SCRIPT not in (await desk.get(path)).text
    await books_agree(shelves)
