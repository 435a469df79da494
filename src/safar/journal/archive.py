"""A month of the journal as one Parquet file, checked before anything is let go, and read again from it.

A file is written under another name, read back, and only then takes its own: what stands under the name of a
month is whole. It holds what the journal holds: what happened to which number, without a word or an address.
"""

import asyncio
import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
from psycopg import sql
from psycopg.rows import dict_row

from safar.kernel.database import Connection

_COLUMNS = ("id", "at", "name", "customer_id", "campaign_id", "staff_id", "subject_id", "properties")
_IDS = ("customer_id", "campaign_id", "staff_id", "subject_id")
_BATCH = 10_000
_SEAL = b"safar.seal"

Row = dict[str, Any]


class Damaged(Exception):
    """The file of a month is corrupt, or does not match the journal's rows of that month."""


@dataclass(frozen=True, slots=True)
class MonthSeal:
    """The summary of a month's rows that a file is checked against: their number, id range and a digest."""

    rows: int
    first_id: int
    last_id: int
    digest: str


class _Sealing:
    """A seal that grows with the rows, in the order of their ids."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self._rows, self._first, self._last = 0, 0, 0

    def add(self, rows: Sequence[Row]) -> None:
        for row in rows:
            self._first = self._first or row["id"]
            self._last = row["id"]
            self._hash.update(orjson.dumps([row[name] for name in _COLUMNS], default=str))
        self._rows += len(rows)

    def seal(self) -> MonthSeal:
        return MonthSeal(self._rows, self._first, self._last, self._hash.hexdigest())


async def write_month(connection: Connection, name: str, folder: Path) -> Path:
    """Write the partition `name` to `folder` and return the file, read back and found right.

    A file that is there and right is left alone. `connection`: in a transaction that lets nobody change the
    month meanwhile. Raises Damaged, OSError.
    """
    path = folder / f"{name}.parquet"
    wanted = await _seal_of(connection, name)
    if path.exists():
        if await asyncio.to_thread(check_file, path) != wanted:
            raise Damaged(f"{path.name} is there and holds something else")
        return path
    part = path.with_suffix(".part")
    writer = await asyncio.to_thread(_Writer, part)
    try:
        async for rows in _batches(connection, name):
            await asyncio.to_thread(writer.write, rows)
        await asyncio.to_thread(writer.close)
        if await asyncio.to_thread(check_file, part) != wanted:
            raise Damaged(f"{part.name} was not written as it is in the journal")
        await asyncio.to_thread(_take_name, part, path)
    finally:
        await asyncio.to_thread(writer.give_up)
    return path


def check_file(path: Path) -> MonthSeal:
    """Return the seal of a month's file after all of it was read again. Raises Damaged."""
    # Fifty megabytes of memory, for a file a month: not before somebody wants one.
    from pyarrow import ArrowException, parquet

    sealing = _Sealing()
    try:
        for rows in read_month(path):
            sealing.add(rows)
        written = (parquet.read_metadata(path).metadata or {}).get(_SEAL, b"{}")
    except (ArrowException, OSError, ValueError, KeyError) as error:
        raise Damaged(f"{path.name} cannot be read: {type(error).__name__}") from error
    seal = sealing.seal()
    if orjson.loads(written) != orjson.loads(orjson.dumps(seal)):
        raise Damaged(f"{path.name} is not as it was written")
    return seal


def read_month(path: Path) -> Iterator[list[Row]]:
    """Yield the rows of a month's file as they were in the journal, some thousands at a time."""
    from pyarrow import parquet

    with parquet.ParquetFile(path) as file:
        for batch in file.iter_batches(_BATCH):
            yield [
                {**row, "at": row["at"].astimezone(UTC), "properties": orjson.loads(row["properties"])}
                for row in batch.to_pylist()
            ]


class _Writer:
    """One file while it is written."""

    def __init__(self, part: Path) -> None:
        import pyarrow
        from pyarrow import parquet

        text = pyarrow.string()
        kinds = {"id": pyarrow.int64(), "at": pyarrow.timestamp("us", tz="UTC")}
        self._schema = pyarrow.schema([(name, kinds.get(name, text)) for name in _COLUMNS])
        self._table = pyarrow.Table
        self._part = part
        part.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._writer = parquet.ParquetWriter(part, self._schema, compression="zstd")
        self._sealing = _Sealing()

    def write(self, rows: Sequence[Row]) -> None:
        self._sealing.add(rows)
        plain = [{**row, "properties": orjson.dumps(row["properties"]).decode()} for row in rows]
        self._writer.write_table(self._table.from_pylist(plain, schema=self._schema))

    def close(self) -> None:
        self._writer.add_key_value_metadata({_SEAL: orjson.dumps(self._sealing.seal())})
        self._writer.close()
        with self._part.open("rb") as file:
            os.fsync(file.fileno())

    def give_up(self) -> None:
        """Leave nothing half written behind."""
        self._writer.close()
        self._part.unlink(missing_ok=True)


def _take_name(part: Path, path: Path) -> None:
    part.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


async def _seal_of(connection: Connection, name: str) -> MonthSeal:
    sealing = _Sealing()
    async for rows in _batches(connection, name):
        await asyncio.to_thread(sealing.add, rows)
    return sealing.seal()


async def _batches(connection: Connection, name: str) -> Any:
    """Yield the rows of a partition by id, as the file has them."""
    query = sql.SQL("SELECT {columns} FROM {month} ORDER BY id").format(
        columns=sql.SQL(", ").join(map(sql.Identifier, _COLUMNS)), month=sql.Identifier(name)
    )
    async with connection.cursor(f"archive_{name}", row_factory=dict_row) as cursor:
        await cursor.execute(query)
        while rows := await cursor.fetchmany(_BATCH):
            yield [_plain(row) for row in rows]


def _plain(row: Row) -> Row:
    """Return a row in the types of the file: ids as text, times in UTC."""
    at: datetime = row["at"]
    ids = {name: None if row[name] is None else str(row[name]) for name in _IDS}
    return {**row, **ids, "at": at.astimezone(UTC)}
