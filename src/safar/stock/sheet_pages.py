"""Files of stock figures: give out, hand in, look at what each row would book, book."""

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from safar.catalogue.sheets.pages import preview_values, row_number, sheet_response, shown_outcomes
from safar.catalogue.sheets.uploads import PAGE_SIZE, rows_of, upload_of
from safar.catalogue.sheets.words import file_problem
from safar.kernel.apart import apart
from safar.kernel.errors import BadRequest, NotFound, SafarError
from safar.kernel.ids import new_id, parse_id
from safar.kernel.sheets import BYTES_MAX
from safar.kernel.web.actor import actor_of
from safar.kernel.web.pages import context_of, error_text, page
from safar.kernel.web.requests import see_other
from safar.kernel.web.uploads import read_upload
from safar.stock import sheets


async def _files(request: Request) -> Response:
    return _files_page(request)


def _files_page(request: Request, *, problem: str | None = None, status: int = 200) -> Response:
    actor_of(request, "manager")
    values = {"problem": problem, "size": BYTES_MAX // 2**20}
    return page(request, "stock/files.html", values, status=status)


async def _export(request: Request) -> Response:
    """Give out what lies where."""
    actor_of(request, "manager")
    rows = sheets.export_rows(context_of(request).database)
    return await sheet_response(request.path_params["kind"], "stock", rows)


async def _upload(request: Request) -> Response:
    """Read a file and look at each of its rows; nothing moves yet."""
    actor, context = actor_of(request, "manager"), context_of(request)
    fields, files = await read_upload(request, "file", files_max=1, bytes_max=BYTES_MAX)
    if fields.problems:
        return _files_page(request, problem=fields.problems["file"], status=422)
    upload_id = new_id()
    try:
        table: Mapping[str, Any] = await apart("safar.stock.sheet_rows:read_rows", files[0].body)
        if "problem" in table:
            return _files_page(request, problem=file_problem(table["problem"]), status=422)
        async with context.database.transaction() as connection:
            await sheets.review(connection, upload_id, files[0].name, table, staff_id=actor.id)
    except SafarError as refused:
        return _files_page(request, problem=error_text(refused), status=refused.status)
    return see_other(f"/stock/files/{upload_id}")


async def _preview(request: Request) -> Response:
    return await _preview_page(request)


async def _preview_page(request: Request, *, problem: str | None = None, status: int = 200) -> Response:
    actor_of(request, "manager")
    upload_id = parse_id(request.path_params["upload_id"])
    async with context_of(request).database.connection() as connection:
        upload = await upload_of(connection, upload_id, sheets.KIND)
        shown = shown_outcomes(request, upload)
        after = row_number(request)
        found = await rows_of(connection, upload_id, shown, after=after, limit=PAGE_SIZE + 1)
    values = preview_values(request, upload, found, shown, problem)
    return page(request, "stock/preview.html", values, status=status)


async def _write(request: Request) -> Response:
    """Book the rows that are right."""
    actor, context = actor_of(request, "manager"), context_of(request)
    upload_id = parse_id(request.path_params["upload_id"])
    try:
        async with context.database.transaction() as connection:
            upload = await upload_of(connection, upload_id, sheets.KIND)
            if not upload.writable and not upload.written_at:
                raise BadRequest
            await sheets.write(connection, upload, staff_id=actor.id)
    except NotFound:
        raise
    except SafarError as refused:
        return await _preview_page(request, problem=error_text(refused), status=refused.status)
    return see_other(f"/stock/files/{upload_id}")


routes: list[BaseRoute] = [
    Route("/stock/files", _files),
    Route("/stock/files/stock.{kind}", _export),
    Route("/stock/files/uploads", _upload, methods=["POST"]),
    Route("/stock/files/{upload_id}", _preview),
    Route("/stock/files/{upload_id}", _write, methods=["POST"]),
]
