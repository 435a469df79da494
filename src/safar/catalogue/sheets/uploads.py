"""Files that somebody has handed in, kept until they were looked at: what each row would do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

import orjson

from safar.catalogue.sheets.rows import Note
from safar.kernel import clock
from safar.kernel.database import Connection, as_json, execute, row, rows, value
from safar.kernel.errors import Conflict, NotFound
from safar.kernel.queries import queries_beside

QUERIES = queries_beside(__file__)
Outcome = Literal["new", "changed", "same", "wrong"]
CHUNK = 250  # small, for other people's requests run between two of them
PAGE_SIZE = 100
_KEPT = timedelta(days=2)


class AlreadyWritten(Conflict):
    """This file was taken over already; nothing was written again."""

    code = "already_written"


@dataclass(frozen=True, slots=True)
class SheetRow:
    """A row of a file; `notes` are (column, code, value) of a wrong one, else (column, before, after).

    `leads` is the first of the rows that are written together with this one, None for itself.
    """

    number: int
    sku: str
    outcome: Outcome
    record: dict[str, Any]
    notes: Sequence[Sequence[str]]
    leads: int | None = None


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that was handed in: how many rows of each outcome it has, and when it was taken over."""

    id: UUID
    kind: str
    name: str
    columns: Mapping[str, Sequence[str]]
    uploaded_at: datetime
    written_at: datetime | None
    written: int
    counts: Mapping[str, int]

    @property
    def writable(self) -> int:
        return self.counts.get("new", 0) + self.counts.get("changed", 0)


async def open_upload(
    connection: Connection,
    upload_id: UUID,
    kind: str,
    name: str,
    columns: Mapping[str, Sequence[str]],
    *,
    staff_id: UUID,
) -> None:
    """Keep a file; those that are two days old go."""
    now = clock.now()
    await execute(connection, QUERIES["forget_old_uploads"], {"before": now - _KEPT})
    params = {
        "id": upload_id,
        "kind": kind,
        "staff_id": staff_id,
        "name": name,
        "columns": orjson.dumps(dict(columns)).decode(),
        "now": now,
    }
    await execute(connection, QUERIES["open_upload"], params)


async def save_rows(connection: Connection, upload_id: UUID, sheet_rows: Sequence[SheetRow]) -> None:
    params = {"upload_id": upload_id, "rows": as_json(sheet_rows)}
    await execute(connection, QUERIES["save_sheet_rows"], params)


async def upload_of(connection: Connection, upload_id: UUID, kind: str) -> Upload:
    """Return a file that was handed in. Raises NotFound."""
    upload = await row(Upload, connection, QUERIES["upload"], {"id": upload_id, "kind": kind})
    if upload is None:
        raise NotFound
    return upload


async def rows_of(
    connection: Connection, upload_id: UUID, outcomes: Sequence[str], *, after: int = 0, limit: int
) -> list[SheetRow]:
    """Return rows of a file in its order, those after a row number."""
    params = {"upload_id": upload_id, "outcomes": list(outcomes), "after": after, "limit": limit}
    return await rows(SheetRow, connection, QUERIES["sheet_rows"], params)


async def join_rows(connection: Connection, upload_id: UUID, joined: Mapping[int, int]) -> None:
    """Let rows that are led by one row be written together with those of another."""
    records = [{"was": was, "leads": leads} for was, leads in joined.items() if was != leads]
    if records:
        params = {"upload_id": upload_id, "joined": as_json(records)}
        await execute(connection, QUERIES["join_sheet_rows"], params)


async def next_products(connection: Connection, upload_id: UUID, *, kits: bool) -> list[SheetRow]:
    """Return the next rows that change something, those of one product together.

    First all but new kits; with `kits` those that say what a kit consists of, for these come last.
    """
    params = {"upload_id": upload_id, "kits": kits, "limit": CHUNK}
    return await rows(SheetRow, connection, QUERIES["next_products"], params)


async def next_to_write(connection: Connection, upload_id: UUID) -> list[SheetRow]:
    """Return the next rows that change something, after those that are written already."""
    after = await value(connection, QUERIES["written_until"], {"id": upload_id})
    return await rows_of(connection, upload_id, ["new", "changed"], after=after, limit=CHUNK)


async def mark_until(
    connection: Connection, upload_id: UUID, number: int, written: int, *, kits: bool = False
) -> None:
    """Remember that the rows up to a number are done, of which so many were written."""
    params = {"id": upload_id, "until": number, "written": written}
    await execute(connection, QUERIES["mark_kits_until" if kits else "mark_until"], params)


async def mark_wrong(connection: Connection, upload_id: UUID, number: int, note: Note) -> None:
    """Say of a row that it could not be written after all."""
    params = {"upload_id": upload_id, "number": number, "notes": orjson.dumps([note]).decode()}
    await execute(connection, QUERIES["mark_wrong"], params)


async def lock_upload(connection: Connection, upload_id: UUID) -> None:
    """Take a file for writing. Raises AlreadyWritten, NotFound."""
    written = await value(connection, QUERIES["lock_upload"], {"id": upload_id})
    if written is None:
        raise NotFound
    if written:
        raise AlreadyWritten


async def mark_written(connection: Connection, upload_id: UUID, written: int) -> None:
    params = {"id": upload_id, "written": written, "now": clock.now()}
    await execute(connection, QUERIES["mark_written"], params)
