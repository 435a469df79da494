"""Files of stock figures: give out, hand in, look at what each row would book, book."""

from functools import partial

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from safar.catalogue.sheets import importing
from safar.kernel.apart import apart
from safar.kernel.sheets import BYTES_MAX
from safar.kernel.web.access import StaffRoute
from safar.kernel.web.actor import actor_of
from safar.kernel.web.pages import context_of, page
from safar.stock import sheets

_PREVIEW = "stock/preview.html"


async def _files(request: Request) -> Response:
    return _page(request)


def _page(request: Request, problem: str | None = None, status: int = 200) -> Response:
    return page(request, "stock/files.html", {"problem": problem, "size": BYTES_MAX // 2**20}, status=status)


async def _export(request: Request) -> Response:
    """Give out what lies where."""
    rows = sheets.stock_rows(context_of(request).database)
    return await importing.give_out(request.path_params["kind"], "stock", rows)


async def _upload(request: Request) -> Response:
    review = partial(sheets.review_stock, staff_id=actor_of(request).id)
    read = partial(apart, "safar.stock.sheet_rows:read_stock_rows")
    return await importing.hand_in(request, "/stock/files", _page, read, lambda _fields: review)


async def _preview(request: Request) -> Response:
    return await importing.preview(request, sheets.KIND, _PREVIEW)


async def _wrong(request: Request) -> Response:
    return await importing.wrong_rows(request, sheets.KIND)


async def _write(request: Request) -> Response:
    write = partial(sheets.write_stock, staff_id=actor_of(request).id)
    return await importing.take_over(request, sheets.KIND, _PREVIEW, write)


routes: list[BaseRoute] = [
    StaffRoute("/stock/files", _files, role="manager"),
    StaffRoute("/stock/files/stock.{kind}", _export, role="manager"),
    StaffRoute("/stock/files/uploads", _upload, role="manager", methods=["POST"]),
    StaffRoute("/stock/files/{upload_id}", _preview, role="manager"),
    StaffRoute("/stock/files/{upload_id}/wrong.csv", _wrong, role="manager"),
    StaffRoute("/stock/files/{upload_id}", _write, role="manager", methods=["POST"]),
]
