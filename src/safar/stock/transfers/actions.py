"""The verbs of transfers. What is on the way belongs to no location that sells; only the lines know it."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from safar.catalogue.actions import variants_by_id
from safar.journal.actions import append_many
from safar.journal.model import Event
from safar.kernel import clock
from safar.kernel.database import Connection, as_json, execute, row, rows, tuples, value
from safar.kernel.errors import SameKeyOtherBody
from safar.kernel.i18n import number as written
from safar.kernel.ids import derived_id
from safar.kernel.keyset import LAST_NUMBER
from safar.kernel.queries import queries_beside
from safar.stock.actions import levels, move_many
from safar.stock.errors import NoSuchMove
from safar.stock.model import LOSS, TRANSIT, Transfer
from safar.stock.purchasing.errors import TooManyLines
from safar.stock.restock import follow_fresh, take_out_many
from safar.stock.transfers.model import (
    MoreArrivedThanSent,
    NothingPlanned,
    NotOnTheWay,
    NotPlanned,
    TooManyToTransfer,
    TransferArrival,
    TransferLine,
    TransferPlan,
    TransferRow,
    TransferState,
    UnknownTransfer,
    WhyLost,
)

QUERIES = queries_beside(__file__)
LINES_MAX = 500


async def draft(connection: Connection, plan: TransferPlan) -> int:
    """Write down a transfer that has not left; return its number. Idempotent by its id.

    Raises NoSuchMove for one that leads nowhere else, TooManyLines, SameKeyOtherBody.
    """
    if plan.from_location_id == plan.to_location_id:
        raise NoSuchMove
    if len(plan.lines) > LINES_MAX:
        raise TooManyLines(count=LINES_MAX)
    summed: dict[UUID, int] = {}
    for variant_id, quantity in plan.lines:
        summed[variant_id] = summed.get(variant_id, 0) + quantity
    params = {
        "id": plan.transfer_id,
        "from_id": plan.from_location_id,
        "to_id": plan.to_location_id,
        "expected_on": plan.expected_on,
        "note": plan.note,
        "staff_id": plan.staff_id,
        "fingerprint": plan.fingerprint,
        "now": clock.now(),
        "lines": as_json([{"variant_id": id_, "quantity": units} for id_, units in summed.items()]),
    }
    number = await value(connection, QUERIES["insert_transfer"], params)
    if number is not None:
        about = {"number": number, "from": plan.from_location_id, "to": plan.to_location_id}
        await append_many(connection, [_event("transfer.drafted", plan.transfer_id, plan.staff_id, about)])
        return int(number)
    known = await tuples(connection, QUERIES["drafted"], {"id": plan.transfer_id})
    if not known or known[0][1] != plan.fingerprint:
        raise SameKeyOtherBody
    return int(known[0][0])


async def set_transfer_line(
    connection: Connection, transfer_id: UUID, variant_id: UUID, quantity: int
) -> None:
    """Put so many units on a transfer that has not left; none takes the line off.

    Raises NotPlanned, TooManyToTransfer.
    """
    transfer_ = await _locked(connection, transfer_id)
    if transfer_.state != TransferState.DRAFT:
        raise NotPlanned
    key = {"transfer_id": transfer_id, "variant_id": variant_id}
    if quantity == 0:
        await execute(connection, QUERIES["remove_line"], key)
        return
    await _check_free(connection, transfer_.from_location_id, {variant_id: quantity})
    params = {**key, "quantity": quantity, "lines_max": LINES_MAX}
    if not await execute(connection, QUERIES["set_line"], params):
        raise TooManyLines(count=LINES_MAX)


async def _check_free(connection: Connection, location_id: UUID, wanted: Mapping[UUID, int]) -> None:
    """Raise TooManyToTransfer for the first article of which fewer are free there than are wanted."""
    there = await levels(connection, list(wanted))
    variants = await variants_by_id(connection, wanted)
    for variant_id, quantity in wanted.items():
        level = there.get((variant_id, location_id))
        free = max(min(level.free, level.on_hand), 0) if level else 0
        if quantity > free:
            raise TooManyToTransfer(free=written(free), sku=variants[variant_id].sku)


async def send_transfer(connection: Connection, transfer_id: UUID, *, staff_id: UUID | None) -> None:
    """Let the units leave; again is the same as once. Writes transfer.sent and a move for each line.

    Raises TooManyToTransfer when a line has more than may leave, NotPlanned, NothingPlanned.
    """
    transfer_ = await _locked(connection, transfer_id)
    if transfer_.state == TransferState.SENT:
        return
    if transfer_.state != TransferState.DRAFT:
        raise NotPlanned
    lines = await transfer_lines_of(connection, transfer_id)
    if not lines:
        raise NothingPlanned
    await _check_free(
        connection, transfer_.from_location_id, {line.variant_id: line.quantity for line in lines}
    )
    moves = [
        _move(
            transfer_,
            line.variant_id,
            line.quantity,
            (transfer_.from_location_id, TRANSIT),
            step="sent",
            staff_id=staff_id,
        )
        for line in lines
    ]
    await take_out_many(connection, moves, "stock.transferred")
    await _set_state(connection, transfer_id, TransferState.SENT, transfer_.reason)
    about = {"number": transfer_.number, "units": sum(line.quantity for line in lines)}
    await append_many(connection, [_event("transfer.sent", transfer_id, staff_id, about)])


async def arrive(connection: Connection, arrival: TransferArrival) -> None:
    """Take in what arrived; a repetition of its id does nothing again. Writes transfer.arrived.

    What is missing at the last arrival is moved to the losses, told as stock.written_off. Raises
    NotOnTheWay, MoreThanSent, WhyLost, UnknownTransfer, and SameKeyOtherBody when the id was used for
    anything else, were it one line more.
    """
    transfer_ = await _locked(connection, arrival.transfer_id)
    if await _arrived_before(connection, arrival):
        return
    lines = {line.variant_id: line for line in await transfer_lines_of(connection, arrival.transfer_id)}
    stated = arrival.lines
    if stated is None:
        stated = tuple((id_, line.on_the_way) for id_, line in lines.items())
    got = {variant_id: units for variant_id, units in stated if units > 0}
    moves = [
        _move(
            transfer_,
            id_,
            units,
            (TRANSIT, transfer_.to_location_id),
            step=str(arrival.arrival_id),
            staff_id=arrival.staff_id,
        )
        for id_, units in got.items()
    ]
    if transfer_.state != TransferState.SENT:
        raise NotOnTheWay
    for variant_id, units in got.items():
        if variant_id not in lines or units > lines[variant_id].on_the_way:
            raise MoreArrivedThanSent(sku=lines[variant_id].sku if variant_id in lines else "?")
    left = {id_: line.on_the_way - got.get(id_, 0) for id_, line in lines.items()}
    lost = {id_: units for id_, units in left.items() if units} if arrival.last else {}
    if lost and not arrival.reason:
        raise WhyLost
    await _take_in(connection, transfer_, moves, got=got, lost=lost, arrival=arrival)
    closed = arrival.last or not any(left.values())
    if closed:
        await _set_state(connection, transfer_.id, TransferState.ARRIVED, arrival.reason)
    about = {"number": transfer_.number, "units": sum(got.values()), "units_lost": sum(lost.values())}
    await append_many(connection, [_event("transfer.arrived", transfer_.id, arrival.staff_id, about)])


async def call_off(connection: Connection, transfer_id: UUID, reason: str, *, staff_id: UUID | None) -> None:
    """Cancel a transfer: what is on the way goes back to where it came from. Again is the same as once.

    Writes transfer.cancelled.
    """
    transfer_ = await _locked(connection, transfer_id)
    if transfer_.closed_at:
        return
    if transfer_.state == TransferState.SENT:
        moves = [
            _move(
                transfer_,
                line.variant_id,
                line.on_the_way,
                (TRANSIT, transfer_.from_location_id),
                step="back",
                staff_id=staff_id,
            )
            for line in await transfer_lines_of(connection, transfer_id)
            if line.on_the_way
        ]
        outcomes = await move_many(connection, moves, "stock.transferred")
        await follow_fresh(connection, moves, outcomes)
    await _set_state(connection, transfer_id, TransferState.CANCELLED, reason)
    about = {"number": transfer_.number, "reason": reason}
    await append_many(connection, [_event("transfer.cancelled", transfer_id, staff_id, about)])


async def transfer(connection: Connection, transfer_id: UUID) -> TransferRow | None:
    return await row(TransferRow, connection, QUERIES["transfer"], {"id": transfer_id})


async def transfers(
    connection: Connection,
    *,
    states: Sequence[str] | None = None,
    before: int | None = None,
    limit: int = 50,
) -> list[TransferRow]:
    """Return transfers, the newest first, those with a lower number than `before`."""
    params = {"states": list(states or TransferState), "before": before or LAST_NUMBER, "limit": limit}
    return await rows(TransferRow, connection, QUERIES["transfers"], params)


async def transfer_lines_of(connection: Connection, transfer_id: UUID) -> list[TransferLine]:
    """Return a transfer's lines, by SKU."""
    params = {"transfer_id": transfer_id, "limit": LINES_MAX}
    return await rows(TransferLine, connection, QUERIES["lines_of"], params)


async def _take_in(
    connection: Connection,
    transfer_: TransferRow,
    moves: Sequence[Transfer],
    *,
    got: dict[UUID, int],
    lost: dict[UUID, int],
    arrival: TransferArrival,
) -> None:
    outcomes = await move_many(connection, moves, "stock.transferred")
    await follow_fresh(connection, moves, outcomes)
    losses = [
        _move(
            transfer_,
            id_,
            units,
            (TRANSIT, LOSS),
            step="lost",
            staff_id=arrival.staff_id,
            reason=arrival.reason,
        )
        for id_, units in lost.items()
    ]
    if losses:
        await follow_fresh(connection, losses, await move_many(connection, losses, "stock.written_off"))
    changes = [
        {"variant_id": id_, "arrived": got.get(id_, 0), "lost": lost.get(id_, 0)}
        for id_ in got.keys() | lost.keys()
    ]
    params = {"transfer_id": transfer_.id, "changes": as_json(changes)}
    await execute(connection, QUERIES["change_lines"], params)


async def _arrived_before(connection: Connection, arrival: TransferArrival) -> bool:
    """Write the arrival down, under the transfer's lock; tell whether this very one was taken in before."""
    params = {
        "id": arrival.arrival_id,
        "transfer_id": arrival.transfer_id,
        "fingerprint": arrival.fingerprint,
        "staff_id": arrival.staff_id,
        "now": clock.now(),
    }
    if await execute(connection, QUERIES["insert_arrival"], params):
        return False
    known = await value(connection, QUERIES["arrival_fingerprint"], {"id": arrival.arrival_id})
    if known != arrival.fingerprint:
        raise SameKeyOtherBody
    return True


async def _locked(connection: Connection, transfer_id: UUID) -> TransferRow:
    await execute(connection, QUERIES["lock_transfer"], {"id": transfer_id})
    transfer_ = await transfer(connection, transfer_id)
    if transfer_ is None:
        raise UnknownTransfer
    return transfer_


async def _set_state(connection: Connection, transfer_id: UUID, state: TransferState, reason: str) -> None:
    params = {"id": transfer_id, "state": state.value, "reason": reason, "now": clock.now()}
    await execute(connection, QUERIES["set_state"], params)


def _move(
    transfer_: TransferRow,
    variant_id: UUID,
    units: int,
    way: tuple[UUID, UUID],
    *,
    step: str,
    staff_id: UUID | None,
    reason: str = "transfer",
) -> Transfer:
    """Return the move of a line on `way` (from, to); its id follows from the step, so it is made once."""
    return Transfer(
        move_id=derived_id("transfer", transfer_.id, variant_id, step),
        variant_id=variant_id,
        from_location_id=way[0],
        to_location_id=way[1],
        quantity=units,
        reason=reason,
        document=f"TR {transfer_.number}",
        staff_id=staff_id,
    )


def _event(name: str, transfer_id: UUID, staff_id: UUID | None, about: dict[str, Any]) -> Event:
    return Event(name=name, staff_id=staff_id, subject_id=transfer_id, properties=about)
