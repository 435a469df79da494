"""Stock figures as a file: given out, handed in, looked at row by row, and booked in one go.

A count becomes the difference to what is on hand when the file is looked at: what is sold between then and
the booking is not lost. Rows that were booked are not booked again: the move's id follows from the row.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from safar.capacity.errors import BelowPromised
from safar.catalogue.model import Variant
from safar.catalogue.sheets.rows import Note
from safar.catalogue.sheets.uploads import (
    CHUNK,
    Outcome,
    SheetRow,
    Upload,
    lock_upload,
    mark_until,
    mark_written,
    mark_wrong,
    next_to_write,
    open_upload,
    save_rows,
    upload_of,
)
from safar.kernel.database import Connection, Database, rows, transaction
from safar.kernel.i18n import _
from safar.kernel.ids import derived_id
from safar.kernel.sheets import Value
from safar.kernel.text import fold
from safar.stock.actions import QUERIES, adjust_many, levels, receive_stock_many
from safar.stock.locations import OwnLocation, known_locations
from safar.stock.model import MAIN, Adjustment, Level, Place, StockReceipt
from safar.stock.sheet_rows import EXPORTED

KIND = "stock"
_EXPORT_SIZE = 1000


@dataclass(frozen=True, slots=True)
class Figure:
    """A level as a row of the file; a variant that lies nowhere has one with no location."""

    id: UUID
    sku: str
    barcode: str | None
    title: str
    location_id: UUID | None
    location: str | None
    on_hand: int
    held: int
    reserve: int


@dataclass(slots=True)
class _Review:
    """Our locations by their names, and the places that rows before have spoken of."""

    figure: str
    places: Mapping[str, OwnLocation]
    seen: dict[Place, int] = field(default_factory=dict)


async def stock_rows(database: Database) -> AsyncIterator[list[Sequence[Value]]]:
    """Give what lies where, the header first, in the order of the SKUs; between two pieces no connection."""
    yield [EXPORTED]
    after, after_place = "", UUID(int=0)
    while True:
        params = {"sku": after, "location_id": after_place, "limit": _EXPORT_SIZE}
        async with database.connection() as connection:
            figures = await rows(Figure, connection, QUERIES["figures"], params)
        if not figures:
            return
        after, after_place = figures[-1].sku, figures[-1].location_id or UUID(int=0)
        yield [
            (
                figure.sku,
                figure.barcode or "",
                figure.title,
                figure.location or "",
                figure.on_hand,
                figure.held,
                figure.on_hand - figure.held - figure.reserve,
            )
            for figure in figures
        ]


async def review_stock(
    connection: Connection, upload_id: UUID, name: str, table: Mapping[str, Any], *, staff_id: UUID
) -> None:
    """Keep a file with what each of its rows would book; nothing moves."""
    columns = {"known": table["columns"], "ignored": table["ignored"], "figure": [table["figure"]]}
    await open_upload(connection, upload_id, KIND, name, columns, staff_id=staff_id)
    usable = [
        location
        for location in await known_locations(connection)
        if location.active and location.kind in ("warehouse", "store")
    ]
    named = {fold(spoken): known for known in usable for spoken in (known.name, _(known.name), str(known.id))}
    seen = _Review(table["figure"], named)
    for start in range(0, len(table["rows"]), CHUNK):
        lines = table["rows"][start : start + CHUNK]
        await save_rows(connection, upload_id, await _review_chunk(connection, lines, seen))


async def _review_chunk(
    connection: Connection, lines: Sequence[tuple[int, dict[str, Any], list[Note]]], seen: _Review
) -> list[SheetRow]:
    records = [record for _number, record, _problems in lines]
    params = {
        "skus": [record["sku"] for record in records if "sku" in record],
        "barcodes": [record["barcode"] for record in records if "barcode" in record],
    }
    variants = await rows(Variant, connection, QUERIES["variants_of_codes"], params)
    by_sku = {variant.sku: variant for variant in variants}
    by_code = {variant.barcode: variant for variant in variants if variant.barcode}
    there = await levels(connection, [variant.id for variant in variants])
    reviewed = []
    for number, record, problems in lines:
        code = record.get("barcode", "")
        variant = by_sku.get(record["sku"]) if record.get("sku") else by_code.get(code)
        notes = problems or _problems(number, record, variant, seen, there)
        if notes or variant is None:
            reviewed.append(SheetRow(number, record.get("sku") or code, "wrong", record, notes))
            continue
        place = variant.id, _site(record, seen).id
        on_hand = there[place].on_hand if place in there else 0
        units = record[seen.figure] if seen.figure == "received" else record[seen.figure] - on_hand
        booked = {"variant_id": variant.id, "location_id": place[1], "units": units}
        changes = [("on_hand", str(on_hand), str(on_hand + units))] if units else []
        outcome: Outcome = "changed" if units else "same"
        reviewed.append(SheetRow(number, variant.sku, outcome, booked, changes))
    return reviewed


def _problems(
    number: int,
    record: Mapping[str, Any],
    variant: Variant | None,
    seen: _Review,
    there: Mapping[Place, Level],
) -> list[Note]:
    """Return why a row cannot be booked."""
    column = "sku" if record.get("sku") else "barcode"
    if variant is None:
        return [(column, "unknown_sku", "")]
    if variant.is_kit:
        return [(column, "is_kit", "")]
    if variant.tracks_lots:
        return [(column, "tracks_lots", "")]
    if record["location"] and fold(record["location"]) not in seen.places:
        return [("location", "unknown_location", record["location"][:60])]
    place = variant.id, _site(record, seen).id
    if seen.seen.setdefault(place, number) != number:
        return [(column, "place_twice", str(seen.seen[place]))]
    level = there.get(place)
    if seen.figure == "on_hand" and level and record["on_hand"] < level.on_hand:
        promised = level.held - level.backorder
        if record["on_hand"] < promised:
            return [("on_hand", "below_held", str(promised))]
    return []


def _site(record: Mapping[str, Any], seen: _Review) -> OwnLocation:
    """Return the location that a row names; without a name it is the main warehouse."""
    return seen.places[fold(record["location"] or str(MAIN))]


async def write_stock(database: Database, upload_id: UUID, *, staff_id: UUID) -> int:
    """Book the rows of a file that are right, some hundred in each transaction; return how many.

    Who buys meanwhile waits for one chunk at most. Asked again after a break it goes on where it stopped: a
    row is booked once. A row that would leave less than is promised by now is marked as wrong, the others go
    on. Writes stock.adjusted or stock.received. Raises AlreadyWritten, NotFound.
    """
    while True:
        async with database.transaction() as connection:
            await lock_upload(connection, upload_id)
            upload = await upload_of(connection, upload_id, KIND)
            lines = await next_to_write(connection, upload_id)
            if not lines:
                await mark_written(connection, upload_id, upload.written)
                return upload.written
            booked = await _book(connection, upload, lines, staff_id)
            await mark_until(connection, upload_id, lines[-1].number, upload.written + booked)


async def _book(connection: Connection, upload: Upload, lines: Sequence[SheetRow], staff_id: UUID) -> int:
    """Book rows; one by one when together they would break a promise. Returns how many were."""
    try:
        async with transaction(connection):
            await _move(connection, upload, lines, staff_id)
        return len(lines)
    except BelowPromised:
        if len(lines) == 1:
            await _say_promised(connection, upload, lines[0])
            return 0
    return sum([await _book(connection, upload, [line], staff_id) for line in lines])


async def _say_promised(connection: Connection, upload: Upload, line: SheetRow) -> None:
    """Mark a row that says fewer units than are promised to customers by now."""
    place = UUID(line.record["variant_id"]), UUID(line.record["location_id"])
    level = (await levels(connection, [place[0]])).get(place)
    promised = level.held - level.backorder if level else 0
    await mark_wrong(connection, upload.id, line.number, ("on_hand", "below_held", str(promised)))


async def _move(connection: Connection, upload: Upload, lines: Sequence[SheetRow], staff_id: UUID) -> None:
    counted = upload.columns["figure"] == ["on_hand"]
    reason = _("Count from a file") if counted else _("Receipt from a file")
    moves = [
        (
            derived_id("sheet", upload.id, line.number),
            UUID(line.record["variant_id"]),
            UUID(line.record["location_id"]),
            line.record["units"],
            reason,
            upload.name or None,
            staff_id,
        )
        for line in lines
    ]
    if counted:
        await adjust_many(connection, [Adjustment(*move) for move in moves])
    else:
        await receive_stock_many(connection, [StockReceipt(*move) for move in moves])
