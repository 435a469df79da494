"""Moves are double entries: nothing appears, nothing is lost."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from safar.capacity.model import EndedHold, HoldState
from safar.kernel.ids import derived_id
from safar.stock.decide import (
    level_changes,
    sale_moves,
    split_repeated,
    transfer_of_adjustment,
    transfer_of_receipt,
)
from safar.stock.model import (
    CUSTOMER,
    LOSS,
    MAIN,
    SUPPLIER,
    Adjustment,
    StockClaim,
    StockReceipt,
    Transfer,
    outgoing_of,
)

_VARIANTS = [derived_id("variant", number) for number in range(3)]
OUTSIDE = frozenset({SUPPLIER, CUSTOMER, LOSS, outgoing_of(MAIN)})
_LOCATIONS = [MAIN, derived_id("shelf"), *sorted(OUTSIDE)]


@st.composite
def transfers(draw: st.DrawFn) -> Transfer:
    source = draw(st.sampled_from(_LOCATIONS))
    target = draw(st.sampled_from([location for location in _LOCATIONS if location != source]))
    return Transfer(
        move_id=draw(st.uuids(version=4)),
        variant_id=draw(st.sampled_from(_VARIANTS)),
        from_location_id=source,
        to_location_id=target,
        quantity=draw(st.integers(1, 10**6)),
        reason="test",
    )


@given(st.lists(transfers(), max_size=30))
def test_own_stock_changes_by_what_comes_in_less_what_goes_out(moves: list[Transfer]) -> None:
    changes = level_changes(moves, OUTSIDE)
    assert all(location not in OUTSIDE for _variant, location in changes)
    for variant in _VARIANTS:
        mine = [move for move in moves if move.variant_id == variant]
        came = sum(move.quantity for move in mine if move.from_location_id in OUTSIDE)
        came -= sum(m.quantity for m in mine if m.from_location_id in OUTSIDE and m.to_location_id in OUTSIDE)
        went = sum(
            m.quantity for m in mine if m.to_location_id in OUTSIDE and m.from_location_id not in OUTSIDE
        )
        assert sum(units for (v, _l), units in changes.items() if v == variant) == came - went


@given(st.lists(transfers(), max_size=20), st.randoms())
def test_the_order_of_moves_does_not_matter(moves: list[Transfer], random: object) -> None:
    shuffled = list(moves)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert level_changes(moves, OUTSIDE) == level_changes(shuffled, OUTSIDE)


@given(st.integers(-(10**9), 10**9).filter(bool), st.uuids(), st.integers(1, 10**9))
def test_receipts_and_adjustments_change_the_level_by_exactly_their_figure(
    difference: int, move_id: UUID, quantity: int
) -> None:
    place = (_VARIANTS[0], MAIN)
    adjustment = Adjustment(
        move_id=move_id, variant_id=place[0], location_id=MAIN, difference=difference, reason="count"
    )
    assert level_changes([transfer_of_adjustment(adjustment)], OUTSIDE) == {place: difference}
    receipt = StockReceipt(
        move_id=move_id, variant_id=place[0], location_id=MAIN, quantity=quantity, reason="delivery"
    )
    assert level_changes([transfer_of_receipt(receipt)], OUTSIDE) == {place: quantity}


@given(st.lists(st.tuples(st.sampled_from(list(HoldState)), st.booleans()), max_size=12))
def test_only_a_claim_that_ended_its_hold_now_moves_units(ends: list[tuple[HoldState, bool]]) -> None:
    claims = [
        StockClaim(derived_id("hold", number), ((_VARIANTS[0], MAIN, 2), (_VARIANTS[1], MAIN, 1)), "order")
        for number in range(len(ends))
    ]
    endings = [
        EndedHold(claim.hold_id, state, changed) for claim, (state, changed) in zip(claims, ends, strict=True)
    ]
    moves = sale_moves(claims, endings)
    assert len(moves) == 2 * sum(state is HoldState.CLAIMED and changed for state, changed in ends)
    assert len({move.move_id for move in moves}) == len(moves)
    assert all(move.to_location_id == outgoing_of(MAIN) for move in moves)


@given(st.lists(transfers(), max_size=10))
def test_a_repeated_move_counts_once_and_one_id_for_two_moves_is_noticed(moves: list[Transfer]) -> None:
    once, clashing = split_repeated(moves + moves)
    assert len(once) == len({move.move_id for move in moves})
    if len(once) == len(moves):
        assert not clashing
