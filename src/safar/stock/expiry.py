"""Units past their date: they go into quarantine by themselves, so that nobody is promised one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from safar.journal.actions import append_many
from safar.journal.model import Event
from safar.kernel import clock
from safar.kernel.database import Connection, Database, execute, rows, tuples
from safar.kernel.errors import NotFound, SafarError
from safar.kernel.ids import new_id
from safar.kernel.log import log
from safar.kernel.setbacks import nobodys_fault, note
from safar.stock.actions import move_many
from safar.stock.lots import QUERIES, follow_many
from safar.stock.lots_decide import NEVER
from safar.stock.model import QUARANTINE, Transfer

_LOTS_AT_ONCE = 200


class UnknownLot(NotFound):
    """There is no such lot. Look for it in the list of lots."""

    code = "unknown_lot"


@dataclass(frozen=True, slots=True)
class Expired:
    """Units of a lot on a shelf, and how many of the variant in one of its books are not held."""

    lot_id: UUID
    variant_id: UUID
    code: str
    shelf_id: UUID
    units: int
    location_id: UUID
    free: int


def moves_of(expired: Sequence[Expired]) -> list[tuple[Transfer, UUID]]:
    """Return the moves into quarantine, each with its lot: of each lot as many as are not promised."""
    left: dict[tuple[UUID, UUID], int] = {}
    free: dict[tuple[UUID, UUID], int] = {}
    moves = []
    for lot in expired:
        units = left.setdefault((lot.lot_id, lot.shelf_id), lot.units)
        unheld = free.setdefault((lot.variant_id, lot.location_id), lot.free)
        taken = min(units, unheld)
        if taken <= 0:
            continue
        left[lot.lot_id, lot.shelf_id] -= taken
        free[lot.variant_id, lot.location_id] -= taken
        move = Transfer(
            move_id=new_id(),
            variant_id=lot.variant_id,
            from_location_id=lot.location_id,
            to_location_id=QUARANTINE,
            quantity=taken,
            reason="expired",
            document=lot.code,
        )
        moves.append((move, lot.lot_id))
    return moves


async def set_expired_aside(database: Database) -> int:
    """Take what is past its date out of sale; return how many moves that took.

    Units that are promised to customers stay where they are and are not sent: staff see them among the lots.
    A lot that cannot move now holds up no other.
    """
    async with database.connection() as connection:
        params = {"today": clock.today(connection.zone), "limit": _LOTS_AT_ONCE}
        moves = moves_of(await rows(Expired, connection, QUERIES["expired"], params))
    done = 0
    for move, lot_id in moves:
        try:
            async with database.transaction() as connection:
                await move_many(connection, [move], "stock.transferred")
                await follow_many(connection, [move], {move.move_id: lot_id})
            done += 1
        except SafarError as refused:  # somebody was promised them at this moment
            log.info("stock.expired_stays", variant=str(move.variant_id), error=refused.code)
        except Exception as error:
            if nobodys_fault(error):
                raise
            await note(database, "stock.expired", lot_id, error)
    return done


async def date_lot(
    connection: Connection, lot_id: UUID, expires_on: date | None, *, staff_id: UUID | None
) -> None:
    """Correct the last day on which a lot may be sold (None: it has none). Writes stock.lot_dated.

    What has been taken out of sale for a wrong date is moved back by staff. Raises UnknownLot.
    """
    dated = await tuples(connection, QUERIES["date_lot"], {"id": lot_id, "expires_on": expires_on})
    if not dated:
        raise UnknownLot
    lot = dated[0]
    await execute(connection, QUERIES["date_lot_levels"], {"id": lot_id, "expires_on": expires_on or NEVER})
    about = {"lot": lot[1], "expires_on": expires_on}
    event = Event(name="stock.lot_dated", staff_id=staff_id, subject_id=lot[0], properties=about)
    await append_many(connection, [event])
