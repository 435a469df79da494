"""A month is written as a file, read again, and only then let go; what is damaged is found."""

import asyncio
import errno
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow
import pytest
from pyarrow import parquet
from typer.testing import CliRunner

from safar.cli import app
from safar.journal import archive
from safar.journal.actions import append_many
from safar.journal.archive import Damaged, check_file, read_month
from safar.journal.model import Event
from safar.journal.partitions import archive_month, drop_old, make_ahead, partitions
from safar.kernel import clock
from safar.kernel.database import Database, execute, value
from safar.kernel.ids import new_id
from tests.stage.journal import settled, write

pytestmark = pytest.mark.finding("security-17")
START = datetime(2031, 5, 1, tzinfo=UTC)
MONTH = "journal_events_2031_05"
_EVENTS = [
    Event(name="page.seen", at=START, subject_id=new_id(), properties={"slug": "چای", "x": [None, 1.5]}),
    Event(
        name="order.placed", at=START + timedelta(days=30, hours=23, microseconds=7), customer_id=new_id(),
        campaign_id=new_id(), staff_id=new_id(),
    ),
    Event(name="test.happened", at=START + timedelta(days=3)),
]  # fmt: skip


@pytest.fixture
async def journal(database: Database) -> Database:
    """A journal of the three events of May and one of June."""
    with clock.held(START):
        await make_ahead(database)
    await write(database, [*_EVENTS, Event(name="test.happened", at=START + timedelta(days=31))])
    await settled(database)
    async with database.transaction() as connection:
        await execute(connection, "INSERT INTO journal_subscribers VALUES ('reader', 1000)")
    return database


async def months(database: Database) -> list[str]:
    async with database.connection() as connection:
        return await partitions(connection)


async def test_a_month_is_dropped_once_its_file_was_read_again_and_says_the_same(
    journal: Database, tmp_path: Path
) -> None:
    async with journal.connection() as connection:
        columns = ", ".join(archive._COLUMNS)
        found = await connection.execute(f"SELECT {columns} FROM {MONTH} ORDER BY id".encode())
        before = [dict(zip(archive._COLUMNS, row, strict=True)) for row in await found.fetchall()]
    folder = tmp_path / "archive"
    with clock.held(datetime(2031, 9, 2, tzinfo=UTC)):
        await drop_old(journal, months=3, archive=folder)
    assert MONTH not in await months(journal)
    assert "journal_events_2031_06" in await months(journal)
    (file,) = folder.iterdir()
    assert file.name == f"{MONTH}.parquet"
    read = [row for rows in read_month(file) for row in rows]
    assert [{**row, **{n: row[n] and str(row[n]) for n in archive._IDS}} for row in before] == read
    assert check_file(file).rows == 3
    async with journal.transaction() as connection:  # and back again, as after a restore
        await append_many(connection, [Event(name=row["name"], at=row["at"]) for row in read])


async def test_a_disk_that_is_full_keeps_the_month_and_leaves_no_half_file(
    journal: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_args: object) -> None:
        raise OSError(errno.ENOSPC, "no space")

    monkeypatch.setattr(archive._Writer, "write", full)
    with clock.held(datetime(2031, 9, 2, tzinfo=UTC)), pytest.raises(OSError, match="no space"):
        await drop_old(journal, months=3, archive=tmp_path)
    assert MONTH in await months(journal)
    assert list(tmp_path.iterdir()) == []
    async with journal.connection() as connection:
        assert await value(connection, f"SELECT count(*) FROM {MONTH}") == 3


async def test_a_file_that_says_something_else_is_never_taken_for_the_month(
    journal: Database, tmp_path: Path
) -> None:
    file = await archive_month(journal, "2031-05", tmp_path)
    assert await archive_month(journal, "2031-05", tmp_path) == file, "what is there and right stays"
    table = parquet.read_table(file)
    rows = table.to_pylist()
    rows[1]["name"] = "order.cancelled"
    kept = pyarrow.Table.from_pylist(rows, schema=table.schema)
    parquet.write_table(kept.replace_schema_metadata(table.schema.metadata), file)
    with pytest.raises(Damaged):
        check_file(file)
    with clock.held(datetime(2031, 9, 2, tzinfo=UTC)), pytest.raises(Damaged):
        await drop_old(journal, months=3, archive=tmp_path)
    assert MONTH in await months(journal)
    with pytest.raises(RuntimeError, match="no month"):
        await archive_month(journal, "1999-01", tmp_path)
    with pytest.raises(RuntimeError, match="no month"):
        await archive_month(journal, "other; DROP TABLE staff", tmp_path)


async def test_the_command_line_reads_files_again(journal: Database, tmp_path: Path) -> None:
    file = await archive_month(journal, "2031-05", tmp_path)
    whole = await asyncio.to_thread(CliRunner().invoke, app, ["journal", "check", str(file)])
    assert (whole.exit_code, "3 events" in whole.output) == (0, True)
    body = bytearray(file.read_bytes())
    body[len(body) // 2] ^= 0xFF
    file.write_bytes(bytes(body))
    cut = tmp_path / "cut.parquet"
    cut.write_bytes(bytes(body[:-20]))
    wrong = await asyncio.to_thread(CliRunner().invoke, app, ["journal", "check", str(file), str(cut)])
    assert wrong.exit_code == 1
    assert "cut.parquet" in wrong.output
