"""Files of the catalogue: give out, hand in, look at what each row would do, take over."""

from functools import partial

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from safar.catalogue.sheets import actions as sheets
from safar.catalogue.sheets import importing
from safar.catalogue.sheets.rows import PLAIN_COLUMNS
from safar.kernel.apart import apart
from safar.kernel.i18n import LANGUAGES
from safar.kernel.sheets import BYTES_MAX
from safar.kernel.web.access import StaffRoute
from safar.kernel.web.actor import actor_of
from safar.kernel.web.pages import context_of, page

_PREVIEW = "catalogue/preview.html"


async def _files(request: Request) -> Response:
    return _page(request)


def _page(request: Request, problem: str | None = None, status: int = 200) -> Response:
    settings = context_of(request).settings
    values = {
        "columns": PLAIN_COLUMNS,
        "problem": problem,
        "currency": settings.currency,
        "spoken": [code for code in LANGUAGES if code != settings.language],
        "size": BYTES_MAX // 2**20,
    }
    return page(request, "catalogue/files.html", values, status=status)


async def _export(request: Request) -> Response:
    """Give out the whole catalogue, in the order of the article numbers."""
    context = context_of(request)
    rows = sheets.catalogue_rows(context.database, context.settings.currency, context.settings.language)
    return await importing.give_out(request.path_params["kind"], "products", rows)


async def _upload(request: Request) -> Response:
    actor, settings = actor_of(request), context_of(request).settings
    currency, language = settings.currency, settings.language
    return await importing.hand_in(
        request,
        "/catalogue/files",
        _page,
        lambda body: apart("safar.catalogue.sheets.rows:read_catalogue_rows", body, currency, language),
        lambda _fields: partial(sheets.review_catalogue, currency=currency, staff_id=actor.id),
    )


async def _preview(request: Request) -> Response:
    return await importing.preview(request, sheets.KIND, _PREVIEW)


async def _wrong(request: Request) -> Response:
    return await importing.wrong_rows(request, sheets.KIND)


async def _write(request: Request) -> Response:
    actor, settings = actor_of(request), context_of(request).settings
    write = partial(sheets.write_catalogue, currency=settings.currency, staff_id=actor.id)
    return await importing.take_over(request, sheets.KIND, _PREVIEW, write)


routes: list[BaseRoute] = [
    StaffRoute("/catalogue/files", _files, role="manager"),
    StaffRoute("/catalogue/files/products.{kind}", _export, role="manager"),
    StaffRoute("/catalogue/files/uploads", _upload, role="manager", methods=["POST"]),
    StaffRoute("/catalogue/files/{upload_id}", _preview, role="manager"),
    StaffRoute("/catalogue/files/{upload_id}/wrong.csv", _wrong, role="manager"),
    StaffRoute("/catalogue/files/{upload_id}", _write, role="manager", methods=["POST"]),
]
