"""Parcels, what is given up and what comes back, counted by hand."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from safar.kernel.ids import derived_id
from safar.orders.model import Goods, OrderLine
from safar.orders.way import is_partly_shipped
from safar.returns.decide import Rest, rest_of, returnable, to_give_up, within_window
from safar.shipments.decide import Parcel, TooMany, is_over, parcel_of, to_go_of
from safar.shipments.model import ToGo
from tests.stage.orders import a_line, an_order

CUP, SPOON, PLATE = (derived_id("v", name) for name in ("cup", "spoon", "plate"))
MAIN, ASIDE, STORE = (derived_id("at", name) for name in ("main", "aside", "store"))


def goods_of(variant_id: UUID, quantity: int, shipped: int = 0, at: UUID = MAIN) -> Goods:
    shelf_id = MAIN if at == ASIDE else at
    return Goods(derived_id("order"), variant_id, at, quantity, shipped, "S", "T", shelf_id)


def line_of(variant_id: UUID, quantity: int, *parts: tuple[UUID, int], given_up: int = 0) -> OrderLine:
    return replace(a_line(quantity, 900), variant_id=variant_id, parts=parts, given_up=given_up)


KIT = derived_id("v", "kit")
GOODS = [goods_of(CUP, 5, 2), goods_of(CUP, 4, at=ASIDE), goods_of(SPOON, 3, 3), goods_of(PLATE, 2, at=STORE)]


def test_a_parcel_holds_what_is_still_to_go_from_its_shelf() -> None:
    whole = parcel_of(GOODS, MAIN, None)
    assert whole == Parcel({CUP: 7}, {(CUP, MAIN): 3, (CUP, ASIDE): 4}, last=False)
    assert parcel_of(GOODS[:3], MAIN, None) == replace(whole, last=True)
    assert parcel_of(GOODS, STORE, [(PLATE, 1), (PLATE, 1)]) == Parcel({PLATE: 2}, {(PLATE, STORE): 2}, False)
    assert parcel_of(GOODS, MAIN, [(CUP, 4), (SPOON, 0)]) == Parcel(
        {CUP: 4}, {(CUP, MAIN): 3, (CUP, ASIDE): 1}, last=False
    )
    assert parcel_of(GOODS, MAIN, [(CUP, 1)]) == Parcel({CUP: 1}, {(CUP, MAIN): 1}, last=False)
    assert parcel_of(GOODS, MAIN, [(CUP, 8)]) == TooMany(CUP, 7)
    assert parcel_of(GOODS, MAIN, [(SPOON, 1)]) == TooMany(SPOON, 0)
    assert parcel_of(GOODS, MAIN, [(CUP, 0)]) is None
    assert parcel_of(GOODS[2:3], MAIN, None) is None


def test_what_is_still_to_go_stands_once_on_each_shelf() -> None:
    assert to_go_of(GOODS) == {MAIN: [ToGo(CUP, "S", "T", 7)], STORE: [ToGo(PLATE, "S", "T", 2)]}
    assert is_partly_shipped(GOODS)
    assert is_partly_shipped([goods_of(CUP, 3, 1)])
    assert not is_partly_shipped([goods_of(CUP, 3)])
    assert not is_partly_shipped([goods_of(CUP, 3, 3)])


def test_what_has_left_can_come_back_once() -> None:
    line = line_of(CUP, 9)
    assert returnable([line], [goods_of(CUP, 5, 2), goods_of(CUP, 4, 3, ASIDE)], {}) == {CUP: 5}
    assert returnable([line], [goods_of(CUP, 9, 9)], {CUP: 4}) == {CUP: 5}
    assert returnable([replace(line, given_up=2)], [goods_of(CUP, 9, 9)], {CUP: 4}) == {CUP: 3}
    assert returnable([line], [], {}) == {CUP: 0}
    assert returnable([line], [goods_of(CUP, 9, 9)], {}) == {CUP: 9}
    assert returnable([line], [goods_of(CUP, 9, 1)], {CUP: 3}) == {CUP: 0}
    unknown = line_of(KIT, 2, (CUP, 1), (derived_id("v", "never sent"), 1))
    assert returnable([unknown], [goods_of(CUP, 9, 9)], {KIT: 1}) == {KIT: 0}


def test_units_can_be_given_up_while_all_that_they_are_made_of_is_here() -> None:
    kit = line_of(KIT, 3, (CUP, 2), (SPOON, 1))
    goods = [goods_of(CUP, 6, 1), goods_of(SPOON, 3)]
    assert to_give_up([kit], goods) == {KIT: 2}
    assert to_give_up([line_of(CUP, 4, given_up=1)], [goods_of(CUP, 4)]) == {CUP: 3}
    assert rest_of([kit], goods, [(KIT, 3)]) == TooMany(KIT, 2)
    assert rest_of([kit], goods, [(PLATE, 1)]) == TooMany(PLATE, 0)
    assert rest_of([kit], goods, [(KIT, 0)]) is None
    assert rest_of([kit], goods, [(KIT, 1), (KIT, 1)]) == Rest(
        {KIT: 2}, {(CUP, MAIN): 4, (SPOON, MAIN): 2}, {}, last=False
    )
    assert rest_of([kit], goods, [(KIT, 1), (KIT, 2)]) == TooMany(KIT, 1)
    part = rest_of([kit], goods, [(KIT, 1)])
    assert part == Rest({KIT: 1}, {(CUP, MAIN): 2, (SPOON, MAIN): 1}, {}, last=False)


def test_giving_up_some_is_the_last_of_an_order_when_nothing_else_is_to_go() -> None:
    lines = [line_of(CUP, 3), line_of(PLATE, 2)]
    goods = [goods_of(CUP, 2, 1), goods_of(CUP, 1, at=STORE), goods_of(PLATE, 2, 2)]
    assert rest_of(lines, goods, [(CUP, 2)]) == Rest(
        {CUP: 2}, {(CUP, MAIN): 1, (CUP, STORE): 1}, {}, last=True
    )
    assert rest_of(lines, goods, [(CUP, 1)]) == Rest({CUP: 1}, {(CUP, MAIN): 1}, {}, last=False)


def test_giving_up_all_the_rest_says_which_part_of_a_kit_is_missing() -> None:
    # Three kits of two cups and a spoon: one whole kit and one cup more have left.
    kit = line_of(KIT, 3, (CUP, 2), (SPOON, 1))
    goods = [goods_of(CUP, 6, 3), goods_of(SPOON, 3, 1)]
    assert rest_of([kit], goods, None) == Rest(
        {KIT: 2}, {(CUP, MAIN): 3, (SPOON, MAIN): 2}, {KIT: (5, 6)}, last=True
    )
    # A cup that is sold by itself has what was sent before the kit has it.
    both = [kit, line_of(CUP, 1)]
    shared = [goods_of(CUP, 7, 3), goods_of(SPOON, 3, 1)]
    assert rest_of(both, shared, None) == Rest(
        {KIT: 2}, {(CUP, MAIN): 4, (SPOON, MAIN): 2}, {KIT: (6, 6)}, last=True
    )
    # Of a part that is in no goods nothing has left: of two cups one, of two others none.
    strange = line_of(KIT, 2, (CUP, 1), (derived_id("v", "other"), 1))
    assert rest_of([strange], [goods_of(CUP, 2, 1)], None) == Rest(
        {KIT: 2}, {(CUP, MAIN): 1}, {KIT: (3, 4)}, last=True
    )
    # Two kits share the cups that have left: the first has both, the second one.
    pair = [line_of(KIT, 1, (CUP, 2)), line_of(derived_id("v", "pair"), 1, (CUP, 2))]
    assert rest_of(pair, [goods_of(CUP, 4, 3)], None) == Rest(
        {derived_id("v", "pair"): 1}, {(CUP, MAIN): 1}, {derived_id("v", "pair"): (1, 2)}, last=True
    )
    three = [*pair, line_of(derived_id("v", "third"), 1, (CUP, 2), (SPOON, 1))]
    assert rest_of(three, [goods_of(CUP, 6, 1), goods_of(SPOON, 1)], None) == Rest(
        {KIT: 1, derived_id("v", "pair"): 1, derived_id("v", "third"): 1},
        {(CUP, MAIN): 5, (SPOON, MAIN): 1},
        {KIT: (1, 2), derived_id("v", "pair"): (2, 2), derived_id("v", "third"): (3, 3)},
        last=True,
    )
    nothing_sent = rest_of([line_of(CUP, 4, given_up=1)], [goods_of(CUP, 3)], None)
    assert nothing_sent == Rest({CUP: 3}, {(CUP, MAIN): 3}, {CUP: (3, 3)}, last=True)
    assert rest_of([kit], [goods_of(CUP, 6, 6), goods_of(SPOON, 3, 3)], None) is None


@pytest.mark.parametrize(("days_later", "within"), [(14, True), (15, False)])
def test_goods_can_come_back_until_the_last_whole_day(days_later: int, within: bool) -> None:
    came = datetime(2026, 1, 1, 10, tzinfo=UTC)
    order = an_order(state="delivered", delivered_at=came)
    now = came + timedelta(days=days_later)
    assert within_window(order, 14, 30, now, "UTC") is within
    on_its_way = replace(order, state="shipped", delivered_at=None, shipped_at=came)
    assert within_window(on_its_way, 14, 10, now + timedelta(days=10), "UTC") is within
    assert within_window(replace(on_its_way, shipped_at=None), 14, 30, now, "UTC")
    for state in ("cancelled", "closed"):
        assert not within_window(replace(order, state=state), 14, 30, came, "UTC")


@pytest.mark.parametrize(
    ("state", "payment", "days_later", "over"),
    [
        ("delivered", "paid", 14, False), ("delivered", "paid", 15, True), ("shipped", "paid", 15, True),
        ("confirmed", "paid", 15, False), ("closed", "paid", 15, False), ("delivered", "due", 15, False),
    ],
)  # fmt: skip
def test_an_order_ends_by_itself_after_its_days_for_returns_when_nothing_is_due(
    state: str, payment: str, days_later: int, over: bool
) -> None:
    came = datetime(2026, 1, 1, 10, tzinfo=UTC)
    order = an_order(state=state, payment_state=payment, delivered_at=came)
    assert is_over(order, 14, 30, came + timedelta(days=days_later), "UTC") is over
    on_its_way = replace(order, delivered_at=None, shipped_at=came)
    assert is_over(on_its_way, 14, 30, came + timedelta(days=days_later + 30), "UTC") is over
    assert not is_over(replace(on_its_way, shipped_at=None), 14, 30, came + timedelta(days=99), "UTC")
