"""Pure decisions about money: nothing goes back that did not come, and nothing twice."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from safar.kernel.ids import new_id
from safar.payments.books.decide import (
    held_money,
    missing,
    newly_over,
    plan_refunds,
    refundable,
    to_refund,
    try_again_in,
    with_captured,
)
from safar.payments.books.model import RefundAsked, RefundKeyReused, RefundRefused, RefundRequest
from tests.stage.order_money import ACCOUNT

IDS = [new_id() for _ in range(4)]
REQUESTS = st.lists(
    st.builds(
        RefundRequest, st.sampled_from(IDS), st.just(ACCOUNT.order_id), st.integers(-5, 700),
        st.just("returned"),
    ),
    max_size=12,
)  # fmt: skip


@given(REQUESTS, st.integers(0, 1000))
def test_never_more_goes_back_than_came_and_each_id_counts_once(
    requests: list[RefundRequest], before: int
) -> None:
    account = replace(ACCOUNT, refunding_minor=before)
    answers, new = plan_refunds(requests, {account.order_id: account}, {})
    assert len(answers) == len(requests)
    assert sum(request.amount_minor for request in new) <= refundable(account) == 1000 - before
    assert len({request.refund_id for request in new}) == len(new)
    amounts = {request.refund_id: request.amount_minor for request in new}
    for request, answer in zip(requests, answers, strict=True):
        if isinstance(answer, RefundAsked):
            assert amounts[request.refund_id] == request.amount_minor > 0
        elif isinstance(answer, RefundKeyReused):
            assert amounts[request.refund_id] != request.amount_minor
        else:
            assert isinstance(answer, RefundRefused)
            assert request.amount_minor > answer.refundable_minor or request.amount_minor <= 0


@given(st.lists(st.integers(1, 2000), max_size=8))
def test_what_is_over_is_told_once_whatever_comes_in_which_parts(parts: list[int]) -> None:
    account = replace(ACCOUNT, order_state="placed", state="started", captured_minor=0)
    over = 0
    for part in parts:
        over += newly_over(account, arrived_minor=part)
        account = with_captured(account, part)
    assert over == max(sum(parts) - 1000, 0)
    assert missing(account) == max(1000 - sum(parts), 0)
    assert refundable(account) == over


def test_what_an_order_that_is_never_sent_has_received_goes_back() -> None:
    cancelled = replace(ACCOUNT, order_state="cancelled", state="owed")
    assert to_refund(ACCOUNT) == 0
    assert to_refund(cancelled) == 1000
    assert to_refund(replace(cancelled, refunding_minor=400)) == 600
    part = replace(cancelled, state="failed", captured_minor=300)
    assert (held_money(part), to_refund(part)) == (300, 300)
    cash = replace(ACCOUNT, provider="cod", captured_minor=0)
    assert (held_money(cash), refundable(cash)) == (1000, 1000)
    assert held_money(replace(cash, state="due")) == 0


def test_pauses_grow_to_an_hour() -> None:
    pauses = [try_again_in(tries) for tries in range(1, 40)]
    assert pauses[:3] == [timedelta(seconds=20), timedelta(seconds=40), timedelta(seconds=80)]
    assert pauses == sorted(pauses)
    assert pauses[-1] == timedelta(hours=1)
