"""Scanning a delivery and booking it: one verb each, in the caller's transaction."""

from collections.abc import Sequence
from uuid import UUID

from safar.journal.actions import append_many
from safar.journal.model import Event
from safar.kernel import clock
from safar.kernel.database import Connection, as_json, execute, row, rows, value
from safar.kernel.errors import Conflict, SameKeyOtherBody
from safar.kernel.ids import derived_id
from safar.kernel.queries import queries_beside
from safar.stock.actions import receive_stock_many
from safar.stock.bins import Bin, set_bins
from safar.stock.decide import transfer_of_receipt
from safar.stock.lots import Lot, open_lots
from safar.stock.model import StockReceipt
from safar.stock.receiving.model import (
    LineFigures,
    NothingReceived,
    Receiving,
    ReceivingEnded,
    ReceivingLine,
    Scan,
    UnknownReceiving,
)
from safar.stock.restock import follow_fresh

QUERIES = queries_beside(__file__)
ARTICLES_MAX = 500


class TooManyArticles(Conflict):
    """One delivery takes %(most)s articles. Book it and go on with a second one."""

    code = "too_many_articles"


async def start_receiving(
    connection: Connection, receiving_id: UUID, location_id: UUID, document: str, *, staff_id: UUID | None
) -> None:
    """Begin a delivery; again with the same id is the same as once."""
    params = {"id": receiving_id, "location_id": location_id, "document": document, "staff_id": staff_id}
    await execute(connection, QUERIES["start"], {**params, "now": clock.now()})


async def scan(connection: Connection, scanned: Scan) -> None:
    """Add what was scanned. Raises UnknownReceiving, ReceivingEnded, TooManyArticles, SameKeyOtherBody."""
    await _open(connection, scanned.receiving_id, "lock_shared")
    params = {
        "scan_id": scanned.scan_id,
        "receiving_id": scanned.receiving_id,
        "variant_id": scanned.variant_id,
        "units": scanned.units,
        "now": clock.now(),
    }
    if not await execute(connection, QUERIES["insert_scan"], params):
        if not await value(connection, QUERIES["same_scan"], params):
            raise SameKeyOtherBody
        return
    await execute(connection, QUERIES["add"], params)
    receiving = await receiving_of(connection, scanned.receiving_id)
    if receiving.articles > ARTICLES_MAX:
        raise TooManyArticles(most=ARTICLES_MAX)


async def correct_lines(connection: Connection, receiving_id: UUID, lines: Sequence[LineFigures]) -> None:
    """Set units, lots and shelves of lines by hand. Raises UnknownReceiving, ReceivingEnded."""
    await _open(connection, receiving_id, "lock")
    receiving = await receiving_of(connection, receiving_id)
    figures = [
        {"variant_id": line.variant_id, "units": line.units, "lot": line.lot, "expires_on": line.expires_on}
        for line in lines
    ]
    await execute(connection, QUERIES["set_lines"], {"receiving_id": receiving_id, "lines": as_json(figures)})
    await set_bins(connection, [Bin(line.variant_id, receiving.location_id, line.bin) for line in lines])


async def book(
    connection: Connection, receiving_id: UUID, *, reason: str, staff_id: UUID | None
) -> Receiving:
    """Take all that was scanned into stock; again is the same as once.

    Writes stock.received for each article. Raises UnknownReceiving, ReceivingEnded, NothingReceived.
    """
    state = await value(connection, QUERIES["lock"], {"id": receiving_id})
    receiving = await receiving_of(connection, receiving_id)
    if state == "booked":
        return receiving
    if state != "open":
        raise ReceivingEnded
    lines = await lines_of(connection, receiving_id)
    if not lines:
        raise NothingReceived
    receipts = {line.variant_id: _receipt(receiving, line, reason, staff_id) for line in lines}
    lots = {line.variant_id: Lot(line.variant_id, line.lot, line.expires_on) for line in lines if line.lot}
    await open_lots(connection, list(lots.values()))
    outcomes = await receive_stock_many(connection, list(receipts.values()))
    stated = {receipts[variant_id].move_id: lot.id for variant_id, lot in lots.items()}
    moves = [transfer_of_receipt(receipt) for receipt in receipts.values()]
    if stated:
        await follow_fresh(connection, moves, outcomes, stated)
    await execute(connection, QUERIES["end"], {"id": receiving_id, "state": "booked", "now": clock.now()})
    properties = {"articles": receiving.articles, "quantity": receiving.units}
    event = Event(name="delivery.booked", staff_id=staff_id, subject_id=receiving_id, properties=properties)
    await append_many(connection, [event])
    return receiving


async def discard(connection: Connection, receiving_id: UUID) -> None:
    """Give up a delivery: nothing of it comes into stock. Raises UnknownReceiving, ReceivingEnded."""
    await _open(connection, receiving_id, "lock")
    await execute(connection, QUERIES["end"], {"id": receiving_id, "state": "discarded", "now": clock.now()})


async def receiving_of(connection: Connection, receiving_id: UUID) -> Receiving:
    """Return a delivery. Raises UnknownReceiving."""
    receiving = await row(Receiving, connection, QUERIES["receiving"], {"id": receiving_id})
    if receiving is None:
        raise UnknownReceiving
    return receiving


async def receivings(connection: Connection, *, limit: int) -> list[Receiving]:
    """Return deliveries: those being scanned, then the latest that were booked."""
    return await rows(Receiving, connection, QUERIES["receivings"], {"limit": limit})


async def lines_of(connection: Connection, receiving_id: UUID) -> list[ReceivingLine]:
    """Return the articles of a delivery, what was scanned last first."""
    params = {"receiving_id": receiving_id, "limit": ARTICLES_MAX}
    return await rows(ReceivingLine, connection, QUERIES["lines"], params)


async def scanned_line(connection: Connection, receiving_id: UUID, variant_id: UUID) -> ReceivingLine | None:
    params = {"receiving_id": receiving_id, "variant_id": variant_id}
    return await row(ReceivingLine, connection, QUERIES["scanned_line"], params)


async def _open(connection: Connection, receiving_id: UUID, lock: str) -> None:
    state = await value(connection, QUERIES[lock], {"id": receiving_id})
    if state is None:
        raise UnknownReceiving
    if state != "open":
        raise ReceivingEnded


def _receipt(receiving: Receiving, line: ReceivingLine, reason: str, staff_id: UUID | None) -> StockReceipt:
    move_id = derived_id("received", receiving.id, line.variant_id)
    document = receiving.document or None
    return StockReceipt(
        move_id, line.variant_id, receiving.location_id, line.units, reason, document, staff_id
    )
