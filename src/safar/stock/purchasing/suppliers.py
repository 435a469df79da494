"""Suppliers, and what they ask for what."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from safar.journal.actions import append_many
from safar.journal.model import Event
from safar.kernel import clock
from safar.kernel.database import Connection, as_json, execute, row, rows
from safar.kernel.keyset import FIRST_ID
from safar.kernel.queries import queries_beside
from safar.stock.purchasing.model import Supplier, SupplierItem

QUERIES = queries_beside(__file__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedItem(SupplierItem):
    """An item with what it is called."""

    sku: str
    title: str


async def suppliers(
    connection: Connection, *, after: tuple[str, UUID] = ("", FIRST_ID), limit: int = 100
) -> list[Supplier]:
    """Return suppliers by name, those after a key."""
    params = {"after_name": after[0], "after_id": after[1], "limit": limit}
    return await rows(Supplier, connection, QUERIES["suppliers"], params)


async def supplier(connection: Connection, supplier_id: UUID) -> Supplier | None:
    return await row(Supplier, connection, QUERIES["supplier"], {"id": supplier_id})


async def save_supplier(connection: Connection, wanted: Supplier, *, staff_id: UUID | None) -> None:
    """Add a supplier, or change one. Writes supplier.added or supplier.changed."""
    before = await supplier(connection, wanted.id)
    if before == wanted:
        return
    params = {"suppliers": as_json([wanted]), "now": clock.now()}
    await execute(connection, QUERIES["save_suppliers"], params)
    name = "supplier.changed" if before else "supplier.added"
    about = {"name": wanted.name, "lead_days": wanted.lead_days, "active": wanted.active}
    await append_many(
        connection, [Event(name=name, staff_id=staff_id, subject_id=wanted.id, properties=about)]
    )


async def save_items(
    connection: Connection, wanted: Sequence[SupplierItem], *, staff_id: UUID | None
) -> None:
    """Set what suppliers ask for variants. Writes supplier.item_set."""
    once = {(item.supplier_id, item.variant_id): item for item in wanted}
    await execute(connection, QUERIES["save_items"], {"items": as_json(list(once.values()))})
    await append_many(
        connection,
        [
            Event(
                name="supplier.item_set",
                staff_id=staff_id,
                subject_id=item.variant_id,
                properties={"supplier_id": item.supplier_id, "cost_minor": item.cost_minor},
            )
            for item in once.values()
        ],
    )


async def remove_item(
    connection: Connection, supplier_id: UUID, variant_id: UUID, *, staff_id: UUID | None
) -> None:
    """Forget that a supplier has a variant; again is the same as once. Writes supplier.item_removed."""
    params = {"supplier_id": supplier_id, "variant_id": variant_id}
    if await execute(connection, QUERIES["remove_item"], params):
        event = Event(
            name="supplier.item_removed",
            staff_id=staff_id,
            subject_id=variant_id,
            properties={"supplier_id": supplier_id},
        )
        await append_many(connection, [event])


async def items_of_supplier(
    connection: Connection, supplier_id: UUID, *, after: str = "", limit: int = 50
) -> list[ListedItem]:
    """Return what a supplier has, by SKU, those after `after`."""
    params = {"supplier_id": supplier_id, "after": after, "limit": limit}
    return await rows(ListedItem, connection, QUERIES["items_of_supplier"], params)


async def items_of_variants(
    connection: Connection, variant_ids: Iterable[UUID]
) -> dict[UUID, list[SupplierItem]]:
    """Return who has these variants, the cheapest first (suppliers in use only)."""
    params = {"variant_ids": list(dict.fromkeys(variant_ids))}
    items: dict[UUID, list[SupplierItem]] = {}
    for item in await rows(SupplierItem, connection, QUERIES["items_of_variants"], params):
        items.setdefault(item.variant_id, []).append(item)
    return items
