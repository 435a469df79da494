"""What is paid, what is cancelled and what is never heard of, case by case."""

from dataclasses import replace
from datetime import timedelta

import pytest

from safar.kernel.errors import SameKeyOtherBody
from safar.orders.decide import answers_of, new_of
from safar.orders.model import Buyer, OrderLimits, Taken
from safar.orders.way import UnpaidStep, payment_after_cancel, when_cancelled, when_paid, when_unpaid
from safar.settings import Settings
from tests.stage.orders import IDS, ORDERED_AT, a_request, the_order


def test_units_of_several_lines_of_one_article_are_summed() -> None:
    request = a_request((IDS[0], 2), (IDS[1], 1), (IDS[0], 3))
    assert request.units == {IDS[0]: 5, IDS[1]: 1}
    assert (request.hold_minutes, request.total_minor_step) == (15.0, 1)
    assert Buyer(IDS[0], returned=True).worked_bits == 0


def test_the_limits_are_those_of_a_new_installation() -> None:
    fields = Settings.model_fields
    assert OrderLimits() == OrderLimits(
        fields["order_units_max"].default,
        fields["unpaid_orders_max"].default,
        fields["unpaid_orders_network"].default,
        fields["unpaid_share_percent"].default,
        fields["unpaid_units_least"].default,
    )


def test_what_is_unpaid_is_counted_as_soon_as_one_limit_asks_for_it() -> None:
    none = OrderLimits(orders=0, orders_network=0, share_percent=0)
    assert not none.counts_unpaid
    for name in ("orders", "orders_network", "share_percent"):
        assert replace(none, **{name: 1}).counts_unpaid


@pytest.mark.parametrize(
    ("before", "may_still_arrive", "after"),
    [
        ("paid", False, "owed"), ("paid", True, "owed"), ("started", True, "started"),
        ("started", False, "failed"), ("due", True, "failed"), ("due", False, "failed"),
        ("failed", True, "failed"), ("failed", False, "failed"), ("owed", True, "owed"),
        ("refunded", False, "refunded"),
    ],
)  # fmt: skip
def test_the_payment_of_a_cancelled_order(before: str, may_still_arrive: bool, after: str) -> None:
    assert payment_after_cancel(before, may_still_arrive=may_still_arrive) == after


@pytest.mark.parametrize(
    ("state", "payment", "step"),
    [
        ("placed", "started", "claim"), ("placed", "due", "claim"), ("cancelled", "started", "owe"),
        ("cancelled", "failed", "owe"), ("cancelled", "owed", "nothing"), ("confirmed", "paid", "nothing"),
        ("confirmed", "started", "nothing"), ("shipped", "failed", "nothing"),
    ],
)  # fmt: skip
def test_money_that_arrives(state: str, payment: str, step: str) -> None:
    assert when_paid(state, payment) == step


@pytest.mark.parametrize(
    ("state", "by_staff", "asked_for", "step"),
    [
        ("cancelled", True, True, "nothing"), ("placed", False, False, "release"),
        ("confirmed", False, True, "return"), ("confirmed", True, True, "return"),
        ("confirmed", True, False, "refuse"), ("packed", True, True, "return"),
        ("packed", False, True, "refuse"), ("packed", True, False, "refuse"),
        ("shipped", True, True, "refuse"), ("delivered", True, True, "refuse"),
    ],
)  # fmt: skip
def test_an_order_that_is_cancelled(state: str, by_staff: bool, asked_for: bool, step: str) -> None:
    assert when_cancelled(state, by_staff=by_staff, asked_for=asked_for) == step


@pytest.mark.parametrize(
    ("seconds", "step"),
    [(59, UnpaidStep.WAIT), (60, UnpaidStep.CANCEL_AND_ASK)],
)
def test_an_open_payment_keeps_its_order_for_the_hold_and_a_minute(seconds: int, step: UnpaidStep) -> None:
    order = the_order("placed", "started")
    assert when_unpaid(order, pending=True, now=ORDERED_AT + timedelta(seconds=seconds)) is step
    assert when_unpaid(order, pending=False, now=ORDERED_AT) is UnpaidStep.CANCEL


@pytest.mark.parametrize(("seconds", "step"), [(86_399, UnpaidStep.WAIT), (86_400, UnpaidStep.CANCEL)])
def test_the_payment_of_a_cancelled_order_is_asked_for_a_day(seconds: int, step: UnpaidStep) -> None:
    order = the_order("cancelled", "started", cancelled_at=ORDERED_AT)
    now = ORDERED_AT + timedelta(seconds=seconds)
    assert when_unpaid(order, pending=True, now=now) is step
    assert when_unpaid(order, pending=False, now=now) is UnpaidStep.CANCEL
    assert when_unpaid(the_order("cancelled", "started"), pending=True, now=now) is UnpaidStep.CANCEL


def test_a_request_whose_order_is_known_replays_it_and_another_with_its_id_is_refused() -> None:
    order = the_order("placed", "due")
    same, other = a_request((IDS[0], 1)), a_request((IDS[0], 2))
    new = replace(a_request((IDS[1], 1)), order_id=IDS[3])
    assert new_of([same, other, new, new], {order.id: order}) == [new]
    fresh = Taken(IDS[3], 2, "placed", "due", 7, "GBP")
    answers = answers_of([same, other, new, new], {order.id: order}, [new], {IDS[3]: fresh})
    replayed, refused, *others = answers
    assert replayed == Taken(order.id, 1, "placed", "due", 5, "GBP", None, replayed=True)
    assert isinstance(refused, SameKeyOtherBody)
    assert others == [fresh, replace(fresh, replayed=True)]
