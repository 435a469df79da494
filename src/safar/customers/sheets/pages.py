"""Files of customers in the console: give out, hand in, look at what each row would do, import."""

from functools import partial

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from safar.catalogue.sheets import importing
from safar.customers.sheets import actions as sheets
from safar.customers.sheets.rows import COLUMNS
from safar.kernel.apart import apart
from safar.kernel.sheets import BYTES_MAX
from safar.kernel.web.access import StaffRoute
from safar.kernel.web.actor import actor_of
from safar.kernel.web.forms import Fields
from safar.kernel.web.pages import context_of, page

_PREVIEW = "customers/preview.html"
_ORIGIN_MAX = 100


async def _files(request: Request) -> Response:
    return _page(request)


def _page(request: Request, problem: str | None = None, status: int = 200) -> Response:
    values = {"problem": problem, "size": BYTES_MAX // 2**20, "columns": COLUMNS}
    return page(request, "customers/files.html", values, status=status)


async def _export(request: Request) -> Response:
    """Give out everybody who has an address, with their consent."""
    context = context_of(request)
    rows = sheets.customer_rows(context.database, context.settings.timezone)
    return await importing.give_out(request.path_params["kind"], "customers", rows)


async def _upload(request: Request) -> Response:
    actor, context = actor_of(request), context_of(request)

    def review_of(fields: Fields) -> importing.Review:
        text = fields.text("origin", length_max=_ORIGIN_MAX, required=fields.ticked("everybody"))
        fields.done()
        return partial(
            sheets.review_customers,
            language=context.settings.language,
            origin=sheets.ConsentOrigin(text, fields.ticked("everybody")),
            staff_id=actor.id,
        )

    read = partial(apart, "safar.customers.sheets.rows:read_customer_rows")
    return await importing.hand_in(request, "/customers/files", _page, read, review_of)


async def _preview(request: Request) -> Response:
    return await importing.preview(request, sheets.KIND, _PREVIEW)


async def _wrong(request: Request) -> Response:
    return await importing.wrong_rows(request, sheets.KIND)


async def _write(request: Request) -> Response:
    write = partial(sheets.write_customers, staff_id=actor_of(request).id)
    return await importing.take_over(request, sheets.KIND, _PREVIEW, write)


routes: list[BaseRoute] = [
    StaffRoute("/customers/files", _files, role="manager"),
    StaffRoute("/customers/files/customers.{kind}", _export, role="manager"),
    StaffRoute("/customers/files/uploads", _upload, role="manager", methods=["POST"]),
    StaffRoute("/customers/files/{upload_id}", _preview, role="manager"),
    StaffRoute("/customers/files/{upload_id}/wrong.csv", _wrong, role="manager"),
    StaffRoute("/customers/files/{upload_id}", _write, role="manager", methods=["POST"]),
]
