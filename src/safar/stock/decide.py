"""What moves do to levels, without I/O."""

from collections.abc import Container, Iterable, Mapping, Sequence
from uuid import UUID

from safar.capacity.model import EndedHold, HoldState
from safar.kernel.ids import new_id
from safar.stock.model import (
    CUSTOMER,
    LOSS,
    SUPPLIER,
    Adjustment,
    LevelState,
    Place,
    Shipped,
    StockClaim,
    StockReceipt,
    Transfer,
    outgoing_of,
)

LOW_UNITS = 10


def transfer_of_receipt(receipt: StockReceipt) -> Transfer:
    return Transfer(
        move_id=receipt.move_id,
        variant_id=receipt.variant_id,
        from_location_id=SUPPLIER,
        to_location_id=receipt.location_id,
        quantity=receipt.quantity,
        reason=receipt.reason,
        document=receipt.document,
        staff_id=receipt.staff_id,
    )


def transfer_of_adjustment(adjustment: Adjustment) -> Transfer:
    """Return the move that an adjustment is: units found come from the losses, units missing go there."""
    surplus = adjustment.difference > 0
    return Transfer(
        move_id=adjustment.move_id,
        variant_id=adjustment.variant_id,
        from_location_id=LOSS if surplus else adjustment.location_id,
        to_location_id=adjustment.location_id if surplus else LOSS,
        quantity=abs(adjustment.difference),
        reason=adjustment.reason,
        document=adjustment.document,
        staff_id=adjustment.staff_id,
    )


def transfer_of_shipped(shipped: Shipped) -> Transfer:
    return Transfer(
        move_id=shipped.move_id,
        variant_id=shipped.variant_id,
        from_location_id=outgoing_of(shipped.location_id),
        to_location_id=CUSTOMER,
        quantity=shipped.quantity,
        reason="shipped",
        document=shipped.document,
        staff_id=shipped.staff_id,
    )


def level_changes(transfers: Iterable[Transfer], without_level: Container[UUID]) -> dict[Place, int]:
    """Return what moves change at the locations that have levels; with the others they cancel out."""
    changes: dict[Place, int] = {}
    for transfer in transfers:
        for location_id, sign in ((transfer.from_location_id, -1), (transfer.to_location_id, 1)):
            if location_id not in without_level:
                place = (transfer.variant_id, location_id)
                changes[place] = changes.get(place, 0) + sign * transfer.quantity
    return changes


def sale_moves(claims: Sequence[StockClaim], endings: Sequence[EndedHold]) -> list[Transfer]:
    """Return the moves to what is sold and not yet shipped, for claims only that took the units just now."""
    return moves_of_claims(
        claim
        for claim, ended in zip(claims, endings, strict=True)
        if ended.changed and ended.state is HoldState.CLAIMED
    )


def moves_of_claims(claims: Iterable[StockClaim]) -> list[Transfer]:
    return [
        Transfer(
            move_id=new_id(),
            variant_id=variant_id,
            from_location_id=location_id,
            to_location_id=outgoing_of(location_id),
            quantity=quantity,
            reason="sold",
            document=claim.document,
        )
        for claim in claims
        for variant_id, location_id, quantity in claim.lines
    ]


def split_repeated(transfers: Sequence[Transfer]) -> tuple[list[Transfer], set[UUID]]:
    """Return each move once, by id, and the ids that stand for two different moves."""
    first: dict[UUID, Transfer] = {}
    clashing: set[UUID] = set()
    for transfer in transfers:
        if first.setdefault(transfer.move_id, transfer) != transfer:
            clashing.add(transfer.move_id)
    return list(first.values()), clashing


_SAID = ("variant_id", "from_location_id", "to_location_id", "quantity", "reason", "document")


def same_move(transfer: Transfer, written: Mapping[str, object]) -> bool:
    """Tell whether a move written before under this id was the same one: all that was said, not by whom."""
    return all(written[name] == getattr(transfer, name) for name in _SAID)


def state_of(free: int) -> LevelState:
    """Return how a level is shown: nothing left, few left, or enough."""
    if free <= 0:
        return "out"
    return "low" if free <= LOW_UNITS else "plenty"
