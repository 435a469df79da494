"""Reading what managers have set, and what came of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from safar.capacity import actions as ledger
from safar.kernel.database import Connection, row, rows
from safar.shop.pricing.errors import UnknownCode, UnknownZone
from safar.shop.pricing.model import Discount, ShippingMethod
from safar.shop.pricing.rules import QUERIES, method_of_row

_ORDERS_MAX = 30


@dataclass(frozen=True, slots=True)
class ListedMethod:
    """A way to send as staff see it."""

    method: ShippingMethod
    active: bool


@dataclass(frozen=True, slots=True)
class ListedZone:
    """A zone as staff see it."""

    id: UUID
    name: str
    countries: Sequence[str]
    postcodes: Sequence[str]
    methods: Sequence[ListedMethod]


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
        return sum(one.orders for one in self.brought)

    @property
    def customers(self) -> int:
        return sum(one.customers for one in self.brought)

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


@dataclass(frozen=True, slots=True)
class _Zone:
    id: UUID
    name: str
    countries: list[str]
    postcodes: list[str]
    methods: list[dict[str, Any]]


async def zones(connection: Connection, zone_id: UUID | None = None) -> list[ListedZone]:
    found = await rows(_Zone, connection, QUERIES["zones_listed"], {"id": zone_id})
    return [
        ListedZone(
            zone.id, zone.name, zone.countries, zone.postcodes,
            [ListedMethod(method_of_row(one), one["active"]) for one in zone.methods],
        )
        for zone in found
    ]  # fmt: skip


async def zone(connection: Connection, zone_id: UUID) -> ListedZone:
    """Return one zone. Raises UnknownZone."""
    found = await zones(connection, zone_id)
    if not found:
        raise UnknownZone
    return found[0]


async def codes(connection: Connection, query: str, *, limit: int, offset: int) -> list[ListedCode]:
    """Return the newest codes, with what they brought."""
    params = {"query": query, "limit": limit, "offset": offset}
    return await _listed(connection, await rows(Discount, connection, QUERIES["codes_listed"], params))


async def code(connection: Connection, name: str) -> ListedCode:
    """Return one code. Raises UnknownCode."""
    found = await row(Discount, connection, QUERIES["discounts"], {"codes": [name]})
    if found is None:
        raise UnknownCode
    return (await _listed(connection, [found]))[0]


async def orders_with(connection: Connection, name: str) -> list[CodeOrder]:
    """Return the newest orders with this code."""
    params = {"code": name, "limit": _ORDERS_MAX}
    return await rows(CodeOrder, connection, QUERIES["orders_with_code"], params)


async def _listed(connection: Connection, found: Sequence[Discount]) -> list[ListedCode]:
    names = [one.code for one in found]
    brought: Mapping[str, list[Brought]] = {name: [] for name in names}
    for sum_ in await rows(Brought, connection, QUERIES["brought"], {"codes": names}):
        brought[sum_.code].append(sum_)
    ids = [one.account_id for one in found if one.account_id is not None]
    accounts = await ledger.accounts(connection, ids) if ids else {}
    listed = []
    for one in found:
        account = accounts.get(one.account_id) if one.account_id is not None else None
        left, held = (account.free, account.held) if account else (None, 0)
        listed.append(ListedCode(one, brought[one.code], left, held))
    return listed
