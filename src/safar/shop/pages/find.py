"""Finding one's orders: those of this browser, and any other by its number and e-mail address."""

from weakref import WeakKeyDictionary

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from safar.customers.visitor import visitor_of
from safar.gate.door.limits import Buckets
from safar.kernel.context import Context
from safar.kernel.database import Database
from safar.kernel.errors import InvalidInput
from safar.kernel.i18n import _
from safar.kernel.text import whole_number
from safar.kernel.web.access import PublicRoute
from safar.kernel.web.forms import Fields, read_fields
from safar.kernel.web.pages import context_of, error_text, page, wants_json
from safar.kernel.web.requests import client_address
from safar.orders.find import mail_link
from safar.orders.links import path_of
from safar.orders.ownership import orders_shown_to_browser
from safar.orders.words import STATES
from safar.shop.checkout.errors import TooManySearches

_SHOWN_MAX = 20
_NUMBER_DIGITS_MAX = 18
_tries: WeakKeyDictionary[Database, Buckets] = WeakKeyDictionary()


async def _find(request: Request) -> Response:
    return await _page(request)


async def _page(
    request: Request,
    *,
    fields: Fields | None = None,
    problem: str | None = None,
    sent_to: str = "",
    status: int = 200,
) -> Response:
    context = context_of(request)
    async with context.database.connection() as connection:
        visitor_id = visitor_of(request).visitor_id
        orders = await orders_shown_to_browser(connection, visitor_id, limit=_SHOWN_MAX)
    values = {
        "orders": [(order, path_of(context, order.id)) for order in orders],
        "states": STATES,
        "typed": fields.values if fields else {},
        "problems": fields.problems if fields else {},
        "problem": problem,
        "sent_to": sent_to,
    }
    return page(request, "shop/find.html", values, status=status)


async def _ask(request: Request) -> Response:
    """Mail the link; the answer is the same whether there is such an order or not."""
    context, fields = context_of(request), await read_fields(request)
    email = fields.email("email")
    typed = fields.text("number", length_max=_NUMBER_DIGITS_MAX + 1).removeprefix("#")
    number = whole_number(typed, digits_max=_NUMBER_DIGITS_MAX)
    if number is None:
        fields.problems["number"] = _("Enter the order number, such as 10023.")
    if "email" in fields.problems and not fields.values.get("email", "").strip():
        fields.problems["email"] = _("Enter the e-mail address you ordered with.")
    try:
        fields.done()
        if not _tries_of(context).take(client_address(request)):
            raise TooManySearches
    except (InvalidInput, TooManySearches) as refused:
        if wants_json(request):
            raise
        problem = None if isinstance(refused, InvalidInput) else error_text(refused)
        return await _page(request, fields=fields, problem=problem, status=refused.status)
    async with context.database.transaction() as connection:
        await mail_link(context, connection, number or 0, email)
    if wants_json(request):
        return JSONResponse({"asked": True}, 202)
    return await _page(request, sent_to=email)


def _tries_of(context: Context) -> Buckets:
    """Return how often each network may ask: counted in each process."""
    most = context.settings.find_order_tries_hour
    return _tries.setdefault(context.database, Buckets(most / 60, most))


routes: list[BaseRoute] = [
    PublicRoute("/find-order", _find, why="shows what this browser has ordered or opened"),
    PublicRoute("/find-order", _ask, why="the link goes to the order's mailbox only", methods=["POST"]),
]
