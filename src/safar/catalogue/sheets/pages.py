"""Files of the catalogue: give out, hand in, look at what each row would do, take over."""

import base64
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from safar.catalogue.sheets import actions as sheets
from safar.catalogue.sheets.rows import PLAIN_COLUMNS
from safar.catalogue.sheets.uploads import PAGE_SIZE, SheetRow, Upload, rows_of, upload_of
from safar.catalogue.sheets.words import cell_problem, file_problem
from safar.kernel.apart import apart
from safar.kernel.errors import BadRequest, NotFound, SafarError
from safar.kernel.i18n import LANGUAGES
from safar.kernel.ids import new_id, parse_id
from safar.kernel.sheets import BYTES_MAX, CSV_TYPE, XLSX_TYPE, Value, json_of_rows, write_csv
from safar.kernel.web.actor import actor_of
from safar.kernel.web.pages import context_of, error_text, page
from safar.kernel.web.requests import see_other
from safar.kernel.web.uploads import read_upload


async def _files(request: Request) -> Response:
    return _files_page(request)


def _files_page(request: Request, *, problem: str | None = None, status: int = 200) -> Response:
    actor, settings = actor_of(request, "manager"), context_of(request).settings
    values = {
        "columns": PLAIN_COLUMNS, "problem": problem, "may_write": actor.may("manager"),
        "spoken": [code for code in LANGUAGES if code != settings.language], "currency": settings.currency,
        "size": BYTES_MAX // 2**20,
    }  # fmt: skip
    return page(request, "catalogue/files.html", values, status=status)


async def _export(request: Request) -> Response:
    """Give out the whole catalogue, in the order of the article numbers."""
    actor_of(request, "manager")
    context = context_of(request)
    rows = sheets.export_rows(context.database, context.settings.currency, context.settings.language)
    return await sheet_response(request.path_params["kind"], "products", rows)


async def sheet_response(kind: str, name: str, rows: AsyncIterator[list[Sequence[Value]]]) -> Response:
    """Return rows as a file to save; `kind` is csv (sent as it is read) or xlsx. Raises NotFound."""
    headers = {"content-disposition": f'attachment; filename="{name}.{kind}"'}
    if kind == "csv":

        async def body() -> AsyncIterator[bytes]:
            first = True
            async for chunk in rows:
                for piece in write_csv(chunk, mark=first):
                    yield piece
                first = False

        return StreamingResponse(body(), media_type=CSV_TYPE, headers=headers)
    if kind != "xlsx":
        raise NotFound
    everything = [row async for chunk in rows for row in chunk]
    packed: str = await apart("safar.kernel.sheets:xlsx_of_json", json_of_rows(everything), name)
    return Response(base64.b64decode(packed), media_type=XLSX_TYPE, headers=headers)


async def _upload(request: Request) -> Response:
    """Read a file and look at each of its rows; nothing of the catalogue changes yet."""
    actor, context = actor_of(request, "manager"), context_of(request)
    fields, files = await read_upload(request, "file", files_max=1, bytes_max=BYTES_MAX)
    if fields.problems:
        return _files_page(request, problem=fields.problems["file"], status=422)
    settings, upload_id = context.settings, new_id()
    try:
        table: Mapping[str, Any] = await apart(
            "safar.catalogue.sheets.rows:read_rows", files[0].body, settings.currency, settings.language
        )
        if "problem" in table:
            return _files_page(request, problem=file_problem(table["problem"]), status=422)
        async with context.database.transaction() as connection:
            await sheets.review(
                connection, upload_id, files[0].name, table, settings.currency, staff_id=actor.id
            )
    except SafarError as refused:
        return _files_page(request, problem=error_text(refused), status=refused.status)
    return see_other(f"/catalogue/files/{upload_id}")


async def _preview(request: Request) -> Response:
    return await _preview_page(request)


async def _preview_page(request: Request, *, problem: str | None = None, status: int = 200) -> Response:
    actor_of(request, "manager")
    upload_id = parse_id(request.path_params["upload_id"])
    async with context_of(request).database.connection() as connection:
        upload = await upload_of(connection, upload_id, sheets.KIND)
        after = row_number(request)
        shown = shown_outcomes(request, upload)
        found = await rows_of(connection, upload_id, shown, after=after, limit=PAGE_SIZE + 1)
    values = preview_values(request, upload, found, shown, problem)
    return page(request, "catalogue/preview.html", values, status=status)


def shown_outcomes(request: Request, upload: Upload) -> list[str]:
    """Return which rows a preview shows: those that were chosen, else the wrong ones if there are any."""
    chosen = request.query_params.get("rows", "")
    if chosen in ("new", "changed", "same", "wrong"):
        return [chosen]
    return ["wrong"] if upload.counts.get("wrong") else ["new", "changed"]


def row_number(request: Request) -> int:
    text = request.query_params.get("after", "0")
    return int(text) if text.isdecimal() and len(text) < 9 else 0


def preview_values(
    request: Request, upload: Upload, found: Sequence[SheetRow], shown: Sequence[str], problem: str | None
) -> dict[str, Any]:
    """Return what a preview shows of a file: the counts and a page of its rows, each with its notes."""
    older = None
    if len(found) > PAGE_SIZE:
        older = f"?{request.url.include_query_params(after=found[PAGE_SIZE - 1].number).query}"
    return {
        "upload": upload, "rows": [(row, _notes(row)) for row in found[:PAGE_SIZE]], "shown": list(shown),
        "older": older, "first": "after" not in request.query_params, "problem": problem,
    }  # fmt: skip


def _notes(row: SheetRow) -> list[tuple[str, str, str]]:
    """Return (column, text, "") of what is wrong, or (column, before, after) of what changes."""
    if row.outcome == "wrong":
        return [(column, cell_problem(code, value), "") for column, code, value in row.notes]
    return [(column, before, after) for column, before, after in row.notes]


async def _write(request: Request) -> Response:
    """Take over the rows that are right."""
    actor, context = actor_of(request, "manager"), context_of(request)
    upload_id = parse_id(request.path_params["upload_id"])
    try:
        async with context.database.transaction() as connection:
            upload = await upload_of(connection, upload_id, sheets.KIND)
            if not upload.writable and not upload.written_at:
                raise BadRequest
            await sheets.write(connection, upload_id, context.settings.currency, staff_id=actor.id)
    except NotFound:
        raise
    except SafarError as refused:
        return await _preview_page(request, problem=error_text(refused), status=refused.status)
    return see_other(f"/catalogue/files/{upload_id}")


routes: list[BaseRoute] = [
    Route("/catalogue/files", _files),
    Route("/catalogue/files/products.{kind}", _export),
    Route("/catalogue/files/uploads", _upload, methods=["POST"]),
    Route("/catalogue/files/{upload_id}", _preview),
    Route("/catalogue/files/{upload_id}", _write, methods=["POST"]),
]
