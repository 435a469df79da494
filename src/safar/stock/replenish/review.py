"""Looking at what there is beside what is needed: suggestions come and go, and who must know is told once."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from safar.journal.actions import append_many
from safar.journal.model import Event
from safar.kernel import clock
from safar.kernel.database import Connection, Database, as_json, execute, rows, values
from safar.kernel.setbacks import work_off
from safar.settings import Settings
from safar.stock.replenish.book import QUERIES, locked_state, state
from safar.stock.replenish.decide import purchase_suggestion
from safar.stock.replenish.model import PurchaseSuggestion, Terms, VariantStanding

_CHUNK = 1000
_RECENT_MAX = 5000
# Moves of a transaction that was open for so long when the last look was taken are still found.
_OVERLAP = timedelta(seconds=60)
_ALL_EVERY = timedelta(hours=1)


def terms_of(settings: Settings) -> Terms:
    return Terms(
        settings.replenish_service_percent, settings.replenish_cover_days, settings.replenish_lead_days
    )


async def review_many(
    connection: Connection, variant_ids: Sequence[UUID], terms: Terms
) -> list[PurchaseSuggestion]:
    """Bring the suggestions of these variants up to date; return them. Writes stock.low for new ones."""
    await locked_state(connection)
    return await _review(connection, list(dict.fromkeys(variant_ids)), terms)


async def _review(connection: Connection, ids: list[UUID], terms: Terms) -> list[PurchaseSuggestion]:
    now = clock.now()
    standings = await rows(VariantStanding, connection, QUERIES["standings"], {"ids": ids})
    suggestions = [
        suggestion for standing in standings if (suggestion := purchase_suggestion(standing, terms, now=now))
    ]
    low = [suggestion.variant_id for suggestion in suggestions]
    await execute(connection, QUERIES["end_suggestions"], {"ids": ids, "low": low})
    if suggestions:
        params = {"suggestions": as_json(suggestions)}
        fresh = set(await values(connection, QUERIES["insert_suggestions"], params))
        if len(fresh) < len(suggestions):
            await execute(connection, QUERIES["update_suggestions"], params)
        await append_many(
            connection, [_low(suggestion) for suggestion in suggestions if suggestion.variant_id in fresh]
        )
    return suggestions


async def review_all(database: Database, terms: Terms) -> int:
    """Look at everything, a thousand variants in each transaction; return how much is low."""
    began = clock.now()
    low, after = 0, UUID(int=0)
    while True:
        async with database.transaction() as connection:
            await locked_state(connection)
            ids = await values(connection, QUERIES["candidates"], {"after": after, "limit": _CHUNK})
            if not ids:
                await execute(connection, QUERIES["set_reviewed_all"], {"at": began})
                return low
        low += await _review_chunk(database, ids, terms)
        after = ids[-1]


async def review_recent(database: Database, terms: Terms) -> None:
    """Look at what has moved since the last time; at everything once an hour, for what no move tells."""
    now = clock.now()
    async with database.connection() as connection:
        before = await state(connection)
    if before.reviewed_until is None or before.reviewed_all_at is None:
        await review_all(database, terms)
        return
    since = before.reviewed_until - _OVERLAP
    async with database.connection() as connection:
        params = {"since": since, "limit": _RECENT_MAX}
        moved = sorted(await values(connection, QUERIES["moved_since"], params))
    if len(moved) == _RECENT_MAX or now - before.reviewed_all_at >= _ALL_EVERY:
        await review_all(database, terms)
        return
    if not moved:
        return
    await _review_chunk(database, moved, terms)
    async with database.transaction() as connection:
        await locked_state(connection)
        await execute(connection, QUERIES["set_reviewed"], {"at": now})


async def _review_chunk(database: Database, ids: Sequence[UUID], terms: Terms) -> int:
    """Look at variants together; one that cannot be looked at is set aside. Returns how much is low."""
    low = 0

    async def review(connection: Connection, some: Sequence[UUID]) -> None:
        nonlocal low
        suggestions = await review_many(connection, some, terms)
        low += len(suggestions)

    await work_off(database, "replenish.review", ids, review)
    return low


def _low(suggestion: PurchaseSuggestion) -> Event:
    return Event(
        name="stock.low",
        at=suggestion.low_since,
        subject_id=suggestion.variant_id,
        properties={
            "sku": suggestion.sku,
            "supplier_id": suggestion.supplier_id,
            "units": suggestion.position,
            "reorder_point": suggestion.reorder_point,
            "quantity": suggestion.quantity,
        },
    )
