"""Reading returns, and how much of an order has left, come back and been paid back."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import LiteralString
from uuid import UUID

from safar.kernel.database import Connection, row, rows, values
from safar.kernel.queries import queries_beside
from safar.returns.model import Return, ReturnGoods, ReturnLine

QUERIES = queries_beside(__file__)
_OTHER_VARIANTS_MAX = 500

Units = dict[UUID, dict[UUID, int]]  # by order and variant


@dataclass(frozen=True, slots=True)
class _Units:
    order_id: UUID
    variant_id: UUID
    units: int


@dataclass(frozen=True, slots=True)
class Progress:
    """How much of an order there is to send, has left and has come back; how many of its returns are open.

    Of its money, once it is paid: what pays for no other order, what of it is to go back, and what has.
    """

    order_id: UUID
    units: int
    shipped: int
    open_returns: int
    back: int
    paid_minor: int
    refunding_minor: int
    refunded_minor: int

    @property
    def is_sent_back(self) -> bool:
        """Tell whether all of it has left, and all of it has come back."""
        return 0 < self.units <= min(self.shipped, self.back)

    @property
    def partly_shipped(self) -> bool:
        return 0 < self.shipped < self.units


@dataclass(frozen=True, slots=True)
class Origin:
    """The return and the order that an exchange comes from; `state`: the return's."""

    id: UUID
    number: int
    state: str
    order_id: UUID
    order_number: int


@dataclass(frozen=True, slots=True)
class OtherVariant:
    """Another variant of the product of `of_id`."""

    of_id: UUID
    id: UUID
    title: str
    sku: str


async def returns_by_id(connection: Connection, ids: Iterable[UUID]) -> dict[UUID, Return]:
    returns = await rows(Return, connection, QUERIES["returns"], {"ids": list(ids)})
    return {record.id: record for record in returns}


async def returns_of(connection: Connection, order_ids: Iterable[UUID]) -> dict[UUID, list[Return]]:
    """Return the returns of each order, the oldest first."""
    by_order: dict[UUID, list[Return]] = {id_: [] for id_ in order_ids}
    for return_ in await rows(Return, connection, QUERIES["returns_of_orders"], {"ids": list(by_order)}):
        by_order[return_.order_id].append(return_)
    return by_order


async def return_lines_of(connection: Connection, return_ids: Iterable[UUID]) -> dict[UUID, list[ReturnLine]]:
    by_return: dict[UUID, list[ReturnLine]] = {id_: [] for id_ in return_ids}
    for line in await rows(ReturnLine, connection, QUERIES["return_lines"], {"ids": list(by_return)}):
        by_return[line.return_id].append(line)
    return by_return


async def return_goods_of(connection: Connection, return_id: UUID) -> list[ReturnGoods]:
    """Return what came back in fact, and where it was put."""
    return await rows(ReturnGoods, connection, QUERIES["return_goods"], {"ids": [return_id]})


async def returned_units(connection: Connection, order_ids: Iterable[UUID]) -> Units:
    """Return, by order and variant, the units of its lines that came back or are asked to."""
    return await _units(connection, QUERIES["returned_units"], order_ids)


async def returned_goods(connection: Connection, order_ids: Iterable[UUID]) -> Units:
    """Return, by order and variant, the goods that came back in fact."""
    return await _units(connection, QUERIES["returned_goods"], order_ids)


async def credited_units(
    connection: Connection, order_ids: Iterable[UUID], *, but: UUID | None = None
) -> Units:
    """Return, by order and variant, the units of its lines whose worth was given back or exchanged.

    `but`: a return that does not count.
    """
    return await _units(connection, QUERIES["credited_units"], order_ids, but=but)


async def _units(
    connection: Connection, query: LiteralString, order_ids: Iterable[UUID], **more: UUID | None
) -> Units:
    units: dict[UUID, dict[UUID, int]] = {id_: {} for id_ in order_ids}
    for counted in await rows(_Units, connection, query, {"ids": list(units), **more}):
        units[counted.order_id][counted.variant_id] = counted.units
    return units


async def exchanged_from(connection: Connection, order_id: UUID) -> Origin | None:
    """Return what an order was made for, when it is an exchange."""
    return await row(Origin, connection, QUERIES["exchanged_from"], {"order_id": order_id})


async def other_variants(
    connection: Connection, variant_ids: Sequence[UUID]
) -> dict[UUID, list[OtherVariant]]:
    """Return, for each variant, all variants of its product that are sold: itself, too."""
    params = {"ids": list(variant_ids), "limit": _OTHER_VARIANTS_MAX}
    others: dict[UUID, list[OtherVariant]] = {id_: [] for id_ in variant_ids}
    for variant in await rows(OtherVariant, connection, QUERIES["other_variants"], params):
        others[variant.of_id].append(variant)
    return others


async def progress_of(connection: Connection, order_ids: Iterable[UUID]) -> dict[UUID, Progress]:
    progress_rows = await rows(Progress, connection, QUERIES["progress"], {"ids": list(order_ids)})
    return {record.order_id: record for record in progress_rows}


async def kin(connection: Connection, order_ids: Iterable[UUID]) -> set[UUID]:
    """Return the orders that must be locked with these: their goods, or their money, hang together."""
    return set(await values(connection, QUERIES["kin"], {"ids": list(order_ids)}))
