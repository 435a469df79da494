"""What the catalogue's pages want of the stock room, which stands above it: the console hands it in."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol, cast
from uuid import UUID

from starlette.requests import Request

from safar.kernel.database import Connection


@dataclass(frozen=True, slots=True)
class Units:
    """Units of a variant over all locations that sell; `free` is what is neither sold nor kept back."""

    variant_id: UUID
    on_hand: int
    free: int


class Shelves(Protocol):
    """The stock room, as far as the catalogue's pages need it."""

    async def units_of(self, connection: Connection, variant_ids: Iterable[UUID]) -> Mapping[UUID, Units]: ...

    async def begin(
        self, connection: Connection, variant_id: UUID, units: int, *, staff_id: UUID
    ) -> None: ...


def stock_room_of(request: Request) -> Shelves | None:
    """Return the stock room that the surface has been given; None where there is none."""
    return cast("Shelves | None", getattr(request.app.state, "shelves", None))
