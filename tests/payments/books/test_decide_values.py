"""Money by hand: which totals a way takes, who pays which part, what can go back."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from safar.kernel.ids import new_id
from safar.orders.plan import takes
from safar.payments.books.decide import (
    Fund,
    ends,
    first_state,
    held_money,
    missing,
    newly_over,
    own_money,
    plan_refunds,
    refundable,
    same_receipt,
    split_by_fund,
    to_refund,
    try_again_in,
    with_captured,
)
from safar.payments.books.model import (
    NewReceipt,
    Refund,
    RefundAsked,
    RefundKeyReused,
    RefundRefused,
    RefundRequest,
)
from tests.stage.order_money import ACCOUNT

ONE, TWO = UUID(int=11), UUID(int=12)


@pytest.mark.parametrize(
    ("total", "most", "step", "taken"),
    [
        (100, None, 1, True), (100, 100, 1, True), (101, 100, 1, False), (150, None, 100, False),
        (200, None, 100, True), (200, 100, 100, False), (0, 0, 1, True),
    ],
)  # fmt: skip
def test_a_way_takes_its_most_and_whole_steps(total: int, most: int | None, step: int, taken: bool) -> None:
    assert takes(total, most=most, step=step) is taken


def test_the_first_funds_pay_first_and_too_little_is_an_error() -> None:
    funds = [Fund(ONE, 0), Fund(TWO, 30), Fund(ONE, 50)]
    assert split_by_fund(70, funds) == [Fund(TWO, 30), Fund(ONE, 40)]
    assert split_by_fund(30, funds) == [Fund(TWO, 30)]
    assert split_by_fund(80, funds) == [Fund(TWO, 30), Fund(ONE, 50)]
    assert split_by_fund(1, funds) == [Fund(TWO, 1)]
    assert split_by_fund(0, funds) == []
    with pytest.raises(ValueError, match=r"^1 more"):
        split_by_fund(81, funds)


def test_money_told_of_again_is_the_same_unless_something_contradicts() -> None:
    before = NewReceipt(ONE, TWO, "transfer", 500, "EUR", reference="R1", named="10001")
    assert same_receipt(before, before)
    for left_open in ({"order_id": None}, {"reference": ""}, {"named": ""}):
        less = replace(before, **left_open)
        assert same_receipt(less, before)
        assert same_receipt(before, less)
    for other in (
        {"amount_minor": 501},
        {"currency": "GBP"},
        {"provider": "pix"},
        {"order_id": ONE},
        {"reference": "R2"},
        {"named": "10002"},
    ):
        assert not same_receipt(replace(before, **other), before)


def test_what_can_go_back_is_what_came_less_what_went_or_pays_for_another_order() -> None:
    assert refundable(replace(ACCOUNT, refunding_minor=300, carried_minor=200)) == 500
    assert refundable(replace(ACCOUNT, refunding_minor=900, carried_minor=200)) == 0
    assert refundable(replace(ACCOUNT, captured_minor=1_200)) == 1_200
    assert refundable(replace(ACCOUNT, order_state="placed", captured_minor=1_200)) == 200
    assert held_money(replace(ACCOUNT, state="started", captured_minor=5)) == 5
    assert held_money(replace(ACCOUNT, captured_minor=5)) == 1_000


def test_goods_that_are_still_due_are_worth_what_is_to_be_paid_for_them() -> None:
    due = replace(ACCOUNT, state="due", captured_minor=100, refunding_minor=30, carried_minor=20)
    assert own_money(due) == 1_050
    assert own_money(replace(due, refunding_minor=2_000)) == 0
    assert own_money(ACCOUNT) == 1_000


def test_all_of_an_order_that_will_never_be_sent_goes_back() -> None:
    assert to_refund(replace(ACCOUNT, order_state="cancelled")) == 1_000
    assert to_refund(replace(ACCOUNT, state="failed", captured_minor=300)) == 300
    assert to_refund(replace(ACCOUNT, order_state="shipped")) == 0


def test_what_is_missing_and_what_is_over() -> None:
    waiting = replace(ACCOUNT, captured_minor=700)
    assert (missing(waiting), missing(ACCOUNT), missing(replace(ACCOUNT, captured_minor=1_001))) == (
        300,
        0,
        0,
    )
    assert newly_over(waiting, arrived_minor=300) == 0
    assert newly_over(waiting, arrived_minor=400) == 100
    assert newly_over(replace(ACCOUNT, captured_minor=1_200), arrived_minor=50) == 50
    assert with_captured(waiting, 50).captured_minor == 750


def test_refunds_are_taken_in_order_from_what_is_left() -> None:
    ids = [new_id() for _ in range(5)]
    whole, more, none, rest, elsewhere = (
        RefundRequest(ids[0], ACCOUNT.order_id, 600, "returned"),
        RefundRequest(ids[1], ACCOUNT.order_id, 401, "returned"),
        RefundRequest(ids[2], ACCOUNT.order_id, 0, "returned"),
        RefundRequest(ids[3], ACCOUNT.order_id, 400, "returned"),
        RefundRequest(ids[4], ONE, 1, "returned"),
    )
    answers, new = plan_refunds([whole, more, none, rest, elsewhere], {ACCOUNT.order_id: ACCOUNT}, {})
    assert answers == [
        RefundAsked(ids[0], "asked"),
        RefundRefused(ids[1], 400),
        RefundRefused(ids[2], 400),
        RefundAsked(ids[3], "asked"),
        RefundRefused(ids[4], 0),
    ]
    assert new == [whole, rest]
    one = RefundRequest(ids[4], ACCOUNT.order_id, 1, "returned")
    assert plan_refunds([one], {ACCOUNT.order_id: ACCOUNT}, {})[1] == [one]


def test_a_refund_that_is_known_is_replayed_in_its_state_and_another_of_its_id_refused() -> None:
    before = Refund(
        ONE,
        ACCOUNT.order_id,
        "stripe",
        100,
        "EUR",
        "done",
        "returned",
        None,
        None,
        None,
        None,
        datetime(2026, 1, 1, tzinfo=UTC),
        None,
        1,
    )
    same = RefundRequest(ONE, ACCOUNT.order_id, 100, "returned")
    accounts, known = {ACCOUNT.order_id: ACCOUNT}, {ONE: before}
    assert plan_refunds([same], accounts, known) == ([RefundAsked(ONE, "done", replayed=True)], [])
    other = replace(same, amount_minor=99)
    assert plan_refunds([other], accounts, known) == ([RefundKeyReused(ONE)], [])
    assert plan_refunds([same, same], accounts, {})[0] == [
        RefundAsked(ONE, "asked"),
        RefundAsked(ONE, "asked", replayed=True),
    ]
    assert [first_state(provider) for provider in ("transfer", "stripe")] == ["by_hand", "asked"]


@pytest.mark.parametrize(
    ("state", "ending", "takes_it"),
    [("asked", "done", True), ("asked", "failed", True), ("done", "failed", True), ("done", "done", False),
     ("failed", "failed", False), ("failed", "done", True)],
)  # fmt: skip
def test_a_refund_ends_once_but_a_bank_may_send_it_back(state: str, ending: str, takes_it: bool) -> None:
    assert ends(state, ending) is takes_it


def test_the_pauses_double_from_twenty_seconds_to_an_hour() -> None:
    seconds = [try_again_in(tries) / timedelta(seconds=1) for tries in (0, 1, 2, 8, 9, 100)]
    assert seconds == [20, 20, 40, 2_560, 3_600, 3_600]
