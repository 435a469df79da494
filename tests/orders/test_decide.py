"""The shop's decisions hold whatever is asked: sums, replays, and where each payment leads."""

from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import get_args
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from safar.kernel.errors import SameKeyOtherBody
from safar.kernel.ids import derived_id, new_id
from safar.kernel.text import plain_words
from safar.orders.decide import answers_of, new_of
from safar.orders.errors import REFUSALS, Refusal
from safar.orders.mail import MailedOrder, mail_of
from safar.orders.model import OrderState, PaymentState, Taken
from safar.orders.way import UnpaidStep, payment_after_cancel, when_cancelled, when_paid, when_unpaid
from safar.orders.words import REASONS
from tests.stage.orders import IDS, ORDERED_AT, a_request, the_order

_LINES = st.lists(
    st.tuples(st.sampled_from([*IDS, derived_id("v", "unknown")]), st.integers(1, 999)),
    min_size=1,
    max_size=8,
).map(tuple)


@given(_LINES, st.randoms())
def test_the_order_of_lines_and_the_callers_cookies_do_not_make_another_request(
    lines: tuple[tuple[UUID, int], ...], random: Random
) -> None:
    shuffled = list(lines)
    random.shuffle(shuffled)
    one = a_request(*lines)
    assert one.fingerprint == a_request(*shuffled, customer_id=new_id(), language="fa").fingerprint
    assert one.fingerprint != replace(one, email="other@b.example").fingerprint
    assert one.fingerprint != replace(one, lines=(*one.lines, (IDS[0], 1))).fingerprint


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 2)), max_size=12))
def test_in_a_batch_each_id_is_written_once_and_others_replay_or_are_refused(
    asked: list[tuple[int, int]],
) -> None:
    requests = [a_request((IDS[0], quantity), order_id=derived_id("order", key)) for key, quantity in asked]
    new = new_of(requests, {})
    assert len(new) == len({request.order_id for request in requests})
    answers = {r.order_id: Taken(r.order_id, 1, "confirmed", "due", 5, "GBP") for r in new}
    outcomes = answers_of(requests, {}, new, answers)
    firsts = {request.order_id: request.fingerprint for request in new}
    written = [answer for answer in outcomes if isinstance(answer, Taken) and not answer.replayed]
    assert len(written) == len(new)
    for request, outcome in zip(requests, outcomes, strict=True):
        assert isinstance(outcome, SameKeyOtherBody) == (firsts[request.order_id] != request.fingerprint)


@given(st.sampled_from(list(OrderState)), st.sampled_from(list(PaymentState)), st.booleans(), st.booleans())
def test_money_is_never_kept_for_a_cancelled_order(
    state: OrderState, payment: PaymentState, pending: bool, by_staff: bool
) -> None:
    after = payment_after_cancel(payment, may_still_arrive=pending)
    assert after not in (PaymentState.PAID, PaymentState.DUE)
    if payment is PaymentState.PAID:
        assert after is PaymentState.OWED
    if state is OrderState.CANCELLED and after in (PaymentState.STARTED, PaymentState.FAILED):
        assert when_paid(state, after) == "owe"
    assert when_cancelled(state, by_staff=by_staff, asked_for=False) != "return"
    step = when_cancelled(state, by_staff=by_staff, asked_for=True)
    if state is OrderState.PACKED:
        assert step == ("return" if by_staff else "refuse")
    if state in (OrderState.SHIPPED, OrderState.DELIVERED, OrderState.CLOSED):
        assert step == "refuse"


@given(st.booleans(), st.booleans(), st.integers(-(10**5), 2 * 10**5))
def test_every_open_payment_is_given_up_in_the_end(cancelled: bool, pending: bool, seconds: int) -> None:
    state = OrderState.CANCELLED if cancelled else OrderState.PLACED
    order = the_order(state, "started", cancelled_at=ORDERED_AT if cancelled else None)
    step = when_unpaid(order, pending=pending, now=ORDERED_AT + timedelta(seconds=seconds))
    if not pending:
        assert step is UnpaidStep.CANCEL
    elif cancelled:
        assert (step is UnpaidStep.WAIT) == (seconds < 86400)
    else:
        assert (step is UnpaidStep.WAIT) == (seconds < 60)
    assert when_unpaid(order, pending=pending, now=ORDERED_AT + timedelta(days=9)) is not UnpaidStep.WAIT


@given(
    st.sampled_from(["confirmed", "cancelled", "refunded"]),
    st.sampled_from(sorted(REASONS)),
    st.sampled_from(list(PaymentState)),
    st.sampled_from(["en", "fa", "hi", "pt-BR"]),
    st.text(max_size=40),
)
def test_every_mail_can_be_written_whatever_the_customer_is_called(
    kind: str, reason: str, payment: PaymentState, language: str, name: str
) -> None:
    about = MailedOrder(
        order_id=derived_id("order"),
        number=7,
        customer_id=new_id(),
        campaign_id=None,
        name=name,
        email="a@b.example",
        address="50% Lane %(x)s",
        language=language,
        total_minor=100,
        currency="GBP",
        payment_state=payment,
        reason=reason,
        link="https://shop.example/orders/x",
        lines=[(2, "100% cotton %s", 50, "")],
    )
    mail = mail_of(kind, about)
    assert mail.message_id == mail_of(kind, about).message_id
    assert plain_words(name, 40) in mail_of(kind, replace(about, proven=True)).body
    assert "7" in (mail.subject or "") or language in ("fa", "hi")


def test_who_catches_refusals_catches_each_that_the_verbs_return() -> None:
    assert set(REFUSALS) == set(get_args(Refusal))
