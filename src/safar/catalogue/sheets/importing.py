"""Files of every kind on their pages: given out, handed in, looked at row by row, taken over."""

import base64
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from safar.catalogue.decide import text_of_options, text_of_parts
from safar.catalogue.sheets.uploads import PAGE_SIZE, SheetRow, rows_of, upload_of
from safar.catalogue.sheets.words import cell_problem, file_problem
from safar.kernel.apart import apart
from safar.kernel.database import Connection, Database
from safar.kernel.errors import BadRequest, NotFound, SafarError
from safar.kernel.i18n import _
from safar.kernel.ids import new_id, parse_id
from safar.kernel.keyset import cut
from safar.kernel.money import plain_amount
from safar.kernel.sheets import BYTES_MAX, XLSX_TYPE, Value, json_of_rows
from safar.kernel.text import whole_number
from safar.kernel.web.csv_answer import csv_answer
from safar.kernel.web.forms import Fields
from safar.kernel.web.pages import context_of, error_text, page
from safar.kernel.web.requests import see_other
from safar.kernel.web.uploads import read_upload

_Table = Mapping[str, Any]
_Show = Callable[[Request, str | None, int], Response]
_Read = Callable[[bytes], Awaitable[_Table]]
Review = Callable[[Connection, UUID, str, _Table], Awaitable[None]]
_OUTCOMES = ("new", "changed", "wrong", "same")
_Write = Callable[[Database, UUID], Awaitable[int]]


async def give_out(kind: str, name: str, rows: AsyncIterator[list[Sequence[Value]]]) -> Response:
    """Return rows as a file to save; `kind` is csv (sent as it is read) or xlsx. Raises NotFound."""
    if kind == "csv":
        return csv_answer(name, rows)
    if kind != "xlsx":
        raise NotFound
    everything = [row async for chunk in rows for row in chunk]
    packed: str = await apart("safar.kernel.sheets:xlsx_of_json", json_of_rows(everything), name)
    headers = {"content-disposition": f'attachment; filename="{name}.xlsx"'}
    return Response(base64.b64decode(packed), media_type=XLSX_TYPE, headers=headers)


async def hand_in(
    request: Request, path: str, show: _Show, read: _Read, review_of: Callable[[Fields], Review]
) -> Response:
    """Read a file and look at each of its rows; nothing is taken over yet, and `show` says what is wrong.

    `read` gives the rows, or {"problem": code}; `review_of` makes, of the form's other fields, what keeps
    them with what each would do.
    """
    fields, files = await read_upload(request, "file", files_max=1, bytes_max=BYTES_MAX)
    if fields.problems:
        return show(request, fields.problems["file"], 422)
    upload_id = new_id()
    try:
        review = review_of(fields)
        table = await read(files[0].body)
        if "problem" in table:
            return show(request, file_problem(table["problem"]), 422)
        async with context_of(request).database.transaction() as connection:
            await review(connection, upload_id, files[0].name, table)
    except SafarError as refused:
        problem = next(iter(fields.problems.values()), "") or error_text(refused)
        return show(request, problem, refused.status)
    return see_other(f"{path}/{upload_id}")


async def preview(
    request: Request, kind: str, template: str, problem: str | None = None, status: int = 200
) -> Response:
    """Show what a page of the rows of a file would do, each with its notes."""
    upload_id = parse_id(request.path_params["upload_id"])
    async with context_of(request).database.connection() as connection:
        upload = await upload_of(connection, upload_id, kind)
        shown, after = _outcomes(request), _row_number(request)
        listed = await rows_of(connection, upload_id, shown, after=after, limit=PAGE_SIZE + 1)
    rows, last = cut(listed, PAGE_SIZE)
    older = f"?{request.url.include_query_params(after=last.number).query}" if last else None
    values = {
        "upload": upload,
        "rows": [(row, _notes(row)) for row in rows],
        "shown": shown,
        "older": older,
        "first": "after" not in request.query_params,
        "problem": problem,
    }
    return page(request, template, values, status=status)


async def take_over(request: Request, kind: str, template: str, write: _Write) -> Response:
    """Let `write` take over the rows that are right."""
    upload_id = parse_id(request.path_params["upload_id"])
    try:
        database = context_of(request).database
        async with database.connection() as connection:
            upload = await upload_of(connection, upload_id, kind)
        if not upload.writable and not upload.written_at:
            raise BadRequest
        await write(database, upload_id)
    except NotFound:
        raise
    except SafarError as refused:
        return await preview(request, kind, template, error_text(refused), refused.status)
    return see_other(request.url.path)


def _outcomes(request: Request) -> list[str]:
    """Return which rows a preview shows: those that were chosen, else all."""
    chosen = request.query_params.get("rows", "")
    return [chosen] if chosen in _OUTCOMES else list(_OUTCOMES)


async def wrong_rows(request: Request, kind: str) -> Response:
    """Give out the rows that cannot be imported, each with what is wrong, to be corrected and sent again."""
    upload_id = parse_id(request.path_params["upload_id"])
    database, currency = context_of(request).database, context_of(request).settings.currency
    async with database.connection() as connection:
        upload = await upload_of(connection, upload_id, kind)
    columns = list(upload.columns["known"])

    async def rows() -> AsyncIterator[list[Sequence[Value]]]:
        yield [[*columns, _("Row"), _("What is wrong")]]
        after = 0
        while True:
            async with database.connection() as connection:
                page_rows = await rows_of(connection, upload_id, ["wrong"], after=after, limit=PAGE_SIZE)
            if not page_rows:
                return
            after = page_rows[-1].number
            yield [_as_typed(row, columns, currency) for row in page_rows]

    return csv_answer("rows-to-correct", rows())


def _as_typed(row: SheetRow, columns: Sequence[str], currency: str) -> list[Value]:
    """Return a wrong row as it can be typed again; a cell that could not be read is as it was."""
    remarks = "; ".join(f"{column} {text}" for column, text, _none in _notes(row))
    was = {column: value for column, code, value in row.notes if code != "two_readings"}
    cells = [_typed(column, row.record.get(column, was.get(column)), currency) for column in columns]
    return [*cells, row.number, remarks]


def _typed(column: str, value: Any, own_currency: str) -> Value:
    name, _colon, currency = column.partition(":")
    if name in ("price", "was_price") and isinstance(value, int):
        return plain_amount(value, currency or own_currency)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return text_of_parts(value) if column == "parts" else text_of_options(value)
    return value if isinstance(value, str | int) else ""


def _row_number(request: Request) -> int:
    return whole_number(request.query_params.get("after", ""), digits_max=8) or 0


def _notes(row: SheetRow) -> list[tuple[str, str, str]]:
    """Return (column, text, "") of what is wrong, or (column, before, after) of what changes."""
    if row.outcome == "wrong":
        return [(column, cell_problem(code, value), "") for column, code, value in row.notes]
    return [(column, before, after) for column, before, after in row.notes]
