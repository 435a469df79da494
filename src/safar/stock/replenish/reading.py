"""What pages and mails read of replenishment."""

from dataclasses import dataclass
from uuid import UUID

from safar.kernel.database import Connection, row, rows
from safar.stock.replenish.book import QUERIES
from safar.stock.replenish.model import NO_SUPPLIER, Forecast, Group, PurchaseSuggestion, ReplenishRule

_GROUPS_MAX = 200
Key = tuple[float, UUID]
FIRST: Key = (-1.0, UUID(int=0))


@dataclass(frozen=True, slots=True)
class _Watcher:
    supplier_id: UUID
    staff_id: UUID


async def groups(connection: Connection) -> list[Group]:
    """Return the suggestions by supplier, the most urgent first; what nobody delivers comes last."""
    return await rows(Group, connection, QUERIES["groups"], {"limit": _GROUPS_MAX})


async def suggestions(
    connection: Connection, supplier_id: UUID | None, *, after: Key = FIRST, limit: int = 50
) -> list[PurchaseSuggestion]:
    """Return what should be bought of a supplier, what runs out first before the rest."""
    params = {
        "supplier_id": supplier_id or NO_SUPPLIER,
        "after_days": after[0],
        "after_id": after[1],
        "limit": limit,
    }
    return await rows(PurchaseSuggestion, connection, QUERIES["suggestions"], params)


async def read_suggestion(connection: Connection, variant_id: UUID) -> PurchaseSuggestion | None:
    return await row(PurchaseSuggestion, connection, QUERIES["suggestion_of"], {"variant_id": variant_id})


async def forecast_of(connection: Connection, variant_id: UUID) -> Forecast | None:
    return await row(Forecast, connection, QUERIES["forecast_of"], {"variant_id": variant_id})


async def rule_of(connection: Connection, variant_id: UUID) -> ReplenishRule:
    """Return what staff want of a variant; without a rule of its own, nothing in particular."""
    replenish_rule = await row(ReplenishRule, connection, QUERIES["rule_of"], {"variant_id": variant_id})
    return replenish_rule or ReplenishRule(variant_id)


async def watchers(connection: Connection) -> dict[UUID, UUID]:
    """Return who looks after which supplier."""
    return {
        watcher.supplier_id: watcher.staff_id
        for watcher in await rows(_Watcher, connection, QUERIES["watchers"])
    }
