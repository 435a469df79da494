"""Shelves, lots, counts and levels by hand."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from safar.kernel.ids import derived_id
from safar.stock.choose import Chosen, LocationRule, Short, choose_locations, left_of
from safar.stock.counts.decide import adjustments_of, promised_of
from safar.stock.counts.model import Count, CountLine
from safar.stock.decide import level_changes, same_move, split_repeated, state_of, transfer_of_shipped
from safar.stock.lots_decide import LotLevel, PickRequest, PickSuggestion, follow, pick_suggestion, picks_of
from safar.stock.model import CUSTOMER, MAIN, SUPPLIER, Level, Selling, Shipped, Transfer, outgoing_of
from tests.stage.shelves import ASIDE, AT, CLOCK, MUG, A, B, C, levels_of

STORE = derived_id("location", "store")
JAM, TEA = derived_id("v", "jam"), derived_id("v", "tea")
TODAY = date(2031, 3, 1)


def test_one_shelf_that_has_everything_is_taken_before_two_that_share_it() -> None:
    levels = levels_of(mA=2, mB=5, cB=1, cA=9)
    assert choose_locations({MUG: 3, CLOCK: 1}, levels, AT, rule=LocationRule.NEAREST) == Chosen(
        {(MUG, B): 3, (CLOCK, B): 1}
    )
    assert choose_locations({MUG: 2, CLOCK: 1}, levels, AT, rule=LocationRule.NEAREST) == Chosen(
        {(MUG, A): 2, (CLOCK, A): 1}
    )
    assert choose_locations({MUG: 7}, levels, AT, rule=LocationRule.NEAREST) == Chosen(
        {(MUG, A): 2, (MUG, B): 5}
    )
    assert choose_locations({MUG: 6}, levels, AT, country="BR", rule=LocationRule.NEAREST) == Chosen(
        {(MUG, B): 5, (MUG, A): 1}
    )
    here = [Selling(A, "warehouse", ""), Selling(B, "store", "BR")]
    assert choose_locations({MUG: 1}, levels, here, country="", rule=LocationRule.NEAREST) == Chosen(
        {(MUG, A): 1}
    )


def test_the_fullest_shelf_counts_all_that_is_wanted() -> None:
    levels = levels_of(mA=3, cA=3, mB=5, cB=0, mC=1, cC=9)
    assert choose_locations({MUG: 4, CLOCK: 4}, levels, AT, rule=LocationRule.FULLEST) == Chosen(
        {(MUG, C): 1, (CLOCK, C): 4, (MUG, A): 3}
    )


def test_what_a_shelf_lacks_takes_nothing_from_another() -> None:
    levels = {(MUG, A): Level(1, -3, 0), (MUG, B): Level(2, 4, 0)}
    assert choose_locations({MUG: 4}, levels, AT, rule=LocationRule.NEAREST) == Chosen({(MUG, B): 4})
    assert choose_locations({MUG: 5}, levels, AT, rule=LocationRule.NEAREST) == Short({MUG: 4})


def test_units_to_come_are_promised_at_one_shelf_after_all_that_is_there() -> None:
    # Two free at A and four to come there, one at B with nine to come.
    levels = {(MUG, A): Level(1, 2, 0, 0, 4), (MUG, B): Level(2, 1, 0, 0, 9)}
    assert choose_locations({MUG: 3}, levels, AT, rule=LocationRule.NEAREST) == Chosen(
        {(MUG, A): 2, (MUG, B): 1}
    )
    assert choose_locations({MUG: 6}, levels, AT, rule=LocationRule.NEAREST) == Chosen(
        {(MUG, A): 5, (MUG, B): 1}, frozenset({MUG})
    )
    assert choose_locations({MUG: 7}, levels, AT, rule=LocationRule.NEAREST) == Chosen(
        {(MUG, A): 6, (MUG, B): 1}, frozenset({MUG})
    )
    assert choose_locations({MUG: 12}, levels, AT, rule=LocationRule.NEAREST) == Chosen(
        {(MUG, A): 2, (MUG, B): 10}, frozenset({MUG})
    )
    assert choose_locations({MUG: 13}, levels, AT, rule=LocationRule.NEAREST) == Short({MUG: 12})
    assert left_of({MUG: 1, CLOCK: 1}, levels, AT, None) == {MUG: 12, CLOCK: 0}
    owed = {(MUG, A): Level(1, 0, 3, 0, 5)}  # three of the five to come are promised
    assert left_of({MUG: 1}, owed, AT, None) == {MUG: 2}
    assert choose_locations({MUG: 2}, owed, AT, rule=LocationRule.NEAREST) == Chosen(
        {(MUG, A): 2}, frozenset({MUG})
    )
    assert choose_locations({MUG: 3}, owed, AT, rule=LocationRule.NEAREST) == Short({MUG: 2})
    assert left_of({MUG: 1}, {(MUG, A): Level(1, 0, 9, 0, 5)}, AT, None) == {MUG: 0}


def test_what_is_set_aside_counts_once_and_comes_first_in_what_is_to_come() -> None:
    levels = {(MUG, ASIDE): Level(1, 2, 0, 0, 1), (MUG, A): Level(2, 3, 0, 0, 1)}
    assert left_of({MUG: 1}, levels, AT, ASIDE) == {MUG: 6}
    assert left_of({MUG: 1}, levels, [*AT, Selling(ASIDE, "allocation")], ASIDE) == {MUG: 6}
    assert left_of({MUG: 1}, levels, AT, None) == {MUG: 4}
    assert choose_locations({MUG: 6}, levels, AT, first=ASIDE, rule=LocationRule.NEAREST) == Chosen(
        {(MUG, ASIDE): 3, (MUG, A): 3}, frozenset({MUG})
    )


def test_equally_full_shelves_are_taken_by_priority() -> None:
    chosen = choose_locations({MUG: 5}, levels_of(mA=2, mB=2, mC=2), AT, rule=LocationRule.FEWEST_PARCELS)
    assert chosen == Chosen({(MUG, A): 2, (MUG, B): 2, (MUG, C): 1})


@pytest.mark.parametrize(
    ("free", "state"), [(-1, "out"), (0, "out"), (1, "low"), (10, "low"), (11, "plenty")]
)
def test_a_level_is_shown_as_out_low_or_plenty(free: int, state: str) -> None:
    assert state_of(free) == state


def test_moves_of_one_place_add_up_and_a_move_is_told_by_all_that_was_said() -> None:
    sold = transfer_of_shipped(Shipped(derived_id("m"), JAM, MAIN, 2, "SO 1"))
    assert (sold.from_location_id, sold.to_location_id, sold.quantity) == (outgoing_of(MAIN), CUSTOMER, 2)
    moves = [
        Transfer(derived_id("m", n), JAM, SUPPLIER, MAIN, units, "delivery") for n, units in ((1, 5), (2, 3))
    ]
    back = Transfer(derived_id("m", 3), JAM, MAIN, STORE, 1, "moved")
    assert level_changes([*moves, back], {SUPPLIER}) == {(JAM, MAIN): 7, (JAM, STORE): 1}
    said = {name: getattr(back, name) for name in Transfer.__slots__}
    assert same_move(back, said)
    assert not same_move(back, {**said, "quantity": 2})
    once, clashing = split_repeated([back, back, replace(back, quantity=2), *moves])
    assert (once, clashing) == ([back, *moves], {back.move_id})


def _counted(sku: str, expected: int, counted: int | None) -> CountLine:
    return CountLine(derived_id("v", sku), sku, sku.title(), None, counted, expected, None, None)


COUNT = Count(
    derived_id("count"), 12, MAIN, "Main", "", "", "counted", datetime(2031, 3, 1, tzinfo=UTC), None, None,
    None, None, 4, 4, 3,
)  # fmt: skip


def test_accepted_differences_of_a_count_become_moves() -> None:
    lines = [_counted("A", 5, 7), _counted("B", 5, 5), _counted("C", 5, 1), _counted("D", 5, 4)]
    accepted = {line.variant_id for line in lines[:3]}
    found = adjustments_of(COUNT, lines, accepted, None)
    assert [(one.variant_id, one.difference, one.document) for one in found] == [
        (derived_id("v", "A"), 2, "CO 12"),
        (derived_id("v", "C"), -4, "CO 12"),
    ]


@pytest.mark.parametrize(
    ("counted", "level", "short"),
    [
        (1, Level(1, 6, 2), False),  # four are missing, four are free
        (0, Level(1, 6, 2), True),
        (0, Level(1, 6, 2, 0, 1), False),  # one more may be promised that is still to come
        (4, None, True),
        (7, Level(1, 0, 9), False),  # some were found
        (5, Level(1, 0, 9), False),
    ],
)
def test_what_is_missing_beyond_what_is_free_cannot_be_taken_off(
    counted: int, level: Level | None, short: bool
) -> None:
    line = _counted("A", 5, counted)
    levels = {(line.variant_id, MAIN): level} if level else {}
    assert promised_of(MAIN, [line], {line.variant_id}, levels) == (["A"] if short else [])
    assert promised_of(MAIN, [line], set(), levels) == []


def lot(code: str, expires_on: date, units: int, *, at: object = MAIN, variant: object = JAM) -> LotLevel:
    return LotLevel(derived_id("lot", code), variant, code, expires_on, at, units)  # type: ignore[arg-type]


OLD, SOON, LATE = (
    lot("old", date(2031, 2, 28), 2),
    lot("soon", TODAY, 6),
    lot("late", date(2032, 1, 1), 8),
)


def _picked(picks: tuple[LotLevel, ...]) -> list[tuple[str, int]]:
    return [(pick.code, pick.units) for pick in picks]


def test_lots_are_picked_by_expiry_behind_what_is_for_the_orders_before() -> None:
    levels = [LATE, SOON, OLD, lot("tea", TODAY, 9, variant=TEA), lot("there", TODAY, 9, at=STORE)]

    def picked(units: int, **other: object) -> list[tuple[str, int]]:
        return _picked(picks_of(levels, JAM, MAIN, units, **other))  # type: ignore[arg-type]

    assert picked(9) == [("old", 2), ("soon", 6), ("late", 1)]
    assert picked(9, in_date_on=TODAY) == [("soon", 6), ("late", 3)], "good on its last day"
    assert picked(9, in_date_on=TODAY, behind=4) == [("soon", 2), ("late", 7)]
    assert picked(9, in_date_on=TODAY, behind=7) == [("late", 7)]
    assert picked(1, behind=2) == [("soon", 1)]
    assert picked(0) == []


def test_a_picker_is_told_how_many_are_not_there_in_date() -> None:
    levels = [OLD, SOON, LATE, lot("tea", date(2031, 1, 1), 9, variant=TEA)]
    wanted = PickRequest(JAM, MAIN, 9, behind=3)
    found = pick_suggestion(levels, wanted, None, today=TODAY)
    assert (_picked(found.picks), found.out_of_date) == ([("soon", 3), ("late", 6)], 0)
    # Sixteen lie there, two of them expired, three are for orders before: eleven.
    assert pick_suggestion(levels, wanted, 16, today=TODAY).out_of_date == 0
    assert pick_suggestion(levels, replace(wanted, units=12), 16, today=TODAY).out_of_date == 1
    assert pick_suggestion(levels, wanted, 4, today=TODAY).out_of_date == 9
    assert pick_suggestion([], PickRequest(JAM, MAIN, 2), 5, today=TODAY) == PickSuggestion(())
    assert pick_suggestion([], PickRequest(JAM, MAIN, 2), 1, today=TODAY) == PickSuggestion((), out_of_date=1)


def test_lots_follow_a_move_from_shelf_to_shelf_and_out() -> None:
    def moved(*moves: Transfer, **other: Any) -> list[tuple[str, str, int]]:
        names = {one.lot_id: one.code for one in (OLD, SOON, LATE)}
        places = {MAIN: "main", STORE: "store"}
        entries = follow(
            [OLD, SOON, LATE],
            moves,
            other.get("stated", {}),
            shelves={outgoing_of(MAIN): MAIN},
            behind=other.get("behind", {}),
            today=TODAY,
        )
        return [(names.get(one.lot_id, "new"), places[one.location_id], one.units) for one in entries]

    there = Transfer(derived_id("m"), JAM, MAIN, STORE, 3, "moved")
    assert moved(there) == [
        ("old", "main", -2),
        ("old", "store", 2),
        ("soon", "main", -1),
        ("soon", "store", 1),
    ]
    assert moved(Transfer(derived_id("m"), JAM, MAIN, outgoing_of(MAIN), 3, "sold")) == []
    out = Transfer(derived_id("n"), JAM, outgoing_of(MAIN), CUSTOMER, 7, "shipped")
    assert moved(out) == [("soon", "main", -6), ("late", "main", -1)]
    assert moved(out, behind={out.move_id: 5}) == [("soon", "main", -1), ("late", "main", -6)]
    assert moved(out, stated={out.move_id: LATE.lot_id}) == [("late", "main", -7)]
    came = Transfer(derived_id("o"), JAM, SUPPLIER, MAIN, 5, "delivery")
    assert moved(came) == []
    assert moved(came, stated={came.move_id: SOON.lot_id}) == [("soon", "main", 5)]
    new = derived_id("lot", "new")
    again = replace(out, quantity=20)
    assert moved(came, again, stated={came.move_id: new}) == [
        ("new", "main", 5),
        ("soon", "main", -6),
        ("late", "main", -8),
        ("new", "main", -5),
    ]
