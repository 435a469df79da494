"""Discount codes with what they brought: their orders."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from safar.capacity import actions as ledger
from safar.kernel.database import Connection, rows
from safar.pricing.discounts import discounts
from safar.pricing.errors import UnknownCode
from safar.pricing.model import Discount
from safar.shop.console.history import QUERIES

_ORDERS_MAX = 30


@dataclass(frozen=True, slots=True)
class Brought:
    """What the orders with a code came to in one currency; money of confirmed orders only."""

    code: str
    currency: str
    orders: int
    customers: int
    total_minor: int
    discount_minor: int


@dataclass(frozen=True, slots=True)
class ListedCode:
    """A code with its uses. `left` None: as many as anybody likes; `held` are in checkouts now."""

    discount: Discount
    brought: Sequence[Brought]
    left: int | None
    held: int

    @property
    def orders(self) -> int:
        return sum(source.orders for source in self.brought)

    @property
    def customers(self) -> int:
        return sum(source.customers for source in self.brought)

    def state(self, now: datetime) -> str:
        """Return "off", "not_yet", "over", "used_up" or "live"."""
        if not self.discount.active:
            return "off"
        if self.discount.starts_at and now < self.discount.starts_at:
            return "not_yet"
        if self.discount.ends_at and now >= self.discount.ends_at:
            return "over"
        return "used_up" if self.left is not None and self.left <= 0 else "live"


@dataclass(frozen=True, slots=True)
class CodeOrder:
    """An order in which a code was used."""

    id: UUID
    number: int
    name: str
    state: str
    total_minor: int
    discount_minor: int
    currency: str
    placed_at: datetime


async def codes(connection: Connection, query: str, *, limit: int, offset: int) -> list[ListedCode]:
    """Return the newest codes, with what they brought."""
    params = {"query": query, "limit": limit, "offset": offset}
    return await _listed(connection, await rows(Discount, connection, QUERIES["codes_listed"], params))


async def code(connection: Connection, name: str) -> ListedCode:
    """Return one code. Raises UnknownCode."""
    discount = (await discounts(connection, [name])).get(name)
    if discount is None:
        raise UnknownCode
    return (await _listed(connection, [discount]))[0]


async def orders_with(connection: Connection, name: str) -> list[CodeOrder]:
    """Return the newest orders with this code."""
    params = {"code": name, "limit": _ORDERS_MAX}
    return await rows(CodeOrder, connection, QUERIES["orders_with_code"], params)


async def _listed(connection: Connection, known: Sequence[Discount]) -> list[ListedCode]:
    names = [discount.code for discount in known]
    brought: Mapping[str, list[Brought]] = {name: [] for name in names}
    for sum_ in await rows(Brought, connection, QUERIES["brought"], {"codes": names}):
        brought[sum_.code].append(sum_)
    ids = [discount.account_id for discount in known if discount.account_id is not None]
    accounts = await ledger.accounts(connection, ids) if ids else {}
    listed = []
    for discount in known:
        account = accounts.get(discount.account_id) if discount.account_id is not None else None
        left, held = (account.free, account.held) if account else (None, 0)
        listed.append(ListedCode(discount, brought[discount.code], left, held))
    return listed
