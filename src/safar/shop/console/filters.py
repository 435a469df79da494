"""Which orders a list's address asks for; and such addresses, kept by those who want them again."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

from starlette.requests import Request

from safar.kernel import clock
from safar.kernel.database import Connection, execute, rows, value
from safar.kernel.errors import Conflict
from safar.kernel.ids import derived_id
from safar.kernel.text import whole_number
from safar.kernel.web.forms import Fields
from safar.orders.words import PAYMENT_STATES, STATES
from safar.shop.console.find import OrderSearch
from safar.shop.console.history import QUERIES

_QUERY_CHARACTERS_MAX = 100
_TAG_CHARACTERS_MAX = 40
_VIEWS_MAX = 20
NAMES = ("q", "state", "payment", "late", "returns", "from", "to", "tag")


class TooManyViews(Conflict):
    """You have %(count)s saved views, and there is no room for more. Remove one first."""

    code = "too_many_views"


@dataclass(frozen=True, slots=True)
class OrderView:
    """Filters of the list that somebody has given a name."""

    id: UUID
    name: str
    filters: str


def order_search_of(request: Request) -> OrderSearch:
    """Read which orders are wanted; what is none of our words asks for nothing."""
    query = request.query_params
    state, payment = query.get("state"), query.get("payment")
    days = Fields({name: query.get(name, "") for name in ("from", "to")})
    tag = query.get("tag", "").strip()[:_TAG_CHARACTERS_MAX]
    return OrderSearch(
        query=_plain(query.get("q", "").strip()[:_QUERY_CHARACTERS_MAX]),
        state=state if state in STATES else None,
        payment=payment if payment in PAYMENT_STATES else None,
        late="late" in query,
        with_returns="returns" in query,
        since=days.day("from"),
        until=days.day("to"),
        tag=_plain(tag) or None,
        before=whole_number(query.get("before", "")),
    )


def filters_of(wanted: OrderSearch) -> str:
    """Return the filters as an address has them, without the page that is shown."""
    pairs = {
        "q": wanted.query,
        "state": wanted.state,
        "payment": wanted.payment,
        "late": "1" if wanted.late else "",
        "returns": "1" if wanted.with_returns else "",
        "from": wanted.since.isoformat() if wanted.since else "",
        "to": wanted.until.isoformat() if wanted.until else "",
        "tag": wanted.tag,
    }
    return urlencode({name: text for name, text in pairs.items() if text})


def known_filters(text: str) -> str:
    """Return of an address's query what are filters of the list."""
    return urlencode([(name, value) for name, value in parse_qsl(text[:2000]) if name in NAMES])


async def views_of(connection: Connection, staff_id: UUID) -> Sequence[OrderView]:
    return await rows(OrderView, connection, QUERIES["order_views"], {"staff_id": staff_id})


async def save_view(connection: Connection, staff_id: UUID, *, name: str, filters: str) -> None:
    """Keep filters under a name; the same name takes the new ones. Raises TooManyViews."""
    others = await value(connection, QUERIES["other_views"], {"staff_id": staff_id, "name": name})
    if others >= _VIEWS_MAX:
        raise TooManyViews(count=_VIEWS_MAX)
    params = {
        "id": derived_id("view", staff_id, name),
        "staff_id": staff_id,
        "name": name,
        "filters": filters,
        "now": clock.now(),
    }
    await execute(connection, QUERIES["save_view"], params)


async def remove_view(connection: Connection, view_id: UUID, staff_id: UUID) -> None:
    await execute(connection, QUERIES["remove_view"], {"id": view_id, "staff_id": staff_id})


def _plain(text: str) -> str:
    return text if text.isprintable() else ""
