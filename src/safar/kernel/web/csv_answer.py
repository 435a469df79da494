"""A list as a file to save: CSV, sent page by page as it is read, so that its length costs no memory."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from starlette.responses import StreamingResponse

from safar.kernel.sheets import CSV_TYPE, Value, write_csv

Row = Sequence[Value]


def csv_answer(
    name: str, pages: AsyncIterator[Sequence[Row]], *, header: Row | None = None
) -> StreamingResponse:
    """Return the rows of `pages` as NAME.csv, below `header` where the first page does not bring its own.

    Amounts are given as Decimal (`money.Money(...).major()`), moments by `csv_moment`: a spreadsheet then
    calculates with them. Texts that it would run as a formula are made harmless (`sheets.write_csv`).
    """

    async def body() -> AsyncIterator[bytes]:
        first = True
        if header is not None:
            for piece in write_csv([header]):
                yield piece
            first = False
        async for rows in pages:
            for piece in write_csv(rows, mark=first):
                yield piece
            first = False

    headers = {"content-disposition": f'attachment; filename="{name}.csv"', "cache-control": "no-store"}
    return StreamingResponse(body(), media_type=CSV_TYPE, headers=headers)


def csv_moment(at: datetime | None, zone: str) -> str:
    """Return a moment as spreadsheets read it, by the clock of the shop: 2026-12-01 13:20."""
    return at.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M") if at else ""
