"""Bins: the shelf or box in which a variant lies at a location, as the picking list names it."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from safar.kernel import clock
from safar.kernel.database import Connection, as_json, execute, rows
from safar.kernel.queries import queries_beside
from safar.stock.model import Place

QUERIES = queries_beside(__file__)
BIN_MAX = 40
_NUMBER = re.compile(r"(\d+)")


@dataclass(frozen=True, slots=True)
class Bin:
    """The name of a shelf; empty: none is known."""

    variant_id: UUID
    location_id: UUID
    bin: str


def order_of_bin(name: str) -> list[tuple[int, str]]:
    """Return where a bin stands among others: A2 before A10."""
    return [(int(part), "") if part.isdecimal() else (-1, part.casefold()) for part in _NUMBER.split(name)]


async def bins_of(connection: Connection, variant_ids: Iterable[UUID]) -> dict[Place, str]:
    """Return the bins of variants, by variant and location."""
    params = {"variant_ids": list(variant_ids)}
    known = await rows(Bin, connection, QUERIES["bins"], params)
    return {(shelf.variant_id, shelf.location_id): shelf.bin for shelf in known}


async def set_bins(connection: Connection, bins: Sequence[Bin]) -> None:
    """Say where variants lie; an empty bin is forgotten."""
    params = {"bins": as_json(bins), "now": clock.now()}
    await execute(connection, QUERIES["forget_bins"], params)
    await execute(connection, QUERIES["set_bins"], params)
