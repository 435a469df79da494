"""Lists as files: sent in pages, one mark and one header, nothing that a spreadsheet would run."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal

from safar.kernel.sheets import read_table
from safar.kernel.web.csv_answer import Row, csv_answer, csv_moment


async def _two_pages() -> AsyncIterator[Sequence[Row]]:
    yield [(1, Decimal("4.95"), "Ada")]
    yield [(2, Decimal("-1.20"), "=HYPERLINK(1)")]


async def test_pages_become_one_file_with_one_header_and_harmless_texts() -> None:
    answer = csv_answer("orders", _two_pages(), header=("Order", "Total", "Name"))
    body = b"".join([bytes(piece) async for piece in answer.body_iterator])  # type: ignore[arg-type]  # bytes
    assert answer.headers["content-disposition"] == 'attachment; filename="orders.csv"'
    assert body.count("\ufeff".encode()) == 1
    assert b"2,-1.20,'=HYPERLINK(1)" in body
    assert read_table(body) == [
        ["Order", "Total", "Name"], ["1", "4.95", "Ada"], ["2", "-1.20", "=HYPERLINK(1)"],
    ]  # fmt: skip


def test_a_moment_is_told_by_the_clock_of_the_shop() -> None:
    assert csv_moment(datetime(2026, 12, 31, 23, 30, tzinfo=UTC), "Asia/Tehran") == "2027-01-01 03:00"
    assert csv_moment(None, "UTC") == ""
