"""The verbs of counts. A difference is of the moment of counting: what moves meanwhile does no harm."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from safar.journal.actions import append_many
from safar.journal.model import Event
from safar.kernel import clock
from safar.kernel.database import Connection, execute, row, rows, value
from safar.kernel.errors import SameKeyOtherBody
from safar.kernel.keyset import LAST_NUMBER
from safar.kernel.queries import queries_beside
from safar.stock.actions import adjust_many, levels
from safar.stock.counts.decide import adjustments_of, promised_of
from safar.stock.counts.model import (
    Count,
    CountEntry,
    CountLine,
    CountState,
    NotCountedNow,
    NothingCounted,
    NothingToCount,
    NotToDecide,
    Promised,
    Sheet,
    UnknownCount,
)
from safar.stock.decide import transfer_of_adjustment
from safar.stock.restock import follow_fresh

QUERIES = queries_beside(__file__)
LINES_MAX = 1000


async def open_count(connection: Connection, sheet: Sheet) -> int:
    """Make a sheet of what lies at a location; return its number. Idempotent by its id.

    What is sold and not yet shipped lies there, too. A sheet has LINES_MAX lines at most: another one goes on
    after its last. Writes count.opened. Raises NothingToCount, SameKeyOtherBody.
    """
    known = await count_of(connection, sheet.count_id)
    if known:
        same = (sheet.location_id, sheet.category, sheet.after_sku)
        if (known.location_id, known.category, known.after_sku) != same:
            raise SameKeyOtherBody
        return known.number
    params: dict[str, Any] = {
        "id": sheet.count_id,
        "location_id": sheet.location_id,
        "category": sheet.category,
        "after_sku": sheet.after_sku,
        "staff_id": sheet.staff_id,
        "now": clock.now(),
        "limit": LINES_MAX,
    }
    number = int(await value(connection, QUERIES["insert_count"], params))
    lines = await execute(connection, QUERIES["insert_lines"], params)
    if lines == 0:
        raise NothingToCount
    about = {"number": number, "location_id": sheet.location_id, "category": sheet.category, "lines": lines}
    await append_many(connection, [_event("count.opened", sheet.count_id, sheet.staff_id, about)])
    return number


async def enter_counted_many(connection: Connection, entries: Sequence[CountEntry]) -> None:
    """Take down what was counted; each entry counts once. The expectation is that of this moment.

    An article that is not on the sheet is added to it. Raises NotCountedNow, UnknownCount, SameKeyOtherBody.
    """
    for count_id in sorted({entry.count_id for entry in entries}):
        count = await _locked(connection, count_id, share=True)
        if count.state != CountState.OPEN:
            raise NotCountedNow
        mine = sorted(
            (e for e in entries if e.count_id == count_id), key=lambda e: (e.variant_id, e.entry_id)
        )
        for entry in mine:
            await _enter(connection, count, entry)


async def _enter(connection: Connection, count: Count, entry: CountEntry) -> None:
    now = clock.now()
    params = {
        "id": entry.entry_id,
        "count_id": entry.count_id,
        "variant_id": entry.variant_id,
        "units": entry.units,
        "added": entry.added,
        "staff_id": entry.staff_id,
        "now": now,
    }
    if not await execute(connection, QUERIES["insert_entry"], params):
        if not await value(connection, QUERIES["same_entry"], params):
            raise SameKeyOtherBody
        return
    await execute(connection, QUERIES["enter"], params)
    await execute(connection, QUERIES["expect"], {"location_id": count.location_id, **params})


async def finish_count(
    connection: Connection, count_id: UUID, *, rest_is_none: bool, staff_id: UUID | None
) -> None:
    """Say that all is counted: what has no figure is left alone, or (`rest_is_none`) is not there at all.

    Again is the same as once. Writes count.finished. Raises NothingCounted, NotCountedNow.
    """
    count = await _locked(connection, count_id)
    if count.state == CountState.COUNTED:
        return
    if count.state != CountState.OPEN:
        raise NotCountedNow
    if rest_is_none:
        params = {"location_id": count.location_id, "count_id": count_id, "now": clock.now()}
        await execute(connection, QUERIES["rest_is_none"], params)
        count = await _locked(connection, count_id)
    if count.lines_counted == 0:
        raise NothingCounted
    params = {"id": count_id, "staff_id": staff_id, "now": clock.now()}
    await execute(connection, QUERIES["finish"], params)
    about = {"number": count.number, "lines": count.lines_counted, "different": count.lines_different}
    await append_many(connection, [_event("count.finished", count_id, staff_id, about)])


async def approve_count(
    connection: Connection, count_id: UUID, accepted: Collection[UUID], *, staff_id: UUID | None
) -> None:
    """Make the accepted differences into moves, turn the others down, and end the count.

    Again is the same as once. Writes stock.adjusted for each move and count.approved. Raises NotToDecide;
    Promised when missing units are promised to customers.
    """
    count = await _locked(connection, count_id)
    if count.state == CountState.APPROVED:
        return
    if count.state != CountState.COUNTED:
        raise NotToDecide
    lines = await different_lines(connection, count_id)
    there = await levels(connection, [line.variant_id for line in lines])
    short = promised_of(count.location_id, lines, accepted, there)
    if short:
        raise Promised(skus=", ".join(short[:5]) + ("…" if len(short) > 5 else ""))
    adjustments = adjustments_of(count, lines, accepted, staff_id)
    if adjustments:
        moves = [transfer_of_adjustment(adjustment) for adjustment in adjustments]
        await follow_fresh(connection, moves, await adjust_many(connection, adjustments))
    params = {
        "id": count_id,
        "accepted": [adjustment.variant_id for adjustment in adjustments],
        "staff_id": staff_id,
        "now": clock.now(),
    }
    await execute(connection, QUERIES["decide_lines"], params)
    await execute(connection, QUERIES["approve"], params)
    about = {
        "number": count.number,
        "accepted": len(adjustments),
        "turned_down": len(lines) - len(adjustments),
        "units": sum(adjustment.difference for adjustment in adjustments),
    }
    await append_many(connection, [_event("count.approved", count_id, staff_id, about)])


async def reopen_count(connection: Connection, count_id: UUID, *, staff_id: UUID | None) -> None:
    """Let a finished count be counted on; again is the same as once. Writes count.reopened."""
    count = await _locked(connection, count_id)
    if count.state == CountState.OPEN:
        return
    if count.state != CountState.COUNTED:
        raise NotToDecide
    await execute(connection, QUERIES["reopen"], {"id": count_id})
    await append_many(connection, [_event("count.reopened", count_id, staff_id, {"number": count.number})])


async def cancel_count(connection: Connection, count_id: UUID, *, staff_id: UUID | None) -> None:
    """Give a count up: nothing moves. Again is the same as once. Writes count.cancelled."""
    count = await _locked(connection, count_id)
    if count.state == CountState.CANCELLED:
        return
    if count.state == CountState.APPROVED:
        raise NotToDecide
    params = {"id": count_id, "staff_id": staff_id, "now": clock.now()}
    await execute(connection, QUERIES["cancel"], params)
    await append_many(connection, [_event("count.cancelled", count_id, staff_id, {"number": count.number})])


async def count_of(connection: Connection, count_id: UUID) -> Count | None:
    return await row(Count, connection, QUERIES["count"], {"id": count_id})


async def counts(
    connection: Connection,
    *,
    states: Sequence[str] | None = None,
    before: int | None = None,
    limit: int = 50,
) -> list[Count]:
    """Return counts, the newest first, those with a lower number than `before`."""
    params = {"states": list(states or CountState), "before": before or LAST_NUMBER, "limit": limit}
    return await rows(Count, connection, QUERIES["counts"], params)


async def count_lines_of(
    connection: Connection, count_id: UUID, *, after: str = "", limit: int = 50
) -> list[CountLine]:
    """Return a page of the sheet, by SKU, after one."""
    params = {"count_id": count_id, "after": after, "limit": limit}
    return await rows(CountLine, connection, QUERIES["lines_of"], params)


async def different_lines(connection: Connection, count_id: UUID) -> list[CountLine]:
    """Return the lines whose count is not what was expected, by SKU."""
    params = {"count_id": count_id, "limit": LINES_MAX}
    return await rows(CountLine, connection, QUERIES["different_lines"], params)


async def line_of(connection: Connection, count_id: UUID, variant_id: UUID) -> CountLine | None:
    """Return one line of the sheet."""
    params = {"count_id": count_id, "variant_id": variant_id}
    return await row(CountLine, connection, QUERIES["line_of"], params)


async def _locked(connection: Connection, count_id: UUID, *, share: bool = False) -> Count:
    query = QUERIES["share_count"] if share else QUERIES["lock_count"]
    await execute(connection, query, {"id": count_id})
    count = await count_of(connection, count_id)
    if count is None:
        raise UnknownCount
    return count


def _event(name: str, count_id: UUID, staff_id: UUID | None, about: dict[str, Any]) -> Event:
    return Event(name=name, staff_id=staff_id, subject_id=count_id, properties=about)
