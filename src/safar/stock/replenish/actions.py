"""The verbs of replenishment: rules, who looks after a supplier, orders from suggestions, calculations."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from safar.journal.actions import append_many
from safar.journal.model import Event
from safar.kernel import clock
from safar.kernel.database import Connection, as_json, execute, row, rows, value
from safar.stock.purchasing import Drafted, PurchaseDraft, draft_many, items_of_variants
from safar.stock.purchasing.orders import purchase
from safar.stock.purchasing.suppliers import supplier
from safar.stock.replenish.book import QUERIES, locked_state
from safar.stock.replenish.errors import NothingSuggested
from safar.stock.replenish.model import Low, ReplenishRule, Run, SuggestedPurchase, Terms
from safar.stock.replenish.review import review_many

_ABANDONED = timedelta(hours=1)
_TELL_EVERY = timedelta(minutes=15)
_TOLD_MAX = 2000


async def set_rule_many(
    connection: Connection, rules: Sequence[ReplenishRule], terms: Terms, *, staff_id: UUID | None
) -> None:
    """Set what staff want of variants, and look at these at once. Writes stock.rule_set."""
    once = {rule.variant_id: rule for rule in rules}
    await locked_state(connection)
    params = {"rules": as_json(list(once.values())), "now": clock.now()}
    await execute(connection, QUERIES["set_rules"], params)
    await review_many(connection, sorted(once), terms)
    await append_many(connection, [_rule_set(rule, staff_id) for rule in once.values()])


def _rule_set(rule: ReplenishRule, staff_id: UUID | None) -> Event:
    about = {"reorder_point": rule.reorder_point, "order_up_to": rule.order_up_to, "paused": rule.paused}
    return Event(name="stock.rule_set", staff_id=staff_id, subject_id=rule.variant_id, properties=about)


async def set_watcher(
    connection: Connection, supplier_id: UUID, watcher_id: UUID | None, *, staff_id: UUID | None
) -> None:
    """Say who is told when something of a supplier runs low; None: all managers. Writes stock.watcher_set."""
    params = {"supplier_id": supplier_id, "staff_id": watcher_id}
    query = QUERIES["unset_watcher"] if watcher_id is None else QUERIES["set_watcher"]
    if await execute(connection, query, params):
        about = {"watcher_id": watcher_id}
        event = Event(name="stock.watcher_set", staff_id=staff_id, subject_id=supplier_id, properties=about)
        await append_many(connection, [event])


async def draft_suggested(connection: Connection, wanted: SuggestedPurchase, terms: Terms) -> Drafted:
    """Draft a purchase order; again with the same id is the same order.

    What the supplier does not deliver is left out. Raises NothingSuggested when that is all.
    """
    await locked_state(connection)
    if (known := await purchase(connection, wanted.order_id)) is not None:
        return Drafted(wanted.order_id, known.number, replayed=True)
    offered = {
        item.variant_id: item
        for items in (await items_of_variants(connection, wanted.quantities)).values()
        for item in items
        if item.supplier_id == wanted.supplier_id
    }
    lines = tuple(
        (variant_id, units, offered[variant_id].cost_minor)
        for variant_id, units in sorted(wanted.quantities.items())
        if units > 0 and variant_id in offered
    )
    by = await supplier(connection, wanted.supplier_id)
    if not lines or by is None:
        raise NothingSuggested
    days = [offered[variant_id].lead_days for variant_id, _units, _cost in lines]
    lead_days = max(by.lead_days if day is None else day for day in days)
    draft = PurchaseDraft(
        order_id=wanted.order_id,
        supplier_id=wanted.supplier_id,
        location_id=wanted.location_id,
        lines=lines,
        expected_on=clock.today(connection.zone) + timedelta(days=lead_days),
        staff_id=wanted.staff_id,
        reason="replenishment",
    )
    (drafted,) = await draft_many(connection, [draft])
    await review_many(connection, [variant_id for variant_id, _units, _cost in lines], terms)
    return drafted


async def take_untold(connection: Connection) -> list[Low]:
    """Take what has run low and nobody was told of, the most urgent first; the caller tells them.

    At most every 15 minutes, so that an hour in which much runs low is a few mails and not a hundred.
    """
    now = clock.now()
    if not await value(connection, QUERIES["untold"]):
        return []
    last = (await locked_state(connection)).told_at
    if last is not None and now - last < _TELL_EVERY:
        return []
    params = {"now": now, "limit": _TOLD_MAX}
    lows = await rows(Low, connection, QUERIES["take_untold"], params)
    await execute(connection, QUERIES["set_told"], {"at": now})
    return sorted(lows, key=lambda low: (low.days_left or 0.0, low.sku))


async def open_run(connection: Connection, run_id: UUID, *, staff_id: UUID | None) -> bool:
    """Write down that all forecasts are to be calculated; False while another calculation is under way."""
    await locked_state(connection)
    latest = await latest_run(connection)
    now = clock.now()
    if latest is not None and not latest.over and now - latest.asked_at < _ABANDONED:
        return False
    params = {"id": run_id, "now": now, "staff_id": staff_id}
    return await execute(connection, QUERIES["open_run"], params) > 0


async def begin_run(connection: Connection, run_id: UUID) -> None:
    await execute(connection, QUERIES["begin_run"], {"id": run_id, "now": clock.now()})


async def end_run(
    connection: Connection, run_id: UUID, *, series: int = 0, low: int = 0, error: str | None = None
) -> None:
    """Write down how a calculation ended. Writes stock.forecast_made, or stock.forecast_failed."""
    now = clock.now()
    params = {"id": run_id, "now": now, "error": error, "series": series, "low": low}
    await execute(connection, QUERIES["end_run"], params)
    name = "stock.forecast_failed" if error else "stock.forecast_made"
    event = Event(name=name, at=now, subject_id=run_id, properties={"series": series, "low": low})
    await append_many(connection, [event])


async def latest_run(connection: Connection) -> Run | None:
    return await row(Run, connection, QUERIES["latest_run"])
