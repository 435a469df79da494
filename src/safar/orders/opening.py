"""Opening an order by its signed link: whether the link still counts, and what this browser has shown."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from starlette.requests import Request

from safar.customers.actions import Proof
from safar.customers.visitor import visitor_of
from safar.kernel import clock
from safar.kernel.database import Connection, execute, row
from safar.kernel.errors import NotFound
from safar.kernel.web.headers import list_of
from safar.kernel.web.pages import context_of
from safar.orders.errors import LinkOver, NotShownHere
from safar.orders.links import OrderLink, read_link
from safar.orders.ownership import take_proof
from safar.orders.reading import QUERIES

_READERS_MAX = 50


@dataclass(frozen=True, slots=True)
class Opened:
    """An order that was opened. `whole`: this browser placed it, or has opened a link out of its mailbox.

    Otherwise somebody was given the link: they see how the order stands, and nothing of whose it is.
    """

    order_id: UUID
    whole: bool


@dataclass(frozen=True, slots=True)
class _Order:
    customer_id: UUID
    visitor_id: UUID | None
    email: str
    language: str
    links_since: datetime | None
    kept_shortly: bool
    proven: bool
    read_by_mail: bool | None


async def opened(request: Request) -> Opened:
    """Open the order of the request's link, and keep what that shows. Raises NotFound, LinkOver."""
    context, visitor = context_of(request), visitor_of(request)
    link = read_link(context, request.path_params["signed"])
    params = {"id": link.order_id, "visitor_id": visitor.visitor_id}
    async with context.database.connection() as connection:
        order = await row(_Order, connection, QUERIES["order_link"], params)
    if order is None:
        raise NotFound
    lasts = timedelta(days=context.settings.order_link_days)
    if link.made_at + lasts < clock.now() or _is_revoked(link, order.links_since):
        raise LinkOver
    placed = order.visitor_id == visitor.visitor_id
    taken_in = order.proven and not order.kept_shortly and (placed or order.read_by_mail)
    news = link.by_mail and not taken_in
    if (news or not (placed or order.read_by_mail is not None)) and not _looks_ahead(request):
        async with context.database.transaction() as connection:
            await _note(connection, link, order, visitor.visitor_id, placed=placed)
    return Opened(link.order_id, link.by_mail or placed or bool(order.read_by_mail))


async def opened_whole(request: Request) -> Opened:
    """Open the order to change it or to see whose it is. Raises also NotShownHere."""
    order = await opened(request)
    if not order.whole:
        raise NotShownHere
    return order


def _is_revoked(link: OrderLink, since: datetime | None) -> bool:
    return since is not None and link.made_at < since.replace(microsecond=0)


def _looks_ahead(request: Request) -> bool:
    """Tell whether a program fetches what a person may look at later: nobody has read anything yet."""
    ahead = any("prefetch" in list_of(request.headers, name).lower() for name in ("sec-purpose", "purpose"))
    return request.method == "HEAD" or ahead


async def _note(
    connection: Connection, link: OrderLink, order: _Order, visitor_id: UUID, *, placed: bool
) -> None:
    if link.by_mail and (order.kept_shortly or not order.proven):
        proof = Proof(
            claimant=order.customer_id,
            kind="email",
            value=order.email,
            language=order.language,
            browser=visitor_id,
        )
        await take_proof(connection, proof)
    if not placed:
        params = {
            "id": link.order_id,
            "visitor_id": visitor_id,
            "by_mail": link.by_mail,
            "most": _READERS_MAX,
            "now": clock.now(),
        }
        await execute(connection, QUERIES["note_reader"], params)
